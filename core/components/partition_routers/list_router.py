"""Reads a stream once for each value of a list."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from core.components.context import Context
from core.components.partition_routers.evaluation import text_of, value_of
from core.components.partition_routers.value_router import ValueRouter, ValueSource
from core.components.partition_routers.walk import Seeds, Walk
from core.components.request_options import RequestOption
from core.components.slices import StreamSlice
from core.errors import ReadError
from core.templates import Template


class ListPartitionRouter(ValueRouter):
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

    def walk(self, context: Context, seeds: Seeds) -> Walk:
        """One partition for each value. Raises `ReadError`."""
        return Walk(self._each(context))

    @property
    def sources(self) -> list[ValueSource]:
        """The list itself."""
        return [ValueSource(self, (), "cursor_field", self.cursor_field, self.request_option)]

    async def _each(self, context: Context) -> AsyncIterator[StreamSlice]:
        scope = context.scope(self)
        name = text_of(self.cursor_field, scope)
        for value in self._values(scope):
            yield StreamSlice({name: value})

    def _values(self, scope: Mapping[str, Any]) -> list[Any]:
        if not isinstance(self.values, Template):
            return list(self.values)
        values = value_of(self.values, scope)
        if not isinstance(values, (list, tuple)):
            raise ReadError(f"`values` of a ListPartitionRouter must be a list, but `{self.values}` gives none.")
        return list(values)
