"""Whose turn it is to be read, of streams that must not be read at the same time."""

from __future__ import annotations

import asyncio
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

    @asynccontextmanager
    async def of(self, stream: str, tell: Callable[[str], None]) -> AsyncIterator[None]:
        """Wait until no other stream of its groups is read, and let those wait meanwhile; `tell` takes why."""
        groups = self._groups.get(stream, frozenset())
        told = False
        while busy := sorted(groups & self._reading.keys()):
            if not told:
                tell(f"waits until `{self._reading[busy[0]]}` is read, as both are in the stream group `{busy[0]}`")
                told = True
            await self._over.wait()
        self._reading.update(dict.fromkeys(groups, stream))
        try:
            yield
        finally:
            for group in groups:
                del self._reading[group]
            self._over.set()
            self._over = asyncio.Event()
