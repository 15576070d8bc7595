"""The time that a stream covers, and how it is cut into windows: a cursor over time with everything
evaluated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from core.templates.datetimes import DatetimeError, format_datetime, parse_datetime

Window = tuple[datetime, datetime]
"""The first and the last moment of what one slice reads; both are included."""


class Span(Protocol):
    """A stretch of time that was read completely."""

    @property
    def start(self) -> datetime:
        """Its first moment."""

    @property
    def end(self) -> datetime:
        """Its last moment."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Where a stream begins and ends in time, and the rules by which it is cut.

    `field` is the record's cursor field; values are read by the first of `input_formats` that fits and
    written in `format`. `step`, `granularity` and `lookback` are durations (a timedelta, or isodate's
    Duration, which adds to dates alike); `clamp` moves a moment up to the beginning of a period. `end` is
    evaluated whenever it is needed. With `strict`, a window whose start equals its end is not read.
    """

    field: str
    format: str
    input_formats: Sequence[str]
    start: datetime
    end: Callable[[], datetime]
    step: timedelta | None = None
    granularity: timedelta | None = None
    lookback: timedelta | None = None
    clamp: Callable[[datetime], datetime] = lambda moment: moment
    strict: bool = False
    bounds: tuple[str, str] = ("start_time", "end_time")
    """The names of a window's start and end in a slice."""
    filters: bool = False
    """Whether records outside of the window are left out here, as the API can't."""
    is_feed: bool = False
    """Whether the API gives the newest records first, so that the first known one is the last of interest."""
    one_for_all: bool = False
    """Whether one time is saved for all partitions."""

    @property
    def origin(self) -> datetime:
        """The first moment that is ever read."""
        return self.clamp(self.start)

    @property
    def unit(self) -> timedelta:
        """The distance at which two windows touch (Airbyte: a millisecond without a granularity)."""
        return self.granularity or timedelta(milliseconds=1)

    def parse(self, value: Any) -> datetime:
        """The moment of a cursor value. Raises `DatetimeError`."""
        for format_ in self.input_formats:
            try:
                return parse_datetime(value, format_)
            except DatetimeError:
                continue
        raise DatetimeError(f"fits none of the date formats {', '.join(self.input_formats)}", value)

    def read(self, text: str) -> datetime:
        """The moment that `write` gave this text for. Raises `DatetimeError`."""
        return parse_datetime(text, self.format)

    def write(self, moment: datetime) -> str:
        """A moment as slices and state write it.

        Where the format names no zone, UTC is what it is read as, and the API may mean its own: the earlier of the two
        clocks passes over nothing. (Airbyte writes the clock of the zone that the moment came with.)
        """
        if "%z" not in self.format:
            in_utc = moment.astimezone(UTC)
            moment = min(moment, in_utc, key=lambda clock: clock.replace(tzinfo=None))
        return format_datetime(moment, self.format)

    def look_back(self, moment: datetime) -> datetime:
        """The moment from which on records are read again when everything up to `moment` was read."""
        return max(earlier(moment, self.lookback), self.start)

    def before(self, moment: datetime) -> datetime:
        """The last moment of a window that ends where one that begins at `moment` begins."""
        return earlier(moment, self.granularity)

    def after(self, moment: datetime) -> datetime:
        """The first moment of a window that follows one that ends at `moment`."""
        return moment if self.granularity is None else moment + self.granularity

    def windows(self, covered: Sequence[Span]) -> Iterator[Window]:
        """Everything between start and end that is not `covered` (in order), cut into windows.

        Windows ascend and don't overlap: each ends one granularity before the next begins; without a
        granularity the end of one is the beginning of the next. The last one ends exactly at the end.
        """
        end = self.end()
        lower = self.start
        for span in covered:
            if span.start > end:
                break
            yield from self._cut(lower, span.start, last=False)
            lower = max(lower, self.after(span.end))
        yield from self._cut(lower, end, last=True)

    def _cut(self, lower: datetime, upper: datetime, last: bool) -> Iterator[Window]:
        """Cut from `lower` up to `upper`, which is itself to be read when this is the `last` part."""
        inclusive = last and self.granularity is not None
        lower = self.clamp(lower)
        if lower == upper and inclusive and not self.strict:
            yield lower, upper
        while lower < upper:
            bound = self._bound(lower, upper, inclusive)
            yield lower, bound if inclusive and bound == upper else self.before(bound)
            lower = bound

    def _bound(self, lower: datetime, upper: datetime, inclusive: bool) -> datetime:
        reach = later(lower, self.step) if self.step is not None else upper
        if reach < upper:
            return self.clamp(reach)
        return upper if inclusive else self.clamp(upper)


def earlier(moment: datetime, duration: timedelta | None) -> datetime:
    """`moment` moved back by a duration, at most to the beginning of time."""
    if duration is None:
        return moment
    try:
        return moment - duration
    except (OverflowError, ValueError):
        return datetime.min.replace(tzinfo=moment.tzinfo)


def later(moment: datetime, duration: timedelta) -> datetime:
    """`moment` moved on by a duration, at most to the end of time."""
    try:
        return moment + duration
    except (OverflowError, ValueError):
        return datetime.max.replace(tzinfo=moment.tzinfo)
