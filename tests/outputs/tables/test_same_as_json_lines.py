"""Whatever records hold, Parquet and DuckDB hold the same as JSON Lines, in the way that the documentation says."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.decoding.chunks import Lines
from core.outputs.encoders import JsonLines
from core.outputs.tables import sink
from core.outputs.tables.duck import DuckSink, connect
from core.outputs.tables.parquet import ParquetSink
from core.outputs.tables.sink import TableStream

Record = dict[str, Any]

TIME = {"type": "string", "format": "date-time"}
DECLARED: Mapping[str, Any] = {
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "day": {"type": "string", "format": "date"},
    "at": TIME,
    "local": TIME | {"airbyte_type": "timestamp_without_timezone"},
    "text": {"type": "string"},
    "struct": {"type": "object", "properties": {"n": {"type": "integer"}, "t": {"type": "string"}}},
    "list": {"type": "array", "items": {"type": "number"}},
}
NUMBERS = ["42", "007", "2.0", "1e3", "-0", "0.1", "0.30000000000000004", "9" * 25, "1" * 17 + ".5", "NaN"]
DAYS = ["2026-02-28", "2026-02-30"]
TIMES = [
    "2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00.123456+02:00",
    "2026-01-01T00:00:00.1234567Z",
    "2026-01-01T00:00:00",
    "2026-01-01 10:00:00",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999Z",
]
TEXTS = ["", "true", "FALSE", "null", "{}", "[1]", "a\tb\r\n", '"', "\\ud800", "\0", "\ud800", "é" * 5]
MARKED = st.sampled_from([*NUMBERS, *DAYS, *TIMES, *TEXTS])
SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([2**53, 2**53 + 1, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**70]),
    st.floats(),
    st.sampled_from([Decimal("1.10"), Decimal("1e-30"), Decimal("12345678901234567890.123")]),
    st.sampled_from([datetime.date(2026, 1, 2), datetime.datetime(2026, 1, 2, 3, tzinfo=datetime.UTC)]),
    MARKED,
    st.text(max_size=5),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ntx"), inner, max_size=2),
    max_leaves=4,
)
ALIKE = st.one_of(
    *(st.lists(kind, min_size=1, max_size=4) for kind in (st.integers(), st.floats(), st.booleans(), MARKED, VALUES))
)
"""Values of which the records of a batch take theirs: columns are often of one kind."""


@st.composite
def batches(draw: st.DrawFn) -> list[Record]:
    names = draw(st.lists(st.sampled_from([*DECLARED, "other", "Ü b", 'q"']), min_size=1, max_size=4, unique=True))
    pools = {name: draw(ALIKE) for name in names}
    uneven = draw(st.booleans())
    records = [
        {name: draw(st.sampled_from(pool)) for name, pool in pools.items() if not uneven or draw(st.booleans())}
        for _ in range(draw(st.integers(1, 4)))
    ]
    return [record or {"other": None} for record in records]


RUNS = st.lists(
    st.tuples(st.booleans(), st.booleans(), st.booleans(), st.lists(batches(), min_size=1, max_size=3)),
    min_size=1,
    max_size=3,
)


def lines(records: Sequence[Record]) -> list[Record]:
    """The records as they stand in JSON Lines, with numbers as they were written."""
    text = JsonLines().encode(records)
    return [json.loads(line, parse_float=Decimal, parse_int=Decimal) for line in text.splitlines()]


def as_read(records: list[Record]) -> Lines:
    """The records as lines of a download that nothing changed."""
    text = JsonLines().encode(records)
    return Lines([json.loads(line) for line in text.splitlines()], text)


def same(value: Any, cell: Any) -> bool:
    """Whether a cell says what the value in JSON Lines says."""
    if isinstance(cell, dict):
        names = {*cell, *value}
        return all(same(value.get(name), cell.get(name)) for name in names)
    if isinstance(cell, list):
        return len(cell) == len(value) and all(map(same, value, cell))
    if cell is None:
        return value is None or value == ""
    if isinstance(cell, str) and isinstance(value, dict | list):
        return same(value, json.loads(cell, parse_float=Decimal, parse_int=Decimal))
    if isinstance(cell, datetime.datetime | datetime.date):
        return bool(type(cell).fromisoformat(value) == cell)
    texts = [value.encode(errors="backslashreplace").decode() if isinstance(value, str) else json_scalar(value)]
    return str(cell) == texts[0] or said(texts[0]) == said(str(cell))


def json_scalar(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def said(text: str) -> Any:
    """What a text says, however it is written."""
    try:
        return Decimal(text)
    except InvalidOperation:
        pass
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        return text.lower() if text.lower() in ("true", "false") else text


def found(path: Path) -> list[Record]:
    if path.suffix == ".parquet":
        return list(pq.read_table(path).to_pylist())
    with connect(path) as connection:
        return list(connection.table("t").to_arrow_table().to_pylist())


@pytest.mark.parametrize("name", ["x.parquet", "x.duckdb"])
@settings(max_examples=25)
@given(runs=RUNS, nested=st.sampled_from(["json", "struct"]))
def test_no_value_is_lost_or_changed(name: str, runs: Any, nested: Any) -> None:
    expected: list[Record] = []
    with TemporaryDirectory() as folder, patch.object(sink, "GROUP_ROWS", 3):
        path = Path(folder, name)
        for declares, commits, unchanged, read in runs:
            schema = {"properties": DECLARED} if declares else {}
            stream = TableStream(schema, nested, "append", resumable=commits)
            made = ParquetSink(path, stream) if name == "x.parquet" else DuckSink(path, "t", stream)
            made.open()
            for data in [made.encoder.encode(as_read(records) if unchanged else records) for records in read]:
                made.add(data)
                made.write()
                if commits:
                    made.commit()
            made.finish(succeeded=True)
            expected += [record for records in read for record in lines(records)]
        cells = found(path)
    assert len(cells) == len(expected)
    for record, row in zip(expected, cells, strict=True):
        for column in {*record, *row}:
            assert same(record.get(column), row.get(column)), (column, record, row)
