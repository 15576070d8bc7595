"""When a job is polled: soon at first, then less and less often, unless server or manifest say otherwise."""

from __future__ import annotations

import random
from collections.abc import Callable

FIRST_WAIT = 0.5
GROWTH = 1.5
LONGEST_WAIT = 30.0
JITTER = 0.1


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
