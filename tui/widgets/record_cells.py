"""The cells of a record table: values in one line, columns and their widths, rows drawn as strips."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, Literal, get_args

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.widgets.display_text import compact_json, escape, fit

CellKind = Literal["text", "number", "boolean", "null", "nested", "missing"]

MISSING: Final = object()
"""Stands for a field that a record does not have (None stands for JSON's null)."""


def describe(value: object) -> tuple[str, CellKind]:
    """A value as text in one line, not yet escaped, and what kind of value it is."""
    match value:
        case str():
            return value, "text"
        case None:
            return "null", "null"
        case bool():
            return ("true" if value else "false"), "boolean"
        case int() | float():
            return repr(value), "number"
        case dict() | list() | tuple():
            return compact_json(value), "nested"
        case _ if value is MISSING:
            return "", "missing"
        case _:
            return str(value), "text"


def cell_text(value: object, limit: int) -> tuple[str, CellKind]:
    """A value as it stands in a table: safe, and not much longer than `limit` cells; "" is shown as two quotes."""
    text, kind = describe(value)
    if kind == "text" and not text:
        return '""', "null"
    return escape(text[: limit + 1]), kind


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
        """Grows with every change, so that caches can tell what was drawn for an older layout."""
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


Part = Literal["header", "gutter", "cursor", "cursor-row", "number", "nested", "null"]
PARTS: tuple[Part, ...] = get_args(Part)

_PART_OF_KIND: Mapping[CellKind, Part] = {
    "number": "number",
    "boolean": "number",
    "nested": "nested",
    "null": "null",
}


@dataclass(frozen=True)
class ColumnWindow:
    """The stretch of cells that the columns are seen through, and the gutter left of it, in cells."""

    x: int
    width: int
    gutter: int


class RecordPainter:
    """Draws for one layout of columns in the styles of one theme."""

    def __init__(self, layout: ColumnLayout, base: Style, styles: Mapping[Part, Style]) -> None:
        self._layout = layout
        self._base = base
        self._styles = styles

    def header(self, window: ColumnWindow, cursor: int, mark: tuple[int, str] | None = None) -> Strip:
        """The names of the columns, that of the cursor's column marked; `mark` stands behind one of them."""
        style = self._styles["header"]
        segments = []
        for index in self._layout.visible(window.x, window.width):
            marked = Style(underline=True) if index == cursor else Style.null()
            text = escape(self._layout.names[index][: self._layout.width(index) + 1])
            cell = self._cell(index, text, style + marked)
            if mark is not None and index == mark[0]:
                cell = Segment(cell.text[:-1] + mark[1], cell.style)
            segments.append(cell)
        return self._strip(segments, window, Segment(" " * window.gutter, style), style)

    def row(self, window: ColumnWindow, number: int, record: Mapping[str, object], cursor: int | None) -> Strip:
        """A record; `cursor` is the column of the cursor if it stands in this row, `number` counts from 0."""
        paper = Style(bgcolor=(self._base if cursor is None else self._styles["cursor-row"]).bgcolor)
        segments = []
        for index in self._layout.visible(window.x, window.width):
            width = self._layout.width(index)
            text, kind = cell_text(record.get(self._layout.names[index], MISSING), width)
            style = self._styles["cursor"] if index == cursor else self._ink(kind) + paper
            segments.append(self._cell(index, text, style, right=kind == "number"))
        gutter = Segment(f"{number + 1:>{window.gutter - 1}} ", self._styles["gutter"] + paper)
        return self._strip(segments, window, gutter, paper)

    def _ink(self, kind: CellKind) -> Style:
        part = _PART_OF_KIND.get(kind)
        return self._styles[part] if part else self._base

    def _cell(self, index: int, text: str, style: Style, *, right: bool = False) -> Segment:
        blank = " " * PADDING
        return Segment(f"{blank}{fit(text, self._layout.width(index), right=right)}{blank}", style)

    def _strip(self, segments: list[Segment], window: ColumnWindow, gutter: Segment, blank: Style) -> Strip:
        visible = self._layout.visible(window.x, window.width)
        skipped = window.x - self._layout.start(visible.start) if visible else 0
        cells = Strip(segments).crop_extend(skipped, skipped + window.width, blank)
        return Strip.join([Strip([gutter], window.gutter), cells])
