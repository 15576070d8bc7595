"""A table of mappings that draws only the cells in view, however many rows and columns there are."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import BindingType
from textual.cache import LRUCache
from textual.geometry import Offset, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.widgets.base import WidgetMessage, hidden, shown
from tui.widgets.display_text import compact_json
from tui.widgets.record_cells import MISSING, PADDING, PARTS, ColumnLayout, ColumnWindow, RecordPainter, describe
from tui.widgets.record_source import FilteredSource, ListSource, RecordSource
from tui.widgets.record_view import RecordView, Sort

_SAMPLED_ROWS = 100
_WIDTH_STEP = 4
_FILTER_SLICE = 0.008
"""Seconds of filtering between two turns of the event loop."""
_SLICES_PER_REDRAW = 12
SORTED_AT_MOST = 2_000_000
"""Records that are sorted; some 100 bytes are kept of each meanwhile, 8 from then on."""
_BETWEEN_SORTS = 3
"""How long growing records rest before they are sorted again, in multiples of the time that sorting takes."""


class RecordTable(ScrollView, can_focus=True):
    """Records (mappings of column names to values) as rows under a fixed header, with a cell cursor and row numbers.

    Give it a `RecordSource` and call `sync` when the source has grown. A field that a record lacks is blank,
    JSON's null is a dimmed `null`, the empty text is `""`; nested values stand as compact JSON.
    """

    BINDING_GROUP_TITLE = "Records"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("enter", "choose", "View cell", "Show the whole value", "records.view"),
        shown("y", "copy_cell", "Copy cell", "Copy the value of this cell", "records.copy-cell"),
        hidden("Y", "copy_row", "Copy row", "Copy the record as JSON", "records.copy-row"),
        shown("s", "sort", "Sort", "Sort by this column: ascending, descending, not at all", "records.sort"),
        hidden("less_than_sign", "resize(-1)", "Narrower", "Make the column narrower", "records.narrower", display="<"),
        hidden("greater_than_sign", "resize(1)", "Wider", "Make the column wider", "records.wider", display=">"),
        hidden("up,k", "move(-1, 0)", "Up", "One row up", "records.up"),
        hidden("down,j", "move(1, 0)", "Down", "One row down", "records.down"),
        hidden("left,h", "move(0, -1)", "Left", "One column left", "records.left"),
        hidden("right,l", "move(0, 1)", "Right", "One column right", "records.right"),
        hidden("pageup", "page(-1)", "Page up", "One page up", "records.page-up"),
        hidden("pagedown", "page(1)", "Page down", "One page down", "records.page-down"),
        hidden("home", "edge_column(0)", "First column", "Go to the first column", "records.first-column"),
        hidden("end", "edge_column(-1)", "Last column", "Go to the last column", "records.last-column"),
        hidden("ctrl+home,g", "edge_row(0)", "First row", "Go to the first row", "records.first-row"),
        hidden("ctrl+end,G", "edge_row(-1)", "Last row", "Go to the last row", "records.last-row"),
    ]

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"record-table--{part}" for part in PARTS}

    DEFAULT_CSS = """
    RecordTable {
        scrollbar-size: 1 1;
        height: 1fr;
        background: $surface;
        color: $foreground;
        & > .record-table--header { background: $panel; color: $foreground; text-style: bold; }
        & > .record-table--gutter { color: $text-muted; }
        & > .record-table--cursor { background: $block-cursor-blurred-background; text-style: underline; }
        & > .record-table--cursor-row { background: $boost; }
        & > .record-table--number { color: $text-primary; }
        & > .record-table--nested { color: $text-accent; }
        & > .record-table--null { color: $text-muted; text-style: italic; }
        &:focus > .record-table--cursor {
            background: $block-cursor-background;
            color: $block-cursor-foreground;
            text-style: $block-cursor-text-style;
        }
    }
    """

    @dataclass
    class CursorMoved(WidgetMessage["RecordTable"]):
        """The cursor stands on another cell."""

        row: int
        column: str

    @dataclass
    class CellChosen(WidgetMessage["RecordTable"]):
        """A cell was chosen with enter or a double click; a field that the record lacks has the value None."""

        row: int
        column: str
        record: Mapping[str, object]

        @property
        def value(self) -> object:
            return self.record.get(self.column)

    @dataclass
    class CopyRequested(WidgetMessage["RecordTable"]):
        """A person wants this text on the clipboard; `what` names it ("cell", "record")."""

        text: str
        what: str

    @dataclass
    class FilterProgress(WidgetMessage["RecordTable"]):
        """So many of the examined rows matched the filter; `total` is the number of rows that there are."""

        matches: int
        examined: int
        total: int

    def __init__(self, source: RecordSource | None = None, *, placeholder: str = "") -> None:
        super().__init__()
        self.placeholder = placeholder
        self._view = RecordView(source if source is not None else ListSource())
        self._columns = ColumnLayout()
        self._sampled = 0
        self._shown = 0
        self._row = 0
        self._column = 0
        self._dragged: int | None = None
        self._painter: RecordPainter | None = None
        self._strips: LRUCache[tuple[object, ...], Strip] = LRUCache(512)

    # What is shown

    @property
    def source(self) -> RecordSource:
        """The records in the table, filtered if there is a filter, and sorted if they are."""
        return self._view.shown

    @property
    def cursor(self) -> tuple[int, int]:
        """Row and column of the cursor, counted from 0, the row within the filtered records."""
        return self._row, self._column

    @property
    def filter_text(self) -> str:
        """The text that the rows are filtered by, or nothing."""
        return self._view.filter_text

    @property
    def sorted_by(self) -> Sort | None:
        """What the rows are sorted by, or are going to be."""
        return self._view.sorted_by

    def load(self, source: RecordSource) -> None:
        """Show other records, from the top, neither filtered nor sorted."""
        self._view.load(source)
        self.workers.cancel_group(self, "sort")
        self._columns = ColumnLayout()
        self._painter = None
        self._sampled = 0
        self._start_over()

    def filter(self, text: str) -> None:
        """Show only rows with a cell that contains the text; an empty text shows all rows."""
        if text == self.filter_text:
            return
        self._view.filter(text)
        self.workers.cancel_group(self, "sort")
        self._start_over()

    def sort(self, by: Sort | None) -> None:
        """Show the rows sorted by a column, or as they came (None)."""
        if self._view.sort(by):
            self.workers.cancel_group(self, "sort")
        self._start_over()

    def sync(self) -> None:
        """Take in what the source has gained; costs the same however much there is."""
        self._take_in_columns()
        filtered = self._view.filtered
        if isinstance(filtered, FilteredSource) and not filtered.finished:
            self.run_worker(self._examine(filtered), group="filter", exclusive=True, exit_on_error=False)
        else:
            self._sort_on()
        self._show_growth()

    def on_mount(self) -> None:
        self.sync()

    def _start_over(self) -> None:
        self._strips.clear()
        self._shown = self._row = 0
        self._column = min(self._column, max(0, len(self._view.base.columns()) - 1))
        self.workers.cancel_group(self, "filter")
        self.scroll_to(0, 0, animate=False)
        self.sync()
        self.refresh()

    def _take_in_columns(self) -> None:
        names = self._view.base.columns()
        total = len(self._view.base)
        if len(names) > len(self._columns):
            self._columns.add(names[len(self._columns) :])
            self._columns.sample(self._rows(range(max(self._sampled, total - 20), total)))
        if self._sampled < min(total, _SAMPLED_ROWS):
            fresh = range(self._sampled, min(total, _SAMPLED_ROWS))
            self._columns.sample(self._rows(fresh))
            self._sampled = fresh.stop

    def _rows(self, indexes: range) -> Iterable[Mapping[str, object]]:
        return (self._view.base.row(index) for index in indexes)

    def _show_growth(self) -> None:
        shown, self._shown = self._shown, len(self.source)
        size = Size(self._gutter_width + self._columns.total, self._shown + 1)
        if size != self.virtual_size:
            widened = size.width != self.virtual_size.width
            self.virtual_size = size
            if widened or shown < self.scroll_offset.y + self.size.height:
                self.refresh()

    async def _examine(self, view: FilteredSource) -> None:
        """Filter in slices, letting the screen work between them."""
        slices = 0
        while not view.finished:
            view.advance(_FILTER_SLICE)
            slices += 1
            if slices % _SLICES_PER_REDRAW == 1:
                self._report(view)
            await asyncio.sleep(0)
        self._report(view)
        self._sort_on()

    def _report(self, view: FilteredSource) -> None:
        self._show_growth()
        self.post_message(self.FilterProgress(self, len(view), view.examined, len(self._view.base)))

    # Sorting

    def action_sort(self) -> None:
        """Sort by the column of the cursor: ascending, then descending, then not at all."""
        if not self._columns.names:
            return
        column, present = self._columns.names[self._column], self._view.sorted_by
        if len(self._view.filtered) > SORTED_AT_MOST:
            self.notify(f"No more than {SORTED_AT_MOST:,} records are sorted here: filter them first.", markup=False)
        elif present is None or present.column != column:
            self.sort(Sort(column))
        else:
            self.sort(None if present.descending else Sort(column, descending=True))

    def _sort_on(self) -> None:
        """Find the order of the rows where it is wanted and not known, unless that is being done."""
        workers = (one for one in self.workers if one.group == "sort" and one.node is self)
        at_work = any(not one.is_finished and not one.is_cancelled for one in workers)
        if self._view.sorted_by is not None and not self._view.is_in_order and not at_work:
            self.run_worker(self._find_order(), group="sort", exclusive=True, exit_on_error=False)

    async def _find_order(self) -> None:
        """Have the order found; again, after a while, when there are more rows by then."""
        view = self._view
        while view.sorted_by is not None and not view.is_in_order and len(view.filtered) <= SORTED_AT_MOST:
            began = perf_counter()
            try:
                found = await view.find_order()
            except Exception as error:  # whatever keeps the records from being read
                self.notify(f"The records can't be sorted: {error}", severity="error", markup=False)
                self.sort(None)
                return
            if found:
                self._strips.clear()
                self.refresh()
                if not view.is_in_order:
                    await asyncio.sleep(_BETWEEN_SORTS * (perf_counter() - began))

    # The cursor

    def move_cursor(self, row: int, column: int) -> None:
        """Put the cursor on a cell (the nearest one that there is) and bring it into view."""
        row = max(0, min(row, len(self.source) - 1))
        column = max(0, min(column, len(self._columns) - 1))
        moved = (row, column) != self.cursor
        for line in {self._row, row}:
            self.refresh_line(line + 1)
        if column != self._column:
            self.refresh_line(self.scroll_offset.y)
        self._row, self._column = row, column
        self._reveal()
        if moved:
            self.post_message(self.CursorMoved(self, row, self._columns.names[column]))

    def go_to_column(self, name: str) -> None:
        """Put the cursor on a column, if there is such a one."""
        if name in self._columns.names:
            self.move_cursor(self._row, self._columns.names.index(name))

    def _reveal(self) -> None:
        if not self._columns.names:
            return
        x, y = self.scroll_offset
        rows = max(1, self.size.height - 1)
        y = min(self._row, max(y, self._row - rows + 1))
        left, right = self._columns.start(self._column), self._columns.start(self._column + 1)
        x = min(left, max(x, right - (self.size.width - self._gutter_width)))
        self.scroll_to(x, y, animate=False)

    def action_move(self, rows: int, columns: int) -> None:
        self.move_cursor(self._row + rows, self._column + columns)

    def action_page(self, direction: int) -> None:
        page = direction * max(1, self.size.height - 2)
        self.scroll_to(y=self.scroll_offset.y + page, animate=False)
        self.move_cursor(self._row + page, self._column)

    def action_edge_row(self, index: int) -> None:
        """Go to the first (0) or last (-1) row."""
        self.move_cursor(index % max(1, len(self.source)), self._column)

    def action_edge_column(self, index: int) -> None:
        """Go to the first (0) or last (-1) column."""
        self.move_cursor(self._row, index % max(1, len(self._columns)))

    def action_resize(self, direction: int) -> None:
        if self._columns.names:
            self._resize(self._column, self._columns.width(self._column) + direction * _WIDTH_STEP)
            self._reveal()

    def _resize(self, column: int, width: int) -> None:
        self._columns.resize(column, width)
        self._show_growth()
        self.refresh()

    def action_choose(self) -> None:
        """Post `CellChosen` for the cell under the cursor."""
        if len(self.source) and self._columns.names:
            column = self._columns.names[self._column]
            self.post_message(self.CellChosen(self, self._row, column, self.source.row(self._row)))

    def action_copy_cell(self) -> None:
        """Ask for the value under the cursor to be copied."""
        if len(self.source) and self._columns.names:
            value = self.source.row(self._row).get(self._columns.names[self._column], MISSING)
            self.post_message(self.CopyRequested(self, describe(value)[0], "cell"))

    def action_copy_row(self) -> None:
        """Ask for the record under the cursor to be copied as JSON."""
        if len(self.source):
            text = compact_json(dict(self.source.row(self._row)))
            self.post_message(self.CopyRequested(self, text, "record"))

    # The mouse

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is; a double click chooses."""
        offset = event.get_content_offset(self)
        column = self._hit(offset) if offset else None
        if offset is None or column is None:
            return
        row = self._row if offset.y == 0 else self.scroll_offset.y + offset.y - 1
        if row < len(self.source):
            self.move_cursor(row, column)
            if event.chain == 2:
                self.action_choose() if offset.y > 0 else self.action_sort()

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of the right edge of a header cell."""
        offset = event.get_content_offset(self)
        if offset and offset.y == 0:
            self._dragged = self._edge_at(offset)
            if self._dragged is not None:
                self.capture_mouse()
                event.stop()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Drag the edge of a column."""
        if self._dragged is not None:
            right = event.x - self.gutter.left - self._gutter_width + self.scroll_offset.x + 1
            self._resize(self._dragged, right - self._columns.start(self._dragged) - 2 * PADDING)

    def on_mouse_up(self) -> None:
        """Let go of the edge."""
        if self._dragged is not None:
            self._dragged = None
            self.release_mouse()

    def _hit(self, offset: Offset) -> int | None:
        x = offset.x - self._gutter_width
        return self._columns.at(x + self.scroll_offset.x) if x >= 0 else None

    def _edge_at(self, offset: Offset) -> int | None:
        """The column whose right edge is at an offset."""
        column = self._hit(offset)
        x = offset.x - self._gutter_width + self.scroll_offset.x
        return column if column is not None and x == self._columns.start(column + 1) - 1 else None

    # Drawing

    def render_line(self, y: int) -> Strip:
        """Line 0 is the header, where there are columns, the lines below it are the rows in view."""
        window = ColumnWindow(self.scroll_offset.x, self.size.width - self._gutter_width, self._gutter_width)
        row = self.scroll_offset.y + y - 1
        if y == 0 and self._columns.names:
            return self._brush().header(window, self._column, self._mark())
        if not 0 <= row < len(self.source):
            return self._below(y)
        cursor = self._column if row == self._row else None
        key = (row, cursor, window, self._columns.version, self.has_focus)
        strip = self._strips.get(key)
        if strip is None:
            strip = self._brush().row(window, self._view.number(row), self.source.row(row), cursor)
            self._strips[key] = strip
        return strip

    def _below(self, y: int) -> Strip:
        text = self.placeholder if y == 2 and not len(self.source) else ""
        strip = Strip([Segment(f"  {text}", self.get_component_rich_style("record-table--null"))])
        return strip.adjust_cell_length(self.size.width, self.rich_style)

    def _brush(self) -> RecordPainter:
        """The painter, kept until the columns or the colours change."""
        if self._painter is None:
            styles = {part: self.get_component_rich_style(f"record-table--{part}") for part in PARTS}
            self._painter = RecordPainter(self._columns, self.rich_style, styles)
        return self._painter

    def _mark(self) -> tuple[int, str] | None:
        """The column that the rows are sorted by, and how."""
        by = self._view.sorted_by
        if by is None or by.column not in self._columns.names:
            return None
        mark = ("▼" if by.descending else "▲") if self._view.is_ordered else "…"
        return self._columns.names.index(by.column), mark

    @property
    def _gutter_width(self) -> int:
        return max(3, len(str(len(self._view.base)))) + 1

    def notify_style_update(self) -> None:
        """Redraw in the new colours."""
        self._strips.clear()
        self._painter = None
        super().notify_style_update()
