"""Every waiting API of the demo is read exactly, through the command: `longhaul --demo --run NAME`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import sample_configs.demo_api
from sample_configs import sample
from sample_configs.demo_api import (
    DemoApi,
    amazon_sp_api,
    athena,
    bigquery,
    braze,
    databricks,
    github,
    iterable,
    marketo,
    microsoft_ads,
    snowflake,
    trino,
)
from sample_configs.demo_api.data import DAYS, START, Data
from tui.command import main

Records = list[dict[str, Any]]

DATA = Data(rows=200, seed=7)
ALL = range(DATA.rows)


def table(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> Records:
    names = list(columns)
    return [dict(zip(names, row, strict=True)) for row in rows]


def listings() -> Iterator[list[str]]:
    for marketplace in (amazon_sp_api.UNITED_STATES, amazon_sp_api.GERMANY):
        yield from amazon_sp_api.rows(DATA, marketplace)


def orders() -> Records:
    """The schema says which of BigQuery's texts are numbers."""
    found = table(bigquery.COLUMNS, bigquery.rows(DATA, ALL))
    return [order | {"id": int(order["id"]), "total": float(order["total"])} for order in found]


EXPECTED: dict[str, Records] = {
    "snowflake": table(snowflake.COLUMNS, snowflake.rows(DATA, ALL)),
    "bigquery": orders(),
    "marketo": table(marketo.FIELDS, marketo.rows(DATA, START, START.replace(day=DAYS, hour=23, minute=59))),
    "microsoft_ads": table(microsoft_ads.COLUMNS, microsoft_ads.rows(DATA)),
    "amazon_sp_api": table(amazon_sp_api.COLUMNS, listings()),
    "braze": [user for part in range(braze.PARTS) for user in braze.users(DATA, part)],
    "iterable": table(iterable.HEADER, (row for part in range(iterable.FILES) for row in iterable.rows(DATA, part))),
    "databricks": table(databricks.COLUMNS, databricks.rows(DATA, ALL)),
    "github_migrations": list(github.issues(DATA, ALL)),
    "athena": table(athena.COLUMNS, athena.rows(DATA)),
    "trino": table(trino.COLUMNS, trino.rows(DATA, ALL)),
}


def read(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pace: float = 0) -> Records:
    """What the command reads of a sample."""
    monkeypatch.setattr(sample_configs.demo_api, "DemoApi", partial(DemoApi, pace=pace, rows=DATA.rows))
    output = tmp_path / "records.jsonl"
    monkeypatch.setattr(sys, "argv", ["longhaul", "--demo", "--run", name, "--output", str(output)])
    assert main() == 0
    return [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]


def in_order(records: Records) -> list[str]:
    """The records as texts, in an order of their own: slices and files may come in any."""
    return sorted(json.dumps(record, sort_keys=True) for record in records)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_waiting_api_is_read_exactly(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = read(name, tmp_path, monkeypatch)
    assert in_order(found) == in_order(EXPECTED[name])
    assert list(found[0]) == list(EXPECTED[name][0])


def test_a_full_queue_holds_back_the_start_of_an_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Two exports are created at once, and Marketo processes one: the other waits for it, and is not created anew."""
    assert in_order(read("marketo", tmp_path, monkeypatch, pace=0.5)) == in_order(EXPECTED["marketo"])
    told = capfd.readouterr().err
    assert "Too many jobs (1) in queue" in told
    assert "created again" not in told


def test_an_expired_link_is_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with DemoApi(pace=0, rows=DATA.rows) as api:
        config = tmp_path / "config.json"
        config.write_text(json.dumps(api.inputs("amazon_sp_api")))
        manifest = str(sample("amazon_sp_api").path)
        arguments = ["longhaul", "--run", manifest, "--config", str(config), "--output", str(tmp_path / "a.csv")]
        monkeypatch.setattr(sys, "argv", arguments)
        assert main() == 0
        statuses = [request.status for request in api.requests if request.path.startswith("/files/amazon_sp_api/")]
        documents = [request for request in api.requests if "/documents/" in request.path]
    assert sorted(map(str, statuses)) == ["200", "200", "403", "403"]
    assert len(documents) == 4
