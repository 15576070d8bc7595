"""How slices are named for people."""

from __future__ import annotations

from typing import Any

import pytest

from core.components.slices import StreamSlice
from core.progress.words import slice_name, slice_values


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
