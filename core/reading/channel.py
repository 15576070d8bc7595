"""The way of events from the tasks and threads of a read to its one consumer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable

from core.events import Event, Records
from core.reading.masking import masked

BATCHES_AHEAD = 16
"""Batches of records that may wait for the consumer before the parsing threads are held up."""


class Abandoned(Exception):
    """The consumer has gone: nothing more needs to be done."""


class EventChannel:
    """An ordered queue of events. `mask` takes the secrets out of texts.

    What a server says in them is made fit to be printed here, for all who print it: see `core.wording`.
    """

    def __init__(self, mask: Callable[[str], str]) -> None:
        self._mask = mask
        self._queue: asyncio.Queue[Event | asyncio.Future[None] | None] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._room = threading.Semaphore(BATCHES_AHEAD)
        self._abandoned = False

    def emit(self, event: Event) -> None:
        """Add an event that is no batch of records; from any thread, never waits."""
        self._put(masked(event, self._mask))

    def deliver(self, batch: Records) -> None:
        """Add records from a worker thread; waits while the consumer is behind. Raises `Abandoned`."""
        self._room.acquire()
        if self._abandoned:
            self._room.release()
            raise Abandoned
        self._loop.call_soon_threadsafe(self._queue.put_nowait, batch)

    async def handled(self) -> None:
        """Wait until the consumer has handled all events so far, and asks for the next one."""
        mark: asyncio.Future[None] = self._loop.create_future()
        self._queue.put_nowait(mark)
        await mark

    def close(self) -> None:
        """Say that the last event was added."""
        self._put(None)

    def abandon(self) -> None:
        """Release the threads that wait to deliver: their records are no longer wanted."""
        self._abandoned = True
        self._room.release()

    async def events(self) -> AsyncIterator[Event]:
        """The events in order, until the channel is closed."""
        while (event := await self._queue.get()) is not None:
            if isinstance(event, asyncio.Future):
                if not event.done():
                    event.set_result(None)
                continue
            if isinstance(event, Records):
                self._room.release()
            yield event

    def _put(self, event: Event | None) -> None:
        if threading.get_ident() == self._thread:
            self._queue.put_nowait(event)
        else:
            self._loop.call_soon_threadsafe(self._queue.put_nowait, event)
