"""The JSON Schema and the datetime formats that records show, inferred record by record.

Airbyte: the rules are those of its builder, with two exceptions that lose nothing: what holds values of several shapes
may be null like everything else, and a date field may be missing in some records.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

_TYPES = {int: "number", float: "number", bool: "boolean", type(None): "null"}
DIALECT = "http://json-schema.org/schema#"
DEEPEST = 20
"""Levels of objects and lists in a record that are described: what a manifest has room for, whatever is found there."""
Keys = Iterable[tuple[str, ...]]


class SchemaInference:
    """Records go in, one by one; the schema that fits all of them comes out at any time.

    Objects and lists that are nested more than `DEEPEST` levels deep are described as such, not what is in them.
    `is_cut` says that there were some.
    """

    def __init__(self) -> None:
        self._root = _Node()
        self.records = 0
        self.is_cut = False

    def add(self, record: Mapping[str, Any]) -> None:
        """Take a record into account."""
        self.records += 1
        self.is_cut |= self._root.add(record, DEEPEST)

    def schema(self, keys: Keys = ()) -> dict[str, Any] | None:
        """The schema; None without records. `keys` are the paths of primary key and cursor field: required, not null.

        Every other field may be null; fields that never had a value are left out.
        """
        if not self.records:
            return None
        schema = {"$schema": DIALECT, **self._root.schema(nullable=False)}
        for key in keys:
            _require(schema, key)
        return schema


class _Node:
    """What was seen at one place."""

    __slots__ = ("items", "properties", "types")

    def __init__(self) -> None:
        self.types: set[str] = set()
        self.properties: dict[str, _Node] | None = None
        self.items: _Node | None = None

    def add(self, value: Any, levels: int) -> bool:
        """Take a value into account, and this many levels of what is in it; whether there are more."""
        name = "string" if isinstance(value, str) else _TYPES.get(type(value))
        if name is not None:
            self.types.add(name)
            return False
        if isinstance(value, Mapping):
            self.types.add("object")
            return self._add_fields(value, levels)
        if isinstance(value, list | tuple):
            self.types.add("array")
            return self._add_items(value, levels)
        self.types.add("string")
        return False

    def _add_fields(self, value: Mapping[str, Any], levels: int) -> bool:
        if not levels:
            return bool(value)
        is_cut = False
        for key, item in value.items():
            if self.properties is None:
                self.properties = {}
            node = self.properties.get(key)
            if node is None:
                node = self.properties[key] = _Node()
            is_cut |= node.add(item, levels - 1)
        return is_cut

    def _add_items(self, value: Iterable[Any], levels: int) -> bool:
        if not levels:
            return bool(value)
        is_cut = False
        for item in value:
            self.items = self.items or _Node()
            is_cut |= self.items.add(item, levels - 1)
        return is_cut

    def schema(self, *, nullable: bool = True) -> dict[str, Any]:
        detailed = [shape for shape in (self._object(), self._array()) if shape]
        simple = sorted(self.types - {"null"} - {shape["type"] for shape in detailed})
        if detailed and (simple or len(detailed) > 1):
            others = [*simple, "null"] if nullable else simple
            return {"anyOf": [*([{"type": _one(others)}] if others else []), *detailed]}
        names = [*simple, *(shape["type"] for shape in detailed), *(["null"] if nullable else [])]
        return {**(detailed[0] if detailed else {}), "type": _one(names)}

    def _object(self) -> dict[str, Any] | None:
        if self.properties is None:
            return None
        seen = {key: node.schema() for key, node in self.properties.items() if node.types != {"null"}}
        return {"type": "object", "properties": seen}

    def _array(self) -> dict[str, Any] | None:
        if self.items is None or self.items.types == {"null"}:
            return None
        return {"type": "array", "items": self.items.schema()}


def _one(types: list[str]) -> str | list[str]:
    return types[0] if len(types) == 1 else types


def _require(schema: dict[str, Any], key: tuple[str, ...]) -> None:
    """Make a field required and not null, and the objects that it is in."""
    for name in key:
        known = schema.get("properties", {})
        if name not in known:
            return
        if name not in schema.setdefault("required", []):
            schema["required"].append(name)
        schema = known[name]
        if isinstance(schema.get("type"), list):
            schema["type"] = _one([kind for kind in schema["type"] if kind != "null"])


_FORMATS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (format_, re.compile(pattern))
    for format_, pattern in (
        ("%Y-%m-%d", r"\d{4}-\d{2}-\d{2}"),
        ("%Y-%m-%d %H:%M:%S", r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}"),
        ("%Y-%m-%d %H:%M", r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}"),
        ("%Y-%m-%dT%H:%M:%SZ", r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z"),
        ("%Y-%m-%dT%H:%M:%S.%fZ", r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{1,6}Z"),
        ("%Y-%m-%dT%H:%M:%S", r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}"),
        ("%Y-%m-%dT%H:%M:%S.%f", r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{1,6}"),
        ("%Y-%m-%dT%H:%M:%S%z", r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}[+-]\d{2}:?\d{2}"),
        ("%Y-%m-%d %H:%M:%S%z", r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:?\d{2})"),
        ("%Y-%m-%d %H:%M:%S.%f%z", r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\.\d{1,6}(Z|[+-]\d{2}:?\d{2})"),
        ("%Y-%m-%dT%H:%M:%S.%f%z", r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{1,6}(Z|[+-]\d{2}:?\d{2})"),
        ("%s", r"1\d{9}"),
        ("%ms", r"1\d{12}"),
        ("%Y%m%d", r"(19|20)\d{6}"),
        ("%Y/%m/%d", r"\d{4}/\d{2}/\d{2}"),
        ("%d/%m/%Y %H:%M", r"\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d{2}"),
        ("%m/%d/%Y %H:%M", r"\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d{2}"),
        ("%d/%m/%Y %H:%M:%S", r"\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d{2}:\d{2}"),
        ("%m/%d/%Y %H:%M:%S", r"\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d{2}:\d{2}"),
        ("%d/%m/%Y", r"\d{1,2}/\d{1,2}/\d{4}"),
        ("%m/%d/%Y", r"\d{1,2}/\d{1,2}/\d{4}"),
        ("%Y-%m", r"\d{4}-\d{2}"),
        ("%d-%m-%Y", r"\d{1,2}-\d{1,2}-\d{4}"),
        ("%m-%d-%Y", r"\d{1,2}-\d{1,2}-\d{4}"),
        ("%d.%m.%Y", r"\d{1,2}\.\d{1,2}\.\d{4}"),
    )
)
"""Formats in the order in which they are tried, and what a value in them looks like."""
_NUMERIC = ("%s", "%ms")


class DatetimeFormats:
    """Finds the top-level fields that hold dates in every record, and the formats that all of their values fit: several
    while nothing says whether the day or the month comes first.
    """

    def __init__(self) -> None:
        self._formats: dict[str, tuple[str, ...]] = {}

    def add(self, record: Mapping[str, Any]) -> None:
        """Take a record into account."""
        for key, value in record.items():
            known = self._formats.get(key)
            if value is None or known == ():
                continue
            if known is None:
                self._formats[key] = datetime_formats(value)
            else:
                self._formats[key] = tuple(one for one in known if _fits(str(value), one))

    def found(self) -> dict[str, tuple[str, ...]]:
        """The formats by field."""
        return {key: formats for key, formats in self._formats.items() if formats}


def datetime_formats(value: Any) -> tuple[str, ...]:
    """The formats that a date may be in, the likeliest first; none for what is no date.

    Numbers count as seconds or milliseconds of the years since 2001, or as a year with month and day.
    """
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ()
    return tuple(format_ for format_, _ in _FORMATS if _fits(str(value), format_))


def _fits(text: str, format_: str) -> bool:
    pattern = next(pattern for known, pattern in _FORMATS if known == format_)
    if not pattern.fullmatch(text):
        return False
    if format_ in _NUMERIC:
        return True
    try:
        datetime.strptime(text, format_)
    except ValueError:
        return False
    return True
