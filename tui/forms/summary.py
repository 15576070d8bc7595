"""What is in a component, in a few words: shown where its fields are not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.components.registry import component_types
from tui.session.naming import type_label
from tui.session.specs import FieldSpec, Kind, form_spec
from tui.widgets.cells import escape

_MOST = 3
_LONGEST = 40


def summary(value: Any) -> str:
    """The values that say most about a component."""
    if isinstance(value, list):
        return f"{len(value)} item" + "s" * (len(value) != 1)
    if isinstance(value, str):
        return escape(value[:_LONGEST])
    if not isinstance(value, Mapping):
        return ""
    known = component_types().get(str(value.get("type")))
    fields = form_spec(known).fields if known else ()
    told = [words for field in fields for words in _said(field, value.get(field.key))]
    return " · ".join(told[:_MOST])


def _said(field: FieldSpec, value: Any) -> Iterator[str]:
    if value in (None, "", [], {}) or value == field.default:
        return
    if isinstance(value, bool):
        yield field.title if value else f"not {field.title}"
    elif field.secret:
        yield field.title
    elif isinstance(value, str | int | float):
        yield escape(str(value)[:_LONGEST])
    elif field.kind is Kind.COMPONENT and isinstance(value, Mapping):
        known = component_types().get(str(value.get("type")))
        inside = summary(value)
        yield inside or (type_label(known) if known else str(value.get("type", "")))
    elif field.kind is Kind.PAIRS and isinstance(value, Mapping):
        yield ", ".join(escape(str(key)) for key in list(value)[:_MOST])
    elif isinstance(value, list):
        plain = all(isinstance(item, str | int | float) for item in value)
        yield ", ".join(escape(str(item)) for item in value[:_MOST]) if plain else f"{len(value)} {field.title.lower()}"
