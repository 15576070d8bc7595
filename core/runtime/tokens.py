"""Tokens while a run lasts, and the store of those that an API gave in place of the inputs' own.

One task fetches a token when it is needed while the others wait; or several tokens are used in turn. An API may void a
refresh token by issuing the next one: the caller of a run supplies a store that outlives it. The plain one here does
not.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from core.errors import ReadError

ConfigPath = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grant:
    """A refresh token of the inputs, and the endpoint that takes it."""

    endpoint: str
    refresh_token: str = field(repr=False)

    @property
    def mark(self) -> str:
        """What distinguishes this grant from others, without giving it away."""
        return hashlib.sha256(f"{self.endpoint}\0{self.refresh_token}".encode(errors="surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class KeptTokens:
    """The latest tokens that came of a grant; `expires` is when the access token does, and `purpose` tells what it was
    asked for (an access token with other scopes is another one).
    """

    refresh_token: str = field(repr=False)
    access_token: str = field(default="", repr=False)
    expires: datetime | None = None
    purpose: str = ""


class TokenStore:
    """Keeps tokens as long as the run; subclasses keep them for later ones."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._kept: dict[str, KeptTokens] = {}

    @asynccontextmanager
    async def renewing(self, report: Callable[[str], None]) -> AsyncIterator[None]:
        """Wait until nobody else renews a token of this store, and keep others out; `report` hears of a long wait.

        Raises `ReadError` when others take too long.
        """
        async with self._turn:
            yield

    async def find(self, grant: Grant) -> KeptTokens | None:
        """The tokens that came of a grant. Raises `ReadError` when they can't be read."""
        return self._kept.get(grant.mark)

    async def keep(self, grant: Grant, replaced: str, tokens: KeptTokens, inputs: Mapping[ConfigPath, str]) -> str:
        """Keep the tokens, lastingly when this returns; gives a sentence for people that says where they are.

        They came in place of the refresh token `replaced`; `inputs` says which inputs the manifest has for them. Raises
        `ReadError` when they are kept for this run only.
        """
        self._kept[grant.mark] = tokens
        raise ReadError("there is no place for what outlives a run.")


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
        """The token, fetched again when there is none that is valid at `now`.

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


SKEW = timedelta(seconds=60)
"""How far a reset may lie before the known one and still mean the same: two clocks are involved."""
LONGEST_SPACING = 10.0
"""Seconds that one request is held back at most to spread out the last calls."""


@dataclass(frozen=True, slots=True)
class QuotaReport:
    """What an answer says of a quota, None where it says nothing; `limited`: its status means that it is used up."""

    remaining: int | None = None
    reset_at: datetime | None = None
    limit: int | None = None
    limited: bool = False


@dataclass(slots=True)
class Quota:
    """The calls that a token has left in a pool; at `reset_at`, an aware datetime, they are `limit` again.

    Not `tracked`: the API does not count.
    """

    remaining: int
    reset_at: datetime
    limit: int
    tracked: bool = True

    @classmethod
    def untracked(cls, now: datetime) -> Quota:
        """That of an API that does not count; nothing is ever taken from it."""
        return cls(0, now, 0, tracked=False)

    @property
    def used_up(self) -> bool:
        """Whether a call has to wait for the reset."""
        return self.tracked and self.remaining <= 0

    def learn(self, report: QuotaReport) -> None:
        """Follow what an answer says.

        Answers come out of order. One of a later window counts as it is; within a window the count only falls; one of
        an earlier window is passed over, save that a used up quota is always believed.
        """
        if not self.tracked:
            return
        reset_at = report.reset_at
        if report.limit is not None and report.limit > 0 and (reset_at is None or reset_at >= self.reset_at):
            self.limit = report.limit
        if reset_at is not None and reset_at > self.reset_at:
            self.reset_at = reset_at
            self.remaining = self.limit if report.remaining is None else report.remaining
        elif report.remaining is not None and (
            (report.remaining <= 0 and report.limited) or reset_at is None or reset_at >= self.reset_at - SKEW
        ):
            self.remaining = min(self.remaining, report.remaining)


@dataclass(slots=True)
class TokenRing:
    """The tokens; `quotas` are by token and pool, for all tokens but those that the API does not know."""

    tokens: tuple[str, ...]
    quotas: dict[str, dict[str, Quota]] = field(default_factory=dict)
    _active: int = 0
    _refused: set[str] = field(default_factory=set)

    @property
    def usable(self) -> list[str]:
        """The tokens that are not refused, as far as that is known: before anything was asked, all."""
        known = self.quotas or self.tokens
        return [token for token in self.tokens if token in known and token not in self._refused]

    def place(self, token: str) -> str:
        """Which token it is, without its text: `2 of 3`."""
        return f"{self.tokens.index(token) + 1} of {len(self.tokens)}"

    def take(self, pool: str) -> str | None:
        """The token for the next request, one call taken from its quota; None when all are used up.

        A token is used until it is used up, then the next; tokens whose calls are not counted take turns.
        """
        usable = self.usable
        for _ in self.tokens:
            token = self.tokens[self._active]
            quota = self.quotas[token][pool] if token in usable else None
            if quota is not None and quota.remaining > 0:
                quota.remaining -= 1
                return token
            self._active = (self._active + 1) % len(self.tokens)
            if quota is not None and not quota.tracked:
                return token
        return None

    def give_back(self, token: str, pool: str) -> None:
        """Count a call less that was taken for a request that is not sent."""
        if token in self.quotas and self.quotas[token][pool].tracked:
            self.quotas[token][pool].remaining += 1

    def count(self, quotas: dict[str, dict[str, Quota]]) -> None:
        """Start over with the API's counts; of the usable tokens, those that it doesn't mention are dropped."""
        set_aside = {token: known for token, known in self.quotas.items() if token in self._refused}
        self.quotas = {**set_aside, **quotas}

    def used_up(self, pool: str) -> bool:
        """Whether every token has to wait."""
        return all(quota.used_up for quota in self._pool(pool))

    def reset_at(self, pool: str) -> datetime:
        """When the first token has calls again."""
        return min(quota.reset_at for quota in self._pool(pool))

    def spacing(self, pool: str, reserve: Callable[[Quota], float], now: datetime) -> float:
        """Seconds to hold a request back, so that the last calls last until the reset.

        0 while a token has more than its reserve.
        """
        quotas = list(self._pool(pool))
        if any(not quota.tracked or quota.remaining > reserve(quota) for quota in quotas):
            return 0.0
        left = sum(max(quota.remaining, 0) for quota in quotas)
        seconds = (self.quotas[self.tokens[self._active]][pool].reset_at - now).total_seconds()
        return min(seconds / left, LONGEST_SPACING) if left > 0 and seconds > 0 else 0.0

    def learn(self, token: str, pool: str, report: QuotaReport) -> None:
        """Follow what an answer to a request with `token` says."""
        if token in self.quotas:
            self.quotas[token][pool].learn(report)

    def has_other(self, token: str, pool: str) -> bool:
        """Whether `token` is used up and another one is not."""
        others = (self.quotas[other][pool] for other in self.usable if other != token)
        return token in self.quotas and self.quotas[token][pool].used_up and any(one.remaining > 0 for one in others)

    def refuse(self, token: str) -> bool:
        """Set a token aside that the API refused; False when no other is left.

        Then those set aside come back: what every token is refused for may be the request's fault.
        """
        self._refused.add(token)
        if not self.usable:
            self._refused.clear()
            return False
        return True

    def _pool(self, pool: str) -> Iterable[Quota]:
        return (self.quotas[token][pool] for token in self.usable)
