"""Records in a DuckDB file: each commit a transaction, rows merged by key, columns that widen."""

from __future__ import annotations

import datetime
import secrets
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from core.outputs.durable import OutputError
from core.outputs.tables import sink
from core.outputs.tables.duck import DuckSink, check_database
from core.outputs.tables.sink import TableStream
from tests.support.disk import full_disk

Rows = list[dict[str, Any]]
IDS = {"properties": {"id": {"type": "integer"}}}


def opened(path: Path, table: str = "t", **options: Any) -> DuckSink:
    options.setdefault("write", "append" if options.get("resumable") else "replace")
    options.setdefault("schema", IDS)
    made = DuckSink(path, table, TableStream(**options))
    made.open()
    return made


def add(made: DuckSink, *records: dict[str, Any]) -> None:
    made.add(made.encoder.encode(records))
    made.write()


def put(path: Path, *records: dict[str, Any], **options: Any) -> DuckSink:
    """Write records in one go, as a stream that ends well."""
    made = opened(path, **options)
    add(made, *records)
    made.finish(succeeded=True)
    return made


def ask(path: Path, query: str) -> Rows:
    with duckdb.connect(str(path)) as connection:
        result = connection.execute(query)
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def rows(path: Path, table: str = "t") -> Rows:
    return ask(path, f'FROM "{table}"')


def types(path: Path) -> dict[str, str]:
    return {row["column_name"]: row["column_type"] for row in ask(path, "DESCRIBE t")}


