"""The streams of a manifest as a source in people's own dlt pipelines."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import pytest
import yaml

from tests.loading.support import DAYS, OrdersApi, duckdb_rows, order, surroundings
from tests.support.dynamic import dynamic_manifest, from_api, mapping, template
from tests.support.server import Asked, LoopbackServer, Reply

pytestmark = pytest.mark.slow

PIPELINE = """
import dlt
from core.loading import longhaul_source

source = longhaul_source("shop.yaml", streams=["Orders"])
pipeline = dlt.pipeline("mine", destination=dlt.destinations.duckdb("mine.duckdb"), dataset_name="sales")
pipeline.run(source)
print(pipeline.last_trace.last_normalize_info.row_counts.get("orders", 0))
"""


def test_a_pipeline_of_ones_own_goes_on_where_it_ended_on_a_fresh_machine(api: OrdersApi, tmp_path: Path) -> None:
    api.manifest(tmp_path)

    silent = {"RUNTIME__DLTHUB_TELEMETRY": "false"}

    def run_pipeline(machine: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", PIPELINE],
            cwd=tmp_path,
            env=surroundings(tmp_path) | silent | {"DLT_DATA_DIR": str(tmp_path / machine)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    first = run_pipeline("one")
    assert first.stdout.splitlines()[-1:] == [str(len(api.ids))], first.stderr
    api.rows[DAYS[-1]].append(order(DAYS[-1], 50))
    api.asked.clear()
    second = run_pipeline("two")
    assert second.stdout.splitlines()[-1:] == ["1"], second.stderr
    assert api.asked == [DAYS[-1]]
    rows = duckdb_rows(tmp_path / "mine.duckdb", "SELECT id FROM sales.orders")
    assert sorted(row[0] for row in rows) == api.ids
    api.rows["2026-11-12"].append(order(DAYS[-1], 51))
    api.broken = {DAYS[-1]}
    third = run_pipeline("two")
    assert third.returncode == 1
    assert "400" in third.stderr
    assert len(duckdb_rows(tmp_path / "mine.duckdb", "SELECT id FROM sales.orders")) == len(rows)


MADE = """
import dlt
from core.loading import longhaul_source

pipeline = dlt.pipeline("made", destination=dlt.destinations.duckdb("made.duckdb"), dataset_name="shop")
pipeline.run(longhaul_source("m.yaml"))
"""


async def test_streams_that_are_made_are_loaded_and_those_of_a_group_one_after_the_other(
    server: LoopbackServer, tmp_path: Path
) -> None:
    def records(asked: Asked) -> Reply:
        day = asked.query["day"][0]
        return Reply([{"id": f"{asked.path}/{day}/{n}"} for n in range(200)])

    server.on("/tables", Reply([{"name": "goods"}, {"name": "orders"}]))
    server.on("/of/goods", records)
    server.on("/of/orders", records)
    dynamic = from_api(server.url(), mapping(["retriever", "requester", "path"], "/of/{{ components_values['name'] }}"))
    dynamic["stream_template"]["retriever"]["partition_router"] = {
        "type": "ListPartitionRouter",
        "values": ["mo", "tu", "we"],
        "cursor_field": "day",
        "request_option": {"type": "RequestOption", "inject_into": "request_parameter", "field_name": "day"},
    }
    members = [template(server.url(), name=name) for name in ("goods", "orders")]
    group = {"type": "StreamGroup", "streams": members, "action": {"type": "BlockSimultaneousSyncsAction"}}
    manifest = dynamic_manifest(dynamic, stream_groups={"shop": group})
    (tmp_path / "m.yaml").write_text(yaml.safe_dump(manifest, sort_keys=False))

    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", MADE],
        cwd=tmp_path,
        env=surroundings(tmp_path) | {"RUNTIME__DLTHUB_TELEMETRY": "false", "DLT_DATA_DIR": str(tmp_path / "dlt")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    for name in ("goods", "orders"):
        assert duckdb_rows(tmp_path / "made.duckdb", f"SELECT count(DISTINCT id) FROM shop.{name}") == [(600,)]
    paths = [asked.path for asked in server.asked]
    assert paths[0] == "/tables"
    assert [path for path, _ in groupby(paths[1:])] in (["/of/goods", "/of/orders"], ["/of/orders", "/of/goods"])
