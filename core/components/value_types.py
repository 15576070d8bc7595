"""The type that a value is wanted to have, where a template gives it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from core.templates import Template

ValueType = Literal["string", "number", "integer", "boolean"]

_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
}


def typed_value(template: Template, wanted: ValueType | None, scope: Mapping[str, Any]) -> Any:
    """The value of a template. Raises `TemplateError`.

    Airbyte: a value that is not of the wanted type stays the text that the template gave. Whole numbers are
    numbers here (Airbyte: only fractions are, others stay text), and null stays null (Airbyte: the text "None").
    """
    value = template.evaluate(scope)
    if wanted is None or isinstance(value, _TYPES[wanted]):
        return value
    return template.text_or_null(scope)
