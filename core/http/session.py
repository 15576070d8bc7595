"""The HTTP session of a run: one pooled client, and the loop of attempts around each request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from math import inf
from types import TracebackType
from typing import Self

import httpcore
import httpx

from core.http.bodies import GuardedResponse
from core.http.budget import Budget, Wait
from core.http.connections import Clients, open_clients
from core.http.disguises import LONG_ENOUGH
from core.http.download import Answer, Download
from core.http.exchange import BODY_LIMIT, Exchange, Role
from core.http.kept import KeptAnswers
from core.http.messages import describe_error, describe_outcome, failure, json_body, reason
from core.http.origins import HOW_TO_NAME, MAX_REDIRECTS, follow, same_origin, without_secrets
from core.http.policy import EXPIRED, Action, Decision, Outcome, RedirectRefused, causes, retry_after
from core.http.recording import Allowance, Recording
from core.http.request import RequestDraft, url_of
from core.http.secrets import Secrets, secret_fields
from core.levels import Level

httpcore.AsyncHTTP11Connection.READ_NUM_BYTES = 262_144
"""As much as asyncio takes from a socket in one go; reading in quarters of that costs a tenth of a download's CPU."""

LONGEST_DEFAULT_WAIT = 60.0
LONGEST_ASKED_WAIT = 3600.0
"""Seconds that a server may ask to wait (Retry-After) where the manifest has no strategy of its own."""
SPARE_WAIT = 0.1
"""Seconds until a request that met a rate limit goes on with other credentials."""
JUDGED_BODY = 20_000_000
"""Bytes up to which a streamed body is read ahead when an error handler looks into it."""
SHOWN_BODY = 10_000
"""Bytes up to which the body of a failure is read when it was to be streamed."""

_CLEARING_AWAY = frozenset({Role.ABORT, Role.DELETE})
"""What is asked so that no job is left behind does not wait for the budget; it counts, so that others wait longer."""