def tables(path: Path) -> list[str]:
    return [row["name"] for row in ask(path, "SHOW TABLES")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.duckdb"


def test_a_table_is_replaced_only_when_the_stream_has_succeeded(path: Path) -> None:
    put(path, {"id": 1, "old": True})
    made = opened(path)
    add(made, {"id": 2})
    made.finish(succeeded=False)
    assert rows(path) == [{"id": 1, "old": True}]
    assert rows(path, "t.partial") == [{"id": 2}]
    assert "table t.partial" in made.remains
    put(path, {"id": 3})
    assert rows(path) == [{"id": 3}]
    assert tables(path) == ["t"]
    put(path)
    assert rows(path) == []
    assert types(path) == {"id": "BIGINT"}


@pytest.mark.parametrize("resumable", [True, False])
def test_a_full_disk_leaves_what_was_committed(path: Path, resumable: bool) -> None:
    put(path, {"id": 1})
    made = opened(path, resumable=resumable, goes_on=resumable)
    with full_disk(path.stat().st_size + 100_000), pytest.raises(OutputError, match=r"x\.duckdb can't be written"):
        add(made, *({"id": number, "text": secrets.token_hex(20)} for number in range(50_000)))
        made.finish(succeeded=True)
    assert rows(path) == [{"id": 1}]
    put(path, {"id": 2}, write="append")
    assert rows(path) == [{"id": 1}, {"id": 2}]


def test_streams_side_by_side_write_tables_of_one_file(path: Path) -> None:
    sinks = [opened(path, table, resumable=resumable) for table, resumable in (("a", True), ("b", False), ("c", True))]
    for number in range(3):
        for made in sinks:
            add(made, {"id": number})
            made._flush()
        sinks[0].commit()
    for made in sinks:
        made.finish(succeeded=True)
    assert [rows(path, table) for table in "abc"] == [[{"id": 0}, {"id": 1}, {"id": 2}]] * 3


def test_each_commit_is_a_transaction(path: Path) -> None:
    made = opened(path, resumable=True)
    add(made, {"id": 1})
    made.commit()
    add(made, {"id": 2})
    made._flush()
    made.finish(succeeded=False)
    assert rows(path) == [{"id": 1}]
    put(path, {"id": 2}, resumable=True, goes_on=True)
    assert rows(path) == [{"id": 1}, {"id": 2}]


@pytest.mark.parametrize("resumable", [True, False])
def test_records_are_merged_by_their_key(path: Path, resumable: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sink, "GROUP_ROWS", 2)
    options: dict[str, Any] = {"write": "merge", "key": ["id", "day"], "resumable": resumable, "schema": {}}
    put(path, {"id": 1, "day": "a", "n": 1, "old": 1}, {"id": 2, "day": "a", "n": 1}, **options)
    made = opened(path, **options)
    for record in (
        {"id": 1, "day": "a", "n": 2},
        {"id": 1, "day": "b", "n": 3},
        {"id": 3, "day": "a", "n": 4},
        {"id": 3, "day": "a", "n": 5, "new": "x"},
        {"id": 1, "day": "a", "n": 6},
    ):
        add(made, record)
    made.finish(succeeded=True)
    nothing = {"old": None, "new": None}
    assert ask(path, "FROM t ORDER BY id, day") == [
        {"id": 1, "day": "a", "n": 6} | nothing,
        {"id": 1, "day": "b", "n": 3} | nothing,
        {"id": 2, "day": "a", "n": 1} | nothing,
        {"id": 3, "day": "a", "n": 5, "old": None, "new": "x"},
    ]
    made = opened(path, **options)
    with pytest.raises(OutputError, match="has no `day`"):
        add(made, {"id": 5})
    made.finish(succeeded=False)


def test_replacing_with_a_state_empties_the_table_with_the_first_commit_of_a_new_read(path: Path) -> None:
    put(path, {"id": 1})
    made = opened(path, resumable=True, write="replace")
    add(made, {"id": 2})
    made.commit()
    made.finish(succeeded=False)
    assert rows(path) == [{"id": 2}]
    put(path, {"id": 3}, resumable=True, write="replace", goes_on=True)
    assert rows(path) == [{"id": 2}, {"id": 3}]
    put(path, resumable=True, write="replace")
    assert rows(path) == []


@pytest.mark.parametrize("resumable", [True, False])
def test_columns_are_added_and_widened_and_nothing_is_lost(path: Path, resumable: bool) -> None:
    options: dict[str, Any] = {"write": "append", "resumable": resumable}
    properties = {"at": {"type": "string", "format": "date-time"}, "tags": {"type": "array", "items": {}}}
    address = {"type": "object", "properties": {"zip": {"type": "string"}}}
    schema = {"properties": properties | {"address": address}}
    said: list[str] = []
    first = {"at": "2026-01-01T00:00:00Z", "n": 1, "b": True, "big": 2**60 + 1, "tags": ["x"], "address": {"zip": "1"}}
    put(path, first, schema=schema, nested="struct", **options)
    second = {"at": "soon", "n": 2.5, "b": 3, "big": 0.5, "tags": "none", "address": [1], "new": "x", "null": None}
    put(path, second, {"n": 7}, schema={}, warn=said.append, **options)
    assert rows(path) == [
        {
            "at": "2026-01-01T00:00:00.000000Z",
            "tags": '["x"]',
            "address": '{"zip":"1"}',
            "n": 1.0,
            "b": "true",
            "big": str(2**60 + 1),
            "new": None,
            "null": None,
        },
        second | {"b": "3", "big": "0.5", "address": "[1]"},
        dict.fromkeys(second) | {"n": 7.0},
    ]
    assert {text.split("`")[1] for text in said} == {"at", "b", "big", "tags", "address"}
    put(path, first | {"n": "0.5"}, schema=schema, **options)
    assert rows(path)[-1]["at"] == "2026-01-01T00:00:00.000000Z"
    assert rows(path)[-1]["n"] == 0.5


def test_a_table_of_another_program_takes_what_fits_its_types(path: Path) -> None:
    ask(path, "CREATE TABLE t (id INTEGER, price DECIMAL(10, 2), day DATE)")
    put(path, {"id": 5, "price": 1.25, "day": "2026-01-01"}, write="append")
    assert rows(path)[0]["day"] == datetime.date(2026, 1, 1)
    assert types(path) == {"id": "INTEGER", "price": "DECIMAL(10,2)", "day": "DATE"}
    put(path, {"id": 2**40, "price": 1.255, "day": "tomorrow"}, write="append")
    assert types(path) == {"id": "BIGINT", "price": "VARCHAR", "day": "VARCHAR"}
    assert [(row["price"], row["day"]) for row in rows(path)] == [("1.25", "2026-01-01"), ("1.255", "tomorrow")]


def test_times_without_a_zone_never_become_instants(path: Path) -> None:
    ask(path, 'CREATE TABLE t ("at" TIMESTAMP)')
    ask(path, "INSERT INTO t VALUES ('2026-01-01 10:00:00')")
    instant = {"properties": {"at": {"type": "string", "format": "date-time"}}}
    put(path, {"at": "2026-01-01T10:00:00+02:00"}, schema=instant, write="append")
    assert [row["at"] for row in rows(path)] == ["2026-01-01T10:00:00.000000", "2026-01-01T08:00:00.000000Z"]


@pytest.mark.parametrize("resumable", [True, False])
def test_rows_of_nothing_but_nulls_are_rows(path: Path, resumable: bool) -> None:
    made = opened(path, schema={}, resumable=resumable)
    add(made, {"a": None}, {"a": None})
    made.commit()
    add(made, {"a": 1, "b": 2})
    made.finish(succeeded=True)
    assert rows(path) == [{"a": None, "b": None}] * 2 + [{"a": "1", "b": 2}]


@pytest.mark.parametrize("resumable", [True, False])
def test_without_any_column_there_is_no_table(path: Path, resumable: bool) -> None:
    said: list[str] = []
    options: dict[str, Any] = {"schema": {}, "resumable": resumable, "warn": said.append}
    put(path, **options)
    put(path, {}, **options)
    assert tables(path) == []
    assert said == [f"{path}, table t is not there: no record and no schema names a column."] * 2
    put(path, {"id": 1})
    put(path, write="append", **options)
    assert rows(path) == [{"id": 1}]
    put(path, write="replace", **options)
    assert rows(path) == [], "its columns stay"


def test_names_of_columns_and_tables_may_be_anything(path: Path) -> None:
    for _ in range(2):
        record = {"Id": 1, "": 2, "select": 4, 'quo"te': 5, "a.b": 6, "nul\0": 7, "id": 3}
        put(path, record, schema={}, table='odd "name".x', write="append")
    found = rows(path, 'odd ""name"".x')
    assert found[0] == found[1]
    assert list(found[0].values()) == [1, 2, 4, 5, 6, 7, 3]
    assert [name for name in found[0] if not name.endswith(("_e3b0c442", "_37ae0c5d"))][:1] == ["Id"]
    assert {"Id", "select", 'quo"te', "a.b"} < found[0].keys()


def test_a_view_is_not_written_to(path: Path) -> None:
    ask(path, "CREATE VIEW t AS SELECT 1 AS id")
    with pytest.raises(OutputError, match="`t` is a view"):
        opened(path)


def test_a_file_that_is_open_elsewhere_is_refused(path: Path) -> None:
    put(path, {"id": 1})
    code = f"import duckdb; held = duckdb.connect({str(path)!r}); print('open', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(OutputError, match=rf"is open in another program \(.*process {other.pid}\); close it there"):
            check_database(path)
        other.communicate(b"\n")
    check_database(path)
    path.write_text("x" * 10_000)
    with pytest.raises(OutputError, match="is no DuckDB database"):
        check_database(path)
