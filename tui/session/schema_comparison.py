"""A declared JSON Schema beside what was detected: differences, merging, and records that break it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal

import orjson

MOST_VIOLATIONS = 100


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of two schemas beside each other: in both (" "), only declared ("-"), only detected ("+")."""

    mark: Literal[" ", "-", "+"]
    text: str


def for_import(detected: Mapping[str, Any]) -> dict[str, Any]:
    """A detected schema as it is declared: fields that were not seen are allowed."""
    return {**deepcopy(dict(detected)), "additionalProperties": True}


def difference(declared: Mapping[str, Any], detected: Mapping[str, Any]) -> list[DiffLine]:
    """The lines of both schemas, keys sorted; none is marked when they say the same."""
    before, after = _lines(declared), _lines(for_import(detected))
    result = []
    for tag, a_start, a_end, b_start, b_end in difflib.SequenceMatcher(None, before, after, False).get_opcodes():
        if tag == "equal":
            result += [DiffLine(" ", line) for line in before[a_start:a_end]]
        else:
            result += [DiffLine("-", line) for line in before[a_start:a_end]]
            result += [DiffLine("+", line) for line in after[b_start:b_end]]
    return result


def same_schema(declared: Mapping[str, Any], detected: Mapping[str, Any]) -> bool:
    """Whether importing the detected schema would change nothing."""
    return bool(_normal(declared) == _normal(for_import(detected)))


def loses_something(declared: Mapping[str, Any], detected: Mapping[str, Any]) -> bool:
    """Whether overwriting the declared schema would take something out of it."""
    return any(line.mark == "-" for line in difference(declared, detected))


def merged(declared: Mapping[str, Any], detected: Mapping[str, Any]) -> dict[str, Any]:
    """The declared schema with the fields that were detected beside it; where both know one, the declared counts."""
    result = {**deepcopy(dict(detected)), **deepcopy(dict(declared))}
    for key in ("properties", "items"):
        old, new = declared.get(key), detected.get(key)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            result[key] = _merged_properties(old, new) if key == "properties" else merged(old, new)
    return result


def _merged_properties(declared: Mapping[str, Any], detected: Mapping[str, Any]) -> dict[str, Any]:
    result = deepcopy(dict(declared))
    for name, schema in detected.items():
        present = declared.get(name)
        if present is None:
            result[name] = deepcopy(schema)
        elif isinstance(present, Mapping) and "properties" in present and "properties" in schema:
            result[name] = merged(present, schema)
    return result


def _lines(schema: Mapping[str, Any]) -> list[str]:
    return orjson.dumps(_normal(schema), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS).decode().splitlines()


def _normal(schema: Any) -> Any:
    """A schema in one spelling: `[string]` is `string`, the order of types and of required fields is no difference."""
    if isinstance(schema, list):
        return [_normal(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    result = {str(key): _normal(value) for key, value in schema.items() if key != "$schema"}
    for key in ("type", "required"):
        if isinstance(result.get(key), list):
            result[key] = sorted(result[key], key=str)
    if isinstance(result.get("type"), list) and len(result["type"]) == 1:
        result["type"] = result["type"][0]
    return result


_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}


class Violations:
    """What records break of a declared schema: types and required fields, each message once."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema
        self._found: dict[str, int] = {}

    def add(self, record: Mapping[str, Any]) -> None:
        """Check a record."""
        for message in dict.fromkeys(_broken(self._schema, record, "")):
            if message in self._found or len(self._found) < MOST_VIOLATIONS:
                self._found[message] = self._found.get(message, 0) + 1

    def found(self) -> list[tuple[str, int]]:
        """The messages, and how many records each is about."""
        return list(self._found.items())


def _broken(schema: Any, value: Any, path: str) -> Iterator[str]:
    if not isinstance(schema, Mapping):
        return
    forms = schema.get("anyOf") or schema.get("oneOf")
    if isinstance(forms, list):
        found = [list(_broken(form, value, path)) for form in forms]
        if found and all(found):
            yield f"{_place(path)} fits none of the forms that the schema allows; it is {_word(value)}"
        return
    written = schema.get("type")
    types = written if isinstance(written, list) else [written] if isinstance(written, str) else []
    if types and not any(_is(value, kind) for kind in types):
        allowed = " or ".join(_WORDS.get(kind, kind) for kind in types)
        yield f"{_place(path)} must be {allowed}, but it is {_word(value)}"
        return
    if isinstance(value, Mapping):
        yield from _broken_object(schema, value, path)
    elif isinstance(value, list):
        for item in value:
            yield from _broken(schema.get("items"), item, f"{path}[]")


def _broken_object(schema: Mapping[str, Any], value: Mapping[str, Any], path: str) -> Iterator[str]:
    known = schema.get("properties")
    known = known if isinstance(known, Mapping) else {}
    required = schema.get("required")
    for name in required if isinstance(required, list) else ():
        if name not in value:
            yield f"{_place(_below(path, name))} is required, but it is missing"
    for name, item in value.items():
        if name in known:
            yield from _broken(known[name], item, _below(path, name))
        elif schema.get("additionalProperties") is False:
            yield f"{_place(_below(path, name))} is not in the schema, which allows no other fields"


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _place(path: str) -> str:
    return f"`{path}`" if path else "the record"


def _is(value: Any, kind: str) -> bool:
    match kind:
        case "string":
            return isinstance(value, str)
        case "integer":
            return (isinstance(value, int) and not isinstance(value, bool)) or (
                isinstance(value, float) and value.is_integer()
            )
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "object":
            return isinstance(value, Mapping)
        case "array":
            return isinstance(value, list)
        case "null":
            return value is None
    return True


def _word(value: Any) -> str:
    return next((word for kind, word in _WORDS.items() if kind != "integer" and _is(value, kind)), "something else")
