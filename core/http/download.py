"""A body that is read while it arrives, and that goes on where it broke off.

A server that knows ranges is asked for the rest. Any other is asked for all of it again: what was received before must
come once more, byte for byte, and is skipped.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import httpx

from core.errors import ReadError
from core.http.bodies import GuardedResponse
from core.http.messages import describe_error, shorten
from core.http.policy import Action, BodyRefused, Outcome, default_decision
from core.http.recording import Recording, human_size

CHUNK = 65_536
"""Bytes that are gathered before they are handed on."""
RESUMPTIONS = 5
"""Breaks in a row, with hardly anything received between them, after which a download is given up."""
PROGRESS = 1_000_000
"""Bytes after which a break counts as the first one again."""

_CHANGED = "the file on the server has changed meanwhile"
_FRAMING = frozenset({"content-encoding", "content-length", "transfer-encoding"})
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one attempt gave: the outcome, its record, and the open download when the body is streamed."""

    outcome: Outcome
    recording: Recording
    timeouts: httpx.Timeout


class _Changed(Exception):
    """A body that was asked for again is another one."""


@dataclass(slots=True)
class Download:
    """A response whose body has not been read.

    `response` has the status and headers, `received` counts the bytes of the body so far, free of transfer
    and content encodings. `resume` sends the request again with the given headers; `sleep` waits for seconds.
    """

    answer: Answer
    resume: Callable[[Mapping[str, str]], Awaitable[Answer]]
    sleep: Callable[[float], Awaitable[None]]
    response: httpx.Response = field(init=False)
    received: int = 0
    _ahead: list[bytes] = field(default_factory=list)
    _parts: AsyncGenerator[bytes, None] = field(init=False)
    _validator: str | None = field(init=False)
    _digest: hashlib._Hash = field(default_factory=hashlib.sha256)

    def __post_init__(self) -> None:
        assert isinstance(self.answer.outcome, httpx.Response)
        self.response = self.answer.outcome
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
        """The response with its whole body, or with none when that is longer than `limit` bytes.

        `chunks` gives the whole body all the same. Raises `ReadError` when it ends too early.
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
        headers = [item for item in self.response.headers.multi_items() if item[0] not in _FRAMING]
        status, request = self.response.status_code, self.response.request
        return GuardedResponse(status, headers=headers, content=body, request=request)

    async def aclose(self) -> None:
        """Stop receiving, and put down what was received."""
        await self._parts.aclose()
        assert isinstance(self.answer.outcome, httpx.Response)
        await self.answer.outcome.aclose()
        self.answer.recording.finish(complete=False)

    async def _receive(self) -> AsyncGenerator[bytes, None]:
        breaks = repeated = 0
        while True:
            start = self.received
            try:
                async for part in self._news(repeated):
                    self.received += len(part)
                    yield part
            except BodyRefused as error:
                raise self._refused(error) from None
            except httpx.HTTPError as error:
                reason = describe_error(error, self.answer.timeouts)
            except _Changed:
                raise self._broken(_CHANGED, "It could not be continued.") from None
            else:
                self.answer.recording.finish()
                return
            self.answer.recording.finish(error=f"{reason}, after {human_size(self.received - start + repeated)}")
            breaks = 1 if self.received - start >= PROGRESS else breaks + 1
            breaks, repeated = await self._continue(reason, breaks)

    async def _news(self, repeated: int) -> AsyncIterator[bytes]:
        """What the response at hand brings after the first `repeated` bytes, which were received before.

        Raises `_Changed` when these are others, or fewer.
        """
        response, again = self.answer.outcome, hashlib.sha256()
        assert isinstance(response, httpx.Response)
        async for part in response.aiter_bytes():
            self.answer.recording.received(part)
            known, new = part[:repeated], part[repeated:]
            if known and self._validator is None:
                again.update(known)
                if len(known) == repeated and again.digest() != self._digest.digest():
                    raise _Changed
            repeated -= len(known)
            if new:
                if self._validator is None:
                    self._digest.update(new)
                yield new
        if repeated:
            raise _Changed

    async def _continue(self, reason: str, breaks: int) -> tuple[int, int]:
        """Ask for the rest until it comes: the breaks in a row so far, and how much of it was received before.

        Raises `ReadError` when it does not come.
        """
        rest = {"Range": f"bytes={self.received}-", "If-Range": self._validator} if self._validator else {}
        while breaks <= RESUMPTIONS:
            await self.sleep(2.0 ** (breaks - 1))
            answer = await self.resume(rest)
            repeated = self._repeated(answer.outcome)
            if repeated is not None:
                self.answer = answer
                return breaks, repeated
            reason = await _refusal(answer)
            if default_decision(answer.outcome).action in (Action.FAIL, Action.SUCCESS):
                raise self._broken(reason, "It could not be continued.")
            breaks += 1
        raise self._broken(reason, f"It could not be continued in {RESUMPTIONS} tries.")

    def _repeated(self, outcome: Outcome) -> int | None:
        """How many bytes of an answer were received before; None when it doesn't bring the rest."""
        if self._goes_on(outcome):
            return 0
        if not isinstance(outcome, httpx.Response) or outcome.status_code != self.response.status_code:
            return None
        unchanged = _validator(outcome) == self._validator and _length(outcome) == _length(self.response)
        return self.received if self._validator is None or unchanged else None

    def _goes_on(self, outcome: Outcome) -> bool:
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
        exchange = self.answer.recording.finish(error=str(error))
        url = shorten(exchange.url)
        return ReadError(f"The download from {url} is not read: {error}.", status=self.response.status_code)

    def _broken(self, reason: str, ending: str) -> ReadError:
        url = shorten(self.answer.recording.finish().url)
        announced = _length(self.response) or ""
        whole = f" of {human_size(int(announced))}" if announced.isdigit() else ""
        return ReadError(
            f"The download from {url} broke off after {human_size(self.received)}{whole}: {reason}. "
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


async def _refusal(answer: Answer) -> str:
    """Why the rest did not come, as a clause."""
    if not isinstance(answer.outcome, httpx.Response):
        return describe_error(answer.outcome, answer.timeouts)
    await answer.outcome.aclose()
    answer.recording.finish()
    if answer.outcome.is_success:
        return _CHANGED
    return f"the server answered {answer.outcome.status_code} when it was asked for the rest"
