"""Lets a case expect what its check gave: its records and its state, of the same requests."""

from __future__ import annotations

from core.cases.case import Case
from core.cases.check import Result
from core.cases.keeping import record_line, write_case
from core.cases.reading import read_har, read_records


def accept(case: Case, result: Result) -> None:
    """Let a case expect what its check gave. Raises `CaseError` and `OutputError`."""
    lines: list[bytes] = []
    expected = read_records(case)
    har = read_har(case.path)
    for name in case.streams:
        found = result.found.get(name)
        lines += sorted(record_line(name, row) for row in (found.rows if found else expected.get(name, ())))
        if found:
            said = har["log"]["_longhaul"]["streams"][name]
            said["records"] = len(found.rows)
            if found.state is not None or "end_state" in said:
                said["end_state"] = found.state
    write_case(case.path, har, lines)
    result.accepted = True
