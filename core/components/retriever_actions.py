"""What a synchronous retriever does when a response filter asks for it: smaller pages (REDUCE_PAGE_SIZE), smaller
intervals (SPLIT_REQUEST_WINDOW), or the first page again (RESET_PAGINATION).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from core.components.paginators import NoPagination
from core.errors import ReadError
from core.http.policy import RequestFailed
from core.levels import Level
from core.manifest.problems import Problem
from core.runtime.component import Component, Shown
from core.runtime.context import Context
from core.runtime.cursor import Cursor
from core.runtime.pages import PAGE_SIZE_FIELDS, Paginator
from core.runtime.slices import StreamSlice
from core.templates.datetimes import DatetimeError, parse_duration
from core.wording import slice_name


class PageSizeReduction(Component):
    """Requests the same page with fewer records when a response filter says REDUCE_PAGE_SIZE.

    The waits in between are its own: backoff strategies and Retry-After are not looked at.
    """

    label = "Smaller pages"

    reduction_factor: float = Field(
        2, gt=1, title="Reduction Factor", description="By how much a page size is divided, rounded down."
    )
    minimum_page_size: int = Field(1, ge=1, title="Minimum Page Size", description="Pages never get smaller than this.")
    max_attempts: int = Field(
        5, ge=1, title="Maximum Reduction Attempts", description="Reductions in a row without a page that succeeds."
    )
    backoff_seconds: float = Field(
        0.5, ge=0, title="Backoff Seconds", description="Seconds to wait, times the reductions in a row."
    )
    retries_at_minimum_page_size: int = Field(
        0,
        ge=0,
        title="Retries At Minimum Page Size",
        description="How often a page is requested again when it can't get any smaller.",
    )
    failure_message: str | None = Field(
        None, title="Failure Message", description="What to tell people when no size was small enough."
    )
    reset_policy: Literal["NEVER", "AFTER_SUCCESSFUL_PAGE"] = Field(
        "NEVER",
        title="Reset Policy",
        description="AFTER_SUCCESSFUL_PAGE goes back to the page size of the paginator after a page; NEVER stays.",
    )

    def sizes(self) -> PageSizes:
        """The page sizes of one slice."""
        return PageSizes(self)

    def problems(self, paginator: Paginator | None) -> Iterator[Problem]:
        """What in the paginator rules it out (Airbyte refuses the same)."""
        paginator = paginator or NoPagination()
        for problem in paginator.lint_smaller_pages():
            yield problem.below("paginator" if problem.path else "page_size_reduction")
        size = paginator.reducible_page_size
        if size is not None and size.source.isdecimal() and int(size.source) <= self.minimum_page_size:
            message = f"`page_size_reduction` can't reduce a page size of {size}"
            yield Problem(message, ("page_size_reduction", "minimum_page_size"), fields=PAGE_SIZE_FIELDS)


@dataclass
class PageSizes:
    """The page size that is asked for in one slice; `current` is None while it is the paginator's own."""

    reduction: PageSizeReduction
    current: int | None = None
    _attempts: int = 0
    _retries: int = 0

    def succeeded(self) -> None:
        self._attempts = self._retries = 0
        if self.reduction.reset_policy == "AFTER_SUCCESSFUL_PAGE":
            self.current = None

    async def reduce(self, configured: int | None, failure: RequestFailed, context: Context) -> None:
        size = self.current or configured
        if size is None:
            raise ReadError(f"{failure} There is no `page_size` in the pagination strategy that could be reduced.")
        smaller = max(self.reduction.minimum_page_size, int(size // self.reduction.reduction_factor))
        if smaller >= size:
            wait = self._retry(size, failure)
            message = f"The page can't get smaller than {size:,} records; it is requested again in {wait:g} s."
        else:
            wait = self._shrink(smaller, size, failure)
            message = f"The page is requested again in {wait:g} s with {smaller:,} records instead of {size:,}."
        context.log(Level.INFO, message)
        await context.run.sleep(wait)

    def _shrink(self, smaller: int, size: int, failure: RequestFailed) -> float:
        self._attempts += 1
        if self._attempts > self.reduction.max_attempts:
            reductions = f"{self.reduction.max_attempts} reductions in a row (`max_attempts`)"
            raise self._given_up(failure, f"The page was still refused with {size:,} records, after {reductions}.")
        self.current = smaller
        return self.reduction.backoff_seconds * self._attempts

    def _retry(self, size: int, failure: RequestFailed) -> float:
        if self._retries >= self.reduction.retries_at_minimum_page_size:
            raise self._given_up(failure, f"The page was refused with {size:,} records, and can't get smaller.")
        self._retries += 1
        return self.reduction.backoff_seconds * self._retries

    def _given_up(self, failure: RequestFailed, why: str) -> ReadError:
        advice = (self.reduction.failure_message or "").strip()
        return ReadError(" ".join(filter(None, (str(failure), why, advice))), retryable=True)


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
        message = f"The interval {slice_name(slice_)} is split in two. Records that were read of it may come again."
        context.log(Level.INFO, message)
        return halves


class PaginationResetLimits(Component):
    """After how much the pages start over."""

    label = "Limits"

    number_of_records: int | None = Field(
        None,
        title="Number of records",
        description="Records after which the pages start over; checked after each page.",
    )


class PaginationReset(Component):
    """Starts over with the first page.

    This happens when a response filter says RESET_PAGINATION, and after a number of records, for APIs that
    give only so many of them, however many there are.
    """

    label = "Start over"

    action: Literal["SPLIT_USING_CURSOR", "RESET"] = Field(
        title="Action",
        description="SPLIT_USING_CURSOR goes on at the latest record, which needs an incremental sync and records in "
        "ascending order; RESET reads the same pages once more.",
    )
    limits: PaginationResetLimits | None = Field(
        None, title="Limits", description="When to start over although nothing has failed."
    )

    @property
    def number_of_records(self) -> int | None:
        """Records after which the pages start over."""
        return self.limits.number_of_records if self.limits is not None else None

    def lint(self) -> list[Problem]:
        """A limit lets at least one record through."""
        if self.number_of_records is None or self.number_of_records > 0:
            return []
        return [Problem("`number_of_records` must be at least 1", ("limits", "number_of_records"))]
