"""How slices, and what is wrong with foreign texts, are named for people."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.runtime.slices import StreamSlice
from core.wording import json_fault, listed, slice_name, slice_values


@pytest.mark.parametrize(
    ("partition", "name"),
    [
        ({"board": [1, 2, 3]}, "board=1, 2, 3"),
        ({"board": ["a"]}, "board=a"),
        ({"board": list(range(50))}, "board=0, 1, 2 and 47 more"),
        ({"board": [1, 2], "parent_slice": [{}, {}]}, "board=1, 2"),
        ({"board": [1, 2, 3, 4], "colour": "red"}, "board=1, 2, 3 and 1 more, colour=red"),
        ({"board": 0, "parent_slice": {}}, "board=0"),
        ({}, ""),
    ],
)
def test_a_group_is_named_by_its_first_values(partition: dict[str, Any], name: str) -> None:
    assert slice_name(StreamSlice(partition)) == name
    assert slice_values(StreamSlice(partition)) == name.replace("board=", "").replace("colour=", "")


@pytest.mark.parametrize(
    ("start", "end", "name"),
    [
        ("2024-03-01", "2024-03-07", "2024-03-01 → 2024-03-07"),
        ("2024-03-01T00:00:00Z", "2024-03-07T23:59:59Z", "2024-03-01 → 2024-03-07"),
        ("2024-03-01T00:00:00.000+0000", "2024-03-07T23:59:59.999999+00:00", "2024-03-01 → 2024-03-07"),
        ("2024-03-01T00:00:00Z", "2024-03-01T23:59:59Z", "2024-03-01"),
        ("2024-03-01T08:00:00Z", "2024-03-01T23:59:59Z", "2024-03-01T08:00:00Z → 2024-03-01T23:59:59Z"),
        ("2024-03-01T00:00:00+02:00", "2024-03-02T00:00:00Z", "2024-03-01T00:00:00+02:00 → 2024-03-02T00:00:00Z"),
        (1709251200, 1709856000, "1709251200 → 1709856000"),
        (17, float("inf"), "from 17"),
    ],
)
def test_an_interval_is_named_by_its_ends(start: Any, end: Any, name: str) -> None:
    interval = {"start_time": start, "end_time": end}
    assert slice_name(StreamSlice(cursor_slice=interval)) == slice_name(interval) == name
    assert slice_name(StreamSlice(cursor_slice={"since": start, "until": end})) == name
    assert slice_name(StreamSlice({"region": "eu"}, interval)) == f"region=eu, {name}"
    assert slice_values(StreamSlice({"region": "eu"}, interval)) == f"eu, {name}"


def test_parents_of_a_partition_are_named_like_itself() -> None:
    assert slice_name({"comment": 7, "parent_slice": {"post": 3, "parent_slice": {}}}) == "comment=7, post=3"


def test_long_lists_of_names_are_cut_and_counted() -> None:
    assert listed(["a", "b"]) == "a, b"
    assert listed(str(number) for number in range(12)) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"a": 1}\n{"b": 2}', "line 2, column 1: something follows the end of the value"),
        ("{'a': 1}", "line 1, column 2: a name in double quotes is missing"),
        ('{"a": True}', "line 1, column 7: a value is missing or not written as JSON"),
        ('{"a": 1 "b": 2}', "line 1, column 9: a comma or a closing bracket is missing"),
        ('{"a" 1}', "line 1, column 6: a colon is missing"),
        ('{"a": "x', "line 1, column 7: a text begins that has no closing quotation mark"),
        ('{"a": "\\x"}', "line 1, column 8: a backslash"),
        ('{"a": "\t"}', "line 1, column 8: a line break or tab"),
    ],
)
def test_what_is_wrong_with_json_is_told_with_its_place(text: str, fault: str) -> None:
    with pytest.raises(json.JSONDecodeError) as raised:
        json.loads(text)
    assert json_fault(raised.value).startswith(fault)
