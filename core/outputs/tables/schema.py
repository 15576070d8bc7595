"""JSON Schema to Arrow: the type of each column, and how types widen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from core.extras import load

pa: Any = load("pyarrow", "Parquet, DuckDB and everything else that goes through Arrow", "parquet")

Nested = Literal["json", "struct"]
"""What objects and lists become: JSON text, or structures where the schema says what is in them."""

TEXT, INTEGER, FLOAT, BOOLEAN, NULL = pa.string(), pa.int64(), pa.float64(), pa.bool_(), pa.null()
INSTANT, LOCAL_TIME, DATE = pa.timestamp("us", "UTC"), pa.timestamp("us"), pa.date32()
_SCALARS = {"integer": INTEGER, "number": FLOAT, "boolean": BOOLEAN}


def arrow_schema(json_schema: Mapping[str, Any], *, nested: Nested = "json") -> Any:
    """The `pyarrow.Schema` of a stream: one nullable column for each declared property, in their order.

    Integers are int64, numbers float64. Text of the format `date-time` is a timestamp in UTC, or without a time zone
    where `airbyte_type` says so; `date` is a date. What may be of several types, or of any, is text.
    """
    properties = json_schema.get("properties")
    columns = properties if isinstance(properties, Mapping) else {}
    return pa.schema([(str(name), arrow_type(declared, nested)) for name, declared in columns.items()])


def arrow_type(declared: Any, nested: Nested = "json") -> Any:
    """The `pyarrow.DataType` of what a JSON Schema describes; text where it does not say what exactly."""
    types = {arrow for part in _alternatives(declared) for arrow in _types(part, nested)}
    if types == {INTEGER, FLOAT}:
        return FLOAT
    return types.pop() if len(types) == 1 else TEXT


def _alternatives(declared: Any) -> Sequence[Any]:
    """The schemas that a value may follow; only one of several keywords is used at a time."""
    if not isinstance(declared, Mapping):
        return ()
    for keyword in ("oneOf", "anyOf"):
        if isinstance(declared.get(keyword), list):
            outer = {name: value for name, value in declared.items() if name != keyword}
            return [{**outer, **part} if isinstance(part, Mapping) else part for part in declared[keyword]]
    return (declared,)


def _types(declared: Any, nested: Nested) -> list[Any]:
    if not isinstance(declared, Mapping):
        return [TEXT]
    named = declared.get("type")
    names = named if isinstance(named, list) else [named]
    return [_type(name, declared, nested) for name in names if name != "null"]


def _type(name: Any, declared: Mapping[str, Any], nested: Nested) -> Any:
    if name == "string":
        return _text_type(declared)
    if name == "object" and nested == "struct":
        fields = arrow_schema(declared, nested=nested)
        return pa.struct(fields) if len(fields) else TEXT
    if name == "array" and nested == "struct" and isinstance(declared.get("items"), Mapping):
        return pa.list_(arrow_type(declared["items"], nested))
    return _SCALARS.get(name, TEXT) if isinstance(name, str) else TEXT


def _text_type(declared: Mapping[str, Any]) -> Any:
    match declared.get("format"), declared.get("airbyte_type"):
        case "date-time", "timestamp_without_timezone":
            return LOCAL_TIME
        case "date-time", _:
            return INSTANT
        case "date", _:
            return DATE
    return TEXT


def widened(one: Any, other: Any) -> Any:
    """The type that holds the values of two types: text, unless it is one of them.

    Floats hold integers only as long as these are exact in them, which is for the caller to see.
    """
    if other in (one, NULL):
        return one
    if one == NULL:
        return other
    return FLOAT if {one, other} == {INTEGER, FLOAT} else TEXT
