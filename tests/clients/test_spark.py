"""Spark, unchanged, reads streams through the data source: slices are partitions, and all records come once."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.errors import ReadError
from core.extras import is_installed
from tests.scaling.support import EVENTS, KEY, CountingApi, ids, manifest
from tests.support.dynamic import dynamic_manifest, from_list, mapping

pytestmark = [
    pytest.mark.clients,
    pytest.mark.skipif(not is_installed("pyspark"), reason="PySpark is not installed; `make test-clients` installs it"),
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java, which is not installed"),
]
ROOT = Path(__file__).parents[2]
DAYS = 5
BUDGET = 3
"""Jobs at once, fewer than the tasks that Spark would run here."""


@pytest.fixture
def api() -> Iterator[CountingApi]:
    with CountingApi() as running:
        yield running


def read(folder: Path, *frames: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
    """What came of some data frames, and all that Spark has logged."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("spark_read.py"))],
        input=json.dumps(frames),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYSPARK_PYTHON": sys.executable,
            "SPARK_LOCAL_IP": "127.0.0.1",
        },
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answers: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return answers, done.stdout + done.stderr


def test_slices_are_partitions_and_all_records_come_once(api: CountingApi, tmp_path: Path) -> None:
    path = manifest(tmp_path / "events.yaml", api, DAYS, budget=BUDGET)
    (tmp_path / "config.json").write_text(json.dumps({"key": KEY}))
    undeclared = tmp_path / "undeclared.yaml"
    undeclared.write_text(path.read_text().replace("properties: {id: {type: string}, time: {type: string}}", ""))
    typed = tmp_path / "typed.yaml"
    typed.write_text(path.read_text().replace("id: {type: string}", "id: {type: integer}"))
    with CountingApi() as failing:
        failing.broken.add("2024-01-02")
        broken = manifest(tmp_path / "broken.yaml", failing, DAYS)
        options = {"stream": "events", "config": str(tmp_path / "config.json")}
        answers, log = read(
            tmp_path,
            {"options": {**options, "manifest": str(path)}},
            {"options": {"path": str(path), "config": json.dumps({"key": KEY}), "partitions": "2"}},
            {"options": {**options, "manifest": str(undeclared)}},
            {
                "options": {**options, "manifest": str(undeclared)},
                "schema": "time timestamp_ntz, id string, more double",
            },
            {"options": {**options, "manifest": str(typed)}},
            {"options": {**options, "manifest": str(broken)}},
            {"options": {**options, "manifest": str(path), "stream": "nothing"}},
            {"options": {"manifest": str(path), "config": json.dumps({"key": "wrong"})}},
        )
    whole, grouped, detected, chosen, misfit, failed, unknown, refused = answers
    for answer in (whole, grouped, detected):
        assert answer["columns"] == "struct<id:string,time:string>"
        assert sorted(record["id"] for record in answer["records"]) == sorted(ids(DAYS))
    assert (whole["partitions"], grouped["partitions"]) == (BUDGET, 2)
    assert api.most <= BUDGET
    assert chosen["columns"] == "struct<time:timestamp_ntz,id:string,more:double>"
    assert chosen["records"][0] == {"time": "2024-01-01T00:00:00.000", "id": "2024-01-01 0"}
    assert len(chosen["records"]) == DAYS * EVENTS
    assert "Column `id` of the data frame is int64" in misfit["error"]
    assert "failed" in failed["error"]
    assert "2024-01-02" in failed["error"]
    assert "There is no stream `nothing`; there is events." in unknown["error"]
    assert "no such key" in refused["error"]
    assert KEY not in json.dumps(answers) + log


API_BUDGET = """
api_budget:
  type: HTTPAPIBudget
  policies: [{type: FixedWindowCallRatePolicy, call_limit: 2, period: PT1S, matchers: []}]
"""


def test_a_stream_has_as_many_partitions_as_jobs_at_once(api: CountingApi, tmp_path: Path) -> None:
    from core.scaling.spark import StreamToRead

    path = manifest(tmp_path / "events.yaml", api, DAYS, budget=BUDGET)
    options = {"manifest": str(path), "config": json.dumps({"key": KEY})}
    assert StreamToRead.of(options).parts == BUDGET
    assert StreamToRead.of({**options, "partitions": "7"}).parts == 7
    path.write_text(path.read_text() + API_BUDGET)
    assert StreamToRead.of(options).parts == 2


class EndlessLater(CountingApi):
    """Only its first job comes to an end."""

    def create(self, part: str, key: str | None) -> tuple[int, Any]:
        self.seconds = 3600.0 if self.jobs else 0.1
        return super().create(part, key)


