"""The schema loaders: where the JSON Schema of a stream's records comes from."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

import orjson
from pydantic import BeforeValidator, Field

from core.components.retriever import Retriever, SynchronousRetriever
from core.components.type_identifier import SchemaTypeIdentifier
from core.errors import ReadError
from core.manifest.problems import Problem, Severity
from core.runtime.component import Shown
from core.runtime.context import Context, readable
from core.runtime.record_pipeline import changing, keeping
from core.runtime.roles import RecordFilterRole, SchemaLoader, Transformation
from core.runtime.slices import StreamSlice
from core.templates import Template
from core.wording import json_fault


def _parsed(schema: Any) -> Any:
    """A schema that is written as JSON text, as the mapping that it is."""
    if not isinstance(schema, str):
        return schema
    try:
        return orjson.loads(schema)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"the schema is text, but not JSON: {json_fault(error)}") from None


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
        return self.json_schema

    async def load(self, _context: Context) -> Mapping[str, Any]:
        return self.json_schema


_SHARED = "schemas/shared"
"""Where Airbyte looks for the files that schemas refer to."""


class JsonFileSchemaLoader(SchemaLoader):
    """The JSON Schema is in a file in the folder of the manifest.

    Older connectors have their schemas there. Airbyte reads such files only from the Python package of a
    connector and advises to write the schema into the manifest instead.
    """

    label = "JSON file"

    file_path: Annotated[Template, Shown(unset="schemas/<name of the stream>.json")] = Field(
        Template(""),
        title="File Path",
        description="The way to the file from the folder of the manifest, or from the one above.",
    )

    async def load(self, context: Context) -> Mapping[str, Any]:
        folder = context.run.folder
        if folder is None:
            raise ReadError(
                "The schema is in a file beside the manifest, but the manifest is in no file yet. "
                "Save the manifest first."
            )
        with readable():
            path = self.file_path.text(context.scope(self))
        path = path or f"schemas/{self.parameters.get('name') or context.stream}.json"
        schema = _read(folder, _possible(path))
        complete: Mapping[str, Any] = _Inliner(folder, schema).inlined(schema)
        return complete


def _possible(path: str) -> list[str]:
    """Where the file may be: at the path, or there without the name of the Python package that it begins with."""
    parts = PurePosixPath(path).parts
    return list(dict.fromkeys([path, *([str(PurePosixPath(*parts[1:]))] if len(parts) > 1 else [])]))


def _read(folder: Path, paths: list[str]) -> dict[str, Any]:
    """The JSON object in the first of the files that is there. Raises `ReadError`."""
    places = [_inside(folder, path) for path in paths]
    file = next((place for place in places if os.path.isfile(place)), None)
    if file is None:
        raise ReadError(
            f"There is no schema file {' or '.join(map(str, places))}. Put it there, correct `file_path` of the schema "
            "loader, or write the schema into the manifest with an InlineSchemaLoader."
        )
    try:
        schema = orjson.loads(file.read_bytes())
    except OSError as error:
        raise ReadError(f"The schema file {file} can't be read: {error.strerror or error}.") from None
    except orjson.JSONDecodeError as error:
        raise ReadError(f"The schema file {file} is no JSON: {json_fault(error)}.") from None
    if not isinstance(schema, dict):
        raise ReadError(f"The schema file {file} holds no JSON Schema: expected an object.")
    return schema


def _inside(folder: Path, path: str) -> Path:
    """The place of a path in a folder. Raises `ReadError` when it leads out of there, over a link too."""
    root = folder.resolve()
    place = (root / path).resolve()
    if not place.is_relative_to(root):
        raise ReadError(f"The schema file `{path}` is not in the folder of the manifest, {root}, so it is not read.")
    return place


class _Inliner:
    """Puts what a schema refers to in the place of each `$ref`, out of the file itself or another one."""

    def __init__(self, folder: Path, schema: dict[str, Any]) -> None:
        self._folder = folder
        self._files: dict[str, dict[str, Any]] = {"": schema}

    def inlined(self, part: Any, within: str = "", above: frozenset[tuple[str, str]] = frozenset()) -> Any:
        """A part of the file `within`, complete; a reference that leads back to itself becomes {}: anything."""
        if isinstance(part, list):
            return [self.inlined(item, within, above) for item in part]
        if not isinstance(part, dict):
            return part
        reference = part.get("$ref")
        if not isinstance(reference, str):
            return {key: self.inlined(value, within, above) for key, value in part.items()}
        file, _, pointer = reference.partition("#")
        target = (file or within, pointer)
        if target in above:
            return {}
        found = self.inlined(self._at(*target), target[0], above | {target})
        return {key: value for key, value in found.items() if key != "definitions"}

    def _at(self, file: str, pointer: str) -> dict[str, Any]:
        if file not in self._files:
            self._files[file] = _read(self._folder, [f"{_SHARED}/{file}"])
        part: Any = self._files[file]
        for step in filter(None, pointer.split("/")):
            part = part.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(part, dict) else None
        return part if isinstance(part, dict) else {}


Schema = Mapping[str, Any]


@dataclass(slots=True)
class _Loaded:
    """A schema that is loaded once in a run, when it is first needed."""

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
        if not self.retriever.router:
            return []
        severity = Severity.WARNING if isinstance(self.retriever, SynchronousRetriever) else Severity.ERROR
        message = "a schema is read without partitions, so this `partition_router` is not used"
        return [Problem(message, ("retriever", "partition_router"), severity, "remove it")]

    async def load(self, context: Context) -> Schema:
        loaded = context.run.shared((self.identity, "schema"), _Loaded)
        return await loaded.get(lambda: self._load(context))

    async def _load(self, context: Context) -> Schema:
        context = context.remembering().for_slice(StreamSlice())
        variables = {**context.variables, "config": context.config}
        record = await context.run.first_record(self.retriever, context)
        properties = self.schema_type_identifier.properties(record, variables, context.doubt) if record else {}
        with readable():
            if self.schema_filter is not None:
                keep = keeping(self.schema_filter.bind_in(context, variables))
                one_by_one = [{name: part} for name, part in properties.items()]
                kept = await context.apart(lambda: keep(one_by_one))
                properties = {name: part for one in kept for name, part in one.items()}
            for transformation in self.schema_transformations:
                change = changing(transformation.bind_in(context, variables))
                [properties] = await context.apart(partial(change, [properties]))
        return {
            "$schema": "https://json-schema.org/draft-07/schema#",
            "type": "object",
            "additionalProperties": True,
            "properties": properties,
        }
