"""Counts calls in windows of time: how many were made, and when the next ones may be made.

Times are seconds of a clock that never goes back; lengths of time are seconds.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from itertools import accumulate

_LONG_AGO = float("-inf")


class Window(ABC):
    """Counts the calls under a limit."""

    @abstractmethod
    def wait(self, calls: int, now: float) -> float:
        """Seconds until so many calls more can be made; 0 for now."""

    @abstractmethod
    def count(self, calls: int, now: float) -> None:
        """Count calls that are made, be they allowed or not."""

    @abstractmethod
    def correct(self, left: int | None, ends_in: float | None, now: float) -> None:
        """Take over what the API says: the calls that are left, the seconds until it has all of them again.

        None stands for what it doesn't say. More calls than are left by our own count are not believed, so
        that a limit below the API's own holds.
        """


class FixedWindow(Window):
    """So many calls in a window of so many seconds, which all come back at its end.

    A window begins with its first call, and ends when the API says so. (In Airbyte the first one lasts ten
    days unless the API says otherwise.)
    """

    def __init__(self, limit: int, period: float) -> None:
        self._limit = limit
        self._period = period
        self._used = 0
        self._end = _LONG_AGO

    def wait(self, calls: int, now: float) -> float:
        """Seconds until the window ends when there are too few calls left in it."""
        self._move_on(now)
        return 0.0 if self._used + calls <= self._limit else self._end - now

    def count(self, calls: int, now: float) -> None:
        """Count calls in this window."""
        self._move_on(now)
        self._used += calls

    def correct(self, left: int | None, ends_in: float | None, now: float) -> None:
        """Airbyte: the same; but an answer that comes from a window that is over says nothing of this one."""
        if ends_in is not None and ends_in <= 0:
            return
        self._move_on(now)
        if left is not None:
            self._used = max(self._used, self._limit - left)
        if ends_in is not None:
            self._end = now + ends_in

    def _move_on(self, now: float) -> None:
        if now >= self._end:
            self._used = 0
            self._end = now + self._period


class MovingWindow(Window):
    """Several rates at once: of each, so many calls in any stretch of so many seconds."""

    def __init__(self, rates: Sequence[tuple[int, float]]) -> None:
        self._rates = [_Rate(limit, interval) for limit, interval in rates]
        self._closed_until = _LONG_AGO

    def wait(self, calls: int, now: float) -> float:
        """Seconds until all rates have room."""
        return max(0.0, self._closed_until - now, *(rate.wait(calls, now) for rate in self._rates))

    def count(self, calls: int, now: float) -> None:
        """Count calls in all rates."""
        for rate in self._rates:
            rate.count(calls, now)

    def correct(self, left: int | None, ends_in: float | None, now: float) -> None:
        """Believe the API when nothing is left: until it says, or else as if the calls had been made now.

        (Airbyte does nothing about an API that also says until when.)
        """
        if left is None or left > 0:
            return
        if ends_in is None:
            self.count(max(0, min(rate.left(now) for rate in self._rates)), now)
        elif ends_in > 0:
            self._closed_until = now + ends_in


class _Rate:
    """The calls of the last `interval` seconds, at most `limit`: when they were made, and how many at a time."""

    def __init__(self, limit: int, interval: float) -> None:
        self._limit = limit
        self._interval = interval
        self._made: deque[tuple[float, int]] = deque()
        self._used = 0

    def left(self, now: float) -> int:
        while self._made and self._made[0][0] + self._interval <= now:
            self._used -= self._made.popleft()[1]
        return self._limit - self._used

    def wait(self, calls: int, now: float) -> float:
        missing = calls - self.left(now)
        if missing <= 0:
            return 0.0
        freed = zip(self._made, accumulate(made for _, made in self._made), strict=True)
        return next(at for (at, _), free in freed if free >= missing) + self._interval - now

    def count(self, calls: int, now: float) -> None:
        if calls:
            self._made.append((now, calls))
            self._used += calls
