"""Answers that are kept for the length of a run, so that the same request is sent once (`use_cache`).

Airbyte keeps answers to GET requests with status 200 in one store for all streams of a run. Here the bodies are in an
unnamed file on the disk, and there are bounds to what is kept; what goes beyond them is asked for again.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias
from weakref import WeakValueDictionary

import httpx

from core.errors import ReadError
from core.http.bodies import LARGEST_PAGE, LONGEST, GuardedResponse

MAX_BODY = 100_000_000
"""Bytes of a body above which it is not kept."""
MAX_BYTES = 2_000_000_000
"""Bytes that are kept in all."""
MAX_ANSWERS = 10_000

_FRAMING = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class Body(Protocol):
    """A response whose body is read in chunks, such as a `core.http.download.Download`."""

    @property
    def response(self) -> httpx.Response:
        """The status and the headers."""

    def chunks(self) -> AsyncIterator[bytes]:
        """The body."""


Ask: TypeAlias = Callable[[], AbstractAsyncContextManager[Body | None]]
"""Sends a request."""


class _Spool:
    """A file on the disk, without a name, that several threads read and write."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="longhaul-", buffering=0)  # noqa: SIM115 - `close` closes it
        self._turn = threading.Lock()

    def read(self, offset: int, length: int) -> bytes:
        """So many bytes from `offset` on."""
        with self._turn:
            self._file.seek(offset)
            return self._file.read(length)

    def write(self, offset: int, chunk: bytes) -> int:
        """Write bytes at `offset`; gives how many found room. Raises `OSError`."""
        with self._turn:
            self._file.seek(offset)
            return self._file.write(chunk) or 0

    def close(self) -> None:
        """Let go of all that is in it."""
        self._file.close()


@dataclass(slots=True)
class Kept:
    """An answer that is kept: its body is in `spans` (offset, length) of a file.

    What follows them is only there while the answer is received, when there is no room for it: `more` and `rest`.
    """

    file: _Spool
    response: httpx.Response
    spans: list[tuple[int, int]] = field(default_factory=list)
    more: bytes = b""
    rest: AsyncIterator[bytes] | None = None

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body."""
        for offset, length in self.spans:
            yield await asyncio.to_thread(self.file.read, offset, length)
        if self.more:
            yield self.more
        if self.rest is not None:
            async for chunk in self.rest:
                yield chunk


class KeptAnswers:
    """The answers that a run keeps, by what their requests say. Who asks for one that is on its way waits for it."""

    def __init__(self) -> None:
        self._file: _Spool | None = None
        self._end = 0
        self._answers: dict[bytes, Kept] = {}
        self._asking: WeakValueDictionary[bytes, asyncio.Lock] = WeakValueDictionary()

    def close(self) -> None:
        """Let go of all answers."""
        self._answers.clear()
        if self._file is not None:
            self._file.close()

    async def send(self, key: bytes, ask: Ask) -> httpx.Response | None:
        """The whole answer to the request that `key` stands for: the one that is kept, or what `ask` gives."""
        async with self.open(key, ask) as body:
            if body is None:
                return None
            content = await _whole(body)
            seen = body.response
            headers = [item for item in seen.headers.multi_items() if item[0] not in _FRAMING]
            return GuardedResponse(seen.status_code, headers=headers, content=content, request=seen.request)

    @asynccontextmanager
    async def open(self, key: bytes, ask: Ask) -> AsyncIterator[Body | None]:
        """The same with a body that is read in chunks while the context is open."""
        lock = self._asking.setdefault(key, asyncio.Lock())
        async with AsyncExitStack() as received:
            async with lock:
                body: Body | None = self._answers.get(key)
                if body is None:
                    body = await received.enter_async_context(ask())
                    if body is not None and body.response.status_code == httpx.codes.OK:
                        body = await self._keep(key, body)
                if key in self._answers:
                    await received.aclose()
            yield body

    async def _keep(self, key: bytes, body: Body) -> Body:
        """Take in a body; it is kept when there is room for all of it."""
        if len(self._answers) >= MAX_ANSWERS:
            return body
        if self._file is None:
            self._file = _Spool()
        kept = Kept(self._file, body.response)
        rest = body.chunks()
        size = 0
        async for chunk in rest:
            size += len(chunk)
            if size > MAX_BODY or not await self._written(kept, chunk):
                kept.more, kept.rest = chunk, rest
                return kept
        self._answers[key] = kept
        return kept

    async def _written(self, kept: Kept, chunk: bytes) -> bool:
        offset, length = self._end, len(chunk)
        if offset + length > MAX_BYTES:
            return False
        self._end += length
        try:
            written = await asyncio.to_thread(kept.file.write, offset, chunk)
        except OSError:
            return False
        if written < length:
            return False
        kept.spans.append((offset, length))
        return True


async def _whole(body: Body) -> bytes:
    """All of a body, within the bounds of one that is read as a whole. Raises `ReadError`."""
    content, url = bytearray(), body.response.request.url
    try:
        async with asyncio.timeout(LONGEST):
            async for chunk in body.chunks():
                content += chunk
                if len(content) > LARGEST_PAGE:
                    raise ReadError(f"The answer of {url} has more than {LARGEST_PAGE:,} bytes.")
    except TimeoutError:
        raise ReadError(f"The answer of {url} did not end within {LONGEST / 60:g} minutes.") from None
    return bytes(content)
