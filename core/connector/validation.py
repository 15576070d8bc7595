"""What is wrong with the fields of a component, in plain sentences, and what works here but not in Airbyte."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from core.components.source import DeclarativeSource
from core.manifest.problems import Path, Problem, Severity, clipped
from core.runtime.component import Component, FieldPlan, field_plans

EXPECTED = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "dict": "a mapping",
    "tuple": "a list",
}
LEAVES_OF_UNIONS = frozenset({"str", "int", "float", "bool", "list", "dict"})


def describe(value: Any) -> str:
    """What kind of YAML value this is, in words, without showing it."""
    if value is None:
        return "nothing"
    names: list[tuple[type | tuple[type, ...], str]] = [
        (bool, "true/false"),
        (int, "a whole number"),
        (float, "a number"),
        (str, "text"),
        (Mapping, "a mapping"),
        ((list, tuple), "a list"),
    ]
    return next((name for kind, name in names if isinstance(value, kind)), f"a {type(value).__name__}")


def field_location(error: ErrorDetails, raw: Mapping[str, Any]) -> tuple[str | int, ...]:
    """The part of pydantic's location that exists in the manifest (names of union members are dropped)."""
    location: list[str | int] = []
    value: Any = raw
    for step in error["loc"]:
        if isinstance(value, Mapping) and isinstance(step, str) and (step in value or not location):
            value = value.get(step)
        elif isinstance(value, Sequence) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            continue
        location.append(step)
    return tuple(location)


def sentences(errors: Sequence[ErrorDetails], owner: str) -> str:
    """One sentence for all errors at one place (a union reports one for each of its members)."""
    first = errors[0]
    name = ".".join(str(step) for step in first["loc"] if isinstance(step, str) and step not in LEAVES_OF_UNIONS)
    name = name.split(".")[0]
    if first["type"] == "missing":
        return f"`{name}` is required by {owner}"
    if first["type"] == "too_short" and not first["input"]:
        return f"`{name}` must not be empty"
    own = [error for error in errors if error["type"] in ("value_error", "template_error")]
    if own:
        return f"`{name}`: " + own[0]["msg"].removeprefix("Value error, ")
    if first["type"] in ("literal_error", "enum"):
        return f"`{name}` must be {first['ctx']['expected']}"
    wanted = list(dict.fromkeys(filter(None, (_expected(error) for error in errors))))
    if wanted:
        return f"`{name}` must be {' or '.join(wanted)}, but it is {describe(first['input'])}"
    return f"`{name}`: {first['msg'][:1].lower()}{first['msg'][1:]}"


def _expected(error: ErrorDetails) -> str | None:
    kind = error["type"].partition("_")[0]
    if error["type"].endswith(("_type", "_parsing", "_from_float")):
        return EXPECTED.get(kind)
    return None


_COERCED = frozenset({"int_type", "float_type", "bool_type", "string_type"})


def portability(raw: Mapping[str, Any], component: Component, values: Mapping[str, Any]) -> Iterator[Problem]:
    """The warnings about one component, `raw` as it is written, which was built from `values`.

    Paths are relative to the component.
    """
    cls = type(component)
    if not cls.portable:
        yield _warning(("type",), f"Airbyte has no components of type {cls.__name__}")
    for key, plan in _differing(cls).items():
        if key not in values:
            continue
        if plan.shown.ours and cls.portable:
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


@cache
def _differing(cls: type[Component]) -> Mapping[str, FieldPlan]:
    """The fields of a component that Airbyte doesn't know, or in which it takes less."""
    return {key: plan for key, plan in field_plans(cls).items() if plan.shown.ours or plan.not_in_airbyte}


@cache
def _coercible(cls: type[Component]) -> frozenset[str]:
    """The fields of a component that take values for what they spell."""
    return frozenset(key for key, plan in field_plans(cls).items() if plan.coercible)


def _coerced(cls: type[Component], values: Mapping[str, Any]) -> Iterator[Problem]:
    """The values that are taken for what they spell, as the number in `"5"`; Airbyte takes them as they are."""
    if _coercible(cls).isdisjoint(values):
        return
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
