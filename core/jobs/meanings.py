"""What people say of statuses while a read is running."""

from __future__ import annotations

import asyncio

from core.components.async_retriever import JobStatus


class StatusMeanings:
    """Meanings by status, for all jobs of a stream. Jobs that wait for their next poll hear of each new one.

    `times` counts what was said: whoever remembers it can tell whether anything came since.
    """

    def __init__(self) -> None:
        self.times = 0
        self._meanings: dict[str, JobStatus] = {}
        self._next = asyncio.Event()

    def get(self, status: str) -> JobStatus | None:
        """The meaning of a status; None when nobody said it."""
        return self._meanings.get(status)

    def say(self, status: str, meaning: JobStatus) -> None:
        """Give a status a meaning, and wake who waits for one."""
        self._meanings[status] = meaning
        self.times += 1
        said, self._next = self._next, asyncio.Event()
        said.set()

    async def said_since(self, times: int) -> None:
        """Wait until something was said after `times`."""
        if self.times <= times:
            await self._next.wait()