def test_a_task_that_is_given_up_aborts_its_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pyspark.sql.types import StringType, StructField, StructType

    from core.outputs import portions
    from core.scaling import spark

    monkeypatch.setattr(portions, "PORTION", 1)
    with EndlessLater() as api:
        path = manifest(tmp_path / "events.yaml", api, 2)
        work = spark.StreamToRead.of({"manifest": str(path), "config": json.dumps({"key": KEY}), "partitions": "1"})
        reader = pickle.loads(pickle.dumps(spark.LonghaulReader(work, StructType([StructField("id", StringType())]))))
        (partition,) = pickle.loads(pickle.dumps(reader.partitions()))
        assert KEY not in repr([work, partition])
        batches = reader.read(partition)
        assert next(batches).to_pydict()["id"] == ids(1)
        api.until(2)
        batches.close()
        assert api.aborted == {"j1"}
        assert api.most == 1


LONGS = {"type": "array", "elementType": "long", "containsNull": True}


def struct(**fields: Any) -> dict[str, Any]:
    """A type as Spark writes it in JSON."""
    return {"type": "struct", "fields": [column(name, type_) for name, type_ in fields.items()]}


def column(name: str, type_: Any, *, nullable: bool = True) -> dict[str, Any]:
    return {"name": name, "type": type_, "nullable": nullable, "metadata": {}}


FITTING = [
    ("byte", 7, 7),
    ("integer", -5, -5),
    ("long", 2**53 + 1, 2**53 + 1),
    ("long", "12", 12),  # as in CSV
    ("double", 1.5, 1.5),
    ("double", 3, 3.0),
    ("boolean", True, True),
    ("string", "ä", "ä"),
    ("string", 1.5, "1.5"),
    ("string", {"a": [1]}, '{"a":[1]}'),
    ("decimal(20,2)", "12345678901234567.25", Decimal("12345678901234567.25")),
    ("decimal(5,2)", 1.1, Decimal("1.10")),
    ("decimal(5,2)", "", None),
    ("long", "", None),
    ("string", "", ""),
    ("date", "2024-02-29", date(2024, 2, 29)),
    ("timestamp", "2024-02-29T12:00:00+02:00", datetime(2024, 2, 29, 10, tzinfo=UTC)),
    ("timestamp_ntz", "2024-02-29T12:00:00", datetime(2024, 2, 29, 12)),
    (LONGS, [1, 2], [1, 2]),
    (struct(a="long", b="string"), {"a": 1, "b": "x"}, {"a": 1, "b": "x"}),
]
MISFITS = [
    ("byte", 300),
    ("long", 1.5),
    ("long", "abc"),
    ("boolean", 1),
    ("decimal(4,1)", 1.25),
    ("date", "29.02.2024"),
    ("timestamp", "yesterday"),
    (LONGS, ["x"]),
    (struct(a="long"), {"a": "x"}),
]


def fitted(type_: Any, *values: Any, nullable: bool = True) -> Any:
    from pyspark.sql.types import StructType

    from core.outputs.tables.batches import Tables
    from core.scaling.spark_types import Fit, column_types

    columns, declared = column_types(StructType.fromJson({"fields": [column("value", type_, nullable=nullable)]}))
    misfits: list[str] = []
    tables = Tables(declared, nested="struct", warn=misfits.append)
    table = tables.table(tables.encode([{"value": value} for value in values]))
    fit = Fit(columns, misfits, misfits.append).fit(table)
    assert fit.schema == columns
    return fit


@pytest.mark.parametrize(("type_", "value", "expected"), FITTING)
def test_a_column_holds_exactly_what_the_record_says(type_: Any, value: Any, expected: Any) -> None:
    assert fitted(type_, value, None)["value"].to_pylist() == [expected, None]
    assert fitted(type_, None)["value"].to_pylist() == [None]


@pytest.mark.parametrize(("type_", "value"), MISFITS)
def test_a_value_that_does_not_fit_is_an_error_that_names_the_column(type_: Any, value: Any) -> None:
    with pytest.raises(ReadError, match=r"Column `value` of the data frame is .*Declare it as string"):
        fitted(type_, value)
    with pytest.raises(ReadError, match="Column `value`"):
        fitted(type_, None, nullable=False)
    with pytest.raises(ReadError, match="records hold nothing of the type map"):
        fitted({"type": "map", "keyType": "string", "valueType": "string", "valueContainsNull": True}, {})


def test_a_made_stream_travels_to_the_processes_that_read_it(tmp_path: Path) -> None:
    from core.scaling.spark import StreamToRead

    put = mapping(["retriever", "requester", "path"], "/of/{{ components_values['name'] }}")
    file = tmp_path / "m.yaml"
    file.write_text(yaml.safe_dump(dynamic_manifest(from_list([{"name": "goods"}, {"name": "orders"}], put))))

    to_read = pickle.loads(pickle.dumps(StreamToRead.of({"manifest": str(file), "stream": "orders"})))

    assert to_read.connector().stream_names == ("orders",)
    assert to_read.connector().is_made("orders")
