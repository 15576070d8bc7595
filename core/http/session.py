"""The HTTP session of a run: one pooled client, and the loop of attempts around each request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from math import inf
from types import TracebackType
from typing import Self

import httpcore
import httpx

from core.http.bodies import GuardedResponse
from core.http.budget import Budget, Wait
from core.http.cache import ResponseCache
from core.http.call import Call
from core.http.connections import Clients, open_clients
from core.http.download import Attempt, Download
from core.http.encodings import LONG_ENOUGH
from core.http.exchange import BODY_LIMIT, Allowance, Exchange, Recording, Role
from core.http.messages import describe_error, describe_outcome, failure, json_body, reason
from core.http.origins import HOW_TO_NAME, MAX_REDIRECTS, follow, same_origin, without_secrets
from core.http.pace import Pace
from core.http.policy import EXPIRED, Action, Decision, Outcome, RedirectRefused, accept, causes, retry_after
from core.http.request import RequestDraft, url_of
from core.http.secrets import Secrets, secret_fields
from core.http.tape import Take, Tape
from core.levels import Level
from core.units import duration

httpcore.AsyncHTTP11Connection.READ_NUM_BYTES = 262_144
"""As much as asyncio reads from a socket at once; reading a quarter of it costs a tenth of a download's CPU time."""

LONGEST_DEFAULT_WAIT = 60.0
LONGEST_RETRY_AFTER = 3600.0
"""The longest wait in seconds that a server may ask for (Retry-After) when the manifest has no backoff strategy."""
ALTERNATIVE_WAIT = 0.1
"""Seconds before a rate-limited request is repeated with other credentials."""
JUDGED_BODY = 20_000_000
"""The most bytes of a streamed body that are read ahead for an error handler that looks into it."""
SHOWN_BODY = 10_000
"""The most bytes that are read of the body of a failed request whose body was to be streamed."""

_CLEANUP = frozenset({Role.ABORT, Role.DELETE})
"""Requests that leave no job behind do not wait for the budget; they count, so that others wait longer."""


