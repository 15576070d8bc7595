"""The header of a CSV file on disk: read it, and widen it when records brought new columns."""

from __future__ import annotations

import csv
import gzip
import io
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from core.outputs.durable import replacing
from core.outputs.faults import OutputError


def read_header(path: Path, *, compressed: bool) -> tuple[str, ...]:
    """The column names in the first row; empty for an empty file. Raises `OSError`."""
    with _reading(path, compressed) as text:
        return tuple(next(csv.reader(text), ()))


def widen(path: Path, columns: Sequence[str], *, compressed: bool) -> None:
    """Write the file anew with the header `columns`, every row filled up with empty cells; all or nothing.

    Takes one pass over the file, in constant memory. Raises `OSError`, and `OutputError` for what is no CSV.
    """
    with (
        _reading(path, compressed) as text,
        replacing(path) as file,
        _writing(file, compressed) as target,
    ):
        rows = csv.reader(text)
        next(rows, None)
        writer = csv.writer(target, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
        careful = csv.writer(target, lineterminator="\n", quoting=csv.QUOTE_ALL)
        for row in chain([columns], rows):
            fitting = careful if any("\r" in cell for cell in row) else writer
            fitting.writerow([*row, *[""] * (len(columns) - len(row))])


@contextmanager
def _reading(path: Path, compressed: bool) -> Iterator[TextIO]:
    csv.field_size_limit(sys.maxsize)
    with path.open("rb") as file:
        source = cast(BinaryIO, gzip.GzipFile(fileobj=file)) if compressed else file
        try:
            yield io.TextIOWrapper(source, encoding="utf-8-sig", errors="surrogateescape", newline="")
        except csv.Error as error:
            raise OutputError(
                f"{path} can't be continued, for it is not well-formed CSV ({error}); move it away and run again."
            ) from None


@contextmanager
def _writing(file: BinaryIO, compressed: bool) -> Iterator[TextIO]:
    packed = cast(BinaryIO, gzip.GzipFile(fileobj=file, mode="wb", compresslevel=6)) if compressed else None
    text = io.TextIOWrapper(packed or file, encoding="utf-8", errors="surrogateescape", newline="")
    yield text
    text.flush()
    text.detach()
    if packed:
        packed.close()
