"""A line of text that may hold Jinja templates: coloured, its names checked, completed while it is typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.cells import cell_len
from rich.highlighter import Highlighter
from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.actions import SkipAction
from textual.binding import BindingType
from textual.reactive import reactive
from textual.strip import Strip
from textual.widgets import Input

from tui.widgets.completion import COMPLETE_BINDING, Complete, Completer, ExtraCompletion
from tui.widgets.syntax import jinja_spans
from tui.widgets.template_names import template_names

Resolve = Callable[[str], bool | None]
"""Whether a dotted name (`user.name`) is known; None if that can't be decided."""

MOST_PASTED = 100_000
"""How many characters can be pasted; a line of more takes seconds with each key."""


class TemplateInput(Input):
    """An `Input` of one line: known names in templates are shown as such, unknown ones are underlined.

    `complete` lists what may stand at a position; the list opens in a template, or by ctrl+space or f9.
    """

    BINDING_GROUP_TITLE = "Template text"
    BINDINGS: ClassVar[list[BindingType]] = [COMPLETE_BINDING]

    DEFAULT_CSS = """
    TemplateInput {
        padding: 0 1 !important;
        background: $well;
        &:focus { background: $well-focus; background-tint: $foreground 0%; }
        & > .input--placeholder { color: $foreground-muted; text-style: italic; }
    }
    """

    note: reactive[str] = reactive("", init=False)
    """What is said of the value at the right end, where there is room."""

    def __init__(
        self,
        value: str = "",
        placeholder: str = "",
        *,
        complete: Complete | None = None,
        resolve: Resolve | None = None,
        extra: ExtraCompletion | None = None,
    ) -> None:
        self._completer = Completer(self, complete, extra) if complete is not None else None
        super().__init__(
            value,
            placeholder,
            highlighter=_TemplateHighlighter(self, resolve),
            select_on_focus=False,
            compact=True,
        )

    def render_line(self, y: int) -> Strip:
        strip = super().render_line(y)
        start = self.content_size.width - cell_len(self.note)
        hides_nothing = self.password and not self.has_focus  # what is masked may be cut
        if y or not self.note or (cell_len(self.value) + 2 > start and not hides_nothing):
            return strip
        style = self.rich_style + _themed(self, "$secret")
        return Strip.join([strip.crop(0, start), Strip([Segment(self.note, style)])])

    def update_node_styles(self, animate: bool = True) -> None:
        """Skip the look-up of styles before there is a parent: it costs as much as building the widget."""
        if self.is_attached:
            super().update_node_styles(animate)

    def validate(self, value: str) -> None:
        """No validation here, which would set style classes and cost as much as building the widget."""

    def line_and_cursor(self) -> tuple[str, int]:
        return self.value, self.cursor_position

    def put(self, start: int, end: int, text: str, cursor: int) -> None:
        """Replace a part of the text, then put the cursor at a position."""
        self.replace(text, start, end)
        self.cursor_position = cursor

    def insert_name(self, name: str) -> None:
        """Put a name where the cursor is: into the template there, or in one of its own."""
        if self._completer is not None:
            self._completer.insert(name)

    async def action_complete(self) -> None:
        if self._completer is not None:
            await self._completer.open()

    def watch_value(self) -> None:
        """Keep the list in step with what is typed, once the cursor is in its place."""
        if self._completer is not None and self.has_focus:
            self.call_later(self._completer.text_changed)

    def watch_selection(self) -> None:
        if self._completer is not None and self.has_focus:
            self.call_later(self._completer.cursor_moved)

    async def on_key(self, event: events.Key) -> None:
        if self._completer is not None:
            await self._completer.key(event)

    def on_paste(self, event: events.Paste) -> None:
        """Join several lines instead of dropping all but the first; refuse what would take seconds to show."""
        if len(event.text) > MOST_PASTED:
            event.prevent_default()
            event.stop()
            text = f"That is too much for a line: at most {MOST_PASTED:,} characters can be pasted into it."
            self.app.notify(text, severity="warning", markup=False)
            return
        lines = [line.strip() for line in event.text.splitlines() if line.strip()]
        if len(lines) > 1:
            event.prevent_default()
            event.stop()
            self.replace(" ".join(lines), *sorted(self.selection))

    def action_page_left(self) -> None:
        """Leave the key to the surrounding pane: a line is moved through with the cursor."""
        raise SkipAction

    def action_page_right(self) -> None:
        """Leave the key to the surrounding pane."""
        raise SkipAction

    def on_blur(self) -> None:
        if self._completer is not None:
            self._completer.close()


class _TemplateHighlighter(Highlighter):
    """Colours templates and the names in them in the styles of a field."""

    def __init__(self, field: TemplateInput, resolve: Resolve | None) -> None:
        self._field = field
        self._resolve = resolve

    def highlight(self, text: Text) -> None:
        for span in jinja_spans(text.plain):
            text.stylize(_themed(self._field, "$template"), span.start, span.end)
        if self._resolve is None:
            return
        for name in template_names(text.plain):
            known = self._resolve(name.path)
            if known is not None:
                style = "bold $template" if known else "underline $text-error"
                text.stylize(_themed(self._field, style), name.start, name.end)


def _themed(field: TemplateInput, style: str) -> Style:
    """A style in the colours of the theme, parsed once for all fields.

    Component classes are looked up for each field when it is built, and a form has many.
    """
    return field.app.stylesheet.parse_style(style).rich_style
