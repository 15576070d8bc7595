"""Answers the requests of a run from a recording: no connection is opened, and what was not recorded fails."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.cookiejar import CookieJar
from typing import Any
from uuid import uuid4

import httpx

from core.cases.alike import Comparison
from core.cases.case import Case, RecordedExchange
from core.cases.clock import SkippingClock
from core.cases.masking import mask_value
from core.cases.recorded import Recorded, RecordedRequests
from core.cases.requests import describe, header_mismatches, request_value
from core.http.connections import Clients, client_headers
from core.http.exchange import Role
from core.http.messages import shorten
from core.http.secrets import Secrets
from core.reading.surroundings import Surroundings

MOST_REPEATS = 25
"""How often the last answer is given again to those who go on asking, before that counts as a difference."""
_EXPLAINED = 20
"""Requests that were not recorded for which the nearest one is looked for."""
_WHY_ON = {
    True: "and the status in its last recorded answer never ends the job",
    False: "and its last recorded answer was repeated",
}
"""What is said about a request that is repeated on and on: a poll, or another one."""
_PART = 65_536


class NotRecorded(httpx.LocalProtocolError):
    """A request that is not in the recording; the text is a clause that says what is."""


@dataclass
class Replay:
    """One run over a case: its surroundings, and what differs from the recording.

    Make a new one for each run. `differences` are sentences about requests.
    """

    case: Case
    differences: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        case = self.case
        self.clock = SkippingClock(case.began or datetime.now(UTC))
        self._comparison = Comparison(case.began, case.seconds)
        self._recorded = RecordedRequests(case.exchanges)
        self._secrets = Secrets()

    @property
    def surroundings(self) -> Surroundings:
        """What a run has around it that goes by this recording."""
        return Surroundings(
            clients=self._clients,
            sleep=self.clock.sleep,
            now=self.clock.now,
            monotonic=self.clock.monotonic,
            uuids=self._new_uuid,
            budgeted=False,
        )

    @property
    def comparison(self) -> Comparison:
        """Compares with the recording, as far as this run has come."""
        self._comparison.seconds = self.case.seconds + self.clock.passed
        return self._comparison

    def unused(self, roles: frozenset[str]) -> list[RecordedExchange]:
        """The recorded requests with these roles that were not sent."""
        return [one.exchange for one in self._recorded.all if not one.used and one.exchange.role in roles]

    def masked(self, value: Any) -> Any:
        """A value of JSON with what stands in for secrets masked, as secrets are in the recording."""
        return mask_value(value, self._secrets)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """The answer to a request. Raises `NotRecorded`, and what broke off the exchange when it was recorded."""
        sent = self._sent(request)
        headers = self._secrets.mask_headers(request.headers.multi_items())
        found = self._recorded.find(sent, headers, self.comparison)
        if found is None:
            raise self._not_recorded(request, sent)
        found.used += 1
        if found.used > 1 + MOST_REPEATS:
            raise self._differs(request, f"it was sent {found.used} times, {_WHY_ON[found.exchange.role == Role.POLL]}")
        self._compare_headers(found, request, headers)
        return self._response(found.exchange, request)

    def _clients(self, secrets: Secrets) -> Clients:
        self._secrets = secrets
        transport = _ReplayTransport(self.answer)

        def make(_limits: httpx.Limits, cookies: CookieJar) -> httpx.AsyncClient:
            return httpx.AsyncClient(headers=client_headers(), transport=transport, cookies=cookies, trust_env=False)

        return Clients(make)

    def _new_uuid(self) -> str:
        made = str(uuid4())
        self._comparison.uuids.add(made)
        return made

    def _sent(self, request: httpx.Request) -> Mapping[str, Any]:
        mask, body = self._secrets.mask, request.content
        text: str | bytes = body
        with suppress(UnicodeDecodeError):
            text = mask(body.decode())
        return request_value(request.method, mask(str(request.url)), request.headers.get("content-type", ""), text)

    def _not_recorded(self, request: httpx.Request, sent: Mapping[str, Any]) -> NotRecorded:
        if len(self.differences) >= _EXPLAINED:
            return self._differs(request, "it is not in the recording")
        near = self._recorded.nearest(sent, self.comparison)
        if not near:
            return self._differs(request, "the recording is empty")
        nearest, mismatches = near[0]
        if not mismatches:
            times = sum(not differing for _, differing in near)
            how_often = "once" if times == 1 else f"{times} times"
            return self._differs(request, f"it was sent more often than when it was recorded ({how_often})")
        line = f"{nearest.exchange.method} {shorten(nearest.exchange.url)}"
        further = [one for one in mismatches if one.place[0] not in ("method", "address")]  # those are in the line
        what = f"{line}: {describe(further)}" if further else line
        return self._differs(request, f"it is not in the recording. The nearest there is {what}")

    def _differs(self, request: httpx.Request, why: str) -> NotRecorded:
        line = f"{request.method} {shorten(self._secrets.mask(str(request.url)))}"
        self._note(f"{line}: {why}.")
        return NotRecorded(f"{why} ({self.case.path.name})", request=request)

    def _compare_headers(self, found: Recorded, request: httpx.Request, headers: Iterable[tuple[str, str]]) -> None:
        if not self.case.is_ours:
            return
        mismatches = list(header_mismatches(found.exchange.request_headers, headers, self.comparison))
        if mismatches:
            line = f"{request.method} {shorten(self._secrets.mask(str(request.url)))}"
            self._note(f"{line}: {describe(mismatches)}.")

    def _note(self, difference: str) -> None:
        if difference not in self.differences:
            self.differences.append(difference)

    def _response(self, recorded: RecordedExchange, request: httpx.Request) -> httpx.Response:
        if not recorded.status:
            raise _error(recorded, request)
        if recorded.body is None:
            raise self._differs(request, f"the recording holds only its status ({recorded.status}), not its body")
        headers = [*recorded.response_headers]
        if not recorded.error:
            headers.append(("content-length", str(len(recorded.body))))
        return httpx.Response(
            recorded.status,
            headers=[(name.encode("latin-1", "replace"), value.encode(errors="replace")) for name, value in headers],
            stream=_Body(recorded, request),
            request=request,
            extensions={"reason_phrase": recorded.reason.encode("ascii", "replace")},
        )


class _ReplayTransport(httpx.AsyncBaseTransport):
    def __init__(self, answer: Callable[[httpx.Request], httpx.Response]) -> None:
        self._answer = answer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        return self._answer(request)


class _Body(httpx.AsyncByteStream):
    """A recorded body; one that broke off breaks off again."""

    def __init__(self, recorded: RecordedExchange, request: httpx.Request) -> None:
        self._recorded = recorded
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        body = self._recorded.body or b""
        for start in range(0, len(body), _PART):
            yield body[start : start + _PART]
        if self._recorded.error:
            raise _error(self._recorded, self._request)


def _error(recorded: RecordedExchange, request: httpx.Request) -> httpx.HTTPError:
    """What broke off the exchange."""
    kind = (
        getattr(httpx, recorded.error_kind, httpx.ReadError) if recorded.error_kind.isidentifier() else httpx.ReadError
    )
    if not (isinstance(kind, type) and issubclass(kind, httpx.RequestError)):
        kind = httpx.ReadError
    return kind(recorded.error, request=request)
