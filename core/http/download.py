"""A body that is read while it arrives, and resumed when the connection breaks.

A server that supports ranges is asked for the rest. Any other is asked for everything again: what was received before
must come again, byte for byte, and is skipped.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import httpx

from core import units
from core.errors import ReadError
from core.http.bodies import GuardedResponse
from core.http.exchange import Recording
from core.http.fingerprint import Fingerprint
from core.http.messages import describe_error, shorten
from core.http.policy import Action, BodyRefused, Outcome, default_decision

CHUNK = 65_536
"""Bytes that are gathered before they are passed on."""
RESUMPTIONS = 5
"""How many breaks in a row, with hardly any progress between them, a download survives."""
PROGRESS = 1_000_000
"""After this many bytes a break counts as the first one again."""

_LONGEST_NUMBER = 18
_CHANGED = "the file on the server has changed meanwhile"
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


@dataclass(frozen=True, slots=True)
class Attempt:
    """The outcome of one attempt to send a request, with its recording and the timeouts that it had."""

    outcome: Outcome
    recording: Recording
    timeouts: httpx.Timeout


class _BodyChanged(Exception):
    """A body that was requested again is a different one."""


@dataclass(slots=True)
class Download:
    """A response whose body has not been read.

    `response` has the status and headers, `received` counts the bytes of the body so far, free of transfer
    and content encodings. `resume` sends the request again with the given headers; `sleep` waits for seconds.
    """

    attempt: Attempt
    resume: Callable[[Mapping[str, str]], Awaitable[Attempt]]
    sleep: Callable[[float], Awaitable[None]]
    response: httpx.Response = field(init=False)
    received: int = 0
    _ahead: list[bytes] = field(default_factory=list)
    _parts: AsyncGenerator[bytes, None] = field(init=False)
    _validator: str | None = field(init=False)
    _fingerprint: Fingerprint = field(default_factory=Fingerprint)

    def __post_init__(self) -> None:
        assert isinstance(self.attempt.outcome, httpx.Response)
        self.response = self.attempt.outcome
        self._validator = _validator(self.response)
        self._parts = self._receive()

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body, in chunks of 64 kB or so.

        Raises `ReadError` when it ends too early and can't be continued.
        """
        gathered = bytearray()
        for part in self._ahead:
            yield part
        async for part in self._parts:
            if not gathered and len(part) >= CHUNK:
                yield part
                continue
            gathered += part
            if len(gathered) >= CHUNK:
                yield bytes(gathered)
                gathered.clear()
        if gathered:
            yield bytes(gathered)

    async def preview(self, limit: int) -> httpx.Response:
        """The response with its whole body, or with none when the body is longer than `limit` bytes.

        `chunks` still gives the whole body. Raises `ReadError` when it ends too early.
        """
        if self.response.is_closed:
            return self.response
        size = 0
        async for part in self._parts:
            self._ahead.append(part)
            size += len(part)
            if size > limit:
                break
        body = b"".join(self._ahead) if size <= limit else b""
        return GuardedResponse.with_body(self.response, body)

    async def aclose(self) -> None:
        """Stop receiving, and record what was received."""
        await self._parts.aclose()
        assert isinstance(self.attempt.outcome, httpx.Response)
        await self.attempt.outcome.aclose()
        self.attempt.recording.finish(complete=False)

    async def _receive(self) -> AsyncGenerator[bytes, None]:
        breaks = repeated = 0
        while True:
            start = self.received
            try:
                async for part in self._new_parts(repeated):
                    self.received += len(part)
                    yield part
            except BodyRefused as error:
                raise self._refused(error) from None
            except httpx.HTTPError as error:
                reason = describe_error(error, self.attempt.timeouts)
            except _BodyChanged:
                raise self._broken(_CHANGED, "It could not be continued.") from None
            else:
                await self.attempt.recording.finish_aside()
                return
            amount = units.size(self.received - start + repeated, byte="bytes")
            self.attempt.recording.finish(error=f"{reason}, after {amount}")
            breaks = 1 if self.received - start >= PROGRESS else breaks + 1
            breaks, repeated = await self._continue(reason, breaks)

    async def _new_parts(self, repeated: int) -> AsyncIterator[bytes]:
        """What the current response brings after the first `repeated` bytes, which were received before.

        Raises `_BodyChanged` when those are different, or fewer.
        """
        response, again = self.attempt.outcome, Fingerprint()
        assert isinstance(response, httpx.Response)
        async for part in response.aiter_bytes():
            self.attempt.recording.received(part)
            known, new = part[:repeated], part[repeated:]
            if known and self._validator is None:
                again.update(known)
                if len(known) == repeated and again.digest() != self._fingerprint.digest():
                    raise _BodyChanged
            repeated -= len(known)
            if new:
                if self._validator is None:
                    self._fingerprint.update(new)
                yield new
        if repeated:
            raise _BodyChanged

    async def _continue(self, reason: str, breaks: int) -> tuple[int, int]:
        """Ask for the rest until it comes: the breaks in a row so far, and how much of it was received before.

        Raises `ReadError` when it does not come.
        """
        rest = {"Range": f"bytes={self.received}-", "If-Range": self._validator} if self._validator else {}
        while breaks <= RESUMPTIONS:
            await self.sleep(2.0 ** (breaks - 1))
            attempt = await self.resume(rest)
            repeated = self._repeated(attempt.outcome)
            if repeated is not None:
                self.attempt = attempt
                return breaks, repeated
            reason = await _refusal(attempt)
            if default_decision(attempt.outcome).action in (Action.FAIL, Action.SUCCESS):
                raise self._broken(reason, "It could not be continued.")
            breaks += 1
        raise self._broken(reason, f"It could not be continued in {RESUMPTIONS} tries.")

    def _repeated(self, outcome: Outcome) -> int | None:
        """How many bytes of a response were received before; None when it doesn't bring the rest."""
        if self._is_rest(outcome):
            return 0
        if not isinstance(outcome, httpx.Response) or outcome.status_code != self.response.status_code:
            return None
        unchanged = _validator(outcome) == self._validator and _length(outcome) == _length(self.response)
        return self.received if self._validator is None or unchanged else None

    def _is_rest(self, outcome: Outcome) -> bool:
        if not isinstance(outcome, httpx.Response) or outcome.status_code != httpx.codes.PARTIAL_CONTENT:
            return False
        span = _CONTENT_RANGE.fullmatch(outcome.headers.get("content-range", ""))
        total = _length(self.response)
        return (
            span is not None
            and int(span[1]) == self.received
            and (total is None or span[2] in ("*", total))
            and "content-encoding" not in outcome.headers
        )

    def _refused(self, error: BodyRefused) -> ReadError:
        exchange = self.attempt.recording.finish(error=str(error))
        url = shorten(exchange.url)
        return ReadError(f"The download from {url} is not read: {error}.", status=self.response.status_code)

    def _broken(self, reason: str, ending: str) -> ReadError:
        url = shorten(self.attempt.recording.finish().url)
        announced = _length(self.response) or ""
        whole = f" of {units.size(int(announced), byte='bytes')}" if announced.isdigit() else ""
        return ReadError(
            f"The download from {url} broke off after {units.size(self.received, byte='bytes')}{whole}: {reason}. "
            f"{ending} Run it again.",
            retryable=True,
            status=self.response.status_code,
        )


