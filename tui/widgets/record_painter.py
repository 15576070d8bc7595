"""Draws the header and the rows of a record table as strips, formatting only the columns in view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.widgets.cells import MISSING, CellKind, cell_text, escape, fit
from tui.widgets.column_layout import PADDING, ColumnLayout

Part = Literal["header", "gutter", "cursor", "cursor-row", "number", "nested", "null"]
PARTS: tuple[Part, ...] = get_args(Part)

_PART_OF_KIND: Mapping[CellKind, Part] = {
    "number": "number",
    "boolean": "number",
    "nested": "nested",
    "null": "null",
}


@dataclass(frozen=True)
class Window:
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

    def header(self, window: Window, cursor: int) -> Strip:
        """The names of the columns, that of the cursor's column marked."""
        style = self._styles["header"]
        segments = []
        for index in self._layout.visible(window.x, window.width):
            marked = Style(underline=True) if index == cursor else Style.null()
            text = escape(self._layout.names[index][: self._layout.width(index) + 1])
            segments.append(self._cell(index, text, style + marked))
        return self._strip(segments, window, Segment(" " * window.gutter, style), style)

    def row(self, window: Window, number: int, record: Mapping[str, object], cursor: int | None) -> Strip:
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

    def _strip(self, segments: list[Segment], window: Window, gutter: Segment, blank: Style) -> Strip:
        visible = self._layout.visible(window.x, window.width)
        skipped = window.x - self._layout.start(visible.start) if visible else 0
        cells = Strip(segments).crop_extend(skipped, skipped + window.width, blank)
        return Strip.join([Strip([gutter], window.gutter), cells])
