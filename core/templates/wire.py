"""How values are written where there is only text: in query parameters, form fields and headers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

Text = str | list[str]
"""A value of a query parameter or form field; a list repeats the name."""

_STRUCTURES: Final = (Mapping, list, tuple)


def texts_of(value: Any) -> Text:
    """A value as parameters and forms carry it: a list of plain values repeats the name, what has more structure is
    JSON, and everything else is its text (Airbyte: the same, but for structures, which it writes like Python).
    """
    if is_structured(value):
        return as_json(value)
    return [str(item) for item in value] if isinstance(value, (list, tuple)) else str(value)


def is_structured(value: Any) -> bool:
    """Whether a value is an object, or a list with objects or lists in it."""
    if isinstance(value, (list, tuple)):
        return any(isinstance(item, _STRUCTURES) for item in value)
    return isinstance(value, Mapping)


def as_json(value: Any) -> str:
    """A value as JSON, in one line. What JSON doesn't know becomes text."""
    return json.dumps(value, ensure_ascii=False, default=_known, separators=(",", ":"))


def is_json(text: str) -> bool:
    """Whether a text is JSON as it stands."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _known(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)
