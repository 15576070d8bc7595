"""Whose turn it is to be read, of streams that must not be read at the same time."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager

from core.components.stream import ReadableStream, Stream
from core.components.stream_groups import StreamGroup, ancestors


class Turns:
    """The groups of streams of which one is read at a time. A stream belongs to the groups of its parents, too, since
    they are read with it.
    """

    def __init__(self, groups: Mapping[str, StreamGroup], streams: Iterable[Stream]) -> None:
        of: dict[str, set[str]] = defaultdict(set)
        for group, content in groups.items():
            for name in content.names:
                of[name].add(group)
        self._groups: dict[str, frozenset[str]] = {}
        for stream in streams if groups else ():
            if isinstance(stream, ReadableStream):
                names = {stream.name, *ancestors(stream)}
                self._groups[stream.name] = frozenset(group for name in names for group in of.get(name, ()))
        self._reading: dict[str, str] = {}
        self._over = asyncio.Event()
        self._lock = threading.Lock()

    @asynccontextmanager
    async def of(self, stream: str, tell: Callable[[str], None]) -> AsyncIterator[None]:
        """Wait until no other stream of its groups is read, and let those wait meanwhile; `tell` takes why."""
        told = False
        while why := self.begin(stream):
            if not told:
                tell(why)
                told = True
            await self._over.wait()
        try:
            yield
        finally:
            self.end(stream)
            self._over.set()
            self._over = asyncio.Event()

    def begin(self, stream: str) -> str:
        """Let the others of its groups wait from now on; what it has to wait for itself, if that can't be yet."""
        groups = self._groups.get(stream, frozenset())
        with self._lock:
            if busy := sorted(groups & self._reading.keys()):
                return f"waits until `{self._reading[busy[0]]}` is read, as both are in the stream group `{busy[0]}`"
            self._reading.update(dict.fromkeys(groups, stream))
        return ""

    def end(self, stream: str) -> None:
        """The stream, which has begun, is over."""
        with self._lock:
            for group in self._groups.get(stream, frozenset()):
                del self._reading[group]
