"""Reads the pages of a response, one after the other, into a sink; a response without pages is one page.

A page may be requested in portions: one request for each, and records that are merged from all of them. Pages may
start over with the first one: when the API asks for it, or after a number of records.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar
from zlib import crc32

import httpx

from core.decoding.errors import NoCharset
from core.errors import ReadError
from core.http.cache import Body
from core.http.charsets import charset_of
from core.http.download import announced_length
from core.http.exchange import Role
from core.http.policy import Action, RequestFailed, is_accepted_by_manifest
from core.http.request import RequestDraft
from core.levels import Level
from core.runtime.component import SLICE_VARIABLES
from core.runtime.context import Context
from core.runtime.cursor import Observer
from core.runtime.error_answers import ErrorInPlace
from core.runtime.pages import Page, Pages, Paginator
from core.runtime.pipes import parse_in_thread
from core.runtime.record_pipeline import Accepted, Portions, RecordPipeline
from core.runtime.roles import Decoder, PageProperties, Renew, Requester, WholeResponse
from core.runtime.slices import Record, StreamSlice

Narrow = Callable[[], StreamSlice | None]
"""The slice less the time of the records that were read of it; None where there is no cursor."""

AGAIN_UNCHANGED = 1
"""How often the pages of a slice may start over without a cursor, which leads to the same requests (Airbyte)."""


@dataclass
class Restarts:
    """How the pages of one slice start over: `limit` counts records, `narrow` says where to go on."""

    limit: int | None = None
    narrow: Narrow | None = None
    failure: RequestFailed | None = None
    """The request whose response filter asked for it."""
    _records: int = 0
    _unchanged: int = 0

    def took(self, records: int) -> None:
        """Count the records of a page."""
        self._records += records

    @property
    def due(self) -> bool:
        """Whether the pages start over although there may be more."""
        return self.limit is not None and self._records >= self.limit

    def begin(self, context: Context) -> Context:
        """The context for the next first page. Raises `ReadError` when that would be no other than before."""
        before = context.slice or StreamSlice()
        narrowed = self.narrow() if self.narrow is not None else None
        after = before if narrowed is None else narrowed
        self._unchanged = self._unchanged + 1 if dict(before) == dict(after) else 0
        if self._unchanged > (AGAIN_UNCHANGED if narrowed is None else 0):
            raise self._no_way_on(narrowed is None) from None
        self._records, self.failure = 0, None
        context.log(Level.INFO, f"The pages start over with the first one, for {after or 'all records'}.")
        return context.for_slice(after)

    def _no_way_on(self, is_retry: bool) -> ReadError:
        if self.failure is not None:
            why = "It did so before" if is_retry else "No record was read that would move the interval on"
            return ReadError(f"{self.failure} {why}, so that starting over would not help.")
        why = (
            "has read the same pages again without getting any further"
            if is_retry
            else "can't go on from the latest record: that many have the same cursor value"
        )
        return ReadError(
            f"After {self._records:,} records the pages start over (`number_of_records`), but the stream {why}. "
            "Raise `number_of_records`, or use SPLIT_USING_CURSOR with an incremental sync."
        )


T = TypeVar("T")


@dataclass(slots=True)
class PageResult:
    """What became of one page: records found in it, records kept, and the last and the first one kept."""

    found: int = 0
    kept: int = 0
    last_record: Record | None = None
    first_record: Record | None = None


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

    def announced(self, length: int | None) -> None:
        """A response begins that has so many bytes; None where they are not known beforehand."""

    def next_page(self) -> bool:
        """Whether a further page, which there is, is to be read."""


class SliceSink(Sink, Protocol):
    """Where the elements of one slice go, or of one download target of it."""

    @property
    def emitted(self) -> int:
        """Records that have left."""

    @property
    def observer(self) -> Observer | None:
        """What watches the records for the cursor, where there is one."""


class RecordCollector:
    """A sink that keeps the records, `limit` of them at most. `consume` raises `ReadError`."""

    page = 1
    observer: Observer | None = None

    def __init__(self, pipeline: RecordPipeline, limit: int | None = None) -> None:
        self.records: list[Record] = []
        self._pipeline = pipeline
        self._limit = limit

    @property
    def emitted(self) -> int:
        return len(self.records)

    @property
    def full(self) -> bool:
        return self._limit is not None and len(self.records) >= self._limit

    def consume(self, elements: Iterable[Any]) -> PageResult:
        before = self._pipeline.found
        room = None if self._limit is None else self._limit - len(self.records)
        records = list(islice(self._pipeline(elements), room))
        self.records += records
        last, first = (records[-1], records[0]) if records else (None, None)
        return PageResult(self._pipeline.found - before, len(records), last, first)

    def received(self, size: int, ended: bool = False) -> None:
        """Progress is not reported."""

    def announced(self, length: int | None) -> None:
        """Nor is the length."""

    def next_page(self) -> bool:
        return True


MakeSink = Callable[[Iterator[int]], SliceSink]
"""Makes a sink whose pages are numbered so."""


class SmallerPages(Protocol):
    """The page size that is requested in one slice; `current` is None while it is the paginator's own."""

    @property
    def current(self) -> int | None:
        """The page size; None: that of the paginator."""

    def succeeded(self) -> None:
        """Take note of a page that was not too large."""

    async def reduce(self, configured: int | None, failure: RequestFailed, context: Context) -> None:
        """Make the pages smaller, and wait. Raises `ReadError` when there is no way to."""


