"""Schemas and datetime formats that records show, compared with the reference, and used."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.manifest.document import Document
from tests.support.oracle import Oracle
from tui.model.declared_schema import (
    Violations,
    declared_schema,
    difference,
    for_import,
    import_schema,
    imports_automatically,
    loaded_from,
    loses_something,
    merged,
    same_schema,
    set_automatic_import,
)
from tui.model.schema_inference import DEEPEST, DatetimeFormats, SchemaInference
from tui.model.session import BuilderSession

Records = list[dict[str, Any]]


def inferred(records: Records, *keys: tuple[str, ...]) -> dict[str, Any] | None:
    inference = SchemaInference()
    for record in records:
        inference.add(record)
    return inference.schema(keys)


@pytest.mark.parametrize(
    "records",
    [
        [
            {
                "id": 1,
                "a": None,
                "b": 1.5,
                "c": True,
                "d": "x",
                "e": [1, "a"],
                "f": {"x": 1, "y": None},
                "g": [],
                "h": {},
            }
        ],
        [{"id": 1}, {"id": "x"}, {"id": None}, {"id": False}],
        [{"a": [{"x": 1}, {"y": "s"}]}, {"a": None}],
        [{"a": [[1], [None]]}, {"a": [None]}],
        [{"a": {"n": None}}, {"b": {"z": {"q": [None, 1]}}}],
        [{"a": {}}, {"a": "x"}],
        [{}],
        [],
    ],
)
def test_schemas_are_those_of_the_reference(oracle: Oracle, records: Records) -> None:
    assert inferred(records) == oracle.ask("inferred_schemas", "schema", records, None, None)


KEY = st.sampled_from("abc")
SCALARS = st.one_of(st.integers(), st.booleans(), st.text(max_size=3), st.floats(allow_nan=False, allow_infinity=False))
UNIFORM = st.one_of(SCALARS, st.dictionaries(KEY, SCALARS, min_size=1), st.lists(SCALARS, min_size=1))


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(KEY, UNIFORM, min_size=1))
def test_the_schema_of_any_one_record_is_that_of_the_reference(oracle: Oracle, record: dict[str, Any]) -> None:
    assert inferred([record]) == oracle.ask("inferred_schemas", "schema", [record], None, None)


def test_keys_are_required_and_not_null(oracle: Oracle) -> None:
    records: Records = [{"id": 1, "n": {"k": 2}, "u": "2024"}, {"id": 2, "n": {"k": 3}, "u": None}]
    ours = inferred(records, ("id",), ("n", "k"), ("u",))
    assert ours == oracle.ask("inferred_schemas", "schema", records, [["id"], ["n", "k"]], [["u"]])
    assert ours is not None
    assert ours["required"] == ["id", "n", "u"]


def test_a_key_that_no_record_has_is_left_out() -> None:
    assert inferred([{"a": 1}], ("missing",)) == inferred([{"a": 1}])


def test_values_of_several_shapes_may_be_null_like_all_others() -> None:
    schema = inferred([{"a": 1}, {"a": {"b": 1}}, {"a": [True]}])
    assert schema is not None
    assert schema["properties"]["a"] == {
        "anyOf": [
            {"type": ["number", "null"]},
            {"type": "object", "properties": {"b": {"type": ["number", "null"]}}},
            {"type": "array", "items": {"type": ["boolean", "null"]}},
        ]
    }


DATES: dict[str, Any] = {
    "a": "2024-01-01",
    "b": 1700000000,
    "c": "1700000000",
    "d": 1700000000000,
    "e": "2024-01",
    "f": "x",
    "g": "2024-01-01T00:00:00.123+00:00",
    "h": "01-02-2024",
    "i": "2024-01-01T00:00:00Z",
    "k": "20240101",
    "l": 5,
    "m": "2024-01-01T00:00:00+0000",
    "n": "1/2/2024 10:00",
    "o": "2024-13-01",
    "p": "2024-01-01 10:00:00",
    "q": "2024-01-01 10:00:00.5Z",
    "r": 999999999,
    "s": 2000000001,
    "t": True,
    "u": "2024-01-01T00:00:00.000001Z",
}


def test_datetime_formats_are_those_of_the_reference(oracle: Oracle) -> None:
    formats = DatetimeFormats()
    formats.add(DATES)
    formats.add(DATES)
    found = {key: formats[0] for key, formats in formats.found().items()}
    reference = oracle.ask("inferred_schemas", "datetime_formats", [DATES, DATES])
    assert {key: found.get(key) for key in reference} == reference  # there may be others that it doesn't know


def test_a_format_must_hold_for_every_value_that_is_there() -> None:
    formats = DatetimeFormats()
    for record in ({"a": "2024-01-01", "b": "2024-01-01"}, {"a": "soon"}, {"b": None}, {"a": "2024-01-01"}):
        formats.add(record)
    assert formats.found() == {"b": ("%Y-%m-%d",)}


def test_day_and_month_stay_both_possible_until_a_value_tells_them_apart() -> None:
    formats = DatetimeFormats()
    formats.add({"a": "03/04/2024", "b": "03/04/2024", "c": "2024-01-01T00:00:00+02:00"})
    formats.add({"a": "05/06/2024", "b": "03/14/2024", "c": "2024-01-01T00:00:00+02:00"})
    assert formats.found() == {
        "a": ("%d/%m/%Y", "%m/%d/%Y"),
        "b": ("%m/%d/%Y",),
        "c": ("%Y-%m-%dT%H:%M:%S%z",),
    }


DECLARED = {"type": "object", "properties": {"id": {"type": ["string"]}, "old": {"type": "string"}}}


def test_the_difference_shows_what_would_come_and_go() -> None:
    detected = inferred([{"id": "x", "new": 1}])
    assert detected is not None
    lines = difference(DECLARED, detected)
    assert any(line.mark == "-" and '"old"' in line.text for line in lines)
    assert any(line.mark == "+" and '"new"' in line.text for line in lines)
    assert loses_something(DECLARED, detected)
    assert not same_schema(DECLARED, detected)


def test_a_schema_that_was_imported_is_the_same_however_it_is_spelled(session: BuilderSession) -> None:
    detected = inferred([{"id": "x", "n": 1}], ("id",))
    assert detected is not None
    import_schema(session, 0, detected)
    declared = declared_schema(session, 0)
    assert declared is not None
    assert declared["additionalProperties"] is True
    declared = {**declared, "properties": {**declared["properties"], "n": {"type": ["null", "number"]}}}
    assert same_schema(declared, detected)
    assert {line.mark for line in difference(declared, detected)} == {" "}


def test_merging_adds_what_is_new_and_keeps_what_was_declared() -> None:
    detected = inferred([{"id": 5, "new": 1, "old": {"a": 1}}])
    assert detected is not None
    both = merged({**DECLARED, "title": "Contacts"}, detected)
    assert both["title"] == "Contacts"
    assert both["properties"]["id"] == {"type": ["string"]}
    assert list(both["properties"]) == ["id", "old", "new"]


def test_a_schema_is_imported_in_one_step_also_without_a_loader(session: BuilderSession) -> None:
    session.unset(("streams", 0, "schema_loader"))
    before = session.text
    import_schema(session, 0, {"type": "object", "properties": {}})
    assert declared_schema(session, 0) == {"type": "object", "properties": {}, "additionalProperties": True}
    session.undo()
    assert session.text == before


def test_importing_by_itself_is_noted_where_airbyte_notes_it(session: BuilderSession) -> None:
    assert not imports_automatically(session, 0)
    set_automatic_import(session, 0, on=True)
    assert imports_automatically(session, 0)
    assert session.document.get(("metadata",)) == {"autoImportSchema": {"contacts": True}}
    session.streams.rename(0, "people")
    assert imports_automatically(session, 0)


@pytest.mark.parametrize(
    ("loader", "words"),
    [
        ({"type": "DynamicSchemaLoader"}, "Asked from the API"),
        ({"type": "JsonFileSchemaLoader"}, "JSON file"),
        ({"type": "CustomSchemaLoader"}, "CustomSchemaLoader"),
        ([{"type": "InlineSchemaLoader"}], "several loaders"),
        ({"type": "InlineSchemaLoader"}, ""),
        ({"type": "InlineSchemaLoader", "schema": {}}, ""),
        (None, ""),
    ],
)
def test_a_schema_that_is_loaded_is_not_replaced_by_itself(session: BuilderSession, loader: Any, words: str) -> None:
    session.set(("streams", 0, "schema_loader"), loader)
    set_automatic_import(session, 0, on=True)
    assert loaded_from(session, 0) == words
    assert imports_automatically(session, 0) is not bool(words)


def test_records_that_break_the_schema_are_counted_by_what_they_break() -> None:
    violations = Violations(
        {
            "type": "object",
            "required": ["id"],
            "additionalProperties": False,
            "properties": {
                "id": {"type": "integer"},
                "tags": {"type": "array", "items": {"type": ["string", "null"]}},
                "who": {"anyOf": [{"type": "null"}, {"type": "object", "properties": {"n": {"type": "boolean"}}}]},
            },
        }
    )
    for record in (
        {"id": 1.0, "tags": ["a", None], "who": None},
        {"id": "1", "tags": [1, 2], "who": {"n": 1}},
        {"id": True, "extra": 1},
        {},
    ):
        violations.add(record)
    assert violations.found() == [
        ("`id` must be a whole number, but it is text", 1),
        ("`tags[]` must be text or null, but it is a number", 1),
        ("`who` fits none of the forms that the schema allows; it is an object", 1),
        ("`id` must be a whole number, but it is true or false", 1),
        ("`extra` is not in the schema, which allows no other fields", 1),
        ("`id` is required, but it is missing", 1),
    ]


def nested(levels: int, shape: str) -> Any:
    """A record whose innermost value is so many objects or lists deep."""
    value: Any = 1
    for _ in range(levels):
        value = {"objects": {"a": value, "b": 1}, "lists": [value], "both": {"a": [value, {}], "b": 1}}[shape]
    return value if isinstance(value, dict) else {"a": value}


@pytest.mark.parametrize("shape", ["objects", "lists", "both"])
@pytest.mark.parametrize("levels", [DEEPEST - 1, DEEPEST + 1, 600, 5000])
def test_a_record_may_be_nested_as_deep_as_it_likes(session: BuilderSession, levels: int, shape: str) -> None:
    inference = SchemaInference()
    inference.add(nested(levels, shape))
    inference.add({"a": "something else"})
    detected = inference.schema()
    assert detected is not None
    assert inference.is_cut is (levels > DEEPEST or (shape == "both" and levels * 2 > DEEPEST))
    for merge in (False, True):
        import_schema(session, 0, detected, merge=merge)
        declared = declared_schema(session, 0)
        assert declared is not None
        assert same_schema(declared, detected)
        assert not loses_something(declared, detected)
        assert {line.mark for line in difference(declared, detected)} == {" "}
        violations = Violations(declared)
        violations.add(nested(levels, shape))
        assert violations.found() == []
    assert Document.parse(session.text).root == session.document.root


def test_a_declared_schema_that_is_nested_deeper_than_a_manifest_can_be_is_read_as_far_as_that() -> None:
    deep: Any = {"type": "string"}
    for _ in range(700):
        deep = {"type": "object", "properties": {"a": deep}}
    detected = inferred([{"a": {"a": 1}}])
    assert detected is not None
    assert loses_something(deep, detected)
    assert not same_schema(deep, detected)
    assert merged(deep, detected)["properties"]["a"]["type"] == "object"
    assert for_import(deep)["additionalProperties"] is True
    violations = Violations(deep)
    violations.add(nested(700, "objects"))
    assert violations.found() == []


def test_a_schema_may_say_what_json_libraries_do_not_like() -> None:
    declared: dict[Any, Any] = {
        "maximum": 10**30,
        "default": datetime.date(2024, 1, 1),
        "examples": [float("nan")],
        5: "five",
    }
    lines = difference(declared, {"maximum": 10**30})
    assert [line.text for line in lines if line.mark == " "] == ["{", '  "maximum": ' + "1" + "0" * 30, "}"]


def test_lists_and_values_of_another_kind_are_compared_item_by_item() -> None:
    old = {"type": "object", "required": ["a", "b"], "x": {"y": 1}, "enum": [1, 2, 2]}
    new = {"type": "object", "required": ["c", "b"], "x": [1], "enum": [2, 3]}
    told = [f"{line.mark}{line.text.strip()}" for line in difference(old, new)]
    assert told == [
        " {",
        '+"additionalProperties": true,',
        ' "enum": [', "-1,", " 2,", "-2,", "+3", " ],",
        ' "required": [', '-"a",', ' "b",', '+"c"', " ],",
        ' "type": "object",',
        '-"x": {', '-"y": 1', "-}", '+"x": [', "+1", "+]",
        " }",
    ]  # fmt: skip


def lines_run(work: Callable[[], object]) -> int:
    """How many lines of Python a piece of work takes."""
    count = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


def test_the_work_for_a_difference_grows_with_the_number_of_fields_and_no_faster() -> None:
    def work(fields: int) -> int:
        record = {f"field_{number}": number if number % 3 else {"at": "x", "by": [1]} for number in range(fields)}
        detected = inferred([record])
        renamed = {f"{key}_" if number % 2 else key: record[key] for number, key in enumerate(record)}
        other = inferred([renamed])
        assert detected is not None
        assert other is not None
        return lines_run(lambda: difference(for_import(other), detected))

    assert work(400) < 5 * work(100)
