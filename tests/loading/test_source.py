"""The streams of a manifest as a source in people's own dlt pipelines."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.loading.support import DAYS, OrdersApi, duckdb_rows, order, surroundings

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
