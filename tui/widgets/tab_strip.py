"""Tabs in a single line and a single widget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget

from tui.widgets.base import WidgetMessage, hidden


@dataclass(frozen=True, slots=True)
class StripTab:
    """A tab: its id, its name, and a note behind the name such as a count."""

    id: str
    name: str
    note: str = ""


class TabStrip(Widget, can_focus=True):
    """Names of tabs side by side, the active one marked; left and right go through them, a click takes one.

    A strip that is `closable` may have no active tab: taking the active one again closes it.
    """

    BINDING_GROUP_TITLE = "Tabs"
    BINDINGS: ClassVar[list[BindingType]] = [
        hidden("left,h", "step(-1)", "Previous tab", "Go to the tab before", "tabs.previous"),
        hidden("right,l", "step(1)", "Next tab", "Go to the next tab", "tabs.next"),
    ]

    @dataclass
    class Changed(WidgetMessage["TabStrip"]):
        """A person took a tab."""

        tab: str | None

    def __init__(self, tabs: Sequence[StripTab], *, closable: bool = False, classes: str = "") -> None:
        super().__init__(classes=f"tab-strip {classes}".strip())
        self._tabs = tuple(tabs)
        self._closable = closable
        self._active = None if closable else self._tabs[0].id

    @property
    def active(self) -> str | None:
        """The id of the active tab; None when a closable strip is closed."""
        return self._active

    @active.setter
    def active(self, tab: str | None) -> None:
        self._active = tab
        self.refresh()

    @property
    def tabs(self) -> Sequence[StripTab]:
        return self._tabs

    @tabs.setter
    def tabs(self, tabs: Sequence[StripTab]) -> None:
        if self._tabs != tuple(tabs):
            self._tabs = tuple(tabs)
            self.refresh()

    def render(self) -> Content:
        """The names in a line; the notes are left out where there is no room for them."""
        notes = self._width(notes=True) <= self.size.width
        parts: list[str | Content | tuple[str, str]] = []
        for tab in self._tabs:
            text = self._label(tab, notes=notes)
            if tab.id != self._active:
                parts.append((text, "$foreground-muted"))
            elif self.has_focus:
                parts.append((text, "bold $block-cursor-foreground on $block-cursor-background"))
            else:
                parts.append((text, "bold $text-primary on $primary-muted"))
        return Content.assemble(*parts)

    def _width(self, *, notes: bool) -> int:
        return sum(len(self._label(tab, notes=notes)) for tab in self._tabs)

    def _label(self, tab: StripTab, *, notes: bool) -> str:
        mark = ("▾ " if tab.id == self._active else "▸ ") if self._closable else ""
        return f" {mark}{tab.name} {tab.note} " if notes and tab.note else f" {mark}{tab.name} "

    def action_step(self, step: int) -> None:
        """Go to the tab before or after, around the ends."""
        ids = [tab.id for tab in self._tabs]
        place = ids.index(self._active) + step if self._active else 0
        self._go_to(ids[place % len(ids)])

    def take(self, tab: str) -> None:
        """Take a tab as a person would; a closable strip is closed by taking its active tab."""
        self._go_to(None if self._closable and tab == self._active else tab)

    def _go_to(self, tab: str | None) -> None:
        self.active = tab
        self.post_message(self.Changed(self, tab))

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        notes = self._width(notes=True) <= self.size.width
        x = offset.x if offset else -1
        for tab in self._tabs:
            width = len(self._label(tab, notes=notes))
            if 0 <= x < width:
                self.take(tab.id)
                return
            x -= width
