"""A JSON Schema that is written in the manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import orjson
from pydantic import BeforeValidator, Field

from core.components.base import Shown
from core.components.context import Context
from core.components.roles import SchemaLoader


def _parsed(schema: Any) -> Any:
    """A schema that is written as JSON text, as the mapping that it is."""
    if not isinstance(schema, str):
        return schema
    try:
        return orjson.loads(schema)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"the schema is text, but not JSON: {error}") from None


class InlineSchemaLoader(SchemaLoader):
    """The JSON Schema is written in the manifest."""

    label = "Inline schema"

    json_schema: Annotated[dict[str, Any], BeforeValidator(_parsed), Shown(editor="json")] = Field(
        default_factory=dict,
        alias="schema",
        title="Schema",
        description="The JSON Schema of the records: a mapping, or JSON as text.",
    )

    @property
    def written(self) -> Mapping[str, Any]:
        """The schema."""
        return self.json_schema

    async def load(self, _context: Context) -> Mapping[str, Any]:
        """The schema."""
        return self.json_schema
