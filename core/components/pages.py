"""Reads the pages of a response, one after the other, into a sink; a response without pages is one page."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

import httpx

from core.components.context import Context
from core.components.decoders import JsonDecoder, XmlDecoder
from core.components.decoders.gzip import GzipDecoder
from core.components.paginators import NoPagination, Pages
from core.components.roles import Decoder, Paginator, Record, Renew, Requester
from core.components.streaming import parse_in_thread
from core.http.download import Download
from core.http.exchange import Role
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

    `fill` adds what the slice adds to a request; it gets the draft and whether the request is one for a further page.
    `renew` gives the context with a fresh link when the one at hand expires during a download.
    """

    requester: Requester
    decoder: Decoder
    paginator: Paginator | None
    role: Role
    fill: Callable[[Draft, bool], None] | None = None
    renew: Renew | None = None

    async def read(self, context: Context, sink: Sink) -> None:
        """Read all pages of the slice of `context`. Raises `ReadError`."""
        if self.paginator is None or isinstance(self.paginator, NoPagination):
            context = context.for_page(sink.page)
            await self._one_page(context, sink, self._draft(None, context), None)
            return
        pages: Pages = self.paginator.start(context)
        while True:
            context = context.for_page(sink.page)
            draft = self._draft(pages, context)
            if pages.looks_into_body and _is_document(self.decoder):
                more = await self._document_page(context, sink, draft, pages)
            else:
                more = await self._one_page(context, sink, draft, pages)
            if not more or sink.full or not sink.next_page():
                return

    def _draft(self, pages: Pages | None, context: Context) -> Draft:
        draft = Draft()
        further = pages is not None and pages.token is not None
        if pages is not None:
            pages.fill(draft, context.scope(self.requester))
        if self.fill is not None:
            self.fill(draft, further)
        return draft

    def _page_context(self, pages: Pages | None, context: Context) -> Context:
        token = None if pages is None or pages.token is None else {"next_page_token": pages.token}
        return context.with_variables(next_page_token=token)

    def _renew_for(self, pages: Pages | None) -> Renew | None:
        renew = self.renew
        if renew is None:
            return None

        async def renewed() -> Context:
            return self._page_context(pages, await renew())

        return renewed

    async def _document_page(self, context: Context, sink: Sink, draft: Draft, pages: Pages) -> bool:
        """A page whose decoded body the paginator looks into; True when there are more pages."""
        response = await self.requester.send(self._page_context(pages, context), self.role, draft)
        if response is None or response.is_error:
            return False
        loop = context.run.loop
        body, result = await loop.run_in_executor(context.run.executor, _consume_document, self.decoder, response, sink)
        return pages.advance(response, body, result.found, result.last_record, result.kept)

    async def _one_page(self, context: Context, sink: Sink, draft: Draft, pages: Pages | None) -> bool:
        """A page that is parsed while it arrives; True when there are more pages."""
        async with self.requester.open(
            self._page_context(pages, context), self.role, draft, self._renew_for(pages)
        ) as download:
            if download is None or download.response.is_error:
                return False
            result = await parse_in_thread(
                context.run.executor,
                _counted(download, sink),
                lambda chunks: sink.consume(self.decoder.decode(chunks)),
            )
            if pages is None:
                return False
            return pages.advance(download.response, {}, result.found, result.last_record, result.kept)


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
