"""Reads the rows of a sheet in a spreadsheet (xlsx, xlsb, xls, ods), in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import orjson

from core.decoding.chunks import LONGEST_LINE, within
from core.decoding.errors import BodyKind, DecodeError, packed_kind
from core.extras import how_to_install, is_installed
from core.http.messages import shorten

LARGEST = 256 * 1024 * 1024
"""Bytes of a spreadsheet."""
LARGEST_UNPACKED = 4 * 1024 * 1024 * 1024
"""Bytes that the files in a spreadsheet, which is a zip archive, may have together."""
MEMORY = 4 * 1024 * 1024 * 1024
"""Bytes of memory that reading it may take; of each cell, including empty ones between others, some dozens."""
SECONDS = 600
"""Seconds of computing that reading it may take."""

_PROGRAM = Path(__file__).with_name("sheet_process.py")
_HEAD = 512
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
"""What a workbook with a password has in it, which is an old Office document around the real one."""
_SHOWN = 20
"""Sheets that an error lists."""
_MEMBERS = {"xl/workbook.bin": ".xlsb", "content.xml": ".ods"}
_OFFICE = frozenset({"[Content_Types].xml", "_rels/.rels"})
"""What is in every workbook of Excel's."""

Row = list[Any]
"""The cells of a row, without the empty ones at its end: text (dates and times as in ISO 8601), numbers, booleans."""


def sheet_rows(chunks: Iterator[bytes], sheet: str | int | None) -> Iterator[Row]:
    """All rows of a sheet from the first one on, empty ones too: the one of this name or number, or the first.

    A spreadsheet is not read from front to end: it waits in a temporary file, and the sheet is held in memory, by a
    process of its own that has bounds (`MEMORY`, `SECONDS`). Raises `DecodeError`.
    """
    if not is_installed("python_calamine"):
        raise DecodeError(how_to_install("Spreadsheets", "excel"))
    with tempfile.TemporaryDirectory(prefix="longhaul-") as folder:
        book = Path(folder) / "book"
        with book.open("xb") as file:
            for chunk in within(chunks, LARGEST, "the spreadsheet"):
                file.write(chunk)
        yield from _rows(book.rename(book.with_suffix(_kind(book))), sheet)


def _kind(book: Path) -> str:
    """The suffix of a spreadsheet, by what is in it: the library goes by that. Raises `DecodeError` for a bomb."""
    with book.open("rb") as file:
        if packed_kind(file.read(_HEAD)) is BodyKind.OLD_OFFICE:
            with mmap(file.fileno(), 0, access=ACCESS_READ) as content:
                if content.find(_ENCRYPTED) >= 0:
                    raise _encrypted()
            return ".xls"
    try:
        with zipfile.ZipFile(book) as archive:
            names = set(archive.namelist())
            size = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise _damaged(str(error), retryable=True) from None
    if size > LARGEST_UNPACKED:
        raise DecodeError(f"The spreadsheet unpacks to {size:,} bytes. It looks like a bomb and is not read.")
    suffix = next((suffix for member, suffix in _MEMBERS.items() if member in names), None)
    if suffix is None and not names & _OFFICE:
        raise _no_spreadsheet(names)
    return suffix or ".xlsx"


def _rows(book: Path, sheet: str | int | None) -> Iterator[Row]:
    bounds = map(str, (MEMORY, SECONDS, LONGEST_LINE))
    command = [sys.executable, "-P", str(_PROGRAM), str(book), orjson.dumps(sheet).decode(), *bounds]
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if not line.endswith(b"\n"):
                    raise _too_large()
                row = orjson.loads(line)
                if isinstance(row, dict):
                    raise _failure(row, sheet)
                yield row
            if process.wait() != 0:
                raise _too_large()
        finally:
            process.kill()


def _failure(said: dict[str, Any], sheet: str | int | None) -> DecodeError:
    wanted = f"“{shorten(str(sheet), 80)}”" if isinstance(sheet, str) else f"number {sheet}"
    if "sheets" in said:
        names = [f"“{shorten(name, 80)}”" for name in said["sheets"]]
        more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
        there = f"There are {', '.join(names[:_SHOWN])}{more}." if names else "There are none."
        if sheet is None:
            return DecodeError(f"The spreadsheet has no sheet with cells. {there}")
        return DecodeError(
            f"The spreadsheet has no sheet {wanted}. {there} `sheet` of the decoder is a name, or a number from 1."
        )
    if "kind" in said:
        return DecodeError(f"The sheet {wanted} of the spreadsheet has no cells to read: it is a {said['kind']}.")
    if "password" in said:
        return _encrypted()
    if "long" in said:
        return DecodeError(
            f"A row of the spreadsheet has more than {LONGEST_LINE:,} bytes; it is not read any further."
        )
    return _damaged(str(said.get("damaged")))


def _no_spreadsheet(names: set[str]) -> DecodeError:
    shown = ", ".join(f"“{shorten(name, 80)}”" for name in sorted(names)[:_SHOWN]) or "no files"
    return DecodeError(
        f"Expected a spreadsheet, but the response is a zip archive with {shown} in it. Wrap the decoder in a "
        "ZipfileDecoder; what it should read in the archive may be another format than Excel."
    )


def _encrypted() -> DecodeError:
    return DecodeError("The spreadsheet is encrypted with a password, and such files can't be read.")


def _damaged(reason: str, *, retryable: bool = False) -> DecodeError:
    message = f"The spreadsheet is damaged or cut short, or it isn't one ({shorten(reason, 200)})."
    return DecodeError(message, retryable=retryable)


def _too_large() -> DecodeError:
    return DecodeError(
        f"The spreadsheet can't be read: it needs more than {MEMORY // 1024**3} GB of memory or {SECONDS // 60} "
        "minutes, or it is damaged. Ask the API for smaller portions, or for CSV."
    )
