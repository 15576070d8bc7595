"""A letter over everything on the screen that can have the focus; pressing it goes there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from string import ascii_uppercase, digits
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.geometry import Offset, Size
from textual.screen import Screen
from textual.widgets import Label

from tui.widgets.base import shown
from tui.widgets.dialog import Overlay

_KEYS = "asdfghjklqwertyuiopzxcvbnm" + digits[1:] + ascii_uppercase
"""The labels, those first that are easiest to reach."""


@dataclass(frozen=True)
class LetterTarget:
    """A place to go to: where its label goes on the screen, and what going there means."""

    offset: Offset
    go: Callable[[], object]


def letter_targets(screen: Screen[object]) -> list[LetterTarget]:
    """Everything in view on a screen that can have the focus, from the top left to the bottom right.

    What only holds such things, as a scrolling pane does, is left out.
    """
    chain = screen.focus_chain
    outer = {ancestor for widget in chain for ancestor in widget.ancestors}
    found = []
    for widget in chain:
        region = widget.region.intersection(screen.region)
        if widget not in outer and region.area and screen.find_widget(widget).visible_region.area:
            found.append(LetterTarget(region.offset, widget.focus))
    return sorted(found, key=lambda target: (target.offset.y, target.offset.x))


class LetterOverlay(Overlay[None]):
    """Labels over the targets, as many as there are keys; any other key, or a click, goes back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        shown("escape", "leave", "Stay here", "Stay where it was", "go.stay"),
    ]

    DEFAULT_CSS = """
    LetterOverlay {
        background: $background 40%;
        & > Label {
            position: absolute;
            width: 3;
            height: 1;
            padding: 0 1;
            background: $warning;
            color: auto 95%;
            text-style: bold;
        }
    }
    """

    def __init__(self, targets: Iterable[LetterTarget]) -> None:
        super().__init__()
        self._targets = dict(zip(_KEYS, targets, strict=False))
        self._drawn_for: Size | None = None

    def compose(self) -> ComposeResult:
        for key, target in self._targets.items():
            label = Label(key, markup=False)
            label.styles.offset = target.offset
            yield label

    def on_key(self, event: events.Key) -> None:
        if event.key != "escape":
            event.stop()
            event.prevent_default()
            target = self._targets.get(event.character or "")
            self.dismiss(None)
            if target is not None:
                self.app.call_later(target.go)

    def action_leave(self) -> None:
        self.dismiss(None)

    def on_click(self) -> None:
        self.dismiss(None)

    def on_resize(self, event: events.Resize) -> None:
        """Leave when the screen changes size: the labels would be in the wrong places."""
        if self._drawn_for not in {None, event.size}:
            self.dismiss(None)
        self._drawn_for = event.size
