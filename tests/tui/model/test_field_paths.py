"""Field paths in every way that people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model.field_paths import format_field_path, parse_field_path


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("", []),
        ("$", []),
        ("status", ["status"]),
        ("data.items", ["data", "items"]),
        ("data.items.", ["data", "items"]),
        ("data.*.id", ["data", "*", "id"]),
        (r"a\.b.c", ["a.b", "c"]),
        ("a..b", ["a", "", "b"]),
        ("{{ config['a.b'] }}.id", ["{{ config['a.b'] }}", "id"]),
        ('["data", "a.b", 0]', ["data", "a.b", "0"]),
        ("[data, 'a.b']", ["data", "a.b"]),
        ("$.data.items[*].id", ["data", "items", "*", "id"]),
        ("$[*].id", ["*", "id"]),
        ("$['b c'][\"a.b\"][0].*", ["b c", "a.b", "0", "*"]),
        ("$.data[?(@.a==1)]", None),
        ("$..id", None),
        ("$.a[1:3]", None),
    ],
)
def test_a_path_is_read_however_it_is_written(text: str, keys: list[str] | None) -> None:
    assert parse_field_path(text) == keys
    if keys is not None:
        assert parse_field_path(format_field_path(keys)) == keys


@given(st.lists(st.text("ab.\\*0-", min_size=1, max_size=5), max_size=4))
def test_a_path_that_is_shown_is_read_back(keys: list[str]) -> None:
    assert parse_field_path(format_field_path(keys)) == keys
