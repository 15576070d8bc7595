"""`longhaul --run --to` loads into lakes: Parquet files in a folder, or in a bucket that speaks S3."""

from __future__ import annotations

from pathlib import Path

import pyarrow.dataset
import pytest

from tests.loading.support import DAYS, OrdersApi, run
from tests.loading.test_databases import killed_at_each_step

pytestmark = pytest.mark.slow


def ids(folder: Path) -> list[str]:
    found: list[str] = pyarrow.dataset.dataset(folder / "shop/orders").to_table()["id"].to_pylist()
    return sorted(found)


def test_killed_runs_leave_no_record_twice_in_a_lake(api: OrdersApi, tmp_path: Path) -> None:
    steps = ("after begin", "after job", "before complete", "after complete")
    killed_at_each_step(api, tmp_path, "lake/", "append", steps=steps)
    assert ids(tmp_path / "lake") == api.ids


def test_a_table_of_a_lake_is_replaced_by_what_is_read_from_the_beginning(api: OrdersApi, tmp_path: Path) -> None:
    import duckdb

    manifest = api.manifest(tmp_path, schema="{type: object, properties: {id: {type: string}}}")
    options = ("--run", manifest, "--to", f"file://{tmp_path}/lake", "--write", "replace")
    for days in (DAYS[:2], DAYS[:1], ()):
        api.rows = {day: api.rows[day] for day in days}
        code, _, err = run(*options, folder=tmp_path)
        assert code == 0, err
        rows = duckdb.execute(f"SELECT id FROM read_parquet('{tmp_path}/lake/shop/orders/*.parquet')").fetchall()
        assert sorted(row[0] for row in rows) == api.ids


def test_a_bucket_that_speaks_s3(api: OrdersApi, tmp_path: Path, s3_server: str) -> None:
    import s3fs

    files = s3fs.S3FileSystem(key="the-key", secret="the-secret-key", endpoint_url=s3_server)
    environment = {
        "DESTINATION__FILESYSTEM__CREDENTIALS__AWS_ACCESS_KEY_ID": "the-key",
        "DESTINATION__FILESYSTEM__CREDENTIALS__AWS_SECRET_ACCESS_KEY": "the-secret-key",
        "DESTINATION__FILESYSTEM__CREDENTIALS__ENDPOINT_URL": s3_server,
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    files.mkdir("warehouse")
    killed_at_each_step(api, tmp_path, "s3://warehouse/lake", "append", steps=["after job"], environment=environment)
    read = pyarrow.dataset.dataset("warehouse/lake/shop/orders", filesystem=files).to_table()
    assert sorted(read["id"].to_pylist()) == api.ids
