"""A job as a line in time: created, each poll a mark at its true distance, the present, the next poll, the download.

`job_line` draws one slice in one or two rows, `core.progress.gantt` many on a common axis. What is drawn depends on
the picture, the moment and the room only, so that every screen shows the same.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from core.events import JobPhase, Outcome, Stage
from core.progress.drawing import (
    UNICODE,
    Axis,
    Canvas,
    Glyphs,
    Line,
    Role,
    Span,
    bar,
    beside,
    fitted,
    rounded_up,
    sparkline,
    travelling,
    width_of,
)
from core.progress.picture import SlicePicture
from core.progress.sentences import attempt, next_poll, waiting
from core.progress.timeline import Kind, Mark
from core.units import count, duration, size
from core.wording import one_line

_STATUS = 20
_ONE_ROW = 46
"""Columns below which a job has one row."""
_FEWEST_COLUMNS = 3
"""Columns that a sparkline has at least."""
_SHORTEST_TRACK = 10
_WITH_MEANING = 70
"""Columns from which the meaning of a status is said."""
_NAMED = 90
"""Columns from which the parts of the line are named."""
_ROLES = {
    Kind.CREATED: Role.RUNNING,
    Kind.FOLLOWED: Role.RUNNING,
    Kind.RUNNING: Role.RUNNING,
    Kind.COMPLETED: Role.READY,
    Kind.FAILED: Role.FAILED,
    Kind.SKIPPED: Role.QUIET,
    Kind.PAGE: Role.DOWNLOAD,
}
_BEFORE_POLLING = (JobPhase.WAITING, JobPhase.CREATING, JobPhase.STARTING)
_OVER = (Kind.COMPLETED, Kind.FAILED, Kind.SKIPPED)


@dataclass(frozen=True, slots=True)
class Look:
    """The moment that is drawn, and what with; `unmapped` are the statuses that have no meaning yet."""

    now: float
    glyphs: Glyphs = UNICODE
    unmapped: Collection[str] = ()

    def mark(self, mark: Mark) -> Span:
        """The glyph of a mark."""
        if mark.kind is Kind.RUNNING and mark.status in self.unmapped:
            return self.glyphs.unmapped, Role.STOPPED
        return self.glyphs.marks[mark.kind], _ROLES[mark.kind]


def job_line(job: SlicePicture, look: Look, width: int, rows: int = 2) -> list[Line]:
    """A slice in at most so many rows, each exactly `width` cells; fewer where there is no room for two."""
    if rows < 2 or width < _ONE_ROW:
        facts = short_facts(job, look, width - _SHORTEST_TRACK)
        room = max(6, min(width - 8, width - width_of(facts) - 1))
        return [beside(track(job, look, own_axis(job, look, room)).spans(), facts, width)]
    if job.timeline.began is None:
        return [fitted([_waiting(job, look)], width), fitted([], width)]
    downloads = Stage.DOWNLOAD in job.stage_began or (job.records > 0 and not is_polled(job))
    right = _download(job, look, width) if downloads else _polling(job, look, width)
    return _two_rows(job, look, right, width)


def _two_rows(job: SlicePicture, look: Look, right: tuple[Line, Line], width: int) -> list[Line]:
    lead = f"{_first_word(job)} " if width >= _NAMED else ""
    side = max(width_of(line) for line in right)
    axis = own_axis(job, look, max(6, width - side - 2 - len(lead)))
    above = ((lead, Role.QUIET), *track(job, look, axis).spans(), ("  ", Role.TEXT), *right[0])
    below = ((" " * len(lead), Role.QUIET), *_captions(job, look, axis, named=not lead), ("  ", Role.TEXT), *right[1])
    return [fitted(above, width), fitted(below, width)]


# The line


def own_axis(job: SlicePicture, look: Look, width: int) -> Axis:
    """An axis for one slice: up to its next poll, or what it has taken."""
    start = job.started if job.timeline.began is None else job.timeline.began
    if is_polled(job):
        end = start + rounded_up(max(look.now, job.next_poll or look.now) - start + 1)
    else:
        end = _end_of_track(job, look)
    return Axis(start, end, width)


def is_polled(job: SlicePicture) -> bool:
    """Whether a job is being created or polled."""
    return job.outcome is None and job.phase in (JobPhase.CREATING, JobPhase.STARTING, JobPhase.RUNNING)


def _end_of_track(job: SlicePicture, look: Look) -> float:
    """When creating and polling ended, and the download began; of a synchronous stream, when its requests ended."""
    began = job.stage_began.get(Stage.DOWNLOAD)
    if began is not None:
        return began
    ended = look.now if job.timeline.ended is None else job.timeline.ended
    marks = job.timeline.marks
    return marks[-1].at if marks and marks[-1].kind in _OVER and job.phase is not None else ended


def track(job: SlicePicture, look: Look, axis: Axis, *, whole: bool = False) -> Canvas:
    """The line from the beginning to the present, and dotted up to what comes; `whole`: with waiting and download."""
    canvas, glyphs, line = Canvas(axis.width), look.glyphs, job.timeline
    began = axis.column(line.began if line.began is not None else look.now)
    if whole:
        canvas.fill(axis.column(job.started), began, glyphs.wait, Role.WAITING)
    if line.began is None:
        return canvas
    present = min(axis.column(min(look.now, _end_of_track(job, look))), axis.width - 1)
    canvas.fill(began, present + 1, glyphs.line, _line_role(job))
    if is_polled(job):
        _draw_future(canvas, job, look, axis, present)
    for mark in line.marks:
        canvas.put(axis.column(mark.at), *look.mark(mark))
    if whole:
        _draw_download(canvas, job, look, axis)
    if job.outcome is None:
        at = axis.column(look.now) if whole else present
        if whole or is_polled(job) or job.phase is None:
            canvas.put(min(at, axis.width - 1), glyphs.present, _present_role(job))
    elif job.outcome is not Outcome.COMPLETE and (whole or Stage.DOWNLOAD not in job.stage_began):
        end = axis.column(line.ended if line.ended is not None else look.now) if whole else present
        if not (whole and job.outcome is Outcome.LIMITED and _is_told(job, axis, end)):
            canvas.put(min(end, axis.width - 1), *_end_mark(job, look))
    return canvas


def _is_told(job: SlicePicture, axis: Axis, end: int) -> bool:
    """Whether the mark of a completed job is so near to the end that it says all: a second one would say it twice."""
    last = job.timeline.marks[-1] if job.timeline.marks else None
    return last is not None and last.kind is Kind.COMPLETED and end - axis.column(last.at) <= 1


def _draw_future(canvas: Canvas, job: SlicePicture, look: Look, axis: Axis, present: int) -> None:
    glyphs = look.glyphs
    limit = axis.column(job.limit) if job.limit is not None else axis.width
    canvas.fill(present + 1, min(limit, axis.width), glyphs.future, Role.QUIET)
    if job.next_poll is not None:
        canvas.put(max(present + 1, axis.column(job.next_poll)), glyphs.next_poll, Role.RUNNING)
    canvas.put(limit, glyphs.limit, Role.FAILED)


def _draw_download(canvas: Canvas, job: SlicePicture, look: Look, axis: Axis) -> None:
    began = job.stage_began.get(Stage.DOWNLOAD)
    if began is not None:
        ended = job.stage_ended.get(Stage.DOWNLOAD, look.now)
        canvas.fill(axis.column(began) + 1, axis.column(ended) + 1, look.glyphs.download, Role.DOWNLOAD)
    if job.outcome is Outcome.COMPLETE and job.timeline.ended is not None:
        end = axis.column(job.timeline.ended)
        if not _is_told(job, axis, end):
            canvas.put(end, look.glyphs.done, Role.READY)


def _line_role(job: SlicePicture) -> Role:
    return Role.DOWNLOAD if job.phase is None else Role.QUIET


def _present_role(job: SlicePicture) -> Role:
    return Role.RUNNING if is_polled(job) else Role.DOWNLOAD


def _end_mark(job: SlicePicture, look: Look) -> Span:
    glyphs = look.glyphs
    match job.outcome:
        case Outcome.FAILED:
            return glyphs.marks[Kind.FAILED], Role.FAILED
        case Outcome.CANCELLED | Outcome.DETACHED:
            return glyphs.stopped, Role.STOPPED
        case Outcome.SKIPPED:
            return glyphs.marks[Kind.SKIPPED], Role.QUIET
        case Outcome.LIMITED if not job.records:  # only the first stages were tried
            return look.mark(job.timeline.marks[-1]) if job.timeline.marks else (glyphs.done, Role.READY)
        case _:
            return glyphs.done, Role.READY


# The times under it


def _captions(job: SlicePicture, look: Look, axis: Axis, *, named: bool) -> Line:
    """The times of the marks, counted from the creation; where not all have room, the present and the last ones."""
    canvas, line = Canvas(axis.width), job.timeline
    assert line.began is not None
    zero = line.began - line.earlier
    end = min(look.now, _end_of_track(job, look))
    last = axis.column(end)
    text = duration(end - zero)
    canvas.write(last - len(text) // 2 if is_polled(job) else last - len(text) + 1, text, Role.TEXT)
    if line.marks and line.marks[0].kind in (Kind.CREATED, Kind.FOLLOWED):
        took = duration(line.marks[0].at - zero)
        first = f"create {took}" if line.marks[0].kind is Kind.CREATED else f"since {took}"
        shown = canvas.write(axis.column(line.marks[0].at), first, Role.QUIET) if named else False
        if not shown:
            canvas.write(axis.column(line.marks[0].at), took, Role.QUIET)
    for mark in reversed(line.marks):
        canvas.write(axis.column(mark.at), duration(mark.at - zero), Role.QUIET)
    return canvas.spans()


# What stands beside it


def _first_word(job: SlicePicture) -> str:
    if job.phase is None:
        return "pages"
    return "follow" if job.timeline.marks[:1] and job.timeline.marks[0].kind is Kind.FOLLOWED else "create"


def _waiting(job: SlicePicture, look: Look) -> Span:
    return f"{look.glyphs.wait} {_why_waiting(job)}", Role.WAITING


def _why_waiting(job: SlicePicture) -> str:
    return "waiting for the first answer" if job.phase is None else waiting(job.detail)


def status(job: SlicePicture, look: Look) -> Span:
    """What the job is or was doing, as the API calls it where it does."""
    role = _status_role(job, look)
    if job.outcome is Outcome.CANCELLED:
        return "cancelled", Role.STOPPED
    if job.outcome is Outcome.SKIPPED:
        return "skipped", Role.QUIET
    if job.phase is JobPhase.FAILED and job.stage is Stage.CREATION:
        return "creation failed", role
    if job.phase is JobPhase.TIMED_OUT:
        return str(job.phase), role
    if job.api_status in look.unmapped:
        return f"{one_line(job.api_status or '', _STATUS)} {look.glyphs.arrow} not mapped", role
    if job.api_status and job.phase is not None and job.phase not in _BEFORE_POLLING:
        return one_line(job.api_status, _STATUS), role
    return str(job.phase or ("reading" if job.outcome is None else job.outcome)), role


def _status_role(job: SlicePicture, look: Look) -> Role:
    if job.outcome is Outcome.FAILED or job.phase in (JobPhase.FAILED, JobPhase.TIMED_OUT):
        return Role.FAILED
    if job.api_status in look.unmapped:
        return Role.STOPPED
    if job.phase in (JobPhase.COMPLETED, JobPhase.DONE, JobPhase.DOWNLOADING):
        return Role.READY
    return Role.WAITING if job.phase is JobPhase.WAITING else Role.RUNNING


def _polling(job: SlicePicture, look: Look, width: int) -> tuple[Line, Line]:
    """The status with the countdown, and below them the number of polls with the limit; columns keep their width."""
    upper: list[Span] = [_described_status(job, look, meaning=width >= _WITH_MEANING)]
    lower = [count(job.polls, "poll")] if job.phase is not None and job.stage is not Stage.CREATION else []
    if job.records:
        lower.append(count(job.records, "record"))
    if job.attempt > 1:
        lower.append(attempt(job))
    if job.phase in _BEFORE_POLLING and job.detail and job.outcome is None:
        upper = [(one_line(waiting(job.detail), width * 3 // 5), Role.WAITING)]
    elif is_polled(job):
        upper.append((f"  {next_poll(job, look.now) if job.phase is JobPhase.RUNNING else '':>18}", Role.TEXT))
        if job.timeout:
            lower.append(f"limit {_short(job.timeout)}")
    return tuple(upper), ((f"{f' {look.glyphs.dot} '.join(lower):<{width_of(upper)}}", Role.QUIET),)


def _described_status(job: SlicePicture, look: Look, *, meaning: bool) -> Span:
    """The status, and what it is taken for where that is wanted and says more."""
    text, role = status(job, look)
    if meaning and job.api_status and job.meaning != text == one_line(job.api_status, _STATUS):
        text += f" {look.glyphs.arrow} {job.meaning}"
    return f"{text:<8}", role


def _short(seconds: float) -> str:
    """A time in few characters: `12 s`, `30 min`, `2 h 30 min`."""
    if seconds < 100:
        return f"{round(seconds)} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02} min" if minutes and hours else f"{hours} h" if hours else f"{minutes} min"


def _download(job: SlicePicture, look: Look, width: int) -> tuple[Line, Line]:
    """The bar with percent and bytes, and below it the sparkline with records and their rate."""
    facts = (_amounts(job, look), _rates(job, look))
    side = max(map(len, facts))
    lead: tuple[Span, ...] = ()
    if width >= _NAMED and job.phase is not None:
        lead = (one_line(job.api_status or "", _STATUS), Role.READY), ("  download ", Role.QUIET)
    part = 0.62 if width < _NAMED else 0.55
    room = max(6, min(48, int(width * part) - side - 1 - width_of(lead)))
    upper = (*_progress(job, look, room), (f" {facts[0]:<{side}}", Role.TEXT))
    curve = f"{sparkline(_curve(job, look, room), look.glyphs):<{room}}"
    lower = ((curve, Role.DOWNLOAD), (f" {facts[1]:<{side}}", Role.TEXT))
    return (*lead, *upper), ((" " * width_of(lead), Role.QUIET), *lower)


def _progress(job: SlicePicture, look: Look, width: int) -> Line:
    if job.outcome is Outcome.FAILED:
        return bar(job.share or 0.0, width, look.glyphs, Role.FAILED)
    if job.outcome is not None or job.phase is JobPhase.DONE:
        whole = 1.0 if job.outcome in (None, Outcome.COMPLETE, Outcome.LIMITED) else job.share or 0.0
        return bar(whole, width, look.glyphs, Role.DOWNLOAD)
    if job.share is not None:
        return bar(job.share, width, look.glyphs, Role.DOWNLOAD)
    return travelling(look.now - _download_began(job), width, look.glyphs, Role.DOWNLOAD)


def _download_began(job: SlicePicture) -> float:
    return job.stage_began.get(Stage.DOWNLOAD, job.started)


def _amounts(job: SlicePicture, look: Look) -> str:
    parts = [f"{math.floor(job.share * 100):>3} %"] if job.share is not None and job.outcome is None else []
    if job.outcome in (Outcome.FAILED, Outcome.CANCELLED):
        parts.append(f"{_end_mark(job, look)[0]} {job.outcome}")
    if job.transferred:
        parts.append(size(job.transferred))
    if job.phase is None and job.pages_read:
        parts.append(count(job.pages_read, "page"))
    return "  ".join(parts)


def _rates(job: SlicePicture, look: Look) -> str:
    return "  ".join((count(job.records, "record"), *rate(job, look)))


def rate(job: SlicePicture, look: Look) -> Iterator[str]:
    """Records per second: those of the last seconds, and once all are there the mean."""
    ended = job.stage_ended.get(Stage.DOWNLOAD, job.timeline.ended)
    seconds = None if ended is None else ended - _download_began(job)
    if seconds is None and job.records:
        yield f"{_brief(job.records_pace.rate(look.now))}/s"
    elif seconds is not None and seconds >= 1:
        yield f"{_brief(job.records / seconds)}/s"


def _brief(number: float) -> str:
    """A number in few characters: `870`, `41 k`, `1.2 M`."""
    if number < 1000:
        return f"{number:.0f}"
    return f"{number / 1000:.3g} k" if number < 999_500 else f"{number / 1e6:.3g} M"


def _curve(job: SlicePicture, look: Look, width: int) -> Sequence[float]:
    """How fast the bytes came, or the records where bytes are not counted; empty until there are several values."""
    pace = job.bytes_pace or job.records_pace
    until = look.now if job.timeline.ended is None else job.timeline.ended
    curve = pace.curve(width, until)
    return curve if len(curve) >= _FEWEST_COLUMNS else ()


def short_facts(job: SlicePicture, look: Look, room: int) -> Line:
    """What matters most now, in a few words; the countdown is spelled out where there is room for that."""
    if job.timeline.began is None and job.outcome is None:
        why = _why_waiting(job)
        return ((why if len(why) <= room else str(JobPhase.WAITING), Role.WAITING),)
    text, role = status(job, look)
    if job.outcome in (Outcome.FAILED, Outcome.CANCELLED, Outcome.SKIPPED, Outcome.DETACHED):
        return ((text, role),)
    if job.records or Stage.DOWNLOAD in job.stage_began or job.outcome is Outcome.COMPLETE:
        return tuple(_short_download(job, look))
    if is_polled(job) and job.phase is JobPhase.RUNNING:
        countdown = f" {look.glyphs.dot} {next_poll(job, look.now)}"
        if len(text) + len(countdown) > room:
            left = 0 if job.next_poll is None else max(0, math.ceil(job.next_poll - look.now))
            countdown = f" {look.glyphs.next_poll} {_short(left)}"
        return ((text, role), (countdown, Role.TEXT))
    return ((text, role),)


def _short_download(job: SlicePicture, look: Look) -> Iterator[Span]:
    if job.outcome is None:
        yield from _progress(job, look, 8)
        if job.share is not None:
            yield f"{math.floor(job.share * 100):>4} %", Role.TEXT
        yield " ", Role.TEXT
    else:
        yield look.glyphs.done + " ", Role.READY
    yield count(job.records, "record"), Role.TEXT
