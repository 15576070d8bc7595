"""The program that reads one sheet of a spreadsheet and writes its rows to standard output.

It runs as a process of its own, with bounds on its memory and time: a small file can ask for any amount of both, and
the library that reads it would take the whole process with it. It imports nothing of Longhaul, so that it starts fast.

Each row is a line of JSON, a list without the empty cells at its end. A last line that is an object says what went
wrong: `{"sheets": [...]}` (there is no such sheet), `{"kind": ...}` (it is a chart or the like), `{"password": true}`,
`{"long": true}` (a row is too long) or `{"damaged": REASON}`.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import isodate  # type: ignore[import-untyped]  # it ships no types
import orjson
from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum

_EXACT = 2.0**53
"""Up to here, every whole number has a number of its own in a cell."""


def main(book: str, sheet: str, memory: int, seconds: int, longest: int) -> None:
    """Write the rows of a sheet; the bounds are in bytes of memory, seconds of computing, and bytes of a row."""
    _bound(memory, seconds)
    try:
        with contextlib.redirect_stderr(None):
            for row in _rows(book, orjson.loads(sheet)):
                line = orjson.dumps(row, default=_duration)
                if len(line) > longest:
                    line = b'{"long":true}'
                sys.stdout.buffer.write(line + b"\n")
                if line.startswith(b"{"):
                    break
            sys.stdout.buffer.flush()
    except BrokenPipeError:
        sys.stderr = sys.stdout = None  # Python would try to flush them at the end


def _bound(memory: int, seconds: int) -> None:
    try:
        import resource
    except ImportError:  # on Windows
        return
    for kind, limit in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds)):
        with contextlib.suppress(ValueError, OSError):  # it is lower already, or not known here
            resource.setrlimit(kind, (limit, limit))


def _rows(book: str, sheet: str | int | None) -> Iterator[Any]:
    try:
        workbook = CalamineWorkbook.from_path(book)
        kinds = {one.name: one.typ for one in workbook.sheets_metadata}
        names = workbook.sheet_names
        name = _chosen(sheet, names, lambda name: kinds.get(name) == SheetTypeEnum.WorkSheet)
        if name is None:
            yield {"sheets": names}
        elif kinds.get(name, SheetTypeEnum.WorkSheet) != SheetTypeEnum.WorkSheet:
            yield {"kind": str(kinds[name]).rpartition(".")[2]}
        else:
            for row in workbook.get_sheet_by_name(name).iter_rows():
                cells = [_value(cell) for cell in row]
                while cells and cells[-1] is None:
                    cells.pop()
                yield cells
    except PasswordError:
        yield {"password": True}
    except (CalamineError, OSError, ValueError) as error:
        yield {"damaged": str(error)}
    except MemoryError:
        raise
    except BaseException as error:  # a panic of the library is no Exception
        if isinstance(error, (KeyboardInterrupt, SystemExit, GeneratorExit)):
            raise
        yield {"damaged": type(error).__name__}


def _chosen(sheet: str | int | None, names: list[str], is_table: Callable[[str], bool]) -> str | None:
    """The name of the sheet, by its name or its number, from 1; without either it is the first sheet.

    A text is rather a name, and a number rather a number.
    """
    if sheet is None:
        return next(filter(is_table, names), None)
    text = str(sheet)
    named = text if text in names else None
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
    numbered = names[number - 1] if 0 < number <= len(names) else None
    return named or numbered if isinstance(sheet, str) else numbered or named


def _value(cell: Any) -> Any:
    """A cell as JSON has it; whole numbers are no decimals, and neither errors nor empty texts are anything."""
    if isinstance(cell, float):
        return int(cell) if cell.is_integer() and abs(cell) < _EXACT else cell
    return None if cell == "" else cell


def _duration(value: Any) -> str:
    if isinstance(value, timedelta):
        return str(isodate.duration_isoformat(value))
    raise TypeError


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
