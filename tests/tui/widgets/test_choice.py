from __future__ import annotations

from tests.tui.widgets.support import on_stage
from tui.widgets.choice import Choice
from tui.widgets.choice_dialog import ChoiceDialog, ChoiceOption

OPTIONS = [
    ChoiceOption("NoAuth", "No authentication"),
    ChoiceOption("Bearer", "Bearer token", "A token in a header"),
    ChoiceOption("OAuth", "OAuth 2.0"),
]


def values(changes: list[Choice.Changed]) -> list[str | None]:
    return [change.value for change in changes]


async def test_shows_the_title_of_its_value_in_one_line() -> None:
    choice = Choice(OPTIONS, "Bearer")
    async with on_stage(choice, Choice(OPTIONS), Choice(OPTIONS, "Else")) as stage:
        assert [line.rstrip(" ▾").strip() for line in stage.app.text().split("\n")[:3]] == [
            "Bearer token",
            "Not set",
            "Else (unknown)",
        ]


async def test_left_and_right_go_through_the_options_up_to_the_ends() -> None:
    choice = Choice(OPTIONS, "Bearer")
    async with on_stage(choice) as stage:
        choice.focus()
        await stage.press("right", "right", "left", "left", "left")
        assert values(stage.app.heard(Choice.Changed)) == ["OAuth", "Bearer", "NoAuth"]
        assert stage.app.heard(Choice.Changed)[0].control is choice


async def test_without_a_value_right_takes_the_first_and_left_the_last() -> None:
    first, last = Choice(OPTIONS), Choice(OPTIONS)
    async with on_stage(first, last) as stage:
        first.focus()
        await stage.press("right")
        last.focus()
        await stage.press("left")
        assert (first.value, last.value) == ("NoAuth", "OAuth")


async def test_setting_the_value_posts_nothing() -> None:
    choice = Choice(OPTIONS)
    async with on_stage(choice) as stage:
        choice.value = "OAuth"
        choice.options = OPTIONS[:1]
        await stage.settle()
        assert stage.app.heard(Choice.Changed) == []
        assert "OAuth (unknown)" in stage.app.text()


async def test_enter_lists_the_options_and_typing_filters_them() -> None:
    choice = Choice(OPTIONS, "NoAuth")
    async with on_stage(choice) as stage:
        choice.focus()
        await stage.press("enter")
        assert isinstance(stage.app.screen, ChoiceDialog)
        assert "● No authentication" in stage.app.text()
        await stage.type("bear")
        assert "OAuth 2.0" not in stage.app.text()
        await stage.press("enter")
        assert values(stage.app.heard(Choice.Changed)) == ["Bearer"]


async def test_escape_leaves_the_list_without_a_change() -> None:
    choice = Choice(OPTIONS, "NoAuth")
    async with on_stage(choice) as stage:
        choice.focus()
        await stage.press("enter", "down", "escape")
        assert choice.value == "NoAuth"
        assert stage.app.focused is choice


async def test_a_click_lists_the_options_and_a_click_takes_one() -> None:
    choice = Choice(OPTIONS, "NoAuth")
    async with on_stage(choice) as stage:
        await stage.click(choice)
        await stage.click("OptionList", x=3, y=2)
        assert values(stage.app.heard(Choice.Changed)) == ["OAuth"]


async def test_only_a_clearable_choice_can_be_cleared() -> None:
    kept, cleared = Choice(OPTIONS, "NoAuth"), Choice(OPTIONS, "NoAuth", clearable=True)
    async with on_stage(kept, cleared) as stage:
        kept.focus()
        await stage.press("delete")
        cleared.focus()
        await stage.press("delete")
        assert (kept.value, cleared.value) == ("NoAuth", None)


async def test_enter_chooses_nothing_when_nothing_matches() -> None:
    choice = Choice(OPTIONS, "NoAuth")
    async with on_stage(choice) as stage:
        choice.focus()
        await stage.press("enter", "z", "z", "enter")
        assert "Nothing matches" in stage.app.text()
        await stage.press("escape")
        assert choice.value == "NoAuth"