Decide = Callable[[Outcome, int], Decision]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One logical request, sent once or more often until its outcome is settled.

    `decide` judges an outcome and the number of its attempt; looking into the body of a streamed response
    raises `httpx.ResponseNotRead`, and it is asked again with the body. `authenticate` adds credentials
    before every attempt, `withdraw` takes them back from a request that is not sent as it is, `refresh` renews
    them after so many refusals (False: there is nothing to renew), `observe` sees every answer that they got
    before it is judged, `has_spare` says whether an attempt after a rate limit goes with other ones. `learn`
    sees a response that was read before it is recorded, so that it can name secrets in it. `renew` gives the
    request once more when its link expires during a download. Timeouts are seconds, None for the session's.
    `held` is told how long the budget holds it back. What is not `budgeted` neither waits for it nor counts.
    """

    role: Role
    draft: RequestDraft
    decide: Decide
    record: Callable[[Exchange], None]
    log: Callable[[Level, str], None]
    authenticate: Callable[[RequestDraft], Awaitable[None]] | None = None
    refresh: Callable[[int], Awaitable[bool]] | None = None
    withdraw: Callable[[], None] | None = None
    observe: Callable[[httpx.Response], None] | None = None
    has_spare: Callable[[], bool] | None = None
    learn: Callable[[httpx.Response], None] | None = None
    renew: Callable[[], Awaitable[RequestDraft]] | None = None
    connect_timeout: float | None = None
    read_timeout: float | None = None
    held: Callable[[Wait], None] | None = None
    budgeted: bool = True


class HttpSession:
    """Sends the requests of a run over one pool of connections; an asynchronous context manager.

    Proxies come from HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, trusted authorities from SSL_CERT_FILE,
    SSL_CERT_DIR, REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE. Redirects are followed; credentials stay on their
    origin. Timeouts are in seconds: `read_timeout` is the longest silence of a server, not the length of a
    download. Exchanges keep `body_limit` bytes of each body, and `spare_bodies` more in all. Each attempt, and
    each redirect, waits for the `budget`. `kept` are the answers that are kept for the run.
    """

    def __init__(
        self,
        secrets: Secrets,
        *,
        budget: Budget | None = None,
        connect_timeout: float = 30.0,
        read_timeout: float = 300.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        body_limit: int = BODY_LIMIT,
        spare_bodies: int = 0,
    ) -> None:
        self.secrets = secrets
        self._budget = budget or Budget()
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._clock = clock
        self._sleep = sleep
        self._allowance = Allowance(body_limit, spare_bodies)
        self._clients: Clients | None = None
        self._away: set[tuple[str, bytes]] = set()
        self.kept = KeptAnswers()

    async def __aenter__(self) -> Self:
        """Open the session. Raises `ReadError` for proxies or certificates that can't be used."""
        self._clients = open_clients(self.secrets)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections, and let go of what was kept."""
        self.kept.close()
        await self._open_clients().aclose()

    async def send(self, call: Call) -> httpx.Response | None:
        """Send a request and read the whole response; None when an error is to be ignored.

        Raises `RequestFailed` when it fails for good.
        """
        call = self._at_home(call)
        with self._open_clients().one() as client:
            download = await self._settle(call, client, streamed=False)
        return None if download is None else download.response

    @asynccontextmanager
    async def open(self, call: Call) -> AsyncIterator[Download | None]:
        """The same for a body that is streamed while the context is open."""
        call = self._at_home(call)
        with self._open_clients().one() as client:
            download = await self._settle(call, client, streamed=True)
            try:
                yield download
            finally:
                if download is not None:
                    await download.aclose()

    def _at_home(self, call: Call) -> Call:
        """The call, without credentials when an answer of the API leads it away from home. Raises `ReadError`."""
        draft = call.draft
        if draft.home is None or same_origin(url_of(draft.home), url := draft.leads_to()):
            return call
        left = without_secrets(draft, self.secrets)
        if (call.authenticate is not None or left != draft) and (draft.home, url.netloc) not in self._away:
            self._away.add((draft.home, url.netloc))
            message = f"The API leads to another site ({url.host}): it gets no credentials. {HOW_TO_NAME}"
            call.log(Level.WARNING, message)
        return replace(call, draft=left, authenticate=None, refresh=None, withdraw=None, observe=None, has_spare=None)

    async def _settle(self, call: Call, client: httpx.AsyncClient, *, streamed: bool) -> Download | None:
        refusals = 1
        for attempt in count(1):
            answer = await self._attempt(call, client, attempt, streamed=streamed)
            download = self._download(call, client, answer, attempt)
            accepted = False
            try:
                decision, outcome = await _judge(call, answer.outcome, download, attempt)
                accepted = _is_accepted(decision, outcome)
            finally:
                if download is not None and not accepted:
                    await download.aclose()
            if accepted:
                return download
            exchange = answer.recording.finish()
            if decision.action is Action.IGNORE:
                call.log(Level.INFO, f"{describe_outcome(outcome, exchange)}; ignored, as the manifest says.")
                return None
            if await _refresh(call, outcome, decision, refusals):
                refusals += 1
                call.log(Level.INFO, f"{describe_outcome(outcome, exchange)}; trying again with another token.")
                continue
            if not decision.action.repeats or attempt >= decision.max_attempts:
                raise failure(outcome, exchange, decision, attempt, self.secrets)
            if decision.action is Action.RATE_LIMITED and call.has_spare is not None and call.has_spare():
                call.log(Level.INFO, f"{describe_outcome(outcome, exchange)}; going on at once with another token.")
                await self._sleep(SPARE_WAIT)
                continue
            await self._wait(call, outcome, exchange, decision, attempt)
        raise AssertionError("unreachable")

    async def _wait(self, call: Call, outcome: Outcome, exchange: Exchange, decision: Decision, attempt: int) -> None:
        if decision.wait == inf:
            raise failure(outcome, exchange, decision, attempt, self.secrets)
        asked = _asked_wait(outcome, self._clock())
        if decision.wait is None and asked > LONGEST_ASKED_WAIT:
            message = f"The API asks to wait {asked:g} s before the next request"
            raise failure(outcome, exchange, replace(decision, message=message), attempt, self.secrets)
        planned = min(2.0 ** (attempt - 1), LONGEST_DEFAULT_WAIT) if decision.wait is None else decision.wait
        wait = max(planned, asked)
        next_one = f"attempt {attempt + 1} of {decision.max_attempts}"
        what = f"{describe_outcome(outcome, exchange)}{reason(outcome, decision)}"
        call.log(Level.WARNING, f"{what}; trying again in {wait:.3g} s ({next_one}).")
        await self._sleep(wait)

    def _download(self, call: Call, client: httpx.AsyncClient, answer: Answer, attempt: int) -> Download | None:
        if not isinstance(answer.outcome, httpx.Response):
            return None
        numbers = count(attempt + 1)

        async def resume(headers: Mapping[str, str]) -> Answer:
            nonlocal call
            answer = await self._attempt(call, client, next(numbers), streamed=True, headers=headers)
            renewed = await _renewed(call, answer.outcome)
            if renewed is None:
                return answer
            call = self._at_home(renewed)
            return await self._attempt(call, client, next(numbers), streamed=True, headers=headers)

        return Download(answer, resume, self._sleep)

    async def _attempt(
        self,
        call: Call,
        client: httpx.AsyncClient,
        number: int,
        *,
        streamed: bool,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Authenticate and send; whoever authenticated sees the answer."""
        draft = call.draft.copy()
        draft.headers.update(headers or {})
        plain = draft.build()
        request = await _authenticated(call, draft)
        if await self._admit(call, request):
            if call.withdraw is not None:
                call.withdraw()
            request = await _authenticated(call, draft)  # what was added before the wait may be too old by now
        answer = await self._followed(call, client, request, plain, number, streamed=streamed)
        if call.observe is not None and isinstance(answer.outcome, httpx.Response):
            call.observe(answer.outcome)
        return answer

    async def _followed(
        self,
        call: Call,
        client: httpx.AsyncClient,
        request: httpx.Request,
        plain: httpx.Request,
        number: int,
        *,
        streamed: bool,
    ) -> Answer:
        """Send a request and follow redirects; each hop is an exchange of its own."""
        for _ in range(MAX_REDIRECTS + 1):
            answer = await self._exchange(call, client, request, number, streamed=streamed)
            following = answer.outcome.next_request if isinstance(answer.outcome, httpx.Response) else None
            if following is None:
                return answer
            try:
                request, plain = follow(request, plain, following, self.secrets)
            except RedirectRefused as refused:
                return replace(answer, outcome=refused)
            await self._admit(call, request)
        return replace(answer, outcome=RedirectRefused(f"more than {MAX_REDIRECTS} redirects, one after the other"))

    async def _admit(self, call: Call, request: httpx.Request) -> bool:
        """Wait for the budget; whether there was a wait."""
        if not call.budgeted:
            return False

        def tell(wait: Wait) -> None:
            if call.held is not None:
                call.held(wait)
            if wait.news:
                call.log(Level.INFO, str(wait))

        return await self._budget.admit(request, tell, at_once=call.role in _CLEARING_AWAY)

    async def _exchange(
        self, call: Call, client: httpx.AsyncClient, request: httpx.Request, number: int, *, streamed: bool
    ) -> Answer:
        """Send one request; a streamed body is left unread, save that of redirects and errors."""
        for name, value in client.headers.items():
            request.headers.setdefault(name, value)
        client.cookies.set_cookie_header(request)
        timeouts = self._timeouts(call)
        request.extensions["timeout"] = timeouts.as_dict()
        recording = Recording(
            request,
            role=call.role,
            attempt=number,
            started=self._clock(),
            secrets=self.secrets,
            record=call.record,
            allowance=self._allowance,
        )
        try:
            response = await _sent(client, request)
            recording.answered(response)
            if call.budgeted:
                self._budget.learn(request, response, self._clock())
            if not streamed or response.status_code >= 300:
                whole = await response.read_whole(call.role)
                recording.received(response.content)
                if call.role is Role.AUTH:
                    self._learn_login(response)
                if call.learn is not None:
                    call.learn(response)
                recording.finish(complete=whole)
        except httpx.HTTPError as error:
            recording.finish(error=describe_error(error, timeouts))
            return Answer(error, recording, timeouts)
        except asyncio.CancelledError:
            recording.finish(error="cancelled")
            raise
        return Answer(response, recording, timeouts)

    def _learn_login(self, response: httpx.Response) -> None:
        """What a login answers opens doors: tokens of all kinds, and the cookies of the session."""
        for secret in secret_fields(json_body(response)):
            self.secrets.add(secret)
        for cookie in response.cookies.jar:
            if len(cookie.value or "") >= LONG_ENOUGH:
                self.secrets.add(cookie.value or "")

    def _timeouts(self, call: Call) -> httpx.Timeout:
        read = call.read_timeout or self._read_timeout
        return httpx.Timeout(connect=call.connect_timeout or self._connect_timeout, read=read, write=read, pool=None)

    def _open_clients(self) -> Clients:
        if self._clients is None:
            raise RuntimeError("the session is not open")
        return self._clients


