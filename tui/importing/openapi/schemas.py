"""Schemas of OpenAPI documents as plain JSON Schemas: references followed, cycles cut, all of it bounded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tui.importing.openapi.document import LONGEST_NAME, ApiDocument, mapping

_DEEPEST = 8
_MOST_NODES = 250
_MOST_AT_THE_TOP = 2_000
_MOST_PARTS = 300
_TYPES = ("string", "number", "integer", "boolean", "object", "array", "null")
_COMBINED = frozenset({"allOf", "anyOf", "oneOf", "$ref", "nullable", "x-nullable"})
_ANY_OBJECT = {"type": ["object", "null"], "additionalProperties": True}

Schema = Mapping[str, Any]


class Schemas:
    """Reads schemas of a document."""

    def __init__(self, document: ApiDocument) -> None:
        self._document = document

    def merged(self, schema: Any) -> dict[str, Any]:
        """A schema with its reference followed and its parts put together, one level deep.

        `type` becomes a list, and is left out where anything is allowed; of alternatives all properties are taken.
        """
        return _Merging(self._document).merged(schema, 0)

    def properties(self, merged: Schema) -> dict[str, dict[str, Any]]:
        """The properties of a merged schema, merged too."""
        properties = mapping(merged.get("properties"))
        return {str(name): self.merged(one) for name, one in properties.items() if len(str(name)) <= LONGEST_NAME}

    def plain(self, schema: Any) -> dict[str, Any]:
        """The schema as a manifest has it: without references, as deep as there is room for.

        What is below that, or a cycle, is any object.
        """
        found = _Plain(self, 1, _MOST_AT_THE_TOP).plain(schema)
        for levels in range(2, _DEEPEST):
            try:
                deeper = _Plain(self, levels, _MOST_NODES).plain(schema)
            except _TooLarge:
                return found
            if deeper == found:
                return found
            found = deeper
        return found

    def resolved(self, schema: Any) -> dict[str, Any]:
        return self._document.resolve(schema)


def types_of(merged: Schema) -> list[str]:
    """The types of a merged schema; none when it can be anything."""
    types = merged.get("type")
    return types if isinstance(types, list) else []


def can_be(merged: Schema, *types: str) -> bool:
    """Whether a value of a merged schema can be of one of some types."""
    known = types_of(merged)
    return not known or not set(types).isdisjoint(known)


class _Merging:
    """Puts the parts of one schema together."""

    def __init__(self, document: ApiDocument) -> None:
        self._document = document
        self._left = _MOST_PARTS

    def merged(self, schema: Any, depth: int) -> dict[str, Any]:
        resolved = self._document.resolve(schema)
        self._left -= 1
        if depth > _DEEPEST or self._left < 0:
            return {}
        own = {key: value for key, value in resolved.items() if key not in _COMBINED}
        types = _told_types(own)
        own.pop("type", None)
        if types:
            own["type"] = types
        whole: dict[str, Any] = {}
        for part in (*(self.merged(one, depth + 1) for one in _list(resolved.get("allOf"))), own):
            whole = _together(whole, part)
        each = [self.merged(one, depth + 1) for one in _list(resolved.get("anyOf")) or _list(resolved.get("oneOf"))]
        if each:
            whole = _together(_alternatives(each), whole)
        if types_of(whole) and (resolved.get("nullable") is True or resolved.get("x-nullable") is True):
            whole["type"] = list(dict.fromkeys([*types_of(whole), "null"]))
        return whole


class _TooLarge(Exception):
    """The schema has more parts than there is room for."""


class _Plain:
    """Makes one schema plain, down to a number of levels of objects."""

    def __init__(self, schemas: Schemas, levels: int, room: int) -> None:
        self._schemas = schemas
        self._levels = levels
        self._left = room

    def plain(self, schema: Any, above: frozenset[int] = frozenset(), level: int = 0) -> dict[str, Any]:
        mark = id(self._schemas.resolved(schema))
        self._left -= 1
        if self._left < 0:
            raise _TooLarge
        if mark in above:
            return dict(_ANY_OBJECT)
        whole = self._schemas.merged(schema)
        above |= {mark}
        types = types_of(whole)
        found: dict[str, Any] = {}
        if types:
            found["type"] = types[0] if len(types) == 1 else types
        if "object" in types:
            found["additionalProperties"] = True
            properties = mapping(whole.get("properties"))
            if properties and level < self._levels:
                found["properties"] = {
                    str(name): self.plain(one, above, level + 1)
                    for name, one in properties.items()
                    if len(str(name)) <= LONGEST_NAME
                }
        if "array" in types:
            found["items"] = self.plain(whole.get("items"), above, level + 1) if level < self._levels else {}
        if isinstance(whole.get("format"), str) and "string" in types:
            found["format"] = whole["format"]
        return found


def _told_types(schema: Schema) -> list[str]:
    told = schema.get("type")
    types = [one for one in (told if isinstance(told, list) else [told]) if one in _TYPES]
    if types:
        return list(dict.fromkeys(types))
    if "properties" in schema or "additionalProperties" in schema:
        return ["object"]
    return ["array"] if "items" in schema else []


def _together(one: Schema, other: Schema) -> dict[str, Any]:
    """A schema for what is as both say; where they differ the second counts."""
    properties = {**mapping(one.get("properties")), **mapping(other.get("properties"))}
    required = [*_list(one.get("required")), *_list(other.get("required"))]
    whole = {**one, **other}
    if properties:
        whole["properties"] = properties
    if required:
        whole["required"] = required
    return whole


def _alternatives(each: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """A schema for what is as one of several say."""
    real = [one for one in each if types_of(one) != ["null"]]
    types = list(dict.fromkeys(name for one in each for name in types_of(one)))
    if len(real) == 1:
        return {**real[0], **({"type": types} if types_of(real[0]) else {})}
    properties: dict[str, Any] = {}
    for one in real:
        properties = {**mapping(one.get("properties")), **properties}
    items = next((one["items"] for one in real if "items" in one), None)
    found: dict[str, Any] = {"type": types} if all(types_of(one) for one in real) else {}
    found |= {"properties": properties} if properties else {}
    return found | ({"items": items} if items is not None else {})


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
