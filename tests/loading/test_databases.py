"""`longhaul --run --to` loads into DuckDB and PostgreSQL, and goes on from the state that is there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.loading.killed import MERGING, STEPS
from tests.loading.support import DAYS, OrdersApi, duckdb_rows, order, postgres_rows, run

pytestmark = pytest.mark.slow


def ids(folder: Path, dataset: str = "shop_data") -> list[str]:
    return sorted(str(row[0]) for row in duckdb_rows(folder / "shop.duckdb", f"SELECT id FROM {dataset}.orders"))


def test_records_are_merged_by_key_and_read_from_the_state_of_the_destination_on_a_fresh_machine(
    api: OrdersApi, tmp_path: Path
) -> None:
    manifest = api.manifest(tmp_path)
    code, out, err = run("--run", manifest, "--to", "duckdb:///shop.duckdb", folder=tmp_path)
    assert (code, out) == (0, ""), err
    assert ids(tmp_path) == api.ids
    assert not (tmp_path / "state" / "loads").exists() or not list((tmp_path / "state" / "loads").iterdir())
    api.asked.clear()
    api.rows[DAYS[-1]][0] = {**order(DAYS[-1], 30, note="changed"), "id": f"{DAYS[-1]}/0"}
    code, out, err = run("--run", manifest, "--to", "shop.duckdb", folder=tmp_path,
                         environment={"LONGHAUL_STATE_DIR": str(tmp_path / "another")})  # fmt: skip
    assert code == 0, err
    assert api.asked == [DAYS[-1]]
    assert ids(tmp_path) == api.ids
    assert duckdb_rows(tmp_path / "shop.duckdb", "SELECT id, items FROM shop_data.orders WHERE note = 'changed'") == [
        (f"{DAYS[-1]}/0", '[{"sku":30}]')
    ]


@pytest.mark.parametrize("write", ["merge", "append"])
def test_runs_that_are_killed_at_each_step_of_a_load_lose_and_double_nothing(
    api: OrdersApi, tmp_path: Path, write: str
) -> None:
    killed_at_each_step(api, tmp_path, "duckdb:///shop.duckdb", write, steps=STEPS if write == "append" else MERGING)
    assert ids(tmp_path) == api.ids
    assert duckdb_rows(tmp_path / "shop.duckdb", "SELECT count(*) FROM shop_data._dlt_loads WHERE status <> 0") == [
        (0,)
    ]


@pytest.mark.parametrize("write", ["merge", "append"])
def test_the_same_in_postgresql(api: OrdersApi, tmp_path: Path, postgres: str, write: str) -> None:
    steps = ("after begin", "after job", "after complete") if write == "append" else ("after job", "after complete")
    place, _, database = postgres.partition("@")
    options = {"PGPASSWORD": unquote(place.rpartition(":")[2])}
    killed_at_each_step(api, tmp_path, f"postgresql://loader@{database}", write, steps=steps, environment=options)
    assert sorted(row[0] for row in postgres_rows(postgres, "SELECT id FROM shop.orders")) == api.ids


def killed_at_each_step(
    api: OrdersApi,
    folder: Path,
    to: str,
    write: str,
    *,
    steps: Sequence[str],
    environment: dict[str, str] | None = None,
) -> None:
    """Each run loads a slice and is killed while it loads the next one; the last one comes to its end. Every other
    run has lost the disk of the one before.
    """
    manifest = api.manifest(folder)
    options = ("--run", manifest, "--to", to, "--write", write)
    for number, step in enumerate(steps):
        machine = {"LONGHAUL_STATE_DIR": str(folder / f"machine{number // 2}"), **(environment or {})}
        code, _, err = run(*options, folder=folder, kill=step, environment=machine)
        assert code == -9, f"{step}: {err}"
    code, _, err = run(*options, folder=folder, environment=environment)
    assert code == 0, err
