"""Events as lines for people, each with how serious it is."""

from __future__ import annotations

from core.events import (
    Event,
    ExchangeFinished,
    JobChanged,
    JobPhase,
    Log,
    Outcome,
    SliceFinished,
    StreamStarted,
)
from core.levels import Level
from core.progress.words import count, duration, slice_name

Line = tuple[Level, str]

_ORDER = list(Level)
_TROUBLE = (JobPhase.FAILED, JobPhase.TIMED_OUT)


def shows(threshold: Level, level: Level) -> bool:
    """Whether a line of this level is shown when `threshold` is the least that is."""
    return _ORDER.index(level) >= _ORDER.index(threshold)


def line(event: Event) -> Line | None:
    """The line for an event that is told whatever is on the screen; None for events without one."""
    match event:
        case Log(level=level, message=message):
            return level, f"{subject(event)}: {message}"
        case SliceFinished(outcome=Outcome.FAILED, error=error, like=None):
            return Level.ERROR, f"{subject(event)} failed." if not error else about(event.stream, error, subject(event))
        case SliceFinished(outcome=Outcome.FAILED, error=error, like=first):  # the summary tells of it
            return Level.DEBUG, f"{subject(event)}: failed like [{slice_name(first)}]. {error}"
        case SliceFinished(outcome=outcome, records=records):
            return Level.DEBUG, f"{subject(event)}: slice {outcome}, {count(records, 'record')}"
        case ExchangeFinished(exchange=exchange):
            answer = exchange.error or f"{exchange.status} {exchange.reason}".strip()
            took = f"{exchange.seconds:.2f} s"
            return Level.DEBUG, (
                f"{subject(event)}: {exchange.role}: {exchange.method} {exchange.url} -> {answer} in {took}"
            )
        case StreamStarted():
            return Level.DEBUG, f"{event.stream}: reading begins"
    return None


def phase_line(event: JobChanged) -> Line:
    """The line for a job that entered a phase; why it failed is told by what follows (a new attempt, or the
    end).
    """
    level = Level.DEBUG if event.phase is JobPhase.WAITING and not event.detail else Level.INFO
    text = f"{subject(event)}: {_phase_text(event)}"
    if event.attempt > 1:
        text += f" (attempt {event.attempt})"
    return Level.WARNING if event.phase in _TROUBLE else level, text


def about(stream: str, text: str, named: str = "") -> str:
    """A text about a stream, or a slice that is `named` with it; named unless the text does so itself."""
    return text if f"`{stream}`" in text else f"{named or stream}: {text}"


def subject(event: Event) -> str:
    """What an event is about: the stream, and the slice where there are several."""
    name = slice_name(event.slice)
    return f"{event.stream} [{name}]" if name else event.stream


def _phase_text(event: JobChanged) -> str:
    job = f"job {event.job_id}" if event.job_id else "job"
    after = f" after {count(event.polls, 'poll')}, {duration(event.elapsed)}" if event.polls else ""
    match event.phase:
        case JobPhase.WAITING:
            return f"waiting: {event.detail}" if event.detail else "waiting for a free place among the jobs"
        case JobPhase.CREATING:
            return "creating the job"
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
