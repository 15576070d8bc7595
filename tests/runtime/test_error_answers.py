"""Errors in answers are looked for in a bounded way, however the answer is built."""

from __future__ import annotations

from typing import Any

import pytest

from core.runtime.error_answers import error_in


@pytest.mark.parametrize("depth", [300, 100_000])
@pytest.mark.parametrize("wrap", [lambda value: [value], lambda value: {"error": value}], ids=["lists", "objects"])
def test_an_error_that_is_nested_too_deeply_is_not_looked_for(depth: int, wrap: Any) -> None:
    value: Any = "too much"
    for _ in range(depth):
        value = wrap(value)
    assert error_in({"error": value}) is None


def test_of_many_errors_the_first_are_told() -> None:
    said = error_in({"errors": [{"message": f"row {number} is wrong."} for number in range(100_000)]})
    assert said is not None
    assert said.startswith("row 0 is wrong, row 1 is wrong")
    assert "row 10 " not in said
