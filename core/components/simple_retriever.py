"""The synchronous retriever: one request, or one for each page, and the records are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Annotated, Any

from pydantic import Field

from core.components.decoders import JsonDecoder
from core.components.record_selector import RecordSelector
from core.components.retriever import Fill, SliceRead, SynchronousRetriever
from core.components.retriever_actions import PageSizeReduction, PaginationReset, RequestWindowSplitting
from core.events import Outcome
from core.http.exchange import Role
from core.http.policy import Action, RequestFailed
from core.http.request import RequestDraft
from core.manifest.problems import Problem, Severity
from core.runtime.component import SLICE_VARIABLES, Gives, Shown
from core.runtime.context import Context
from core.runtime.cursor import Cursor
from core.runtime.page_reader import PageReader, Restarts, SliceSink
from core.runtime.pages import Paginator
from core.runtime.partitions import PartitionRouter, extra_field_names
from core.runtime.record_pipeline import RecordPipeline, Warn, ignore
from core.runtime.roles import Decoder, Requester, Transformation
from core.runtime.slices import RecordPredicate, SliceMemory

_NEEDED = {
    Action.REDUCE_PAGE_SIZE: "page_size_reduction",
    Action.SPLIT_REQUEST_WINDOW: "request_window_splitting",
}


class SimpleRetriever(SynchronousRetriever):
    """Synchronous request: the API answers with the records at once."""

    requester: Annotated[Requester, Gives(*SLICE_VARIABLES, "next_page_token")] = Field(
        title="Request", description="The request that gives the records."
    )
    decoder: Annotated[Decoder | None, Shown(unset="JSON")] = Field(
        None, title="HTTP Response Format", description="The format of the response; JSON by default."
    )
    record_selector: Annotated[RecordSelector, Gives(*SLICE_VARIABLES)] = Field(
        title="Record Selector", description="Where the records are in the response, and which are kept."
    )
    paginator: Annotated[Paginator | None, Gives(*SLICE_VARIABLES)] = Field(
        None, title="Pagination", description="How the next page is requested."
    )
    partition_router: PartitionRouter | list[PartitionRouter] | None = Field(
        None, title="Partition Router", description="Reads the stream once for each of several values."
    )
    ignore_stream_slicer_parameters_on_paginated_requests: Annotated[bool, Shown(advanced=True)] = Field(
        False,
        title="Slice parameters on the first page only",
        description="Requests for further pages don't repeat the parameters of partition and interval.",
    )
    pagination_reset: Annotated[PaginationReset | None, Shown(advanced=True)] = Field(
        None,
        title="Pagination Reset",
        description="When to start over with the first page, and from where; without it, RESET_PAGINATION reads the "
        "same pages once more.",
    )

    page_size_reduction: Annotated[PageSizeReduction | None, Shown(advanced=True)] = Field(
        None,
        title="Page Size Reduction",
        description="How pages are made smaller when a response filter says REDUCE_PAGE_SIZE.",
    )
    request_window_splitting: Annotated[RequestWindowSplitting | None, Shown(advanced=True)] = Field(
        None,
        title="Request Window Splitting",
        description="How intervals are made smaller when a response filter says SPLIT_REQUEST_WINDOW.",
    )

    @classmethod
    def template_variables(cls, raw: Mapping[str, Any]) -> frozenset[str]:
        """Extra fields of parent records are variables of their own in the requester."""
        return extra_field_names(raw.get("partition_router"))

    @property
    def router(self) -> PartitionRouter | list[PartitionRouter] | None:
        return self.partition_router

    def lint(self) -> list[Problem]:
        """What response filters ask for is possible."""
        return [*self._lint_actions(), *self._lint_sizes()]

    def _lint_actions(self) -> Iterator[Problem]:
        """Two actions need a word on how (Airbyte refuses them without it)."""
        actions = self.requester.actions
        for action, name in _NEEDED.items():
            is_set = getattr(self, name) is not None
            if action in actions and not is_set:
                yield Problem(f"a response filter says {action}, which needs a `{name}`", (name,), hint=f"add `{name}`")
            elif is_set and action not in actions:
                yield Problem(f"no response filter says {action}", (name,), Severity.WARNING)

    def _lint_sizes(self) -> Iterator[Problem]:
        if self.page_size_reduction is not None:
            yield from self.page_size_reduction.problems(self.paginator)

    def pipeline(
        self,
        variables: Mapping[str, Any],
        transformations: Sequence[Transformation] = (),
        schema: Mapping[str, Any] | None = None,
        *,
        cursor_filter: RecordPredicate | None = None,
        transforms_first: bool = False,
        warn: Warn = ignore,
        memory: SliceMemory | None = None,
        context: Context | None = None,
    ) -> RecordPipeline:
        selector = self.record_selector
        return selector.pipeline(
            variables,
            transformations,
            schema,
            cursor_filter=cursor_filter,
            transforms_first=transforms_first,
            warn=warn,
            memory=memory,
            context=context,
        )

    async def read(self, read: SliceRead) -> Outcome:
        await self._read(self._reader(read.fill, read.role), read.context, read.make_sink(count(1)), read.cursor)
        return Outcome.COMPLETE

    def _reader(self, fill: Fill, role: Role) -> PageReader:
        """What reads the pages; `fill` adds what a slice adds to a request."""

        def fill_page(draft: RequestDraft, context: Context, further: bool) -> None:
            if not (further and self.ignore_stream_slicer_parameters_on_paginated_requests):
                fill(draft, context)

        return PageReader(
            self.requester,
            self.decoder or JsonDecoder(),
            self.paginator,
            role,
            fill_page,
            properties=self.requester.properties,
            sizes=self.page_size_reduction.sizes if self.page_size_reduction is not None else None,
            takes_responses=self.record_selector.extractor.takes_response,
        )

    async def fetch(self, context: Context, sink: SliceSink, role: Role) -> None:
        await self._read(self._reader(lambda draft, context: None, role), context, sink, None)

    async def _read(
        self, reader: PageReader, context: Context, sink: SliceSink, cursor: Cursor | None, depth: int = 0
    ) -> None:
        """Read a slice; in halves when the API finds it too large, and the manifest says so."""
        try:
            await reader.read(context, sink, self._restarts(context, sink, cursor))
        except RequestFailed as error:
            if error.action is not Action.SPLIT_REQUEST_WINDOW or self.request_window_splitting is None:
                raise
            halves = self.request_window_splitting.halves(error, context, cursor, depth)
        else:
            return
        for half in halves:
            if sink.full or not sink.next_page():
                return
            await self._read(reader, context.for_slice(half), sink, cursor, depth + 1)

    def _restarts(self, context: Context, sink: SliceSink, cursor: Cursor | None) -> Restarts:
        reset, slice_ = self.pagination_reset, context.slice
        if reset is None:
            return Restarts()
        if reset.action == "RESET" or cursor is None or slice_ is None:
            return Restarts(reset.number_of_records)
        return Restarts(reset.number_of_records, lambda: cursor.narrowed(slice_, sink.observer))
