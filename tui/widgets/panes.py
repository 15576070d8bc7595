"""Panes: parts of a screen with a border, a title in its top edge and facts in its bottom edge; CSS class `pane`."""

from __future__ import annotations

from typing import TypeVar

from textual.geometry import Size
from textual.screen import Screen

_WIDTH, _HEIGHT = 100, 30
"""Columns and rows from which there is room for borders."""
Result = TypeVar("Result")


def is_plain(size: Size) -> bool:
    """Whether a screen is too small for borders."""
    return size.width < _WIDTH or size.height < _HEIGHT


class PaneScreen(Screen[Result]):
    """A screen with panes: the class `-plain` says that they have title lines instead of borders."""

    def on_resize(self) -> None:
        self.set_class(is_plain(self.app.size), "-plain")
