"""The rate budget of a run: requests wait, first come first served, until the window of their policy admits them."""

from __future__ import annotations

import asyncio
import math
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

import httpx

from core.http.policy import server_time
from core.units import time_span

_LONG_AGO = float("-inf")


class RateWindow(ABC):
    """Counts the calls under a limit. Times are in seconds of a monotonic clock."""

    @abstractmethod
    def wait(self, calls: int, now: float) -> float:
        """Seconds until this many more calls can be made; 0 if they can be made now."""

    @abstractmethod
    def count(self, calls: int, now: float) -> None:
        """Count calls that are made, whether they are allowed or not."""

    @abstractmethod
    def correct(self, left: int | None, ends_in: float | None, now: float) -> None:
        """Adopt what the API says: the calls that are left, and the seconds until all of them are available again.

        None means that the API doesn't say. It is not believed that more calls are left than by our own count, so that
        a limit below the API's own holds.
        """


class FixedWindow(RateWindow):
    """Allows `limit` calls in a window of `period` seconds; all of them are available again when it ends.

    A window begins with its first call, and ends early or late if the API says so. (In Airbyte the first one lasts ten
    days unless the API says otherwise.)
    """

    def __init__(self, limit: int, period: float) -> None:
        self._limit = limit
        self._period = period
        self._used = 0
        self._end = _LONG_AGO

    def wait(self, calls: int, now: float) -> float:
        self._renew(now)
        return 0.0 if self._used + calls <= self._limit else self._end - now

    def count(self, calls: int, now: float) -> None:
        self._renew(now)
        self._used += calls

    def correct(self, left: int | None, ends_in: float | None, now: float) -> None:
        """Airbyte: the same; but a response from a window that is over says nothing about this one."""
        if ends_in is not None and ends_in <= 0:
            return
        self._renew(now)
        if left is not None:
            self._used = max(self._used, self._limit - left)
        if ends_in is not None:
            self._end = now + ends_in

    def _renew(self, now: float) -> None:
        if now >= self._end:
            self._used = 0
            self._end = now + self._period


class MovingWindow(RateWindow):
    """Several rates at once: each allows a number of calls in any interval of its length, in seconds."""

    def __init__(self, rates: Sequence[tuple[int, float]]) -> None:
        self._rates = [_RecentCalls(limit, interval) for limit, interval in rates]
        self._closed_until = _LONG_AGO

    def wait(self, calls: int, now: float) -> float:
        return max(0.0, self._closed_until - now, *(rate.wait(calls, now) for rate in self._rates))

    def count(self, calls: int, now: float) -> None:
        for rate in self._rates:
            rate.count(calls, now)

    def correct(self, left: int | None, ends_in: float | None, now: float) -> None:
        """Believe the API when no calls are left: until its reset, or else as if the calls had been made now.

        (Airbyte ignores an API that also says when the reset is.)
        """
        if left is None or left > 0:
            return
        if ends_in is None:
            self.count(max(0, min(rate.left(now) for rate in self._rates)), now)
        elif ends_in > 0:
            self._closed_until = now + ends_in


class _RecentCalls:
    """The calls of the last `interval` seconds, at most `limit`: when they were made, and how many at once."""

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


REPORTED_FROM = 3.0
"""Waits of at least this many seconds are reported."""
LOGGED_AFTER = 30.0
"""A wait is logged if it ends at least this many seconds after the last one that was logged."""

RESET_HEADER = "ratelimit-reset"
REMAINING_HEADER = "ratelimit-remaining"
HIT_STATUSES = (429,)
_FIRST_TIMESTAMP = 1e9
"""From this number on a reset is a timestamp in seconds since 1970; smaller ones are the seconds that are left."""
_FIRST_MILLISECONDS = 1e11


@dataclass(frozen=True, slots=True)
class Wait:
    """A wait that people would wonder about: the next request goes out in `seconds`; 0 means that the wait is over.

    `terms` are those of the policy. `logged` says whether it belongs into the log, too.
    """

    seconds: float
    terms: str
    logged: bool = False

    def __str__(self) -> str:
        return f"The API budget is used up ({self.terms}). The next request goes out in {time_span(self.seconds)}."


Report = Callable[[Wait], None]


