"""Transformations change records as Airbyte's do; where they do not, a test says how."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ReadError
from core.runtime.slices import Record
from core.templates import TemplateError
from tests.support.components import component
from tests.support.oracle import Oracle

CONFIG = {"shop": "s-1", "separator": " ", "list": [1, 2]}
SLICE = {"day": "2024-01-02", "part": 5}


def changed(definitions: list[dict[str, Any]], records: list[Record]) -> list[Record]:
    names = ("stream_slice", "stream_partition", "stream_interval")
    variables = {"config": CONFIG, **dict.fromkeys(names, SLICE)}
    changes = [component(definition).bind(variables) for definition in definitions]
    results = copy.deepcopy(records)
    for record in results:
        for change in changes:
            change(record)
    return results


def assert_same(oracle: Oracle, definitions: list[dict[str, Any]], records: list[Record]) -> None:
    expected = oracle.ask("records", "transform", definitions, records, CONFIG, SLICE)
    assert changed(definitions, records) == expected


def add(*fields: tuple[list[str], str] | tuple[list[str], str, str], **more: Any) -> dict[str, Any]:
    keys = ("path", "value", "value_type")
    written = [{"type": "AddedFieldDefinition", **dict(zip(keys, field, strict=False))} for field in fields]
    return {"type": "AddFields", "fields": written, **more}


RECORDS: list[Record] = [
    {"id": 1, "name": "Ann", "amount": "12", "deep": {"a": {"b": 1}}, "tags": ["x", "y", "z"], "none": None},
    {"id": 2, "name": "", "amount": 0, "deep": {}, "tags": [], "rows": [{"n": 1, "k": "x"}, {"n": 2}]},
    {},
]


@pytest.mark.parametrize(
    "definition",
    [
        add((["a"], "constant"), (["b"], "5"), (["c"], "[1, 2]"), (["d"], "")),
        add((["shop"], "{{ config['shop'] }}"), (["all"], "{{ config.list }}")),
        add((["copy"], "{{ record.name }}"), (["copy"], "{{ record['id'] }}"), (["gone"], "{{ record.nothing }}")),
        add((["first"], "{{ record.id }}"), (["second"], "{{ record.first }}-{{ record.name }}")),
        add(
            (["day"], "{{ stream_slice['day'] }}"),
            (["p"], "{{ stream_partition.part }}"),
            (["i"], "{{ stream_interval.day }}"),
        ),
        add((["new", "deep", "path"], "1"), (["deep", "c"], "{{ record.name }}")),
        add((["new", "2"], "x"), (["new", "0"], "y"), (["list", "1", "k"], "z")),
        add((["tags", "4"], "more")) | {"condition": "{{ record.tags is defined }}"},
        add((["x"], "{{ record.amount }}"), condition="{{ record.id == 1 }}"),
        add((["x"], "{{ record.amount }}"), (["y"], "7"), condition="{{ value == 7 and path == ['y'] }}"),
        add((["x"], "{{ record.amount }}", "string"), (["y"], "{{ record.id }}", "string")),
        add((["x"], "{{ record.amount }}", "integer"), (["y"], "1.5", "integer"), (["z"], "no", "integer")),
        add((["x"], "1.5", "number"), (["y"], "text", "number"), (["z"], "True", "boolean"), (["w"], "1", "boolean")),
        add((["x"], "[1]", "string"), (["y"], "'quoted'", "string"), (["z"], "{{ 2 * 2 }}")),
        {"type": "RemoveFields", "field_pointers": [["id"], ["missing"], ["deep", "a"], ["none"]]},
        {"type": "RemoveFields", "field_pointers": [["deep", "a", "b"], ["name", "x"]]},
        {"type": "RemoveFields", "field_pointers": [["tags", "0"]]},
        {"type": "RemoveFields", "field_pointers": [["tags", "-1"], ["rows", "1"]]},
        {"type": "RemoveFields", "field_pointers": [["tags", "*"], ["rows", "*", "n"]]},
        {"type": "RemoveFields", "field_pointers": [["*"]]},
        {"type": "RemoveFields", "field_pointers": [["**"]]},
        {"type": "RemoveFields", "field_pointers": [["**", "n"], ["d*", "a"]]},
        {"type": "RemoveFields", "field_pointers": [["**"]], "condition": "{{ property == 'x' }}"},
        {"type": "RemoveFields", "field_pointers": [["name"]], "condition": "{{ property == '' or not property }}"},
        {"type": "RemoveFields", "field_pointers": [], "condition": "{{ true }}"},
        {"type": "FlattenFields"},
        {"type": "FlattenFields", "flatten_lists": False},
        {"type": "DpathFlattenFields", "field_path": ["deep"]},
        {"type": "DpathFlattenFields", "field_path": ["deep", "a"], "delete_origin_value": True},
        {"type": "DpathFlattenFields", "field_path": ["deep"], "replace_record": True},
        {"type": "DpathFlattenFields", "field_path": ["rows", "*"], "delete_origin_value": True},
        {
            "type": "DpathFlattenFields",
            "field_path": ["{{ 'deep' }}"],
            "key_transformation": {"type": "KeyTransformation", "prefix": "p_", "suffix": "{{ config.shop }}"},
        },
        {
            "type": "DpathFlattenFields",
            "field_path": ["deep"],
            "replace_record": True,
            "delete_origin_value": True,
            "key_transformation": {"type": "KeyTransformation", "suffix": "_x"},
        },
    ],
    ids=str,
)
def test_records_are_changed_as_airbyte_changes_them(oracle: Oracle, definition: dict[str, Any]) -> None:
    assert_same(oracle, [definition], RECORDS)


NAMES: list[Record] = [
    {"createdAt": 1, "HTTPThing": {"innerKey": [{"notThis": 1}]}, "a1b2": 2, "1st": 3, "": 4},
    {"with space": 1, "__odd--name__": {"x y": 2}, "ÉtatCivil": 3, "éa": 4, "a.b": 5, "ALL": 6, "straße": 7},
    {"%": 1, "x_": 2, "_x": 3, "A B C": 4, "v2Beta10": 5},
]


@pytest.mark.parametrize(
    "definition",
    [
        {"type": "KeysToLower"},
        {"type": "KeysToSnakeCase"},
        {"type": "KeysReplace", "old": " ", "new": "_"},
        {"type": "KeysReplace", "old": "{{ config.separator }}", "new": ""},
        {"type": "KeysReplace", "old": "a", "new": "{{ record['a.b'] }}-{{ stream_slice.part }}"},
    ],
    ids=str,
)
def test_fields_are_renamed_as_airbyte_renames_them(oracle: Oracle, definition: dict[str, Any]) -> None:
    assert_same(oracle, [definition], NAMES)


def test_transformations_follow_each_other_in_order(oracle: Oracle) -> None:
    definitions = [
        add((["Full Name"], "{{ record.name }} X")),
        {"type": "KeysToSnakeCase"},
        {"type": "RemoveFields", "field_pointers": [["name"]]},
        add((["again"], "{{ record.full_name }}")),
        {"type": "FlattenFields"},
    ]
    assert_same(oracle, definitions, RECORDS[:2])


KEYS = st.sampled_from(["a", "b", "c", "A B"])
VALUES = st.recursive(
    st.none() | st.integers(0, 3) | st.just("x"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)
STEPS = st.sampled_from(["a", "b", "0", "-1", "*", "a*", "?"])


@settings(max_examples=100, deadline=None)
@given(
    record=st.dictionaries(KEYS, VALUES, max_size=4),
    path=st.lists(STEPS, min_size=1, max_size=4),
    ahead=st.booleans(),
)
def test_any_field_is_removed_as_airbyte_removes_it(
    oracle: Oracle, record: Record, path: list[str], ahead: bool
) -> None:
    pointer = ["**", *path] if ahead and "-1" not in path else path
    assert_same(oracle, [{"type": "RemoveFields", "field_pointers": [pointer]}], [record])


@settings(max_examples=60, deadline=None)
@given(record=st.dictionaries(KEYS, VALUES, max_size=4), lists=st.booleans())
def test_any_record_is_flattened_as_airbyte_flattens_it(oracle: Oracle, record: Record, lists: bool) -> None:
    assert_same(oracle, [{"type": "FlattenFields", "flatten_lists": lists}], [record])


def test_a_whole_number_is_a_number() -> None:
    """Airbyte keeps it as text."""
    assert changed([add((["n"], "{{ record.id }}", "number"))], [{"id": 12}]) == [{"id": 12, "n": 12}]


def test_an_empty_key_does_no_harm() -> None:
    """Airbyte's field paths fail on records with an empty key."""
    record = {"": 1, "a": {"": 2, "b": 3}}
    assert changed([{"type": "RemoveFields", "field_pointers": [["a", "b"]]}], [record]) == [{"": 1, "a": {"": 2}}]


