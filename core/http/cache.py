"""The response cache of a run, so that the same request is sent once (`use_cache`).

Airbyte caches responses to GET requests with status 200 in one store for all streams of a run. Here the bodies are in
an unnamed file on disk, and the cache is bounded; what does not fit is requested again.
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
"""The most bytes that a cached body may have."""
MAX_BYTES = 2_000_000_000
"""The most bytes in the cache."""
MAX_RESPONSES = 10_000


class Body(Protocol):
    """A response whose body is read in chunks, such as a `core.http.download.Download`."""

    @property
    def response(self) -> httpx.Response:
        """The status and the headers."""

    def chunks(self) -> AsyncIterator[bytes]:
        """The body."""


Send: TypeAlias = Callable[[], AbstractAsyncContextManager[Body | None]]
"""Sends a request."""


class _CacheFile:
    """A file on disk, without a name, that several threads read and write."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="longhaul-", buffering=0)  # noqa: SIM115 - `close` closes it
        self._lock = threading.Lock()

    def read(self, offset: int, length: int) -> bytes:
        with self._lock:
            self._file.seek(offset)
            return self._file.read(length)

    def write(self, offset: int, chunk: bytes) -> int:
        """Write bytes at `offset`; gives how many of them were written. Raises `OSError`."""
        with self._lock:
            self._file.seek(offset)
            return self._file.write(chunk) or 0

    def close(self) -> None:
        self._file.close()


@dataclass(slots=True)
class CachedResponse:
    """A response whose body is in `spans` (offset, length) of a file.

    While it is being received and does not fit into the cache, `overflow` and then `rest` follow the spans.
    """

    file: _CacheFile
    response: httpx.Response
    spans: list[tuple[int, int]] = field(default_factory=list)
    overflow: bytes = b""
    rest: AsyncIterator[bytes] | None = None

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body."""
        for offset, length in self.spans:
            yield await asyncio.to_thread(self.file.read, offset, length)
        if self.overflow:
            yield self.overflow
        if self.rest is not None:
            async for chunk in self.rest:
                yield chunk


class ResponseCache:
    """The responses that a run keeps, by keys of their requests. A request that is on its way is awaited."""

    def __init__(self) -> None:
        self._file: _CacheFile | None = None
        self._end = 0
        self._responses: dict[bytes, CachedResponse] = {}
        self._pending: WeakValueDictionary[bytes, asyncio.Lock] = WeakValueDictionary()

    def close(self) -> None:
        """Drop all responses."""
        self._responses.clear()
        if self._file is not None:
            self._file.close()

    async def send(self, key: bytes, send: Send) -> httpx.Response | None:
        """The whole response to the request with this key: the cached one, or what `send` gives."""
        async with self.open(key, send) as body:
            return None if body is None else GuardedResponse.with_body(body.response, await _whole(body))

    @asynccontextmanager
    async def open(self, key: bytes, send: Send) -> AsyncIterator[Body | None]:
        """The same for a body that is read in chunks while the context is open."""
        lock = self._pending.setdefault(key, asyncio.Lock())
        async with AsyncExitStack() as received:
            async with lock:
                body: Body | None = self._responses.get(key)
                if body is None:
                    body = await received.enter_async_context(send())
                    if body is not None and body.response.status_code == httpx.codes.OK:
                        body = await self._store(key, body)
                if key in self._responses:
                    await received.aclose()
            yield body

    def forget(self, response: httpx.Response) -> None:
        """Drop a response that turned out to be of no use: the next one to ask gets a new one."""
        for key in [key for key, kept in self._responses.items() if kept.response.request is response.request]:
            del self._responses[key]

    async def _store(self, key: bytes, body: Body) -> Body:
        """Receive a body; it is cached if there is room for all of it."""
        if len(self._responses) >= MAX_RESPONSES:
            return body
        if self._file is None:
            try:
                self._file = _CacheFile()
            except OSError:  # no folder for temporary files can be written to
                return body
        stored = CachedResponse(self._file, body.response)
        rest = body.chunks()
        size = 0
        async for chunk in rest:
            size += len(chunk)
            if size > MAX_BODY or not await self._written(stored, chunk):
                stored.overflow, stored.rest = chunk, rest
                return stored
        self._responses[key] = stored
        return stored

    async def _written(self, stored: CachedResponse, chunk: bytes) -> bool:
        offset, length = self._end, len(chunk)
        if offset + length > MAX_BYTES:
            return False
        self._end += length
        try:
            written = await asyncio.to_thread(stored.file.write, offset, chunk)
        except OSError:
            return False
        if written < length:
            return False
        stored.spans.append((offset, length))
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
