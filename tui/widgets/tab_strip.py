"""Tabs: words, and a line under the active one; a single widget."""

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
    """A tab: its id, its name, and a note behind the name such as a count.

    `filled` says that it holds values; its errors and warnings are counted.
    """

    id: str
    name: str
    note: str = ""
    filled: bool = False
    errors: int = 0
    warnings: int = 0

    @property
    def notes(self) -> list[tuple[str, str]]:
        """What stands behind the name, each with its colour."""
        problems = [(f" ✗{self.errors}", "$text-error")] * bool(self.errors)
        problems += [(f" !{self.warnings}", "$text-warning")] * bool(self.warnings)
        return [*[("•", "$text-accent")] * self.filled, *[(f" {self.note}", "$heading")] * bool(self.note), *problems]


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
        """The names, and the line below where there is a row for it; without room for them the notes are left out."""
        notes, lined = self._has_notes, self.size.height > 1
        names, line = Content(""), Content("")
        for tab in self._tabs:
            label = self._label(tab, notes=notes, lined=lined)
            names += label
            under = "━" * (label.cell_length - 2) if tab.id == self._active else " " * (label.cell_length - 2)
            line += Content.styled(f" {under} ", "$primary")
        return Content("\n").join([names, line]) if lined else names

    @property
    def _has_notes(self) -> bool:
        """Whether there is room for notes."""
        return sum(self._label(tab, notes=True).cell_length for tab in self._tabs) <= self.size.width

    def _label(self, tab: StripTab, *, notes: bool, lined: bool = True) -> Content:
        is_active = tab.id == self._active
        mark = ("▾ " if is_active else "▸ ") if self._closable else ""
        if is_active and self.has_focus:
            style = behind = "bold $block-cursor-foreground on $block-cursor-background"
        else:
            style = f"bold $text-primary{'' if lined else ' underline'}" if is_active else "$foreground-muted"
            behind = ""
        found = [(text, behind or colour) for text, colour in tab.notes] if notes else []
        return Content.assemble((" ", behind), (f"{mark}{tab.name}", style), *found, (" ", behind))

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
        notes = self._has_notes
        x = offset.x if offset else -1
        for tab in self._tabs:
            width = self._label(tab, notes=notes).cell_length
            if 0 <= x < width:
                self.take(tab.id)
                return
            x -= width
