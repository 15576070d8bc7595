"""What every cursor does in a read: give slices, watch records, remember what was read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from core.http.request import RequestDraft
from core.levels import Level
from core.runtime.component import Component
from core.runtime.context import Context
from core.runtime.partitions import PartitionRouter, Partitions, Seeds
from core.runtime.slices import RecordPredicate, StreamSlice, slice_key

NO_CURSOR = "__ab_no_cursor_state_message"
"""What the state of a stream without cursor holds, as Airbyte has it."""


class Observer:
    """Watches the records of one slice: the latest cursor value among them.

    It is called for every record, in whatever thread parses the slice; `parse` gives a comparable value and
    raises ValueError for one that is none. `unusable` counts the records without such a value.
    """

    __slots__ = ("_field", "_parse", "_previous", "latest", "unusable")

    def __init__(self, field: str, parse: Callable[[Any], Any]) -> None:
        self._field = field
        self._parse = parse
        self._previous: Any = None
        self.latest: Any = None
        self.unusable = 0

    @staticmethod
    def merged(observers: Iterable[Observer | None]) -> Observer | None:
        """What several observers, each of a part of one slice, saw together."""
        together: Observer | None = None
        for observer in filter(None, observers):
            if together is None:
                together = observer
                continue
            together.unusable += observer.unusable
            if together.latest is None or (observer.latest is not None and observer.latest > together.latest):
                together.latest = observer.latest
        return together

    def __call__(self, record: Mapping[str, Any]) -> None:
        """Look at one record."""
        value = record.get(self._field)
        if value is not None and value == self._previous:
            return
        try:
            moment = self._parse(value)
        except ValueError:
            self.unusable += 1
            return
        self._previous = value
        if self.latest is None or moment > self.latest:
            self.latest = moment


class Cursor(ABC):
    """The slices of a stream in one read, and the state.

    All methods run on the event loop; only the functions that `observer`, `filter` and `feed_end` give run in
    worker threads, each for one slice.
    """

    def __init__(self, partitions: Partitions, context: Context) -> None:
        self._partitions = partitions
        self._context = context
        self._warned: set[str] = set()

    @abstractmethod
    def slices(self) -> AsyncIterator[StreamSlice]:
        """The slices, lazily and in order; to be walked once. Raises `ReadError`."""

    @property
    def is_client_side(self) -> bool:
        """Whether the manifest says so (`is_client_side_incremental`): records are then transformed before a filter
        sees them, those of a feed, too (Airbyte: the same).
        """
        return False

    def observer(self, slice_: StreamSlice) -> Observer | None:
        """What watches the records of a slice; None when there is nothing to watch."""
        return None

    def filter(self, slice_: StreamSlice) -> RecordPredicate | None:
        """Says whether a record of a slice is new; None when the API does the filtering."""
        return None

    def feed_end(self, slice_: StreamSlice) -> RecordPredicate | None:
        """Says whether a record is older than what is read, so that no page after it is needed.

        None unless the API is a feed of data, newest first; it is asked for the last record of every page.
        """
        return None

    def narrowed(self, slice_: StreamSlice, observer: Observer | None) -> StreamSlice | None:
        """A slice from the latest record on that was seen of it; itself when none was, None without a cursor."""
        return None

    def halves(self, slice_: StreamSlice, least: timedelta | None) -> tuple[StreamSlice, StreamSlice] | None:
        """Two slices in the place of one; None when it is too short for that, `least` or shorter, or has no length."""
        return None

    def adopt(self, slice_: StreamSlice) -> StreamSlice:
        """A slice that was planned by another read of the stream, so that it can be read and closed here.

        Raises `ReadError` for one that is no slice of this stream.
        """
        return slice_

    def latest(self, observer: Observer | None) -> Any:
        """The latest cursor value of a slice as the state has it; None when there is none."""
        return None

    def seen(self, slice_: StreamSlice, latest: Any) -> Observer | None:
        """An observer that has seen what `latest` says. Raises `ReadError` for what is no cursor value."""
        return None

    @property
    def parent_states(self) -> Mapping[str, Any] | None:
        """The states of the parents when all slices were read, after they were walked; None: they are not tracked."""
        return None

    @abstractmethod
    def finish(self, parents: Mapping[str, Any] | None, seconds: float) -> None:
        """Note that all slices were adopted and closed. `parents` are the `parent_states` of whoever has planned them,
        `seconds` is how long it took from the planning on.
        """

    @abstractmethod
    def close(self, slice_: StreamSlice, observer: Observer | None) -> None:
        """Note that a slice was read completely, or that there is nothing in it (then without observer)."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """The state that covers all closed slices, in the shape in which Airbyte saves it.

        When all slices are closed and there are no more, it is the state of a stream that was read to its
        end.
        """

    async def additions(self, slice_: StreamSlice) -> Sequence[RequestDraft]:
        """What has to be asked for to add it to the requests of a slice. Raises `ReadError`."""
        return await self._partitions.additions(slice_)

    def fill(
        self,
        draft: RequestDraft,
        slice_: StreamSlice,
        variables: Mapping[str, Any],
        additions: Sequence[RequestDraft],
    ) -> None:
        """Add to a request what the slice adds; `additions` are those of the slice."""
        self._partitions.fill(draft, slice_, variables, additions)

    def _warn(self, message: str) -> None:
        """Warn once."""
        if message not in self._warned:
            self._warned.add(message)
            self._context.log(Level.WARNING, message)

    def _warn_of_unusable(self, observer: Observer | None, field: str) -> None:
        if observer is not None and observer.unusable:
            self._warn(
                f"There are records without a usable value in the cursor field `{field}`. They are kept, but "
                "don't advance the state. Check `cursor_field` and `cursor_datetime_formats`."
            )


class NoCursor(Cursor):
    """For a stream that is read in full every time: its partitions, and a state that says so."""

    async def slices(self) -> AsyncIterator[StreamSlice]:
        if any(config.incremental_dependency for config in self._partitions.parents):
            self._warn(
                "`incremental_dependency` has no effect here, as the stream has no `incremental_sync`: "
                "the parent stream is read in full."
            )
        resumption = self._context.resumption
        done = set(map(slice_key, resumption.done)) if resumption is not None else set()
        async for partition in self._partitions.walk():
            if slice_key(partition) not in done:
                yield partition

    def close(self, slice_: StreamSlice, observer: Observer | None) -> None:
        """There is nothing to remember."""

    def finish(self, parents: Mapping[str, Any] | None, seconds: float) -> None:
        """There is nothing to remember."""

    def state(self) -> dict[str, Any]:
        """Airbyte's mark for a stream without cursor."""
        return {NO_CURSOR: True}


