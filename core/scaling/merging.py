"""The state that covers all slices of a plan, once they have all been read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from core.errors import LonghaulError
from core.events import Event
from core.outputs.durable import OutputError
from core.outputs.job_journal import digest
from core.outputs.state import StateFile
from core.reading import Reader
from core.runtime.slices import StreamSlice
from core.scaling.plan import PlannedSlice, PlanSummary
from core.scaling.slice_files import SliceFolder
from core.wording import listed

_TIMING = {"lookback_window": None}
"""What a state says of how long the read took."""


class SlicesMissing(LonghaulError):
    """Not all slices of a plan have been read."""


def merge_state(
    reader: Reader,
    summary: PlanSummary,
    slices: Iterable[PlannedSlice],
    folder: SliceFolder,
    file: StateFile,
    *,
    report: Callable[[Event], None] = lambda event: None,
) -> bool:
    """Write the state of the stream, whose file is locked; False when it is there already.

    Raises `SlicesMissing`, `ReadError`, `OSError`, and `OutputError` for a state file that has moved on.
    """
    done: list[tuple[StreamSlice, Any]] = []
    missing: list[str] = []
    for planned in slices:
        found = folder.files(planned, summary.id).done()
        if found is None:
            missing.append(planned.name)
        else:
            done.append((planned.slice, found.latest))
    if missing:
        raise SlicesMissing(
            f"{len(missing):,} of {summary.slices:,} slices are missing in {folder.path}: {listed(missing)}. "
            "The state is not written. Read them first: --run with the same plan skips the others."
        )
    seconds = max(0.0, (datetime.now(UTC) - summary.made).total_seconds())
    merged = reader.merged_state(
        summary.stream, summary.state, done, parents=summary.parents, seconds=seconds, report=report
    )
    saved = file.of(summary.stream)
    if _timeless(saved) == _timeless(merged):
        return False
    if digest(saved or None) != digest(summary.state or None):
        raise OutputError(
            f"The state of `{summary.stream}` in {file.path} has moved on since the plan was made, and is left as it "
            "is: it would go back. Make a new plan from it."
        )
    file.save(summary.stream, merged)
    return True


def _timeless(state: Mapping[str, Any] | None) -> dict[str, Any]:
    return {**(state or {}), **_TIMING}
