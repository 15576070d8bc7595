"""Smaller pages: what is done when the API finds a page too large."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from core.components.paginators import DefaultPaginator
from core.components.request_parts import RequestPath
from core.errors import ReadError
from core.http.policy import RequestFailed
from core.levels import Level
from core.manifest.problems import Path, Problem
from core.runtime.component import Component
from core.runtime.context import Context
from core.runtime.pages import Paginator


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
        """What stands against it in the paginator beside it (Airbyte refuses the same)."""
        if not isinstance(paginator, DefaultPaginator):
            yield _problem("needs a DefaultPaginator")
            return
        strategy = paginator.pagination_strategy
        if paginator.page_size_option is None:
            yield _problem("needs a `page_size_option`, else the API is not told of the size")
        if isinstance(paginator.page_token_option, RequestPath):
            yield _problem("can't be used where the API gives the URL of the next page, which has the page size in it")
        if not strategy.resizable:
            yield _problem("needs OffsetIncrement or CursorPagination: numbered pages of another size are other pages")
            return
        if strategy.page_size is None:
            yield _problem("needs a `page_size` in the pagination strategy")
        elif strategy.page_size.source.isdecimal() and int(strategy.page_size.source) <= self.minimum_page_size:
            yield _problem(f"can't reduce a page size of {strategy.page_size}", ("minimum_page_size",))
        for problem in strategy.lint_smaller_pages():
            yield problem.below("paginator", "pagination_strategy")


@dataclass
class PageSizes:
    """The page size that is asked for in one slice; `current` is None while it is the paginator's own."""

    reduction: PageSizeReduction
    current: int | None = None
    _attempts: int = 0
    _retries: int = 0

    def succeeded(self) -> None:
        """Take note of a page that was not too large."""
        self._attempts = self._retries = 0
        if self.reduction.reset_policy == "AFTER_SUCCESSFUL_PAGE":
            self.current = None

    async def reduce(self, configured: int | None, failure: RequestFailed, context: Context) -> None:
        """Make the pages smaller, and wait. Raises `ReadError` when there is no way to."""
        size = self.current or configured
        if size is None:
            raise ReadError(f"{failure} There is no `page_size` in the pagination strategy that could be reduced.")
        smaller = max(self.reduction.minimum_page_size, int(size // self.reduction.reduction_factor))
        if smaller >= size:
            wait = self._retry(size, failure)
            told = f"The page can't get smaller than {size:,} records; it is asked for again in {wait:g} s."
        else:
            wait = self._shrink(smaller, size, failure)
            told = f"The page is asked for again in {wait:g} s with {smaller:,} records instead of {size:,}."
        context.log(Level.INFO, told)
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


def _problem(message: str, path: Path = ()) -> Problem:
    fields = ("page_size_option", "page_size")
    return Problem(f"`page_size_reduction` {message}", ("page_size_reduction", *path), fields=fields)
