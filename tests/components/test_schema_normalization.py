"""Values are cast to the types of the schema as Airbyte casts them; what can't be cast is told once."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from core.components.schema_loaders import InlineSchemaLoader
from core.components.schema_normalization import normalizer
from tests.support.oracle import Oracle


def normalized(schema: dict[str, Any], record: dict[str, Any], warnings: list[str] | None = None) -> dict[str, Any]:
    result = copy.deepcopy(record)
    normalizer(schema, (warnings if warnings is not None else []).append)(result)
    return result


TYPES: list[Any] = [
    *("string", "number", "integer", "boolean", "object", "array", "null"),
    *(["null", "string"], ["integer", "null"], ["number"], ["boolean", "null"], ["array", "null"], ["null", "object"]),
    *(["string", "integer"], ["null"], [], None),
]
VALUES: list[Any] = [
    *(1, 0, 5.0, 5.7, -1, "5", "5.0", "-3e2", " 7 ", "", "text", "1,5", "nan", True, False),
    *("yes", "No", " TRUE ", "on", "maybe", [], [1, "2"], {}, {"a": "1"}, "9" * 400, 2**70),
]


@pytest.mark.parametrize("kind", TYPES, ids=str)
def test_values_are_cast_as_airbyte_casts_them(oracle: Oracle, kind: Any) -> None:
    schema = {"type": "object", "properties": {"v": {} if kind is None else {"type": kind}}}
    records = [{"v": value} for value in VALUES]
    expected = oracle.ask("records", "normalize", schema, records)
    assert repr([normalized(schema, record) for record in records]) == repr(expected)


SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": ["null", "object"],
    "definitions": {"money": {"type": "object", "properties": {"amount": {"type": "number"}}}},
    "properties": {
        "id": {"type": ["integer", "null"]},
        "deep": {"type": "object", "properties": {"n": {"type": "integer"}, "s": {"type": ["null", "string"]}}},
        "list": {"type": "array", "items": {"type": ["null", "integer"]}},
        "objects": {"type": "array", "items": {"type": "object", "properties": {"b": {"type": "boolean"}}}},
        "untyped": {"properties": {"n": {"type": "integer"}}},
        "wrapped": {"type": ["null", "array"], "items": {"type": ["string"]}},
        "anything": {"type": "array"},
        "price": {"$ref": "#/definitions/money"},
        "any": {},
    },
}


@pytest.mark.parametrize(
    "record",
    [
        {"id": "7", "deep": {"n": "1", "s": 2, "other": "3"}, "unknown": "5"},
        {"id": None, "deep": {"s": None}, "list": ["1", 2, None, "x"], "objects": [{"b": "yes"}, {"b": 0}, "x"]},
        {"deep": "text", "list": 5, "objects": {"b": "yes"}, "untyped": {"n": "4"}},
        {"wrapped": "x", "anything": 1, "price": {"amount": "1.5"}, "any": "1"},
        {"wrapped": ["x", 1], "anything": {}, "price": "1.5"},
        {},
    ],
    ids=str,
)
def test_objects_lists_and_references_are_followed(oracle: Oracle, record: dict[str, Any]) -> None:
    assert [normalized(SCHEMA, record)] == oracle.ask("records", "normalize", SCHEMA, [record])


@pytest.mark.parametrize("kind", ["string", "number", "integer", "boolean", "array", ["null", "string"]])
def test_null_stays_null(kind: Any) -> None:
    """Airbyte makes the text "None", false or a list with null of it where the schema does not allow null."""
    assert normalized({"properties": {"v": {"type": kind}}}, {"v": None}) == {"v": None}


def test_a_single_value_becomes_a_list_however_the_schema_writes_the_type_of_items() -> None:
    """Airbyte: only where the type of the items is written as a list."""
    for kind in ("string", ["string", "null"]):
        schema = {"properties": {"v": {"type": "array", "items": {"type": kind}}}}
        assert normalized(schema, {"v": 5}) == {"v": ["5"]}


def test_a_schema_that_refers_to_itself_is_followed_as_deep_as_the_record() -> None:
    schema = {"properties": {"n": {"type": "integer"}, "child": {"$ref": "#"}}}
    record = {"n": "1", "child": {"n": "2", "child": {"n": "3", "child": None}}}
    assert normalized(schema, record) == {"n": 1, "child": {"n": 2, "child": {"n": 3, "child": None}}}


@pytest.mark.parametrize(
    "schema", [{}, {"properties": None}, {"properties": {"v": True}}, {"properties": {"v": {"$ref": "#/nowhere"}}}]
)
def test_a_schema_that_says_nothing_changes_nothing(schema: dict[str, Any]) -> None:
    assert normalized(schema, {"v": "1"}) == {"v": "1"}


def test_a_value_that_can_not_be_cast_is_reported_once_for_its_field() -> None:
    warnings: list[str] = []
    normalize = normalizer({"properties": {"a": {"properties": {"n": {"type": "integer"}}}}}, warnings.append)
    for value in ("x", "y", "3", float("inf")):
        record = {"a": {"n": value}}
        normalize(record)
    assert warnings == [
        "The schema says that the field `a.n` is of type integer, but some values can't be turned into that; "
        "they stay as they are."
    ]


def test_an_inline_schema_may_be_written_as_json_text() -> None:
    assert InlineSchemaLoader.model_validate({"schema": '{"type": "object"}'}).written == {"type": "object"}
    assert InlineSchemaLoader.model_validate({"schema": {"type": "object"}}).written == {"type": "object"}
    with pytest.raises(ValueError, match="the schema is text, but not JSON"):
        InlineSchemaLoader.model_validate({"schema": "{oops"})
