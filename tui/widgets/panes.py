"""Panes: parts of a screen with a border, a title in its top edge and facts in its bottom edge; CSS class `pane`."""

from __future__ import annotations

from typing import TypeVar

from textual import events
from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget

_WIDTH, _HEIGHT = 100, 30
"""Columns and rows from which there is room for borders."""
Result = TypeVar("Result")


def is_plain(size: Size) -> bool:
    """Whether a screen is too small for borders."""
    return size.width < _WIDTH or size.height < _HEIGHT


class PaneScreen(Screen[Result]):
    """A screen with panes, whose class `-plain` says that they have title lines instead of borders.

    The pane that has the focus has the class `-focused`: with `:focus-within`, each move of the focus would style all
    its widgets anew.
    """

    _focused_pane: Widget | None = None

    def on_resize(self) -> None:
        self.set_class(is_plain(self.app.size), "-plain")

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        pane = next((one for one in event.widget.ancestors_with_self if one.has_class("pane")), None)
        if pane is not self._focused_pane:
            before, self._focused_pane = self._focused_pane, pane if isinstance(pane, Widget) else None
            for one in (before, self._focused_pane):
                if one is not None and one.is_attached:
                    one.set_class(one is self._focused_pane, "-focused", update=False)
                    self.app.stylesheet.apply(one)
                    one.refresh()
