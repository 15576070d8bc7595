"""Many slices on a common axis of time, a line each: those at work on top, what has ended folded into a count."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar

from rich.cells import cell_len, set_cell_size

from core.events import JobPhase, Outcome
from core.progress.drawing import Axis, Canvas, Line, Role, Span, fitted, rounded_up
from core.progress.job_line import Look, short_facts, track
from core.progress.picture import SlicePicture
from core.units import duration
from core.wording import one_line, slice_values

SliceT = TypeVar("SliceT", bound=SlicePicture)

_FACTS = 30
_NARROW = 70
"""Columns below which facts take a third of the width."""
_SHORTEST_NAME = 10
_LONGEST_ID = 40
_SHORTEST_TRACK = 16
_TROUBLE = (Outcome.FAILED, Outcome.CANCELLED)


def shown_first(jobs: Collection[SliceT], number: int) -> list[SliceT]:
    """The slices that are worth a line: those at work, in trouble, waiting, and those that ended last."""
    return heapq.nsmallest(number, jobs, key=_importance)


def _importance(job: SlicePicture) -> tuple[int, float]:
    if job.outcome is None:
        return 2 if job.timeline.began is None or job.phase is JobPhase.WAITING else 0, job.number
    return 1 if job.outcome in _TROUBLE else 3, -(job.timeline.ended or 0.0)


def common_axis(started: float, until: float, width: int, *, running: bool) -> Axis:
    """An axis from the start of a stream; while it runs, its length grows in steps."""
    seconds = max(until - started, 0.1)
    return Axis(started, started + (rounded_up(seconds + 1) if running else seconds), width)


def gantt(
    jobs: Sequence[SlicePicture],
    look: Look,
    started: float,
    width: int,
    *,
    running: bool,
    times: bool = True,
    chosen: int | None = None,
) -> list[Line]:
    """A row for each of these slices, and below them the times; `chosen` is the index of the row with the cursor."""
    facts = _FACTS if width >= _NARROW else width // 3
    names = [name_of(job) for job in jobs]
    room = width - facts - 2 - max(_SHORTEST_TRACK, width // 4)
    label = max(_SHORTEST_NAME, min(room, max(map(cell_len, names), default=0)))
    until = look.now if running else max((job.timeline.ended or look.now for job in jobs), default=look.now)
    axis = common_axis(started, until, max(4, width - label - facts - 2), running=running)
    lines = [
        _row(job, look, axis, _label(name, label, look, chosen=number == chosen), facts)
        for number, (job, name) in enumerate(zip(jobs, names, strict=True))
    ]
    return [*lines, _times(axis, label, width)] if times else lines


def _label(name: str, width: int, look: Look, *, chosen: bool) -> Line:
    """A name in its column. One that is too long is cut in its middle: what tells slices apart is often at the end."""
    if cell_len(name) > width:
        end = next((name[at:] for at in range(len(name)) if cell_len(name[at:]) <= width // 2), "")
        name = set_cell_size(name, width - 1 - cell_len(end)) + look.glyphs.more + end
    return fitted([(name, Role.CURSOR if chosen else Role.TEXT)], width)


def _row(job: SlicePicture, look: Look, axis: Axis, label: Line, facts: int) -> Line:
    drawn = track(job, look, axis, whole=True).spans()
    return (*label, (" ", Role.TEXT), *drawn, (" ", Role.TEXT), *fitted(short_facts(job, look, facts), facts))


def name_of(job: SlicePicture) -> str:
    """What a slice is called in a column of slices."""
    return slice_values(job.slice) or one_line(job.job_id or "", _LONGEST_ID) or f"slice {job.number}"


def _times(axis: Axis, label: int, width: int) -> Line:
    """The times of the axis: its start, its end and, where there is room, those between."""
    canvas = Canvas(axis.width)
    seconds = axis.end - axis.start
    for part in (0, 4, 2, 1, 3):
        text = duration(seconds * part / 4)
        column = round((axis.width - 1) * part / 4)
        canvas.write(column if part == 0 else column - len(text) // 2, text, Role.QUIET)
    return fitted(((" " * (label + 1), Role.TEXT), *canvas.spans()), width)


def folded(jobs: Iterable[SlicePicture], done: int, look: Look) -> list[Span]:
    """What the slices without a line are doing: `✓ 12 done`, `3 running`."""
    counts = Counter(str(job.outcome or job.phase or "reading") for job in jobs)
    done += counts.pop(Outcome.COMPLETE, 0)
    spans: list[Span] = [(f"{look.glyphs.done} {done:,} done", Role.READY)] if done else []
    for what, number in counts.items():
        spans.append((f"{number:,} {what}", Role.FAILED if what == Outcome.FAILED else Role.QUIET))
    return spans


def counted(spans: Sequence[Span], width: int) -> Line:
    """A line of counts."""
    return fitted([part for span in spans for part in (span, ("  ", Role.TEXT))], width)
