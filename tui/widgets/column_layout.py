"""The columns of a table: their names, their widths, and which of them fall into a stretch of cells."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from itertools import accumulate

from rich.cells import cell_len

from tui.widgets.cells import cell_text, escape

PADDING = 1
"""Blank cells on either side of a cell's text."""

_NARROWEST = 3
_WIDEST_SAMPLED = 40
_WIDEST = 400


class ColumnLayout:
    """Names and text widths (in cells, without padding) of columns that stand side by side."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.version = 0
        """Grows with every change, so that what was drawn for an older layout can be told."""
        self._indexes: dict[str, int] = {}
        self._widths: list[int] = []
        self._chosen: set[int] = set()
        self._starts: list[int] = [0]

    def __len__(self) -> int:
        return len(self.names)

    @property
    def total(self) -> int:
        """Cells that all columns take together."""
        return self._starts[-1]

    def add(self, names: Iterable[str]) -> None:
        """Add columns at the end, each as wide as its name."""
        for name in names:
            self._indexes[name] = len(self.names)
            self.names.append(name)
            self._widths.append(_between(_NARROWEST, cell_len(escape(name[:_WIDEST])), _WIDEST_SAMPLED))
        self._changed()

    def sample(self, rows: Iterable[Mapping[str, object]]) -> None:
        """Widen the columns for the values of some rows; a width that a person chose stays."""
        before = list(self._widths)
        for row in rows:
            for name, value in row.items():
                index = self._indexes.get(name)
                if index is not None and index not in self._chosen:
                    text, _ = cell_text(value, _WIDEST_SAMPLED)
                    self._widths[index] = max(self._widths[index], min(cell_len(text), _WIDEST_SAMPLED))
        if before != self._widths:
            self._changed()

    def width(self, index: int) -> int:
        """Cells for the text of a column."""
        return self._widths[index]

    def start(self, index: int) -> int:
        """The cell where a column begins, its padding included."""
        return self._starts[index]

    def resize(self, index: int, width: int) -> None:
        """Give a column the width that a person chose."""
        self._widths[index] = _between(_NARROWEST, width, _WIDEST)
        self._chosen.add(index)
        self._changed()

    def at(self, x: int) -> int | None:
        """The column at a cell."""
        return bisect_right(self._starts, x) - 1 if 0 <= x < self.total else None

    def visible(self, x: int, width: int) -> range:
        """The columns of which at least a part lies in the `width` cells from `x` on."""
        if not self.names or width <= 0:
            return range(0)
        first = max(0, bisect_right(self._starts, x) - 1)
        last = bisect_right(self._starts, x + width - 1)
        return range(first, min(last, len(self.names)))

    def _changed(self) -> None:
        self._starts = [0, *accumulate(width + 2 * PADDING for width in self._widths)]
        self.version += 1


def _between(low: int, value: int, high: int) -> int:
    return max(low, min(value, high))
