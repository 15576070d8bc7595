"""The traffic of a run byte by byte, for a recording that can be replayed. Exchanges hold what people look at; here
nothing is cut, and the bodies of answers are not masked.
"""

from __future__ import annotations

import tempfile
import time
import weakref
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime

import httpx

from core.http.exchange import Role
from core.http.secrets import Secrets

LARGEST_TAPE = 20_000_000
"""Bytes of bodies that a tape takes in all, as they are transferred."""
_IN_MEMORY = 1_000_000

Headers = list[tuple[str, str]]


@dataclass(slots=True)
class Take:
    """One request, without the secrets that were known when it was sent, and what came back: `parts` of the tape
    (offset, length) are the body of the answer as it was transferred.

    `whole` says whether the body came to its end. `error` is what broke the exchange off, `error_kind` the name of the
    exception in httpx.
    """

    role: Role
    started: datetime
    method: str
    url: str
    headers: Headers
    body: bytes = b""
    seconds: float = 0.0
    status: int | None = None
    reason: str = ""
    http_version: str = "HTTP/1.1"
    response_headers: Headers = field(default_factory=list)
    parts: list[tuple[int, int]] = field(default_factory=list)
    whole: bool = False
    error: str | None = None
    error_kind: str = ""
    _clock: float = field(default_factory=time.perf_counter)

    def failed(self, error: httpx.HTTPError) -> None:
        """Note what broke the exchange off."""
        self.error = self.error or str(error) or type(error).__name__
        self.error_kind = self.error_kind or type(error).__name__
        self.ended()

    def ended(self) -> None:
        """Note how long it took."""
        self.seconds = time.perf_counter() - self._clock


class Tape:
    """Takes up the traffic of a run, up to `limit` bytes of bodies in all; more than that makes it useless: `spoiled`
    says why.
    """

    def __init__(self, limit: int = LARGEST_TAPE) -> None:
        self.takes: list[Take] = []
        self.spoiled = ""
        self._limit = limit
        self._size = 0
        self._file = tempfile.SpooledTemporaryFile(_IN_MEMORY, prefix="longhaul-")  # noqa: SIM115 - closed with the tape
        weakref.finalize(self, self._file.close)

    def begin(self, request: httpx.Request, role: Role, started: datetime, secrets: Secrets) -> Take:
        """A request is being sent."""
        headers = [*secrets.mask_headers(_texts(request.headers))]
        take = Take(role, started, request.method, secrets.mask(str(request.url)), headers)
        if self._has_room(len(request.content)):
            take.body = _masked(request.content, secrets)
            self.takes.append(take)
        return take

    def body_of(self, take: Take) -> bytes:
        """The body of an answer as it was transferred."""
        whole = bytearray()
        for offset, length in take.parts:
            self._file.seek(offset)
            whole += self._file.read(length)
        return bytes(whole)

    def follow(self, take: Take, response: httpx.Response) -> httpx.AsyncByteStream:
        """The body of a response, taken up while it is read."""
        take.status = response.status_code
        take.reason = response.reason_phrase
        take.http_version = response.http_version
        take.response_headers = _texts(response.headers)
        take.ended()
        assert isinstance(response.stream, httpx.AsyncByteStream)
        return _Taken(self, take, response.stream)

    def add(self, take: Take, part: bytes) -> None:
        """Take up a part of a body."""
        if not self._has_room(len(part)):
            return
        try:
            self._file.seek(0, 2)
            take.parts.append((self._file.tell(), len(part)))
            self._file.write(part)
        except OSError as error:
            self._spoil(f"the disk for temporary files can't be written: {error.strerror}")

    def _has_room(self, size: int) -> bool:
        self._size += size
        if self._size > self._limit and not self.spoiled:
            self._spoil(f"there is more than {self._limit // 1_000_000} MB of requests and answers")
        return not self.spoiled

    def _spoil(self, why: str) -> None:
        self.spoiled = why
        self.takes.clear()
        self._file.close()


class _Taken(httpx.AsyncByteStream):
    def __init__(self, tape: Tape, take: Take, stream: httpx.AsyncByteStream) -> None:
        self._tape = tape
        self._take = take
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        take = self._take
        try:
            async for part in self._stream:
                self._tape.add(take, part)
                yield part
            take.whole = True
        except httpx.HTTPError as error:
            take.failed(error)
            raise
        finally:
            take.ended()

    async def aclose(self) -> None:
        await self._stream.aclose()


def _masked(body: bytes, secrets: Secrets) -> bytes:
    try:
        return secrets.mask(body.decode()).encode()
    except UnicodeError:
        return body


def _texts(headers: httpx.Headers) -> Headers:
    encoding = headers.encoding
    return [(name.decode("latin-1"), value.decode(encoding, "replace")) for name, value in headers.raw]
