from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input, OptionList

from tests.tui.widgets.support import Stage, on_stage
from tui.widgets.choice_dialog import ChoiceDialog, ChoiceOption
from tui.widgets.dialog import ConfirmDialog, Dialog, DialogButton, PromptDialog, QuestionDialog
from tui.widgets.file_dialog import FileDialog

UNSAVED = [DialogButton("save", "Save", "primary"), DialogButton("discard", "Discard", "error")]


async def ask(stage: Stage, dialog: Dialog[Any]) -> list[Any]:
    """Open a dialog; its result lands in the list."""
    results: list[Any] = []
    stage.app.push_screen(dialog, results.append)
    await stage.settle()
    return results


async def test_a_question_returns_the_chosen_answer() -> None:
    async with on_stage() as stage:
        first = await ask(stage, QuestionDialog("Unsaved [x]", "Save the [b]changes[/b]?", UNSAVED))
        assert "Unsaved [x]" in stage.app.text()
        assert "Save the [b]changes[/b]?" in stage.app.text()
        await stage.press("enter")
        second = await ask(stage, QuestionDialog("Unsaved", "Save?", UNSAVED))
        await stage.press("right", "enter")
        third = await ask(stage, QuestionDialog("Unsaved", "Save?", UNSAVED))
        await stage.press("escape")
        assert (first, second, third) == (["save"], ["discard"], [None])


@pytest.mark.parametrize(
    "labels", [("Save as…", "Read it, drop mine", "Overwrite it"), ("Use the shared one", "Use this one everywhere")]
)
async def test_all_buttons_are_visible_in_a_narrow_terminal(labels: tuple[str, ...]) -> None:
    dialog = QuestionDialog("Changed on disk", "What now?", [DialogButton(str(n), one) for n, one in enumerate(labels)])
    async with on_stage(size=(80, 24)) as stage:
        await ask(stage, dialog)
        assert all(label in stage.app.text() for label in labels)
        assert "Cancel" in stage.app.text()


async def test_a_destructive_button_does_not_have_the_focus() -> None:
    async with on_stage() as stage:
        careless = await ask(stage, ConfirmDialog("Delete", "Sure?", confirm="Delete", destructive=True))
        await stage.press("enter")
        meant = await ask(stage, ConfirmDialog("Delete", "Sure?", confirm="Delete", destructive=True))
        await stage.press("tab", "enter")
        plain = await ask(stage, ConfirmDialog("Run", "Run again?"))
        await stage.press("enter")
        assert (careless, meant, plain) == ([None], [True], [True])


async def test_a_prompt_refuses_invalid_text() -> None:
    def problem(text: str) -> str | None:
        return "A stream needs a name." if not text else None

    async with on_stage() as stage:
        results = await ask(stage, PromptDialog("Rename", "New name", value="a", validate=problem))
        await stage.press("backspace", "enter")
        assert "✗ A stream needs a name." in stage.app.text()
        assert results == []
        await stage.press("o", "k")
        assert "✗" not in stage.app.text()
        await stage.press("enter")
        assert results == ["ok"]


async def test_a_prompt_shows_no_problem_before_anything_is_typed() -> None:
    async with on_stage() as stage:
        await ask(stage, PromptDialog("Rename", "New name", validate=lambda text: "Empty." if not text else None))
        assert "✗" not in stage.app.text()


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_long_list_of_choices_fits_and_is_filtered_by_value_too(size: tuple[int, int]) -> None:
    options = [ChoiceOption(f"streams.{n}.name", f"Stream {n}", "help " * 30) for n in range(300)]
    async with on_stage(size=size) as stage:
        results = await ask(stage, ChoiceDialog("Go to field", options))
        box, choices = stage.app.screen.query_one(".dialog--box"), stage.app.screen.query_one(OptionList)
        assert box.content_region.bottom == choices.region.bottom, "no free lines below the list"
        await stage.type("streams.250")
        assert stage.app.screen.query_one(OptionList).option_count == 1
        await stage.press("enter")
        assert results == ["streams.250.name"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("orders.yaml", "orders_old.yaml", "notes.txt", ".hidden.yaml"):
        (tmp_path / name).write_text("x")
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / "inner.yaml").write_text("x")
    return tmp_path


