"""How long a check waits for a stream that gets no further."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf
from typing import Self

from core.events import BudgetWait, Event, ExchangeFinished, JobChanged, JobPhase, PollScheduled, Records
from core.http.exchange import Role
from core.units import time_span

_ABOUT_JOBS = (Role.CREATE, Role.START, Role.POLL)


class Patience:
    """Calls `give_up` once when `seconds` have passed without a sign that waiting is right.

    Such signs are records, what is heard of a job, which has time limits of its own, and announced waits: those
    for the API budget, for the next poll and for the turn of a job. Used as a context, within which time counts.
    """

    def __init__(self, seconds: float, give_up: Callable[[], None]) -> None:
        self._seconds = seconds
        self._give_up = give_up
        self._until = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._asked = ""
        self.lost = False

    def __enter__(self) -> Self:
        self._wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def note(self, event: Event) -> None:
        """Take an event of the stream into account."""
        match event:
            case JobChanged(phase=JobPhase.WAITING):
                self._stop()  # the jobs before it have time limits
            case PollScheduled():
                self._wait(event.wait)
            case BudgetWait():
                self._wait(event.wait.seconds)
            case JobChanged() | Records():
                self._wait()
            case ExchangeFinished():
                self._asked = f"{event.exchange.method} {event.exchange.url}"
                if event.exchange.role in _ABOUT_JOBS:
                    self._wait()

    def __str__(self) -> str:
        """What to say when it is lost."""
        last = f" The last request was {self._asked}." if self._asked else ""
        return (
            f"Nothing usable came for {time_span(self._seconds)}, and a check waits no longer.{last}"
            " If the API is only slow, a read may succeed all the same: try one with a limit of one record."
        )

    def _wait(self, more: float = 0.0) -> None:
        self._stop()
        if self._seconds == inf or self.lost:
            return
        loop = asyncio.get_running_loop()
        self._until = max(self._until, loop.time() + more + self._seconds)
        self._timer = loop.call_at(self._until, self._lose)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _lose(self) -> None:
        self.lost = True
        self._give_up()
