"""Progress as plain lines: one for each phase that a job enters, and what else there is to say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TextIO

from core.events import Event, JobChanged, JobPhase, SliceFinished
from core.levels import Level
from core.progress.lines import line, phase_line, shows
from core.texts import indented


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
