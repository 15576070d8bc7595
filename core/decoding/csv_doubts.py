"""Rows of a CSV file that can be read, and are perhaps not what they seem."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Container, Sequence
from dataclasses import replace

from core.decoding.csv_format import TableFormat
from core.decoding.errors import DecodeError, quote

_NUMBER = re.compile(r"[-+]?\d+([.,]\d+)*")
_DIGITS = re.compile(r"\d+")
_IN_PROSE = ",;"
"""Delimiters that people write, too: two columns are no sign there."""
_AFTER_TABLE = re.compile(r"\s*((grand|report)\s+)?totals?\s*(:.*)?|\s*(©|\(c\)\s).*", re.IGNORECASE)
"""The first cell of a total, or of a note at the end."""

OR_UTF_16 = ", or text in UTF-16: then set `encoding` to utf-16-le or utf-16-be."


_DELIMITERS = {",": ",", ";": ";", "\t": "\\t", "|": "|"}
"""What else separates cells, and how it is written in a manifest."""
_SENTENCE = 4
"""Words from which on a name of a column reads like a sentence."""


def is_delimiter_line(row: Sequence[str], delimiter: str) -> bool:
    """Whether a first row is `sep=;`, by which Excel is told the delimiter. Raises `DecodeError` for another one."""
    if len(row) == 2:
        return row[0].lower() == "sep=" and not row[1]
    said = row[0][4:] if len(row) == 1 and row[0].lower().startswith("sep=") else ""
    if len(said) != 1 or said == delimiter:
        return False
    raise DecodeError(
        f"The first line of the CSV file, {quote(row[0])}, says which character is between two cells. "
        f'Set `delimiter: "{_DELIMITERS.get(said, said)}"` of the CsvDecoder.'
    )


def refuse_other_delimiter(
    columns: Sequence[str], rows: Sequence[Sequence[str]], form: TableFormat, as_written: Container[str]
) -> None:
    """Raise `DecodeError` for a table of one column that has several with another delimiter, and a cell for each in
    nearly all of these rows.

    `as_written` are the lines of the file: quotation marks around a cell say that it is one, whatever is in it.
    """
    header, *lines = [form.delimiter.join(row) for row in (columns, *filter(None, rows))]
    if header not in as_written:
        return
    plain = [line for line in lines if line in as_written]
    for delimiter, written in _DELIMITERS.items():
        if delimiter not in header or delimiter in (form.delimiter, form.quote):
            continue
        names, *cells = replace(form, delimiter=delimiter).reader((header, *plain), strict=False)
        fitting = sum(len(row) == len(names) and not _is_prose(row) for row in cells)
        others = len(lines) - len(plain) + len(cells) - fitting
        if fitting == 0 or others > (max(1, len(lines) // 10) if fitting > 1 else 0) or _is_prose(names):
            continue
        raise DecodeError(
            f"The CSV file has one column, {quote(columns[0])}, and its lines seem to have cells with `{written}` "
            f'between them. Set `delimiter: "{written}"` of the CsvDecoder; if it is one column, name it '
            "in `columns` and skip the header with `skip_lines: 1`."
        )


def _is_prose(row: Sequence[str]) -> bool:
    """Whether a blank follows a delimiter, as in a sentence."""
    return any(cell[:1].isspace() for cell in row[1:])


def refuse_message(columns: Sequence[str]) -> None:
    """Raise `DecodeError` for the only line of a file if it is a sentence: APIs say so, too, why there is no file.

    With two commas it may as well be a header with a blank behind each.
    """
    is_prose = all(name[:1].isspace() for name in columns[1:])
    if is_prose and len(columns) < 3 and any(len(name.split()) >= _SENTENCE for name in columns):
        raise DecodeError(
            f"The CSV file is a single line that reads like a message: {quote(','.join(columns))}. "
            "If the API writes it where there are no rows, name its beginning in `ends_before` of the CsvDecoder. If "
            "it names the columns of a table without rows, name them in `columns`, and skip it with `skip_lines: 1`."
        )


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


def refuse_binary(row: Sequence[str], line: int) -> None:
    """Raise `DecodeError` for what is full of NULs; single ones in a text are kept, as Airbyte does."""
    text = "".join(row)
    if 2 * text.count("\0") >= len(text) > 0:
        raise DecodeError(f"Line {line:,} of the CSV file is full of NUL bytes. The file is damaged{OR_UTF_16}")


def about_names(columns: Sequence[str]) -> str | None:
    """What to tell people about names that several columns have (Airbyte: of their values the last one counts)."""
    several = [quote(name) for name, count in Counter(columns).items() if count > 1 and name.strip()]
    if not several:
        return None
    named = "the name " + several[0] if len(several) == 1 else "the names " + ", ".join(several[:3])
    return (
        f"Several columns of the CSV file have {named}. A record keeps the value of the last one of them. "
        "To keep all, name the columns in `columns` of the CsvDecoder and skip the header with `skip_lines: 1`."
    )


def about_last_row(row: Sequence[str], width: int) -> str | None:
    """What to tell people about a last row that looks like a total or a note."""
    if not row or not (_AFTER_TABLE.fullmatch(row[0]) or len(row) == 1 < width - 1):
        return None
    return (
        f"The last row of the CSV file begins with {quote(row[0])} and became a record like the others. "
        "If it is a total or a note, say so with `ends_before` of the CsvDecoder."
    )


def about_rows_behind(rows: Sequence[Sequence[str]], width: int, is_end: Callable[[Sequence[str]], bool]) -> str | None:
    """What to tell people about rows behind the end of the table that look like rows of it."""
    row = next((row for row in rows if len(row) == width > 1 and not is_end(row)), None)
    if row is None:
        return None
    return (
        "Behind the line at which `ends_before` of the CsvDecoder ends the table, there are more rows with as many "
        f"cells, such as the one that begins with {quote(row[0])}. They are left out. If they belong to the table, "
        "write more of the line that comes after it, such as `Total,` in place of `Total`."
    )
