"""Keys: each has an id and an explanation, none is one that terminals cannot send, and all can be changed."""

from __future__ import annotations

import importlib
import os
import pkgutil
from collections import Counter
from operator import attrgetter
from pathlib import Path

import pytest
from textual.actions import parse
from textual.binding import Binding
from textual.command import Hit

import tui
from sample_configs import sample
from tests.tui.shell.support import opened
from tui.model.settings import Settings
from tui.shell.actions import ACTIONS, APP, BUILDER, NAVIGATOR, has_key
from tui.shell.help_dialog import keys_on
from tui.shell.key_bar import KeyBar
from tui.shell.keys import all_keys, unknown_ids
from tui.shell.navigator import Navigator
from tui.shell.palette import Commands
from tui.shell.screen import BuilderScreen

DOCS = Path(__file__).parents[3] / "docs"
UNSENDABLE = {"ctrl+h", "ctrl+i", "ctrl+j", "ctrl+m", "ctrl+space", "ctrl+enter", "ctrl+tab", "shift+enter"}
URL = ("streams", 0, "retriever", "creation_requester", "url")


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "sendgrid.yaml"
    path.write_text(sample("sendgrid_contacts").path.read_text())
    return path


def test_every_action_has_an_id_of_its_own() -> None:
    assert [one for one, times in Counter(one.id for one in (*APP, *BUILDER, *NAVIGATOR)).items() if times > 1] == []


async def test_every_action_names_a_method_of_the_screen_or_an_action_of_the_app(manifest: Path) -> None:
    async with opened(manifest) as shell:
        for action in ACTIONS.values():
            owner, name, _ = parse(action.target)
            target = shell.app if action.is_of_app else attrgetter(owner)(shell.builder)
            assert callable(getattr(target, f"action_{name}" if action.is_of_app else name)), action.id
            if action.when:
                attrgetter(action.when)(shell.builder)


def test_every_key_of_the_builder_has_an_id_and_help_and_can_be_sent_by_terminals() -> None:
    for cls in (BuilderScreen, Navigator):
        for binding in cls.BINDINGS:
            assert isinstance(binding, Binding)
            assert binding.id
            assert binding.tooltip
            keys = [key for key in binding.key.split(",") if has_key(key)]
            assert not UNSENDABLE & set(keys), binding.id


def test_no_key_of_the_builder_has_two_actions() -> None:
    keys = Counter(key for action in (*APP, *BUILDER) for key in action.keys.split(",") if key)
    assert [key for key, times in keys.items() if times > 1] == []


def test_an_unknown_id_is_reported_with_the_likely_one() -> None:
    assert unknown_ids({"test.run": "f9"}) == []
    assert unknown_ids({"test.runn": "f9"}) == ["There is no action test.runn to give a key to. Did you mean test.run?"]


async def test_keys_are_changed_in_the_settings_file(manifest: Path) -> None:
    settings = Settings()
    settings.file.parent.mkdir(parents=True, exist_ok=True)
    settings.file.write_text("keys:\n  file.save: f12\n  file.save-as: f10\n")
    async with opened(manifest) as shell:
        shell.session.set(URL, "https://mine.example.com")
        assert "F12 Save" in shell.text
        await shell.press("ctrl+s")
        assert shell.session.dirty
        await shell.press("f12")
        await shell.until(lambda: not shell.session.dirty)
        await shell.press("f10")
        await shell.until_dialog("ManifestDialog")


async def test_an_unreadable_settings_file_is_reported_and_left_alone(manifest: Path) -> None:
    settings = Settings()
    settings.file.parent.mkdir(parents=True, exist_ok=True)
    settings.file.write_text("keys: [\n")
    async with opened(manifest) as shell:
        await shell.until(lambda: shell.notes)
        shell.app.theme = "longhaul-light"
        await shell.pilot.pause()
    assert settings.file.read_text() == "keys: [\n"


async def test_the_theme_is_remembered(manifest: Path) -> None:
    async with opened(manifest) as shell:
        assert shell.app.current_theme.dark
        await shell.app.run_action("toggle_dark")
        await shell.until(lambda: not shell.app.current_theme.dark)
        await shell.until(lambda: Settings().theme == "longhaul-light")
    async with opened(manifest) as shell:
        assert shell.app.theme == "longhaul-light"


@pytest.mark.parametrize("place", ["field", "navigator", "test", "yaml", "welcome"])
async def test_the_key_bar_fits_eighty_columns_everywhere(manifest: Path, place: str) -> None:
    async with opened(None if place == "welcome" else manifest, size=(80, 24)) as shell:
        key = {"navigator": "f2", "test": "ctrl+b", "yaml": "ctrl+l"}.get(place)
        if key:
            await shell.press(key)
        bar = shell.builder.query_one(KeyBar)
        await shell.until(lambda: bar.keys)
        ends = ["F5 Test", "^s Save", "^p Commands", "F1 Help"]
        assert shell.lines[-1].rstrip().endswith("  ".join(ends)), "what works anywhere is at the right end"
        assert len(bar.keys) > len(ends), "and what can be done here comes first"


async def test_a_click_on_the_key_bar_presses_the_key(manifest: Path) -> None:
    async with opened(manifest) as shell:
        x = shell.lines[-1].index("Form/test")
        await shell.pilot.click(KeyBar, offset=(x, 0))
        await shell.until(lambda: shell.builder.trial_actions.is_shown)


