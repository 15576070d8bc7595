"""Batches of records as Arrow tables.

What a record holds is never lost or changed silently: a column with a value that its type does not hold exactly becomes
text, with one warning.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import partial
from io import BytesIO
from itertools import islice
from threading import Lock
from typing import Any

import orjson

from core.decoding.chunks import Lines
from core.decoding.csv_rows import Rows
from core.extras import load
from core.http.messages import shorten
from core.outputs.durable import OutputError
from core.outputs.encoders import Encoder, json_text, key_text
from core.outputs.tables.fitting import Column, Misfit, as_text, exact_as_floats, kind_of, loads
from core.outputs.tables.frames import Block, of_records, of_rows, split
from core.outputs.tables.schema import (
    BOOLEAN,
    FLOAT,
    INSTANT,
    INTEGER,
    LOCAL_TIME,
    NULL,
    TEXT,
    Nested,
    arrow_schema,
    pa,
)
from core.outputs.tables.widening import put_together

pa_csv: Any = load("pyarrow.csv", "Tables", "parquet")
pa_json: Any = load("pyarrow.json", "Tables", "parquet")

_KINDS = (INTEGER, FLOAT, BOOLEAN)
_PLAIN = frozenset({str, int, float, bool, type(None)})
_LARGE_INTEGER = re.compile(rb"\d{19}")
_LONG_FRACTION = re.compile(rb"[1-9](?=[\d.]{18})\d*\.\d|\d\.0*[1-9]\d{17}")
"""Numbers of more significant digits than a float is sure to have."""
_NAMES = {
    INTEGER: "an integer that fits 64 bits",
    FLOAT: "a number that a 64-bit float holds exactly",
    BOOLEAN: "true or false",
    INSTANT: "a date and time with a time zone",
    LOCAL_TIME: "a date and time without a time zone",
    pa.date32(): "a date",
}
_LARGEST = 1 << 30
_SHOWN = 80
_SAMPLE = 100
"""Records that the kinds of columns are looked up in, before all are read as being of these."""


class Tables(Encoder):
    """Turns the records of one stream into Arrow tables, in two steps: to bytes, and bytes to tables.

    `encode` is for the threads that parse; its results can be put together and kept anywhere. `table` is for one thread
    at a time. `required` are columns that must have a value in every record: those that records are merged by.
    """

    def __init__(
        self,
        json_schema: Mapping[str, Any],
        *,
        nested: Nested = "json",
        required: Sequence[str] = (),
        warn: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._nested = nested
        self._types: dict[str, Any] = {}
        self._declared: frozenset[str] = frozenset()
        self.declare(json_schema)
        self._required = frozenset(required)
        self._warn = warn
        self._lock = Lock()
        self._kinds: dict[str, Any] = {}
        """As what the columns were seen in the lines: text, numbers, booleans, nulls."""
        self._as_text = frozenset(name for name, type_ in self._types.items() if pa.types.is_nested(type_))
        """Columns whose values are encoded as text, since they are nested or of several kinds."""
        self._inexact: set[str] = set()
        """Columns with integers that floats do not hold."""

    def declare(self, json_schema: Mapping[str, Any]) -> None:
        """Take over a schema that became known only now, for the columns that are not typed yet."""
        declared = arrow_schema(json_schema, nested=self._nested)
        self._declared = self._declared.union(name for name in declared.names if name not in self._types)
        self._types = dict(zip(declared.names, declared.types, strict=True)) | self._types

    @property
    def schema(self) -> Any:
        """The `pyarrow.Schema` of the tables so far; it only widens. The declared columns come first."""
        return pa.schema(
            [pa.field(name, type_, nullable=name not in self._required) for name, type_ in self._types.items()]
        )

    @property
    def only_nulls(self) -> Sequence[str]:
        """Columns that came up with no other value than null yet; they are in no table."""
        return [name for name in self._kinds if name not in self._types]

    # Records to bytes

    def encode(self, records: Sequence[Mapping[str, Any]]) -> bytes:
        """The batch as columns where all records have the same fields, else as lines of flat JSON objects.

        Rows of CSV and lines of JSON that nothing changed stay as they are.
        """
        if isinstance(records, Rows):
            return of_rows(records)
        if not isinstance(records, Lines) and (columns := of_records(records)) is not None:
            return columns
        is_long = isinstance(records, Lines) and _LONG_FRACTION.search(records.text)
        if not self._as_text and not is_long:
            text = records.text if isinstance(records, Lines) else _lines(records)
            if text is not None and text.count(b"{") == len(records) and b"[" not in text:
                return text if text.endswith(b"\n") else text + b"\n"
        if isinstance(records, Lines) and (is_long or _LARGE_INTEGER.search(records.text)):
            records = [json.loads(line, parse_float=_exact) for line in records.text.splitlines()]
        odd = {key for record in records for key, value in record.items() if value.__class__ not in _PLAIN}
        self._encode_as_text(map(key_text, odd))
        flat = [_flat(record, self._as_text) for record in records]
        lines = _lines(flat)
        return b"".join(map(_careful_line, flat)) if lines is None else lines

    def _encode_as_text(self, names: Iterable[str]) -> None:
        with self._lock:
            self._as_text = self._as_text.union(names)

    # Bytes to tables

    def table(self, data: bytes | bytearray) -> Any:
        """The `pyarrow.Table` of what `encode` gave, of the current `schema`; no rows for no bytes.

        The table may go on using `data`, which must not change any more.

        Raises `OutputError` where a required column has no value.
        """
        if not len(data):
            return self.schema.empty_table()
        read = list(map(self._read, split(data)))
        for columns, _ in read:
            for name, column in columns.items():
                self._take(name, column)
        return put_together([self._assembled(columns, count) for columns, count in read], self.schema)

    def _assembled(self, columns: Mapping[str, Column], count: int) -> Any:
        schema = self.schema
        missing = next((name for name in self._required if name not in self._types), None)
        arrays = []
        for field in schema:
            column = columns.get(field.name)
            array = pa.nulls(count, field.type) if column is None else column.array
            if not field.nullable and array.null_count:
                missing = field.name
            arrays.append(array)
        if missing is not None:
            raise OutputError(
                f"A record has no `{missing}`, which belongs to the primary key, so that it can't be merged. "
                "Correct the primary key or filter such records out, or write with --write append."
            )
        if not arrays:
            return pa.table({"": pa.nulls(count)}).select([])  # which still has its rows
        return pa.Table.from_arrays(arrays, schema=schema)

    def _take(self, name: str, column: Column) -> None:
        """Let a column have its type, or widen the type."""
        known = self._types.get(name)
        if known is None:
            if column.kind == NULL:
                self._kinds.setdefault(name, NULL)
                return
            known = self._types[name] = column.kind
        try:
            column.fit(known, declared=name in self._declared)
        except Misfit as misfit:
            self._widen(name, column, known, misfit.example)
        if self._types[name] == INTEGER and not exact_as_floats(column.array):
            self._inexact.add(name)

    def _widen(self, name: str, column: Column, known: Any, example: str) -> None:
        """Let a column be text, or of floats where those that were detected as integers turn out to be numbers."""
        self._types[name] = TEXT
        if known == INTEGER and name not in self._declared | self._inexact:
            with suppress(Misfit):
                column.fit(FLOAT)
                self._types[name] = FLOAT
                return
        column.fit(TEXT)
        self._encode_as_text([name])
        self._warn(
            f"Column `{name}` is text, for not all of it is {_NAMES.get(known, 'what its schema says')}: "
            f"{shorten(example, _SHOWN) or 'an empty text'}"
        )

    def _read(self, frame: Any) -> tuple[dict[str, Column], int]:
        """The columns of a frame, and the number of rows."""
        if isinstance(frame, bytes):
            return self._read_lines(frame)
        if isinstance(frame, Block):
            return self._read_rows(frame)
        arrays = dict(zip(frame.column_names, frame.columns, strict=True))
        columns = {name: Column(array, array.type, partial(_texts, array)) for name, array in arrays.items()}
        return columns, frame.num_rows

    def _read_rows(self, block: Block) -> tuple[dict[str, Column], int]:
        """The columns of rows of CSV, all of them text, and the number of rows."""
        table = pa_csv.read_csv(
            pa.BufferReader(block.text),
            read_options=pa_csv.ReadOptions(
                column_names=block.columns, use_threads=False, block_size=min(len(block.text) + 1, _LARGEST)
            ),
            parse_options=pa_csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(block.columns, TEXT),
                strings_can_be_null=False,
                check_utf8=False,  # which was checked when the rows were found
            ),
        )
        return dict(zip(block.columns, (Column(array, TEXT) for array in table.columns), strict=True)), table.num_rows

    # Lines to columns

    def _read_lines(self, data: bytes) -> tuple[dict[str, Column], int]:
        """The columns of lines, and the number of lines."""
        if not self._kinds:
            self._learn(islice(_rows(data), _SAMPLE))
        guesses = {name: type_ if type_ in _KINDS else TEXT for name, type_ in self._types.items()}
        table = _parsed(data, guesses | self._kinds)
        if table is None:
            rows = list(_rows(data))
            kinds = self._learn(rows)
            return {
                name: Column(pa.array([as_text(row.get(name)) for row in rows], TEXT), kind)
                for name, kind in kinds.items()
            }, len(rows)

        def texts(name: str) -> Any:
            return pa.array([as_text(row.get(name)) for row in _rows(data)], TEXT)

        arrays = dict(zip(table.column_names, table.columns, strict=True))
        columns = {name: Column(array, array.type, partial(texts, name)) for name, array in arrays.items()}
        return columns, table.num_rows if columns else data.count(b"\n")

    def _learn(self, rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
        """Look up the kinds of the columns of some rows. Those with values of several kinds are encoded as text."""
        found: dict[str, set[Any]] = {}
        for row in rows:
            for name, value in row.items():
                found.setdefault(name, set()).add(kind_of(value))
        for name, kinds in found.items():
            kind = _common({*kinds, self._kinds.get(name, NULL)})
            if kind is None:
                self._encode_as_text([name])
            self._kinds[name] = kind or TEXT
        return {name: self._kinds[name] for name in found}


def _exact(text: str) -> float | Decimal:
    """A JSON number with a fraction, as a float where that says the same."""
    number, exact = float(text), Decimal(text)
    return number if Decimal(repr(number)) == exact else exact


def _texts(array: Any) -> Any:
    """A column of values as text."""
    return pa.array([None if value is None else as_text(value) for value in array.to_pylist()], TEXT)


def _common(kinds: set[Any]) -> Any:
    """The kind that holds all of these; None when only text does."""
    kinds = kinds - {NULL}
    if kinds == {INTEGER, FLOAT}:
        return FLOAT
    return None if len(kinds) > 1 else next(iter(kinds), NULL)


def _rows(data: bytes) -> Iterator[dict[str, Any]]:
    return (loads(line) for line in BytesIO(data) if not line.isspace())


def _parsed(data: bytes, kinds: Mapping[str, Any]) -> Any:
    """Lines as a `pyarrow.Table` with columns of these kinds; None where they are not of these kinds."""
    try:
        return pa_json.read_json(
            pa.BufferReader(data),
            read_options=pa_json.ReadOptions(use_threads=False, block_size=len(data) + 1),
            parse_options=pa_json.ParseOptions(
                explicit_schema=pa.schema(kinds.items()), unexpected_field_behavior="error"
            ),
        )
    except pa.ArrowInvalid:
        return None


def _lines(records: Iterable[Mapping[str, Any]]) -> bytes | None:
    """The records as lines; None where one holds what JSON does not know."""
    lines = bytearray()
    try:
        for record in records:
            lines += orjson.dumps(record, None, orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        return None
    return bytes(lines)


def _flat(record: Mapping[str, Any], as_texts: frozenset[str]) -> dict[str, Any]:
    """The record with text for the columns that are encoded as text."""
    flat = {}
    for key, value in record.items():
        name = key if key.__class__ is str else key_text(key)
        flat[name] = value if value is None or name not in as_texts else as_text(value)
    return flat


def _careful_line(record: Mapping[str, Any]) -> bytes:
    """The record as a line, whatever its texts and integers are."""
    return json_text({_valid(key): _valid(value) for key, value in record.items()}).encode() + b"\n"


def _valid(value: Any) -> Any:
    return as_text(value) if isinstance(value, str) else value
