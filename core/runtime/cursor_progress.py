"""How far a stream, or one partition of it, was read: covered intervals of time, and the state for that.

The rule: the state value is the latest cursor value of the first contiguous interval that was read.
Intervals that were read and held nothing (a skipped job, say) count as read. A value beyond the end of
the interval that it was found in counts as the moment after that end: the state never passes what was
asked for. When intervals are finished while one before them is not, the state lists the intervals, in a
shape that Airbyte accepts, so that only the gap is read again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from core.errors import ReadError
from core.runtime.timeline import Timeline
from core.templates.datetimes import DatetimeError

STATE_TYPES = ("date-range", "integer")
LATEST = "most_recent_cursor_value"


@dataclass(slots=True)
class Interval:
    """Time that was read completely, both ends included, and the latest cursor value found there."""

    start: datetime
    end: datetime
    latest: datetime | None = None


class CursorProgress:
    """The intervals of a timeline that were read.

    `state` is what an earlier read saved: `{field: value}`, or intervals; a state that can't be
    understood raises `ReadError`. With `gaps` false the state is always of the first form. `since` is the
    value at the beginning; `covered` ascends, and its intervals don't touch.
    """

    def __init__(self, timeline: Timeline, state: Mapping[str, Any], gaps: bool = True) -> None:
        self._timeline = timeline
        self._gaps = gaps
        if state.get("state_type") in STATE_TYPES:
            self._kept: dict[str, Any] = {}
            covered = self._read_intervals(state.get("slices") or [])
            self.since = self._value_of(covered) or timeline.start
            self.covered = self._uncover(covered)
        else:
            self._kept = dict(state)
            self.since = self._read_value(state.get(timeline.field))
            prior = Interval(timeline.start, self.since, self.since)
            self.covered = self._uncover([prior])

    @property
    def value(self) -> datetime:
        """The cursor value up to which everything was read."""
        return max(self.since, self._value_of(self.covered) or self.since)

    def add(self, interval: Interval) -> None:
        """Note that an interval was read completely."""
        if interval.latest is not None:
            limit = self._timeline.after(interval.end)
            interval = replace(interval, latest=min(interval.latest, limit))
        self.covered = self._merge([*self.covered, interval])

    def state(self) -> dict[str, Any]:
        """The state as Airbyte shapes it."""
        ahead = self._ahead() if self._gaps else []
        if not ahead:
            return {**self._kept, self._timeline.field: self._timeline.write(self.value)}
        if self._reaches_origin(self.covered) and self.covered[0].start <= self.covered[0].end:
            ahead.insert(0, replace(self.covered[0], latest=self.value))
        return {"state_type": "date-range", "slices": [self._write_interval(interval) for interval in ahead]}

    def _ahead(self) -> list[Interval]:
        """The intervals after the first gap. The last one ends with its latest value, so that, as always,
        the time after the latest record is read again.
        """
        ahead = self.covered[1:] if self._reaches_origin(self.covered) else list(self.covered)
        while ahead:
            last = ahead.pop()
            if last.latest is not None and last.latest >= last.start:
                return [*ahead, replace(last, end=min(last.end, last.latest))]
        return []

    def _uncover(self, covered: Sequence[Interval]) -> list[Interval]:
        """What remains covered when the last value, and the lookback window before it, are to be read again.

        With clamping, reading goes on at the next period: the time up to there counts as covered. Where it goes on
        less than a granularity after the beginning, what is covered ends before it began.
        """
        if not covered:
            return []
        timeline = self._timeline
        again = timeline.clamp(timeline.look_back(covered[-1].end))
        until = timeline.before(again)
        cut = [replace(part, end=min(part.end, until)) for part in covered[:-1]]
        cut.append(replace(covered[-1], end=until))
        first = cut[:1] if self._reaches_origin(cut) else []
        return first + [part for part in cut[len(first) :] if part.start <= part.end]

    def _merge(self, intervals: Sequence[Interval]) -> list[Interval]:
        merged: list[Interval] = []
        for interval in sorted(intervals, key=lambda part: (part.start, part.end)):
            if merged and merged[-1].end + self._timeline.unit >= interval.start:
                last = merged[-1]
                latest = max(filter(None, (last.latest, interval.latest)), default=None)
                merged[-1] = Interval(last.start, max(last.end, interval.end), latest)
            else:
                merged.append(interval)
        return merged

    def _reaches_origin(self, covered: Sequence[Interval]) -> bool:
        return bool(covered) and covered[0].start <= self._timeline.origin

    def _value_of(self, covered: Sequence[Interval]) -> datetime | None:
        if not self._reaches_origin(covered):
            return None
        return max(covered[0].latest or covered[0].start, self._timeline.start)

    def _read_value(self, value: Any) -> datetime:
        saved = saved_moment(self._timeline, value)
        return self._timeline.start if saved is None else max(saved, self._timeline.start)

    def _read_intervals(self, written: Sequence[Mapping[str, Any]]) -> list[Interval]:
        try:
            return self._merge([self._read_interval(part) for part in written])
        except (KeyError, TypeError, AttributeError):
            raise ReadError(
                "The saved state can't be understood: each of its `slices` must have a `start` and an `end`. "
                "Correct the state, or remove it to read the stream from its beginning."
            ) from None

    def _read_interval(self, part: Mapping[str, Any]) -> Interval:
        start, end = (_saved_bound(self._timeline, part[key]) for key in ("start", "end"))
        return Interval(start, end, saved_moment(self._timeline, part.get(LATEST)))

    def _write_interval(self, interval: Interval) -> dict[str, Any]:
        written = {"start": interval.start, "end": interval.end, LATEST: interval.latest}
        return {key: self._timeline.write(moment) for key, moment in written.items() if moment is not None}


def saved_moment(timeline: Timeline, value: Any) -> datetime | None:
    """The moment of a value in a saved state; None without one. Raises `ReadError`."""
    if value is None or value == "":
        return None
    try:
        return timeline.parse(value)
    except DatetimeError as error:
        raise ReadError(
            f"The saved state can't be understood: {error}. Correct the formats of the cursor, or remove the "
            "state to read the stream from its beginning."
        ) from None


def _saved_bound(timeline: Timeline, value: Any) -> datetime:
    moment = saved_moment(timeline, value)
    if moment is None:
        raise KeyError
    return moment
