"""What is measured: the reads whose cost grows with their records, and the waits of people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchmarks.manifests import (
    CSV,
    FILTER,
    GZIP_CSV,
    JSON,
    JSON_LINES,
    TRANSFORMATIONS,
    job_manifest,
    page_manifest,
)

PAGES = 200
PAGE_SIZE = 1_000
PEAK_TARGET = 150.0
"""MB that a read may take at most, however many records there are."""


@dataclass(frozen=True, slots=True)
class Bulk:
    """A read of many records; `file` is the file with them, None stands for the pages.

    `target` is how many times the reference's records per CPU second there must be; `floor` how many times the CPU time
    of plain Python there may be, None where that is not measured. `tagged`: the server sends an `ETag`. `as_source`:
    Longhaul speaks the Airbyte protocol.
    """

    title: str
    manifest: dict[str, Any]
    file: str | None
    target: float | None = None
    floor: float | None = None
    tagged: bool = True
    as_source: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A read of many records into a file for tables, named `output`, next to one into JSON Lines.

    `target` is how many times the records per CPU second of JSON Lines there must be. `floor` says that the read is
    also to take less CPU time than plain Python, which writes JSON Lines.
    """

    title: str
    manifest: dict[str, Any]
    file: str
    output: str
    target: float
    floor: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """A read of which the time on the clock counts: at most `limit` seconds, or `target` times less than the
    reference's.
    """

    title: str
    manifest: dict[str, Any]
    polls: int
    latency: float = 0.0
    limit: float | None = None
    target: float | None = None


BULK = {
    "csv": Bulk("job, CSV", job_manifest(CSV), "contacts.csv", target=5, floor=1.2),
    "gzip": Bulk("job, gzip CSV", job_manifest(GZIP_CSV), "contacts.csv.gz", target=5, floor=1.2),
    "jsonl": Bulk("job, JSON Lines", job_manifest(JSON_LINES), "contacts.jsonl", target=8, floor=1.3),
    "untagged": Bulk(
        "job, JSON Lines without an `ETag`", job_manifest(JSON_LINES), "contacts.jsonl", floor=1.3, tagged=False
    ),
    "json": Bulk("job, JSON array", job_manifest(JSON), "contacts.json"),
    "transform": Bulk(
        "job, CSV, 2 AddFields, 3 RemoveFields",
        job_manifest(CSV, transformations=TRANSFORMATIONS),
        "contacts.csv",
        target=15,
    ),
    "filter": Bulk(
        "job, CSV, filter that keeps 1 in 5",
        job_manifest(CSV, record_filter=FILTER),
        "contacts.csv",
        target=6,
    ),
    "pages": Bulk(f"{PAGES} pages of {PAGE_SIZE:,}, JSON", page_manifest(PAGE_SIZE), None, target=5),
    "source-csv": Bulk("as a source: job, CSV", job_manifest(CSV), "contacts.csv", target=5, as_source=True),
    "source-jsonl": Bulk(
        "as a source: job, JSON Lines", job_manifest(JSON_LINES), "contacts.jsonl", target=5, as_source=True
    ),
}
TABLES = {
    "parquet": Table(
        "records to Parquet",
        job_manifest(CSV, transformations=TRANSFORMATIONS),
        "contacts.csv",
        "contacts.parquet",
        target=0.6,
    ),
    "duckdb": Table(
        "records to DuckDB",
        job_manifest(CSV, transformations=TRANSFORMATIONS),
        "contacts.csv",
        "contacts.duckdb",
        target=0.5,
    ),
    "json-parquet": Table("JSON array to Parquet", job_manifest(JSON), "contacts.json", "contacts.parquet", target=0.6),
    "json-duckdb": Table("JSON array to DuckDB", job_manifest(JSON), "contacts.json", "contacts.duckdb", target=0.5),
    "csv-parquet": Table(
        "untouched CSV to Parquet", job_manifest(CSV), "contacts.csv", "contacts.parquet", target=1, floor=True
    ),
    "csv-duckdb": Table(
        "untouched CSV to DuckDB", job_manifest(CSV), "contacts.csv", "contacts.duckdb", target=1, floor=True
    ),
}
WAITS = {
    "tiny": Wait("1 job, ready on the first poll", job_manifest(CSV), polls=1, limit=2.0),
    "slices": Wait(
        "200 jobs, 3 polls each, 50 ms latency",
        job_manifest(CSV, slices=200),
        polls=3,
        latency=0.05,
        target=10,
    ),
    "brisk": Wait(
        "the same, with `polling_interval: 0.5`",
        job_manifest(CSV, slices=200, polling_interval=0.5),
        polls=3,
        latency=0.05,
        target=10,
    ),
}