class RatePolicy:
    """A call rate policy in a run, with the queue of the requests that wait for it.

    `weigh` gives the number of calls that a request counts for, None if the policy does not apply to it. Without a
    `window` all requests are admitted. `terms` describe for people what is allowed.
    """

    def __init__(self, terms: str, weigh: Callable[[httpx.Request], int | None], window: RateWindow | None) -> None:
        self.terms = terms
        self.weigh = weigh
        self._window = window
        self._queue = asyncio.Lock()  # admits in the order of arrival
        self._corrected = asyncio.Event()
        self._last_logged = -math.inf

    async def admit(self, calls: int, report: Report, *, at_once: bool) -> bool:
        """Count calls as soon as they are allowed; whether that took a wait. `at_once` counts them without one."""
        window, clock = self._window, asyncio.get_running_loop().time
        if window is None:
            return False
        if at_once:
            window.count(calls, clock())
            return False
        waited = self._queue.locked()
        async with self._queue:
            reported = False
            try:
                while (wait := window.wait(calls, clock())) > 0:
                    waited = True
                    if wait >= REPORTED_FROM:
                        reported = True
                        report(Wait(wait, self.terms, self._is_logged(clock() + wait)))
                    await self._pause(wait)
                window.count(calls, clock())
            finally:
                if reported:
                    report(Wait(0.0, self.terms))
        return waited

    def anew(self) -> RatePolicy:
        """The same policy with what it has counted, for another event loop."""
        policy = RatePolicy(self.terms, self.weigh, self._window)
        policy._last_logged = self._last_logged
        return policy

    def correct(self, left: int | None, ends_in: float | None) -> None:
        """Adopt what the API says (see `RateWindow.correct`), and let the waiting request check again."""
        if self._window is not None:
            self._window.correct(left, ends_in, asyncio.get_running_loop().time())
            self._corrected.set()

    async def _pause(self, seconds: float) -> None:
        """Wait, but only until the API corrects the count."""
        self._corrected.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._corrected.wait()

    def _is_logged(self, end: float) -> bool:
        if end < self._last_logged + LOGGED_AFTER:
            return False
        self._last_logged = end
        return True


class Budget:
    """All policies of a run: the first one that applies to a request decides when it may be sent.

    The two headers of responses say how many calls are left and when the API's own window ends; the statuses say that
    none are left.
    """

    def __init__(
        self,
        policies: Sequence[RatePolicy] = (),
        *,
        reset_header: str = RESET_HEADER,
        remaining_header: str = REMAINING_HEADER,
        hit_statuses: Sequence[int] = HIT_STATUSES,
    ) -> None:
        self._policies = tuple(policies)
        self._reset_header = reset_header
        self._remaining_header = remaining_header
        self._hit_statuses = frozenset(hit_statuses)

    def anew(self) -> Budget:
        """The same budget with what it has counted, for another event loop."""
        budget = copy(self)
        budget._policies = tuple(policy.anew() for policy in self._policies)
        return budget

    async def admit(self, request: httpx.Request, report: Report, *, at_once: bool = False) -> bool:
        """Wait until the request may be sent, and count it; whether that took a wait.

        `at_once` counts it without a wait, so that those that follow wait longer. `report` gets each wait of a few
        seconds or more, and its end.
        """
        for policy in self._policies:
            calls = policy.weigh(request)
            if calls is not None:
                return await policy.admit(calls, report, at_once=at_once)
        return False

    def learn(self, request: httpx.Request, response: httpx.Response, now: datetime) -> None:
        """Correct the count of the request's policy by its response. `now` is our own time, aware."""
        policy = next((policy for policy in self._policies if policy.weigh(request) is not None), None)
        if policy is not None:
            left, ends_in = self._left(response), self._ends_in(response, now)
            if left is not None or ends_in is not None:
                policy.correct(left, ends_in)

    def _left(self, response: httpx.Response) -> int | None:
        number = _number(response.headers.get(self._remaining_header, ""))
        if number is not None:
            return max(0, int(number))
        return 0 if response.status_code in self._hit_statuses else None

    def _ends_in(self, response: httpx.Response, now: datetime) -> float | None:
        """Seconds until the reset, which is given as a timestamp, in seconds or milliseconds, or as the seconds left.

        Airbyte knows only timestamps in seconds; seconds left, as in the IETF's draft of these headers, turn its
        limits off, and milliseconds end the read.
        """
        number = _number(response.headers.get(self._reset_header, ""))
        if number is None or number < _FIRST_TIMESTAMP:
            return number
        reset = number / 1000 if number >= _FIRST_MILLISECONDS else number
        return reset - server_time(response, now).timestamp()


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