@dataclass(frozen=True, slots=True)
class _Answer(Generic[T]):
    """A response that was read: its body, where the paginator looks into it, and what was made of its elements."""

    response: httpx.Response
    body: Any
    taken: T
    digest: int | None = None
    """A checksum of the body, where the response does not hold it."""

    @property
    def body_digest(self) -> int:
        """A checksum of the body."""
        return crc32(self.response.content) if self.digest is None else self.digest


@dataclass(frozen=True, slots=True)
class PageReader:
    """How one kind of response is read page by page.

    `fill` adds what the slice adds to a request; it gets the draft, the context and whether the request is one for a
    further page. `renew` gives the context with a fresh link when the one at hand expires during a download.
    `properties` are those requested of every page. `sizes` makes what reduces pages that are too large.
    `is_first` says that it reads the first bodies of the slice: what they say may hold for others. `takes_responses`:
    what becomes records are the responses themselves, not the elements that are decoded.
    """

    requester: Requester
    decoder: Decoder
    paginator: Paginator | None
    role: Role
    fill: Callable[[RequestDraft, Context, bool], None] | None = None
    renew: Renew | None = None
    properties: PageProperties | None = None
    sizes: Callable[[], SmallerPages] | None = None
    is_first: bool = True
    takes_responses: bool = False

    async def read(self, context: Context, sink: Sink, restarts: Restarts | None = None) -> None:
        """Read all pages of the slice of `context`; `restarts` says how they start over. Raises `ReadError`."""
        restarts = restarts or Restarts()
        sizes = self.sizes() if self.sizes is not None else None
        while await self._walk(context, sink, restarts, sizes):
            context = restarts.begin(context)
            if not sink.next_page():
                return

    async def _walk(self, context: Context, sink: Sink, restarts: Restarts, sizes: SmallerPages | None) -> bool:
        """Read one page after the other; True when they are to start over."""
        pages = await self.paginator.open(context) if self.paginator is not None else Pages()
        if self.is_first:
            context.memory.begin()
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
            context.memory.first_read = True
            if page is None or sink.full:
                return False
            restarts.took(page.kept)
            if restarts.due:
                return True
            if not await pages.go_on(page) or not sink.next_page():
                return False

    async def _page(self, context: Context, sink: Sink, pages: Pages) -> Page | None:
        """Read one page; None when its answer is ignored."""
        if self.properties is None:
            return _page_of(pages, await self._answer(context, sink, pages, sink.consume))
        portions = await self.properties.portions(context)
        key_of = self.properties.key_of
        if key_of is None:
            return _page_of(pages, await self._answer(asking_for(portions[0], context), sink, pages, sink.consume))
        answers: list[_Answer[list[Any]]] = []
        for number, portion in enumerate(portions, 1):
            last = await self._answer(asking_for(portion, context, number), sink, pages, list)
            answers += [last] if last else []
        page = Portions([_as_judged(one.response, one.taken) for one in answers], key_of)
        with _forgetting(context, *(one.response for one in answers)):
            result = await context.run.loop.run_in_executor(context.run.executor, sink.consume, page)
        digest = hash(tuple(one.body_digest for one in answers))
        return _page_of(pages, _Answer(last.response, last.body, result, digest) if last else None)

    async def _answer(
        self, context: Context, sink: Sink, pages: Pages, take: Callable[[Iterable[Any]], T]
    ) -> _Answer[T] | None:
        """Request a page and pass its elements to `take`, in a thread; None when the response is to be ignored."""
        draft = self._draft(pages, context)
        needs_response = self.takes_responses or pages.needs_response or self.decoder.takes_response
        if needs_response or (pages.looks_into_body and self.decoder.gives_document):
            return await self._document(context, draft, pages, take)
        return await self._stream(context, sink, draft, pages, take)

    def _draft(self, pages: Pages, context: Context) -> RequestDraft:
        draft = RequestDraft()
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

    async def _document(
        self, context: Context, draft: RequestDraft, pages: Pages, take: Callable[[Iterable[Any]], T]
    ) -> _Answer[T] | None:
        """A response whose decoded body the paginator looks into."""
        response = await self.requester.send(self._page_context(pages, context), self.role, draft)
        if response is None or response.is_error:
            return None
        run = context.run
        decode = self._decode(context)
        looks = pages.looks_into_body and self.decoder.gives_document
        with _forgetting(context, response):
            body, taken = await run.loop.run_in_executor(
                run.executor, lambda: _take_document(decode, response, take, whole=self.takes_responses, looks=looks)
            )
        return _Answer(response, body, taken)

    def _decode(self, context: Context) -> Callable[[httpx.Response], Iterable[Any]]:
        """What gives the elements of a response that was read."""
        if self.decoder.takes_response:
            return self.decoder.bind_in(context)
        decoder = self.decoder.for_slice(context.memory)
        return lambda response: decoder.decode(iter((response.content,)), charset_of(response))

    async def _stream(
        self, context: Context, sink: Sink, draft: RequestDraft, pages: Pages, take: Callable[[Iterable[Any]], T]
    ) -> _Answer[T] | None:
        """A response that is parsed while it arrives."""
        async with self.requester.open(
            self._page_context(pages, context), self.role, draft, self._renew_for(pages)
        ) as download:
            if download is None or download.response.is_error:
                return None
            charset, decoder = charset_of(download.response), self.decoder.for_slice(context.memory)
            digest = Digest() if pages.compares else None
            sink.announced(None if self.paginator is not None else announced_length(download.response))
            with _naming_charset(download.response), _forgetting(context, download.response):
                taken = await parse_in_thread(
                    context.run.executor,
                    _counted(download, sink, digest),
                    lambda chunks: take(_as_judged(download.response, decoder.decode(chunks, charset))),
                )
            return _Answer(download.response, {}, taken, digest.value if digest else 0)


