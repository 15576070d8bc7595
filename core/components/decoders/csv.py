"""Decodes tables in CSV and its relatives with other delimiters."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, Field, model_validator

from core.decoding.chunks import (
    LONGEST_LINE,
    Encoding,
    InBlocks,
    encoding_of,
    ending_lines,
    line_of,
    peek,
    recoded,
    text_lines,
    undecodable,
)
from core.decoding.errors import BodyKind, DecodeError, kind_of, not_this, quote, refuse_packed
from core.runtime.component import Shown
from core.runtime.roles import Decoder

_NUMBER = re.compile(r"[-+]?\d+([.,]\d+)*")
_DIGITS = re.compile(r"\d+")
_IN_PROSE = ",;"
"""Delimiters that people write, too: two columns are no sign there."""


def holds_whole_rows(row: Sequence[str], width: int, delimiter: str) -> bool:
    """Whether each line of a row that has several is certainly a row of its own, of a table with `width` columns.

    A row that is too short has swallowed rows when each of its lines has a cell for every column (of the last one some
    may be missing). A row that fits has when, beyond that, its lines look alike: there is a column in which all of them
    have a number, or a text with digits that is built the same (a date, a code). A cell with a blank at its start is
    prose ("one, two"), and no sign at all.
    """
    if width < 2 or (width == 2 and delimiter in _IN_PROSE):
        return False
    lines = [line.split(delimiter) for line in delimiter.join(row).split("\n")]
    if any(cell[:1].isspace() for line in lines for cell in line):
        return False
    if any(len(line) != width for line in lines[:-1]):
        return False
    if len(row) < width:
        return 1 < len(lines[-1]) <= width
    return len(lines[-1]) == width and any(_alike(column) for column in zip(*lines, strict=True))


def _alike(cells: Sequence[str]) -> bool:
    shapes = {"number" if _NUMBER.fullmatch(cell) else _DIGITS.sub("9", cell) for cell in cells}
    return len(shapes) == 1 and any(character.isdigit() for character in cells[0])


ROWS = 100
"""Rows that are looked at together."""

_OTHER_TEXTS = frozenset({BodyKind.HTML, BodyKind.XML})
_OR_UTF_16 = ", or text in UTF-16: then set `encoding` to utf-16-le or utf-16-be."
_ASCII = bytes(range(128))


def _one_character(delimiter: str) -> str:
    character = unescaped(delimiter)
    if len(character) != 1 or character in '"\r\n':
        raise ValueError(f"the delimiter must be one character such as , or ; or \\t, but it is `{delimiter}`")
    return delimiter


def _quotation_mark(character: str) -> str:
    if len(character) > 1 or character in ("\r", "\n", "\0"):
        raise ValueError(f"the quote character must be one character such as \" or ', or empty: `{character}` is not")
    return character


def unescaped(delimiter: str) -> str:
    """The delimiter that is meant: what begins with a backslash is an escape; an empty text means a comma."""
    if delimiter.startswith("\\"):
        return codecs.decode(delimiter, "unicode_escape")
    return delimiter or ","


class CsvDecoder(Decoder):
    """The response is a CSV file. Its first line names the columns, and every value is text."""

    label = "CSV"

    encoding: Encoding = Field("utf-8", title="Encoding", description="The text encoding of the file.")
    delimiter: Annotated[str, AfterValidator(_one_character)] = Field(
        ",", title="Delimiter", description="The character between two cells; `\\t` is a tabulator."
    )
    quote_character: Annotated[
        str, AfterValidator(_quotation_mark), Shown(ours=True, empty="none: quotes are plain text")
    ] = Field(
        '"',
        title="Quote Character",
        description="The character around cells with delimiters or line breaks in them; doubled, it stands for itself. "
        "Empty: no character does that, and quotation marks are plain text.",
    )
    set_values_to_none: Annotated[list[str] | None, Shown(advanced=True)] = Field(
        None, title="Values that mean null", description="Cells with exactly this text become null."
    )

    @model_validator(mode="after")
    def _different_characters(self) -> CsvDecoder:
        if self.quote_character == unescaped(self.delimiter):
            raise ValueError("the quote character and the delimiter must be different")
        return self

    def decode(self, chunks: Iterator[bytes], charset: str | None = None) -> Iterator[dict[str, Any]]:
        """A record for each row; nothing for an empty file.

        Airbyte: missing cells at the end of a row are null, of repeated column names the last one counts,
        blank lines are skipped, line breaks in a cell become line feeds. Where Airbyte guesses, there is a
        `DecodeError`: text behind a closing quotation mark, a cell that is not closed at the end, a cell that has
        swallowed rows (`core.components.decoders.csv`), a row with more cells than there are columns unless
        the further cells are empty (Airbyte: they are kept under a key that is not text), and binary data.
        """
        return InBlocks(self._blocks(chunks))

    def _blocks(self, chunks: Iterator[bytes]) -> Iterator[list[dict[str, Any]]]:
        head, stream = peek(chunks)
        _refuse_other_formats(head)
        table = _Table(self, stream, encoding_of(head, self.encoding, None))
        nulls = frozenset(self.set_values_to_none or ())
        for records in table.blocks():
            yield [_with_nulls(record, nulls) for record in records] if nulls else records


class _Table:
    """The rows of a file as they are read, and where they are in it."""

    def __init__(self, decoder: CsvDecoder, stream: Iterator[bytes], encoding: str) -> None:
        csv.field_size_limit(max(csv.field_size_limit(), LONGEST_LINE))
        self._encoding = encoding
        self._quote = decoder.quote_character
        self._delimiter = unescaped(decoder.delimiter)
        self._is_said = "quote_character" in decoder.model_fields_set
        self._line = 0
        """The line at which the last row ended that was taken."""
        self._odd = False
        """Whether each row needs a closer look."""
        self._unnamed: list[int] = []
        like_ascii = _ASCII.decode(encoding, "replace") == _ASCII.decode("ascii")
        if not like_ascii:
            stream, encoding = recoded(stream, encoding), "utf-8"
        lines = text_lines(self._watched(stream), encoding)
        self._reader = csv.reader(
            lines,
            delimiter=self._delimiter,
            quotechar=self._quote or None,
            quoting=csv.QUOTE_MINIMAL if self._quote else csv.QUOTE_NONE,
            strict=True,
        )

    def blocks(self) -> Iterator[list[dict[str, Any]]]:
        """The records. Raises `DecodeError`, after what was read before the error."""
        columns: list[str] = []
        while not columns:
            rows, error = self._next(1)
            if error is not None:
                raise error
            if not rows:
                return
            columns = rows[0]
            self._check_columns(columns)
        is_first = True
        while True:
            start = self._line
            rows, error = self._next(ROWS)
            records, unfit = self._records(rows, columns, start)
            if records and not (unfit and is_first):  # perhaps the first line names no columns, and nothing is right
                yield records
            is_first = False
            if unfit or error:
                raise unfit or error  # type: ignore[misc]  # one of them is there
            if not rows:
                return

    def _next(self, count: int) -> tuple[list[list[str]], DecodeError | None]:
        """So many rows, or those up to an error, and the error."""
        rows: list[list[str]] = []
        error: DecodeError | None = None
        try:
            rows.extend(islice(self._reader, count))
        except UnicodeDecodeError as found:
            error = undecodable(self._encoding, found, line_of(found, self._reader.line_num))
        except UnicodeError as found:
            error = DecodeError(f"The response is not text in the encoding {self._encoding}: {found}.")
        except DecodeError as found:
            error = found
        except csv.Error as found:
            error = self._unreadable(str(found), self._line + sum(map(_lines_of, rows)))
        self._line = self._reader.line_num
        return rows, error

    def _records(
        self, rows: list[list[str]], columns: list[str], start: int
    ) -> tuple[list[dict[str, Any]], DecodeError | None]:
        """The records of rows the first of which begins after line `start`, up to one that is wrong, and the error."""
        width = len(columns)
        if self._line - start == len(rows) and not self._odd and all(len(row) == width for row in rows):
            return [dict(zip(columns, row)) for row in rows], None  # noqa: B905  # as long as each other
        records: list[dict[str, Any]] = []
        try:
            for row in rows:
                first, start = start + 1, start + _lines_of(row)
                if row:
                    records.append(dict(zip(columns, self._fitted(row, width, first, start), strict=True)))
        except DecodeError as error:
            return records, error
        return records, None

    def _fitted(self, row: list[str], width: int, first: int, last: int) -> list[str | None]:
        """The cells of a row in the lines `first` to `last`, as many as there are columns."""
        if self._odd:
            _refuse_binary(row, first)
            self._refuse_lost_cells(row, first)
        if last > first and not self._is_said and holds_whole_rows(row, width, self._delimiter):
            raise self._swallowed(first, last)
        surplus = row[width:]
        if any(surplus):
            raise DecodeError(
                f"Line {first:,} of the CSV file has {len(row)} cells, but there are {width} columns; "
                f"one cell too many is {quote(next(filter(None, surplus)))}. "
                "Check the delimiter, whether the API quotes its cells, and whether other lines, such as a title, come "
                "before the one that names the columns."
            )
        return [*row[:width], *[None] * (width - len(row))]

    def _watched(self, stream: Iterable[bytes]) -> Iterator[bytes]:
        """The same bytes; it is noted when there are NULs among them. Raises `DecodeError` for a line without end."""
        for block in ending_lines(stream):
            self._odd = self._odd or b"\0" in block
            yield block

    def _check_columns(self, columns: list[str]) -> None:
        if any("\0" in name for name in columns):
            raise DecodeError(
                f"Line {self._line:,}, which should name the columns of the CSV file, has NUL bytes in it. "
                f"The response is binary data{_OR_UTF_16}"
            )

        unnamed = [index for index, name in enumerate(columns) if not name.strip()]
        if len(unnamed) > 1:
            self._unnamed, self._odd = unnamed, True

    def _refuse_lost_cells(self, row: list[str], line: int) -> None:
        """Of the cells under the same empty name only the last one would be left."""
        lost = [row[index] for index in self._unnamed if index < len(row) and row[index]]
        if len(lost) > 1:
            raise DecodeError(
                f"Line {line:,} of the CSV file has values in {len(lost)} columns without a name, "
                f"such as {quote(lost[0])}. "
                "The first line should name the columns; do other lines, such as a title, come before that one?"
            )

    def _unreadable(self, reason: str, before: int) -> DecodeError:
        """The error for what Python's reader refuses in the row behind line `before`, where it stopped later."""
        first, last = before + 1, max(self._reader.line_num, before + 1)
        if "field larger" in reason:
            return DecodeError(
                f"A cell in line {first:,} of the CSV file does not end within {LONGEST_LINE:,} characters. "
                f"{self._advice()}"
            )
        begins = f"a cell that begins with {self._quote} in line {first:,}"
        if "end of data" in reason:
            return DecodeError(
                f"The CSV file ends inside {begins} and is never closed: "
                f"it is cut short, or the {self._quote} is text. "
                f"{self._advice()}"
            )
        if "expected after" in reason:
            place = f"line {last:,}" if last == first else f"line {last:,}, in {begins}"
            return DecodeError(
                f"In {place} of the CSV file, text follows a closing {self._quote}; "
                f"only a delimiter or the end of the line may. {self._advice()}"
            )
        return DecodeError(f"Line {last:,} of the CSV file can't be read: {reason}.")

    def _advice(self) -> str:
        return (
            f"If the API means {self._quote} as text and not as the mark around a cell, "
            'set `quote_character: ""` of the CsvDecoder.'
        )

    def _swallowed(self, first: int, last: int) -> DecodeError:
        return DecodeError(
            f"Lines {first:,} to {last:,} of the CSV file make one row, by the {self._quote} in them, "
            f"but each of them looks like a row of its own. {self._advice()} "
            f"If the row is right, set it to `'{self._quote}'`, as if it were no default."
        )


def _lines_of(row: list[str]) -> int:
    """The lines that a row takes."""
    return 1 + sum(cell.count("\n") for cell in row)


def _refuse_binary(row: list[str], line: int) -> None:
    """Single NULs in a text are kept, as Airbyte does; what is full of them is no text."""
    text = "".join(row)
    if 2 * text.count("\0") >= len(text) > 0:
        raise DecodeError(f"Line {line:,} of the CSV file is full of NUL bytes. The file is damaged{_OR_UTF_16}")


def _with_nulls(record: dict[str, Any], nulls: frozenset[str]) -> dict[str, Any]:
    return {column: None if cell in nulls else cell for column, cell in record.items()}


def _refuse_other_formats(head: bytes) -> None:
    """Pages and error documents would pass for tables of one column."""
    refuse_packed(head, "a CSV file")
    kind = kind_of(head)
    if kind in _OTHER_TEXTS or (kind is BodyKind.JSON and _is_json(head)):
        raise not_this("a CSV file", head)


def _is_json(head: bytes) -> bool:
    """Whether `head`, or its first line, is a JSON document."""
    for text in (head, head.lstrip().partition(b"\n")[0]):
        try:
            orjson.loads(text)
        except orjson.JSONDecodeError:
            continue
        return True
    return False
