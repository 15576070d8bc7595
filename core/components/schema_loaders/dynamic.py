"""A JSON Schema that is made of what the API says about its fields."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from core.components.async_retriever import AsyncRetriever
from core.components.context import Context
from core.components.roles import RecordFilterRole, Retriever, SchemaLoader, Transformation
from core.components.schema_loaders.type_identifier import SchemaTypeIdentifier
from core.components.simple_retriever import SimpleRetriever
from core.components.slices import StreamSlice
from core.components.template_errors import readable
from core.manifest.problems import Problem, Severity

Schema = Mapping[str, Any]


@dataclass(slots=True)
class _Loaded:
    """A schema that is loaded once in a run, by whoever needs it first."""

    schema: Schema | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def get(self, load: Callable[[], Awaitable[Schema]]) -> Schema:
        async with self._lock:
            if self.schema is None:
                self.schema = await load()
        return self.schema


class DynamicSchemaLoader(SchemaLoader):
    """The API is asked which fields there are.

    The first record that the retriever gives describes the fields. It is read once in a run, before the records
    of the stream are.
    """

    label = "Asked from the API"

    retriever: Retriever = Field(title="Retrieval", description="How the description of the fields is fetched.")
    schema_type_identifier: SchemaTypeIdentifier = Field(
        title="Field Descriptions", description="Where in it the names and types of the fields are."
    )
    schema_filter: RecordFilterRole | None = Field(
        None,
        title="Schema Filter",
        description="Which fields are kept; `record` has the name of a field as its only key.",
    )
    schema_transformations: list[Transformation] = Field(
        default_factory=list,
        title="Schema Transformations",
        description="Changes made to the fields, in order; `record` holds them all by name.",
    )

    def lint(self) -> list[Problem]:
        """Only one record is read, so that partitions make no sense (Airbyte: the same)."""
        retriever = self.retriever
        if not isinstance(retriever, (SimpleRetriever, AsyncRetriever)) or not retriever.partition_router:
            return []
        severity = Severity.ERROR if isinstance(retriever, AsyncRetriever) else Severity.WARNING
        message = "a schema is read without partitions, so this `partition_router` is not used"
        return [Problem(message, ("retriever", "partition_router"), severity, "remove it")]

    async def load(self, context: Context) -> Schema:
        """The schema, which is loaded once in a run. Raises `ReadError`."""
        loaded = context.run.shared((self.identity, "schema"), _Loaded)
        return await loaded.get(lambda: self._load(context))

    async def _load(self, context: Context) -> Schema:
        context = context.for_slice(StreamSlice())
        variables = {**context.variables, "config": context.config}
        record = await context.run.first_record(self.retriever, context)
        properties = self.schema_type_identifier.properties(record, variables) if record else {}
        with readable():
            if self.schema_filter is not None:
                keep = self.schema_filter.bind(variables)
                properties = {name: part for name, part in properties.items() if keep({name: part})}
            for transformation in self.schema_transformations:
                transformation.bind(variables)(properties)
        return {
            "$schema": "https://json-schema.org/draft-07/schema#",
            "type": "object",
            "additionalProperties": True,
            "properties": properties,
        }