class IncrementalSync(Component, role=True):
    """Divides a stream into intervals and remembers how far it was read."""

    @abstractmethod
    def cursor(self, partitions: Partitions, context: Context, state: Mapping[str, Any]) -> Cursor:
        """The cursor for one read of a stream, which goes on where `state` says.

        Raises `ReadError` when the partitions or the state don't allow it.
        """

    @abstractmethod
    def field_name(self, context: Context) -> str:
        """The name of the field of records by which it goes. Raises `ReadError`."""

    def saved_until(self, state: Mapping[str, Any], context: Context, *, partitioned: bool) -> datetime | None:
        """The time up to which a state says that the stream was read; None where it says none. Raises `ReadError`."""
        return None


def make_cursor(
    incremental_sync: IncrementalSync | None,
    router: PartitionRouter | Sequence[PartitionRouter] | None,
    context: Context,
    state: Mapping[str, Any] | None = None,
) -> Cursor:
    """The cursor for one read of a stream, which goes on where `state` says.

    Raises `ReadError` when the components or the state don't allow it.
    """
    partitions = Partitions(router, context)
    if incremental_sync is None:
        return NoCursor(partitions, context)
    return incremental_sync.cursor(partitions, context, state or {})


def parent_seeds(partitions: Partitions, context: Context, state: Mapping[str, Any]) -> Seeds:
    """The states of the parents, by name. Raises `ReadError`."""
    tracked = [config for config in partitions.parents if config.incremental_dependency]
    return {config.stream_name: config.seed(state, context) for config in tracked}
