"""The cursor over time of a stream without partitions, and what it shares with the one that has them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from core.errors import ReadError
from core.http.request import RequestDraft
from core.runtime.context import Context
from core.runtime.cursor import Cursor, Observer
from core.runtime.cursor_progress import CursorProgress, Interval, saved_moment
from core.runtime.partitions import Partitions
from core.runtime.resumption import Resumption
from core.runtime.slices import RecordPredicate, StreamSlice, slice_key
from core.runtime.timeline import Timeline, Window
from core.templates.datetimes import DatetimeError

Fill = Callable[[RequestDraft, StreamSlice, Mapping[str, Any]], None]
"""Adds to a request what the manifest says of a window; gets the template variables."""


class TimeSlice(StreamSlice):
    """A slice that knows its window exactly, where its texts are only as fine as their format."""

    __slots__ = ("window",)

    def __init__(self, partition: StreamSlice, names: tuple[str, str], texts: tuple[str, str], window: Window) -> None:
        super().__init__(partition.partition, dict(zip(names, texts, strict=True)), extra_fields=partition.extra_fields)
        self.window = window


class TimeCursor(Cursor):
    """What cursors over time have in common: windows, observation, and filtering by time."""

    def __init__(self, timeline: Timeline, fill: Fill, partitions: Partitions, context: Context) -> None:
        super().__init__(partitions, context)
        self._timeline = timeline
        self._fill = fill
        self._names = timeline.bounds
        self._filters = timeline.filters or timeline.is_feed
        self._done = self._windows_done(context.resumption)

    @property
    def is_client_side(self) -> bool:
        return self._timeline.filters

    def observer(self, slice_: StreamSlice) -> Observer:
        return Observer(self._timeline.field, self._timeline.parse)

    def adopt(self, slice_: StreamSlice) -> StreamSlice:
        """The slice with its window. The last window ends at what its text says: as fine as the format."""
        texts = [slice_.cursor_slice.get(name) for name in self._names]
        if not all(isinstance(text, str) for text in texts):
            raise ReadError(f"This is no slice of the stream: it has no {' and no '.join(self._names)}.")
        start, end = (saved_moment(self._timeline, text) for text in texts)
        assert start is not None
        assert end is not None
        return TimeSlice(slice_, self._names, (str(texts[0]), str(texts[1])), (start, end))

    def latest(self, observer: Observer | None) -> Any:
        return None if observer is None or observer.latest is None else self._timeline.write(observer.latest)

    def seen(self, slice_: StreamSlice, latest: Any) -> Observer:
        observer = self.observer(slice_)
        observer.latest = saved_moment(self._timeline, latest)
        return observer

    def narrowed(self, slice_: StreamSlice, observer: Observer | None) -> StreamSlice:
        start, end = self._window(slice_)
        if observer is None or observer.latest is None or observer.latest < start:
            return slice_
        texts = (self._timeline.write(observer.latest), slice_[self._names[1]])
        return TimeSlice(slice_, self._names, texts, (observer.latest, end))

    def halves(self, slice_: StreamSlice, least: timedelta | None) -> tuple[StreamSlice, StreamSlice] | None:
        """The window in two, at a multiple of the granularity (Airbyte: at the same)."""
        unit = self._timeline.granularity
        start, end = (self._timeline.read(slice_[name]) for name in self._names)
        if not isinstance(unit, timedelta) or start >= end or (least is not None and end - start <= least):
            return None
        middle = start + ((end - start) // unit + 1) // 2 * unit
        if not start < middle <= end:
            return None
        return self._part(slice_, start, middle - unit), self._part(slice_, middle, end)

    def _part(self, slice_: StreamSlice, start: datetime, end: datetime) -> TimeSlice:
        return TimeSlice(slice_, self._names, (self._timeline.write(start), self._timeline.write(end)), (start, end))

    def fill(
        self,
        draft: RequestDraft,
        slice_: StreamSlice,
        variables: Mapping[str, Any],
        additions: Sequence[RequestDraft],
    ) -> None:
        self._fill(draft, slice_, variables)
        super().fill(draft, slice_, variables, additions)

    def _progress(self, state: Mapping[str, Any], partition: Mapping[str, Any] | None = None) -> CursorProgress:
        """How far a partition was read: what the state says, and what a run that is gone on with has read since."""
        progress = CursorProgress(self._timeline, state, gaps=not self._filters)
        for window in self._done.get(slice_key(partition), ()) if self._done else ():
            progress.add(Interval(*window))
        return progress

    def _windows_done(self, resumption: Resumption | None) -> Mapping[bytes, list[Window]]:
        """The windows that need not be read again, by their partition."""
        found: dict[bytes, list[Window]] = {}
        if resumption is None or not resumption.done:
            return found
        last = self._timeline.end()
        for slice_ in resumption.done:
            partition = dict(slice_)
            texts = [partition.pop(name, None) for name in self._names]
            if None not in texts:
                start, end = map(self._timeline.read, map(str, texts))
                end = last if texts[1] == self._timeline.write(last) else end
                found.setdefault(slice_key(partition), []).append((start, end))
        return found

    def _slices(self, partition: StreamSlice, progress: CursorProgress) -> Iterator[TimeSlice]:
        for window in self._timeline.windows(progress.covered):
            texts = (self._timeline.write(window[0]), self._timeline.write(window[1]))
            yield TimeSlice(partition, self._names, texts, window)

    def _interval(self, slice_: StreamSlice, observer: Observer | None) -> Interval:
        latest: datetime | None = None if observer is None else observer.latest
        return Interval(*self._window(slice_), latest)

    def _window(self, slice_: StreamSlice) -> Window:
        if isinstance(slice_, TimeSlice):
            return slice_.window
        start, end = (self._timeline.parse(slice_[name]) for name in self._names)
        return start, end

    def _keeps(self, progress: CursorProgress) -> RecordPredicate | None:
        """Keeps what lies between the state (less the lookback window) and the end, and what has no usable
        value.
        """
        if not self._filters:
            return None
        lower, upper = self._timeline.look_back(progress.since), self._timeline.end()
        field, parse = self._timeline.field, self._timeline.parse

        def keep(record: Mapping[str, Any]) -> bool:
            try:
                return lower <= parse(record.get(field)) <= upper
            except DatetimeError:
                return True

        return keep

    def _ends_feed(self, progress: CursorProgress) -> RecordPredicate | None:
        if not self._timeline.is_feed:
            return None
        lower = self._timeline.look_back(progress.since)
        field, parse = self._timeline.field, self._timeline.parse

        def is_older(record: Mapping[str, Any]) -> bool:
            try:
                return parse(record.get(field)) < lower
            except DatetimeError:
                return False

        return is_older


class SingleTimeCursor(TimeCursor):
    """The cursor over time of a stream without partitions. Raises `ReadError` for a state that it can't
    read.
    """

    def __init__(
        self, timeline: Timeline, fill: Fill, partitions: Partitions, context: Context, state: Mapping[str, Any]
    ) -> None:
        super().__init__(timeline, fill, partitions, context)
        self._read = self._progress(state)

    async def slices(self) -> AsyncIterator[StreamSlice]:
        for slice_ in self._slices(StreamSlice(), self._read):
            yield slice_

    def filter(self, slice_: StreamSlice) -> RecordPredicate | None:
        return self._keeps(self._read)

    def feed_end(self, slice_: StreamSlice) -> RecordPredicate | None:
        return self._ends_feed(self._read)

    def close(self, slice_: StreamSlice, observer: Observer | None) -> None:
        self._warn_of_unusable(observer, self._timeline.field)
        self._read.add(self._interval(slice_, observer))

    def finish(self, parents: Mapping[str, Any] | None, seconds: float) -> None:
        """The state does not depend on it."""

    def state(self) -> dict[str, Any]:
        """`{cursor field: value}`, or a list of intervals while there are gaps."""
        return self._read.state()
