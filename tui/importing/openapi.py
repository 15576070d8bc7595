"""OpenAPI documents as a source of streams: each operation that reads can become one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from tui.importing.drafts import ImportRefused, Offer, StreamDraft
from tui.importing.material import Material
from tui.importing.openapi_document import ApiDocument, Operation, mapping
from tui.importing.openapi_requests import RequestDraft
from tui.importing.openapi_schema import SchemaReader

_USUAL = ("data", "items", "results", "records", "value", "entries")


class OpenApiSource:
    """The operations of a document that read: those by GET."""

    def __init__(self, document: ApiDocument) -> None:
        self._document = document
        self._operations = {one.key: one for one in document.operations() if one.method == "GET"}
        if not self._operations:
            raise ImportRefused("The OpenAPI document has no GET operation to read records with.")

    @property
    def title(self) -> str:
        return f"OpenAPI document {self._document.title}".strip()

    def offers(self) -> list[Offer]:
        return [_offer(one) for one in self._operations.values()]

    def drafts(self, keys: Sequence[str]) -> list[StreamDraft]:
        chosen = set(keys)
        return [self._draft(one) for key, one in self._operations.items() if key in chosen]

    def _draft(self, operation: Operation) -> StreamDraft:
        request = RequestDraft(self._document, operation)
        schemas = SchemaReader(self._document)
        field_path, record = _records(schemas, self._document.response_schema(operation), operation, request.notes)
        extractor = {"type": "DpathExtractor", "field_path": field_path}
        retriever: dict[str, Any] = {
            "type": "SimpleRetriever",
            "requester": request.requester(),
            "record_selector": {"type": "RecordSelector", "extractor": extractor},
        }
        name = _name(operation)
        definition: dict[str, Any] = {"type": "DeclarativeStream", "name": name, "retriever": retriever}
        merged = schemas.merged(record)
        if "id" in mapping(merged.get("properties")) and "id" in (merged.get("required") or ()):
            definition["primary_key"] = "id"
        if record:
            schema = schemas.json_schema(record)
            definition["schema_loader"] = {"type": "InlineSchemaLoader", "schema": schema}
        request.notes.append("Paging was not taken over; set it where the API answers page by page.")
        return StreamDraft(name, definition, tuple(request.inputs.values()), tuple(request.notes))


def read_openapi(material: Material) -> OpenApiSource | None:
    """Read a document; None when the text is something else. Raises ImportRefused."""
    tree = material.mapping
    version = str(tree.get("openapi") or tree.get("swagger") or "")
    if not version or not isinstance(tree.get("paths"), dict):
        return None
    if not version.startswith(("2.", "3.0", "3.1")):
        raise ImportRefused(f"OpenAPI {version[:20]} is not supported; 2.0, 3.0 and 3.1 are.")
    return OpenApiSource(ApiDocument(tree))


def _offer(operation: Operation) -> Offer:
    tags = operation.body.get("tags")
    group = str(tags[0])[:80] if isinstance(tags, list) and tags else ""
    return Offer(operation.key, operation.key, str(operation.body.get("summary") or "")[:200], group)


def _name(operation: Operation) -> str:
    words = [word for word in operation.path.split("/") if re.fullmatch(r"[A-Za-z][\w.-]*", word)]
    return words[-1] if words else "stream"


def _records(
    schemas: SchemaReader, schema: dict[str, Any], operation: Operation, notes: list[str]
) -> tuple[list[str], dict[str, Any]]:
    """Where the records are in an answer, and the schema of one."""
    whole = schemas.merged(schema)
    if "array" in schemas.types(whole):
        return [], mapping(whole.get("items"))
    properties = {str(name): schemas.merged(one) for name, one in mapping(whole.get("properties")).items()}
    if operation.path.endswith("}") or "id" in properties:
        return [], schema
    lists = [name for name, one in properties.items() if "array" in schemas.types(one)]
    usual = [name for name in lists if name in _USUAL or name == _name(operation)]
    if len(usual or lists) == 1:
        name = (usual or lists)[0]
        if not usual:
            notes.append(f"The records seem to be in `{name}`.")
        return [name], mapping(properties[name].get("items"))
    if lists:
        notes.append(f"The answer has several lists ({', '.join(lists[:8])}); set which one has the records.")
    return [], schema
