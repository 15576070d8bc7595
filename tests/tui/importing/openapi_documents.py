"""OpenAPI documents for tests, made of the parts that a test is about."""

from __future__ import annotations

import json
from typing import Any

Json = dict[str, Any]


def document(paths: Json, *, server: str = "https://api.example.com", schemas: Json | None = None, **more: Any) -> str:
    """A document of version 3.0; `paths` are GET operations unless they name their methods."""
    items = {path: one if {"get", "post"} & one.keys() else {"get": one} for path, one in paths.items()}
    found: Json = {"openapi": "3.0.3", "info": {"title": "Shop", "version": "1"}, "paths": items}
    found["servers"] = [{"url": server}]
    components = {"schemas": schemas or {}, **more.pop("components", {})}
    return json.dumps({**found, "components": components, **more})


def operation(schema: Json | None = None, *parameters: Json, **more: Any) -> Json:
    """An operation that answers with JSON by a schema."""
    content = {"application/json": {"schema": schema or {"type": "array", "items": thing()}}}
    responses = {"200": {"description": "", "content": content, "headers": more.pop("headers", {})}}
    return {"parameters": list(parameters), "responses": responses, **more}


def query(name: str, kind: str = "string", *, required: bool = False, **schema: Any) -> Json:
    return {"name": name, "in": "query", "required": required, "schema": {"type": kind, **schema}}


def thing(*names: str, **more: Json) -> Json:
    """The schema of an object with texts for fields, and an id."""
    properties = {"id": {"type": "integer"}, **{name: {"type": "string"} for name in names}, **more}
    return {"type": "object", "properties": properties}


def listed(items: Json, **more: Json) -> Json:
    """The schema of an envelope with a list of records."""
    return {"type": "object", "properties": {"data": {"type": "array", "items": items}, **more}}
