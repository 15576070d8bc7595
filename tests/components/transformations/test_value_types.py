"""Values of added fields keep the type that is asked for, and null stays null."""

from __future__ import annotations

from typing import Any

import pytest

from core.components.transformations import AddedFieldDefinition


@pytest.mark.parametrize(
    ("value_type", "given", "expected"),
    [
        ("string", None, None),
        ("string", "None", "None"),
        ("string", 5, "5"),
        ("string", "007", "007"),
        ("string", "1e5", "1e5"),
        ("string", True, "True"),
        ("integer", None, None),
        ("number", "12", 12),
        ("boolean", "yes", "yes"),
    ],
)
def test_a_value_is_of_its_type_or_text_or_null(value_type: str, given: Any, expected: Any) -> None:
    for template in ("{{ record.x }}", "{{ record.x if true }}"):
        definition = {"type": "AddedFieldDefinition", "path": ["y"], "value": template, "value_type": value_type}
        assert AddedFieldDefinition.model_validate(definition).evaluate({"record": {"x": given}}) == expected
