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
_MOST_PREVIEWED = 10
"""Lines of a preview on a small screen and on a large one; between them it takes a quarter of the screen."""
_LONGEST_DRAWN = 1_000
"""Characters of a line that are looked at: a template keeps its colour where it is cut."""
_AROUND = 9
"""Lines of the screen that an open editor leaves to what is around it."""


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
        background: $well;
        color: $foreground;
        & > .code-area--hint { color: $foreground-muted; text-style: italic; }
        & > .code-area--error { color: $text-error; }
        &:hover { background-tint: $foreground 6%; }
        &:focus { background: $well-focus; }
        & > CodeEditor { background: $well; }
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
        self._fit_editor()

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
    def is_open(self) -> bool:
        """Whether the editor is there."""
        return self._editor is not None

    @property
    def _body_height(self) -> int:
        return self._room_to_edit if self._editor is not None else min(self._lines, self._previewed)

    @property
    def _lines(self) -> int:
        return self._text.count("\n") + 1

    @property
    def _previewed(self) -> int:
        return max(_PREVIEWED, min(_MOST_PREVIEWED, self.app.size.height // 4))

    @property
    def _room_to_edit(self) -> int:
        """The lines of the editor: all that the text has and a free one, as far as there is room on the screen."""
        room = max(self._editor_height // 2, self.app.size.height - _AROUND)
        return min(room, max(self._editor_height, self._lines + 1))

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
        previewed = self._previewed
        lines = self._text.split("\n", previewed)
        if len(lines) <= previewed:
            return [self._line(line) for line in lines]
        hint = f" … {self._lines + 1 - previewed} more lines"
        return [
            *(self._line(line) for line in lines[: previewed - 1]),
            Content.styled(hint, self.get_visual_style("code-area--hint")),
        ]

    def _line(self, line: str) -> Content:
        text = escape(line[:_LONGEST_DRAWN])
        content = Content(text)
        for span in (*spans(text, self._syntax), *jinja_spans(text)):
            content = content.stylize(self._ink(span.token), span.start, span.end)
        return Content(" ").append(content.truncate(max(1, self.content_size.width - 1), ellipsis=True))

    def _ink(self, token: str) -> Style:
        style = self.get_visual_style(f"syntax--{token}")
        return Style(foreground=style.foreground, bold=style.bold, italic=style.italic)

    # Editing

    async def action_edit(self) -> None:
        """Replace the preview by the editor."""
        if self._editor is None:
            self._editor = CodeEditor(self._text, self._syntax, complete=self._complete)
            self._editor.error_line = self._problem_line
            await self.mount(self._editor)
            self._fit_editor()
        self._editor.focus()

    def _fit_editor(self) -> None:
        """Give the editor the lines that it can use."""
        if self._editor is not None:
            self._editor.styles.height = self._room_to_edit
        self.refresh(layout=True)

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
            lines, self._text = self._lines, event.text_area.text
            if lines != self._lines:
                self._fit_editor()
            self.post_message(self.Changed(self, self._text))
