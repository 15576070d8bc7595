"""Reads a stream once for each value of a list."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from core.components.context import Context
from core.components.partition_routers.evaluation import text_of, value_of
from core.components.request_options import RequestOption
from core.components.roles import PartitionRouter
from core.components.slices import StreamSlice
from core.errors import ReadError
from core.http.request import Draft
from core.templates import Template


class ListPartitionRouter(PartitionRouter):
    """Reads the stream once for each value of a list, such as a list of regions or account numbers."""

    values: list[Annotated[str, BeforeValidator(str)]] | Template = Field(
        title="Values",
        description="The values, or a template that gives a list of them, such as {{ config['accounts'] }}.",
    )
    cursor_field: Template = Field(
        title="Current Value Identifier",
        description="The name by which templates reach the value: stream_partition['name'].",
    )
    request_option: RequestOption | None = Field(
        None, title="Request Option", description="Where the value is put into requests."
    )

    async def partitions(self, context: Context) -> AsyncIterator[StreamSlice]:
        """One partition for each value. Raises `ReadError`."""
        scope = context.scope(self)
        name = text_of(self.cursor_field, scope)
        for value in self._values(scope):
            yield StreamSlice({name: value})

    def fill(self, draft: Draft, slice_: StreamSlice, variables: Mapping[str, Any]) -> None:
        """Add the value where `request_option` says."""
        if self.request_option is not None:
            name = text_of(self.cursor_field, {**variables, "parameters": self.parameters})
            inject_partition(self.request_option, draft, slice_.get(name), variables)

    def _values(self, scope: Mapping[str, Any]) -> list[Any]:
        if not isinstance(self.values, Template):
            return list(self.values)
        values = value_of(self.values, scope)
        if not isinstance(values, (list, tuple)):
            raise ReadError(f"`values` of a ListPartitionRouter must be a list, but `{self.values}` gives none.")
        return list(values)


def inject_partition(option: RequestOption, draft: Draft, value: Any, variables: Mapping[str, Any]) -> None:
    """Add the value of a partition to a request.

    Airbyte leaves out every empty value; here 0 and false are values like any other.
    """
    if value is not None and value != "":
        option.inject(draft, value, variables)
