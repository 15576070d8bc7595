"""One logical request: what is sent, whose credentials it carries, and who decides on its outcomes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import httpx

from core.http.budget import Wait
from core.http.exchange import Exchange, Role
from core.http.policy import Decision, Outcome
from core.http.request import RequestDraft
from core.levels import Level

Decide = Callable[[Outcome, int], Decision]


class Credentials(Protocol):
    """What a call needs of an authenticator, which `core.runtime.roles.Authenticator` describes."""

    async def authenticate(self, draft: RequestDraft) -> None:
        """Add credentials to `draft`; called before every attempt. Raises `ReadError`."""

    async def refresh(self, refusals: int) -> bool:
        """Drop what the server refused, `refusals` times by now; False when there is nothing else to send."""

    def release(self) -> None:
        """Return what was spent on the request that was authenticated last: it is not sent as it is."""

    def observe(self, response: httpx.Response) -> None:
        """See a response to a request that was authenticated, before it is judged."""

    def has_alternative(self) -> bool:
        """Whether an attempt after a rate limit goes out with other credentials."""


class Listener(Protocol):
    """Follows what happens to a call, such as a `core.runtime.context.Context`."""

    def record(self, exchange: Exchange) -> None:
        """An exchange has ended."""

    def log(self, level: Level, message: str) -> None:
        """There is something that people should know."""

    def report_wait(self, wait: Wait) -> None:
        """The API budget holds the request back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One logical request, sent once or more often until its outcome is settled.

    `decide` judges an outcome and the number of its attempt, from 1. Where it looks into the body of a streamed
    response, `httpx.ResponseNotRead` is raised, and it is called again with the body. `learn` sees a response that
    was read before it is recorded, so that it can register secrets in it. `renew` makes the request again when its
    link expires during a download. Timeouts are in seconds, None for the session's. A call that is not `budgeted`
    neither waits for the API budget nor counts. `decides_apart`: `decide` may take time, and is called in a thread.
    """

    role: Role
    draft: RequestDraft
    decide: Decide
    listener: Listener
    credentials: Credentials | None = None
    learn: Callable[[httpx.Response], None] | None = None
    renew: Callable[[], Awaitable[RequestDraft]] | None = None
    connect_timeout: float | None = None
    read_timeout: float | None = None
    budgeted: bool = True
    decides_apart: bool = False
