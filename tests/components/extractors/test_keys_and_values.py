"""Field paths make records of the values of an object, with their keys, and of plain values."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import ReadError
from tests.support.components import component


def extracted(body: Any, *path: str, **fields: Any) -> list[Any]:
    extract = component({"type": "DpathExtractor", "field_path": list(path), **fields}).bind({"config": {}})
    elements = body if isinstance(body, list) else [body]
    return [record for element in elements for record in extract(element)]


BY_DAY = {"data": {"2024-01-01": {"id": 1}, "2024-01-02": {"id": 2}}}


@pytest.mark.parametrize("path", [("data",), ("data", "*")], ids=["to the object", "to its values"])
def test_the_key_of_each_value_goes_into_the_record(path: tuple[str, ...]) -> None:
    assert extracted(BY_DAY, *path, key_field="day") == [
        {"day": "2024-01-01", "id": 1},
        {"day": "2024-01-02", "id": 2},
    ]


def test_the_top_of_an_answer_may_be_the_object() -> None:
    assert extracted({"a": {"n": 1}, "b": {"n": 2}}, key_field="name") == [{"name": "a", "n": 1}, {"name": "b", "n": 2}]


def test_each_item_of_a_list_under_a_key_gets_the_key() -> None:
    body = {"EUR": [{"rate": 1}, {"rate": 2}], "USD": []}
    assert extracted(body, key_field="currency") == [{"currency": "EUR", "rate": 1}, {"currency": "EUR", "rate": 2}]


def test_plain_values_under_keys_become_records_with_both() -> None:
    body = {"rates": {"EUR": 1.1, "GBP": 0.9, "XXX": None}}
    assert extracted(body, "rates", key_field="currency", value_field="rate") == [
        {"currency": "EUR", "rate": 1.1},
        {"currency": "GBP", "rate": 0.9},
        {"currency": "XXX", "rate": None},
    ]


@pytest.mark.parametrize("body", [{"data": {}}, {"data": []}, {"data": None}, {}], ids=str)
def test_an_object_without_values_has_no_records(body: Any) -> None:
    assert extracted(body, "data", key_field="day") == []


def test_a_list_has_no_keys() -> None:
    with pytest.raises(ReadError, match=r"at `data` is a list, whose items have no keys.*Leave out `key_field`"):
        extracted({"data": [{"id": 1}]}, "data", key_field="day")


def test_a_key_never_overwrites_another_value_of_the_record() -> None:
    with pytest.raises(ReadError, match="has a field `id` of its own, with another value"):
        extracted(BY_DAY, "data", key_field="id")
    assert extracted({"5": {"id": 5}}, key_field="id") == [{"id": 5}]


def test_each_plain_value_becomes_a_record() -> None:
    body = {"colors": ["red", "", 0, None, False, {"name": "blue"}]}
    values: list[Any] = ["red", "", 0, None, False]
    assert extracted(body, "colors", value_field="color") == [*({"color": value} for value in values), {"name": "blue"}]
    assert extracted([1, "x"], value_field="v") == [{"v": 1}, {"v": "x"}]
    assert extracted({"groups": [["a"], ["b", "c"]]}, "groups", value_field="v") == [{"v": ["a"]}, {"v": ["b", "c"]}]
    assert extracted({"groups": [["a"], ["b", "c"]]}, "groups", "*", "*", value_field="v") == [
        {"v": "a"},
        {"v": "b"},
        {"v": "c"},
    ]


@pytest.mark.parametrize("body", [{"colors": []}, {}], ids=str)
def test_no_values_are_no_records(body: Any) -> None:
    assert extracted(body, "colors", value_field="color") == []


def test_the_expander_works_on_records_with_their_key() -> None:
    expander = {"type": "RecordExpander", "expand_records_from_field": ["tags"], "merge_parent": True}
    body = {"a": {"tags": [{"t": 1}]}, "b": {"tags": [{"t": 2}, {"t": 3}]}}
    assert extracted(body, key_field="name", record_expander=expander) == [
        {"name": "a", "t": 1},
        {"name": "b", "t": 2},
        {"name": "b", "t": 3},
    ]