async def _authenticated(call: Call, draft: RequestDraft) -> httpx.Request:
    """The request with credentials. Raises `ReadError`."""
    if call.authenticate is None:
        return draft.build()
    draft = draft.copy()
    draft.source = "the authenticator"
    await call.authenticate(draft)
    return draft.build()


async def _sent(client: httpx.AsyncClient, request: httpx.Request) -> GuardedResponse:
    """The response, its body unread. Raises `httpx.HTTPError` and nothing else."""
    try:
        return GuardedResponse.of(await client.send(request, stream=True))
    except (ValueError, OverflowError, ExceptionGroup, httpx.InvalidURL) as error:  # a redirect to an odd address
        raise httpx.LocalProtocolError(f"it can't be sent ({[*causes(error)][-1]})", request=request) from error


async def _judge(call: Call, outcome: Outcome, download: Download | None, attempt: int) -> tuple[Decision, Outcome]:
    """The decision, and the outcome with the body that it is about when the body was streamed."""
    try:
        decision = call.decide(outcome, attempt)
    except httpx.ResponseNotRead:
        assert download is not None
        outcome = await download.preview(JUDGED_BODY)
        return call.decide(outcome, attempt), outcome
    if download is not None and not _is_accepted(decision, outcome):
        outcome = await download.preview(SHOWN_BODY)
    return decision, outcome