def test_all_fields_can_be_renamed_by_flattening_the_record_itself() -> None:
    """Airbyte fails when the origin is to be deleted."""
    definition = {
        "type": "DpathFlattenFields",
        "field_path": [],
        "replace_record": True,
        "delete_origin_value": True,
        "key_transformation": {"type": "KeyTransformation", "prefix": "x_"},
    }
    assert changed([definition], [{"a": 1, "b": 2}]) == [{"x_a": 1, "x_b": 2}]


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"a": None}, "`a.b.c` of a record: what would hold `b` is null"),
        ({"a": "text"}, "what would hold `b` is the text “text”"),
        ({"a": {"b": 1}}, "what would hold `c` is 1"),
        ({"a": []}, "what would hold `b` is an empty list"),
    ],
)
def test_a_field_that_can_not_be_added_says_why(record: Record, words: str) -> None:
    with pytest.raises(ReadError, match=r"^Nothing can be put at") as caught:
        changed([add((["a", "b", "c"], "1"))], [record])
    assert words in str(caught.value)


def test_added_lists_and_objects_are_not_shared_between_records() -> None:
    first, second = changed([add((["list"], "[1]"), (["all"], "{{ config.list }}"))], [{}, {}])
    first["list"].append(2)
    first["all"].append(3)
    assert second == {"list": [1], "all": [1, 2]}
    assert CONFIG["list"] == [1, 2]


def test_a_value_that_a_condition_can_not_be_applied_to_is_not_removed(oracle: Oracle) -> None:
    written = [{"type": "RemoveFields", "field_pointers": [["**"]], "condition": "{{ property | length == 0 }}"}]
    records = [{"text": "", "n": 1}]
    assert oracle.ask("records", "transform", written, records, CONFIG, SLICE) == [{}]
    with pytest.raises(TemplateError, match="object of type 'int' has no len"):
        changed(written, records)


def test_a_condition_next_to_field_paths_is_reported() -> None:
    written = {"type": "RemoveFields", "field_pointers": [["a"]], "condition": "{{ property == 1 }}"}
    assert "not only at the field paths" in component(written).lint()[0].message
    assert not component({**written, "field_pointers": [["**"]]}).lint()
    assert not component({**written, "condition": ""}).lint()


def test_parameters_are_those_of_the_component() -> None:
    definition = add((["x"], "{{ parameters.a }}"))
    assert changed([{**definition, "$parameters": {"a": "p"}}], [{}]) == [{"x": "p"}]
