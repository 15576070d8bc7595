"""Pagination: how the next page is found and asked for.

The components are immutable; `Pages` is the walk over the pages of one slice.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from zlib import crc32

import httpx
from pydantic import Field

from core.components.base import AsText, Gives
from core.components.context import Context
from core.components.page_progress import Progress, Seen
from core.components.partition_routers.evaluation import whole_number_of
from core.components.request_options import RequestOption, RequestPath
from core.components.roles import PaginationStrategy, Paginator
from core.components.template_errors import readable
from core.errors import ReadError
from core.http.request import Draft
from core.manifest.problems import Problem
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


class Strategy(PaginationStrategy, role=True):
    """What the strategies have in common."""

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


class PageIncrement(Strategy):
    """Numbered pages; the first page that is not full is the last."""

    start_from_page: int = Field(
        0, title="Start From Page", description="The number of the first page, usually 0 or 1."
    )
    inject_on_first_request: bool = Field(
        False,
        title="Inject Page Number on First Request",
        description="Send the number of the first page too.",
    )

    def first(self) -> int | None:
        """The first number, if it is to be sent."""
        return self.start_from_page if self.inject_on_first_request else None

    def following(self, token: Any, page: Page, context: Context) -> int | None:
        """The next number."""
        if self._is_last(page, context):
            return None
        return (self.start_from_page if token is None else int(token)) + 1


class OffsetIncrement(Strategy):
    """Pages found by how many records come before them; the first page that is not full is the last."""

    inject_on_first_request: bool = Field(
        False,
        title="Inject Offset on First Request",
        description="Send the offset 0 with the first request too.",
    )

    def first(self) -> int | None:
        """Zero, if it is to be sent."""
        return 0 if self.inject_on_first_request else None

    def following(self, token: Any, page: Page, context: Context) -> int | None:
        """The number of records that were in the pages so far."""
        return None if self._is_last(page, context) else (token or 0) + page.found


class CursorPagination(Strategy):
    """Each response tells where the next page is: a token, an id, or a URL."""

    label = "Cursor"

    cursor_value: Annotated[Template, Gives(*RESPONSE_VARIABLES)] = Field(
        title="Cursor Value",
        description="The token of the next page, such as {{ response.next }} or "
        "{{ headers['link']['next']['url'] }}; an empty one means that this page is the last.",
    )
    stop_condition: Annotated[Condition | None, Gives(*RESPONSE_VARIABLES)] = Field(
        None, title="Stop Condition", description="True when a page is the last one."
    )

    def lint(self) -> list[Problem]:
        """`page_size` is known to templates only when it is set."""
        templates = {"cursor_value": self.cursor_value, "stop_condition": self.stop_condition}
        return [
            Problem(f"`{name}` uses `page_size`, which is not set here", (name,), hint="set `page_size`")
            for name, template in templates.items()
            if self.page_size is None and template is not None and "page_size" in template.variables
        ]

    def _templates(self) -> Sequence[Template | Condition | None]:
        return (self.page_size, self.cursor_value, self.stop_condition)

    def first(self) -> None:
        """The first page needs no token."""

    def following(self, token: Any, page: Page, context: Context) -> Any:
        """The token that the response gives."""
        scope = context.scope(
            self,
            response=page.body,
            headers=PageHeaders(page.response),
            last_record=page.last_record,
            last_page_size=page.kept,
            page_size=self.size_of(page, context),
        )
        with readable():
            if self.stop_condition is not None and self.stop_condition.evaluate(scope):
                return None
            return self.cursor_value.evaluate(scope)


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

    def fill(self, draft: Draft, variables: Mapping[str, Any]) -> None:
        """Add to a request what asks for the page."""

    def advance(self, page: Page) -> bool:
        """Go on to the next page; False when there is none.

        `page` is the one that was just read. Raises `ReadError`.
        """
        return False


class NoPagination(Paginator):
    """There is one page."""

    def start(self, context: Context) -> Pages:
        """A walk over one page."""
        return Pages()


class DefaultPaginator(Paginator):
    """Asks for one page after the other."""

    pagination_strategy: PaginationStrategy = Field(
        title="Pagination Strategy", description="How the token of the next page is found."
    )
    page_size_option: RequestOption | None = Field(
        None, title="Inject Page Size", description="Where the page size is put into requests."
    )
    page_token_option: RequestOption | RequestPath | None = Field(
        None,
        title="Inject Page Token",
        description="Where the token is put into requests; or it is their path.",
    )

    def lint(self) -> list[Problem]:
        """A page size can be sent only where the strategy has one (Airbyte refuses that too)."""
        strategy = self.pagination_strategy
        if self.page_size_option is None or not isinstance(strategy, Strategy) or strategy.page_size is not None:
            return []
        message = "`page_size_option` needs a `page_size` in the pagination strategy"
        return [Problem(message, ("page_size_option",), hint="set `page_size` there, or remove the option")]

    def start(self, context: Context) -> Pages:
        """A walk over the pages of the slice of `context`. Raises `ReadError`."""
        if not isinstance(self.pagination_strategy, Strategy):
            kind = getattr(self.pagination_strategy, "written_type", "")
            raise ReadError(f"Longhaul can't run pagination strategies of type {kind}.")
        return StrategyPages(self, self.pagination_strategy, context)


class StrategyPages(Pages):
    """The walk of a DefaultPaginator."""

    compares = True

    def __init__(self, paginator: DefaultPaginator, strategy: Strategy, context: Context) -> None:
        self._paginator = paginator
        self._strategy = strategy
        self._context = context
        self.token = strategy.first()
        self.looks_into_body = strategy.looks_into_body
        option = paginator.page_token_option
        carrier = "the token, which is sent nowhere," if option is None else option.describe(context.scope(option))
        self._progress = Progress(context, carrier)

    @property
    def configured_size(self) -> int | None:
        """How many records the strategy says to ask for. Raises `ReadError`."""
        return self._strategy.size(self._context, response={})

    def fill(self, draft: Draft, variables: Mapping[str, Any]) -> None:
        """Add the token and the page size where the options say."""
        option, size_option = self._paginator.page_token_option, self._paginator.page_size_option
        if option is not None and self.token is not None:
            option.inject(draft, self.token, variables)
        if size_option is not None:
            size = self.size or self.configured_size
            if size:
                size_option.inject(draft, size, variables)

    def advance(self, page: Page) -> bool:
        """Go on to the next page; False when there is none. Raises `ReadError` when that leads nowhere."""
        token = self._strategy.following(self.token, page, self._context)
        if not token:
            return False
        self._progress.check(self.token, page.seen, token)
        self.token = token
        return True
