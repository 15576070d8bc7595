"""Reads the pages of a response, one after the other, into a sink; a response without pages is one page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from core.components.context import Context
from core.components.decoders import JsonDecoder, XmlDecoder
from core.components.decoders.gzip import GzipDecoder
from core.components.page_size_reduction import PageSizeReduction, PageSizes
from core.components.pagination_reset import Restarts
from core.components.paginators import Page, Pages
from core.components.roles import Decoder, Paginator, Record, Renew, Requester
from core.components.streaming import parse_in_thread
from core.http.download import Download
from core.http.exchange import Role
from core.http.policy import Action, RequestFailed
from core.http.request import Draft


@dataclass(slots=True)
class PageResult:
    """What became of one page: records found in it, records kept, and the last one kept."""

    found: int = 0
    kept: int = 0
    last_record: Record | None = None


class Sink(Protocol):
    """Where decoded elements go: selection, transformation, counting, encoding and delivery."""

    @property
    def full(self) -> bool:
        """Whether a limit was reached: nothing more is taken."""

    @property
    def page(self) -> int:
        """The number of the page that is taken now, within its slice."""

    def consume(self, elements: Iterable[Any]) -> PageResult:
        """Take the elements of one page; runs in a worker thread."""

    def received(self, size: int, ended: bool = False) -> None:
        """Take note of bytes that arrived; `ended` says that there are no more of this response."""

    def next_page(self) -> bool:
        """Whether a further page, which there is, is to be read."""


@dataclass(frozen=True, slots=True)
class PageReader:
    """How one kind of response is read page by page.

    `fill` adds what the slice adds to a request; it gets the draft, the context and whether the request is one for a
    further page. `renew` gives the context with a fresh link when the one at hand expires during a download.
    `reduction` says what is done about pages that are too large.
    """

    requester: Requester
    decoder: Decoder
    paginator: Paginator | None
    role: Role
    fill: Callable[[Draft, Context, bool], None] | None = None
    renew: Renew | None = None
    reduction: PageSizeReduction | None = None

    async def read(self, context: Context, sink: Sink, restarts: Restarts | None = None) -> None:
        """Read all pages of the slice of `context`; `restarts` says how they begin anew. Raises `ReadError`."""
        restarts = restarts or Restarts()
        sizes = PageSizes(self.reduction) if self.reduction is not None else None
        while await self._walk(context, sink, restarts, sizes):
            context = restarts.begin(context)
            if not sink.next_page():
                return

    async def _walk(self, context: Context, sink: Sink, restarts: Restarts, sizes: PageSizes | None) -> bool:
        """Read one page after the other; True when they are to begin anew."""
        pages = self.paginator.start(context) if self.paginator is not None else Pages()
        while True:
            context = context.for_page(sink.page)
            pages.size = sizes.current if sizes is not None else None
            try:
                page = await self._page(context, sink, pages)
            except RequestFailed as error:
                if error.action is Action.RESET_PAGINATION:
                    restarts.failure = error
                    return True
                if error.action is not Action.REDUCE_PAGE_SIZE or sizes is None:
                    raise
                await sizes.reduce(pages.configured_size, error, context)
                continue
            if sizes is not None:
                sizes.succeeded()
            if page is None or sink.full:
                return False
            restarts.took(page.kept)
            if restarts.due:
                return True
            if not pages.advance(page) or not sink.next_page():
                return False

    async def _page(self, context: Context, sink: Sink, pages: Pages) -> Page | None:
        """Read one page; None when its answer is ignored."""
        draft = self._draft(pages, context)
        if pages.looks_into_body and _is_document(self.decoder):
            return await self._document_page(context, sink, draft, pages)
        return await self._streamed_page(context, sink, draft, pages)

    def _draft(self, pages: Pages, context: Context) -> Draft:
        draft = Draft()
        pages.fill(draft, context.scope(self.requester))
        if self.fill is not None:
            self.fill(draft, context, pages.token is not None)
        return draft

    def _page_context(self, pages: Pages, context: Context) -> Context:
        token = None if pages.token is None else {"next_page_token": pages.token}
        return context.with_variables(next_page_token=token)

    def _renew_for(self, pages: Pages) -> Renew | None:
        renew = self.renew
        if renew is None:
            return None

        async def renewed() -> Context:
            return self._page_context(pages, await renew())

        return renewed

    async def _document_page(self, context: Context, sink: Sink, draft: Draft, pages: Pages) -> Page | None:
        """A page whose decoded body the paginator looks into."""
        response = await self.requester.send(self._page_context(pages, context), self.role, draft)
        if response is None or response.is_error:
            return None
        loop = context.run.loop
        body, result = await loop.run_in_executor(context.run.executor, _consume_document, self.decoder, response, sink)
        return Page(response, body, result.found, result.last_record, result.kept, pages.size)

    async def _streamed_page(self, context: Context, sink: Sink, draft: Draft, pages: Pages) -> Page | None:
        """A page that is parsed while it arrives."""
        async with self.requester.open(
            self._page_context(pages, context), self.role, draft, self._renew_for(pages)
        ) as download:
            if download is None or download.response.is_error:
                return None
            result = await parse_in_thread(
                context.run.executor,
                _counted(download, sink),
                lambda chunks: sink.consume(self.decoder.decode(chunks)),
            )
            return Page(download.response, {}, result.found, result.last_record, result.kept, pages.size)


def _is_document(decoder: Decoder) -> bool:
    """Whether a paginator may look into the decoded body (Airbyte: JSON, XML, and JSON in gzip)."""
    inner = decoder.decoder if isinstance(decoder, GzipDecoder) else decoder
    return isinstance(inner, (JsonDecoder, XmlDecoder))


def _consume_document(decoder: Decoder, response: httpx.Response, sink: Sink) -> tuple[Any, PageResult]:
    """The first element for the paginator, decoded on its own: the sink changes what it consumes."""
    result = sink.consume(decoder.decode(iter((response.content,))))
    return next(iter(decoder.decode(iter((response.content,)))), {}), result


async def _counted(download: Download, sink: Sink) -> AsyncIterator[bytes]:
    async for chunk in download.chunks():
        sink.received(len(chunk))
        yield chunk
    sink.received(0, ended=True)
