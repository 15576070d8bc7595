"""Progress as plain lines: one for each phase that a job enters, and what else there is to say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TextIO

from core.events import Event, ExchangeFinished, JobChanged, JobPhase, Log, Outcome, SliceFinished, StreamStarted
from core.levels import Level
from core.wording import indented, one_line, slice_name, slice_values

__all__ = ["count", "duration", "one_line", "size", "slice_name", "slice_values"]

_UNITS = ("kB", "MB", "GB", "TB")


def count(number: int, one: str, many: str = "") -> str:
    """`1 record`, `12,000 records`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def duration(seconds: float, *, whole: bool = False) -> str:
    """`0.4 s` (`0 s` when only whole seconds are wanted), `12 s`, `3 min 05 s`, `2 h 07 min`."""
    if seconds < 9.95 and not whole:
        return f"{max(0.0, seconds):.1f} s"
    rounded = round(seconds)
    if rounded < 60:
        return f"{rounded} s"
    if rounded < 3600:
        return f"{rounded // 60} min {rounded % 60:02} s"
    return f"{rounded // 3600} h {rounded % 3600 // 60:02} min"


def size(number: int) -> str:
    """`812 B`, `1.2 MB`."""
    if number < 1000:
        return f"{number} B"
    amount = float(number)
    for unit in _UNITS:
        amount /= 1000
        if amount < 999.95 or unit == _UNITS[-1]:
            break
    return f"{amount:.1f} {unit}"


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


class Progress(Protocol):
    """Shows a run to a person. `start` and `stop` surround it; `say` works before and after, too."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End; may be called twice."""

    def refresh(self) -> None:
        """Redraw what changes with time, when it is time; called often."""

    def take(self, event: Event) -> None:
        """Show an event, which the run's picture has taken in already."""

    def say(self, level: Level, text: str) -> None:
        """Tell something."""


class PlainProgress:
    """Writes lines to a text stream, normally standard error; `level` is the least serious that is shown.

    Polls make no lines. When nobody can read the lines any more, they are dropped.
    """

    def __init__(self, target: TextIO, level: Level, now: Callable[[], datetime] = datetime.now) -> None:
        self._target = target
        self._level = level
        self._now = now
        self._lost = False
        self._phases: dict[tuple[str, str], tuple[int, JobPhase]] = {}

    def start(self) -> None:
        """Nothing to get ready."""

    def stop(self) -> None:
        """Nothing to put away."""

    def refresh(self) -> None:
        """Nothing to redraw."""

    def take(self, event: Event) -> None:
        """Show an event, if it is one to show."""
        key = (event.stream, repr(event.slice))
        if isinstance(event, JobChanged):
            if self._phases.get(key) != (event.attempt, event.phase):
                self._phases[key] = (event.attempt, event.phase)
                self.say(*phase_line(event))
            return
        if isinstance(event, SliceFinished):
            self._phases.pop(key, None)
        told = line(event)
        if told:
            self.say(*told)

    def say(self, level: Level, text: str) -> None:
        """Write a line, with the time and how serious it is."""
        if shows(self._level, level):
            mark = f"{level.upper()}: " if shows(Level.WARNING, level) else ""
            self._write(f"{self._now():%H:%M:%S} {mark}{text}")

    def _write(self, text: str) -> None:
        if not self._lost:
            try:
                print(indented(text), file=self._target, flush=True)
            except OSError:
                self._lost = True
