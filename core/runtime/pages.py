"""Pages: what is known of one that was read, the walk from one to the next, and the components that guide it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from zlib import crc32

import httpx
from pydantic import Field

from core.http.request import RequestDraft
from core.runtime.component import AsText, Component, Gives
from core.runtime.context import Context
from core.runtime.evaluation import whole_number_of
from core.runtime.page_progress import Seen
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
    """How many records were asked for, where that is fewer than the strategy says."""
    first_record: Mapping[str, Any] | None = None
    """The first of the kept ones."""
    digest: int | None = None
    """A number that tells this body from others, where `response` does not hold it."""

    @property
    def seen(self) -> Seen:
        """What tells it from other pages."""
        digest = crc32(self.response.content) if self.digest is None else self.digest
        return Seen(digest, self.found, self.kept, self.first_record, self.last_record)


class Pages:
    """The walk over the pages of one slice. This one ends after the first page."""

    token: Any = None
    """The token with which the next request is made; None: without one."""
    looks_into_body: bool = False
    """Whether `advance` needs the decoded body."""
    compares: bool = False
    """Whether `advance` compares a page with others."""
    size: int | None = None
    """How many records are asked for, where that is fewer than the paginator says."""

    @property
    def configured_size(self) -> int | None:
        """How many records the paginator says to ask for. Raises `ReadError`."""
        return None

    def fill(self, draft: RequestDraft, variables: Mapping[str, Any]) -> None:
        """Add to a request what asks for the page."""

    def advance(self, page: Page) -> bool:
        """Go on to the next page; False when there is none.

        `page` is the one that was just read. Raises `ReadError`.
        """
        return False


class Paginator(Component, role=True):
    """Walks the pages of a response."""

    @abstractmethod
    def start(self, context: Context) -> Pages:
        """A walk over the pages of the slice of `context`. Raises `ReadError`."""


class PaginationStrategy(Component, role=True):
    """Computes the token of the next page."""

    page_size: Annotated[Template | None, AsText(numbers=True), Gives("response")] = Field(
        None, title="Page Size", description="How many records a full page has."
    )

    @abstractmethod
    def first(self) -> Any:
        """The token of the first page; None: it is asked for without one."""

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

    @property
    def looks_into_body(self) -> bool:
        """Whether the decoded body of a page is needed to find the next one."""
        return any(template is not None and "response" in template.variables for template in self._templates())

    def _templates(self) -> Sequence[Template | Condition | None]:
        return (self.page_size,)

    def _is_last(self, page: Page, context: Context) -> bool:
        size = self.size_of(page, context)
        return page.found == 0 or bool(size and page.found < size)
