"""Pages: what is known of one that was read, the walk from one to the next with the components that guide it, and how
a walk that leads nowhere is noticed.
"""

from __future__ import annotations

from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar
from zlib import crc32

import httpx
from pydantic import Field

from core.errors import ReadError
from core.http.request import RequestDraft
from core.levels import Level
from core.manifest.problems import Problem
from core.runtime.component import AsText, Component, Gives
from core.runtime.context import Context, whole_number_of
from core.templates import Condition, Template

RESPONSE_VARIABLES = ("response", "headers", "last_record", "last_page_size", "page_size")


class PageHeaders(Mapping[str, Any]):
    """The headers of a response, as templates see them: names in upper or lower case, `link` taken apart.

    `headers['link']` maps each relation to its parts, as in `headers['link']['next']['url']`.
    """

    def __init__(self, response: httpx.Response) -> None:
        self._headers: dict[str, Any] = {name.lower(): value for name, value in response.headers.items()}
        self._headers["link"] = response.links

    def __getitem__(self, name: str) -> Any:
        return self._headers[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._headers)

    def __len__(self) -> int:
        return len(self._headers)


@dataclass(frozen=True, slots=True)
class Page:
    """A page that was read.

    `body` is the first decoded element, `found` counts the records in it, `kept` those that passed the
    filter; `last_record` is the last of these.
    """

    response: httpx.Response
    body: Any
    found: int
    last_record: Mapping[str, Any] | None
    kept: int
    size: int | None = None
    """How many records were requested, where that is fewer than the strategy requests."""
    first_record: Mapping[str, Any] | None = None
    """The first of the kept ones."""
    digest: int | None = None
    """A checksum of the body, where `response` does not hold it."""

    @property
    def fingerprint(self) -> PageFingerprint:
        """What distinguishes it from other pages."""
        digest = crc32(self.response.content) if self.digest is None else self.digest
        return PageFingerprint(digest, self.found, self.kept, self.first_record, self.last_record)


class Pages:
    """The walk over the pages of one slice. This one ends after the first page."""

    token: Any = None
    """The token with which the next request is made; None: without one."""
    looks_into_body: bool = False
    """Whether `advance` needs the decoded body."""
    compares: bool = False
    """Whether `advance` compares a page with others."""
    needs_response: bool = False
    """Whether `advance` needs the response itself, with its body."""
    size: int | None = None
    """How many records are requested, where that is fewer than the paginator requests."""

    @property
    def configured_size(self) -> int | None:
        """How many records the paginator requests. Raises `ReadError`."""
        return None

    def fill(self, draft: RequestDraft, variables: Mapping[str, Any]) -> None:
        """Add to a request what selects the page."""

    def advance(self, page: Page) -> bool:
        """Go on to the next page; False when there is none.

        `page` is the one that was just read. Raises `ReadError`.
        """
        return False

    async def go_on(self, page: Page) -> bool:
        """The same where finding the next page may take time."""
        return self.advance(page)


PAGE_SIZE_FIELDS = ("page_size_option", "page_size")
"""Keys that messages about smaller pages name."""


class Paginator(Component, role=True):
    """Walks the pages of a response."""

    @abstractmethod
    def start(self, context: Context) -> Pages:
        """A walk over the pages of the slice of `context`. Raises `ReadError`."""

    async def open(self, context: Context) -> Pages:
        """The same where finding the first page may take time."""
        return self.start(context)

    @property
    def reducible_page_size(self) -> Template | None:
        """The page size as it is written, where pages can be requested with fewer records."""
        return None

    def lint_smaller_pages(self) -> list[Problem]:
        """What may go wrong when pages are requested with fewer records, or why they can't be.

        Paths are relative to the paginator; a problem without one is shown at the `page_size_reduction` beside it.
        """
        return [Problem("`page_size_reduction` needs a DefaultPaginator", fields=PAGE_SIZE_FIELDS)]


class PaginationStrategy(Component, role=True):
    """Computes the token of the next page."""

    resizable: ClassVar[bool] = False
    """Whether the pages that follow are the same when one was requested with fewer records."""
    has_size_in_code: ClassVar[bool] = False
    """Whether its code says how many records a full page has, rather than `page_size`."""

    page_size: Annotated[Template | None, AsText(numbers=True), Gives("response")] = Field(
        None, title="Page Size", description="How many records a full page has."
    )

    @abstractmethod
    def first(self) -> Any:
        """The token of the first page; None: it is asked for without one."""

    @property
    def needs_response(self) -> bool:
        """Whether the response of a page is needed to find the next one, with its body."""
        return False

    def in_read(self, context: Context) -> PaginationStrategy:
        """The strategy for one walk."""
        return self

    @abstractmethod
    def following(self, token: Any, page: Page, context: Context) -> Any:
        """The token of the page after `page`, which was asked for with `token`; falsy: there is none.

        Raises `ReadError`.
        """

    def size(self, context: Context, **more: Any) -> int | None:
        """How many records a full page has, where that is said. Raises `ReadError`."""
        return whole_number_of(self.page_size, context.scope(self, **more), "page_size")

    def size_of(self, page: Page, context: Context) -> int | None:
        """How many records the page has when it is full, where that is said. Raises `ReadError`."""
        return page.size or self.size(context, response=page.body)

    def lint_smaller_pages(self) -> list[Problem]:
        """What may go wrong when pages are requested with fewer records; paths are relative to the strategy."""
        return []

    @property
    def looks_into_body(self) -> bool:
        """Whether the decoded body of a page is needed to find the next one."""
        return any(template is not None and "response" in template.variables for template in self._templates())

    def _templates(self) -> Sequence[Template | Condition | None]:
        return (self.page_size,)