def _is_accepted(decision: Decision, outcome: Outcome) -> bool:
    """Airbyte: to ignore an answer that is no error is to take it."""
    if decision.action is Action.IGNORE:
        return isinstance(outcome, httpx.Response) and not outcome.is_error
    return decision.action is Action.SUCCESS


async def _renewed(call: Call, outcome: Outcome) -> Call | None:
    """The call with a new token or a new link where the one at hand is refused; None when there is none to be had."""
    status = outcome.status_code if isinstance(outcome, httpx.Response) else None
    if status == httpx.codes.UNAUTHORIZED and call.refresh is not None and await call.refresh(1):
        return call
    if status in EXPIRED and call.renew is not None:
        return replace(call, draft=await call.renew())
    return None


async def _refresh(call: Call, outcome: Outcome, decision: Decision, refusals: int) -> bool:
    wanted = decision.action is Action.REFRESH_TOKEN_THEN_RETRY
    refused = isinstance(outcome, httpx.Response) and outcome.status_code == httpx.codes.UNAUTHORIZED
    if not wanted and not (refused and decision.action is Action.FAIL):
        return False
    if call.refresh is not None and await call.refresh(refusals):
        return True
    if wanted and refusals == 1:
        call.log(Level.WARNING, "The manifest asks for a new token, but the authenticator has none to renew.")
    return False


def _asked_wait(outcome: Outcome, now: datetime) -> float:
    """Seconds that the server asks to wait before the same request is repeated, or 0."""
    if not isinstance(outcome, httpx.Response) or outcome.status_code not in (429, 503):
        return 0.0
    return retry_after(outcome, now) or 0.0
