"""Plain sentences for what pydantic finds wrong with a component's fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import ErrorDetails

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