SAME_BODIES = 3
"""Bodies in a row that are the same: with different records in it, that is no chance."""
SAME_RECORDS = 5
"""Pages in a row with the same first and last record, in bodies that differ in something else."""
SAME_SINGLE_RECORDS = 20
"""Pages of one record in a row that are the same."""
SAME_UNIFORM_RECORDS = 1_000
"""Pages in a row that are the same and whose records are all alike."""
EMPTY_PAGES = 100
_REMEMBERED = 10_000
"""Steps of a walk that are remembered, as one number each, to find circles."""


@dataclass(frozen=True, slots=True)
class PageFingerprint:
    """What identifies a page: a checksum of its body, and the records found and kept."""

    digest: int
    found: int
    kept: int
    first: Any
    last: Any

    def has_records_of(self, other: PageFingerprint) -> bool:
        """Whether the records seem to be the same."""
        mine, theirs = (
            (self.found, self.kept, self.first, self.last),
            (other.found, other.kept, other.first, other.last),
        )
        return self.kept > 1 and mine == theirs

    @property
    def is_single(self) -> bool:
        """Whether it holds too little for a few repetitions to prove anything."""
        return self.found == 1 or self.kept == 0

    @property
    def is_uniform(self) -> bool:
        """Whether its records are all alike, so that pages can't be distinguished."""
        return self.kept > 1 and self.first == self.last


@dataclass
class PagingProgress:
    """Looks at each page of a walk. `parameter` describes what carries the token."""

    context: Context
    parameter: str
    _before: PageFingerprint | None = None
    _same_bodies: int = 1
    _same_records: int = 1
    _empty: int = 0
    _steps: OrderedDict[int, None] = field(default_factory=OrderedDict)

    def check(self, asked: Any, page: PageFingerprint, following: Any) -> None:
        """Raise `ReadError` when the next page, to be asked for with `following`, will be none that is new.

        `asked` is the token with which `page` was asked for.
        """
        self._check_repetition(page, self._before)
        self._check_circle((str(asked), page.digest, page.found, str(following)))
        self._warn_of_empty_pages(page)
        self._before = page

    def _check_repetition(self, page: PageFingerprint, before: PageFingerprint | None) -> None:
        if before is None or not page.found:
            self._same_bodies = self._same_records = 1
            return
        self._same_bodies = self._same_bodies + 1 if page.digest == before.digest else 1
        self._same_records = self._same_records + 1 if page.has_records_of(before) else 1
        if page.is_uniform:
            enough = self._same_bodies >= SAME_UNIFORM_RECORDS
        elif page.is_single:
            enough = self._same_bodies >= SAME_SINGLE_RECORDS
        else:
            enough = self._same_bodies >= SAME_BODIES or self._same_records >= SAME_RECORDS
        if enough:
            times = max(self._same_bodies, self._same_records)
            raise ReadError(
                f"The pagination makes no progress: {times} times in a row the API returned the same page, whatever "
                f"{self.parameter} said. It does not seem to know that. Check `page_token_option` of the paginator "
                "against the API's documentation."
            )

    def _check_circle(self, step: Hashable) -> None:
        """A step that was made before, with the same page, would be repeated for ever."""
        made = hash(step)
        if made in self._steps:
            raise ReadError(
                "The pagination makes no progress: the API returned a page that it had returned before, and the same "
                f"token for the next one. Check {self.parameter} and `cursor_value` of the paginator, or add a "
                "`stop_condition`."
            )
        self._steps[made] = None
        if len(self._steps) > _REMEMBERED:
            self._steps.popitem(last=False)

    def _warn_of_empty_pages(self, page: PageFingerprint) -> None:
        """Airbyte goes on as long as there is a token; so do we, with a warning."""
        self._empty = 0 if page.found else self._empty + 1
        if self._empty >= EMPTY_PAGES and str(self._empty).strip("0") == "1":
            self.context.log(
                Level.WARNING,
                f"{self._empty:,} pages in a row have had no records, and each one names a next page. If that is the "
                "end of the data, add a `stop_condition` to the paginator.",
            )
