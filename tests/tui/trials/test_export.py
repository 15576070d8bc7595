"""Records of a test in a file: all of them or a part, or the file as it was."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from core.decoding.chunks import Lines
from core.errors import LonghaulError
from core.outputs.destination import FILES
from core.outputs.locks import lock
from tests.tui.trials.support import contact
from tui.trials import export
from tui.trials.export import FORMATS, Export, ExportCancelled, Selection, ending_of
from tui.trials.records import RecordInspector, RecordStore, RecordView, batches


def stored(*records: Mapping[str, Any], in_memory: int = 300) -> RecordStore:
    """A store whose records came two at a time, from two partitions by turns; most of them are on disk."""
    inspector = RecordInspector()
    store = RecordStore(inspector.columns, in_memory=in_memory)
    for number in range(0, len(records), 2):
        some = records[number : number + 2]
        store.append(inspector.encode(some), len(some), 1 + number // 2 % 2, 1)
    return store


def selection(store: RecordStore | RecordView, **more: Any) -> Selection:
    return Selection("contacts", store, **more)


@pytest.mark.parametrize("name", ["c.jsonl", "c.jsonl.gz"])
def test_all_records_are_written_exactly_as_they_are(tmp_path: Path, name: str) -> None:
    records = [*map(contact, range(9)), {"big": 10**30, "é\u2028": [1.10, None]}]
    job = Export(selection(stored(*records)), tmp_path / name)
    assert job.run() == f"10 records exported to {tmp_path / name}."
    data = (tmp_path / name).read_bytes()
    text = gzip.decompress(data) if name.endswith(".gz") else data
    assert [json.loads(line) for line in text.splitlines()] == records
    assert job.written == job.total == 10
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_csv_has_the_declared_columns_first(tmp_path: Path) -> None:
    schema: dict[str, Any] = {"properties": {"ORDERS": {}, "DECLARED": {}}}
    Export(selection(stored(*map(contact, range(3))), schema=schema), tmp_path / "c.csv").run()
    header, first, *rest = csv.reader((tmp_path / "c.csv").read_text().splitlines())
    assert header == ["ORDERS", "DECLARED", "CONTACT_ID", "EMAIL", "CITY"]
    assert first == ["0", "", "c000", "user0@example.com", "Porto"]
    assert len(rest) == 2


def test_a_part_of_the_records_is_written_and_what_is_missing_is_said(tmp_path: Path) -> None:
    store = stored(*map(contact, range(8)))
    said = Export(selection(store.view(2), cut="There is more."), tmp_path / "c.jsonl").run()
    assert said.startswith("4 records exported to ")
    assert said.endswith(". There is more.")
    written = [json.loads(line)["ORDERS"] for line in (tmp_path / "c.jsonl").read_text().splitlines()]
    assert written == [2, 3, 6, 7]


def test_parquet_is_typed_by_the_schema(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="the test reads Parquet")
    schema = {"properties": {"ORDERS": {"type": "integer"}, "at": {"type": "string", "format": "date"}}}
    records = [{**contact(n), "at": "2026-01-02", "late": n or None} for n in range(5)]
    Export(selection(stored(*records), schema=schema), tmp_path / "c.parquet").run()
    table = parquet.read_table(tmp_path / "c.parquet")
    assert {name: str(table.schema.field(name).type) for name in ("ORDERS", "at", "EMAIL", "late")} == {
        "ORDERS": "int64",
        "at": "date32[day]",
        "EMAIL": "string",
        "late": "int64",
    }
    assert table.column("ORDERS").to_pylist() == [0, 1, 2, 3, 4]
    assert [file.name for file in tmp_path.iterdir()] == ["c.parquet"]


def test_a_table_of_a_database_is_replaced_and_the_others_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    duckdb = pytest.importorskip("duckdb", reason="the test reads DuckDB")
    file = tmp_path / "c.duckdb"
    assert Export(Selection("others", stored(contact(1))), file).run() == f"1 record exported to {file}, table others."
    Export(selection(stored(*map(contact, range(4)))), file).run()
    schema = {"properties": {"EMAIL": {"type": "integer"}}}
    said = Export(selection(stored(*map(contact, range(3))), schema=schema), file).run()
    assert "Column `EMAIL` is" in said
    job = Export(selection(stored(*map(contact, range(9)))), file)
    monkeypatch.setattr(export, "batches", lambda source: map(cancelling(job), batches(source)))
    with pytest.raises(ExportCancelled):
        job.run()
    with duckdb.connect(str(file)) as connection:
        tables = {
            name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
            for (name,) in connection.execute("SHOW TABLES").fetchall()
        }
    assert tables == {"contacts": 3, "others": 1}
    new = Export(selection(stored(*map(contact, range(9)))), tmp_path / "new.duckdb")
    monkeypatch.setattr(export, "batches", lambda source: map(cancelling(new), batches(source)))
    with pytest.raises(ExportCancelled):
        new.run()
    assert [path.name for path in tmp_path.iterdir()] == ["c.duckdb"]


def cancelling(job: Export) -> Callable[[Lines], Lines]:
    """Lets a batch pass, and cancels the export."""

    def cancel(batch: Lines) -> Lines:
        job.cancel()
        return batch

    return cancel


def test_all_formats_that_runs_write_can_be_exported() -> None:
    assert set(FORMATS) == set(FILES)


def test_an_export_that_is_cancelled_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "c.jsonl"
    file.write_text("what was there\n")
    job = Export(selection(stored(*map(contact, range(6)))), file)

    monkeypatch.setattr(export, "batches", lambda source: map(cancelling(job), batches(source)))
    with pytest.raises(ExportCancelled, match="nothing was written"):
        job.run()
    assert file.read_text() == "what was there\n"
    assert [*tmp_path.iterdir()] == [file]


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "c.csv"
    file.write_text("a\n1\n")

    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("core.outputs.sinks.sync", full)
    with pytest.raises(LonghaulError, match="the disk is full"):
        Export(selection(stored(contact(1))), file).run()
    assert file.read_text() == "a\n1\n"
    assert [*tmp_path.iterdir()] == [file]


def test_a_file_that_a_run_writes_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "c.jsonl"
    with lock(file), pytest.raises(LonghaulError, match="in use by"):
        Export(selection(stored(contact(1))), file).run()


def test_what_is_wrong_with_a_place_is_said_without_the_option_of_the_command_line(tmp_path: Path) -> None:
    for place in (tmp_path / "no" / "c.jsonl", tmp_path / "c.txt"):
        with pytest.raises(LonghaulError) as caught:
            Export(selection(stored(contact(1))), place).run()
        assert "--output" not in str(caught.value)


def test_the_longest_ending_counts() -> None:
    assert [ending_of(f"x{ending}") for ending in FORMATS] == [*FORMATS]
    assert ending_of("x.json") is None


def test_batches_are_small_in_number_and_in_bytes() -> None:
    store = stored(*({"n": n} for n in range(2_500)), in_memory=10**6)
    assert [len(batch) for batch in batches(store)] == [1_000, 1_000, 500]
    store = stored(*({"n": "x" * 3_000_000} for _ in range(4)))
    assert [len(batch) for batch in batches(store)] == [2, 2]
    assert [batch.text.count(b"\n") for batch in batches(store)] == [2, 2]
