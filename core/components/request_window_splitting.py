"""Smaller intervals: what is done when the API finds too much in one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from core.errors import ReadError
from core.http.policy import RequestFailed
from core.levels import Level
from core.manifest.problems import Problem
from core.runtime.component import Component, Shown
from core.runtime.context import Context
from core.runtime.cursor import Cursor
from core.runtime.slices import StreamSlice
from core.templates.datetimes import DatetimeError, parse_duration
from core.wording import slice_name

MOST_SPLITS = 10
"""How often an interval is halved, and its halves, at most (Airbyte)."""


class RequestWindowSplitting(Component):
    """Reads the two halves of an interval in its place when a response filter says SPLIT_REQUEST_WINDOW.

    The incremental sync needs a cursor granularity. Records that were read of the interval before may come
    again.
    """

    label = "Smaller intervals"

    failure_message: str | None = Field(
        None, title="Failure Message", description="What to tell people when no interval was small enough."
    )
    min_split_window: Annotated[str | None, Shown(editor="duration")] = Field(
        None,
        title="Minimum Split Window",
        description="Intervals of this length, such as P1D, or shorter are not split.",
    )

    def lint(self) -> list[Problem]:
        """The least length is one that can be compared (Airbyte: the same)."""
        try:
            least = self.least
        except DatetimeError as error:
            return [Problem(str(error), ("min_split_window",))]
        if self.min_split_window is None or (isinstance(least, timedelta) and least > timedelta()):
            return []
        message = "`min_split_window` must be longer than nothing, in weeks, days, hours, minutes and seconds"
        return [Problem(message, ("min_split_window",))]

    @property
    def least(self) -> timedelta | None:
        """The length of an interval that is not split. Raises `DatetimeError`."""
        return parse_duration(self.min_split_window) if self.min_split_window else None

    def halves(
        self, failure: RequestFailed, context: Context, cursor: Cursor | None, depth: int
    ) -> Sequence[StreamSlice]:
        """The slices in the place of the one that was refused. Raises `ReadError` when it can't be split."""
        slice_ = context.slice or StreamSlice()
        halves = cursor.halves(slice_, self.least) if cursor is not None and depth < MOST_SPLITS else None
        if halves is None:
            advice = (self.failure_message or "").strip()
            words = (str(failure), f"The interval {slice_name(slice_)} can't be split any further.", advice)
            raise ReadError(" ".join(filter(None, words)), retryable=True)
        told = f"The interval {slice_name(slice_)} is split in two. Records that were read of it may come again."
        context.log(Level.INFO, told)
        return halves
