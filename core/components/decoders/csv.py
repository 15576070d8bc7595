"""Decodes tables in CSV and its relatives with other delimiters."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, Field

from core.components.base import Shown
from core.components.decoders.errors import DecodeError, kind_of, not_this, quote, refuse_packed
from core.components.decoders.streams import Encoding, peek, text_lines, undecodable
from core.components.roles import Decoder

LONGEST_CELL = 128 * 1024 * 1024
"""Characters that a cell may have; a quotation mark that is never closed ends here at the latest."""

_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_OTHER_TEXTS = frozenset({"an HTML page", "an XML document"})


def _one_character(delimiter: str) -> str:
    character = unescaped(delimiter)
    if len(character) != 1 or character in '"\r\n':
        raise ValueError(f"the delimiter must be one character such as , or ; or \\t, but it is `{delimiter}`")
    return delimiter


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
    set_values_to_none: Annotated[list[str] | None, Shown(advanced=True)] = Field(
        None, title="Values that mean null", description="Cells with exactly this text become null."
    )

    def decode(self, chunks: Iterator[bytes]) -> Iterator[dict[str, Any]]:
        """A record for each row; nothing for an empty file.

        Airbyte: missing cells at the end of a row are null, of repeated column names the last one counts,
        blank lines are skipped, line breaks in a cell become line feeds. A row with more cells than there are
        columns is a `DecodeError` unless the further cells are empty (Airbyte: they are kept under a key that
        is not text).
        """
        head, stream = peek(chunks)
        _refuse_other_formats(head)
        csv.field_size_limit(max(csv.field_size_limit(), LONGEST_CELL))
        encoding = "utf-16" if head.startswith(_UTF_16_MARKS) else self.encoding
        reader = csv.reader(text_lines(stream, encoding), delimiter=unescaped(self.delimiter))
        try:
            records = _records(reader)
            nulls = frozenset(self.set_values_to_none or ())
            yield from _with_nulls(records, nulls) if nulls else records
        except UnicodeDecodeError as error:
            raise undecodable(encoding, error, f" after line {reader.line_num:,}") from None
        except UnicodeError as error:
            raise DecodeError(f"The response is not text in the encoding {encoding}: {error}.") from None
        except csv.Error as error:
            raise DecodeError(f"Line {reader.line_num:,} of the CSV file can't be read: {error}.") from None


def _records(reader: Any) -> Iterator[dict[str, Any]]:
    columns: list[str] = next((row for row in reader if row), [])
    width = len(columns)
    for row in reader:
        if len(row) == width:
            yield dict(zip(columns, row))  # noqa: B905  # as long as each other; `strict` costs a tenth of the time
        elif row:
            yield dict(zip(columns, _fitted(row, columns, reader.line_num), strict=True))


def _fitted(row: list[str], columns: list[str], line: int) -> list[str | None]:
    surplus = row[len(columns) :]
    if any(surplus):
        raise DecodeError(
            f"Line {line:,} of the CSV file has {len(row)} cells, but there are {len(columns)} columns; "
            f"one cell too many is {quote(next(filter(None, surplus)))}. "
            "Check the delimiter, and whether the API quotes its cells."
        )
    return [*row[: len(columns)], *[None] * (len(columns) - len(row))]


def _with_nulls(records: Iterator[dict[str, Any]], nulls: frozenset[str]) -> Iterator[dict[str, Any]]:
    for record in records:
        yield {column: None if cell in nulls else cell for column, cell in record.items()}


def _refuse_other_formats(head: bytes) -> None:
    """Pages and error documents would pass for tables of one column."""
    refuse_packed(head, "a CSV file")
    kind = kind_of(head)
    if kind in _OTHER_TEXTS or (kind == "JSON" and _is_json(head)):
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
