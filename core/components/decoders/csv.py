"""Decodes tables in CSV and its relatives with other delimiters."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, Field, PrivateAttr, model_validator

from core.decoding.chunks import InBlocks, as_utf_8, encoding_of, known_encoding, peek
from core.decoding.csv_format import TableFormat, UnevenRows
from core.decoding.csv_table import Table
from core.decoding.errors import BodyKind, DecodeError, NoCharset, kind_of, not_this, refuse_packed
from core.http.charsets import as_browsers_read, marked_encoding
from core.manifest.problems import Problem, Severity
from core.runtime.component import Shown
from core.runtime.roles import Decoder
from core.runtime.slices import SliceMemory

FROM_RESPONSE = "from_response"
_OTHER_TEXTS = frozenset({BodyKind.HTML, BodyKind.XML})


def _one_character(delimiter: str) -> str:
    character = unescaped(delimiter)
    if len(character) != 1 or character in '"\r\n':
        raise ValueError(f"the delimiter must be one character such as , or ; or \\t, but it is `{delimiter}`")
    return delimiter


def _quotation_mark(character: str) -> str:
    if len(character) > 1 or character in ("\r", "\n", "\0"):
        raise ValueError(f"the quote character must be one character such as \" or ', or empty: `{character}` is not")
    return character


def _known_or_sent(encoding: str) -> str:
    return encoding if encoding == FROM_RESPONSE else known_encoding(encoding)


def _with_tabs(text: str) -> str:
    r"""The beginning of a line that is meant: `\t` is a tab, `\n` the end of the line."""
    return text.replace("\\t", "\t").replace("\\n", "\n")


def unescaped(delimiter: str) -> str:
    """The delimiter that is meant: what begins with a backslash is an escape; an empty text means a comma."""
    if delimiter.startswith("\\"):
        return codecs.decode(delimiter, "unicode_escape")
    return delimiter or ","


class CsvDecoder(Decoder):
    """The response is a CSV file. Its first line names the columns, and every value is text.

    Lines before that one, a total or notes at the end, and files without such a line are read, too.
    """

    label = "CSV"

    encoding: Annotated[str, AfterValidator(_known_or_sent)] = Field(
        "utf-8",
        title="Encoding",
        description="The text encoding of the file, such as utf-8 or cp1252. Write `from_response` for the charset "
        "that the Content-Type of each response names, as in `text/plain; charset=Cp1252`.",
    )
    delimiter: Annotated[str, AfterValidator(_one_character)] = Field(
        ",", title="Delimiter", description="The character between two cells; `\\t` is a tab."
    )
    quote_character: Annotated[
        str, AfterValidator(_quotation_mark), Shown(ours=True, empty="none: quotes are plain text")
    ] = Field(
        '"',
        title="Quote Character",
        description="The character around cells with delimiters or line breaks in them; doubled, it stands for itself. "
        "Empty: no character does that, and quotation marks are plain text.",
    )
    skip_lines: Annotated[int, Shown(advanced=True, ours=True)] = Field(
        0, ge=0, title="Lines to skip", description="How many lines come before the header, blank ones included."
    )
    header_begins_with: Annotated[str | None, Shown(advanced=True, ours=True, unset="the first line")] = Field(
        None,
        title="Header begins with",
        description="How the line that names the columns begins, such as `Advertiser,Date`. Lines before the first "
        "such line are skipped. Quotation marks around cells don't matter.",
    )
    ends_before: Annotated[
        str | list[str] | None, Shown(editor="strings", advanced=True, ours=True, unset="the end of the file")
    ] = Field(
        None,
        title="Table ends before",
        description="How the first line after the last row begins, such as `Grand Total` or `©`; it and all lines "
        "after it are left out. `\\n` means a blank line; a list gives several texts. Quotation marks around cells "
        "don't matter, and lines inside a cell don't count.",
    )
    columns: Annotated[list[str] | None, Shown(advanced=True, ours=True, unset="as the header says")] = Field(
        None,
        min_length=1,
        title="Columns",
        description="The names of the columns, in order, where the file has no header.",
    )
    first_header_holds: Annotated[bool, Shown(advanced=True, ours=True)] = Field(
        False,
        title="Only the first file has a header",
        description="The result of a slice comes in several files or pages, and the header of the first one holds for "
        "all. A later file, also one in the same archive, may repeat it.",
    )
    uneven_rows: Annotated[UnevenRows, Shown(advanced=True, ours=True)] = Field(
        "fill",
        title="Uneven rows",
        description="What to do with rows that have too few or too many cells. `strict`: both are errors. `fill`: "
        "missing cells are null, cells too many are an error unless they are empty. `drop`: the rows are left out, and "
        "the log says how many.",
    )
    set_values_to_none: Annotated[list[str] | None, Shown(advanced=True)] = Field(
        None, title="Values that mean null", description="Cells with exactly this text become null."
    )

    _memory: SliceMemory | None = PrivateAttr(None)

    @model_validator(mode="after")
    def _different_characters(self) -> CsvDecoder:
        if self.quote_character == unescaped(self.delimiter):
            raise ValueError("the quote character and the delimiter must be different")
        return self

    def lint(self) -> list[Problem]:
        return list(self._contradictions())

    def _contradictions(self) -> Iterator[Problem]:
        if self.header_begins_with and self.skip_lines:
            message = (
                "`header_begins_with` finds the header, and `skip_lines` counts the lines before it: use one of them"
            )
            yield Problem(message, ("header_begins_with",), fields=("skip_lines",))
        if isinstance(self.ends_before, list) and "" in self.ends_before:
            message = "an empty text ends no table; a blank line is written `\\n`"
            yield Problem(message, ("ends_before", self.ends_before.index("")))
        if self.columns is None:
            return
        if self.header_begins_with:
            message = "with `columns` the file has no header, but `header_begins_with` says how it begins"
            hint = "to replace the names of a header, skip it with `skip_lines`"
            yield Problem(message, ("header_begins_with",), hint=hint, fields=("columns", "skip_lines"))
        if self.first_header_holds:
            message = "with `columns` no file has a header, but `first_header_holds` says that the first one does"
            yield Problem(message, ("first_header_holds",), fields=("columns",))
        for index, name in enumerate(self.columns):
            if name in self.columns[:index]:
                yield Problem(f"the column “{name}” is listed already", ("columns", index))

    def unportable(self) -> list[Problem]:
        if self.encoding != FROM_RESPONSE:
            return []
        message = f"Airbyte takes `{FROM_RESPONSE}` for the name of an encoding, and doesn't know it"
        return [Problem(message, ("encoding",), Severity.WARNING)]

    @property
    def carries_over(self) -> bool:
        return self.first_header_holds

    def for_slice(self, memory: SliceMemory) -> Decoder:
        decoder = self.model_copy()
        decoder._memory = memory
        return decoder

    def decode(self, chunks: Iterator[bytes], charset: str | None = None) -> Iterator[dict[str, Any]]:
        """A record for each row; nothing for an empty file.

        Airbyte: missing cells at the end of a row are null, of repeated column names the last one counts,
        blank lines are skipped, line breaks in a cell become line feeds. Where Airbyte guesses, there is a
        `DecodeError`: text behind a closing quotation mark, a cell that is not closed at the end, a cell that has
        swallowed rows (`core.decoding.csv_doubts`), a row with more cells than there are columns unless
        the further cells are empty (Airbyte: they are kept under a key that is not text), and binary data.
        """
        return InBlocks(self._blocks(chunks, charset))

    def _blocks(self, chunks: Iterator[bytes], charset: str | None) -> Iterator[Sequence[dict[str, Any]]]:
        head, stream = peek(chunks)
        _refuse_other_formats(head)
        if not head:
            return
        stream, encoding = self._readable(head, stream, charset)
        memory = self._memory or SliceMemory()
        table = self._table(stream, encoding, charset, memory)
        nulls = frozenset(self.set_values_to_none or ())
        for records in table.blocks():
            yield [_with_nulls(record, nulls) for record in records] if nulls else records

    def _readable(self, head: bytes, stream: Iterator[bytes], charset: str | None) -> tuple[Iterator[bytes], str]:
        """The bytes, and the encoding that they are in now."""
        if self.encoding != FROM_RESPONSE:
            return stream, encoding_of(head, self.encoding, None)
        charset = as_browsers_read(charset) if charset else marked_encoding(head)
        if charset is None:
            raise NoCharset
        return as_utf_8(stream, encoding_of(head, None, charset), charset), "utf-8"

    def _table(self, stream: Iterator[bytes], encoding: str, charset: str | None, memory: SliceMemory) -> Table:
        known, form = self.columns or [], self._form
        if self.first_header_holds:
            known = memory.note(("columns", self.identity), list)
            if known:
                form = replace(form, skip_lines=0, header_begins_with="")
            elif memory.first_read:
                raise DecodeError(
                    "The first file of the slice was empty, but its header is that of the others, as "
                    "`first_header_holds` of the CsvDecoder says. If each file has a header, leave it out; if none "
                    "has, name the `columns`."
                )
        hold = known.extend if self.first_header_holds else None
        return Table(
            stream,
            encoding,
            form,
            warn=memory.warn,
            warn_once=memory.warn_once,
            columns=known,
            hold=hold,
            charset=None if self.encoding == FROM_RESPONSE else charset,
        )

    @property
    def _form(self) -> TableFormat:
        ends = [self.ends_before] if isinstance(self.ends_before, str) else self.ends_before or ()
        return TableFormat(
            delimiter=unescaped(self.delimiter),
            quote=self.quote_character,
            quote_is_said="quote_character" in self.model_fields_set,
            skip_lines=self.skip_lines,
            header_begins_with=_with_tabs(self.header_begins_with or ""),
            ends_before=tuple(map(_with_tabs, filter(None, ends))),
            uneven_rows=self.uneven_rows,
        )


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
