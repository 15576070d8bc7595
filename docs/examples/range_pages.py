"""A paginator: pages are asked for with a Range header, as in `Range: items=0-99`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from core.http.request import RequestDraft
from core.manifest.problems import Problem
from core.runtime.context import Context
from core.runtime.pages import Page, Pages, Paginator


class RangePaginator(Paginator):
    """Asks for a range of records at a time, until fewer come than were asked for."""

    label = "Range header"
    portable = False

    unit: str = Field("items", title="Unit", description="The range unit of the API, such as `items`.")
    size: int = Field(100, title="Page Size", description="How many records to ask for at a time.")

    def start(self, context: Context) -> Pages:
        return RangePages(self)

    def lint(self) -> list[Problem]:
        return [] if self.size > 0 else [Problem("a page needs room for at least one record", ("size",))]


class RangePages(Pages):
    """The walk over the pages of one slice. `token` is the number of the next record, None for the first page."""

    token: int | None = None

    def __init__(self, paginator: RangePaginator) -> None:
        self._paginator = paginator

    def fill(self, draft: RequestDraft, variables: Mapping[str, Any]) -> None:
        first = self.token or 0
        draft.add_header("Range", f"{self._paginator.unit}={first}-{first + self._paginator.size - 1}")

    def advance(self, page: Page) -> bool:
        self.token = (self.token or 0) + page.found
        return page.found == self._paginator.size
