"""The cursor over time of a stream with partitions: each partition has a progress of its own.

Beside the partitions' own values the state holds a global one, from which partitions that are new start;
it is the latest value of all, and advances only when every partition was read. With a global cursor, or
with too many partitions, it is all that is saved.
"""

from __future__ import annotations

import json
import math
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.errors import ReadError
from core.levels import Level
from core.runtime.context import Context
from core.runtime.cursor import Observer, parent_seeds
from core.runtime.cursor_progress import CursorProgress, saved_moment
from core.runtime.partitions import Partitions
from core.runtime.slices import RecordPredicate, StreamSlice
from core.runtime.time_cursor import Fill, TimeCursor, TimeSlice
from core.runtime.timeline import Timeline, earlier

GLOBAL_ABOVE = 10_000
"""More partitions than this are no longer saved one by one (Airbyte)."""


@dataclass(slots=True)
class _Partition:
    """A partition in the state: `saved` is its entry there, replaced whenever it changes."""

    values: Mapping[str, Any]
    progress: CursorProgress
    saved: Mapping[str, Any]


@dataclass(slots=True)
class _Reading:
    """A partition that is being read: its place in the order, the slices that are open, whether more will
    come.
    """

    partition: _Partition
    number: int
    open: int = 0
    complete: bool = False


