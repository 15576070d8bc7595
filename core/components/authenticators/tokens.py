"""A token that is fetched when it is needed, by one task while the others wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from core.errors import ReadError

T = TypeVar("T")

MARGIN = timedelta(seconds=30)
"""A token is renewed this long before it expires, or after half of its life when that is shorter."""

GRACE = 2.0
"""Seconds that a cancelled request for a token has to end."""


@dataclass(frozen=True, eq=False, slots=True)
class Token:
    """A token; `renew_at` is an aware datetime, None for a token that is used until it is refused."""

    value: str
    renew_at: datetime | None = None

    @classmethod
    def expiring(cls, value: str, expires: datetime, now: datetime) -> Token:
        """A token that is valid from `now` until `expires`."""
        return cls(value, expires - min(MARGIN, max(expires - now, timedelta()) / 2))

    def is_valid(self, now: datetime) -> bool:
        """Whether the token may be used at `now`."""
        return self.renew_at is None or now < self.renew_at


_sent: ContextVar[Token | None] = ContextVar("sent", default=None)
"""The token that the task at work has sent last: a refusal is about this one, whatever others fetched since.
"""


async def to_its_end(work: Coroutine[Any, Any, T]) -> T:
    """Do work that is given a few seconds to end when it is cancelled: its outcome may be there only once.

    A refresh token that is void as soon as it was used, say, and the new one that is on its way.
    """
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        try:
            await asyncio.wait([task], timeout=GRACE)
        finally:
            task.cancel()
        raise


@dataclass(slots=True)
class OneAtATime:
    """Work that one task does while the others who need it wait."""

    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _times: int = 0
    _failure: ReadError | None = None

    async def do(self, needed: Callable[[], bool], work: Callable[[], Awaitable[None]]) -> None:
        """Do the work where it is still needed when it is this task's turn.

        Raises what `work` raises; those who waited for a work that failed get the same `ReadError`.
        """
        times = self._times
        async with self._lock:
            if not needed():
                return
            if self._times != times and self._failure is not None:
                raise self._failure
            self._failure = None
            try:
                await work()
            except ReadError as error:
                self._failure = error
                raise
            finally:
                self._times += 1


@dataclass(slots=True)
class TokenKeeper:
    """The one token that everybody with the same credentials uses in a run."""

    token: Token | None = None
    refused: set[str] = field(default_factory=set)
    """Tokens that the API did not take."""
    _fetching: OneAtATime = field(default_factory=OneAtATime)

    async def get(self, fetch: Callable[[], Awaitable[Token]], now: datetime) -> str:
        """The token, fetched anew when there is none that is valid at `now`.

        Raises what `fetch` raises; those who waited for a fetch that failed get the same `ReadError`.
        """

        async def renew() -> None:
            self.token = await fetch()

        if not self._is_valid(now):
            await self._fetching.do(lambda: not self._is_valid(now), renew)
        assert self.token is not None
        _sent.set(self.token)
        return self.token.value

    def refuse(self) -> bool:
        """Drop the token that this task has sent; others may have fetched a new one already."""
        if self.token is not None and self.token is _sent.get():
            self.refused.add(self.token.value)
            self.token = None
        return True

    def _is_valid(self, now: datetime) -> bool:
        return self.token is not None and self.token.is_valid(now)
