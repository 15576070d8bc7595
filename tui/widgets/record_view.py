"""What a table shows of its records: those that a filter leaves, in the order of a column."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from tui.widgets.record_order import Order, SortedSource, order_by
from tui.widgets.record_source import FilteredSource, RecordSource


@dataclass(frozen=True, slots=True)
class Sort:
    """What rows are sorted by."""

    column: str
    descending: bool = False


class RecordView:
    """The records of a source, filtered if there is a filter, and sorted as far as their order is known.

    Neither happens by itself: who has it advances the `filtered` source, and asks for the order.
    """

    def __init__(self, source: RecordSource) -> None:
        self.load(source)

    def load(self, source: RecordSource) -> None:
        """Show all records of another source as they come."""
        self.base = self.filtered = self.shown = source
        self.sorted_by: Sort | None = None
        """What the rows are sorted by, or are going to be."""
        self._order: Order | None = None

    @property
    def filter_text(self) -> str:
        """The text that the rows are filtered by, or nothing."""
        return self.filtered.text if isinstance(self.filtered, FilteredSource) else ""

    def filter(self, text: str) -> None:
        """Leave only rows with a cell that contains the text; an empty text leaves all rows."""
        self.filtered = self.shown = FilteredSource(self.base, text) if text else self.base
        self._order = None

    def sort(self, by: Sort | None) -> bool:
        """Sort by a column, or not at all (None); whether that takes another order than the one before."""
        before, self.sorted_by = self.sorted_by, by
        is_other = by is None or before is None or by.column != before.column
        if is_other:
            self._order = None
        self._show_sorted()
        return is_other

    @property
    def is_ordered(self) -> bool:
        """Whether an order is known, be it of the first rows alone."""
        return self._order is not None

    @property
    def is_in_order(self) -> bool:
        """Whether every row has its place."""
        return self.sorted_by is None or (self._order is not None and len(self._order.indexes) >= len(self.filtered))

    async def find_order(self) -> bool:
        """Find the order of the rows in a thread, and show them so; false if it is not wanted by then."""
        by, rows = self.sorted_by, self.filtered
        if by is None:
            return False

        def is_cancelled() -> bool:
            return self.filtered is not rows or self.sorted_by is None or self.sorted_by.column != by.column

        order = await asyncio.to_thread(order_by, rows, by.column, is_cancelled)
        if order is None or is_cancelled():
            return False
        self._order = order
        self._show_sorted()
        return True

    def number(self, row: int) -> int:
        """The index that a row has in the records as they came."""
        if isinstance(self.shown, SortedSource):
            row = self.shown.number(row)
        return self.filtered.number(row) if isinstance(self.filtered, FilteredSource) else row

    def _show_sorted(self) -> None:
        by, order = self.sorted_by, self._order
        if by is None or order is None:
            self.shown = self.filtered
        else:
            self.shown = SortedSource(self.filtered, order, descending=by.descending)
