"""The declared JSON Schema of a stream beside what was detected: differences, merging, taking it over."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from core.components.schema_loaders import InlineSchemaLoader
from core.connector.registry import component_types
from core.inputs.json_schema import MAX_LEVELS, TYPE_NAMES, SchemaChecker, is_type, type_names
from core.inputs.specification import ITEM, Schema
from core.inputs.specification import Path as FieldPath
from core.manifest.problems import Path
from tui.model.session import BuilderSession
from tui.model.specs import type_label

MAX_VIOLATIONS = 100
_NOTHING = object()


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of two schemas beside each other: in both (" "), only declared ("-"), only detected ("+")."""

    mark: Literal[" ", "-", "+"]
    text: str


def for_import(detected: Mapping[str, Any]) -> dict[str, Any]:
    """A detected schema as it is declared: fields that were not seen are allowed."""
    return {**_copied(detected), "additionalProperties": True}


def difference(declared: Mapping[str, Any], detected: Mapping[str, Any]) -> list[DiffLine]:
    """Both schemas laid over each other, keys sorted, a line a value; no line is marked when they say the same."""
    return list(_Lines().of(_normal(declared), _normal(for_import(detected))))


def same_schema(declared: Mapping[str, Any], detected: Mapping[str, Any]) -> bool:
    """Whether importing the detected schema would change nothing."""
    return bool(_normal(declared) == _normal(for_import(detected)))


def loses_something(declared: Mapping[str, Any], detected: Mapping[str, Any]) -> bool:
    """Whether overwriting the declared schema would lose something."""
    return any(line.mark == "-" for line in difference(declared, detected))


def merged(declared: Mapping[str, Any], detected: Mapping[str, Any]) -> dict[str, Any]:
    """The declared schema with the fields that were detected beside it; where both know one, the declared counts."""
    return _merged(_copied(declared), _copied(detected))


def _merged(declared: dict[str, Any], detected: dict[str, Any]) -> dict[str, Any]:
    result = {**detected, **declared}
    for key in ("properties", "items"):
        old, new = declared.get(key), detected.get(key)
        if isinstance(old, dict) and isinstance(new, dict):
            result[key] = _merged_properties(old, new) if key == "properties" else _merged(old, new)
    return result


def _merged_properties(declared: dict[str, Any], detected: dict[str, Any]) -> dict[str, Any]:
    result = dict(declared)
    for name, schema in detected.items():
        present = declared.get(name)
        if present is None:
            result[name] = schema
        elif isinstance(present, dict) and "properties" in present and "properties" in schema:
            result[name] = _merged(present, schema)
    return result


def _copied(schema: Any, levels: int = MAX_LEVELS) -> Any:
    """A copy of a schema that a manifest has room for: what is nested deeper is left open."""
    if isinstance(schema, Mapping):
        return {key: _copied(value, levels - 1) for key, value in schema.items()} if levels else {}
    if isinstance(schema, list):
        return [_copied(item, levels - 1) for item in schema] if levels else []
    return schema


def _normal(schema: Any, levels: int = MAX_LEVELS) -> Any:
    """A schema in one spelling: `[string]` is `string`, the order of types and of required fields is no difference.

    What is nested deeper than a manifest has room for is left out.
    """
    if isinstance(schema, list):
        return [_normal(item, levels - 1) for item in schema] if levels else []
    if not isinstance(schema, Mapping):
        return schema
    if not levels:
        return {}
    result = {str(key): _normal(value, levels - 1) for key, value in schema.items() if key != "$schema"}
    for key in ("type", "required"):
        if isinstance(result.get(key), list):
            result[key] = sorted(result[key], key=str)
    if isinstance(result.get("type"), list) and len(result["type"]) == 1:
        result["type"] = result["type"][0]
    return result


class _Lines:
    """Lays two values over each other: entries are compared by their keys, items of lists by what they say."""

    def of(self, old: Any, new: Any, head: str = "", indent: str = "", tail: str = "") -> Iterator[DiffLine]:
        """The lines; `head` is the key before the values, `tail` the comma after them."""
        if isinstance(old, dict) and isinstance(new, dict) and (old or new):
            yield DiffLine(" ", f"{indent}{head}{{")
            names = sorted(old.keys() | new.keys())
            entries = [(f"{_text(name)}: ", old.get(name, _NOTHING), new.get(name, _NOTHING)) for name in names]
            yield from self._entries(entries, indent)
            yield DiffLine(" ", f"{indent}}}{tail}")
        elif isinstance(old, list) and isinstance(new, list) and (old or new):
            yield DiffLine(" ", f"{indent}{head}[")
            yield from self._entries([("", *pair) for pair in _paired(old, new)], indent)
            yield DiffLine(" ", f"{indent}]{tail}")
        elif old == new and type(old) is type(new):
            yield DiffLine(" ", f"{indent}{head}{_text(old)}{tail}")
        else:
            yield from self._one_sided("-", old, head, indent, tail)
            yield from self._one_sided("+", new, head, indent, tail)

    def _entries(self, entries: list[tuple[str, Any, Any]], indent: str) -> Iterator[DiffLine]:
        for number, (head, old, new) in enumerate(entries, 1):
            yield from self.of(old, new, head, f"{indent}  ", "," if number < len(entries) else "")

    def _one_sided(self, mark: Literal["-", "+"], value: Any, head: str, indent: str, tail: str) -> Iterator[DiffLine]:
        if value is not _NOTHING:
            lines = _text(value, indent=2).splitlines()
            for number, line in enumerate(lines):
                before, after = head if number == 0 else "", tail if number == len(lines) - 1 else ""
                yield DiffLine(mark, f"{indent}{before}{line}{after}")


