"""What the reports of measurements say of themselves."""

from __future__ import annotations

from benchmarks.report import machine
from core.version import VERSION


def test_a_report_says_when_and_where_it_was_measured() -> None:
    assert machine().endswith(f"Longhaul {VERSION}")
