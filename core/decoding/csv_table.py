"""Reads the rows of a table in CSV, with their places, strictly: where a reader would guess, there is an error."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice
from typing import Any

from core.decoding.chunks import LONGEST_LINE, ending_lines, line_of, recoded, text_lines, undecodable
from core.decoding.csv_doubts import (
    OR_UTF_16,
    about_last_row,
    about_names,
    about_rows_behind,
    holds_whole_rows,
    is_delimiter_line,
    refuse_binary,
    refuse_message,
    refuse_other_delimiter,
)
from core.decoding.csv_format import End, TableFormat, TableLines
from core.decoding.csv_rows import Rows, RowSource
from core.decoding.errors import DecodeError, quote

ROWS = 100
"""Rows that are looked at together."""

_ASCII = bytes(range(128))
_OTHER_LINES = (
    "Check the delimiter, whether the API quotes its cells, and whether other lines, such as a title, come "
    "before the one that names the columns: `skip_lines` or `header_begins_with` of the CsvDecoder skips them, and "
    "`ends_before` leaves out a total or a note at the end."
)


class Table:
    """The rows of a file as they are read, and where they are in it.

    `columns` are those that are known before; the file has no header then. `hold` is told those of a header that holds
    for other files as well, which may repeat it. `warn` is told what people should know of this file, `warn_once` what
    may be so in each of several. `charset` is the one that the response names, where that could be another encoding.
    """

    def __init__(
        self,
        stream: Iterator[bytes],
        encoding: str,
        form: TableFormat,
        *,
        warn: Callable[[str], None],
        warn_once: Callable[[str], None],
        columns: Sequence[str] = (),
        hold: Callable[[list[str]], None] | None = None,
        charset: str | None = None,
    ) -> None:
        csv.field_size_limit(max(csv.field_size_limit(), LONGEST_LINE))
        self.columns = list(columns)
        self._is_known = bool(columns)
        self._hold = hold
        self._encoding = encoding
        self._charset = charset
        self._form = form
        self._warn = warn
        self._warn_once = warn_once
        self._body = stream
        self._line = 0
        """The line at which the last row ended that was taken."""
        self._odd = False
        """Whether each row needs a closer look."""
        self._unnamed: list[int] = []
        self._has_begun = self._is_over = False
        self._kept = self._dropped = self._first_dropped = 0
        self._too_long: DecodeError | None = None
        like_ascii = _ASCII.decode(encoding, "replace") == _ASCII.decode("ascii")
        if not like_ascii:
            stream, encoding = recoded(stream, encoding), "utf-8"
        self._source: RowSource | None = None
        """Gives rows that need no closer look."""
        lines: Iterable[str]
        if form.is_plain and codecs.lookup(encoding).name == "utf-8":
            lines = self._source = RowSource(self._watched(stream))
        else:
            lines = text_lines(self._watched(stream), encoding)
        self._lines = TableLines(lines, form)
        self._end = End(form) if form.ends_before else None
        self._as_written: set[str] | None = set()
        """The first lines, as long as they may tell more than the rows."""
        lines = iter(self._lines if form.has_other_lines else lines)
        self._reader = form.reader(chain(self._noted(lines), lines))

    def blocks(self) -> Iterator[Sequence[dict[str, Any]]]:
        """The records, as `Rows` where nothing has to be looked at.

        Raises `DecodeError`, after what was read before the error.
        """
        try:
            yield from self._blocks()
        finally:
            self._tell_of_dropped()

    def _blocks(self) -> Iterator[Sequence[dict[str, Any]]]:
        if not self.columns:
            self.columns = self._header()
        if not self.columns:
            return
        if self._is_known or len(self.columns) > 1:
            self._as_written = None
        is_first, last = True, list[str]()
        last_rows: Rows | None = None
        while True:
            needs_look = is_first and (self._is_known or len(self.columns) == 1)
            whole = None if needs_look else self._whole_rows()
            if whole is not None:
                self._kept += len(whole)
                yield whole
                is_first, last_rows = False, whole
                continue
            start = self._line
            rows, error = self._next(min(ROWS, self._source.odd_lines() or ROWS) if self._source else ROWS)
            if is_first and self._is_known:
                self._drop_header(rows)
            elif is_first and not error and self._as_written is not None:
                refuse_other_delimiter(self.columns, rows, self._form, self._as_written)
            self._as_written = None
            records, unfit = self._records(rows, start)
            if records and not (unfit and is_first):  # perhaps the first line names no columns, and nothing is right
                self._kept += len(records)
                yield records
            is_first = False
            if unfit or error:
                raise unfit or error  # type: ignore[misc]  # one of them is there
            if not rows:
                break
            if filled := [*filter(None, rows)]:
                last, last_rows = filled[-1], None
        if not (last or last_rows) and not self._is_named:
            refuse_message(self.columns)
        self._finish([*last_rows[-1].values()] if last_rows else last)

    @property
    def _is_named(self) -> bool:
        """Whether the manifest itself names the columns, the header, or what is there in place of it."""
        is_end = self._end is not None and (self._is_over or self._end.is_at(self.columns))
        return self._is_known or is_end or bool(self._form.header_begins_with)

    def _whole_rows(self) -> Rows | None:
        """The rows that are there and need no closer look."""
        if self._source is None or self._odd or len(set(self.columns)) < len(self.columns):
            return None
        rows = self._source.rows(tuple(self.columns), trusts_quotes=self._form.quote_is_said)
        self._line = self._lines_read
        return rows

    @property
    def _lines_read(self) -> int:
        return self._reader.line_num + self._lines.skipped + (self._source.passed if self._source else 0)

    def _header(self) -> list[str]:
        """The names of the columns; none at all: the file is empty."""
        while True:
            rows, error = self._next(1, ends=False)
            if error is not None:
                raise error
            if not rows:
                break
            if rows[0] and not is_delimiter_line(rows[0], self._form.delimiter):
                self._check_columns(rows[0])
                self._has_begun = True
                if self._hold is not None:
                    self._hold(rows[0])
                return rows[0]
        if self._lines.has_table and not self._form.header_begins_with:
            raise DecodeError(
                f"The CSV file has no line that names the columns behind the {self._lines.skipped:,} that `skip_lines` "
                f"of the CsvDecoder skips; it begins with {self._lines.beginning()}."
            )
        return []

    def _drop_header(self, rows: list[list[str]]) -> None:
        """Leave out a first row that holds the names that are known. Raises `DecodeError` where it may not be there."""
        for index, row in enumerate(rows):
            if row and is_delimiter_line(row, self._form.delimiter):
                rows[index] = []
                continue
            if _lower(row) == _lower(self.columns):
                if self._hold is None:
                    raise DecodeError(
                        "The first line of the CSV file holds the names that `columns` of the CsvDecoder gives. "
                        "Leave `columns` out, or skip that line with `skip_lines: 1`."
                    )
                rows[index] = []
            elif self._hold is not None and row and self.columns in rows:
                raise DecodeError(
                    "The header of the first file comes again in this one, but below other lines. If each file has it "
                    "there, leave out `first_header_holds` of the CsvDecoder."
                )
            if row:
                return

    def _finish(self, last: Sequence[str]) -> None:
        """What is left to be said and done behind the last row."""
        if self._too_long is not None and not self._kept:
            raise self._too_long
        if self._form.uneven_rows == "fill" and self._end is None:
            doubt = about_last_row(last, len(self.columns))
            if doubt:
                self._warn_once(doubt)
        if self._is_over:
            for _ in self._body:  # a body that breaks off is noticed, also behind the table
                pass

    def _next(self, count: int, *, ends: bool = True) -> tuple[list[list[str]], DecodeError | None]:
        """So many rows, or those up to an error, and the error; where it `ends`, none behind the end of the table."""
        rows: list[list[str]] = []
        error: DecodeError | None = None
        if self._is_over:
            return rows, error
        self._lines.recent.clear()
        try:
            rows.extend(islice(self._reader, count))
        except UnicodeDecodeError as found:
            error = self._undecodable(found)
        except UnicodeError as found:
            error = DecodeError(f"The response is not text in the encoding {self._encoding}: {found}.")
        except DecodeError as found:
            error = found
        except csv.Error as found:
            error = self._unreadable(str(found), self._line + sum(map(_lines_of, rows)))
            taken = sum(map(_lines_of, rows))
            if ends and self._end is not None and self._end.is_at_line("".join(self._lines.recent[taken : taken + 1])):
                self._is_over, error = True, None
        self._line = self._lines_read
        if ends and self._end is not None and self._cut(rows, self._end):
            self._is_over, error = True, None
        return rows, error

    def _cut(self, rows: list[list[str]], end: End) -> bool:
        """Remove the rows from the end of the table on; whether there were any."""
        index = end.find(rows, has_begun=self._has_begun)
        self._has_begun = self._has_begun or any(rows)
        if index is None:
            return False
        behind = rows[index + 1 :]
        with suppress(csv.Error, UnicodeError):  # what comes behind the table may be anything
            behind += islice(self._reader, ROWS)
        doubt = about_rows_behind(behind, len(self.columns), end.is_at)
        if doubt:
            self._warn_once(doubt)
        del rows[index:]
        return True

    def _records(self, rows: list[list[str]], start: int) -> tuple[list[dict[str, Any]], DecodeError | None]:
        """The records of rows the first of which begins after line `start`, up to one that is wrong, and the error."""
        columns, width = self.columns, len(self.columns)
        if self._line - start == len(rows) and not self._odd and all(len(row) == width for row in rows):
            return [dict(zip(columns, row)) for row in rows], None  # noqa: B905  # as long as each other
        records: list[dict[str, Any]] = []
        try:
            for row in rows:
                first, start = start + 1, start + _lines_of(row)
                cells = self._fitted(row, width, first, start) if row else None
                if cells is not None:
                    records.append(dict(zip(columns, cells, strict=True)))
        except DecodeError as error:
            return records, error
        return records, None

    def _fitted(self, row: list[str], width: int, first: int, last: int) -> Sequence[str | None] | None:
        """The cells of a row in the lines `first` to `last`, as many as there are columns; None: it is left out."""
        if self._odd:
            refuse_binary(row, first)
            self._refuse_lost_cells(row, first)
        if last > first and not self._form.quote_is_said and holds_whole_rows(row, width, self._form.delimiter):
            raise self._swallowed(first, last)
        if len(row) == width:
            return row
        if self._form.uneven_rows == "strict":
            raise self._uneven(row, first, " `uneven_rows: strict` of the CsvDecoder allows no such row.")
        is_too_long = any(row[width:])
        if self._form.uneven_rows == "drop" and (is_too_long or len(row) < width):
            self._dropped += 1
            self._first_dropped = self._first_dropped or first
            if is_too_long and self._too_long is None:
                reason = " No other row has as many cells as there are columns, either. "
                self._too_long = self._uneven(row, first, reason + _OTHER_LINES)
            return None
        if is_too_long:
            raise self._uneven(row, first, f" {_OTHER_LINES} `uneven_rows: drop` leaves damaged rows out.")
        return [*row[:width], *[None] * (width - len(row))]

    def _uneven(self, row: Sequence[str], line: int, advice: str) -> DecodeError:
        width = len(self.columns)
        columns = "is 1 column" if width == 1 else f"are {width} columns"
        surplus = next(filter(None, row[width:]), None)
        too_many = f"; one cell too many is {quote(surplus)}" if surplus else ""
        cells = "1 cell" if len(row) == 1 else f"{len(row)} cells"
        return DecodeError(f"Line {line:,} of the CSV file has {cells}, but there {columns}{too_many}.{advice}")

    def _tell_of_dropped(self) -> None:
        if self._dropped:
            rows = "1 row of the CSV file was" if self._dropped == 1 else f"{self._dropped:,} rows of the CSV file were"
            self._warn(
                f"{rows} left out (`uneven_rows: drop`), because the number of cells is not that of the columns, "
                f"{len(self.columns)}; the first one is in line {self._first_dropped:,}."
            )

    def _noted(self, lines: Iterator[str]) -> Iterator[str]:
        """The lines for as long as they are noted."""
        while self._as_written is not None and (line := next(lines, "")):
            self._as_written.add(line.rstrip("\n"))
            yield line

    def _watched(self, stream: Iterable[bytes]) -> Iterator[bytes]:
        """The same bytes; it is noted when there are NULs among them. Raises `DecodeError` for a line without end."""
        for block in ending_lines(stream):
            self._odd = self._odd or b"\0" in block
            yield block

    def _check_columns(self, columns: list[str]) -> None:
        if any("\0" in name for name in columns):
            raise DecodeError(
                f"Line {self._line:,}, which should name the columns of the CSV file, has NUL bytes in it. "
                f"The response is binary data{OR_UTF_16}"
            )
        unnamed = [index for index, name in enumerate(columns) if not name.strip()]
        if len(unnamed) > 1:
            self._unnamed, self._odd = unnamed, True
        doubt = about_names(columns)
        if doubt:
            self._warn_once(doubt)

    def _refuse_lost_cells(self, row: list[str], line: int) -> None:
        """Of the cells under the same empty name only the last one would be left."""
        lost = [row[index] for index in self._unnamed if index < len(row) and row[index]]
        if len(lost) > 1:
            raise DecodeError(
                f"Line {line:,} of the CSV file has values in {len(lost)} columns without a name, "
                f"such as {quote(lost[0])}. "
                "The first line should name the columns; do other lines, such as a title, come before that one? "
                "`skip_lines` or `header_begins_with` of the CsvDecoder skips them."
            )

    def _undecodable(self, found: UnicodeDecodeError) -> DecodeError:
        error = undecodable(self._encoding, found, line_of(found, self._lines_read))
        if self._charset is None or self._charset == self._encoding:
            return error
        return DecodeError(
            f"{error} The response names {self._charset}, and `encoding: from_response` of the CsvDecoder reads it so."
        )

    def _unreadable(self, reason: str, before: int) -> DecodeError:
        """The error for what Python's reader refuses in the row behind line `before`, where it stopped later."""
        first, last = before + 1, max(self._lines_read, before + 1)
        if "field larger" in reason:
            return DecodeError(
                f"A cell in line {first:,} of the CSV file does not end within {LONGEST_LINE:,} characters. "
                f"{self._advice()}"
            )
        begins = f"a cell that begins with {self._form.quote} in line {first:,}"
        if "end of data" in reason:
            return DecodeError(
                f"The CSV file ends inside {begins} and is never closed: "
                f"it is cut short, or the {self._form.quote} is text. "
                f"{self._advice()}"
            )
        if "expected after" in reason:
            place = f"line {last:,}" if last == first else f"line {last:,}, in {begins}"
            return DecodeError(
                f"In {place} of the CSV file, text follows a closing {self._form.quote}; "
                f"only a delimiter or the end of the line may. {self._advice()}"
            )
        return DecodeError(f"Line {last:,} of the CSV file can't be read: {reason}.")

    def _advice(self) -> str:
        return (
            f"If the API means {self._form.quote} as text and not as the mark around a cell, "
            'set `quote_character: ""` of the CsvDecoder.'
        )

    def _swallowed(self, first: int, last: int) -> DecodeError:
        return DecodeError(
            f"Lines {first:,} to {last:,} of the CSV file make one row, by the {self._form.quote} in them, "
            f"but each of them looks like a row of its own. {self._advice()} "
            f"If the row is right, set it to `'{self._form.quote}'`, as if it were no default."
        )


def _lines_of(row: list[str]) -> int:
    """The lines that a row takes."""
    return 1 + sum(cell.count("\n") for cell in row)


def _lower(names: Sequence[str]) -> list[str]:
    return [name.strip().lower() for name in names]