async def test_the_keys_are_dim_while_a_dialog_is_open(manifest: Path) -> None:
    async with opened(manifest) as shell:
        bar = shell.builder.query_one(KeyBar)
        alive = bar.get_visual_style("key-bar--key")
        await shell.press("ctrl+g")
        await shell.until_dialog("ChoiceDialog")
        assert bar.get_visual_style("key-bar--key") != alive
        await shell.press("escape")
        await shell.until(lambda: bar.get_visual_style("key-bar--key") == alive)


def test_keys_are_found_under_the_former_ids_of_their_actions(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text("keys:\n  test.mend: f\n")
    assert Settings(file).keys == {"test.fix": "f"}


async def test_the_list_of_all_keys_names_their_ids(manifest: Path) -> None:
    async with opened(manifest) as shell:
        await shell.perform("help.keys")
        await shell.until_dialog("HelpDialog")
        await shell.until_shown("Keys are changed in")
        await shell.until_shown("[app.quit]")
    known = {key.id: key for key in all_keys({"test.run": "f9"})}
    assert known["test.run"].keys == "f9"
    assert known["dialog.cancel"].keys == "escape"
    assert known["view.yaml"].help == "Show or leave the YAML. The same manifest as text"
    assert known["file.save-as"].help == "Save the manifest as… Write the manifest to another file"


def keys_document() -> str:
    """The page of the documentation that lists all keys."""
    for module in pkgutil.walk_packages(tui.__path__, "tui."):
        if module.name != "tui.__main__":
            importlib.import_module(module.name)
    lines = [
        "# Keys",
        "",
        "Every key of the builder can be changed in the settings file: `settings.yaml` in `$LONGHAUL_CONFIG_DIR`, else",
        "in `~/.config/longhaul` (macOS: `~/Library/Application Support/longhaul`). Write the id of what is to have",
        "another key, and the key, or several:",
        "",
        "```yaml",
        "keys:",
        "  test.run: f9",
        "  file.save: ctrl+s,f12",
        "```",
        "",
        "What has no key here is in the command palette (`ctrl+p`), and can be given one.",
    ]
    place = None
    for key in all_keys({}):
        if key.place != place:
            place = key.place
            lines += ["", f"## {place}", "", "| Id | Keys | What it does |", "| --- | --- | --- |"]
        keys = ", ".join(f"`{one}`" for one in dict.fromkeys(key.keys.split(",")) if one) or "–"
        lines.append(f"| `{key.id}` | {keys} | {key.help} |")
    return "\n".join(lines) + "\n"


def test_every_key_is_in_the_documentation() -> None:
    page = DOCS / "keys.md"
    if os.environ.get("LONGHAUL_WRITE_GOLDENS"):
        page.write_text(keys_document(), encoding="utf-8")
    assert page.read_text(encoding="utf-8") == keys_document()


async def test_the_palette_lists_every_action_as_area_and_verb(manifest: Path) -> None:
    async with opened(manifest) as shell:
        provider = Commands(shell.builder)
        titles = [command.title for command in provider._commands()]
        assert "Test: test this stream  (F5)" in titles
        assert "Go: to the stream contacts" in titles
        assert titles[0].startswith("File: save the manifest")
        left_out = {"app.back", "app.palette", "test.cancel", "test.follow", "edit.undo", "edit.redo"}
        left_out |= {"test.keep-case", "test.leave-case", "test.compare"}
        for action in (*APP, *BUILDER):
            if action.id not in left_out:
                assert any(title.startswith(action.title) for title in titles), action.id
        await shell.press("ctrl+p")
        await shell.until_dialog("CommandPalette")
        await shell.type("inputs")
        await shell.until_shown("Go: to the inputs")
        await shell.press("enter")
        await shell.until(lambda: shell.builder.navigation.selection == "inputs")


EMPTY = """\
version: 7.0.0
type: DeclarativeSource
check: {type: CheckStream, stream_names: []}
streams: []
"""


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("f4", "Only a stream of jobs is tested tab by tab"),
        ("f5", "Add a stream first"),
        *((key, "Go to a stream first.") for key in ("d", "c", "r", "J", "K")),
    ],
)
async def test_a_key_that_can_do_nothing_says_why_and_is_not_offered(tmp_path: Path, key: str, said: str) -> None:
    path = tmp_path / "empty.yaml"
    path.write_text(EMPTY, encoding="utf-8")
    async with opened(path) as shell:
        await shell.press("f2")
        await shell.until(lambda: shell.builder.navigation.is_in_navigator)
        await shell.press(key)
        await shell.until_said(said)
        assert not {"F4", "d", "c", "r", "J", "K"} & {one.key for one in shell.app.screen.query_one(KeyBar).keys}
        listed = [text for topic in keys_on(shell.builder) for _, text in topic.lines]
        assert ACTIONS["navigator.add"].help in listed
        unwanted = {one.help for one in ACTIONS.values() if one.otherwise and not shell.builder.can_do(one.id)}
        assert unwanted
        assert not unwanted & set(listed)


async def test_commands_that_begin_with_what_is_typed_are_found_first(manifest: Path) -> None:
    async with opened(manifest) as shell:
        hits = [hit async for hit in Commands(shell.builder).search("test") if isinstance(hit, Hit)]
        best = max(hits, key=lambda hit: hit.score)
        assert str(best.text).startswith("Test: ")
        assert any(str(hit.text).startswith("Schema: ") for hit in hits)
