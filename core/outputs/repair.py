"""Repairs files before they are appended to: a torn last line is cut off, a CSV header gets further columns."""

from __future__ import annotations

import csv
import gzip
import io
import sys
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO, TextIO, cast

import orjson

from core.outputs.durable import OutputError, replacing, sync


def read_header(path: Path, *, compressed: bool) -> tuple[str, ...]:
    """The column names in the first row; empty for an empty file. Raises `OSError`."""
    with _reading(path, compressed) as text:
        return tuple(next(csv.reader(text), ()))


def widen(path: Path, columns: Sequence[str], *, compressed: bool) -> None:
    """Rewrite the file with the header `columns`, every row padded with empty cells; all or nothing.

    Takes one pass over the file, in constant memory. Raises `OSError`, and `OutputError` for what is not CSV.
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


CHUNK = 1 << 20
_NEAR_END = 16 * CHUNK
GZIP = 31
"""The `wbits` of zlib that means the gzip format."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a text of lines ends: the length of its complete lines, and what follows them."""

    whole: int
    rest: bytes

    @property
    def is_record(self) -> bool:
        """Whether the rest is a JSON object that only lacks its line feed."""
        try:
            return isinstance(orjson.loads(self.rest), dict)
        except orjson.JSONDecodeError:
            return False


def repair(path: Path, *, rows: bool, compressed: bool) -> bool:
    """Cut an incomplete last line off the file at `path`; True when there was something to cut.

    `rows` says that lines are CSV rows, whose cells may contain line feeds. A truncated gzip file is rewritten up to
    its last complete line. Raises `OSError`, and `OutputError` for a file that is not gzip.
    """
    return _repair_gzip(path, rows) if compressed else _repair_plain(path, rows)


def _repair_plain(path: Path, rows: bool) -> bool:
    size = path.stat().st_size
    start = 0 if rows else max(0, size - _NEAR_END)
    ending = _ending(_read(path, start), rows)
    if start and not ending.whole:
        start, ending = 0, _ending(_read(path, 0), rows)
    if not ending.rest:
        return False
    keep = not rows and ending.is_record
    with path.open("r+b") as file:
        file.truncate(size if keep else start + ending.whole)
        if keep:
            file.seek(size)
            file.write(b"\n")
        sync(file)
    return not keep


def _repair_gzip(path: Path, rows: bool) -> bool:
    members = _GzipMembers(path)
    ending = _ending(members.read(), rows)
    if not ending.rest and not members.truncated:
        return False
    keep = not rows and ending.is_record
    with replacing(path) as file:
        packer = zlib.compressobj(wbits=GZIP)
        left = ending.whole
        for chunk in _GzipMembers(path).read():
            file.write(packer.compress(chunk[:left]))
            left = max(0, left - len(chunk))
        file.write(packer.compress(ending.rest + b"\n" if keep else b"") + packer.flush())
    return not keep


def _read(path: Path, start: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        while chunk := file.read(CHUNK):
            yield chunk


class _GzipMembers:
    """The content of a gzip file that may be truncated anywhere."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.truncated = False

    def read(self) -> Iterator[bytes]:
        """The content as far as it goes; sets `truncated`."""
        member = zlib.decompressobj(GZIP)
        begun = False
        for packed in _read(self._path, 0):
            data = packed
            while data:
                begun = True
                yield self._unpack(member, data)
                data = member.unused_data.lstrip(b"\0")
                if member.eof:
                    member, begun = zlib.decompressobj(GZIP), False
        self.truncated = begun

    def _unpack(self, member: zlib._Decompress, data: bytes) -> bytes:
        try:
            return member.decompress(data)
        except zlib.error as error:
            raise OutputError(
                f"{self._path} is damaged or no gzip file, nothing can be appended to it; move it away and run again."
            ) from error


def _ending(chunks: Iterable[bytes], rows: bool) -> Ending:
    whole, seen, quoted, rest = 0, 0, False, b""
    for chunk in chunks:
        at, quoted = _last_line_feed(chunk, quoted) if rows else (chunk.rfind(b"\n"), False)
        if at >= 0:
            whole, rest = seen + at + 1, chunk[at + 1 :]
        else:
            rest += chunk
        seen += len(chunk)
    return Ending(whole, rest)


def _last_line_feed(chunk: bytes, quoted: bool) -> tuple[int, bool]:
    """Where the last line feed outside quotes is (-1: nowhere), and whether the chunk ends inside quotes."""
    inside = quoted ^ bool(chunk.count(b'"') % 2)
    before, position = inside, len(chunk)
    while (at := chunk.rfind(b"\n", 0, position)) >= 0:
        before ^= bool(chunk.count(b'"', at, position) % 2)
        if not before:
            break
        position = at
    return at, inside
