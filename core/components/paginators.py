"""Pagination: how the next page is found and asked for.

The components are immutable; `core.runtime.pages.Pages` is the walk over the pages of one slice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from core.components.request_parts import RequestOption, RequestPath
from core.http.request import RequestDraft
from core.manifest.problems import Problem, Severity
from core.runtime.component import Gives, Shown, Unsupported
from core.runtime.context import Context, readable
from core.runtime.pages import (
    PAGE_SIZE_FIELDS,
    RESPONSE_VARIABLES,
    Page,
    PageHeaders,
    Pages,
    PaginationStrategy,
    Paginator,
    PagingProgress,
)
from core.templates import Condition, Template

StopOn = Annotated[
    Literal["short_page", "empty_page"],
    Shown(advanced=True, ours=True),
    Field(
        title="Stop On",
        description="The page after which no more are requested: `short_page`, the first one with fewer records than "
        "the page size, or `empty_page`, the first one without records. The latter is for APIs whose pages aren't "
        "always full, for example because they leave out what the user may not see.",
    ),
]


class CountingStrategy(PaginationStrategy, role=True):
    """Counts pages or records; the last page is recognized by how many records it has."""

    stop_on: StopOn = "short_page"

    def _is_last(self, page: Page, context: Context) -> bool:
        if self.stop_on == "empty_page":
            return page.found == 0
        size = self.size_of(page, context)
        return page.found == 0 or bool(size and page.found < size)


class PageIncrement(CountingStrategy):
    """Numbered pages; the first page that is not full is the last."""

    label = "Page numbers"

    start_from_page: int = Field(
        0, title="Start From Page", description="The number of the first page, usually 0 or 1."
    )
    inject_on_first_request: bool = Field(
        False,
        title="Inject Page Number on First Request",
        description="Send the number of the first page too.",
    )

    def first(self) -> int | None:
        return self.start_from_page if self.inject_on_first_request else None

    def following(self, token: Any, page: Page, context: Context) -> int | None:
        if self._is_last(page, context):
            return None
        return (self.start_from_page if token is None else int(token)) + 1


class OffsetIncrement(CountingStrategy):
    """Pages found by how many records come before them; the first page that is not full is the last."""

    label = "Record offsets"

    resizable: ClassVar[bool] = True

    inject_on_first_request: bool = Field(
        False,
        title="Inject Offset on First Request",
        description="Send the offset 0 with the first request too.",
    )

    def first(self) -> int | None:
        return 0 if self.inject_on_first_request else None

    def following(self, token: Any, page: Page, context: Context) -> int | None:
        """The number of records that were in the pages so far."""
        return None if self._is_last(page, context) else (token or 0) + page.found


class CursorPagination(PaginationStrategy):
    """Each response tells where the next page is: a token, an id, or a URL."""

    label = "Next page from the answer"
    resizable: ClassVar[bool] = True

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
            Problem(
                f"`{name}` uses `page_size`, which is not set here",
                (name,),
                hint="set `page_size`",
                fields=("page_size",),
            )
            for name, template in templates.items()
            if self.page_size is None and template is not None and "page_size" in template.variables
        ]

    def lint_smaller_pages(self) -> list[Problem]:
        """A stop condition may take a full but smaller page for the last one."""
        condition = self.stop_condition
        if condition is None or "last_page_size" not in condition.variables:
            return []
        if "page_size" in condition.variables or "== 0" in condition.source:
            return []
        message = "compare `last_page_size` with `page_size`, which gets smaller too, else the reading may end early"
        return [Problem(message, ("stop_condition",), Severity.WARNING, fields=("page_size",))]

    def _templates(self) -> Sequence[Template | Condition | None]:
        return (self.page_size, self.cursor_value, self.stop_condition)

    def first(self) -> None:
        """The first page needs no token."""

    def following(self, token: Any, page: Page, context: Context) -> Any:
        scope = context.scope(
            self,
            response=page.body,
            headers=PageHeaders(page.response),
            last_record=page.last_record,
            last_page_size=page.kept,
            page_size=self.size_of(page, context),
        )
        with readable():
            stop = self.stop_condition
            if stop is not None and stop.evaluate(scope, partial(context.doubt, so="no further page is requested")):
                return None
            return self.cursor_value.evaluate(scope)


class NoPagination(Paginator):
    """There is one page."""

    def start(self, context: Context) -> Pages:
        return Pages()


class DefaultPaginator(Paginator):
    """Asks for one page after the other."""

    label = "Page after page"

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
        """A page size can be sent only where the strategy has one, and not in the place of the token (Airbyte refuses
        both, too).
        """
        strategy, option, place = self.pagination_strategy, self.page_size_option, ("page_size_option",)
        if option is None:
            return []
        if isinstance(self.page_token_option, RequestOption) and option.is_where(self.page_token_option):
            message = "`page_size_option` and `page_token_option` put their values in the same place of a request"
            hint = "name the parameter that the API has for each, or remove one"
            return [Problem(message, place, hint=hint, fields=("page_token_option",))]
        if strategy.page_size is not None or isinstance(strategy, Unsupported):
            return []
        message = "`page_size_option` needs a `page_size` in the pagination strategy"
        hint = "set `page_size` there, or remove the option"
        return [Problem(message, place, hint=hint, fields=("page_size",))]

    @property
    def reducible_page_size(self) -> Template | None:
        strategy = self.pagination_strategy
        return strategy.page_size if strategy.resizable else None

    def lint_smaller_pages(self) -> list[Problem]:
        """Requests carry the page size, and the strategy can do with smaller ones (Airbyte refuses the same)."""
        strategy, reasons = self.pagination_strategy, []
        if self.page_size_option is None:
            reasons.append("needs a `page_size_option`, else the API never receives the size")
        if isinstance(self.page_token_option, RequestPath):
            reasons.append("can't be used where the API gives the URL of the next page, which has the page size in it")
        if not strategy.resizable:
            reasons.append("needs OffsetIncrement or CursorPagination: numbered pages of another size are other pages")
        elif strategy.page_size is None and not strategy.has_size_in_code:
            reasons.append("needs a `page_size` in the pagination strategy")
        problems = [Problem(f"`page_size_reduction` {reason}", fields=PAGE_SIZE_FIELDS) for reason in reasons]
        if strategy.resizable:
            problems += [problem.below("pagination_strategy") for problem in strategy.lint_smaller_pages()]
        return problems

    def start(self, context: Context) -> Pages:
        return StrategyPages(self, self.pagination_strategy.in_read(context), context)

    async def open(self, context: Context) -> Pages:
        if not self.pagination_strategy.waits:
            return self.start(context)
        return await context.apart(lambda: self.start(context))


class StrategyPages(Pages):
    """The walk of a DefaultPaginator."""

    compares = True

    def __init__(self, paginator: DefaultPaginator, strategy: PaginationStrategy, context: Context) -> None:
        self._paginator = paginator
        self._strategy = strategy
        self._context = context
        self.token = strategy.first()
        self.looks_into_body = strategy.looks_into_body
        self.needs_response = strategy.needs_response
        option = paginator.page_token_option
        by_templates = "the token, which templates may send (`next_page_token`),"
        carrier = by_templates if option is None else option.describe(context.scope(option))
        self._progress = PagingProgress(context, carrier)

    @property
    def configured_size(self) -> int | None:
        return self._strategy.size(self._context, response={})

    def fill(self, draft: RequestDraft, variables: Mapping[str, Any]) -> None:
        option, size_option = self._paginator.page_token_option, self._paginator.page_size_option
        if option is not None and self.token is not None:
            option.inject(draft, self.token, variables)
        if size_option is not None:
            size = self.size or self.configured_size
            if size:
                size_option.inject(draft, size, variables)

    def advance(self, page: Page) -> bool:
        return self._goes_on(page, self._strategy.following(self.token, page, self._context))

    async def go_on(self, page: Page) -> bool:
        if not self._strategy.waits:
            return self.advance(page)
        context = self._context
        token = await context.apart(lambda: self._strategy.following(self.token, page, context))
        return self._goes_on(page, token)

    def _goes_on(self, page: Page, token: Any) -> bool:
        if not token:
            return False
        self._progress.check(self.token, page.fingerprint, token)
        self.token = token
        return True
