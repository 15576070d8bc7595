"""Records in a Parquet file: whole at any time, gone on with after a kill, unified when their columns change."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.outputs.durable import OutputError
from core.outputs.tables import parquet, sink
from core.outputs.tables.parquet import ParquetSink
from core.outputs.tables.sink import TableStream
from tests.support.disk import full_disk

Rows = list[dict[str, Any]]
IDS = {"properties": {"id": {"type": "integer"}}}


def opened(path: Path, **options: Any) -> ParquetSink:
    options.setdefault("write", "append" if options.get("resumable") else "replace")
    options.setdefault("schema", IDS)
    made = ParquetSink(path, TableStream(**options))
    made.open()
    return made


def add(made: ParquetSink, *records: dict[str, Any]) -> None:
    made.add(made.encoder.encode(records))
    made.write()


def put(path: Path, *records: dict[str, Any], **options: Any) -> ParquetSink:
    """Write records in one go, as a stream that ends well."""
    made = opened(path, **options)
    add(made, *records)
    made.finish(succeeded=True)
    return made


def ask(query: str) -> list[Any]:
    with duckdb.connect() as connection:
        return connection.execute(query).fetchall()


def rows(path: Path) -> Rows:
    found: Rows = pq.read_table(path).to_pylist()
    names = pq.read_schema(path).names
    assert [dict(zip(names, row, strict=True)) for row in ask(f"FROM '{path}'")] == found
    return found


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "x.parquet"


def test_a_file_is_replaced_only_when_the_stream_has_succeeded(path: Path) -> None:
    put(path, {"id": 1})
    made = opened(path)
    add(made, {"id": 2})
    made._flush()
    assert rows(path) == [{"id": 1}]
    made.finish(succeeded=True)
    assert rows(path) == [{"id": 2}]
    assert made.place == str(path)
    assert os.listdir(path.parent) == [path.name]


def test_what_a_failed_stream_read_stays_beside_the_file(path: Path) -> None:
    put(path, {"id": 1})
    made = opened(path)
    add(made, {"id": 2})
    made.finish(succeeded=False)
    kept = path.with_name("x.parquet.partial")
    assert rows(path) == [{"id": 1}]
    assert pq.read_table(kept).to_pylist() == [{"id": 2}]
    assert str(kept) in made.remains
    opened(path).finish(succeeded=False)
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.parametrize("resumable", [True, False])
@pytest.mark.parametrize("room", [20_000, 200_000])
def test_a_full_disk_leaves_the_file_as_it_was(path: Path, resumable: bool, room: int) -> None:
    put(path, {"id": 1})
    made = opened(path, resumable=resumable, goes_on=resumable)
    add(made, *({"id": number, "text": secrets.token_hex(20)} for number in range(20_000)))
    for succeeded in (True, False):  # as a run does it: what can't be finished is given up
        with full_disk(room), suppress(OSError):
            made.finish(succeeded=succeeded)
            assert not succeeded
    assert os.listdir(path.parent) == [path.name]
    assert rows(path) == [{"id": 1}]


def test_a_stream_without_records_gives_a_file_with_its_columns(path: Path) -> None:
    put(path, {"id": 1})
    put(path)
    assert rows(path) == []
    assert pq.read_schema(path).names == ["id"]
    put(path, {"id": 1})
    put(path, schema={})
    assert rows(path) == []
    assert pq.read_schema(path).names == ["id"], "those that it had are still known"
    path.unlink()
    said: list[str] = []
    put(path, schema={}, warn=said.append)
    assert not path.exists()
    assert "names a column" in said[0]


def test_without_a_schema_columns_that_come_up_later_are_in_all_rows(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sink, "GROUP_ROWS", 2)
    records: Rows = [{"a": 1, "z": None}, {"a": 2}, {"a": 3, "b": "x"}, {"a": 2.5}, {"a": "four", "z": 1}, {}]
    made = opened(path, schema={})
    for record in records:
        add(made, record)
    made.finish(succeeded=True)
    assert rows(path) == [
        {"a": "1", "z": None, "b": None},
        {"a": "2", "z": None, "b": None},
        {"a": "3", "z": None, "b": "x"},
        {"a": "2.5", "z": None, "b": None},
        {"a": "four", "z": 1, "b": None},
        {"a": None, "z": None, "b": None},
    ]
    assert pq.read_schema(path).field("z").type == pa.int64()
    assert os.listdir(path.parent) == [path.name]


def test_columns_of_nulls_are_text(path: Path) -> None:
    put(path, {"id": 1, "nothing": None})
    assert rows(path) == [{"id": 1, "nothing": None}]
    assert pq.read_schema(path).field("nothing").type == pa.string()


def test_commits_wait_beside_the_file_until_the_stream_ends(path: Path) -> None:
    put(path, {"id": 1}, resumable=True)
    made = opened(path, resumable=True, goes_on=True)
    for number in (2, 3):
        add(made, {"id": number})
        made.commit()
        assert rows(path) == [{"id": 1}]
    assert ask(f"FROM '{path.parent}/**/*.parquet'") == [(1,)]
    add(made, {"id": 4})
    made.finish(succeeded=False)
    assert rows(path) == [{"id": 1}, {"id": 2}, {"id": 3}]
    assert os.listdir(path.parent) == [path.name]


def test_what_a_killed_run_left_is_put_into_the_file_by_the_next(path: Path) -> None:
    put(path, {"id": 1}, resumable=True)
    made = opened(path, resumable=True, goes_on=True)
    add(made, {"id": 2})
    made.commit()
    add(made, {"id": 3})
    made._flush()

    again = opened(path, resumable=True, goes_on=True)
    add(again, {"id": 3})
    again.finish(succeeded=True)
    assert rows(path) == [{"id": 1}, {"id": 2}, {"id": 3}]


@pytest.mark.parametrize("before", [{"id": 1}, None])
def test_parts_are_never_put_in_twice(
    path: Path, before: dict[str, Any] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if before:
        put(path, before, resumable=True)
    made = opened(path, resumable=True, goes_on=True)
    for number in (2, 3):
        add(made, {"id": number})
        made.commit()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", lambda *_, **__: (_ for _ in ()).throw(PermissionError()))
        with pytest.raises(PermissionError):
            made.finish(succeeded=True)
    expected = [*([before] if before else []), {"id": 2}, {"id": 3}]
    assert rows(path) == expected
    put(path, {"id": 4}, resumable=True, goes_on=True)
    assert rows(path) == [*expected, {"id": 4}]
    assert os.listdir(path.parent) == [path.name]


def test_replacing_with_a_state_keeps_what_is_there_until_the_stream_ends(path: Path) -> None:
    put(path, {"id": 1})
    made = opened(path, resumable=True, write="replace")
    add(made, {"id": 2})
    made.commit()
    assert rows(path) == [{"id": 1}]
    going_on = opened(path, resumable=True, write="replace", goes_on=True)
    add(going_on, {"id": 3})
    going_on.finish(succeeded=True)
    assert rows(path) == [{"id": 2}, {"id": 3}]
    put(path, resumable=True, write="replace")
    assert rows(path) == []


def test_appending_without_a_state_joins_the_rows_when_the_stream_has_succeeded(path: Path) -> None:
    put(path, {"id": 1})
    made = opened(path, write="append")
    add(made, {"id": 2})
    made.finish(succeeded=False)
    assert rows(path) == [{"id": 1}]
    put(path, {"id": 3}, write="append")
    assert rows(path) == [{"id": 1}, {"id": 3}]


def test_rows_of_runs_with_other_columns_are_unified(path: Path) -> None:
    times = {"properties": {"at": {"type": "string", "format": "date-time"}, "n": {"type": "integer"}}}
    put(path, {"at": "2026-01-01T00:00:00Z", "n": 1, "big": 2**60 + 1}, schema=times)
    said: list[str] = []
    put(path, {"at": "soon", "n": "2", "big": 0.5, "more": {"a": 1}}, schema={}, write="append", warn=said.append)
    assert [one.split(" of ")[0] for one in said] == ["Column `at`", "Column `n`", "Column `big`"]
    assert f"of {path} is text now: it was int64, and other values came." in said[1]
    assert rows(path) == [
        {"at": "2026-01-01T00:00:00.000000Z", "n": "1", "big": str(2**60 + 1), "more": None},
        {"at": "soon", "n": "2", "big": "0.5", "more": '{"a":1}'},
    ]


def test_files_of_other_programs_are_appended_to(path: Path) -> None:
    pq.write_table(pa.table({"id": pa.array([1], pa.int32()), "s": pa.array(["x"]).dictionary_encode()}), path)
    put(path, {"id": 2**40, "s": "y"}, write="append", schema={})
    assert rows(path) == [{"id": 1, "s": "x"}, {"id": 2**40, "s": "y"}]


def test_a_file_that_is_no_parquet_is_not_appended_to(path: Path) -> None:
    path.write_text("no")
    with pytest.raises(OutputError, match="no Parquet file"):
        opened(path, write="append", resumable=True)
    put(path, {"id": 1})
    assert rows(path) == [{"id": 1}]


def test_groups_of_rows_are_bounded(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (sink, parquet):
        monkeypatch.setattr(module, "GROUP_ROWS", 10)
    for _ in range(4):
        made = opened(path, resumable=True, goes_on=True)
        for number in range(3):
            add(made, *({"id": number} for number in range(4)))
            made.commit()
        made.finish(succeeded=True)
    metadata = pq.read_metadata(path)
    sizes = [metadata.row_group(index).num_rows for index in range(metadata.num_row_groups)]
    assert sum(sizes) == 48
    assert max(sizes) <= 10
    assert len(sizes) < 10
