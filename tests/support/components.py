"""Builds components in tests the way they are written in a manifest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.connector.registry import component_types
from core.runtime.component import Component, field_plans


def component(written: Mapping[str, Any]) -> Any:
    """The component of a mapping with a `type`, and those inside it."""
    cls: type[Component] = component_types()[written["type"]]
    plans = field_plans(cls)
    return cls.model_validate({key: _value(value, key, plans) for key, value in written.items()})


def _value(value: Any, key: str, plans: Mapping[str, Any]) -> Any:
    if key not in plans or not plans[key].roles:
        return value
    if isinstance(value, list):
        return [_value(item, key, plans) for item in value]
    return component(value) if isinstance(value, Mapping) else value