class PartitionedTimeCursor(TimeCursor):
    """The cursor over time of a stream with partitions. Raises `ReadError` for a state that it can't read."""

    def __init__(
        self, timeline: Timeline, fill: Fill, partitions: Partitions, context: Context, state: Mapping[str, Any]
    ) -> None:
        super().__init__(timeline, fill, partitions, context)
        self._seeds = parent_seeds(partitions, context, state)
        self._known: dict[str, _Partition] = {}
        self._reading: dict[str, _Reading] = {}
        self._met: set[str] = set()
        self._count = 0
        self._global: datetime | None = None
        self._lookback = 0
        self._use_global = timeline.one_for_all or not partitions.lasting
        self._parents: Mapping[str, Any] | None = None
        self._load(state)
        self._latest: datetime | None = self._global
        self._saw_records = False
        self._walk = partitions.walk(self._seeds)
        self._parent_states: deque[tuple[int, Mapping[str, Any] | None]] = deque()
        self._exhausted = False
        self._began = time.monotonic()

    async def slices(self) -> AsyncIterator[StreamSlice]:
        self._began = time.monotonic()
        async for partition in self._each_partition():
            key = partition_key(partition.partition)
            if key in self._met:
                self._warn("Some partitions come up more than once; each is read only the first time.")
                continue
            reading = self._begin(key, partition)
            for slice_, last in _with_last(self._slices(partition, reading.partition.progress)):
                reading.open += 1
                reading.complete = last
                yield slice_
            reading.complete = True
            self._settle(key)
        self._exhausted = True
        self._finish()

    def adopt(self, slice_: StreamSlice) -> StreamSlice:
        slice_ = super().adopt(slice_)
        key = partition_key(slice_.partition)
        reading = self._reading.get(key) or self._begin(key, slice_)
        reading.open += 1
        return slice_

    @property
    def parent_states(self) -> Mapping[str, Any] | None:
        return self._walk.states() if self._seeds else None

    def finish(self, parents: Mapping[str, Any] | None, seconds: float) -> None:
        self._exhausted = True
        for key, reading in [*self._reading.items()]:
            reading.complete = True
            self._settle(key)
        self._finish()
        if self._saw_records:
            self._lookback = math.ceil(seconds)
        self._parents = parents or self._parents

    def filter(self, slice_: StreamSlice) -> RecordPredicate | None:
        return self._keeps(self._of(slice_).partition.progress)

    def feed_end(self, slice_: StreamSlice) -> RecordPredicate | None:
        return self._ends_feed(self._of(slice_).partition.progress)

    def close(self, slice_: StreamSlice, observer: Observer | None) -> None:
        self._warn_of_unusable(observer, self._timeline.field)
        reading = self._of(slice_)
        reading.partition.progress.add(self._interval(slice_, observer))
        reading.open -= 1
        self._saw_records |= observer is not None and observer.latest is not None
        self._save(reading.partition)
        self._settle(partition_key(slice_.partition))
        self._finish()

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = {"use_global_cursor": self._use_global}
        if not self._use_global:
            state["states"] = [partition.saved for partition in self._known.values()]
        if self._global is not None:
            state["state"] = {self._timeline.field: self._timeline.write(self._global)}
        state["lookback_window"] = self._lookback
        if self._parents is not None:
            state["parent_state"] = dict(self._parents)
        return state

    async def _each_partition(self) -> AsyncIterator[StreamSlice]:
        if self._seeds and self._walk.states() is None:
            self._warn("With several partition routers the progress of parent streams is not saved.")
        passed = -1
        async for partition in self._walk:
            if self._walk.passed != passed:
                passed = self._walk.passed
                self._parent_states.append((len(self._met), self._walk.states()))
                self._advance_parents()
            yield partition

    def _begin(self, key: str, partition: StreamSlice) -> _Reading:
        if self._count > GLOBAL_ABOVE and not self._use_global:
            self._use_global = True
            message = f"There are more than {GLOBAL_ABOVE} partitions: one state is saved for all of them."
            self._context.log(Level.INFO, message)
        known = self._known.get(key)
        if known is None:
            known = self._partition(partition.partition, self._initial_state())
            self._count += 1
            if not self._use_global:
                self._known[key] = known
        self._reading[key] = _Reading(known, number=len(self._met))
        self._met.add(key)
        return self._reading[key]

    def _settle(self, key: str) -> None:
        """Put a partition aside when all of it was read."""
        reading = self._reading.get(key)
        if reading is None or reading.open or not reading.complete:
            return
        del self._reading[key]
        value = reading.partition.progress.value
        self._latest = value if self._latest is None else max(self._latest, value)
        self._advance_parents()

    def _advance_parents(self) -> None:
        """Take over the states of the parents that belong to partitions which were all read."""
        first_open = next((reading.number for reading in self._reading.values()), len(self._met))
        while self._parent_states and self._parent_states[0][0] <= first_open:
            self._parents = self._parent_states.popleft()[1]

    def _finish(self) -> None:
        """When everything was read, the global value and the parents advance."""
        if not self._exhausted or self._reading:
            return
        if self._saw_records:
            self._global = self._latest
            self._lookback = math.ceil(time.monotonic() - self._began)
        self._parents = self._walk.states()

    def _of(self, slice_: StreamSlice) -> _Reading:
        return self._reading[partition_key(slice_.partition)]

    def _partition(self, values: Mapping[str, Any], state: Mapping[str, Any]) -> _Partition:
        partition = _Partition(dict(values), self._progress(state, values), {})
        self._save(partition)
        return partition

    def _save(self, partition: _Partition) -> None:
        partition.saved = {"partition": partition.values, "cursor": partition.progress.state()}

    def _initial_state(self) -> dict[str, Any]:
        """Where a new partition starts: at the global value, less the time that the last read took
        (Airbyte).
        """
        if self._global is None:
            return {}
        since = earlier(self._global, timedelta(seconds=self._lookback))
        return {self._timeline.field: self._timeline.write(since)}

    def _load(self, state: Mapping[str, Any]) -> None:
        """Take over a saved state; one value alone counts for all partitions."""
        if "states" not in state and "state" not in state:
            self._global = saved_moment(self._timeline, state.get(self._timeline.field))
            return
        try:
            self._use_global = self._use_global or bool(state.get("use_global_cursor"))
            self._lookback = int(state.get("lookback_window") or 0)
            self._parents = state.get("parent_state") or None
            shared = state.get("state") or {}
            self._global = saved_moment(self._timeline, shared.get(self._timeline.field))
            for entry in state.get("states") or []:
                partition = self._partition(entry["partition"], entry["cursor"])
                self._known[partition_key(partition.values)] = partition
        except (KeyError, TypeError, ValueError, AttributeError):
            raise ReadError(
                "The saved state can't be understood: each of its `states` must have a `partition` and a "
                "`cursor`. Correct the state, or remove it to read the stream from its beginning."
            ) from None
        self._count = len(self._known)


def partition_key(partition: Mapping[str, Any]) -> str:
    """Equal for partitions with equal values."""
    return json.dumps(partition, sort_keys=True, default=str)


def _with_last(slices: Iterator[TimeSlice]) -> Iterator[tuple[TimeSlice, bool]]:
    """Each slice, and whether it is the last one."""
    current = next(slices, None)
    while current is not None:
        following = next(slices, None)
        yield current, following is None
        current = following