class HttpSession:
    """Sends the requests of a run over one pool of connections; an asynchronous context manager.

    Proxies come from HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, trusted authorities from SSL_CERT_FILE,
    SSL_CERT_DIR, REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE. Redirects are followed; credentials stay on their
    origin. Timeouts are in seconds: `read_timeout` is the longest silence of a server, not the length of a
    download. Exchanges keep `body_limit` bytes of each body, and `spare_bodies` more in all. Each attempt, and
    each redirect, waits for the `budget`. `cache` holds the responses that are kept for the run. `tape` takes up the
    traffic as it is. `clients` makes the clients. A request that would have to be repeated later than
    `longest_wait` seconds after it was first sent fails at once, and no server may be silent for longer, unless the
    manifest says so. Bodies may not come in more slowly than at the pace `slowest`.
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
        longest_wait: float = inf,
        slowest: Pace | None = None,
        body_limit: int = BODY_LIMIT,
        spare_bodies: int = 0,
        tape: Tape | None = None,
        clients: Callable[[Secrets], Clients] = open_clients,
    ) -> None:
        self.secrets = secrets
        self._budget = budget or Budget()
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._clock = clock
        self._sleep = sleep
        self._longest_wait = longest_wait
        self._slowest = slowest
        self._allowance = Allowance(body_limit, spare_bodies)
        self._tape = tape
        self._make_clients = clients
        self._clients: Clients | None = None
        self._foreign_sites: set[tuple[str, bytes]] = set()
        self.cache = ResponseCache()

    async def __aenter__(self) -> Self:
        """Open the session. Raises `ReadError` for proxies or certificates that can't be used."""
        self._clients = self._make_clients(self.secrets)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cache.close()
        await self._open_clients().aclose()

    async def send(self, call: Call) -> httpx.Response | None:
        """Send a request and read the whole response; None when an error is to be ignored. Raises `RequestFailed`."""
        call = self._restricted(call)
        with self._open_clients().one() as client:
            download = await self._settle(call, client, streamed=False)
        return None if download is None else download.response

    @asynccontextmanager
    async def open(self, call: Call) -> AsyncIterator[Download | None]:
        """The same for a body that is streamed while the context is open."""
        call = self._restricted(call)
        with self._open_clients().one() as client:
            download = await self._settle(call, client, streamed=True)
            try:
                yield download
            finally:
                if download is not None:
                    await download.aclose()

    def _restricted(self, call: Call) -> Call:
        """The call, without credentials and secrets if a response of the API leads it to another site.

        Raises `ReadError`.
        """
        draft = call.draft
        if draft.home is None or same_origin(url_of(draft.home), url := draft.leads_to()):
            return call
        left = without_secrets(draft, self.secrets)
        if (draft.home, url.netloc) not in self._foreign_sites:
            self._foreign_sites.add((draft.home, url.netloc))
            message = f"The API leads to another site ({url.host}): it gets no credentials. {HOW_TO_NAME}"
            call.listener.log(Level.WARNING, message)
        return replace(call, draft=left, credentials=None)

    async def _settle(self, call: Call, client: httpx.AsyncClient, *, streamed: bool) -> Download | None:
        refusals, time = 1, asyncio.get_running_loop().time
        begun = time()
        for attempt in count(1):
            result = await self._attempt(call, client, attempt, streamed=streamed)
            download = self._download(call, client, result, attempt)
            accepted = False
            try:
                decision, outcome = await _judge(call, result.outcome, download, attempt)
                accepted = _is_accepted(decision, outcome)
            finally:
                if download is not None and not accepted:
                    await download.aclose()
            if accepted:
                if download is not None:
                    accept(download.response, decision)
                return download
            exchange = result.recording.finish()
            if decision.action is Action.IGNORE:
                call.listener.log(Level.INFO, f"{describe_outcome(outcome, exchange)}; ignored, as the manifest says.")
                return None
            if await _refresh(call, outcome, decision, refusals):
                refusals += 1
                what = describe_outcome(outcome, exchange)
                call.listener.log(Level.INFO, f"{what}; trying again with another token.")
                continue
            if not decision.action.repeats or attempt >= decision.max_attempts:
                raise failure(outcome, exchange, decision, attempt, self.secrets)
            if decision.action is Action.RATE_LIMITED and call.credentials and call.credentials.has_alternative():
                what = describe_outcome(outcome, exchange)
                call.listener.log(Level.INFO, f"{what}; going on at once with another token.")
                await self._sleep(ALTERNATIVE_WAIT)
                continue
            await self._wait(call, outcome, exchange, decision, attempt, spent=time() - begun)
        raise AssertionError("unreachable")

    async def _wait(
        self, call: Call, outcome: Outcome, exchange: Exchange, decision: Decision, attempt: int, *, spent: float
    ) -> None:
        if decision.wait == inf:
            raise failure(outcome, exchange, decision, attempt, self.secrets)
        requested = _requested_wait(outcome, self._clock())
        if decision.wait is None and requested > LONGEST_RETRY_AFTER:
            message = f"The API asks to wait {_readable(requested)} before the next request"
            raise failure(outcome, exchange, replace(decision, message=message), attempt, self.secrets)
        planned = min(2.0 ** (attempt - 1), LONGEST_DEFAULT_WAIT) if decision.wait is None else decision.wait
        wait = max(planned, requested)
        if wait > self._longest_wait:
            message = f"The next attempt could be made in {_readable(wait)}, which is not waited for here"
            raise failure(outcome, exchange, replace(decision, message=message), attempt, self.secrets)
        if spent + wait > self._longest_wait:
            raise failure(outcome, exchange, decision, attempt, self.secrets)
        next_one = f"attempt {attempt + 1} of {decision.max_attempts}"
        what = f"{describe_outcome(outcome, exchange)}{reason(outcome, decision)}"
        call.listener.log(Level.WARNING, f"{what}; trying again in {_readable(wait)} ({next_one}).")
        await self._sleep(wait)

    def _download(self, call: Call, client: httpx.AsyncClient, result: Attempt, number: int) -> Download | None:
        if not isinstance(result.outcome, httpx.Response):
            return None
        numbers = count(number + 1)

        async def resume(headers: Mapping[str, str]) -> Attempt:
            nonlocal call
            result = await self._attempt(call, client, next(numbers), streamed=True, headers=headers)
            renewed = await _renewed(call, result.outcome)
            if renewed is None:
                return result
            call = self._restricted(renewed)
            return await self._attempt(call, client, next(numbers), streamed=True, headers=headers)

        return Download(result, resume, self._sleep)

    async def _attempt(
        self,
        call: Call,
        client: httpx.AsyncClient,
        number: int,
        *,
        streamed: bool,
        headers: Mapping[str, str] | None = None,
    ) -> Attempt:
        """Authenticate and send; the credentials see the response."""
        draft = call.draft.copy()
        draft.headers.update(headers or {})
        plain = draft.build()
        request = await _authenticated(call, draft)
        if await self._admit(call, request) and call.credentials is not None:
            call.credentials.release()  # what was added before the wait may have expired
            request = await _authenticated(call, draft)
        result = await self._followed(call, client, request, plain, number, streamed=streamed)
        if call.credentials is not None and isinstance(result.outcome, httpx.Response):
            call.credentials.observe(result.outcome)
        return result

    async def _followed(
        self,
        call: Call,
        client: httpx.AsyncClient,
        request: httpx.Request,
        plain: httpx.Request,
        number: int,
        *,
        streamed: bool,
    ) -> Attempt:
        """Send a request and follow redirects; each hop is an exchange of its own."""
        for _ in range(MAX_REDIRECTS + 1):
            result = await self._exchange(call, client, request, number, streamed=streamed)
            following = result.outcome.next_request if isinstance(result.outcome, httpx.Response) else None
            if following is None:
                return result
            try:
                request, plain = follow(request, plain, following, self.secrets)
            except RedirectRefused as refused:
                return replace(result, outcome=refused)
            await self._admit(call, request)
        return replace(result, outcome=RedirectRefused(f"more than {MAX_REDIRECTS} redirects in a row"))

    async def _admit(self, call: Call, request: httpx.Request) -> bool:
        """Wait for the budget; whether there was a wait."""
        if not call.budgeted:
            return False

        def report(wait: Wait) -> None:
            call.listener.report_wait(wait)
            if wait.logged:
                call.listener.log(Level.INFO, str(wait))

        return await self._budget.admit(request, report, at_once=call.role in _CLEANUP)

    async def _exchange(
        self, call: Call, client: httpx.AsyncClient, request: httpx.Request, number: int, *, streamed: bool
    ) -> Attempt:
        """Send one request. A streamed body is left unread, unless it is that of a redirect or an error."""
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
            record=call.listener.record,
            allowance=self._allowance,
        )
        take = None if self._tape is None else self._tape.begin(request, call.role, recording.started, self.secrets)
        try:
            response = await self._sent(client, request, take)
            if self._slowest is not None:
                assert isinstance(response.stream, httpx.AsyncByteStream)
                response.stream = self._slowest.follow(response.stream, call.read_timeout)
            recording.responded(response)
            if call.budgeted:
                self._budget.learn(request, response, self._clock())
            if not streamed or response.status_code >= 300:
                whole = await response.read_whole(call.role)
                recording.received(response.content)
                if call.role is Role.AUTH:
                    self._learn_login(response)
                if call.learn is not None:
                    call.learn(response)
                await recording.finish_aside(complete=whole)
        except httpx.HTTPError as error:
            recording.finish(error=describe_error(error, timeouts))
            return Attempt(error, recording, timeouts)
        except asyncio.CancelledError:
            recording.finish(error="cancelled")
            raise
        return Attempt(response, recording, timeouts)

    async def _sent(self, client: httpx.AsyncClient, request: httpx.Request, take: Take | None) -> GuardedResponse:
        """The response, its body unread. Raises only `httpx.HTTPError`."""
        if self._tape is None or take is None:
            return await _sent(client, request)
        try:
            response = await _sent(client, request)
        except httpx.HTTPError as error:
            take.failed(error)
            raise
        response.stream = self._tape.follow(take, response)
        return response

    def _learn_login(self, response: httpx.Response) -> None:
        """Register the secrets in the response to a login: tokens of all kinds, and the cookies of the session."""
        for secret in secret_fields(json_body(response)):
            self.secrets.add(secret)
        for cookie in response.cookies.jar:
            if len(cookie.value or "") >= LONG_ENOUGH:
                self.secrets.add(cookie.value or "")

    def _timeouts(self, call: Call) -> httpx.Timeout:
        read = call.read_timeout or min(self._read_timeout, self._longest_wait)
        return httpx.Timeout(connect=call.connect_timeout or self._connect_timeout, read=read, write=read, pool=None)

    def _open_clients(self) -> Clients:
        if self._clients is None:
            raise RuntimeError("the session is not open")
        return self._clients


