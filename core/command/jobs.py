"""`longhaul --jobs`: what runs with a state file have left behind on the server."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from core.command.arguments import Arguments
from core.outputs.durable import OutputError
from core.outputs.job_journal import JobJournal, beside
from core.outputs.job_records import JobRecord
from core.outputs.paths import kind, resolved
from core.outputs.state import StateFile
from core.units import duration
from core.wording import one_line, slice_name

_COLUMNS = ("Stream", "Slice", "Job", "Age", "Last status")
_LONGEST = 200


def journal_of(state: Path) -> JobJournal:
    """The journal beside a state file. Raises `OutputError`."""
    journal = beside(resolved(state))
    if kind(state) is None and kind(journal) is None:
        raise OutputError(f"There is no state file {state}, and no journal of jobs beside it; check the name.")
    return JobJournal(journal, StateFile(state, to_write=False).of)


def no_jobs(state: Path) -> str:
    """What is said when there are none."""
    return f"No jobs: the runs with {state} have left none behind."


def list_jobs(arguments: Arguments) -> int:
    """Print the jobs: a table on a terminal, else a line for each, its fields separated by tabs.

    Raises `OutputError`.
    """
    assert arguments.jobs is not None
    jobs = journal_of(arguments.jobs).records
    rows = [_row(job, datetime.now(UTC)) for job in jobs]
    if not rows:
        print(no_jobs(arguments.jobs), flush=True)
    elif sys.stdout.isatty():
        _print_table(rows)
    else:
        print("\n".join("\t".join(row) for row in rows), flush=True)
    return 0


def _row(record: JobRecord, now: datetime) -> tuple[str, ...]:
    texts = (record.stream, slice_name(record.slice), record.id, duration(record.job.age(now), whole=True))
    return tuple(one_line(text, _LONGEST) if text else "-" for text in (*texts, record.status))


def _print_table(rows: Sequence[tuple[str, ...]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in _COLUMNS:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)
