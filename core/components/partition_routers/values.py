"""Partitions that have one value each: those of a list, and what makes routers fit to be grouped and united."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from core.components.request_parts import RequestOption
from core.errors import ReadError
from core.http.request import RequestDraft
from core.manifest.problems import Path, Problem
from core.runtime.component import Component
from core.runtime.context import Context, text_of, value_of
from core.runtime.partitions import PartitionRouter, Seeds, Walk
from core.runtime.slices import StreamSlice
from core.templates import Template

PARENT_SLICE = "parent_slice"
"""What a partition has besides its value when it comes from a parent stream: the parent's own partition."""


@dataclass(frozen=True, slots=True)
class ValueSource:
    """What a router, or the component at `path` in it, says of its values: their name, written in the field `key`,
    and where requests carry them.
    """

    owner: Component
    path: Path
    key: str
    name: Template
    request_option: RequestOption | None = None


class ValueRouter(PartitionRouter, role=True):
    """Divides a stream into partitions of one value each."""

    @property
    def sources(self) -> list[ValueSource]:
        """Where the values come from, as far as that is known before reading."""
        return []

    def fill(self, draft: RequestDraft, slice_: StreamSlice, variables: Mapping[str, Any]) -> None:
        for source in self.sources:
            if source.request_option is not None:
                name = text_of(source.name, {**variables, "parameters": source.owner.parameters})
                _inject(source.request_option, draft, slice_.get(name), variables)


class DistinctValues:
    """The values that came up so far."""

    def __init__(self) -> None:
        self._values: set[Any] = set()

    def add(self, value: Any) -> bool:
        """Whether a value is new. Raises `ReadError` for lists and mappings, which can't be compared (Airbyte)."""
        try:
            before = len(self._values)
            self._values.add(value)
            return len(self._values) > before
        except TypeError:
            raise ReadError(
                f"Partitions can't be told apart by the value {value!r}. Use a field that holds a text or a number."
            ) from None


def refused_options(router: ValueRouter, path: Path, hint: str) -> list[Problem]:
    """A problem for each request option of a router at `path` inside another one (Airbyte refuses them)."""
    return [
        Problem(
            "request options can't be used in a partition router that is inside another one",
            (*path, *source.path, "request_option"),
            hint=hint,
        )
        for source in router.sources
        if source.request_option is not None
    ]


def _inject(option: RequestOption, draft: RequestDraft, value: Any, variables: Mapping[str, Any]) -> None:
    """Add the value of a partition to a request.

    Airbyte leaves out every empty value; here 0 and false are values like any other.
    """
    if value is not None and value != "":
        option.inject(draft, value, variables)


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
        return Walk(self._each(context))

    @property
    def sources(self) -> list[ValueSource]:
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
        if values == "":  # an input that is left out or empty: there is nothing to read (Airbyte: the same)
            return []
        if not isinstance(values, (list, tuple)):
            raise ReadError(f"`values` of a ListPartitionRouter must be a list, but `{self.values}` gives none.")
        return list(values)
