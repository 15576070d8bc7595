"""An editor for JSON, YAML, GraphQL and plain text, coloured by regular expressions, templates on top."""

from __future__ import annotations

from typing import ClassVar, Literal

from rich.style import Style
from rich.text import Text
from textual import events
from textual.actions import SkipAction
from textual.binding import BindingType
from textual.document._document import DocumentBase
from textual.document._wrapped_document import WrappedDocument
from textual.geometry import Region
from textual.strip import Strip
from textual.widgets import TextArea

from tui.widgets.base import hidden, shown
from tui.widgets.completion import COMPLETE_BINDING, Complete, Completer
from tui.widgets.external_editor import EditorFailed, edit_elsewhere
from tui.widgets.syntax import SYNTAX_CLASSES, SYNTAX_CSS, Language, Token, jinja_spans, spans, token_inks

_CURSOR_LINE = "text-area--cursor-line"
_COLOURED = 5_000
"""Characters of a line that are coloured."""


class _Lines(WrappedDocument):
    """A document whose lines are never broken, quick enough for long ones.

    Textual goes through all lines whenever the editor's size is set, and adds them up for each line that it draws.
    """

    def __init__(self, document: DocumentBase, tab_width: int) -> None:
        self._seen: tuple[str, int] | None = None
        self._tab = tab_width
        super().__init__(document, tab_width=tab_width)

    @property
    def height(self) -> int:
        return self.document.line_count

    def wrap(self, width: int, tab_width: int | None = None) -> None:
        """Go through all lines, unless they are still the same."""
        wanted = (self.document.text, tab_width or self._tab)
        if wanted != self._seen:
            self._seen = wanted
            super().wrap(0, tab_width)


