"""The properties that a request asks for: which they are, in what portions, and how the portions become records."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import Field

from core.components.retriever import SynchronousRetriever
from core.errors import ReadError
from core.http.exchange import Role
from core.manifest.problems import Problem, Severity
from core.runtime.component import SLICE_VARIABLES, Component, Gives, Shown
from core.runtime.context import Context, readable
from core.runtime.field_path import evaluated, find
from core.runtime.record_pipeline import KeyOf, changing
from core.runtime.roles import Transformation
from core.runtime.slices import Record
from core.templates import Template

DELIMITER_SIZE = 3
"""Characters that Airbyte counts for what stands between two properties: a comma takes so many in a URL."""


class PropertiesFromEndpoint(Component):
    """Asks the API which properties there are, once in a run, for all that need them."""

    label = "Properties from endpoint"

    property_field_path: Annotated[list[Template], Gives(only=True), Shown(editor="field_path")] = Field(
        min_length=1,
        title="Property Field Path",
        description="The keys that lead from a record to the name of its property.",
    )
    retriever: Annotated[SynchronousRetriever, Gives(only=True)] = Field(
        title="Retriever", description="The requests that list the properties, one record for each."
    )

    async def names(self, context: Context) -> list[str]:
        """The names of the properties, in the order of the API. Raises `ReadError`."""
        listing = context.run.shared(("properties", self.identity), _Listing)
        async with listing.lock:
            if listing.names is None:
                listing.names = await self._ask(context)
        return listing.names

    async def _ask(self, context: Context) -> list[str]:
        records = await self.retriever.records(context, Role.PROPERTIES)
        path = evaluated(self.property_field_path, {"config": context.config, "parameters": self.parameters})
        names = [str(name) for record in records for name in _at(record, path)]
        if records and not names:
            raise ReadError(
                f"None of the {len(records):,} records that should list the properties has a name at "
                f"`{'.'.join(path)}`. Check `property_field_path`."
            )
        return names

    def lint(self) -> list[Problem]:
        """The listing is read as one (Airbyte: the same)."""
        if self.retriever.router is None:
            return []
        message = "`partition_router` has no effect here: the properties are asked for once"
        return [Problem(message, ("retriever", "partition_router"), Severity.WARNING)]


@dataclass(slots=True)
class _Listing:
    """The properties that an endpoint listed in a run."""

    names: list[str] | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


def _at(record: Record, path: list[str]) -> Iterator[Any]:
    """The name in a record; none where it has none (Airbyte asks for a property `[]` then)."""
    found = [value for _, value in find(record, path) if value not in (None, "")]
    if len(found) > 1:
        raise ReadError(f"`property_field_path` matches {len(found)} fields of a record, but it may match only one.")
    return iter(found)


class GroupByKeyMergeStrategy(Component):
    """Takes records for one and the same when they have the same key."""

    key: str | list[str] = Field(title="Key", description="The field, or the fields together, that identify a record.")

    def key_of(self, record: Record) -> Hashable | None:
        """What identifies a record; None when a part of it is missing. Raises `ReadError`.

        Unlike in Airbyte, numbers may be keys (there the read fails).
        """
        names = [self.key] if isinstance(self.key, str) else self.key
        values = tuple(record.get(name) for name in names)
        for name, value in zip(names, values, strict=True):
            if isinstance(value, dict | list):
                raise ReadError(
                    f"Records of several requests can't be merged by `{name}`: it is a list or an object. "
                    "Name a field with one value in `key` of the `record_merge_strategy`."
                )
        return None if None in values or "" in values else values

    def lint(self) -> list[Problem]:
        """Without a field, no record has a key."""
        return [] if self.key else [Problem("`key` names no field, so that no records are merged", ("key",))]


class PropertyChunking(Component):
    """Requests the properties in portions, one request each, for APIs that limit how many one request may name."""

    property_limit_type: Literal["characters", "property_count"] = Field(
        title="Property Limit Type",
        description="What the limit counts: properties, or the characters of their names (and 3 for each comma).",
    )
    property_limit: Annotated[int | None, Shown(unset="No limit")] = Field(
        None,
        ge=1,
        title="Property Limit",
        description="How much one request may ask for; without it there is a single request.",
    )
    record_merge_strategy: Annotated[GroupByKeyMergeStrategy | None, Shown(unset="By the field id")] = Field(
        None,
        title="Record Merge Strategy",
        description="How records of several requests become one; by their field `id` by default.",
    )

    def portions(self, names: Iterable[str], always: list[str], selected: set[str] | None) -> Iterator[list[str]]:
        """The properties of each request: `always` and some of the names, of which those not selected are left out.

        Airbyte: without a limit nothing is left out; a name that is longer than the limit has a portion for itself.
        """
        if self.property_limit is None:
            yield [*names, *always]
            return
        portion, size = [*always], 0
        for name in names:
            if selected is not None and name not in selected:
                continue
            more = len(name) + DELIMITER_SIZE if self.property_limit_type == "characters" else 1
            if size + more > self.property_limit:
                yield portion
                portion, size = [*always], 0
            portion.append(name)
            size += more
        yield portion

    def key_of(self, record: Record) -> Hashable | None:
        """What identifies a record; None when it has no key. Raises `ReadError`."""
        return (self.record_merge_strategy or _BY_ID).key_of(record)


_BY_ID = GroupByKeyMergeStrategy(key="id")


class JsonSchemaPropertySelector(Component):
    """Asks only for properties that the schema of the stream has."""

    transformations: Annotated[list[Transformation], Gives(*SLICE_VARIABLES)] = Field(
        default_factory=list,
        title="Transformations",
        description="Changes made to the schema's properties first, so that their names are those of the API.",
    )

    async def selected(self, context: Context) -> set[str] | None:
        """The names of the properties that are wanted; None: all of them. Raises `ReadError`.

        A schema without properties selects nothing in particular (Airbyte asks for no property then).
        """
        properties = (context.schema or {}).get("properties")
        if not isinstance(properties, Mapping) or not properties:
            return None
        wanted = deepcopy(dict(properties))
        with readable():
            for transformation in self.transformations:
                change = changing(transformation.bind_in(context, context.scope(transformation)))
                [wanted] = await context.apart(partial(change, [wanted]))
        return set(wanted)


class QueryProperties(Component):
    """The properties that the API is asked for, in one request or in portions.

    As a query parameter it is their names with commas between them. Elsewhere templates have them as the list
    `query_properties`, or `stream_partition.extra_fields['query_properties']`.
    """

    label = "Query properties"

    property_list: list[str] | PropertiesFromEndpoint = Field(
        title="Property List", description="The names of the properties, or the requests that list them."
    )
    always_include_properties: list[str] | None = Field(
        None, title="Always Include Properties", description="Properties that every request asks for, such as the key."
    )
    property_chunking: PropertyChunking | None = Field(
        None, title="Property Chunking", description="Divides the properties into portions, one request each."
    )
    property_selector: JsonSchemaPropertySelector | None = Field(
        None, title="Property Selector", description="Leaves out properties that the stream does not need."
    )

    @property
    def key_of(self) -> KeyOf | None:
        return self.property_chunking.key_of if self.property_chunking is not None else None

    async def portions(self, context: Context) -> list[list[str]]:
        endpoint = self.property_list
        names = await endpoint.names(context) if isinstance(endpoint, PropertiesFromEndpoint) else endpoint
        always = self.always_include_properties or []
        selected = await self.property_selector.selected(context) if self.property_selector else None
        if self.property_chunking is not None:
            return list(self.property_chunking.portions(names, always, selected))
        return [[*always, *(name for name in names if selected is None or name in selected)]]
