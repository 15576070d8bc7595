"""Slices as units of work: listed by one process, read by others, and put together as one state again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from core.components.stream import DeclarativeStream
from core.runtime.context import Context
from core.runtime.cursor import Cursor
from core.runtime.slices import StreamSlice


class SliceWalk:
    """The slices of a stream, to be walked once. Iterating may raise `ReadError`."""

    def __init__(self, stream: DeclarativeStream, state: Mapping[str, Any] | None, context: Context) -> None:
        self._stream = stream
        self._state = state
        self._context = context
        self._cursor: Cursor | None = None

    async def __aiter__(self) -> AsyncIterator[StreamSlice]:
        schema = await self._stream.load_schema(self._context)
        self._cursor = await self._stream.open_cursor(self._state, self._context.with_schema(schema))
        async for slice_ in self._cursor.slices():
            yield slice_

    @property
    def parents(self) -> Mapping[str, Any] | None:
        """What `merged_state` has to know of the parent streams; complete when all slices were given."""
        return None if self._cursor is None else self._cursor.parent_states


def merged_state(
    stream: DeclarativeStream,
    state: Mapping[str, Any] | None,
    read: Iterable[tuple[StreamSlice, Any]],
    context: Context,
    *,
    parents: Mapping[str, Any] | None = None,
    seconds: float = 0.0,
) -> dict[str, Any]:
    """The state when all slices were read that a walk from `state` on gave, each with the `latest` of its
    `SliceFinished`. `parents` are those of the walk, `seconds` is how long ago it began. Raises `ReadError`.
    """
    cursor = stream.cursor(state, context)
    adopted = [(cursor.adopt(slice_), latest) for slice_, latest in read]
    for slice_, latest in adopted:
        cursor.close(slice_, cursor.seen(slice_, latest))
    cursor.finish(parents, seconds)
    return cursor.state()
