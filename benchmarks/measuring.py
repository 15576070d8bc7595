"""Runs the cases, both engines in turn, and keeps what each took."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.cases import BULK, PAGE_SIZE, PAGES, TABLES, WAITS, Bulk, Table, Wait
from benchmarks.data import make_files, make_pages
from benchmarks.engines import (
    LONGHAUL,
    REFERENCE,
    ROOT,
    SOURCE,
    Cost,
    measure,
    run_floor,
    run_longhaul,
    run_reference,
    run_source,
)

SMALL = 10
"""Each bulk read is also done with this fraction of the records: the difference is free of the costs of starting."""
SLICE_ROWS = 1_000

Engine = Callable[[Mapping[str, Any], Mapping[str, str], Path], tuple[Cost, int]]


@dataclass(slots=True)
class Costs:
    """The costs of one program in one case, with few and with many records, each as often as it was measured."""

    few: list[Cost] = field(default_factory=list)
    many: list[Cost] = field(default_factory=list)

    def cpu_per_record(self, records: int) -> float:
        """CPU seconds for one more record; the least of the runs counts, for other programs only add."""
        difference = _least_cpu(self.many) - _least_cpu(self.few)
        return difference / (records - records // SMALL)

    @property
    def wall(self) -> float:
        """Seconds from start to exit with many records."""
        return min(cost.wall for cost in self.many)

    @property
    def cpu(self) -> float:
        """CPU seconds from start to exit with many records."""
        return _least_cpu(self.many)


def _least_cpu(costs: list[Cost]) -> float:
    return min(cost.cpu for cost in costs)


@dataclass(slots=True)
class BulkResult:
    """What a bulk read took."""

    case: Bulk
    records: int
    longhaul: Costs = field(default_factory=Costs)
    reference: Costs = field(default_factory=Costs)
    floor: Costs = field(default_factory=Costs)


@dataclass(slots=True)
class TableResult:
    """What a read into a file for tables took, the same into JSON Lines, and what plain Python took for the latter."""

    case: Table
    records: int
    tables: Costs = field(default_factory=Costs)
    lines: Costs = field(default_factory=Costs)
    floor: Costs = field(default_factory=Costs)


@dataclass(slots=True)
class WaitResult:
    """What a wait took, and the seconds from process start to the first request."""

    case: Wait
    longhaul: list[Cost] = field(default_factory=list)
    reference: list[Cost] = field(default_factory=list)
    first_request: list[float] = field(default_factory=list)
    reference_first_request: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Results:
    """Everything that was measured."""

    rows: int
    repeats: int
    bulk: list[BulkResult] = field(default_factory=list)
    tables: list[TableResult] = field(default_factory=list)
    waits: list[WaitResult] = field(default_factory=list)
    help: list[Cost] = field(default_factory=list)
    reference_help: list[Cost] = field(default_factory=list)
    spec: list[Cost] = field(default_factory=list)
    reference_spec: list[Cost] = field(default_factory=list)


class Bench:
    """A place for data and for what the engines write, and the URL of the server that hands the data out."""

    def __init__(self, data: Path, scratch: Path, server: str, repeats: int) -> None:
        self._data = data
        self._scratch = scratch
        self._server = server
        self._repeats = repeats
        self._runs = count(1)

    def bulk(self, case: Bulk, rows: int) -> BulkResult:
        """Read many records."""
        records = rows if case.file else PAGES * PAGE_SIZE
        result = BulkResult(case, records)
        own = run_source if case.as_source else run_longhaul
        for _ in range(self._repeats):
            for engine, costs in ((own, result.longhaul), (run_reference, result.reference)):
                costs.few.append(self._read(engine, case, records // SMALL))
                costs.many.append(self._read(engine, case, records))
            if case.floor and case.file:
                result.floor.few.append(run_floor(self._file(case.file, records // SMALL), self._scratch))
                result.floor.many.append(run_floor(self._file(case.file, records), self._scratch))
        return result

    def table(self, case: Table, rows: int) -> TableResult:
        """Read many records into a file for tables."""
        result = TableResult(case, rows)
        for _ in range(self._repeats):
            for engine, costs in (
                (partial(run_longhaul, output=case.output), result.tables),
                (run_longhaul, result.lines),
            ):
                costs.few.append(self._read(engine, case, rows // SMALL))
                costs.many.append(self._read(engine, case, rows))
            if case.floor:
                result.floor.few.append(run_floor(self._file(case.file, rows // SMALL), self._scratch))
                result.floor.many.append(run_floor(self._file(case.file, rows), self._scratch))
        return result

    def wait(self, case: Wait) -> WaitResult:
        """Read few records from jobs that take a while."""
        result = WaitResult(case)
        for _ in range(self._repeats):
            cost, first = self._watched(run_longhaul, case)
            result.longhaul.append(cost)
            result.first_request.append(first)
            cost, first = self._watched(run_reference, case)
            result.reference.append(cost)
            result.reference_first_request.append(first)
        return result

    def answers(self, program: str, question: str) -> list[Cost]:
        """Ask a program something that it answers at once."""
        return [measure([program, question], self._scratch) for _ in range(3 * self._repeats)]

    def _read(self, engine: Engine, case: Bulk | Table, records: int) -> Cost:
        pages = records // PAGE_SIZE
        path = self._file(case.file, records) if case.file else make_pages(self._data, pages, PAGE_SIZE)
        inputs = self._inputs(path)
        if isinstance(case, Bulk) and not case.tagged:
            inputs["file"] += "?untagged"
        cost, found = engine(case.manifest, inputs, self._scratch)
        kept = records // 5 if "record_filter" in str(case.manifest) else records
        if found != kept:
            raise RuntimeError(f"{case.title}: {found} records instead of {kept}")
        return cost

    def _watched(self, engine: Engine, case: Wait) -> tuple[Cost, float]:
        inputs = self._inputs(self._file("contacts.csv", SLICE_ROWS), case.polls, case.latency)
        cost, _ = engine(case.manifest, inputs, self._scratch)
        with urllib.request.urlopen(f"{inputs['api_url']}/first-request") as answer:
            return cost, json.load(answer)["at"] - cost.started

    def _file(self, name: str, rows: int) -> Path:
        return make_files(self._data, rows) / name

    def _inputs(self, path: Path, polls: int = 1, latency: float = 0.0) -> dict[str, str]:
        return {
            "api_url": f"{self._server}/run-{next(self._runs)}",
            "file": str(path.relative_to(self._data)),
            "polls": str(polls),
            "latency": str(latency),
        }


def run(results: Results, data: Path, only: set[str], say: Callable[[str], None]) -> None:
    """Measure the cases named in `only`, or all, into `results`; `say` hears what is going on."""
    data.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, running_server(data) as url:
        bench = Bench(data, Path(scratch), url, results.repeats)
        for name, case in BULK.items():
            if name in (only or BULK):
                say(case.title)
                results.bulk.append(bench.bulk(case, results.rows))
        for name, table in TABLES.items():
            if name in (only or TABLES):
                say(table.title)
                results.tables.append(bench.table(table, results.rows))
        for name, wait in WAITS.items():
            if name in (only or WAITS):
                say(wait.title)
                results.waits.append(bench.wait(wait))
        if not only:
            say("--help")
            results.help = bench.answers(LONGHAUL, "--help")
            results.reference_help = bench.answers(REFERENCE, "--help")
            say("source-longhaul spec")
            results.spec = bench.answers(SOURCE, "spec")
            results.reference_spec = bench.answers(REFERENCE, "spec")


@contextmanager
def running_server(data: Path) -> Iterator[str]:
    """The URL of a server for the files below a directory, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.server", str(data)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        finally:
            server.terminate()
