"""The editor stays right, and quick, with long texts."""

from __future__ import annotations

from unittest.mock import patch

from textual.expand_tabs import get_tab_widths

from tests.tui.widgets.support import on_stage
from tui.widgets.code_editor import CodeEditor

LONG = "\n".join(f"key_{number}: value" for number in range(9_998))


async def test_a_long_text_is_gone_through_a_few_times_only() -> None:
    editor = CodeEditor("", "yaml")
    async with on_stage(editor) as stage:
        with patch("textual.document._wrapped_document.get_tab_widths", side_effect=get_tab_widths) as measuring:
            editor.load_text(LONG)
            editor.styles.width = 40
            await stage.settle()
        assert measuring.call_count <= 2 * 9_998


async def test_edits_that_widen_the_line_numbers_are_drawn_and_undone() -> None:
    editor = CodeEditor("", "yaml")
    async with on_stage(editor) as stage:
        editor.load_text(LONG)
        editor.focus()
        for _ in range(3):
            editor.insert("first:\n", (0, 0))
        editor.move_cursor(editor.document.end)
        await stage.press("x")
        assert editor.virtual_size.height == 10_001
        assert "key_9997: valuex" in stage.app.text()
        for _ in range(4):
            editor.undo()
        assert editor.text == LONG
        assert editor.virtual_size.height == 9_998


async def test_the_line_of_the_cursor_keeps_the_colours_of_its_syntax() -> None:
    editor = CodeEditor('url: "{{ config.a }}"\nurl: "{{ config.a }}"', "yaml")
    async with on_stage(editor) as stage:
        editor.focus()
        editor.move_cursor((0, 0))
        await stage.settle()

        def colours(line: int) -> list[object]:
            """The colours of the letters but the first, which the cursor is on."""
            strip = editor.render_line(line).crop(editor.gutter_width + 1, editor.gutter_width + 20)
            return [segment.style.color for segment in strip for _ in segment.text if segment.style]

        assert colours(0) == colours(1)
        assert len(set(colours(0))) > 2