def _page_of(pages: Pages, answer: _Answer[PageResult] | None) -> Page | None:
    if answer is None:
        return None
    result = answer.taken
    return Page(
        answer.response,
        answer.body,
        result.found,
        result.last_record,
        result.kept,
        pages.size,
        result.first_record,
        answer.digest,
    )


def _take_document(
    decode: Callable[[httpx.Response], Iterable[Any]],
    response: httpx.Response,
    take: Callable[[Iterable[Any]], T],
    *,
    whole: bool,
    looks: bool,
) -> tuple[Any, T]:
    """The first element for a paginator that looks into it, decoded on its own: what takes the elements may change
    them.
    """
    elements = (WholeResponse(response, lambda: decode(response)),) if whole else decode(response)
    taken = take(_as_judged(response, elements))
    return next(iter(decode(response)), {}) if looks else {}, taken


def _as_judged(response: httpx.Response, elements: Iterable[Any]) -> Iterable[Any]:
    """The elements of a response, `Accepted` where the error handler said so of it."""
    return Accepted(elements) if is_accepted_by_manifest(response) else elements


@contextmanager
def _forgetting(context: Context, *responses: httpx.Response) -> Iterator[None]:
    """Have responses that are refused for what they hold leave the cache."""
    try:
        yield
    except ErrorInPlace:
        for response in responses:
            context.run.session.cache.forget(response)
        raise


class Digest:
    """A checksum of a body, taken while it arrives."""

    value = 0

    def add(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self.value = crc32(chunk, self.value)


@contextmanager
def _naming_charset(response: httpx.Response) -> Iterator[None]:
    """Have the error for a charset that is missing say what the response names."""
    try:
        yield
    except NoCharset:
        raise NoCharset(response.headers.get("content-type", "")) from None


async def _counted(download: Body, sink: Sink, digest: Digest | None) -> AsyncIterator[bytes]:
    async for chunk in download.chunks():
        sink.received(len(chunk))
        if digest is not None:
            digest.add(chunk)
        yield chunk
    sink.received(0, ended=True)


def asking_for(properties: list[str], context: Context, portion: int | None = None) -> Context:
    """The context in which properties are requested: templates see them, and so does a query parameter."""
    whole = context.slice if isinstance(context.slice, StreamSlice) else StreamSlice()
    extra = {**whole.extra_fields, "query_properties": properties}
    part = StreamSlice(whole.partition, whole.cursor_slice, extra)
    context = replace(context, portion=portion)
    return context.with_variables(query_properties=properties, **dict.fromkeys(SLICE_VARIABLES, part))
