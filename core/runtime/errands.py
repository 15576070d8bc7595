"""What threads that parse have the event loop do for them: it works, and they wait."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from contextvars import copy_context
from queue import SimpleQueue
from typing import Any, Generic, ParamSpec, TypeVar

from core.errors import ReadError

P = ParamSpec("P")
T = TypeVar("T")

THREADS = "longhaul-parser"
"""How the names of the threads that parse begin."""


class ThreadsInContext(ThreadPoolExecutor):
    """Threads that see the context variables of whoever gives them something to do."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        context = copy_context()
        return super().submit(lambda: context.run(fn, *args, **kwargs))


class Errands:
    """The errands of one read, or of one slice; when it is over, so are they."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[Future[Any]] = set()
        self._over = False

    def done(self, loop: asyncio.AbstractEventLoop, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What `work` gives, waited for. Raises what `work` raises, and `ReadError` when the read was cancelled."""
        try:
            return self._begin(loop, work).result()
        except CancelledError:
            raise _cancelled() from None

    def items(
        self, loop: asyncio.AbstractEventLoop, work: Callable[[Callable[[T], None]], Coroutine[Any, Any, None]]
    ) -> Iterator[T]:
        """The items that `work` hands over by what it is given, in a thread of its own; it goes on with the next one
        when that is asked for. Raises what `work` raises, and `ReadError` when the read was cancelled.
        """
        handover: _Handover[T] = _Handover()
        running = self._begin(loop, lambda: work(handover.put))
        running.add_done_callback(lambda _: handover.end())
        try:
            yield from handover
            running.result()
        except CancelledError:
            raise _cancelled() from None
        finally:
            handover.abandon()
            running.cancel()

    def _begin(self, loop: asyncio.AbstractEventLoop, work: Callable[[], Coroutine[Any, Any, T]]) -> Future[T]:
        with self._lock:
            if self._over:
                raise _cancelled()
            running = asyncio.run_coroutine_threadsafe(work(), loop)
            self._running.add(running)
        running.add_done_callback(self._running.discard)
        return running

    def cancel(self) -> None:
        """End those that run; there will be no more."""
        with self._lock:
            self._over = True
            running = [*self._running]
        for each in running:
            each.cancel()


class _Abandoned(Exception):
    """Nobody waits for the items any more."""


class _Handover(Generic[T]):
    """Items on their way from one thread to another, one at a time."""

    def __init__(self) -> None:
        self._items: SimpleQueue[T | None] = SimpleQueue()
        self._asked = threading.Semaphore(0)
        self._abandoned = False

    def put(self, item: T) -> None:
        """Hand over an item; waits until there is need for the next one."""
        self._items.put(item)
        self._asked.acquire()
        if self._abandoned:
            raise _Abandoned

    def end(self) -> None:
        """Say that there are no more."""
        self._items.put(None)

    def abandon(self) -> None:
        """Release who waits in `put`."""
        self._abandoned = True
        self._asked.release()

    def __iter__(self) -> Iterator[T]:
        while (item := self._items.get()) is not None:
            yield item
            self._asked.release()


def _cancelled() -> ReadError:
    return ReadError("The read was cancelled.")
