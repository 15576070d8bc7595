"""A walk over the partitions of a router, and how far the parent streams were read on the way."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from core.components.slices import StreamSlice

Seeds = Mapping[str, Mapping[str, Any]]
"""By name, the states from which parent streams with `incremental_dependency` are read."""

NO_SEEDS: Seeds = {}


class Walk:
    """One walk over partitions. Iterating may raise `ReadError`."""

    def __init__(self, partitions: AsyncIterator[StreamSlice]) -> None:
        self._partitions = partitions

    def __aiter__(self) -> AsyncIterator[StreamSlice]:
        return self._partitions

    @property
    def passed(self) -> int:
        """Grows whenever `states` changes."""
        return 0

    def states(self) -> dict[str, Any] | None:
        """The states of the parents with `incremental_dependency`, by name; None when they are not tracked.

        They hold when all partitions were read that were given before the last one. At the end of the walk
        they hold when all were read.
        """
        return None


class ChainedWalk(Walk):
    """Several walks, one after the other."""

    def __init__(self, walks: Sequence[Walk]) -> None:
        super().__init__(self._chained())
        self._walks = walks
        self._ended = 0

    @property
    def passed(self) -> int:
        """Grows within each walk, and from one to the next."""
        return self._ended + sum(walk.passed for walk in self._walks)

    def states(self) -> dict[str, Any]:
        """The states of all walks; of a parent that several of them read, that of the last one (Airbyte)."""
        return {name: state for walk in self._walks for name, state in (walk.states() or {}).items()}

    async def _chained(self) -> AsyncIterator[StreamSlice]:
        for walk in self._walks:
            async for partition in walk:
                yield partition
            self._ended += 1
