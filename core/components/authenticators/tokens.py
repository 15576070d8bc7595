"""A token that is fetched when it is needed, by one task while the others wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.errors import ReadError

MARGIN = timedelta(seconds=30)
"""A token is renewed this long before it expires, or after half of its life when that is shorter."""


@dataclass(frozen=True, eq=False, slots=True)
class Token:
    """A token; `renew_at` is an aware datetime, None for a token that is used until it is refused."""

    value: str
    renew_at: datetime | None = None

    @classmethod
    def expiring(cls, value: str, expires: datetime, now: datetime) -> Token:
        """A token that is valid from `now` until `expires`."""
        return cls(value, expires - min(MARGIN, max(expires - now, timedelta()) / 2))


_sent: ContextVar[Token | None] = ContextVar("sent", default=None)
"""The token that the task at work has sent last: a refusal is about this one, whatever others fetched since.
"""


@dataclass(slots=True)
class TokenKeeper:
    """The one token that everybody with the same credentials uses in a run."""

    token: Token | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _fetches: int = 0
    _failure: ReadError | None = None

    async def get(self, fetch: Callable[[], Awaitable[Token]], now: datetime) -> str:
        """The token, fetched anew when there is none that is valid at `now`.

        Raises what `fetch` raises; those who waited for a fetch that failed get the same `ReadError`.
        """
        token = self._valid(now)
        if token is None:
            fetches = self._fetches
            async with self._lock:
                token = self._valid(now) or await self._fetch(fetch, waited=self._fetches != fetches)
        _sent.set(token)
        return token.value

    def refuse(self) -> bool:
        """Drop the token that this task has sent; others may have fetched a new one already."""
        if self.token is _sent.get():
            self.token = None
        return True

    def _valid(self, now: datetime) -> Token | None:
        token = self.token
        return token if token is not None and (token.renew_at is None or now < token.renew_at) else None

    async def _fetch(self, fetch: Callable[[], Awaitable[Token]], *, waited: bool) -> Token:
        if waited and self._failure is not None:
            raise self._failure
        self._failure = None
        try:
            self.token = await fetch()
        except ReadError as error:
            self._failure = error
            raise
        finally:
            self._fetches += 1
        return self.token