async def _authenticated(call: Call, draft: RequestDraft) -> httpx.Request:
    """The request with credentials. Raises `ReadError`."""
    if call.credentials is None:
        return draft.build()
    draft = draft.copy()
    draft.source = "the authenticator"
    await call.credentials.authenticate(draft)
    return draft.build()


async def _sent(client: httpx.AsyncClient, request: httpx.Request) -> GuardedResponse:
    """The response, its body unread. Raises only `httpx.HTTPError`."""
    try:
        return GuardedResponse.of(await client.send(request, stream=True))
    except (ValueError, OverflowError, ExceptionGroup, httpx.InvalidURL) as error:  # a redirect to an odd address
        raise httpx.LocalProtocolError(f"it can't be sent ({[*causes(error)][-1]})", request=request) from error


async def _judge(call: Call, outcome: Outcome, download: Download | None, attempt: int) -> tuple[Decision, Outcome]:
    """The decision, and the outcome with the body that it is about when the body was streamed."""
    try:
        decision = await _decided(call, outcome, attempt)
    except httpx.ResponseNotRead:
        assert download is not None
        outcome = await download.preview(JUDGED_BODY)
        return await _decided(call, outcome, attempt), outcome
    if download is not None and not _is_accepted(decision, outcome):
        outcome = await download.preview(SHOWN_BODY)
    return decision, outcome


