"""Parent streams, read on behalf of a child stream, and how far they were read."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Protocol

from core.runtime.slices import StreamSlice

ParentRecord = tuple[StreamSlice, Mapping[str, Any]]
"""A record of a parent stream, with the slice of the parent that it came from."""


class HasState(Protocol):
    """Something that says how far a stream was read: a cursor."""

    def state(self) -> dict[str, Any]:
        """The state, in the shape in which Airbyte saves it."""


class ParentRead(AsyncIterator[ParentRecord]):
    """The read of a parent stream: its records, from a state on, and how far it came.

    `start` begins the read from a state (None: from the beginning); it gives the parent's cursor and the
    records. What gives the records closes a slice when the record after the slice's last one is asked
    for.
    """

    def __init__(
        self, start: Callable[[Mapping[str, Any] | None], tuple[HasState, AsyncIterator[ParentRecord]]]
    ) -> None:
        self._start = start
        self._started: tuple[HasState, AsyncIterator[ParentRecord]] | None = None

    def resume(self, state: Mapping[str, Any] | None) -> None:
        """Begin the read from a state."""
        self._started = self._start(state)

    def state(self) -> dict[str, Any]:
        """The parent's state: covers the slices of the parent whose records were all taken."""
        return self._begun()[0].state()

    async def __anext__(self) -> ParentRecord:
        return await anext(self._begun()[1])

    def _begun(self) -> tuple[HasState, AsyncIterator[ParentRecord]]:
        if self._started is None:
            self._started = self._start(None)
        return self._started
