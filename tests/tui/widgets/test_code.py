from __future__ import annotations

import pytest
from textual import events
from textual.strip import Strip
from textual.widgets import TextArea

from tests.tui.widgets.support import on_stage
from tui.widgets.code_area import CodeArea
from tui.widgets.code_editor import CodeEditor
from tui.widgets.completion import CompletionItem, CompletionPopup

NAMES = [
    CompletionItem("config.api_key", "config.api_key", "Input"),
    CompletionItem("config.start", "config.start", "Input"),
]


def texts(changes: list[CodeArea.Changed]) -> list[str]:
    return [change.text for change in changes]


async def test_a_preview_is_one_widget_of_a_quarter_of_the_screen_at_most() -> None:
    area = CodeArea("\n".join(f"line {n}" for n in range(10)))
    async with on_stage(area, CodeArea("", placeholder="No body")) as stage:
        assert stage.app.size.height == 24
        lines = [line.strip() for line in stage.app.text().split("\n")[:7]]
        assert lines == [*(f"line {n}" for n in range(5)), "… 5 more lines", "No body"]
        assert len(area.children) == 0


async def test_enter_opens_the_editor_and_escape_keeps_the_text() -> None:
    area = CodeArea("one")
    async with on_stage(area) as stage:
        area.focus()
        await stage.press("enter")
        assert area.query_one(CodeEditor).has_focus
        await stage.press("end", "!", "escape")
        assert area.has_focus
        assert len(area.children) == 0
        assert texts(stage.app.heard(CodeArea.Changed)) == ["one!"]
        assert stage.app.text().split("\n")[0].strip() == "one!"


@pytest.mark.parametrize("keys", [(), ("enter",)])
async def test_a_value_that_is_pasted_takes_the_place_of_an_empty_one(keys: tuple[str, ...]) -> None:
    area = CodeArea("{}", "json")
    async with on_stage(area) as stage:
        area.focus()
        await stage.press(*keys)
        stage.app.post_message(events.Paste('{"a": 1}'))
        await stage.settle()
        assert texts(stage.app.heard(CodeArea.Changed))[-1] == '{"a": 1}'
        assert area.query_one(CodeEditor).text == '{"a": 1}'


async def test_what_is_pasted_over_a_preview_with_a_text_changes_nothing() -> None:
    area = CodeArea('{"b": 2}', "json")
    async with on_stage(area) as stage:
        area.focus()
        stage.app.post_message(events.Paste('{"a": 1}'))
        await stage.settle()
        assert stage.app.heard(CodeArea.Changed) == []


async def test_an_editor_that_has_no_styles_yet_is_blank(monkeypatch: pytest.MonkeyPatch) -> None:
    def unstyled(*_: object) -> list[Strip]:
        raise KeyError("text-area--gutter")

    editor = CodeEditor("one")
    async with on_stage(editor) as stage:
        assert "one" in stage.app.text()
        monkeypatch.setattr(TextArea, "render_lines", unstyled)
        editor.refresh()
        await stage.settle()
        assert "one" not in stage.app.text()


async def test_a_click_opens_the_editor() -> None:
    area = CodeArea("one")
    async with on_stage(area) as stage:
        await stage.click(area, x=2)
        assert isinstance(stage.app.focused, CodeEditor)


async def test_a_problem_is_shown_below_the_text_and_marked_in_the_editor() -> None:
    area = CodeArea("{\n  oops\n}", "json")
    async with on_stage(area) as stage:
        area.show_error("Expecting a name [in quotes]", 1)
        await stage.settle()
        assert stage.app.text().split("\n")[3].strip() == "✗ Line 2: Expecting a name [in quotes]"
        area.focus()
        await stage.press("enter")
        assert area.query_one(CodeEditor).error_line == 1
        area.show_error("")
        await stage.settle()
        assert area.query_one(CodeEditor).error_line is None
        assert "✗" not in stage.app.text()


async def test_setting_the_text_posts_nothing_and_reaches_an_open_editor() -> None:
    area = CodeArea("one")
    async with on_stage(area) as stage:
        area.focus()
        await stage.press("enter")
        area.text = "two"
        await stage.settle()
        assert area.query_one(CodeEditor).text == "two"
        assert stage.app.heard(CodeArea.Changed) == []


async def test_a_new_line_keeps_the_indentation() -> None:
    editor = CodeEditor("  a:", "yaml")
    async with on_stage(editor) as stage:
        editor.focus()
        await stage.press("end", "enter", "b")
        assert editor.text == "  a:\n  b"
        assert stage.app.heard(TextArea.Changed)


async def test_templates_are_completed_in_the_editor_too() -> None:
    editor = CodeEditor("x\n", "json", complete=lambda text, cursor: NAMES)
    async with on_stage(editor) as stage:
        editor.focus()
        await stage.press("down")
        await stage.type("{{con")
        assert stage.app.query_one(CompletionPopup).option_count == 2
        await stage.press("down", "enter")
        assert editor.text == "x\n{{config.start }}"


async def test_a_line_of_the_editor_is_coloured_with_its_templates_on_top() -> None:
    editor = CodeEditor('{"a": "{{ b }}"}', "json")
    async with on_stage(editor):
        coloured = {editor.get_line(0).plain[span.start : span.end] for span in editor.get_line(0).spans}
        assert {'"a"', '"{{ b }}"', "{{ b }}"} <= coloured
