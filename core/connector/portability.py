"""What works here and not in Airbyte: what its schema refuses, and what it would ignore."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from core.components.source import DeclarativeSource
from core.connector.messages import EXPECTED, describe, field_location
from core.manifest.problems import Path, Problem, Severity, clipped
from core.runtime.component import Component, field_plans

_COERCED = frozenset({"int_type", "float_type", "bool_type", "string_type"})


def portability(raw: Mapping[str, Any], component: Component, values: Mapping[str, Any]) -> Iterator[Problem]:
    """The warnings about one component, `raw` as it is written, which was built from `values`.

    Paths are relative to the component.
    """
    cls = type(component)
    if not cls.portable:
        yield _warning(("type",), f"Airbyte has no components of type {cls.__name__}")
    for key, plan in field_plans(cls).items():
        if key not in values:
            continue
        if plan.shown.ours:
            yield _warning((key,), f"Airbyte doesn't know `{key}` and ignores it")
        for where, child in _children(values[key], (key,)) if plan.not_in_airbyte else ():
            if type(child).__name__ in plan.not_in_airbyte:
                yield _warning((*where, "type"), f"Airbyte refuses a {type(child).__name__} here")
    yield from component.unportable()
    yield from _coerced(cls, values)
    if isinstance(component, DeclarativeSource):
        for key in raw:
            if key not in field_plans(cls) and key != "type":
                message = f"Airbyte refuses a manifest with `{clipped(str(key))}` at the top"
                yield _warning((key,), message, "keep notes under `metadata`", fields=("metadata",))


def _coerced(cls: type[Component], values: Mapping[str, Any]) -> Iterator[Problem]:
    """The values that are taken for what they spell, as the number in `"5"`; Airbyte takes them as they are."""
    try:
        cls.model_validate(values, strict=True)
    except ValidationError as error:
        details = [detail for detail in error.errors(include_url=False) if detail["type"] in _COERCED]
    else:
        return
    for detail in details:
        if isinstance(detail["input"], (str, int, float)):
            wanted = EXPECTED[detail["type"].removesuffix("_type")]
            message = f"Airbyte wants {wanted} here, but it is {describe(detail['input'])}"
            yield _warning(field_location(detail, values), message)


def _children(value: Any, path: Path) -> Iterator[tuple[Path, Component]]:
    if isinstance(value, Component):
        yield path, value
    elif isinstance(value, (Mapping, list)):
        for key, item in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _children(item, (*path, key))


def _warning(path: Path, message: str, hint: str | None = None, fields: tuple[str, ...] = ()) -> Problem:
    return Problem(message, path, Severity.WARNING, hint, fields=fields)
