"""Where a table gets its records from: a protocol, a list of records, and a filtered view of a source."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from time import perf_counter
from typing import Protocol

from tui.widgets.record_cells import describe

_ROWS_BETWEEN_LOOKS_AT_THE_CLOCK = 64


class RecordSource(Protocol):
    """Records that can be asked for by their index; they are only ever added, at the end."""

    def __len__(self) -> int:
        """How many records there are by now."""

    def row(self, index: int) -> Mapping[str, object]:
        """The record at an index, counted from 0."""

    def columns(self) -> Sequence[str]:
        """The union of the field names seen so far, in the order they came; it only grows, at the end."""


class ListSource:
    """Records held in memory."""

    def __init__(self, records: Iterable[Mapping[str, object]] = ()) -> None:
        self._records: list[Mapping[str, object]] = []
        self._columns: dict[str, None] = {}
        self._names: list[str] = []
        self.extend(records)

    def __len__(self) -> int:
        return len(self._records)

    def row(self, index: int) -> Mapping[str, object]:
        return self._records[index]

    def columns(self) -> Sequence[str]:
        return self._names

    def extend(self, records: Iterable[Mapping[str, object]]) -> None:
        """Add records at the end."""
        for record in records:
            self._records.append(record)
            if not record.keys() <= self._columns.keys():
                self._names.extend(name for name in record if name not in self._columns)
                self._columns.update(dict.fromkeys(record))


class FilteredSource:
    """The records of another source that hold a text in one of their cells, whatever its case.

    It finds them bit by bit: `advance` looks at some more records, and what was found so far can be shown.
    """

    def __init__(self, source: RecordSource, text: str) -> None:
        self.source = source
        self.text = text
        self.examined = 0
        """How many records of the other source have been looked at."""
        self._needle = text.casefold()
        self._found = array("Q")

    def __len__(self) -> int:
        return len(self._found)

    def row(self, index: int) -> Mapping[str, object]:
        return self.source.row(self._found[index])

    def columns(self) -> Sequence[str]:
        return self.source.columns()

    def number(self, index: int) -> int:
        """The index that a record of this view has in the other source."""
        return self._found[index]

    @property
    def finished(self) -> bool:
        """Whether every record that there is by now has been looked at."""
        return self.examined >= len(self.source)

    def advance(self, seconds: float) -> None:
        """Look at more records for about so many seconds."""
        deadline = perf_counter() + seconds
        while not self.finished:
            stop = min(self.examined + _ROWS_BETWEEN_LOOKS_AT_THE_CLOCK, len(self.source))
            self._found.extend(index for index in range(self.examined, stop) if self._matches(index))
            self.examined = stop
            if perf_counter() > deadline:
                return

    def _matches(self, index: int) -> bool:
        cells = [describe(value)[0] for value in self.source.row(index).values()]
        return self._needle in "\n".join(cells).casefold()
