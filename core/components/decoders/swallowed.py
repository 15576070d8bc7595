"""Tells a row whose cell has swallowed the rows behind it from one with line breaks in a cell.

A quotation mark at the start of a cell that means inches opens a cell by RFC 4180, and the next one at the end of a
cell closes it: what lies between is one cell, with delimiters and line breaks in it, and nobody notices. Nearly always
such a file breaks the rules somewhere (text behind the closing mark, no closing mark at all), and the reader refuses
it. Where it does not, rows are told by their looks: read without quotation marks, each line must be a row of the table.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

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
