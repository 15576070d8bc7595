"""PyAirbyte, unchanged, reads samples from the demo API into its DuckDB cache; the second time from its state."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.protocols.wrapper import make_source
from sample_configs import sample
from sample_configs.demo_api import DemoApi

pytestmark = pytest.mark.clients

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-clients" / "bin" / "python"
ROWS = 50


@pytest.fixture(scope="module")
def api() -> Iterator[DemoApi]:
    if not PYTHON.exists():
        pytest.skip("PyAirbyte is not installed; `make test-clients` installs it")
    with DemoApi(pace=0, rows=ROWS) as running:
        yield running


def environment(folder: Path) -> dict[str, str]:
    own = {"AIRBYTE_OFFLINE_MODE": "1", "AIRBYTE_LOGGING_ROOT": str(folder / "logs"), "DO_NOT_TRACK": "1"}
    return {**os.environ, **own}


def read(api: DemoApi, name: str, folder: Path) -> dict[str, Any]:
    """What PyAirbyte has in its cache after it has read a sample."""
    make_source(sample(name).path, folder / "bin" / "source-sample")
    (folder / "config.json").write_text(json.dumps(api.inputs(name)))
    files = [str(folder / file) for file in ("bin/source-sample", "config.json", "cache.duckdb", "answer.json")]
    script = Path(__file__).with_name("pyairbyte_read.py")
    command = [str(PYTHON), str(script), *files]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, env=environment(folder), cwd=folder)
    assert ended.returncode == 0, ended.stderr[-3000:]
    answer: dict[str, Any] = json.loads((folder / "answer.json").read_text())
    return answer


def test_an_incremental_stream_goes_on_from_the_state_in_the_cache(api: DemoApi, tmp_path: Path) -> None:
    first = read(api, "orders_paginated", tmp_path)
    orders = {order["id"]: order for order in first["records"]["orders"]}
    assert len(orders) == ROWS
    assert {store["city"] for store in first["records"]["stores"]} >= {"Berlin", "Lyon"}
    assert len(first["records"]["products"]) == len({product["sku"] for product in first["records"]["products"]}) > 10
    assert all("@example.com" in order["customer_email"] for order in orders.values())
    begun = len(api.requests)

    second = read(api, "orders_paginated", tmp_path)
    starts = [asked.query["updated_from"] for asked in api.requests[begun:] if asked.path == "/shop/v1/orders"]
    latest = max(order["updated_at"] for order in orders.values())
    assert {start[:10] for start in starts} == {latest[:10]}
    assert second["read"] == first["read"] - ROWS + 1
    assert {order["id"]: order for order in second["records"]["orders"]} == orders


def test_a_stream_of_jobs_is_read_twice(api: DemoApi, tmp_path: Path) -> None:
    first = read(api, "sendgrid_contacts", tmp_path)
    contacts = first["records"]["contacts"]
    assert len({contact["contact_id"] for contact in contacts}) == ROWS
    second = read(api, "sendgrid_contacts", tmp_path)
    assert second["read"] == first["read"] == ROWS
    assert sorted(contact["email"] for contact in second["records"]["contacts"]) == sorted(
        contact["email"] for contact in contacts
    )


def test_the_page_about_it_works_word_for_word(api: DemoApi, tmp_path: Path) -> None:
    make_source(sample("sendgrid_contacts").path, tmp_path / "bin" / "source-contacts")
    (tmp_path / "config.json").write_text(json.dumps(api.inputs("sendgrid_contacts")))
    page = (ROOT / "docs" / "airbyte.md").read_text()
    script = page.split("```python\n")[1].split("```")[0]
    ended = subprocess.run(
        [PYTHON, "-c", script],
        check=False,
        capture_output=True,
        text=True,
        env=environment(tmp_path),
        cwd=tmp_path,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert f"[{ROWS} rows x " in ended.stdout
