"""The results as tables, and the page in `docs/` that holds them."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path

from benchmarks.cases import PAGE_SIZE, PAGES, PEAK_TARGET
from benchmarks.engines import ROOT, Cost
from benchmarks.measuring import SMALL, BulkResult, Costs, Results, TableResult, WaitResult
from core.version import VERSION

PAGE = ROOT / "docs" / "performance.md"
_MADE = "<!-- what follows is written by `make bench` -->\n"

_FIRST_REQUEST = 0.8
_HELP = 0.2
_SPEC = 2.0


def tables(results: Results) -> str:
    """All results in Markdown."""
    parts = []
    if results.bulk:
        parts += [
            "### Records per CPU second",
            _bulk_table(results.bulk),
            "### Memory and time",
            _size_table(results.bulk),
        ]
    if results.tables:
        parts += ["### Records per CPU second, Parquet and DuckDB", _tables_table(results.tables)]
    if results.waits or results.help:
        parts += ["### Waiting", _wait_table(results)]
    return "\n\n".join(parts) + "\n"


def write_page(results: Results) -> None:
    """Put the results into the page, below what people wrote."""
    written = PAGE.read_text().partition(_MADE)[0]
    PAGE.write_text(f"{written}{_MADE}\n{_how(results)}\n\n{tables(results)}")


def _how(results: Results) -> str:
    return (
        f"Measured on {machine()}, airbyte-cdk {_reference_version()}, with {results.rows:,} rows ({PAGES} pages of "
        f"{PAGE_SIZE:,} records), each figure the best of {results.repeats}."
    )


def machine() -> str:
    """When and where something is measured."""
    return (
        f"{date.today():%d %B %Y}; {os.cpu_count()} cores ({_processor()}), Python {platform.python_version()}, "
        f"Longhaul {VERSION}"
    )


def _processor() -> str:
    with Path("/proc/cpuinfo").open() as file:
        return next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), "unknown")


def _reference_version() -> str:
    pins = (ROOT / "constraints-oracle.txt").read_text().splitlines()
    return next(line.partition("==")[2] for line in pins if line.startswith("airbyte-cdk=="))


def _bulk_table(bulk: Iterable[BulkResult]) -> str:
    head = ["", "Longhaul", "reference", "times", "target", "CPU time of plain Python", "target"]
    return table([head, *map(_bulk_row, bulk)])


def _bulk_row(result: BulkResult) -> list[str]:
    own, other = _per_second(result.longhaul, result.records), _per_second(result.reference, result.records)
    case = result.case
    floor, floor_target = "", ""
    if case.floor and result.floor.many:
        floor_ratio = result.longhaul.cpu_per_record(result.records) / result.floor.cpu_per_record(result.records)
        floor = f"{floor_ratio:.2f}x"
        floor_target = judged(f"<= {case.floor:g}", floor_ratio <= case.floor)
    target = judged(f">= {case.target:g}", own / other >= case.target) if case.target else ""
    return [case.title, f"{own:,.0f}", f"{other:,.0f}", f"{own / other:.1f}x", target, floor, floor_target]


def _per_second(costs: Costs, records: int) -> float:
    return 1 / costs.cpu_per_record(records)


def _tables_table(results: Iterable[TableResult]) -> str:
    head = ["", "records", "as JSON Lines", "times", "target", "plain Python to JSON Lines", "target", "peak MB"]
    return table([head, *map(_tables_row, results)])


def _tables_row(result: TableResult) -> list[str]:
    own, lines = _per_second(result.tables, result.records), _per_second(result.lines, result.records)
    floor, floor_target = "", ""
    if result.floor.many:
        plain = _per_second(result.floor, result.records)
        floor, floor_target = f"{plain:,.0f}", judged("less", own > plain)
    target = judged(f">= {result.case.target:g}", own / lines >= result.case.target)
    return [
        result.case.title,
        f"{own:,.0f}",
        f"{lines:,.0f}",
        f"{own / lines:.2f}x",
        target,
        floor,
        floor_target,
        f"{_peak(result.tables.many):.0f}",
    ]


def _size_table(bulk: Iterable[BulkResult]) -> str:
    head = ["", f"peak MB, 1/{SMALL} of the records", "peak MB", "target", "reference"]
    return table([[*head, "CPU s", "reference", "seconds", "reference"], *map(_size_row, bulk)])


def _size_row(result: BulkResult) -> list[str]:
    own, other = result.longhaul, result.reference
    peak = _peak(own.many)
    return [
        result.case.title,
        f"{_peak(own.few):.0f}",
        f"{peak:.0f}",
        judged(f"< {PEAK_TARGET:g}", peak < PEAK_TARGET),
        f"{_peak(other.many):.0f}",
        *(f"{seconds:.1f}" for seconds in (own.cpu, other.cpu, own.wall, other.wall)),
    ]


def _peak(costs: Iterable[Cost]) -> float:
    return max(cost.peak for cost in costs)


def _wait_table(results: Results) -> str:
    rows = [["seconds", "Longhaul", "reference", "times", "target"], *map(_wait_row, results.waits)]
    if results.waits:
        own = min(first for result in results.waits for first in result.first_request)
        other = min(first for result in results.waits for first in result.reference_first_request)
        rows.append(_limited("process start to first request", own, other, _FIRST_REQUEST))
    if results.help:
        rows.append(_limited("--help", _wall(results.help), _wall(results.reference_help), _HELP))
    if results.spec:
        rows.append(_timed("`source-longhaul spec`", _wall(results.spec), _wall(results.reference_spec), _SPEC))
    return table(rows)


def _wait_row(result: WaitResult) -> list[str]:
    case, own, other = result.case, _wall(result.longhaul), _wall(result.reference)
    if case.limit is not None:
        return _limited(case.title, own, other, case.limit)
    return _timed(case.title, own, other, case.target)


def _timed(title: str, own: float, other: float, target: float | None) -> list[str]:
    goal = judged(f">= {target:g}x", other / own >= target) if target else ""
    return [title, f"{own:.2f}", f"{other:.2f}", f"{other / own:.1f}x", goal]


def _limited(title: str, own: float, other: float, limit: float) -> list[str]:
    return [title, f"{own:.2f}", f"{other:.2f}", f"{other / own:.1f}x", judged(f"< {limit:g} s", own < limit)]


def _wall(costs: Iterable[Cost]) -> float:
    return min(cost.wall for cost in costs)


def judged(target: str, reached: bool) -> str:
    """A target, marked when it was missed."""
    return target if reached else f"{target} (missed)"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Rows as a Markdown table; the first is its head."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [" | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    rule = " | ".join("-" * width for width in widths)
    return "\n".join(f"| {line} |" for line in (lines[0], rule, *lines[1:]))
