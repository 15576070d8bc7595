"""The clock of a replay: it begins when the recording began, and waits take no time."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count

_TURN = 0.001
"""Real seconds in which others may go on before time is moved."""


class SkippingClock:
    """Time goes on only when somebody waits: to the end of the shortest wait, so that the order of events is that of
    the waits.
    """

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._numbers = count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._moving: asyncio.Task[None] | None = None
        self.passed = 0.0
        """Seconds since the beginning."""

    def now(self) -> datetime:
        """The date and time, in the zone of the start."""
        return self._start + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return self.passed

    async def sleep(self, seconds: float) -> None:
        """Wait until everybody who waits for less has gone on."""
        woken = asyncio.get_running_loop().create_future()
        heappush(self._sleepers, (self.passed + max(0.0, seconds), next(self._numbers), woken))
        if self._moving is None:
            self._moving = asyncio.create_task(self._move())
        await woken

    async def _move(self) -> None:
        try:
            while self._sleepers:
                await asyncio.sleep(_TURN)
                due, _, woken = heappop(self._sleepers)
                if not woken.done():
                    self.passed = max(self.passed, due)
                    woken.set_result(None)
        finally:
            self._moving = None
