"""Decodes spreadsheets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from core.decoding.chunks import peek
from core.decoding.errors import BodyKind, DecodeError, not_this, packed_kind
from core.decoding.spreadsheets import Row, sheet_rows
from core.runtime.component import Shown
from core.runtime.roles import Decoder

_KINDS = frozenset({BodyKind.OFFICE, BodyKind.OLD_OFFICE, BodyKind.ZIP})
_HEAD = 512


def _distinct(columns: list[str] | None) -> list[str] | None:
    if columns is not None and not all(columns):
        raise ValueError("a column has no name")
    repeated = _repeated(columns or ())
    if repeated is not None:
        raise ValueError(f"two columns have the name “{repeated}”")
    return columns


def _repeated(names: Iterable[str]) -> str | None:
    return next((name for name, count in Counter(names).items() if count > 1), None)


def _numbered(sheet: str | int | None) -> str | int | None:
    if sheet in ("", 0) or (isinstance(sheet, int) and sheet < 0):
        raise ValueError("a sheet is named, or numbered from 1")
    return sheet


class ExcelDecoder(Decoder):
    """The response is a spreadsheet (xlsx, xlsb, xls or ods). Each row of one sheet becomes a record.

    The first row names the columns. Numbers, texts and booleans stay what they are; dates and times become text, such
    as `2024-01-31` or `2024-01-31T09:30:00` (at midnight, only the date); empty cells and errors such as `#N/A` are
    null. Rows without any value are skipped. A sheet is held in memory as a whole. Needs the extra `excel`.
    """

    label = "Excel"
    portable: ClassVar[bool] = False

    sheet: Annotated[str | int | None, AfterValidator(_numbered), Shown(unset="the first one")] = Field(
        None, title="Sheet", description="The name of the sheet, such as `Orders`, or its number, from 1."
    )
    skip_lines: int = Field(
        0,
        ge=0,
        title="Skip Lines",
        description="How many rows at the top are skipped, above the names of the columns.",
    )
    columns: Annotated[list[str] | None, AfterValidator(_distinct), Shown(unset="in the first row")] = Field(
        None,
        min_length=1,
        title="Columns",
        description="The names of the columns, where no row names them: then all rows are records.",
    )

    def decode(self, chunks: Iterator[bytes], charset: str | None = None) -> Iterator[dict[str, Any]]:
        """A record for each row; nothing for an empty body or sheet.

        Raises `DecodeError`, also for a value in a column without a name.
        """
        head, stream = peek(chunks, _HEAD)
        if not head:
            return
        if packed_kind(head) not in _KINDS:
            raise not_this("a spreadsheet (xlsx, xlsb, xls or ods)", head)
        names = self.columns
        for number, row in enumerate(sheet_rows(stream, self.sheet), 1):
            if number <= self.skip_lines or not row:
                continue
            if names is None:
                names = _header(row, number)
            else:
                yield _record(names, row, number)


def _header(row: Row, number: int) -> list[str]:
    names = ["" if cell is None else cell if isinstance(cell, str) else str(cell).lower() for cell in row]
    repeated = _repeated(filter(None, names))
    if repeated is not None:
        raise DecodeError(
            f"Row {number:,} of the sheet names two columns “{repeated}”. If the names are in another row, "
            "`skip_lines` says so; otherwise list them in `columns`."
        )
    return names


def _record(names: Sequence[str], row: Row, number: int) -> dict[str, Any]:
    record = dict(zip(names, row + [None] * (len(names) - len(row)), strict=False))
    if len(row) > len(names) or "" in record:
        record.pop("", None)
        _refuse_unnamed(names, row, number)
    return record


def _refuse_unnamed(names: Sequence[str], row: Row, number: int) -> None:
    """An empty column may be without a name, a value in it may not."""
    for index, cell in enumerate(row):
        if cell is not None and not (index < len(names) and names[index]):
            raise DecodeError(
                f"Cell {_letters(index)}{number} of the sheet has a value, but its column has no name. If the names "
                "are in another row, `skip_lines` says so; otherwise list them in `columns`."
            )


def _letters(index: int) -> str:
    """The name of a column as spreadsheets show it: A to Z, AA, AB and so on."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
