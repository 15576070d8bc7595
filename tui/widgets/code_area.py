"""A field for code: a preview of a few lines in one widget, which becomes an editor when it is entered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Size
from textual.style import Style
from textual.widget import Widget
from textual.widgets import TextArea

from tui.widgets.base import WidgetMessage, shown
from tui.widgets.code_editor import CodeEditor, is_blank
from tui.widgets.completion import Complete
from tui.widgets.display_text import escape, fit
from tui.widgets.syntax import SYNTAX_CLASSES, SYNTAX_CSS, Language, jinja_spans, spans

_PREVIEWED = 3


class CodeArea(Widget, can_focus=True):
    """Shows the first lines of a text; enter or a click opens the editor, escape closes it again.

    Only what a person types posts `Changed`.
    """

    BINDING_GROUP_TITLE = "Code"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("enter", "edit", "Edit", "Edit this text", "code.edit"),
        shown("ctrl+e", "edit_elsewhere", "$EDITOR", "Edit the text in your own editor", "code.elsewhere"),
        shown("escape", "close", "Close editor", "Go back to the preview; the text stays", "code.close"),
    ]

    COMPONENT_CLASSES: ClassVar[set[str]] = {"code-area--hint", "code-area--error", *SYNTAX_CLASSES}

    DEFAULT_CSS = """
    CodeArea {
        width: 100%;
        height: auto;
        background: $surface;
        color: $foreground;
        & > .code-area--hint { color: $text-muted; text-style: italic; }
        & > .code-area--error { color: $text-error; }
        &:hover { background: $surface-lighten-1; }
        &:focus { background: $primary 25%; }
SYNTAX
    }
    """.replace("SYNTAX", SYNTAX_CSS)

    @dataclass
    class Changed(WidgetMessage["CodeArea"]):
        """A person changed the text."""

        text: str

    def __init__(
        self,
        text: str = "",
        syntax: Language = "text",
        *,
        placeholder: str = "Empty",
        editor_height: int = 12,
        complete: Complete | None = None,
    ) -> None:
        super().__init__()
        self._text = text
        self._syntax: Language = syntax
        self._placeholder = placeholder
        self._editor_height = editor_height
        self._complete = complete
        self._editor: CodeEditor | None = None
        self._problem = ""
        self._problem_line: int | None = None

    @property
    def text(self) -> str:
        return self._text

    @text.setter
    def text(self, text: str) -> None:
        self._text = text
        if self._editor is not None and self._editor.text != text:
            self._editor.load_text(text)
        self.refresh(layout=True)

    def show_error(self, problem: str, line: int | None = None) -> None:
        """Show a problem below the text and mark its line, counted from 0; an empty problem clears both."""
        self._problem, self._problem_line = problem, line
        if self._editor is not None:
            self._editor.error_line = line
        self.refresh(layout=True)

    # Drawing

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """The preview or the editor, and a line for what is wrong."""
        return self._body_height + bool(self._problem)

    @property
    def _body_height(self) -> int:
        lines = self._text.count("\n") + 1
        return self._editor_height if self._editor is not None else min(lines, _PREVIEWED)

    def render(self) -> Content:
        """The first lines, and how many more there are; nothing but the problem while the editor covers them."""
        lines = [Content()] * self._body_height if self._editor is not None else self._preview()
        if self._problem:
            place = f"Line {self._problem_line + 1}: " if self._problem_line is not None else ""
            text = fit(f" ✗ {place}{escape(self._problem)}", max(1, self.content_size.width))
            lines = [*lines, Content.styled(text, self.get_visual_style("code-area--error"))]
        return Content("\n").join(lines)

    def _preview(self) -> list[Content]:
        if not self._text:
            return [Content.styled(f" {self._placeholder}", self.get_visual_style("code-area--hint"))]
        lines = self._text.split("\n", _PREVIEWED)
        if len(lines) <= _PREVIEWED:
            return [self._line(line) for line in lines]
        more = self._text.count("\n") + 2 - _PREVIEWED
        hint = Content.styled(f" … {more} more lines", self.get_visual_style("code-area--hint"))
        return [*(self._line(line) for line in lines[: _PREVIEWED - 1]), hint]

    def _line(self, line: str) -> Content:
        text = fit(escape(line[: self.content_size.width]), max(1, self.content_size.width - 1))
        content = Content(text)
        for span in (*spans(text, self._syntax), *jinja_spans(text)):
            content = content.stylize(self._ink(span.token), span.start, span.end)
        return Content(" ").append(content)

    def _ink(self, token: str) -> Style:
        style = self.get_visual_style(f"syntax--{token}")
        return Style(foreground=style.foreground, bold=style.bold, italic=style.italic)

    # Editing

    async def action_edit(self) -> None:
        """Replace the preview by the editor."""
        if self._editor is None:
            self._editor = CodeEditor(self._text, self._syntax, complete=self._complete)
            self._editor.styles.height = self._editor_height
            self._editor.error_line = self._problem_line
            await self.mount(self._editor)
            self.refresh(layout=True)
        self._editor.focus()

    async def on_paste(self, event: events.Paste) -> None:
        """Open the editor with what is pasted, where there is nothing yet."""
        if self._editor is None and is_blank(self._text):
            event.stop()
            self._text = event.text
            await self.action_edit()
            self.post_message(self.Changed(self, self._text))

    async def action_edit_elsewhere(self) -> None:
        """Open the editor, and from there $EDITOR."""
        await self.action_edit()
        if self._editor is not None:
            await self._editor.action_edit_elsewhere()

    async def action_close(self) -> None:
        editor, self._editor = self._editor, None
        if editor is not None:
            await editor.remove()
        self.refresh(layout=True)
        self.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only an open editor can be closed."""
        return (action == "close") == (self._editor is not None)

    async def on_click(self, event: events.Click) -> None:
        if self._editor is None:
            await self.action_edit()

    @on(TextArea.Changed)
    def _edit(self, event: TextArea.Changed) -> None:
        event.stop()
        if event.text_area is self._editor and event.text_area.text != self._text:
            self._text = event.text_area.text
            self.post_message(self.Changed(self, self._text))
