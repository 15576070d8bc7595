"""Records to bytes: JSON Lines and CSV. Whole lines come out, whatever is in a record."""

from __future__ import annotations

import base64
import csv
import io
import json
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from threading import Lock
from typing import Any

import orjson

from core.decoding.chunks import Lines
from core.decoding.csv_rows import Rows
from core.outputs.rows_as_json import json_lines


class _Piece(str):
    """Text that is JSON already."""

    __slots__ = ()


def json_text(value: Any) -> str:
    """`value` as JSON, whatever it holds and however deeply it is nested (see `JsonLines`)."""
    pieces: list[str] = []
    waiting: list[Any] = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, _Piece):
            pieces.append(item)
        elif isinstance(item, Mapping):
            parts: list[Any] = [_Piece("{")]
            for key, member in item.items():
                comma = "," if len(parts) > 1 else ""
                parts += (_Piece(f"{comma}{json.dumps(key_text(key))}:"), member)
            waiting += reversed([*parts, _Piece("}")])
        elif isinstance(item, list | tuple | set | frozenset):
            parts = [_Piece("[")]
            for member in item:
                parts += (_Piece(","), member) if len(parts) > 1 else (member,)
            waiting += reversed([*parts, _Piece("]")])
        else:
            pieces.append(scalar_text(item))
    return "".join(pieces)


def scalar_text(value: Any) -> str:
    """JSON for a value that contains no others."""
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, float):
        return str(value) if math.isfinite(value) else "null"
    if isinstance(value, Decimal):
        return str(value) if value.is_finite() else "null"
    if value is None or isinstance(value, bool | int):
        return json.dumps(value)
    if isinstance(value, bytes | bytearray):
        return json.dumps(_bytes_text(bytes(value)))
    try:
        return orjson.dumps(value).decode()
    except TypeError:
        return json.dumps(str(value))


def plain_text(value: Any) -> str:
    """A value that contains no others as text, without quotes."""
    text = scalar_text(value)
    return str(orjson.loads(text)) if text.startswith('"') else text


def key_text(key: Any) -> str:
    """The key of a record as text."""
    return key if isinstance(key, str) else plain_text(key)


def _bytes_text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()


_NEWLINE = orjson.OPT_APPEND_NEWLINE


class Encoder(ABC):
    """Turns batches of one stream's records into lines; several threads may call `encode` at once."""

    @abstractmethod
    def encode(self, records: Sequence[Mapping[str, Any]]) -> bytes:
        """The lines of a batch; never raises for what is in a record."""


class JsonLines(Encoder):
    """One JSON object per line, exactly the record. Records that were read as lines and not changed are passed on.

    Values that JSON does not know: NaN and infinities become null, dates and times ISO 8601, decimals and integers of
    any size plain numbers, keys text, bytes text (base64 when they are not UTF-8), sets arrays, anything else its text.
    """

    def encode(self, records: Sequence[Mapping[str, Any]]) -> bytes:
        if isinstance(records, Lines):
            return records.text
        if isinstance(records, Rows) and (text := json_lines(records)) is not None:
            return text
        lines = bytearray()  # a list of a hundred texts and their join would take twice the time
        try:
            for record in records:
                lines += orjson.dumps(record, _odd_value, _NEWLINE)
        except TypeError:
            return b"".join([_json(record) + b"\n" for record in records])
        return bytes(lines)


class Csv(Encoder):
    """CSV with a header: the declared columns first, then the keys of records as they come.

    Missing values and null are empty cells, nested values are JSON text, booleans are `true` and `false`.
    Every row has a cell for each column known when it is encoded. `columns` only ever grows at its end; `uneven` says
    that it grew after rows had been encoded, which are shorter. Rows of CSV with the same columns are passed on.
    """

    def __init__(self, columns: Iterable[str] = ()) -> None:
        self.columns = tuple(columns)
        self.uneven = False
        self._known = frozenset(self.columns)
        self._begun = False
        self._lock = Lock()

    def encode(self, records: Sequence[Mapping[str, Any]]) -> bytes:
        if isinstance(records, Rows) and self._takes(records.columns):
            return records.text
        records = [self._known_keys(record) for record in records]
        with self._lock:
            self._begun = True
            columns = self.columns
        return _rows(
            [
                [
                    value if value.__class__ is str or value is None else _cell(value)
                    for value in map(record.get, columns)
                ]
                for record in records
            ]
        )

    def _takes(self, columns: tuple[str, ...]) -> bool:
        """Whether these are the columns, which are set by the first rows where none are known."""
        with self._lock:
            if not (self._begun or self.columns):
                self.columns, self._known = columns, frozenset(columns)
            self._begun = True
            return self.columns == columns

    def _known_keys(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        if record.keys() <= self._known:
            return record
        record = {key_text(key): value for key, value in record.items()}
        with self._lock:
            self.columns = tuple(dict.fromkeys([*self.columns, *record]))
            self.uneven = self.uneven or (self._begun and len(self.columns) > len(self._known))
            self._known = frozenset(self.columns)
        return record

    def header(self) -> bytes:
        """The header line for the columns known by now; empty when there are none."""
        return _rows([self.columns]) if self.columns else b""


def _rows(rows: Iterable[Sequence[Any]]) -> bytes:
    """CSV lines that end with a line feed; a carriage return in a cell is only safe inside quotes."""
    rows = list(rows)
    text = _written(rows, csv.QUOTE_MINIMAL)
    if "\r" in text:
        text = _written(rows, csv.QUOTE_ALL)
    return text.encode("utf-8", errors="replace")


def _written(rows: Iterable[Sequence[Any]], quoting: Any) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=quoting).writerows(rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return _json(value).decode()
    return plain_text(value)


def _json(value: Any) -> bytes:
    try:
        return orjson.dumps(value, _odd_value)
    except TypeError:
        return json_text(value).encode()


def _odd_value(value: Any) -> orjson.Fragment:
    return orjson.Fragment(json_text(value))
