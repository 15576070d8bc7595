"""The leases of the job budget on a cluster.

A lease belongs to a slice, and the process that conducts the run holds it for the worker that reads the slice: when the
worker is killed, the job goes on running on the server, and so nobody else may have the lease until another worker has
followed that job to its end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


class ClusterLeases:
    """The leases of the job budget, as `core.jobs.slots.Leases`; `grant` tells a worker that a slice has one."""

    def __init__(self, budget: int, semaphore: Any, grant: Callable[[str, str], None]) -> None:
        self._semaphore = semaphore
        self._grant = grant
        self._room = asyncio.Semaphore(budget)
        self._held: set[str] = set()
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._workers: dict[str, str] = {}

    async def take(self, key: str) -> None:
        """Wait until a slice that this process reads itself, one of a parent stream, may have a job."""
        if key not in self._held:
            self.ask(key, "")
            await asyncio.shield(self._asking[key])

    def ask(self, key: str, address: str) -> None:
        """A worker wants the lease of a slice. One that the slice has already goes to the worker that reads it now."""
        self._workers[key] = address
        if key in self._held:
            self._tell(key)
        elif key not in self._asking:
            self._asking[key] = asyncio.create_task(self._get(key))

    def give_back(self, key: str) -> None:
        """A slice has no job any more, or does not want one any more."""
        self._workers.pop(key, None)
        if key in self._held:
            self._held.discard(key)
            self._free()

    def lost(self, address: str) -> None:
        """A worker is gone: what it has asked for in vain goes to others, what its slices have stays theirs."""
        for key in [key for key in self._asking if self._workers.get(key) == address]:
            del self._workers[key]

    async def _get(self, key: str) -> None:
        try:
            await self._room.acquire()
            await self._semaphore.acquire()
        finally:
            self._asking.pop(key, None)
        if key in self._workers:
            self._held.add(key)
            self._tell(key)
        else:
            self._free()

    def _free(self) -> None:
        self._room.release()
        task = asyncio.ensure_future(self._semaphore.release())
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    def _tell(self, key: str) -> None:
        if self._workers[key]:
            self._grant(key, self._workers[key])
