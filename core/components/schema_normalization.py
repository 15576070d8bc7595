"""Schema normalization: turns the values of records into the types that the stream's JSON Schema names.

A schema is compiled once into plain functions. Airbyte: a value is cast where the schema names exactly one
type beside null; everything else stays as it is. Unlike in Airbyte, null is never cast (there it
becomes the text "None", or false, where the schema does not allow null), and a single value becomes a list
also where the schema names one type of item as text rather than in a list.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from core.runtime.component import Component
from core.runtime.context import Context
from core.runtime.record_pipeline import ManyRecords, Warn, ignore
from core.runtime.slices import Record

Cast = Callable[[Any], Any]
Change = Callable[[Any], None]

_TRUE = frozenset({"y", "yes", "t", "true", "on", "1"})
_FALSE = frozenset({"n", "no", "f", "false", "off", "0"})
_SIMPLE = frozenset({"string", "number", "integer", "boolean"})
_CAST_ERRORS = (ValueError, TypeError, OverflowError)


class SchemaNormalization(Component, role=True):
    """A normalization of one's own."""

    @abstractmethod
    def bind_in(self, context: Context | None, schema: Mapping[str, Any]) -> ManyRecords:
        """What normalizes records by the JSON Schema of the stream."""


def normalizer(schema: Mapping[str, Any], warn: Warn = ignore) -> Callable[[Record], None]:
    """The function that normalizes a record in place by the JSON Schema of the stream.

    What can't be cast stays as it is, and `warn` is called once for each field.
    """
    normalize = _Compiler(schema, warn).inside(schema, ())
    return normalize or (lambda record: None)


class _Compiler:
    """Compiles the parts of one schema; references inside it are followed when a value first needs them."""

    def __init__(self, root: Mapping[str, Any], warn: Warn) -> None:
        self._root = root
        self._warn = warn
        self._warned: set[tuple[str, ...]] = set()
        self._referred: dict[str, Change | None] = {}

    def value(self, schema: Any, path: tuple[str, ...]) -> Cast | None:
        """The function that gives the normalized value at `path`; None when values stay as they are."""
        if not isinstance(schema, Mapping):
            return None
        cast, change = _cast_to(schema), self.inside(schema, path)
        if cast is None and change is None:
            return None

        def normalized(value: Any) -> Any:
            if cast is not None and value is not None:
                try:
                    value = cast(value)
                except _CAST_ERRORS:
                    self._complain(path, _types(schema)[0])
            if change is not None:
                change(value)
            return value

        return normalized

    def inside(self, schema: Mapping[str, Any], path: tuple[str, ...]) -> Change | None:
        """The function that normalizes what is inside an object or list; None when there is nothing to do."""
        reference = schema.get("$ref")
        if isinstance(reference, str):
            return lambda value: self._follow(reference, value, path)
        casts = [
            (name, cast)
            for name, part in _mapping(schema.get("properties")).items()
            if (cast := self.value(part, (*path, name))) is not None
        ]
        item_cast = self.value(schema.get("items"), (*path, "*"))
        if not casts and item_cast is None:
            return None

        def change(value: Any) -> None:
            if isinstance(value, dict):
                for name, cast in casts:
                    if name in value:
                        value[name] = cast(value[name])
            elif isinstance(value, list) and item_cast is not None:
                value[:] = map(item_cast, value)

        return change

    def _follow(self, reference: str, value: Any, path: tuple[str, ...]) -> None:
        if reference not in self._referred:
            self._referred[reference] = self.inside(self._resolved(reference), path)
        change = self._referred[reference]
        if change is not None:
            change(value)

    def _resolved(self, reference: str) -> Mapping[str, Any]:
        part: Mapping[str, Any] = {"$ref": reference}
        seen: set[str] = set()
        while isinstance(target := part.get("$ref"), str):
            if target in seen:
                return {}
            seen.add(target)
            part = self._part_at(target)
        return part

    def _part_at(self, reference: str) -> Mapping[str, Any]:
        part: Any = self._root
        for step in reference.removeprefix("#").split("/")[1:]:
            part = _mapping(part).get(step.replace("~1", "/").replace("~0", "~"))
        return _mapping(part)

    def _complain(self, path: tuple[str, ...], wanted: str) -> None:
        if path not in self._warned:
            self._warned.add(path)
            self._warn(
                f"The schema says that the field `{'.'.join(path)}` is of type {wanted}, "
                "but some values can't be turned into that; they stay as they are."
            )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _types(schema: Mapping[str, Any]) -> list[str]:
    declared = schema.get("type", [])
    names = declared if isinstance(declared, list) else [declared]
    return [name for name in names if isinstance(name, str) and name != "null"]


def _cast_to(schema: Mapping[str, Any]) -> Cast | None:
    types = _types(schema)
    if types == ["array"]:
        return _listed if _SIMPLE.issuperset(_types(_mapping(schema.get("items")))) else None
    return _CASTS.get(types[0]) if len(types) == 1 else None


def _boolean(value: Any) -> bool:
    if not isinstance(value, str):
        return bool(value)
    word = value.strip().lower()
    if word not in _TRUE and word not in _FALSE:
        raise ValueError(word)
    return word in _TRUE


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, (str, int, float)) else value


_CASTS: Mapping[str, Cast] = {"string": str, "number": float, "integer": int, "boolean": _boolean}
