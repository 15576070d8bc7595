"""Schemas of OpenAPI documents as plain JSON Schemas: references followed, cycles cut, all of it bounded."""

from __future__ import annotations

from typing import Any

from tui.importing.openapi_document import ApiDocument, mapping

_DEEPEST = 8
_MOST_NODES = 2000
_ANY_OBJECT = {"type": ["object", "null"], "additionalProperties": True}


class SchemaReader:
    """Reads schemas of a document. One reader is for one stream: it bounds how much that gets."""

    def __init__(self, document: ApiDocument) -> None:
        self._document = document
        self._left = _MOST_NODES

    def merged(self, schema: Any, depth: int = 0) -> dict[str, Any]:
        """The schema with its reference followed and the parts of its `allOf` put together, one level deep."""
        resolved = self._document.resolve(schema)
        parts = resolved.get("allOf")
        if not isinstance(parts, list) or depth > _DEEPEST:
            return resolved
        whole: dict[str, Any] = {}
        for part in (*parts, {key: value for key, value in resolved.items() if key != "allOf"}):
            one = self.merged(part, depth + 1)
            properties = {**mapping(whole.get("properties")), **mapping(one.get("properties"))}
            required = [*_names(whole.get("required")), *_names(one.get("required"))]
            whole |= one
            if properties:
                whole |= {"properties": properties, "type": "object"}
            if required:
                whole["required"] = required
        return whole

    def json_schema(self, schema: Any, above: frozenset[int] = frozenset()) -> dict[str, Any]:
        """The schema without references; what is too deep, too much or a cycle is an object of any shape."""
        whole = self.merged(schema)
        mark = id(self._document.resolve(schema))
        self._left -= 1
        if mark in above or len(above) >= _DEEPEST or self._left < 0:
            return dict(_ANY_OBJECT)
        above |= {mark}
        types = self.types(whole)
        found: dict[str, Any] = {}
        if types:
            found["type"] = types[0] if len(types) == 1 else types
        if "object" in types:
            properties = mapping(whole.get("properties"))
            found["additionalProperties"] = True
            if properties:
                found["properties"] = {
                    str(name): self.json_schema(one, above) for name, one in properties.items() if self._left > 0
                }
        if "array" in types:
            found["items"] = self.json_schema(whole.get("items"), above)
        if isinstance(whole.get("format"), str) and "string" in types:
            found["format"] = whole["format"]
        return found

    def types(self, whole: dict[str, Any], depth: int = 0) -> list[str]:
        """The types of a value; none when it can be anything."""
        told = whole.get("type")
        types = [one for one in told if isinstance(one, str)] if isinstance(told, list) else []
        if isinstance(told, str):
            types = [told]
        if not types:
            types = self._implied(whole, depth)
        if types and (whole.get("nullable") is True or whole.get("x-nullable") is True):
            types = [*types, "null"]
        known = ("string", "number", "integer", "boolean", "object", "array", "null")
        return list(dict.fromkeys(one for one in types if one in known))

    def _implied(self, whole: dict[str, Any], depth: int) -> list[str]:
        if "properties" in whole or "additionalProperties" in whole:
            return ["object"]
        if "items" in whole:
            return ["array"]
        alternatives = whole.get("anyOf") or whole.get("oneOf")
        if not isinstance(alternatives, list) or depth > _DEEPEST:
            return []
        each = [self.types(self.merged(one), depth + 1) for one in alternatives]
        return [name for types in each for name in types] if all(each) else []


def _names(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
