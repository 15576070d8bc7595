"""Rows of a CSV file as the bytes that they are written in, for those who need no record of each."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from operator import itemgetter
from typing import Any, overload

from core.decoding.chunks import BLOCK, whole_lines
from core.decoding.csv_doubts import holds_whole_rows

Record = dict[str, Any]

_first, _last = itemgetter(0), itemgetter(-1)
_BESIDE_CELLS = frozenset(b",\n")
_IN_CELLS = bytes(code for code in range(256) if code not in _BESIDE_CELLS)


class Rows(Sequence[Record]):
    """Records as rows of CSV, which nothing has changed; a record is made when it is looked at, and again each time.

    `text` is UTF-8 with a comma between cells, quotation marks around those that need them (doubled inside), and a line
    feed behind each row; other line breaks and NULs don't occur. Every row has a cell for each of `columns`, whose
    names are different. All values are text. `breaks` is the number of line feeds inside of cells.
    """

    __slots__ = ("_count", "breaks", "columns", "text")

    def __init__(self, columns: tuple[str, ...], text: bytes, count: int, breaks: int) -> None:
        self.columns = columns
        self.text = text
        self._count = count
        self.breaks = breaks

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Record]:
        columns = self.columns
        return (dict(zip(columns, row)) for row in _cells(self.text))  # noqa: B905  # as long as each other

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> list[Record]: ...
    def __getitem__(self, index: int | slice) -> Record | list[Record]:
        if index in (-1, self._count - 1):
            return dict(zip(self.columns, next(_cells(_last_row(self.text))), strict=True))
        if index == 0:
            return next(iter(self))
        return list(self)[index]

    def first(self, count: int) -> Rows:
        """The first so many."""
        text = b"".join(_each_row(self.text, count))
        rows = min(count, self._count)
        return Rows(self.columns, text, rows, text.count(b"\n") - rows)


def _cells(text: bytes) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(text.decode(), newline="\n"))


def _each_row(text: bytes, count: int) -> Iterator[bytes]:
    """The first so many rows."""
    lines: list[bytes] = []
    is_open = 0
    for line in io.BytesIO(text):
        if count <= 0:
            return
        lines.append(line)
        is_open ^= line.count(b'"') & 1
        if not is_open:
            yield b"".join(lines)
            lines, count = [], count - 1


def _last_row(text: bytes) -> bytes:
    start, is_open = len(text), 0
    while start == len(text) or is_open:
        end, start = start, text.rfind(b"\n", 0, start - 1) + 1
        is_open ^= text.count(b'"', start, end) & 1
    return text[start:]


def rows_of(columns: tuple[str, ...], text: bytes, *, trusts_quotes: bool) -> Rows | None:
    """The rows at the beginning of a text of whole lines up to the last one that is whole, when all of them certainly
    are what `Rows` holds.

    None: they may be fine as well, but each needs a closer look. A row of several lines may have swallowed others
    unless the reader `trusts_quotes` (see `core.decoding.csv_doubts`).
    """
    if b"\0" in text:
        return None
    parts = text.split(b'"')
    if len(parts) % 2 == 0:
        whole = _whole(parts)
        return rows_of(columns, whole, trusts_quotes=trusts_quotes) if whole else None
    plain = parts[::2]
    if not _BESIDE_CELLS.issuperset(map(_first, filter(None, plain[1:]))):
        return None  # text behind a closing quotation mark
    if not _BESIDE_CELLS.issuperset(map(_last, filter(None, plain[:-1]))):
        return None  # a quotation mark in the middle of a cell
    rows = b'"'.join(plain)
    if not text.endswith(b"\n"):
        text += b"\n"
        rows += b"\n"
    separators = rows.translate(None, _IN_CELLS)
    count = len(separators) // len(columns)
    if separators != (b"," * (len(columns) - 1) + b"\n") * count:
        return None
    if len(columns) == 1 and (rows.startswith(b"\n") or b"\n\n" in rows):
        return None  # an empty line is no row
    quoted = b"".join(parts[1::2])
    breaks = quoted.count(b"\n") if b"\n" in quoted else 0  # a search is much quicker than a count
    if breaks and not trusts_quotes and _may_have_swallowed(text, len(columns)):
        return None
    try:
        text.decode()
    except UnicodeDecodeError:
        return None
    return Rows(columns, text, count, breaks)


def _whole(parts: list[bytes]) -> bytes:
    """The rows of a text that ends in a quoted cell, without the last one."""
    for index in range(len(parts) - 2, -1, -2):
        end = parts[index].rfind(b"\n") + 1
        if end:
            return b'"'.join((*parts[:index], parts[index][:end]))
    return b""


def _may_have_swallowed(text: bytes, width: int) -> bool:
    rows = (row for row in _each_row(text, text.count(b"\n")) if row.count(b"\n") > 1)
    return any(holds_whole_rows(next(_cells_of_any(row)), width, ",") for row in rows)


def _cells_of_any(row: bytes) -> Iterator[list[str]]:
    return csv.reader(io.StringIO(row.decode("utf-8", "replace"), newline="\n"))


class RowSource(Iterator[str]):
    """The lines of a CSV file in UTF-8, one by one as text, or as many as are there as `Rows`.

    Every line break is a line feed.
    """

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._blocks = whole_lines(_with_line_feeds(chunks))
        self._block = b""
        self._at = 0
        self._odd_until = 0
        """How far in the block rows need a closer look."""
        self.passed = 0
        """Lines that were given as `Rows`."""

    def __next__(self) -> str:
        start = self._at
        if start == len(self._block):
            self._load(next(self._blocks))
            start = 0
        self._at = self._block.find(b"\n", start) + 1 or len(self._block)
        return self._block[start : self._at].decode()

    def odd_lines(self) -> int:
        """How many lines should be read one by one before rows are asked for again; 0: nobody knows."""
        return self._block.count(b"\n", self._at, self._odd_until)

    def rows(self, columns: tuple[str, ...], *, trusts_quotes: bool) -> Rows | None:
        """The next rows; None where lines should be read one by one, and at the end."""
        if self._at == len(self._block):
            self._load(next(self._blocks, b""))
        if self._at < self._odd_until or not self._block:
            return None
        end = self._end_of_lines()
        rows = rows_of(columns, self._block[self._at : end], trusts_quotes=trusts_quotes)
        if rows is None:
            self._odd_until = end
            return None
        self._at = min(self._at + len(rows.text), len(self._block))  # the last line feed may have been added
        self.passed += len(rows) + rows.breaks
        return rows

    def _end_of_lines(self) -> int:
        """The end of about as many lines as are best handled in one go."""
        limit = self._at + BLOCK
        if limit >= len(self._block):
            return len(self._block)
        return self._block.rfind(b"\n", self._at, limit) + 1 or self._block.find(b"\n", limit) + 1 or len(self._block)

    def _load(self, block: bytes) -> None:
        self._block, self._at, self._odd_until = block, 0, 0


def _with_line_feeds(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same text, in which each line ends with a line feed alone."""
    held = b""
    for chunk in chunks:
        block = held + chunk
        held = b""
        if b"\r" in block:
            if block.endswith(b"\r"):
                block, held = block[:-1], b"\r"
            block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        yield block
    if held:
        yield b"\n"
