"""The frames of encoded records: lines of JSON, and blocks of CSV rows with a head that says how long they are.

Frames can be put together in any order. A block begins with a NUL, which no line of JSON does.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson

from core.decoding.csv_rows import Rows

_MARK = 0
_HEAD = struct.Struct(">BII")
"""The mark, and the lengths of the names of the columns (a JSON array) and of the rows."""


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of CSV as `Rows` has them, and the names of their columns."""

    columns: Sequence[str]
    text: bytes


def of_rows(rows: Rows) -> bytes:
    """Rows as a block."""
    names = orjson.dumps(rows.columns)
    return b"".join((_HEAD.pack(_MARK, len(names), len(rows.text)), names, rows.text))


def whole(data: bytes | bytearray) -> int:
    """How many bytes at the beginning of encoded data are whole frames."""
    done = 0
    for _, end in _spans(data):
        done = end
    return done


def split(data: bytes) -> Iterator[bytes | Block]:
    """Whole frames in their order: lines of JSON, and blocks, of which neighbours with the same columns are one."""
    names, rows = b"", list[bytes]()
    for start, end in _spans(data):
        is_block = data[start] == _MARK
        if rows and not (is_block and _names(data, start) == names):
            yield Block(orjson.loads(names), b"".join(rows))
            rows = []
        if is_block:
            names = _names(data, start)
            rows.append(data[start + _HEAD.size + len(names) : end])
        else:
            yield data[start:end]
    if rows:
        yield Block(orjson.loads(names), b"".join(rows))


def _names(data: bytes, start: int) -> bytes:
    _, length, _ = _HEAD.unpack_from(data, start)
    return data[start + _HEAD.size : start + _HEAD.size + length]


def _spans(data: bytes | bytearray) -> Iterator[tuple[int, int]]:
    """Where whole frames begin and end; lines that follow each other are one."""
    start = 0
    while start < len(data):
        if data[start] != _MARK:
            end = data.find(b"\n\0", start) + 1 or data.rfind(b"\n", start) + 1
        elif len(data) - start < _HEAD.size:
            end = 0
        else:
            _, names, rows = _HEAD.unpack_from(data, start)
            end = start + _HEAD.size + names + rows
        if not start < end <= len(data):
            return
        yield start, end
        start = end
