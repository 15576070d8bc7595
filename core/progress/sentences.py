"""What is said to people about jobs, slices, streams and runs: the same sentences in the command and in the builder."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from core.events import Event, ExchangeFinished, JobChanged, JobPhase, Log, Outcome, SliceFinished, StreamStarted
from core.http.budget import Wait
from core.levels import Level
from core.progress.picture import RunPicture, SlicePicture, StreamPicture
from core.units import count, duration
from core.wording import slice_name

Line = tuple[Level, str]

_ERRORS_SHOWN = 10
_TROUBLE = (JobPhase.FAILED, JobPhase.TIMED_OUT)

# Events, a line each


def event_line(event: Event) -> Line | None:
    """The line that an event gets wherever lines are written; None for most events."""
    match event:
        case Log(level=level, message=message):
            return level, f"{subject(event)}: {message}"
        case SliceFinished(outcome=Outcome.FAILED, error=error, like=None):
            return Level.ERROR, f"{subject(event)} failed." if not error else about(event.stream, error, subject(event))
        case SliceFinished(outcome=Outcome.FAILED, error=error, like=first):  # the summary counts it
            return Level.DEBUG, f"{subject(event)}: failed like [{slice_name(first)}]. {error}"
        case SliceFinished(outcome=outcome, records=records):
            return Level.DEBUG, f"{subject(event)}: slice {outcome}, {count(records, 'record')}"
        case ExchangeFinished(exchange=exchange):
            answer = exchange.error or f"{exchange.status} {exchange.reason}".strip()
            request = f"{exchange.role}: {exchange.method} {exchange.url}"
            return Level.DEBUG, f"{subject(event)}: {request} -> {answer} in {exchange.seconds:.2f} s"
        case StreamStarted():
            return Level.DEBUG, f"{event.stream}: reading begins"
    return None


def phase_line(event: JobChanged) -> Line:
    """The line for a job that entered a phase; what follows (a new attempt, or the end) says why it failed.

    Of a job that was never created there is nothing else to say, so that this line is for debugging only.
    """
    if event.phase is JobPhase.FAILED and not event.job_id and not event.polls:
        return Level.DEBUG, f"{subject(event)}: no job. {event.detail or ''} ({attempt(event)})"
    level = Level.DEBUG if event.phase is JobPhase.WAITING and not event.detail else Level.INFO
    text = f"{subject(event)}: {_phase_text(event)}"
    if event.attempt > 1:
        text += f" ({attempt(event)})"
    return Level.WARNING if event.phase in _TROUBLE else level, text


def _phase_text(event: JobChanged) -> str:
    job = f"job {event.job_id}" if event.job_id else "job"
    after = f" after {count(event.polls, 'poll')}, {duration(event.elapsed)}" if event.polls else ""
    match event.phase:
        case JobPhase.WAITING:
            return waiting(event.detail)
        case JobPhase.CREATING:
            return "creating the job"
        case JobPhase.STARTING:
            return f"starting {job}" if event.job_id else "starting the job"
        case JobPhase.RUNNING:
            return f"{job} is running"
        case JobPhase.SKIPPED:
            return f"{job} skipped by the API ({event.api_status}): no records"
        case JobPhase.DOWNLOADING:
            return f"downloading the result of {job}" if event.job_id else "downloading the result"
        case JobPhase.DONE:
            return f"{job} done"
        case JobPhase.ABORTED:
            return f"{job} aborted on the server"
    status = f" ({event.api_status})" if event.api_status else ""
    return f"{job} {event.phase}{status}{after}"


def subject(event: Event) -> str:
    """What an event is about: the stream, and the slice where there are several."""
    name = slice_name(event.slice)
    return f"{event.stream} [{name}]" if name else event.stream


def about(stream: str, text: str, named: str = "") -> str:
    """A text about a stream, or about its slice `named`, that begins with its name unless the text mentions it."""
    return text if f"`{stream}`" in text else f"{named or stream}: {text}"


# Facts of a job at work


def attempt(job: SlicePicture | JobChanged) -> str:
    return f"attempt {job.attempt}"


def waiting(detail: str | None) -> str:
    """Why a job is not created yet."""
    return f"waiting: {detail}" if detail else "waiting for a free place among the jobs"


def next_poll(job: SlicePicture, now: float) -> str:
    """When a job is polled next, in whole seconds so that it does not flicker."""
    wait = 0 if job.next_poll is None else math.ceil(job.next_poll - now)
    return f"next poll in {duration(wait, whole=True)}" if wait > 0 else "polling now"


def budget_waits(stream: StreamPicture[Any]) -> Iterator[str]:
    """Which call rates of the API budget hold requests back, and for how long: by the second, then by the minute."""
    now = stream.clock()
    for terms, until in stream.budget_waits.items():
        left = max(0, round(until - now))
        yield str(Wait(left if left < 120 else round(left / 60) * 60, terms))


# What came of it


def stream_summary(stream: StreamPicture[SlicePicture], place: str, remains: str) -> Iterator[Line]:
    """The lines about a stream that has ended: the errors that were not shown before, and its result.

    `place` says where the records of a stream that succeeded are, `remains` what there is of any other.
    """
    result = stream.result
    if result is None:
        return
    shown = set(stream.failures.texts(result.slices))
    errors = [error for error in stream.errors if error not in shown]
    for error in errors[:_ERRORS_SHOWN]:
        yield Level.ERROR, about(stream.stream, error)
    if len(errors) > _ERRORS_SHOWN:
        yield Level.ERROR, f"{stream.stream}: and {len(errors) - _ERRORS_SHOWN} more errors"
    for cause in stream.failures.repeated():
        number = f"{len(cause.slices)} of {result.slices} slices"
        yield Level.ERROR, f"{stream.stream}: {number} failed for the same reason: {cause.names}."
    amount = f"{count(result.records, 'record')}, {count(result.slices, 'slice')}, {duration(result.seconds)}"
    if result.outcome in (Outcome.FAILED, Outcome.CANCELLED):
        failed = stream.failures.count
        some = f", {failed} of them failed" if 0 < failed < result.slices else ""
        rest = f"; {remains}" if result.records else ""
        level = Level.ERROR if result.outcome is Outcome.FAILED else Level.WARNING
        yield level, f"{stream.stream}: {result.outcome} ({amount}{some}){rest}."
    elif result.outcome is Outcome.DETACHED:
        yield Level.INFO, f"{stream.stream}: {amount} -> {place}; {_left(stream)}. Run again to collect them."
    else:
        note = " (ended at the limit)" if result.outcome is Outcome.LIMITED else ""
        yield Level.INFO, f"{stream.stream}: {amount} -> {place}{note}"


def load_line(stream: StreamPicture[SlicePicture], records: int, place: str) -> Line:
    """The line about a load that is complete."""
    all_in_all = f", {stream.loaded:,} in all" if stream.loaded > records else ""
    return Level.INFO, f"{stream.stream}: {count(records, 'record')} loaded into {place}{all_in_all}"


def _left(stream: StreamPicture[SlicePicture]) -> str:
    """What is left of a stream to a later run."""
    running, waiting = stream.detached_jobs, stream.detached_slices
    parts = [f"{count(running, 'job')} still {'runs' if running == 1 else 'run'} on the server"] if running else []
    parts += [f"{count(waiting, 'slice')} {'has' if waiting == 1 else 'have'} no job yet"] if waiting else []
    return ", ".join(parts)


def run_summary(run: RunPicture) -> Line:
    """The line about all streams of a run."""
    failed = sum(result.outcome is Outcome.FAILED for result in run.results)
    trouble = f", {failed} failed" if failed else ""
    streams = f"{len(run.results) - failed} of {count(len(run.streams), 'stream')} read"
    return Level.INFO, f"{streams}{trouble}: {count(run.records, 'record')} in {duration(run.seconds)}"
