"""Field paths in every way that people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.model.field_paths import parse_field_path, show_field_path


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("", []),
        ("$", []),
        ("status", ["status"]),
        ("data.items", ["data", "items"]),
        ('["data", "a.b", 0]', ["data", "a.b", "0"]),
        ("$.data.items[*].id", ["data", "items", "*", "id"]),
        ("$['data'][\"a.b\"][0]", ["data", "a.b", "0"]),
        ("data.*", ["data", "*"]),
    ],
)
def test_paths_are_understood(text: str, keys: list[str]) -> None:
    assert parse_field_path(text) == keys


@pytest.mark.parametrize("text", ["$.data[?(@.a==1)]", "$..id", "$.a[1:3]"])
def test_what_a_field_path_cannot_say_is_refused_with_a_way_out(text: str) -> None:
    with pytest.raises(ValueError, match="JSONPath extractor"):
        parse_field_path(text)


@given(st.lists(st.text(max_size=5)))
def test_what_is_shown_is_understood_again(keys: list[str]) -> None:
    assert parse_field_path(show_field_path(keys)) == keys