class CodeEditor(TextArea):
    """A `TextArea` that colours its lines as they are drawn, and can mark one of them as wrong.

    It posts `TextArea.Changed`. Texts above about 100 KB are better read in a `DocView`.
    """

    BINDING_GROUP_TITLE = "Editor"
    BINDINGS: ClassVar[list[BindingType]] = [
        COMPLETE_BINDING,
        shown("ctrl+e", "edit_elsewhere", "$EDITOR", "Edit the text in your own editor", "editor.elsewhere"),
        hidden("ctrl+home", "to_start", "Start", "Go to the start of the text", "editor.start"),
        hidden("ctrl+end", "to_end", "End", "Go to the end of the text", "editor.end"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"code-editor--error", *SYNTAX_CLASSES}

    DEFAULT_CSS = """
    CodeEditor {
        border: none;
        padding: 0;
        scrollbar-size: 1 1;
        &:focus { border: none; }
        & > .code-editor--error { color: $text-error; background: $error 25%; text-style: underline; }
SYNTAX
    }
    """.replace("SYNTAX", SYNTAX_CSS)

    _inks: dict[Token, Style] | None = None
    """The colours of the syntax, looked up once for all lines."""

    def __init__(
        self,
        text: str = "",
        syntax: Language = "text",
        *,
        tab_behavior: Literal["focus", "indent"] = "focus",
        complete: Complete | None = None,
    ) -> None:
        super().__init__(
            text,
            soft_wrap=False,
            tab_behavior=tab_behavior,
            show_line_numbers=True,
        )
        self.syntax: Language = syntax
        self.indent_width = 2
        self._error_line: int | None = None
        self._completer = Completer(self, complete) if complete is not None else None

    @property
    def wrapped_document(self) -> WrappedDocument:
        return self._lines

    @wrapped_document.setter
    def wrapped_document(self, wrapped: WrappedDocument) -> None:
        self._lines = _Lines(wrapped.document, self.indent_width)

    @property
    def error_line(self) -> int | None:
        """The line that is marked as wrong, counted from 0."""
        return self._error_line

    @error_line.setter
    def error_line(self, line: int | None) -> None:
        self._error_line = line
        self.notify_style_update()
        self.refresh()

    def notify_style_update(self) -> None:
        """The colours have changed."""
        self._inks = None
        super().notify_style_update()

    def render_lines(self, crop: Region) -> list[Strip]:
        """The lines; blank ones until Textual has given a new editor its styles."""
        try:
            return super().render_lines(crop)
        except KeyError:
            return [Strip.blank(crop.width)] * crop.height

    def get_component_rich_style(self, *names: str, partial: bool = False, default: Style | None = None) -> Style:
        """The style of a part; the line of the cursor has its background only, so that the syntax keeps its colours."""
        style = super().get_component_rich_style(*names, partial=partial, default=default)
        return Style(bgcolor=style.bgcolor) if names == (_CURSOR_LINE,) else style

    def get_line(self, line_index: int) -> Text:
        text = super().get_line(line_index)
        plain = text.plain[:_COLOURED]
        if self._inks is None:
            self._inks = token_inks(self)
        for span in (*spans(plain, self.syntax), *jinja_spans(plain)):
            text.stylize(self._inks[span.token], span.start, span.end)
        if line_index == self._error_line:
            text.stylize(self._error_style)
        return text

    @property
    def _error_style(self) -> Style:
        return self.get_component_rich_style("code-editor--error")

    # Completion of templates, as far as the callback gave something to complete

    def line_and_cursor(self) -> tuple[str, int]:
        """The line of the cursor and the position in it."""
        row, column = self.cursor_location
        return self.document.get_line(row), column

    def put(self, start: int, end: int, text: str, cursor: int) -> None:
        """Replace a part of that line, then put the cursor at a position."""
        row, _ = self.cursor_location
        self.replace(text, (row, start), (row, end))
        self.move_cursor((row, cursor))

    def action_to_start(self) -> None:
        self.move_cursor((0, 0))

    def action_to_end(self) -> None:
        self.move_cursor(self.document.end)

    def action_undo(self) -> None:
        """Take back what was typed here; where that is all taken back, the key is that of what is around."""
        before = self.text
        super().action_undo()
        if self.text == before:
            raise SkipAction

    def action_redo(self) -> None:
        before = self.text
        super().action_redo()
        if self.text == before:
            raise SkipAction

    async def action_edit_elsewhere(self) -> None:
        """Edit the text in $EDITOR; what that leaves replaces it, as one step that this editor can undo."""
        try:
            text = await edit_elsewhere(self.app, self.text, self.syntax)
        except EditorFailed as error:
            self.app.notify(str(error), severity="error", markup=False)
            return
        if text is not None and text != self.text:
            place = self.cursor_location
            self.replace(text, (0, 0), self.document.end)
            self.move_cursor(place)

    async def action_complete(self) -> None:
        if self._completer is not None:
            await self._completer.open()

    async def on_text_area_changed(self) -> None:
        if self._completer is not None:
            await self._completer.text_changed()

    async def on_text_area_selection_changed(self) -> None:
        if self._completer is not None:
            await self._completer.cursor_moved()

    def on_paste(self, event: events.Paste) -> None:
        """Let a value that is pasted replace an empty one, instead of standing beside it."""
        if is_blank(self.text) and event.text.lstrip().startswith(("{", "[")):
            self.select_all()

    def on_blur(self) -> None:
        if self._completer is not None:
            self._completer.close()

    async def on_key(self, event: events.Key) -> None:
        """Let the list have its keys; enter keeps the indentation of the line."""
        taken = self._completer is not None and await self._completer.key(event)
        if event.key == "enter" and not taken and not self.read_only:
            event.prevent_default()
            event.stop()
            self._break_line()

    def _break_line(self) -> None:
        row, column = min(self.selection)
        line = self.document.get_line(row)[:column]
        indent = line[: len(line) - len(line.lstrip())]
        self.replace("\n" + indent, *self.selection, maintain_selection_offset=False)


def is_blank(text: str) -> bool:
    """Whether a text is empty, or an empty object or list of JSON."""
    return text.strip() in ("", "{}", "[]")
