"""The JSON Schema of a connector's inputs, as far as inputs are described by it: which there are, and of what
kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from core.templates.texts import SecretText

Schema = Mapping[str, Any]
Path = tuple[str, ...]
"""The way to an input: its name, or the names of the objects around it and its own."""


class _Item(str):
    """No key of a value is this very object, whatever its text."""


ITEM = _Item("[]")
"""Stands in a path for any item of a list; to be compared with `is`."""

_BRANCHES = ("allOf", "oneOf", "anyOf")


def properties(schema: Any) -> dict[str, list[Schema]]:
    """The properties of an object, in order, also those of its `oneOf`, `anyOf` and `allOf` forms.

    A property has as many schemas as there are forms that know it.
    """
    found: dict[str, list[Schema]] = {}
    if isinstance(schema, Mapping):
        own = schema.get("properties")
        for name, described in own.items() if isinstance(own, Mapping) else ():
            found.setdefault(str(name), []).append(described if isinstance(described, Mapping) else {})
        for form in forms(schema):
            for name, described in properties(form).items():
                found.setdefault(name, []).extend(described)
    return found


def forms(schema: Schema, *keys: str) -> Iterator[Schema]:
    """The alternatives and parts that a schema is made of: those under these keys, or else all."""
    for key in keys or _BRANCHES:
        branches = schema.get(key)
        if isinstance(branches, Sequence) and not isinstance(branches, str):
            yield from (branch for branch in branches if isinstance(branch, Mapping))


def all_forms(schema: Any) -> Iterator[Schema]:
    """A schema, and all alternatives and parts that it is made of, however deep."""
    if isinstance(schema, Mapping):
        yield schema
        for form in forms(schema):
            yield from all_forms(form)


def inputs(schema: Any, above: Path = ()) -> Iterator[tuple[Path, list[Schema]]]:
    """Every input with its schemas, each object before what is in it."""
    for name, described in properties(schema).items():
        path = (*above, name)
        yield path, described
        inner: dict[Path, list[Schema]] = {}
        for one in described:
            for deeper, schemas in inputs(one, path):
                inner.setdefault(deeper, []).extend(schemas)
        yield from inner.items()


def find(schema: Any, path: Path) -> list[Schema]:
    """The schemas of the input at `path`; none when the specification does not know it."""
    schemas: list[Schema] = [schema] if isinstance(schema, Mapping) else []
    for name in path:
        if name is ITEM:
            schemas = [found for one in schemas for found in _items(one)]
        else:
            schemas = [found for one in schemas for found in properties(one).get(name, ())]
    return schemas


def _items(schema: Any) -> Iterator[Schema]:
    """The schemas of the items of a list."""
    return (items for form in all_forms(schema) if isinstance(items := form.get("items"), Mapping))


def types(schema: Schema) -> tuple[str, ...]:
    """The JSON types that a schema allows; none when it does not say."""
    written = schema.get("type")
    if isinstance(written, str):
        return (written,)
    return tuple(map(str, written)) if isinstance(written, Sequence) else ()


def title(schema: Any, path: Path) -> str:
    """How an input is called in messages: its name, with its title where that says more."""
    name = ".".join(path)
    titles = (one.get("title") for one in find(schema, path))
    shown = next((text for text in titles if isinstance(text, str) and text), None)
    return f"`{name}` ({shown})" if shown and shown != path[-1] else f"`{name}`"


def is_secret(schema: Any) -> bool:
    """Whether a schema, or one of its forms, marks its value as a secret."""
    return any(form.get("airbyte_secret") for form in all_forms(schema))


class GatheredInputs(dict[str, Any]):
    """Inputs that were gathered; `secrets` are the secret values among them as they were given."""

    secrets: Sequence[str] = ()


def secret_values(specification: Mapping[str, Any], config: Mapping[str, Any]) -> list[str]:
    """The values in `config` that the specification marks with `airbyte_secret`, as text, wherever they are
    nested; and those that were there before rules put them elsewhere, and what these made of them.
    """
    found: list[str] = list(config.secrets) if isinstance(config, GatheredInputs) else []

    def note(text: str) -> str:
        found.append(str(text))
        return text

    with_secrets(specification, config, note)
    return list(dict.fromkeys(found))


def with_secrets(
    specification: Mapping[str, Any], config: Mapping[str, Any], change: Callable[[str], str]
) -> dict[str, Any]:
    """The inputs, with what `change` makes of each secret text in its place.

    Secret are those that the specification marks, and the hidden ones: rules put them elsewhere. Of a secret number
    `change` gets the text, but it stays as it is.
    """
    changed: dict[str, Any] = _with_secrets([specification], config, change)
    return changed


def _with_secrets(schemas: Sequence[Any], value: Any, change: Callable[[str], str]) -> Any:
    if any(map(is_secret, schemas)):
        return _with_leaves(value, change)
    if isinstance(value, Mapping):
        inner = {name: [found for one in schemas for found in properties(one).get(name, ())] for name in value}
        return {name: _with_secrets(inner[name], member, change) for name, member in value.items()}
    if isinstance(value, list):
        items = [found for one in schemas for found in _items(one)]
        return [_with_secrets(items, member, change) for member in value]
    return change(value) if isinstance(value, SecretText) else value


def _with_leaves(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, Mapping):
        return {name: _with_leaves(member, change) for name, member in value.items()}
    if isinstance(value, list):
        return [_with_leaves(member, change) for member in value]
    if value in (None, "") or isinstance(value, bool):
        return value
    changed = change(value if isinstance(value, str) else str(value))
    return changed if isinstance(value, str) else value
