"""The synchronous retriever: one request, or one for each page, and the records are there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field

from core.components.base import SLICE_VARIABLES, Gives, Shown
from core.components.context import Context
from core.components.decoders import JsonDecoder
from core.components.http_requester import HttpRequester
from core.components.pages import Collector, PageReader, Sink
from core.components.partition_routers import extra_field_names
from core.components.record_selector import RecordSelector
from core.components.roles import Decoder, Paginator, PartitionRouter, Record, Requester, SynchronousRetriever
from core.components.slices import StreamSlice
from core.events import Event, ExchangeFinished
from core.http.exchange import Role
from core.http.request import Draft


class SimpleRetriever(SynchronousRetriever):
    """Synchronous request: the API answers with the records at once."""

    requester: Annotated[Requester, Gives(*SLICE_VARIABLES, "next_page_token")] = Field(
        title="Request", description="The request that gives the records."
    )
    decoder: Annotated[Decoder | None, Shown(unset="JSON")] = Field(
        None, title="HTTP Response Format", description="The format of the response; JSON when not said."
    )
    record_selector: Annotated[RecordSelector, Gives(*SLICE_VARIABLES)] = Field(
        title="Record Selector", description="Where the records are in the response, and which are kept."
    )
    paginator: Annotated[Paginator | None, Gives(*SLICE_VARIABLES)] = Field(
        None, title="Pagination", description="How the next page is asked for."
    )
    partition_router: PartitionRouter | list[PartitionRouter] | None = Field(
        None, title="Partition Router", description="Reads the stream once for each of several values."
    )
    ignore_stream_slicer_parameters_on_paginated_requests: Annotated[bool, Shown(advanced=True)] = Field(
        False,
        title="Slice parameters on the first page only",
        description="Requests for further pages don't repeat the parameters of partition and interval.",
    )
    pagination_reset: Annotated[dict[str, Any] | None, Shown(advanced=True)] = Field(
        None, title="Pagination reset", description="When to start over with the first page (kept, not run)."
    )

    @classmethod
    def template_variables(cls, raw: Mapping[str, Any]) -> frozenset[str]:
        """Extra fields of parent records are variables of their own in the requester."""
        return extra_field_names(raw.get("partition_router"))

    async def read(self, context: Context, sink: Sink, fill: Callable[[Draft], None], role: Role = Role.PAGE) -> None:
        """Read the slice of `context` into `sink`; `fill` adds what the slice adds to a request.

        Raises `ReadError`.
        """

        def fill_page(draft: Draft, further: bool) -> None:
            if not (further and self.ignore_stream_slicer_parameters_on_paginated_requests):
                fill(draft)

        requester = self.requester
        reader = PageReader(
            requester,
            self.decoder or JsonDecoder(),
            self.paginator,
            role,
            fill_page,
            properties=requester.properties if isinstance(requester, HttpRequester) else None,
        )
        await reader.read(context, sink)

    async def records(self, context: Context, role: Role) -> list[Record]:
        """All records, read beside those of the stream and its slice in `context`, without partitions.

        Raises `ReadError`.
        """

        def emit(event: Event) -> None:
            if isinstance(event, ExchangeFinished):
                event = replace(event, page=None, portion=None)
            context.emit(event)

        nothing = dict.fromkeys(SLICE_VARIABLES, StreamSlice())
        beside = Context(context.run, context.stream, emit, variables=nothing)
        collector = Collector(self.record_selector.pipeline({**nothing, "config": context.config}))
        await self.read(beside, collector, lambda draft: None, role)
        return collector.records
