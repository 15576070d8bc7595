"""A body that is read while it arrives, and that goes on where it broke off when the server can do that."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import httpx

from core.errors import ReadError
from core.http.messages import describe_error, shorten
from core.http.policy import Action, Outcome, default_decision
from core.http.recording import Recording, human_size

CHUNK = 65_536
"""Bytes that are gathered before they are handed on."""
RESUMPTIONS = 5
"""Breaks in a row, with hardly anything received between them, after which a download is given up."""
PROGRESS = 1_000_000
"""Bytes after which a break counts as the first one again."""

_FRAMING = frozenset({"content-encoding", "content-length", "transfer-encoding"})
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one attempt gave: the outcome, its record, and the open download when the body is streamed."""

    outcome: Outcome
    recording: Recording
    timeouts: httpx.Timeout


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

    def __post_init__(self) -> None:
        assert isinstance(self.answer.outcome, httpx.Response)
        self.response = self.answer.outcome
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
        return httpx.Response(self.response.status_code, headers=headers, content=body, request=self.response.request)

    async def aclose(self) -> None:
        """Stop receiving, and put down what was received."""
        await self._parts.aclose()
        assert isinstance(self.answer.outcome, httpx.Response)
        await self.answer.outcome.aclose()
        self.answer.recording.finish(complete=False)

    async def _receive(self) -> AsyncGenerator[bytes, None]:
        breaks = 0
        while True:
            response, recording = self.answer.outcome, self.answer.recording
            assert isinstance(response, httpx.Response)
            start = self.received
            try:
                async for part in response.aiter_bytes():
                    self.received += len(part)
                    recording.received(part)
                    yield part
            except httpx.HTTPError as error:
                reason = describe_error(error, self.answer.timeouts)
            else:
                recording.finish()
                return
            recording.finish(error=f"{reason}, after {human_size(self.received - start)}")
            breaks = 1 if self.received - start >= PROGRESS else breaks + 1
            breaks = await self._continue(reason, breaks)

    async def _continue(self, reason: str, breaks: int) -> int:
        """Ask for the rest until it comes; the breaks in a row so far. Raises `ReadError` when it does not
        come.
        """
        validator = _validator(self.response)
        if validator is None:
            raise self._broken(reason, "The server can't continue a download.")
        while breaks <= RESUMPTIONS:
            await self.sleep(2.0 ** (breaks - 1))
            answer = await self.resume({"Range": f"bytes={self.received}-", "If-Range": validator})
            if self._goes_on(answer.outcome):
                self.answer = answer
                return breaks
            reason = await _refusal(answer)
            if default_decision(answer.outcome).action in (Action.FAIL, Action.SUCCESS):
                raise self._broken(reason, "It could not be continued.")
            breaks += 1
        raise self._broken(reason, f"It could not be continued in {RESUMPTIONS} tries.")

    def _goes_on(self, outcome: Outcome) -> bool:
        if not isinstance(outcome, httpx.Response) or outcome.status_code != httpx.codes.PARTIAL_CONTENT:
            return False
        span = _CONTENT_RANGE.fullmatch(outcome.headers.get("content-range", ""))
        total = self.response.headers.get("content-length")
        return (
            span is not None
            and int(span[1]) == self.received
            and (total is None or span[2] in ("*", total))
            and "content-encoding" not in outcome.headers
        )

    def _broken(self, reason: str, ending: str) -> ReadError:
        url = shorten(self.answer.recording.finish().url)
        announced = self.response.headers.get("content-length", "")
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


async def _refusal(answer: Answer) -> str:
    """Why the rest did not come, as a clause."""
    if not isinstance(answer.outcome, httpx.Response):
        return describe_error(answer.outcome, answer.timeouts)
    await answer.outcome.aclose()
    answer.recording.finish()
    return f"the server answered {answer.outcome.status_code} when it was asked for the rest"