async def _decided(call: Call, outcome: Outcome, attempt: int) -> Decision:
    if call.decides_apart:
        return await asyncio.to_thread(call.decide, outcome, attempt)
    return call.decide(outcome, attempt)


def _is_accepted(decision: Decision, outcome: Outcome) -> bool:
    """Airbyte: ignoring a response that is no error means accepting it."""
    if decision.action is Action.IGNORE:
        return isinstance(outcome, httpx.Response) and not outcome.is_error
    return decision.action is Action.SUCCESS


async def _renewed(call: Call, outcome: Outcome) -> Call | None:
    """The call with a new token or link if the current one was refused; None if there is no new one."""
    status = outcome.status_code if isinstance(outcome, httpx.Response) else None
    if status == httpx.codes.UNAUTHORIZED and call.credentials is not None and await call.credentials.refresh(1):
        return call
    if status in EXPIRED and call.renew is not None:
        return replace(call, draft=await call.renew())
    return None


async def _refresh(call: Call, outcome: Outcome, decision: Decision, refusals: int) -> bool:
    wanted = decision.action is Action.REFRESH_TOKEN_THEN_RETRY
    refused = isinstance(outcome, httpx.Response) and outcome.status_code == httpx.codes.UNAUTHORIZED
    if not wanted and not (refused and decision.action is Action.FAIL):
        return False
    if call.credentials is not None and await call.credentials.refresh(refusals):
        return True
    if wanted and refusals == 1:
        message = "The manifest asks for a new token, but the authenticator has none to renew."
        call.listener.log(Level.WARNING, message)
    return False


def _readable(seconds: float) -> str:
    return f"{seconds:.3g} s" if seconds < 10 else duration(seconds)


def _requested_wait(outcome: Outcome, now: datetime) -> float:
    """Seconds that the server asks to wait before the request is repeated, or 0."""
    if not isinstance(outcome, httpx.Response) or outcome.status_code not in (429, 503):
        return 0.0
    return retry_after(outcome, now) or 0.0
