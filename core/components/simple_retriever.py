"""The synchronous retriever: one request, or one for each page, and the records are there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import Field

from core.components.base import SLICE_VARIABLES, Gives, Shown
from core.components.context import Context
from core.components.decoders import JsonDecoder
from core.components.pages import PageReader, Sink
from core.components.pagination_reset import Narrow, PaginationReset, Restarts
from core.components.partition_routers import extra_field_names
from core.components.record_selector import RecordSelector
from core.components.roles import Decoder, Paginator, PartitionRouter, Requester, Retriever
from core.http.exchange import Role
from core.http.request import Draft

Fill = Callable[[Draft, Context], None]
"""Adds what the slice of the context adds to a request."""


class SimpleRetriever(Retriever):
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
    pagination_reset: Annotated[PaginationReset | None, Shown(advanced=True)] = Field(
        None,
        title="Pagination Reset",
        description="When to begin anew with the first page, and from where; without it, RESET_PAGINATION reads the "
        "same pages once more.",
    )

    @classmethod
    def template_variables(cls, raw: Mapping[str, Any]) -> frozenset[str]:
        """Extra fields of parent records are variables of their own in the requester."""
        return extra_field_names(raw.get("partition_router"))

    async def read(
        self, context: Context, sink: Sink, fill: Fill, role: Role = Role.PAGE, narrow: Narrow | None = None
    ) -> None:
        """Read the slice of `context` into `sink`; `fill` adds what a slice adds to a request.

        `narrow` gives the slice less what was read of it. Raises `ReadError`.
        """

        def fill_page(draft: Draft, context: Context, further: bool) -> None:
            if not (further and self.ignore_stream_slicer_parameters_on_paginated_requests):
                fill(draft, context)

        reader = PageReader(self.requester, self.decoder or JsonDecoder(), self.paginator, role, fill_page)
        reset = self.pagination_reset
        split = reset is not None and reset.action == "SPLIT_USING_CURSOR"
        limit = reset.number_of_records if reset is not None else None
        await reader.read(context, sink, Restarts(limit, narrow if split else None))
