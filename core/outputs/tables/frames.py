"""The frames of encoded records: lines of JSON, rows of CSV, and columns.

Frames can be put together in any order. Lines of JSON are as they are; the others begin with a mark that JSON does not
know, and with their length.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import Any

import orjson

from core.decoding.csv_rows import Rows
from core.outputs.tables.fitting import as_text
from core.outputs.tables.schema import BOOLEAN, FLOAT, INTEGER, NULL, TEXT, pa

_ROWS, _COLUMNS = 0, 1
_HEAD = struct.Struct(">BII")
"""The mark, and the lengths of what describes the columns and of what is in them."""
_END_OF_LINES = re.compile(rb"\n(?=[\0\1])")
_KINDS = {
    frozenset({str}): TEXT,
    frozenset({int}): INTEGER,
    frozenset({float}): FLOAT,
    frozenset({int, float}): FLOAT,
    frozenset({bool}): BOOLEAN,
    frozenset[type](): NULL,
}
_CODES = {TEXT: "s", INTEGER: "i", FLOAT: "f", BOOLEAN: "b", NULL: "n"}
_TYPES = {code: type_ for type_, code in _CODES.items()}
_NONE = type(None)


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of CSV as `Rows` has them, and the names of their columns."""

    columns: Sequence[str]
    text: bytes


def of_rows(rows: Rows) -> bytes:
    """Rows as a frame."""
    return _frame(_ROWS, orjson.dumps(rows.columns), rows.text)


def of_records(records: Sequence[Mapping[Any, Any]]) -> bytes | None:
    """Records of the same fields as a frame of columns; None for others.

    Columns are of text, integers, floats, booleans or nulls, as their values are; all other values are text.
    """
    names = tuple(records[0]) if records else ()
    if len(names) < 2 or not all(isinstance(name, str) for name in names):
        return None
    try:
        rows = list(map(itemgetter(*names), records))
    except KeyError:
        return None
    if set(map(len, records)) != {len(names)}:
        return None
    arrays = _arrays(list(zip(*rows, strict=True)))
    codes = "".join(_CODES[array.type] for array in arrays)
    head = orjson.dumps([codes, *names])
    return _frame(_COLUMNS, head, pa.RecordBatch.from_arrays(arrays, schema=_schema(head)).serialize())


def _arrays(columns: Sequence[Sequence[Any]]) -> list[Any]:
    """Columns of one length as arrays. Those of a kind are made in one go, which is quicker by half."""
    kinds = [_KINDS.get(frozenset(map(type, values)) - {_NONE}) for values in columns]
    arrays = [_texts(values) if kind is None else None for kind, values in zip(kinds, columns, strict=True)]
    for kind in set(kinds) - {None}:
        alike = [index for index, other in enumerate(kinds) if other == kind]
        together = _made([value for index in alike for value in columns[index]], kind)
        for place, index in enumerate(alike):
            length = len(columns[index])
            array = _made(columns[index], kind) if together is None else together.slice(place * length, length)
            arrays[index] = _texts(columns[index]) if array is None else array
    return arrays


def _made(values: Sequence[Any], kind: Any) -> Any:
    """An array; None where a value is too much for its kind: a large integer, half of a surrogate pair."""
    try:
        return pa.array(values, kind, from_pandas=kind == FLOAT)
    except (pa.ArrowInvalid, OverflowError, UnicodeEncodeError):
        return None


def _texts(values: Sequence[Any]) -> Any:
    return pa.array([None if value is None else as_text(value) for value in values], TEXT)


@lru_cache(256)
def _schema(head: bytes) -> Any:
    codes, *names = orjson.loads(head)
    return pa.schema([(name, _TYPES[code]) for name, code in zip(names, codes, strict=True)])


def _frame(mark: int, head: bytes, content: Any) -> bytes:
    return b"".join((_HEAD.pack(mark, len(head), len(content)), head, content))


def whole(data: bytes | bytearray) -> int:
    """How many bytes at the beginning of encoded data are whole frames."""
    done = 0
    for _, end in _spans(data):
        done = end
    return done


def split(data: bytes | bytearray) -> Iterator[bytes | Block | Any]:
    """Whole frames in their order: lines of JSON, blocks of rows, and columns as a `pyarrow.Table`.

    Neighbours of one kind with the same columns are one.
    """
    for (mark, head), spans in groupby(_spans(data), lambda span: _describe(data, span[0])):
        contents = [memoryview(data)[start + (_HEAD.size + len(head) if head else 0) : end] for start, end in spans]
        if mark == _ROWS:
            yield Block(orjson.loads(head), b"".join(contents))
        elif mark == _COLUMNS:
            schema = _schema(head)
            batches = [pa.ipc.read_record_batch(pa.py_buffer(content), schema) for content in contents]
            yield pa.Table.from_batches(batches, schema).combine_chunks()
        else:
            yield b"".join(contents)


def _describe(data: bytes | bytearray, start: int) -> tuple[int | None, bytes]:
    """The mark of a frame, and what describes its columns."""
    if data[start] not in (_ROWS, _COLUMNS):
        return None, b""
    mark, length, _ = _HEAD.unpack_from(data, start)
    return mark, bytes(data[start + _HEAD.size : start + _HEAD.size + length])


def _spans(data: bytes | bytearray) -> Iterator[tuple[int, int]]:
    """Where whole frames begin and end; lines that follow each other are one."""
    start = 0
    while start < len(data):
        if data[start] not in (_ROWS, _COLUMNS):
            found = _END_OF_LINES.search(data, start)
            end = found.end() if found else data.rfind(b"\n", start) + 1
        elif len(data) - start < _HEAD.size:
            return
        else:
            _, head, content = _HEAD.unpack_from(data, start)
            end = start + _HEAD.size + head + content
        if not start < end <= len(data):
            return
        yield start, end
        start = end
