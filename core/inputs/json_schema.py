"""Holds values against a JSON Schema. What does not fit is put into sentences by those who know what the value is."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from core.inputs.specification import ITEM, Path, Schema, forms, types

MAX_LEVELS = 90
"""Levels of a schema of records that are looked at: a manifest has 100, the topmost of which are around the schema."""
TYPE_NAMES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}


def is_number(value: Any) -> bool:
    """Whether a value is a finite number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, int) or math.isfinite(value)


_IS: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: is_number(value) and (isinstance(value, int) or value.is_integer()),
    "number": is_number,
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, dict | Mapping),
    "array": lambda value: isinstance(value, list),
    "null": lambda value: value is None,
}


def is_type(value: Any, kind: str) -> bool:
    """Whether a value is of a JSON type; every value is of one that does not exist."""
    check = _IS.get(kind)
    return check is None or check(value)


def _is_any(value: Any, kinds: Iterable[Any]) -> bool:
    for kind in kinds:  # noqa: SIM110 - this runs for every value of every record, and is twice as fast as `any()`
        if not isinstance(kind, str) or is_type(value, kind):
            return True
    return False


def type_names(kinds: Iterable[str]) -> str:
    """JSON types in words: "text or null"."""
    return " or ".join(TYPE_NAMES.get(kind, kind) for kind in kinds)


class SchemaChecker(ABC):
    """Checks types, required properties and forms (`allOf`, `anyOf`, `oneOf`); subclasses check and word the rest."""

    levels: ClassVar[int] = MAX_LEVELS
    """Levels of a schema that are checked."""

    def problems_in(self, schema: Any, value: Any) -> list[str]:
        """A sentence for each thing that is wrong with a value, each once."""
        found: list[str] = []
        self._check(schema, value, (), self.levels, found)
        return list(dict.fromkeys(found))

    def _check(self, schema: Any, value: Any, path: Path, levels: int, found: list[str]) -> None:
        if not isinstance(schema, dict | Mapping) or not levels:
            return
        kinds = schema.get("type")
        kinds = (kinds,) if isinstance(kinds, str) else kinds if isinstance(kinds, list) else ()
        if kinds and not _is_any(value, kinds):
            found.append(self.wrong_type(schema, path, value, types(schema)))
            return
        found += self.details(schema, path, value)
        if isinstance(value, dict | Mapping):
            self._check_members(schema, value, path, levels - 1, found)
        elif isinstance(value, list) and "items" in schema:
            for item in value:
                self._check(schema["items"], item, (*path, ITEM), levels - 1, found)
        if "allOf" in schema:
            for part in forms(schema, "allOf"):
                self._check(part, value, path, levels - 1, found)
        for key in ("oneOf", "anyOf"):
            if key in schema:
                self._check_forms(list(forms(schema, key)), value, path, levels - 1, found)

    def _check_members(
        self, schema: Schema, value: Mapping[str, Any], path: Path, levels: int, found: list[str]
    ) -> None:
        known, required = schema.get("properties"), schema.get("required")
        known = known if isinstance(known, Mapping) else {}
        if isinstance(required, list):
            found += [self.missing((*path, str(name))) for name in required if name not in value]
        for name, member in value.items():
            if name in known:
                self._check(known[name], member, (*path, name), levels, found)
            else:
                found += self.unknown(schema, (*path, name))

    def _check_forms(self, alternatives: list[Schema], value: Any, path: Path, levels: int, found: list[str]) -> None:
        found_in: list[list[str]] = [[] for _ in alternatives]
        for form, problems in zip(alternatives, found_in, strict=True):
            self._check(form, value, path, levels, problems)
        if found_in and all(found_in):
            found += self.no_form(alternatives, found_in, path, value)

    @abstractmethod
    def wrong_type(self, schema: Schema, path: Path, value: Any, expected: tuple[str, ...]) -> str: ...

    @abstractmethod
    def missing(self, path: Path) -> str: ...

    @abstractmethod
    def no_form(self, alternatives: list[Schema], found: list[list[str]], path: Path, value: Any) -> Iterable[str]:
        """What to say of a value that fits none of its forms; `found` is what is wrong with it for each."""

    def details(self, schema: Schema, path: Path, value: Any) -> Iterable[str]:
        """What is wrong with a value of the right type, apart from what is in it."""
        return ()

    def unknown(self, schema: Schema, path: Path) -> Iterable[str]:
        """What to say of a property that the schema does not name."""
        return ()
