"""Standard output, written by a thread of its own: whoever reads slowly delays no request and no poll."""

from __future__ import annotations

import asyncio
import os
import select
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress

FULL = 4_000_000
"""Bytes that wait to be written, from which on there is no room for records."""
_PORTION = 65_536
"""Bytes that are written in one go: as many as a pipe holds."""


class MessageWriter:
    """Writes whole messages in the order in which they are sent.

    `error` is what went wrong when they can't be written any more; then the rest is dropped. `is_ending` says that
    nothing new is to be begun.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._waiting: deque[bytes] = deque()
        self._size = self._written = 0
        self._changed = threading.Condition()
        self._is_closed = False
        self.is_ending = False
        self._has_room = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._on_loss: Callable[[], None] = lambda: None
        self.error: OSError | None = None
        self._thread = threading.Thread(target=self._run, name="longhaul-output", daemon=True)
        self._thread.start()

    def attend(self, on_loss: Callable[[], None]) -> None:
        """Belong to the running event loop, which calls `on_loss` when nothing can be written any more."""
        self._loop, self._on_loss = asyncio.get_running_loop(), on_loss
        if self.error is not None:
            on_loss()

    def send(self, message: bytes) -> None:
        """Write a message, or several; from any thread, never waits."""
        with self._changed:
            if self.error is None:
                self._waiting.append(message)
                self._size += len(message)
                self._changed.notify()

    async def room(self) -> None:
        """Wait until there is room for records."""
        while self._size >= FULL and not self.is_ending:
            self._has_room.clear()
            await self._has_room.wait()

    def let_go(self) -> None:
        """Let nobody wait for room any more, for what is going on is ended. From the event loop."""
        self.is_ending = True
        self._has_room.set()

    def close(self, patience: float | None = None) -> None:
        """Wait until everything is written; with `patience`, until nobody has read anything for so many seconds."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        written = -1
        while self._thread.is_alive() and written < self._written:
            written = self._written
            self._thread.join(patience)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._is_closed)
                if not self._waiting:
                    return
                message = self._waiting.popleft()
            try:
                self._write(message)
            except OSError as error:
                self._lose(error)
                return
            self._shrink(len(message))

    def _write(self, message: bytes) -> None:
        rest = memoryview(message)
        while rest:
            try:
                count = os.write(self._descriptor, rest[:_PORTION])
            except BlockingIOError:  # whoever opened it did not want to wait
                select.select([], [self._descriptor], [])
            else:
                rest = rest[count:]
                self._written += count

    def _shrink(self, written: int) -> None:
        with self._changed:
            was_full = self._size >= FULL
            self._size -= written
            has_room = self._size < FULL
        if was_full and has_room:
            self._tell(self._has_room.set)

    def _lose(self, error: OSError) -> None:
        with self._changed:
            self.error = error
            self._waiting.clear()
            self._size = 0
        self._tell(self._has_room.set)
        self._tell(self._on_loss)

    def _tell(self, what: Callable[[], object]) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(what)
