"""Progress as plain lines: one for each phase that a job enters, none for a poll."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol, TextIO

from core.events import Event, JobChanged, JobPhase, SliceFinished
from core.levels import Level
from core.progress.sentences import event_line, phase_line
from core.wording import indented

_ORDER = list(Level)


def is_shown(level: Level, threshold: Level) -> bool:
    """Whether a line of this level is shown when `threshold` is the least serious one that is."""
    return _ORDER.index(level) >= _ORDER.index(threshold)


class Progress(Protocol):
    """Shows a run to a person. `start` and `stop` surround it; `log` works before and after, too."""

    def start(self) -> None: ...

    def stop(self) -> None:
        """End; may be called twice."""

    def refresh(self) -> None:
        """Redraw what changes with time, when it is time; called often."""

    def show(self, event: Event) -> None:
        """Show an event, which the run's picture has taken in already."""

    def log(self, level: Level, text: str) -> None: ...


class PlainProgress:
    """Writes lines to a text stream, normally standard error; `level` is the least serious one that is shown.

    When nobody can read the lines any more, they are dropped.
    """

    def __init__(self, target: TextIO, level: Level, now: Callable[[], datetime] = datetime.now) -> None:
        self._target = target
        self._level = level
        self._now = now
        self._is_lost = False
        self._phases: dict[tuple[str, str], tuple[int, JobPhase]] = {}

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def refresh(self) -> None: ...

    def show(self, event: Event) -> None:
        key = (event.stream, repr(event.slice))
        if isinstance(event, JobChanged):
            if self._phases.get(key) != (event.attempt, event.phase):
                self._phases[key] = (event.attempt, event.phase)
                self.log(*phase_line(event))
            return
        if isinstance(event, SliceFinished):
            self._phases.pop(key, None)
        line = event_line(event)
        if line:
            self.log(*line)

    def log(self, level: Level, text: str) -> None:
        """Write a line with the time and, from warnings on, its level."""
        if is_shown(level, self._level):
            mark = f"{level.upper()}: " if is_shown(level, Level.WARNING) else ""
            self._write(f"{self._now():%H:%M:%S} {mark}{text}")

    def _write(self, text: str) -> None:
        if not self._is_lost:
            try:
                print(indented(text), file=self._target, flush=True)
            except OSError:
                self._is_lost = True
