"""The way of a record through extraction, filter, transformations and normalization."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from core.components.record_selector import RecordSelector
from core.errors import ReadError
from core.runtime.roles import Transformation
from core.runtime.slices import Record
from tests.support.components import component
from tests.support.oracle import Oracle

SLICE = {"part": "p1"}
VARIABLES = {"config": {"least": 2}, **dict.fromkeys(("stream_slice", "stream_partition", "stream_interval"), SLICE)}


def written(path: list[str] | None = None, condition: str | None = None, **fields: Any) -> dict[str, Any]:
    selector = {"type": "RecordSelector", "extractor": {"type": "DpathExtractor", "field_path": path or []}, **fields}
    if condition is not None:
        selector["record_filter"] = {"type": "RecordFilter", "condition": condition}
    return selector


def selected(
    selector: dict[str, Any], body: Any, changes: list[dict[str, Any]] | None = None, schema: Any = None
) -> list[Record]:
    built: RecordSelector = component(selector)
    transformations: list[Transformation] = [component(change) for change in changes or ()]
    pipeline = built.pipeline(VARIABLES, transformations, schema)
    return list(pipeline(copy.deepcopy(body if isinstance(body, list) else [body])))


ADD_KIND = {
    "type": "AddFields",
    "fields": [
        {"type": "AddedFieldDefinition", "path": ["kind"], "value": "{{ 'big' if record.n | int > 1 else 'small' }}"}
    ],
}
DROP_N = {"type": "RemoveFields", "field_pointers": [["n"]]}
BODY = {"data": [{"n": "1"}, {"n": "2"}, {"n": "3", "kind": "own"}]}
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}, "kind": {"type": "string"}}}


@pytest.mark.parametrize(
    ("fields", "changes"),
    [
        ({}, []),
        ({"condition": "{{ record.n | int >= config.least }}"}, [ADD_KIND, DROP_N]),
        ({"condition": "{{ record.kind == 'big' }}"}, [ADD_KIND]),
        ({"condition": "{{ record.kind == 'big' }}", "transform_before_filtering": True}, [ADD_KIND]),
        ({"condition": "{{ record.n == '2' }}", "transform_before_filtering": True}, [DROP_N]),
        ({"condition": "{{ record.n == '2' }}", "transform_before_filtering": False}, [DROP_N]),
        ({"condition": "{{ stream_slice.part == 'p1' and stream_partition['part'] == 'p1' }}"}, []),
        ({"condition": "{{ record.missing.deep }}"}, []),
        ({"condition": "{{ next_page_token is none }}"}, []),
        ({"condition": ""}, []),
        ({"condition": "{{ record.n == '2' }}", "schema_normalization": "Default"}, [ADD_KIND]),
        ({"condition": "{{ record.n == 2 }}", "schema_normalization": "Default"}, []),
        ({"schema_normalization": "None"}, [ADD_KIND]),
    ],
    ids=str,
)
def test_records_are_selected_as_airbyte_selects_them(
    oracle: Oracle, fields: dict[str, Any], changes: list[dict[str, Any]]
) -> None:
    selector = written(["data"], **fields)
    expected = oracle.ask("records", "select", selector, changes, SCHEMA, BODY, VARIABLES["config"])
    assert selected(selector, BODY, changes, SCHEMA) == expected


def test_one_record_is_alive_at_a_time() -> None:
    taken = 0

    def elements() -> Any:
        nonlocal taken
        for number in range(1_000):
            taken += 1
            yield {"n": number}

    records = component(written(condition="{{ record.n % 10 == 0 }}")).pipeline(VARIABLES)(elements())
    assert [next(records)["n"] for _ in range(3)] == [0, 10, 20]
    assert taken == 21


def test_records_found_are_counted_before_the_filter() -> None:
    pipeline = component(written(["data"], "{{ record.n == '2' }}")).pipeline(VARIABLES)
    assert len(list(pipeline([copy.deepcopy(BODY)]))) == 1
    assert pipeline.found == 3


def test_batches_hold_the_same_records_whether_these_are_looked_at_or_not() -> None:
    elements = [{"n": 1}, {}, [{"n": 2}, {"n": 3}], None, {"n": 4}, {"n": 5}]
    for change in ([], [component(ADD_KIND)]):
        pipeline = component(written([])).pipeline(VARIABLES, change)
        batches = list(pipeline.batches(copy.deepcopy(elements), 2))
        assert [record["n"] for batch in batches for record in batch] == [1, 2, 3, 4, 5]
        assert all(len(batch) <= 3 for batch in batches)
        assert pipeline.found == 5


def test_an_element_that_is_no_record_is_reported_in_batches_too() -> None:
    with pytest.raises(ReadError, match="found “7” where a record"):
        list(component(written([])).pipeline(VARIABLES).batches([{"n": 1}, 7], 10))


def test_another_extractor_and_the_filter_of_a_cursor_can_come_in() -> None:
    selector: RecordSelector = component(written(["unused"], "{{ record.kind == 'big' }}"))
    extractor = component({"type": "DpathExtractor", "field_path": ["data"]})
    pipeline = selector.pipeline(
        VARIABLES,
        [component(ADD_KIND)],
        extractor=extractor,
        cursor_filter=lambda record: record["n"] != "3",
        transforms_first=True,
    )
    assert list(pipeline([copy.deepcopy(BODY)])) == [{"n": "2", "kind": "big"}]


def test_fields_that_do_not_fit_the_schema_are_reported() -> None:
    warnings: list[str] = []
    selector: RecordSelector = component(written(schema_normalization="Default"))
    pipeline = selector.pipeline(VARIABLES, (), SCHEMA, warn=warnings.append)
    assert list(pipeline([{"n": "x"}, {"n": "y"}])) == [{"n": "x"}, {"n": "y"}]
    assert len(warnings) == 1


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        (["rows", "*"], {"rows": [[{"a": 1}], [{"a": 2}]]}, "Add `*` to the end of the field path"),
        (["rows"], {"rows": [[1, 2]]}, "a TableExtractor if they are the rows of a table"),
        (["names"], {"names": ["Ann"]}, "found “Ann” where a record"),
        (["names"], {"names": ["Ann"]}, "name a `value_field` beside the field path"),
        (["items"], {"items": [{"a": 1}, None]}, "found null where a record"),
        ([], 7, "found “7” where a record"),
    ],
)
def test_what_is_no_record_is_reported_with_the_way_out(path: list[str], body: Any, words: str) -> None:
    with pytest.raises(ReadError) as caught:
        selected(written(path), body)
    assert words in str(caught.value)


def test_a_template_that_fails_names_the_record() -> None:
    with pytest.raises(ReadError, match=r"This was record 2 of the response\."):
        selected(written(condition="{{ record.n / record.d > 0 }}"), [{"n": 1, "d": 1}, {"n": 1, "d": 0}])


def test_a_record_that_is_nested_too_deeply_is_reported() -> None:
    record: dict[str, Any] = {}
    for _ in range(5_000):
        record = {"a": record}
    pipeline = component(written()).pipeline(VARIABLES, [component({"type": "KeysToSnakeCase"})])
    with pytest.raises(ReadError, match="nested too deeply"):
        list(pipeline([record]))


def test_an_empty_condition_is_reported() -> None:
    assert "every record is dropped" in component({"type": "RecordFilter"}).lint()[0].message
    assert not component({"type": "RecordFilter", "condition": "{{ record.a }}"}).lint()


BY_DAY = {"2024-01-01": {"id": 1, "n": "a"}, "2024-01-02": {"id": 2, "n": "b"}}


@pytest.mark.parametrize(("path", "body"), [(["data"], {"data": BY_DAY}), ([], BY_DAY)])
def test_an_object_that_holds_the_records_is_one_record_as_with_airbyte_and_warned_about(
    oracle: Oracle, path: list[str], body: dict[str, Any]
) -> None:
    warnings: list[str] = []
    pipeline = component(written(path)).pipeline(VARIABLES, warn=warnings.append)
    found = [record for batch in pipeline.batches([copy.deepcopy(body)], 10) for record in batch]
    assert found == [BY_DAY] == oracle.ask("records", "extract", written(path)["extractor"], body, {})
    (warning,) = warnings
    assert "2 values are objects with the same fields, the first one under `2024-01-01`" in warning
    assert "add `*` to the end of the field path, or name a `key_field`, which gets the key" in warning


@pytest.mark.parametrize(
    "record", [{"id": {"n": 1}}, {"a": {"x": 1}, "b": {"y": 1}}, {"a": {}, "b": {}}, {"a": 1, "b": {}}]
)
def test_other_records_are_not_warned_about(record: dict[str, Any]) -> None:
    warnings: list[str] = []
    pipeline = component(written(["data"])).pipeline(VARIABLES, warn=warnings.append)
    assert list(pipeline([{"data": record}, {"data": BY_DAY}])) == [record, BY_DAY]
    assert not warnings


@pytest.mark.parametrize("nothing", [{}, {"data": None}, {"data": []}, {"data": {}}, {"data": ""}])
def test_nothing_at_the_path_is_no_error(nothing: dict[str, Any]) -> None:
    assert selected(written(["data"]), nothing) == []


@pytest.mark.parametrize("value", ["text", 5, 1.5, True, ["text"], [0], [""], [True], [[1]], [None]])
def test_what_can_be_no_record_is_an_error_wherever_it_stands(value: Any) -> None:
    for path in (["data"], ["*"], ["da*"]):
        with pytest.raises(ReadError, match="where a record"):
            selected(written(path), {"data": value})
