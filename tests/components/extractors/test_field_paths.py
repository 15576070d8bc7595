"""Extractors find what Airbyte's find, and say plainly what they can't do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from core.components.extractors import (
    CombinedExtractor,
    DpathExtractor,
    JsonPathExtractor,
    ResponseToFileExtractor,
)
from core.errors import ReadError
from core.runtime.field_path import find, what_is_at
from core.runtime.slices import SliceMemory
from tests.support.components import component
from tests.support.oracle import Oracle

CONFIG = {"where": "data", "index": "1"}


def extracted(written: dict[str, Any], body: Any) -> list[Any]:
    extract = component(written).bind({"config": CONFIG})
    elements = body if isinstance(body, list) else [body]
    return [record for element in elements for record in extract(element)]


def dpath(*path: str, **fields: Any) -> dict[str, Any]:
    return {"type": "DpathExtractor", "field_path": list(path), **fields}


BODY = {
    "data": {"a": {"id": 1}, "b": {"id": 2, "tags": ["x", "y"]}, "c": {}},
    "list": [{"id": 1, "in": [{"n": 1}, {"n": 2}]}, {"id": 2, "in": []}, {"id": 3}],
    "rows": [[1, 2], [3]],
    "empty": [],
    "none": None,
    "zero": 0,
    "text": "job-1",
    "flag": True,
}


@pytest.mark.parametrize(
    "path",
    [
        *([], ["data"], ["{{ config.where }}"], ["{{ config['where'] }}", "b"], ["list"], ["data", "b", "tags"]),
        *(["data", "*"], ["*"], ["list", "*"], ["list", "*", "in"], ["list", "*", "in", "*"], ["rows", "*"]),
        *(["list", "0"], ["list", "-1"], ["list", "{{ config.index }}", "id"], ["list", "7"], ["list", "id"]),
        *(["empty"], ["none"], ["zero"], ["text"], ["flag"], ["missing"], ["text", "deeper"], ["data", "c"]),
        *(["tex?"], ["[t]ext"], ["data", "b", "t*"], ["none", "*"], ["*", "id"], ["data", "*", "id"]),
        *(["**", "*", "n"], ["list", "**", "*"]),
    ],
    ids=str,
)
def test_a_field_path_finds_what_airbyte_finds(oracle: Oracle, path: list[str]) -> None:
    assert extracted(dpath(*path), BODY) == oracle.ask("records", "extract", dpath(*path), BODY, CONFIG)


@pytest.mark.parametrize("body", [[{"a": [1]}, {"a": {"b": 2}}, {"a": None}, {}], [[1, 2], [3]], [], {}, None, "x", 5])
@pytest.mark.parametrize("path", [[], ["a"], ["*"]])
def test_each_element_of_an_array_is_searched(oracle: Oracle, path: list[str], body: Any) -> None:
    assert extracted(dpath(*path), body) == oracle.ask("records", "extract", dpath(*path), body, CONFIG)


def test_a_key_that_looks_like_a_number_or_is_empty_is_found() -> None:
    assert extracted(dpath("2024"), {"2024": [1], "": 2}) == [1]
    assert extracted(dpath("a", "*"), {"a": {"": 1}}) == [1]


def test_a_pattern_that_matches_several_fields_is_refused() -> None:
    with pytest.raises(ReadError, match="matches 3 fields"):
        extracted(dpath("[dt]*[at]"), {"data": [1], "dt": 2, "text": [3]})


KEYS = st.sampled_from(["a", "b", "c", "ab"])
VALUES = st.recursive(
    st.none() | st.integers(0, 3) | st.just("x"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)
STEPS = st.sampled_from(["a", "b", "x", "0", "1", "-1", "*", "a*", "?", "**"])


@settings(max_examples=150, deadline=None)
@given(body=st.dictionaries(KEYS, VALUES, max_size=3), path=st.lists(STEPS, max_size=4))
def test_any_path_with_a_star_finds_what_airbyte_finds(oracle: Oracle, body: dict[str, Any], path: list[str]) -> None:
    path = [*path, "*"]
    if path.count("**") > 1 or ("**" in path and "-1" in path):
        return
    expected = oracle.ask("records", "extract", dpath(*path), body, {})
    assert [value for _, value in find(body, path)] == expected


ORDER = {
    "id": 7,
    "customer": {"name": "Ann", "tags": ["x"]},
    "lines": {"data": [{"sku": "a", "id": 1}, {"sku": "b"}], "more": False},
    "notes": ["fragile", 5, None],
    "parts": [{"rows": [{"n": 1}]}, {"rows": [{"n": 2}, {"n": 3}]}, {"rows": "none"}],
    "nothing": [],
}


@pytest.mark.parametrize(
    "fields",
    [
        {"expand_records_from_field": ["lines", "data"]},
        {"expand_records_from_field": ["{{ 'lines' }}", "data"], "remain_original_record": True},
        {"expand_records_from_field": ["notes"]},
        {"expand_records_from_field": ["notes"], "remain_original_record": True},
        {"expand_records_from_field": ["parts", "*", "rows"]},
        {"expand_records_from_field": ["parts", "*", "rows"], "merge_parent": True},
        {"expand_records_from_field": ["lines", "data"], "merge_parent": True, "remain_original_record": True},
        {"expand_records_from_field": ["nothing"]},
        {"expand_records_from_field": ["nothing"], "on_no_records": "emit_parent"},
        {"expand_records_from_field": ["missing", "*"], "on_no_records": "emit_parent"},
        {"expand_records_from_field": ["customer"], "on_no_records": "emit_parent"},
        {"expand_records_from_field": []},
        {
            "expand_records_from_field": ["lines", "data"],
            "parent_fields": [
                {"type": "ParentFieldPath", "parent_path": ["customer"], "record_path": ["of", "customer"]},
                {"type": "ParentFieldPath", "parent_path": ["notes", "0"], "record_path": ["note"]},
                {"type": "ParentFieldPath", "parent_path": ["missing", "x"], "record_path": ["sku"]},
            ],
        },
    ],
    ids=str,
)
def test_records_are_expanded_as_airbyte_does(oracle: Oracle, fields: dict[str, Any]) -> None:
    written = dpath("orders", record_expander={"type": "RecordExpander", **fields})
    for body in ({"orders": [ORDER, {"id": 8}]}, {"orders": ORDER}, {"orders": ["text", 1]}):
        assert extracted(written, body) == oracle.ask("records", "extract", written, body, {})


def test_items_share_nothing_with_their_parent_and_each_other() -> None:
    written = dpath(
        record_expander={
            "type": "RecordExpander",
            "expand_records_from_field": ["lines", "data"],
            "merge_parent": True,
            "remain_original_record": True,
        }
    )
    first, second = extracted(written, ORDER)
    first["customer"]["name"] = first["original_record"]["id"] = "changed"
    assert second["customer"]["name"] == ORDER["customer"]["name"] == "Ann"  # type: ignore[index]  # a mapping
    assert second["original_record"]["id"] == 7


def test_items_that_are_missing_are_warned_about_once() -> None:
    expander = {"type": "RecordExpander", "expand_records_from_field": ["items"], "truncation_indicator_path": ["more"]}
    warnings: list[str] = []
    for path in (["orders"], []):
        written = {"type": "DpathExtractor", "field_path": path, "record_expander": expander}
        extract = component(written).bind_for_slice({}, SliceMemory(warn=warnings.append))
        order = {"items": [{"a": 1}], "more": True}
        bodies = [{"orders": [order, order]}] if path else [order, order]
        assert [record for body in bodies for record in extract(body)] == [{"a": 1}, {"a": 1}]
    assert warnings == ["The API left items out of a list (`more` says so): they are missing among the records."] * 2


@pytest.mark.parametrize("mode", ["union", "first_match"])
@pytest.mark.parametrize("skip", [True, False])
@pytest.mark.parametrize("body", [{"a": [None, {}], "b": {"x": [1, 2]}}, {"a": [{"y": 1}], "b": {"x": [2]}}, {"c": 1}])
def test_combined_extractors_do_as_in_airbyte(oracle: Oracle, mode: str, skip: bool, body: Any) -> None:
    written = {
        "type": "CombinedExtractor",
        "mode": mode,
        "skip_empty_records": skip,
        "extractors": [dpath("a"), dpath("b", "x", "*"), dpath("c")],
    }
    assert extracted(written, body) == oracle.ask("records", "extract", written, body, {})


def test_a_combined_extractor_needs_extractors() -> None:
    with pytest.raises(ValidationError):
        CombinedExtractor.model_validate({"extractors": []})


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$.list[*]", [1, 2, 3]),
        ("$.list", [1, 2, 3]),
        ("$.items[?(@.n > 1)]", [{"n": 2}]),
        ("$..n", [1, 2]),
        ("$.missing", []),
        ("items[0]", [{"n": 1}]),
    ],
)
def test_a_json_path_finds_records(path: str, found: list[Any]) -> None:
    body = {"list": [1, 2, 3], "items": [{"n": 1}, {"n": 2}]}
    assert extracted({"type": "JsonPathExtractor", "json_path": path}, body) == found


@pytest.mark.parametrize("path", ["$.a[", "", "$.[?(", "{{ x }}"])
def test_a_bad_json_path_is_found_when_the_manifest_is_loaded(path: str) -> None:
    with pytest.raises(ValidationError, match="is not a JSONPath expression"):
        JsonPathExtractor.model_validate({"json_path": path})
    assert not JsonPathExtractor.portable


@pytest.mark.parametrize(
    ("preserve", "cells"),
    [(False, {"a": None, "b": None, "c": None, "d": "x"}), (True, {"a": None, "b": "NA", "c": "null", "d": "x"})],
)
def test_a_large_file_is_a_table_with_nulls(preserve: bool, cells: dict[str, Any]) -> None:
    extractor = ResponseToFileExtractor(preserve_na_values=preserve)
    rows = extractor.own_decoder().decode_all(b"a,b,c,d\n,NA,null,x\n")
    assert [record for row in rows for record in extractor.bind({})(row)] == [cells]


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        (["status"], "the response holds the keys data, list, job, none; there is no `status` in it"),
        (["data", "status"], "`data` holds the keys id, state; there is no `status` in it"),
        (["list", "status"], "`list` is a list of 2 items, which has no `status`"),
        (["list", "5"], "`list` is a list of 2 items, which has no `5`"),
        (["job", "status"], "`job` is the text “j-1”"),
        (["none", "status"], "`none` is null"),
        (["data", "id"], "`data.id` is 1"),
        (["data", "*"], "`data.*` is 1"),
    ],
)
def test_what_was_found_instead_is_reported_in_words(path: list[str], sentence: str) -> None:
    body = {"data": {"id": 1, "state": "x"}, "list": [1, 2], "job": "j-1", "none": None}
    assert what_is_at(body, path) == sentence


def test_many_keys_and_long_texts_are_cut() -> None:
    assert what_is_at({str(n): n for n in range(20)}, ["x"]).endswith("11 and 8 more; there is no `x` in it")
    assert len(what_is_at("x" * 1000, ["a"])) < 200
    assert what_is_at({}, ["a"]) == "the response is an empty object"


def test_a_field_path_sees_the_parameters_of_its_extractor() -> None:
    extractor = DpathExtractor.model_validate({"field_path": ["{{ parameters.x }}"], "$parameters": {"x": "a"}})
    assert list(extractor.bind({"config": {}})({"a": [1]})) == [1]


def test_a_template_that_fails_is_a_read_error() -> None:
    with pytest.raises(ReadError, match="config"):
        DpathExtractor.model_validate({"field_path": ["{{ config.a.b }}"]}).bind({"config": {}})
