"""The benchmarks measure equal work: small reads through all their parts, without the reference."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from benchmarks.data import make_files, make_pages
from benchmarks.engines import SOURCE, run_floor, run_longhaul, run_source
from benchmarks.manifests import CSV, FILTER, GZIP_CSV, JSON, JSON_LINES, TRANSFORMATIONS, job_manifest, page_manifest
from benchmarks.measuring import running_server

ROWS = 50


def inputs(url: str, file: str) -> dict[str, str]:
    return {"api_url": f"{url}/run", "file": file, "polls": "2", "latency": "0.001"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    make_files(folder, ROWS)
    make_pages(folder, 3, 10)
    return folder


def test_the_data_is_the_same_every_time(data: Path, tmp_path: Path) -> None:
    again = make_files(tmp_path, ROWS)
    for file in ("contacts.csv", "contacts.jsonl", "contacts.json"):
        assert (again / file).read_bytes() == (data / f"{ROWS}-rows" / file).read_bytes()


@pytest.mark.parametrize(
    ("decoder", "ending"),
    [(CSV, "csv"), (GZIP_CSV, "csv.gz"), (JSON_LINES, "jsonl")],
)
def test_the_engine_writes_what_plain_python_does(
    data: Path, tmp_path: Path, decoder: dict[str, object], ending: str
) -> None:
    file = f"{ROWS}-rows/contacts.{ending}"
    with running_server(data) as url:
        cost, records = run_longhaul(job_manifest(decoder, polling_interval=0.01), inputs(url, file), tmp_path)
    run_floor(data / file, tmp_path)
    assert records == ROWS
    written, expected = ((tmp_path / name).read_bytes().splitlines() for name in ("longhaul.jsonl", "floor.jsonl"))
    assert list(map(orjson.loads, written)) == list(map(orjson.loads, expected))
    assert cost.cpu > 0
    assert cost.peak > 10


def test_the_other_reads_give_the_records_that_they_should(data: Path, tmp_path: Path) -> None:
    contacts = f"{ROWS}-rows/contacts"
    with running_server(data) as url:
        changed = job_manifest(CSV, transformations=TRANSFORMATIONS, record_filter=FILTER, polling_interval=0.01)
        assert run_longhaul(changed, inputs(url, f"{contacts}.csv"), tmp_path)[1] == ROWS // 5
        array = job_manifest(JSON, slices=3, polling_interval=0.01)
        assert run_longhaul(array, inputs(url, f"{contacts}.json"), tmp_path)[1] == 3 * ROWS
        assert run_longhaul(page_manifest(10), inputs(url, "3-pages"), tmp_path)[1] == 30


@pytest.mark.skipif(not Path(SOURCE).exists(), reason="source-longhaul is not installed; install this package again")
def test_a_source_gives_the_same_records(data: Path, tmp_path: Path) -> None:
    with running_server(data) as url:
        for decoder, ending in ((CSV, "csv"), (JSON_LINES, "jsonl")):
            asked = inputs(url, f"{ROWS}-rows/contacts.{ending}")
            assert run_source(job_manifest(decoder, polling_interval=0.01), asked, tmp_path)[1] == ROWS
