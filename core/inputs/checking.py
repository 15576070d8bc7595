"""Checks inputs against their JSON Schema and says what is expected; the value of a secret is never shown."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from core.inputs.specification import Path, Schema, find, forms, is_secret, title, types
from core.templates import LimitError, PatternError, compile_pattern

_SHOWN = 60
"""Characters of a wrong value that a message repeats."""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


_IS: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: _is_number(value) and float(value).is_integer(),
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, Mapping),
    "array": lambda value: isinstance(value, list),
    "null": lambda value: value is None,
}
_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "nothing",
}
_BOUNDS: dict[str, tuple[str, Callable[[Any, Any], bool]]] = {
    "minimum": ("at least", lambda value, bound: value >= bound),
    "maximum": ("at most", lambda value, bound: value <= bound),
    "exclusiveMinimum": ("more than", lambda value, bound: value > bound),
    "exclusiveMaximum": ("less than", lambda value, bound: value < bound),
}
_LENGTHS: dict[str, tuple[str, Callable[[int, int], bool]]] = {
    "minLength": ("at least", lambda length, bound: length >= bound),
    "maxLength": ("at most", lambda length, bound: length <= bound),
    "minItems": ("at least", lambda length, bound: length >= bound),
    "maxItems": ("at most", lambda length, bound: length <= bound),
}


class Checker:
    """Finds what is wrong with the inputs for one specification; or with a value of this `name`, for any JSON Schema.

    The value itself is shown only of inputs that are not secret.
    """

    def __init__(self, specification: Schema, name: str = "") -> None:
        self._specification = specification
        self._name = name

    def problems(self, config: Any) -> list[str]:
        """One sentence for each thing that is wrong."""
        return list(dict.fromkeys(self._check(self._specification, config, ())))

    def _check(self, schema: Schema, value: Any, path: Path) -> Iterator[str]:
        expected = types(schema)
        if expected and not any(_IS.get(kind, lambda _: True)(value) for kind in expected):
            words = " or ".join(_WORDS.get(kind, kind) for kind in expected)
            quotes = ' (write it in quotes: "...")' if expected == ("string",) and _is_scalar(value) else ""
            yield self._wrong(schema, path, value, f"must be {words}{quotes}")
            return
        yield from self._check_choice(schema, value, path)
        if isinstance(value, Mapping):
            yield from self._check_object(schema, value, path)
        elif isinstance(value, list):
            yield from self._check_length(schema, value, path, ("minItems", "maxItems"), "entries")
            if isinstance(items := schema.get("items"), Mapping):
                for member in value:
                    yield from self._check(items, member, path)
        elif isinstance(value, str):
            yield from self._check_text(schema, value, path)
        elif _is_number(value):
            yield from self._check_number(schema, value, path)
        yield from self._check_forms(schema, value, path)

    def _check_choice(self, schema: Schema, value: Any, path: Path) -> Iterator[str]:
        allowed = schema.get("enum")
        if isinstance(allowed, list) and value not in allowed:
            yield self._wrong(schema, path, value, f"must be one of {', '.join(map(_shown, allowed))}")
        if "const" in schema and value != schema["const"]:
            yield self._wrong(schema, path, value, f"must be {_shown(schema['const'])}")

    def _check_object(self, schema: Schema, value: Mapping[str, Any], path: Path) -> Iterator[str]:
        known = schema.get("properties")
        known = known if isinstance(known, Mapping) else {}
        required = schema.get("required")
        for name in required if isinstance(required, list) else ():
            if name not in value:
                yield self._missing((*path, str(name)))
        for name, member in value.items():
            if isinstance(described := known.get(name), Mapping):
                yield from self._check(described, member, (*path, name))

    def _check_text(self, schema: Schema, value: str, path: Path) -> Iterator[str]:
        yield from self._check_length(schema, value, path, ("minLength", "maxLength"), "characters")
        pattern = schema.get("pattern")
        if isinstance(pattern, str) and not _matches(pattern, value):
            described = schema.get("pattern_descriptor")
            examples = schema.get("examples")
            hint = f" ({described})" if isinstance(described, str) else ""
            hint += f", for example {_shown(examples[0])}" if isinstance(examples, list) and examples else ""
            yield self._wrong(schema, path, value, f"must match the pattern {pattern}{hint}")

    def _check_length(self, schema: Schema, value: Any, path: Path, keys: tuple[str, ...], unit: str) -> Iterator[str]:
        for key in keys:
            words, fits = _LENGTHS[key]
            if isinstance(bound := schema.get(key), int) and not fits(len(value), bound):
                yield f"{self._subject(path)} must have {words} {bound} {unit}."

    def _check_number(self, schema: Schema, value: Any, path: Path) -> Iterator[str]:
        for key, (words, fits) in _BOUNDS.items():
            if _is_number(bound := schema.get(key)) and not fits(value, bound):
                yield self._wrong(schema, path, value, f"must be {words} {bound}")
        step = schema.get("multipleOf")
        if _is_number(step) and step and not math.isclose(value / step, round(value / step), abs_tol=1e-9):
            yield self._wrong(schema, path, value, f"must be a multiple of {step}")

    def _check_forms(self, schema: Schema, value: Any, path: Path) -> Iterator[str]:
        for part in forms({"allOf": schema.get("allOf")}):
            yield from self._check(part, value, path)
        for key in ("oneOf", "anyOf"):
            alternatives = list(forms({key: schema.get(key)}))
            found = [list(self._check(form, value, path)) for form in alternatives]
            if found and all(found):
                yield from self._nearest(alternatives, found, value, path)

    def _nearest(self, alternatives: list[Schema], found: list[list[str]], value: Any, path: Path) -> Iterator[str]:
        """What is wrong for the form that was meant: the one whose fixed values the object has."""
        meant = [problems for form, problems in zip(alternatives, found, strict=True) if has_constants(form, value)]
        if len(meant) == 1:
            yield from meant[0]
        else:
            yield f"{self._subject(path)} fits none of its forms: {'; '.join(map(_describe, alternatives))}."

    def _subject(self, path: Path) -> str:
        if self._name:
            return f"`{'.'.join(path)}` in {self._name[:1].lower()}{self._name[1:]}" if path else self._name
        return f"The input {title(self._specification, path)}" if path else "The inputs"

    def _wrong(self, schema: Schema, path: Path, value: Any, expected: str) -> str:
        secret = self._name or is_secret(schema) or any(map(is_secret, self._around(path)))
        hidden = secret or isinstance(value, Mapping | list)
        return f"{self._subject(path)} {expected}{'' if hidden else f'; it is {_shown(value)}'}."

    def _around(self, path: Path) -> Iterator[Schema]:
        for length in range(1, len(path) + 1):
            yield from find(self._specification, path[:length])

    def _missing(self, path: Path) -> str:
        name = ".".join(path)
        if self._name:
            return f"{self._subject(path[:-1])} has no `{path[-1]}`."
        return (
            f"The input {title(self._specification, path)} is missing. Give it in the --config file, "
            f"as {variable(path)} in the environment, or with --set {name}=VALUE."
        )


def variable(path: Path) -> str:
    """The environment variable of an input."""
    return "LONGHAUL_" + "__".join(re.sub(r"[^A-Za-z0-9]", "_", name).upper() for name in path)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, int | float)


def _matches(pattern: str, value: str) -> bool:
    """Whether a text has a pattern in it; one that is none, or takes too long, counts as found."""
    try:
        return compile_pattern(pattern).search(value) is not None
    except (PatternError, LimitError):
        return True


def _shown(value: Any) -> str:
    text = orjson.dumps(value, str).decode()
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _constants(form: Schema) -> dict[str, Any]:
    known = form.get("properties")
    return {
        name: described["const"]
        for name, described in (known.items() if isinstance(known, Mapping) else ())
        if isinstance(described, Mapping) and "const" in described
    }


def has_constants(form: Schema, value: Any) -> bool:
    """Whether an object has the fixed values by which this form of it is told from the others."""
    constants = _constants(form)
    return (
        isinstance(value, Mapping)
        and bool(constants)
        and all(value.get(name) == constant for name, constant in constants.items())
    )


def _describe(form: Schema) -> str:
    """An alternative in a few words: its title, its fixed values, what it requires."""
    fixed = [f"{name}={_shown(value)}" for name, value in _constants(form).items()]
    required = form.get("required")
    needed = [name for name in required if name not in _constants(form)] if isinstance(required, list) else []
    named = form.get("title")
    words = [str(named)] if isinstance(named, str) else []
    words += [f"({', '.join([*fixed, *needed])})"] if fixed or needed else []
    return " ".join(words) or " or ".join(_WORDS.get(kind, kind) for kind in types(form)) or "another form"