def _validator(response: httpx.Response) -> str | None:
    """What makes sure that the rest belongs to the same body; None when the server can't send a rest."""
    headers = response.headers
    if headers.get("accept-ranges", "").lower() != "bytes" or "content-encoding" in headers:
        return None
    if response.status_code != httpx.codes.OK or response.request.method != "GET":
        return None
    tag = headers.get("etag", "")
    modified: str | None = headers.get("last-modified")
    return tag if tag.startswith('"') else modified


def _length(response: httpx.Response) -> str | None:
    length: str | None = response.headers.get("content-length")
    return length


def announced_length(response: httpx.Response) -> int | None:
    """How many bytes a body is going to have; None where that is not known, or the transfer is compressed."""
    announced = _length(response) or ""
    if not announced.isdecimal() or len(announced) > _LONGEST_NUMBER or "content-encoding" in response.headers:
        return None
    return int(announced)


async def _refusal(attempt: Attempt) -> str:
    """Why the rest did not come, as a clause."""
    if not isinstance(attempt.outcome, httpx.Response):
        return describe_error(attempt.outcome, attempt.timeouts)
    await attempt.outcome.aclose()
    attempt.recording.finish()
    if attempt.outcome.is_success:
        return _CHANGED
    return f"the server answered {attempt.outcome.status_code} when it was asked for the rest"
