"""Completion while a template is typed: one popup for all the fields of a screen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, cast

from textual import events
from textual.binding import Binding
from textual.content import Content
from textual.errors import NoWidget
from textual.geometry import Offset
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from tui.widgets.base import hidden
from tui.widgets.display_text import escape
from tui.widgets.template_names import TypedWord, closing, typed_word

_EMPTY = "{{  }}"
"""A template to be filled in; the cursor goes into its middle."""
_TALLEST = 8
_EDGES = 2
"""Rows of the border."""
_MOST_LISTED = 50

COMPLETE_BINDING: Binding = hidden(
    "ctrl+@,ctrl+space,f9", "complete", "Complete", "List the names that can stand here", "template.complete",
    display="^space",
)  # fmt: skip


class CompletionItem(NamedTuple):
    """Something to insert, how it is listed, and a short help text."""

    insert: str
    label: str
    help: str


Complete = Callable[[str, int], Sequence[CompletionItem]]
"""Says what may stand at a position of a text, whatever was typed of it already."""


class ExtraCompletion(NamedTuple):
    """Something that the list offers beside the completions: how it is listed, a short help text, what it does."""

    label: str
    help: str
    run: Callable[[], object]
    is_likely: Callable[[], bool] = lambda: False
    """Whether it is what a person wants most before anything is typed."""


class CompletedField(Protocol):
    """What a field must be able to do to be completed."""

    @property
    def screen(self) -> Screen[object]:
        """The screen that the field is on."""

    @property
    def has_focus(self) -> bool:
        """Whether a person types into the field."""

    @property
    def cursor_screen_offset(self) -> Offset:
        """Where the cursor is on the screen."""

    def line_and_cursor(self) -> tuple[str, int]:
        """The line that is typed and the position of the cursor in it."""

    def put(self, start: int, end: int, text: str, cursor: int) -> None:
        """Replace a part of that line, then put the cursor at a position."""


class CompletionPopup(OptionList, can_focus=False):
    """The list under the cursor; it never has the focus. There is one on a screen, mounted when first needed."""

    DEFAULT_CSS = """
    CompletionPopup {
        overlay: screen;
        constrain: inside;
        width: auto;
        min-width: 30;
        max-width: 76;
        height: auto;
        max-height: TALLEST;
        padding: 0;
        border: round $pane-border-focus;
        background: $surface;
        text-wrap: nowrap;
        text-overflow: ellipsis;
        scrollbar-size: 1 1;
        display: none;
        &.-open { display: block; }
        & > .option-list--option-highlighted { background: $block-cursor-background; color: $block-cursor-foreground; }
    }
    """.replace("TALLEST", str(_TALLEST + _EDGES))

    owner: Completer | None = None
    """What the list was opened for."""

    def on_mount(self) -> None:
        """Follow the field when the screen is scrolled or laid out again."""
        self.screen.screen_layout_refresh_signal.subscribe(self, lambda _screen: self.follow(), immediate=True)

    def follow(self) -> None:
        if self.owner is not None:
            self.owner.place(self)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if self.owner is not None:
            self.owner.accept()


class Completer:
    """Lists completions for one field, takes its keys while the list is open, and inserts what is chosen.

    The field calls `text_changed`, `cursor_moved`, `key` before it handles a key itself,
    and `close` when it loses the focus.
    """

    def __init__(self, field: CompletedField, complete: Complete, extra: ExtraCompletion | None = None) -> None:
        self._field = field
        self._complete = complete
        self._extra = extra
        self._completions: list[CompletionItem] = []
        self._extra_completion = CompletionItem("", extra.label, extra.help) if extra is not None else None
        self._dismissed = False
        self._has_begun = False
        """Whether the template at the cursor was begun by `open`."""

    @property
    def is_open(self) -> bool:
        popup = self._popup
        return popup is not None and popup.owner is self

    async def text_changed(self) -> None:
        """The text changed: list what fits, close the list when nothing does."""
        word = typed_word(*self._field.line_and_cursor())
        if word is None:
            self._dismissed = False
        if word is None or not word.wanted or self._dismissed or not self._field.has_focus:
            self.close()
        else:
            await self._list(word)

    async def cursor_moved(self) -> None:
        """The cursor moved: keep an open list in step."""
        if self.is_open:
            await self.text_changed()

    async def open(self) -> None:
        """List what may stand at the cursor; outside of a template begin one."""
        self._dismissed = False
        text, cursor = self._field.line_and_cursor()
        self._has_begun = typed_word(text, cursor) is None
        if self._has_begun:
            self._field.put(cursor, cursor, _EMPTY, cursor + len(_EMPTY) // 2)
        word = typed_word(*self._field.line_and_cursor())
        if word is not None:
            await self._list(word)

    def close(self) -> None:
        popup = self._popup
        if popup is not None and popup.owner is self:
            popup.owner = None
            popup.remove_class("-open")

    async def key(self, event: events.Key) -> bool:
        """Handle a key for the open list, or one that types what completion inserted already; whether it did."""
        if event.character == "}" and self._step_over():
            event.stop()
            event.prevent_default()
            return True
        if not self.is_open:
            return False
        popup = self._popup
        moves = {"up": "cursor_up", "down": "cursor_down", "pageup": "page_up", "pagedown": "page_down"}
        if event.key in moves and popup is not None:
            await popup.run_action(moves[event.key])
        elif event.key in {"tab", "enter"}:
            self.accept()
        elif event.key == "escape":
            self._dismissed = True
            self.close()
            self._take_back()
        else:
            return False
        event.stop()
        event.prevent_default()
        return True

    def _take_back(self) -> None:
        """Remove the template that `open` began, if nothing was put into it."""
        text, cursor = self._field.line_and_cursor()
        start, end = cursor - len(_EMPTY) // 2, cursor + len(_EMPTY) // 2
        if self._has_begun and start >= 0 and text[start:end] == _EMPTY:
            self._field.put(start, end, "", start)
        self._has_begun = False

    def _step_over(self) -> bool:
        """Go past a brace that closes the template at the cursor instead of typing a second one."""
        text, cursor = self._field.line_and_cursor()
        inside = text[:cursor].rpartition("{{")[2]
        rest = text[cursor:].lstrip(" ")
        if "{{" not in text[:cursor] or "}}" in inside or inside.count("{") > inside.count("}") or rest[:1] != "}":
            return False
        self._field.put(cursor, cursor, "", len(text) - len(rest) + 1)
        return True

    def accept(self) -> None:
        """Insert the completion under the cursor, and close the template if it is still open."""
        popup = self._popup
        if popup is None or popup.highlighted is None:
            return
        completion = self._completions[popup.highlighted]
        self.close()
        self._dismissed = True
        if self._extra is not None and completion is self._extra_completion:
            self._extra.run()
        else:
            self.insert(completion.insert)

    def insert(self, name: str) -> None:
        """Put a name in the place of the word at the cursor; outside of a template, one with that name."""
        text, cursor = self._field.line_and_cursor()
        word = typed_word(text, cursor)
        if word is None:
            self._field.put(cursor, cursor, f"{{{{ {name} }}}}", cursor + len(name) + 6)
        else:
            self._field.put(word.start, cursor, name + closing(text, cursor), word.start + len(name))

    @property
    def _popup(self) -> CompletionPopup | None:
        return self._field.screen.query_one_optional(CompletionPopup)

    async def _list(self, word: TypedWord) -> None:
        self._completions = self._matching(word.text)
        if not self._completions:
            self.close()
            return
        popup = self._popup
        if popup is None:
            popup = CompletionPopup()
            await self._field.screen.mount(popup)
        popup.owner = self
        width = max(len(completion.label) for completion in self._completions)
        popup.set_options(Option(_line(completion, width)) for completion in self._completions)
        popup.highlighted = self._first
        popup.add_class("-open")
        self.place(popup)

    @property
    def _first(self) -> int:
        """The completion under the cursor when the list opens."""
        begins_with_extra = len(self._completions) > 1 and self._completions[0] is self._extra_completion
        return int(begins_with_extra and not (self._extra is not None and self._extra.is_likely()))

    def place(self, popup: CompletionPopup) -> None:
        """Put the list below the word, or above it where there is no room below; close it where the word is hidden."""
        word, cursor = typed_word(*self._field.line_and_cursor()), self._field.cursor_screen_offset
        if word is None or not self._is_seen(cursor):
            self.close()
            return
        x, y = cursor
        height = min(_TALLEST, len(self._completions)) + _EDGES
        below = y + 1 + height <= self._field.screen.content_region.bottom
        offset = Offset(max(0, x - len(word.text) - 2), y + 1 if below else max(0, y - height))
        if offset != popup.absolute_offset:
            popup.absolute_offset = offset
            popup.refresh(layout=True)

    def _is_seen(self, place: Offset) -> bool:
        try:
            shown, _ = self._field.screen.get_widget_at(*place)
        except NoWidget:
            return False
        return shown is cast("Widget", self._field)

    def _matching(self, typed: str) -> list[CompletionItem]:
        """The completions that begin with what was typed, then those that hold it; none if that is typed out."""
        completions = self._complete(*self._field.line_and_cursor())
        wanted = typed.casefold()
        beginning = [item for item in completions if item.insert.casefold().startswith(wanted)]
        holding = [item for item in completions if item not in beginning and wanted in item.insert.casefold()]
        found = [*beginning, *holding][:_MOST_LISTED]
        if [item.insert for item in found] == [typed]:
            return []
        return self._with_extra(found, wanted)

    def _with_extra(self, found: list[CompletionItem], wanted: str) -> list[CompletionItem]:
        extra = self._extra_completion
        if extra is None or not (found or extra.label.casefold().startswith(wanted)):
            return found
        return [*found, extra] if wanted else [extra, *found]


def _line(completion: CompletionItem, width: int) -> Content:
    return Content.assemble(
        f" {escape(completion.label):{width}}  ", (f"{escape(completion.help)} " if completion.help else "", "dim")
    )
