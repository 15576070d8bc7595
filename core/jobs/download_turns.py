"""The order in which the slices of a stream give their records where a limit cuts: theirs, not that of their ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class DownloadTurn:
    """The turn of a slice to download, target after target: it comes when all slices before have ended.

    `before` is the turn of the last of them, `enough` says whether the limit is reached.
    """

    def __init__(self, enough: Callable[[], bool], before: DownloadTurn | None = None) -> None:
        self.enough = enough
        self._before = before
        self._ended = asyncio.Event()

    async def come(self) -> None:
        """Wait for the turn."""
        while self._before is not None:
            await self._before._ended.wait()
            self._before = self._before._before

    def end(self) -> None:
        """Let the slices behind go on."""
        self._ended.set()
