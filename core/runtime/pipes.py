"""Lets a worker thread parse a body while the event loop receives it, with back pressure both ways."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Executor
from typing import TypeVar

T = TypeVar("T")

BUFFERED = 1_000_000
"""Bytes that may wait for the parser before the network is held up."""


PATIENCE = 1.0
"""Seconds that a parser may still take when nobody waits for its result."""


class _Abandoned(Exception):
    """Nobody waits for the parser's result any more."""


class _Pipe:
    """Chunks on their way from the event loop to one worker thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._room = asyncio.Event()
        self._room.set()
        self._changed = threading.Condition()
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._ended = False
        self._error: BaseException | None = None

    async def put(self, chunk: bytes) -> None:
        """Add a chunk; waits while the parser is behind."""
        with self._changed:
            self._chunks.append(chunk)
            self._size += len(chunk)
            if self._size > BUFFERED:
                self._room.clear()
            self._changed.notify()
        await self._room.wait()

    def end(self, error: BaseException | None = None) -> None:
        """No more chunks: the body is complete, or `error` is raised in the parser after those that came."""
        with self._changed:
            self._ended = True
            self._error = self._error or error
            if isinstance(error, _Abandoned):
                self._chunks.clear()
            self._changed.notify()

    def __iter__(self) -> Iterator[bytes]:
        while True:
            with self._changed:
                while not self._chunks and not self._ended:
                    self._changed.wait()
                if not self._chunks:
                    if self._error:
                        raise self._error
                    return
                chunks = list(self._chunks)
                self._chunks.clear()
                self._size = 0
            self._loop.call_soon_threadsafe(self._room.set)
            for chunk in chunks:
                if isinstance(self._error, _Abandoned):
                    raise self._error
                yield chunk


async def parse_in_thread(executor: Executor, chunks: AsyncIterator[bytes], parse: Callable[[Iterator[bytes]], T]) -> T:
    """Run `parse` over `chunks` in a thread of `executor` and return its result.

    An exception of the network reaches the parser at the place where the bytes end, and the caller from there. A
    parser that returns early stops the network. When the caller is cancelled, the network stops before this returns,
    and the parser has `PATIENCE` seconds: one that is in the middle of something long is left to itself.
    """
    pipe = _Pipe(asyncio.get_running_loop())
    parser = asyncio.get_running_loop().run_in_executor(executor, lambda: parse(iter(pipe)))
    parser.add_done_callback(_note)
    pump = asyncio.create_task(_pump(chunks, pipe))
    try:
        return await asyncio.shield(parser)
    finally:
        pipe.end(_Abandoned())
        pump.cancel()
        await asyncio.gather(pump, return_exceptions=True)
        await asyncio.wait([parser], timeout=PATIENCE)
        parser.cancel()  # if it still runs, its outcome is of no interest


def _note(parser: asyncio.Future[T]) -> None:
    """Take note of how a parser ended: its caller may have been cancelled again before it could."""
    if not parser.cancelled():
        parser.exception()


async def _pump(chunks: AsyncIterator[bytes], pipe: _Pipe) -> None:
    try:
        async for chunk in chunks:
            await pipe.put(chunk)
    except Exception as error:  # it surfaces in the parser, whatever it is
        pipe.end(error)
    else:
        pipe.end()