def _paired(old: list[Any], new: list[Any]) -> Iterator[tuple[Any, Any]]:
    """The items of two lists: those that both have together, those of one list alone, first the old ones."""
    left = Counter(map(_text, new))
    for item in old:
        is_kept = left[_text(item)] > 0
        left[_text(item)] -= is_kept
        yield item, item if is_kept else _NOTHING
    for item in new:
        if left[_text(item)] > 0:
            left[_text(item)] -= 1
            yield _NOTHING, item


def _text(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, indent=indent, sort_keys=True, ensure_ascii=False, default=str)


class Violations(SchemaChecker):
    """How records break a declared schema, each message with a count."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema
        self._found: dict[str, int] = {}

    def add(self, record: Mapping[str, Any]) -> None:
        """Check a record."""
        for message in self.problems_in(self._schema, record):
            if message in self._found or len(self._found) < MAX_VIOLATIONS:
                self._found[message] = self._found.get(message, 0) + 1

    def found(self) -> list[tuple[str, int]]:
        """The messages, and how many records each is about."""
        return list(self._found.items())

    def wrong_type(self, schema: Schema, path: FieldPath, value: Any, expected: tuple[str, ...]) -> str:
        return f"{_place(path)} must be {type_names(expected)}, but it is {_type_name(value)}"

    def missing(self, path: FieldPath) -> str:
        return f"{_place(path)} is required, but it is missing"

    def no_form(self, alternatives: list[Schema], found: list[list[str]], path: FieldPath, value: Any) -> Iterator[str]:
        yield f"{_place(path)} fits none of the forms that the schema allows; it is {_type_name(value)}"

    def unknown(self, schema: Schema, path: FieldPath) -> Iterator[str]:
        if schema.get("additionalProperties") is False:
            yield f"{_place(path)} is not in the schema, which allows no other fields"


def _place(path: FieldPath) -> str:
    """`a.tags[].b`, or the record itself."""
    return f"`{'.'.join(map(str, path)).replace(f'.{ITEM}', ITEM)}`" if path else "the record"


def _type_name(value: Any) -> str:
    known = (name for kind, name in TYPE_NAMES.items() if kind != "integer" and is_type(value, kind))
    return next(known, "something else")


_AUTO: Path = ("metadata", "autoImportSchema")
"""Where Airbyte's builder notes the streams whose schema is imported automatically."""


def declared_schema(session: BuilderSession, index: int) -> dict[str, Any] | None:
    """The schema that is written in the manifest for a stream; None when it comes from elsewhere."""
    loader = session.value((*session.streams.path(index), "schema_loader"))
    schema = loader.get("schema") if isinstance(loader, dict) else None
    return schema if isinstance(schema, dict) else None


def loaded_from(session: BuilderSession, index: int) -> str:
    """What the schema of a stream is loaded from before each read, in a few words; empty when nothing is."""
    loader = session.value((*session.streams.path(index), "schema_loader"))
    if isinstance(loader, list):
        return "several loaders" if loader else ""
    if not isinstance(loader, dict) or "schema" in loader:
        return ""
    written = str(loader.get("type", ""))
    known = component_types().get(written)
    return "" if known is InlineSchemaLoader else type_label(known) if known else written


def import_schema(session: BuilderSession, index: int, detected: Mapping[str, Any], *, merge: bool = False) -> None:
    """Declare a detected schema: in place of the present one, or merged into it."""
    present = declared_schema(session, index)
    schema = merged(present, detected) if merge and present is not None else for_import(detected)
    path = (*session.streams.path(index), "schema_loader")
    with session.group((*path, "schema")):
        if present is None:
            session.set(path, {"type": "InlineSchemaLoader", "schema": schema})
        else:
            session.set((*path, "schema"), schema)


def imports_automatically(session: BuilderSession, index: int) -> bool:
    """Whether the schema of a stream is imported after every test; never in place of one that is loaded."""
    notes = session.document.get(_AUTO)
    wanted = isinstance(notes, dict) and notes.get(session.streams.name(index)) is True
    return wanted and not loaded_from(session, index)


def set_automatic_import(session: BuilderSession, index: int, *, on: bool) -> None:
    """Switch the import after every test on or off."""
    with session.group((*session.streams.path(index), "schema_loader")):
        session.write((*_AUTO, session.streams.name(index)), on)


def set_automatic_imports(session: BuilderSession, names: Mapping[str, bool]) -> None:
    """The same for several streams, by their names."""
    present = session.document.get(_AUTO)
    session.write(_AUTO, {**(present if isinstance(present, dict) else {}), **names})
