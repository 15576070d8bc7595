"""How a table in CSV is written, and where it begins and ends among other lines of its file."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Literal

from core.decoding.errors import DecodeError, quote

if TYPE_CHECKING:
    from _csv import Reader

UnevenRows = Literal["strict", "fill", "drop"]
"""What becomes of a row that has not as many cells as there are columns."""

_LINES_SHOWN = 3
"""Lines of a file that an error shows."""


@dataclass(frozen=True, slots=True)
class TableFormat:
    """How a table is written.

    `quote` is the mark around cells; empty: there is none. `quote_is_said`: the manifest itself names it. `skip_lines`
    and `header_begins_with` say which lines come before the header, `ends_before` how what comes after the last row
    begins (a line feed: with a blank line).
    """

    delimiter: str = ","
    quote: str = '"'
    quote_is_said: bool = False
    skip_lines: int = 0
    header_begins_with: str = ""
    ends_before: tuple[str, ...] = ()
    uneven_rows: UnevenRows = "fill"

    @property
    def has_other_lines(self) -> bool:
        """Whether lines of the file may be no part of the table."""
        return bool(self.skip_lines or self.header_begins_with or self.ends_before)

    @property
    def is_plain(self) -> bool:
        """Whether cells are written as most programs do, and the table ends with the file."""
        return self.delimiter == "," and self.quote == '"' and not self.ends_before

    def reader(self, lines: Iterable[str], *, strict: bool = True) -> Reader:
        """The rows of the lines."""
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            quotechar=self.quote or None,
            quoting=csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            strict=strict,
        )

    def unquoted(self, line: str) -> str:
        """A line without the marks around its cells, as far as it has any and can be read."""
        try:
            return self.delimiter.join(next(self.reader((line,), strict=False), ()))
        except csv.Error:
            return line


class End:
    """Knows the row, or the line, that comes after the last row of a table."""

    def __init__(self, form: TableFormat) -> None:
        self._form = form
        self._texts = tuple(form.unquoted(text) for text in form.ends_before if text != "\n")
        self._is_blank_line = "\n" in form.ends_before
        self._first_cells = tuple(text.partition(form.delimiter)[0] for text in self._texts)

    def find(self, rows: Sequence[Sequence[str]], *, has_begun: bool) -> int | None:
        """The index of the first row that is no row of the table any more, which can't be a blank one unless the table
        `has_begun`, before these rows or in them.
        """
        first_cells = self._first_cells
        for index in [at for at, row in enumerate(rows) if len(row) < 2 or row[0].startswith(first_cells)]:
            if self.is_at(rows[index]) and (has_begun or rows[index] or any(rows[:index])):
                return index
        return None

    def is_at(self, row: Sequence[str]) -> bool:
        """Whether a row is no row of the table any more. Quotation marks around its cells don't count."""
        if self._is_blank_line and (not row or (len(row) == 1 and not row[0].strip())):
            return True
        return self._form.delimiter.join(row).startswith(self._texts)

    def is_at_line(self, line: str) -> bool:
        """The same for a line that can't be read as a row."""
        return bool(self._texts) and self._form.unquoted(line).startswith(self._texts)


class TableLines:
    """The lines of a file from the header of its table on.

    `skipped` counts those before it. `recent` holds the lines that were given since it was last cleared, where the
    table may end before the file does.
    """

    def __init__(self, lines: Iterable[str], form: TableFormat) -> None:
        self._lines = iter(lines)
        self._form = form
        self._first: list[str] = []
        self.skipped = 0
        self.recent: list[str] = []

    def __iter__(self) -> Iterator[str]:
        """Raises `DecodeError` when the lines to be skipped, or the header, are not there."""
        if self._form.header_begins_with:
            lines = self._from_header()
        else:
            self._skip()
            lines = self._lines
        if not self._form.ends_before:
            yield from lines
            return
        for line in lines:
            self.recent.append(line)
            yield line

    @property
    def has_table(self) -> bool:
        """Whether a table should follow the lines that were skipped: none follows where nothing is written in them, or
        the first one is already what comes after the table.
        """
        return bool(self._first) and not End(self._form).is_at_line(self._first[0])

    def beginning(self) -> str:
        """The first lines of the file that are not blank, for people."""
        return ", ".join(map(quote, self._first))

    def _pass(self, line: str) -> None:
        self.skipped += 1
        if len(self._first) < _LINES_SHOWN and line.strip():
            self._first.append(line.rstrip("\n"))

    def _skip(self) -> None:
        for line in islice(self._lines, self._form.skip_lines):
            self._pass(line)
        if self.skipped < self._form.skip_lines and self.has_table:
            raise DecodeError(
                f"`skip_lines` of the CsvDecoder skips {self._form.skip_lines:,} lines, but the CSV file has only "
                f"{self.skipped:,}; it begins with {self.beginning()}."
            )

    def _from_header(self) -> Iterator[str]:
        wanted = self._form.unquoted(self._form.header_begins_with)
        for line in self._lines:
            if self._form.unquoted(line).startswith(wanted):
                yield line
                yield from self._lines
                return
            self._pass(line)
        if self.has_table:
            raise DecodeError(
                f"No line of the CSV file begins with {quote(self._form.header_begins_with)}, as `header_begins_with` "
                f"of the CsvDecoder says; its first lines are {self.beginning()}. If the file has no rows then, name "
                "the beginning of its first line in `ends_before`."
            )
