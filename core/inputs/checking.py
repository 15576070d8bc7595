"""Checks inputs against their JSON Schema and says what is expected; the value of a secret is never shown."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from core.inputs.json_schema import SchemaChecker, is_number, type_names
from core.inputs.specification import ITEM, Path, Schema, find, is_secret, title, types
from core.templates import LimitError, PatternError, compile_pattern

_SHOWN = 60
"""Characters of a wrong value that a message repeats."""
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


class InputChecker(SchemaChecker):
    """Finds what is wrong with the inputs for one specification; or with a value of this `name`, for any JSON Schema.

    The value itself is shown only of inputs that are not secret.
    """

    levels = 1_000  # more than a manifest has, so that no input goes unchecked

    def __init__(self, specification: Schema, name: str = "", *, from_config: bool = False) -> None:
        self._specification = specification
        self._name = name
        self._from_config = from_config

    def problems(self, config: Any) -> list[str]:
        """One sentence for each thing that is wrong."""
        return self.problems_in(self._specification, config)

    def wrong_type(self, schema: Schema, path: Path, value: Any, expected: tuple[str, ...]) -> str:
        is_unquoted = expected == ("string",) and isinstance(value, int | float)
        quotes = ' (write it in quotes: "...")' if is_unquoted else ""
        return self._wrong(schema, path, value, f"must be {type_names(expected)}{quotes}")

    def missing(self, path: Path) -> str:
        path = _names(path)
        name = ".".join(path)
        if self._name:
            return f"{self._subject(path[:-1])} has no `{path[-1]}`."
        if self._from_config:
            return f"The input {title(self._specification, path)} is missing in the config."
        missing = f"The input {title(self._specification, path)} is missing."
        if self._is_secret(path):
            return f"{missing} It is a secret: give it in the --config file, or as {variable(path)} in the environment."
        return (
            f"{missing} Give it in the --config file, as {variable(path)} in the environment, "
            f"or with --set {name}=VALUE."
        )

    def no_form(self, alternatives: list[Schema], found: list[list[str]], path: Path, value: Any) -> Iterator[str]:
        """What is wrong for the form that was meant: the one whose fixed values the object has."""
        meant = [problems for form, problems in zip(alternatives, found, strict=True) if has_constants(form, value)]
        if len(meant) == 1:
            yield from meant[0]
        else:
            yield f"{self._subject(path)} fits none of its forms: {'; '.join(map(_describe, alternatives))}."

    def details(self, schema: Schema, path: Path, value: Any) -> Iterator[str]:
        allowed = schema.get("enum")
        if isinstance(allowed, list) and value not in allowed:
            yield self._wrong(schema, path, value, f"must be one of {', '.join(map(_shown, allowed))}")
        if "const" in schema and value != schema["const"]:
            yield self._wrong(schema, path, value, f"must be {_shown(schema['const'])}")
        if isinstance(value, list):
            yield from self._check_length(schema, value, path, ("minItems", "maxItems"), "entries")
        elif isinstance(value, str):
            yield from self._check_text(schema, value, path)
        elif is_number(value):
            yield from self._check_number(schema, value, path)

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
            comparison, fits = _LENGTHS[key]
            if isinstance(bound := schema.get(key), int) and not fits(len(value), bound):
                yield f"{self._subject(path)} must have {comparison} {bound} {unit}."

    def _check_number(self, schema: Schema, value: Any, path: Path) -> Iterator[str]:
        for key, (comparison, fits) in _BOUNDS.items():
            if is_number(bound := schema.get(key)) and not fits(value, bound):
                yield self._wrong(schema, path, value, f"must be {comparison} {bound}")
        step = schema.get("multipleOf")
        if is_number(step) and step and not math.isclose(value / step, round(value / step), abs_tol=1e-9):
            yield self._wrong(schema, path, value, f"must be a multiple of {step}")

    def _subject(self, path: Path) -> str:
        path = _names(path)
        if self._name:
            return f"`{'.'.join(path)}` in {self._name[:1].lower()}{self._name[1:]}" if path else self._name
        return f"The input {title(self._specification, path)}" if path else "The inputs"

    def _wrong(self, schema: Schema, path: Path, value: Any, expected: str) -> str:
        secret = self._name or is_secret(schema) or self._is_secret(path)
        hidden = secret or isinstance(value, Mapping | list)
        return f"{self._subject(path)} {expected}{'' if hidden else f'; it is {_shown(value)}'}."

    def _is_secret(self, path: Path) -> bool:
        """Whether an input, or something around it, is marked as a secret."""
        return any(
            is_secret(schema) for end, _ in enumerate(path, 1) for schema in find(self._specification, path[:end])
        )


def variable(path: Path) -> str:
    """The environment variable of an input."""
    return "LONGHAUL_" + "__".join(re.sub(r"[^A-Za-z0-9]", "_", name).upper() for name in path)


def _names(path: Path) -> Path:
    """A path without the items of lists, which are spoken of as the list."""
    return tuple(name for name in path if name is not ITEM)


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
    return " ".join(words) or type_names(types(form)) or "another form"
