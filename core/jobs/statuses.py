"""What the statuses of an API mean, and when a job is polled next."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from enum import StrEnum

FIRST_WAIT = 0.5
GROWTH = 1.5
LONGEST_WAIT = 30.0
JITTER = 0.1


class JobStatus(StrEnum):
    """What a status of the API means."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    TIMEOUT = "timeout"
    SKIPPED = "skipped"


class PollSchedule:
    """The waits between the polls of one job, in seconds.

    The first wait is half a second, each following one 1.5 times as long, up to 30 s, each with up to a tenth more at
    random so that many jobs don't poll in step. `interval` sets a fixed wait in their place. A wait that the server
    asks for (`Retry-After`) wins over both, and does not change what follows.
    """

    def __init__(self, interval: float | None = None, *, chance: Callable[[], float] = random.random) -> None:
        self._interval = interval
        self._next = FIRST_WAIT
        self._chance = chance

    def wait(self, asked_for: float | None = None) -> float:
        """The wait before the next poll; `asked_for` is the server's wish."""
        if asked_for is not None:
            return asked_for
        if self._interval is not None:
            return self._interval
        wait = self._next * (1 + JITTER * self._chance())
        self._next = min(self._next * GROWTH, LONGEST_WAIT)
        return min(wait, LONGEST_WAIT)


class StatusMeanings:
    """Meanings by status, for all jobs of a stream. Jobs that wait for their next poll hear of each change.

    `changes` counts what was set, so that a caller who remembers it sees whether anything was set since.
    """

    def __init__(self) -> None:
        self.changes = 0
        self._meanings: dict[str, JobStatus | None] = {}
        self._next = asyncio.Event()

    def __contains__(self, status: str) -> bool:
        """Whether something was said of a status, be it that it means nothing."""
        return status in self._meanings

    def get(self, status: str) -> JobStatus | None:
        """The meaning of a status; None when none was given."""
        return self._meanings.get(status)

    def set(self, status: str, meaning: JobStatus | None) -> None:
        """Give a status a meaning, or take it away (None), and wake who waits for a change."""
        self._meanings[status] = meaning
        self.changes += 1
        said, self._next = self._next, asyncio.Event()
        said.set()

    async def changed_since(self, changes: int) -> None:
        """Wait until more than so many `changes` were made."""
        if self.changes <= changes:
            await self._next.wait()