def listing(stage: Stage) -> list[str]:
    options = stage.app.screen.query_one(OptionList).options
    return [str(option.prompt).strip("▸ ") for option in options]


def path_field(stage: Stage) -> Input:
    return stage.app.screen.query_one(Input)


async def test_opening_lists_folders_then_matching_files(folder: Path) -> None:
    async with on_stage() as stage:
        await ask(stage, FileDialog("open", folder))
        assert listing(stage) == ["../", "samples/", "orders.yaml", "orders_old.yaml"]


async def test_tab_completes_the_common_beginning_and_enter_opens(folder: Path) -> None:
    async with on_stage() as stage:
        results = await ask(stage, FileDialog("open", folder))
        await stage.press("o", "tab")
        assert path_field(stage).value == str(folder / "orders")
        await stage.press(".", "tab", "enter")
        assert results == [folder / "orders.yaml"]


async def test_the_arrow_keys_move_through_the_listing(folder: Path) -> None:
    async with on_stage() as stage:
        results = await ask(stage, FileDialog("open", folder))
        await stage.press("down", "down", "enter")
        assert path_field(stage).value == str(folder / "samples") + "/"
        await stage.press("down", "enter")
        assert path_field(stage).value == str(folder) + "/"
        await stage.press("down", "down", "down", "enter")
        assert results == [folder / "orders.yaml"]


async def test_a_missing_file_is_not_opened(folder: Path) -> None:
    async with on_stage() as stage:
        results = await ask(stage, FileDialog("open", folder))
        await stage.type("nothing")
        assert listing(stage) == ["Nothing here"]
        await stage.press("enter")
        assert "There is no file nothing in this folder." in stage.app.text()
        assert results == []
        await stage.press("escape")
        assert results == [None]


async def test_a_name_that_is_too_long_does_no_harm(folder: Path) -> None:
    async with on_stage() as stage:
        results = await ask(stage, FileDialog("open", folder))
        path_field(stage).value = str(folder / ("x" * 300))
        await stage.press("enter")
        assert "There is no file" in stage.app.text()
        assert "Cancel" in stage.app.text()
        path_field(stage).value = str(folder / ("x" * 300) / "y")
        await stage.press("enter")
        assert "There is no folder" in stage.app.text()
        assert results == []


async def test_saving_adds_the_suffix_and_asks_before_replacing(folder: Path) -> None:
    async with on_stage() as stage:
        new = await ask(stage, FileDialog("save", folder))
        await stage.type("fresh")
        await stage.press("enter")
        assert new == [folder / "fresh.yaml"]
        old = await ask(stage, FileDialog("save", folder / "orders.yaml"))
        await stage.press("enter")
        assert "orders.yaml exists. Press enter again to replace it." in stage.app.text()
        assert old == []
        await stage.press("enter")
        assert old == [folder / "orders.yaml"]


async def test_a_typed_name_takes_the_place_of_the_offered_one(folder: Path) -> None:
    async with on_stage() as stage:
        saved = await ask(stage, FileDialog("save", folder / "connector.yaml"))
        assert "orders.yaml" in stage.app.text(), "as long as nothing is typed, all that is there can be seen"
        await stage.type("contacts")
        await stage.press("enter")
        assert saved == [folder / "contacts.yaml"]


async def test_saving_into_a_missing_folder_shows_a_problem(folder: Path) -> None:
    async with on_stage(size=(120, 30)) as stage:
        results = await ask(stage, FileDialog("save", folder))
        await stage.type("none/x")
        await stage.press("enter")
        assert "There is no folder" in stage.app.text()
        assert results == []
