"""Finds the inputs that templates rely on and that the `spec` doesn't name: most of them are misspelt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.inputs.specification import inputs, properties
from core.manifest.problems import Path, Problem, Severity, clipped, closest
from core.templates import Condition, Template, TemplateMap
from core.templates.reliance import named_keys, relied_on
from core.wording import listed

_OF_AIRBYTE = "__"
"""How the names of inputs begin that Airbyte adds."""
_NOTHING = "nothing"
"""The input that manifests look up where they want no value."""
_PATHS = frozenset(
    {
        "access_token_config_path",
        "refresh_token_config_path",
        "token_expiry_date_config_path",
        "path_in_connector_config",
    }
)
"""Fields that hold a path in the inputs where something is written."""
_UPDATER = "refresh_token_updater"
_UPDATES = "credentials"
"""Where such an updater writes when it does not say."""
_OVERRIDES = "config_overrides"


class InputUses:
    """Takes note of inputs that templates rely on. `specification` is the JSON Schema of the inputs."""

    def __init__(self, specification: Any) -> None:
        is_open = not isinstance(specification, Mapping) or not {"$ref", "patternProperties"}.isdisjoint(specification)
        self._known = frozenset() if is_open else frozenset(properties(specification))
        self._specification = specification
        self._found: list[tuple[str, Path]] = []

    def note(self, template: Template | Condition | TemplateMap, path: Path) -> None:
        """Look through a template at a path of the resolved manifest."""
        if not self._known or "config" not in template.variables or path[:1] == ("spec",):
            return
        for text, place in _placed_texts(template.source, path):
            if not named_keys(text, "config") <= self._known:
                unknown = relied_on(text, "config") - self._known - {_NOTHING}
                self._found += [(name, place) for name in sorted(unknown) if not name.startswith(_OF_AIRBYTE)]

    def problems(self, tree: Mapping[str, Any]) -> Iterator[Problem]:
        """A warning for each unknown input, save for those that the resolved manifest itself adds to the inputs."""
        if not self._found or _adds_any(tree):
            return
        added = frozenset(_added(tree))
        for name, path in self._found:
            if name not in added:
                message = f"the template uses the input `{clipped(name)}`, which the `spec` doesn't name"
                yield Problem(message, path, Severity.WARNING, self._hint(name), unnamed_input=name)

    def _hint(self, name: str) -> str:
        inner = (".".join(path) for path, _ in inputs(self._specification) if len(path) > 1 and path[-1] == name)
        guess = next(inner, None) or closest(name, self._known)
        return f"did you mean `{guess}`?" if guess else f"there are {listed(sorted(self._known))}"


def _placed_texts(source: Any, path: Path) -> Iterator[tuple[str, Path]]:
    """The texts that the source of a template consists of, each with its path."""
    if isinstance(source, Mapping):
        for key, item in source.items():
            yield from _placed_texts(key, (*path, key))
            yield from _placed_texts(item, (*path, key))
    elif isinstance(source, list):
        for index, item in enumerate(source):
            yield from _placed_texts(item, (*path, index))
    elif isinstance(source, str):
        yield source, path


def _adds_any(tree: Mapping[str, Any]) -> bool:
    """Whether Python code may add inputs, or a template says which are added."""
    return any(
        change.get("type") == "CustomConfigTransformation" or any("{" in name for name in _fields_of(change))
        for change in _transformations(tree)
    )


def _added(tree: Mapping[str, Any]) -> Iterator[str]:
    """The inputs that the manifest adds: by its rules, the check, tokens that are renewed, and consent."""
    for change in _transformations(tree):
        yield from _fields_of(change)
    waiting: list[Any] = [tree]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            yield from (str(path[0]) for key in _PATHS & value.keys() if isinstance(path := value[key], list) and path)
            yield from value[_OVERRIDES] if isinstance(value.get(_OVERRIDES), Mapping) else ()
            yield from (_UPDATES,) if _UPDATER in value else ()
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value


def _transformations(tree: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The changes of the inputs, as far as they are written as such: types that nobody knows may hold anything."""
    for rules in _objects([tree["spec"].get("config_normalization_rules")]):
        for holder in (rules, *_objects(rules.get("config_migrations"))):
            yield from _objects(holder.get("transformations"))


def _fields_of(change: Mapping[str, Any]) -> list[str]:
    """The inputs that a transformation adds."""
    paths = (field.get("path") for field in _objects(change.get("fields")))
    return [str(path[0]) for path in paths if isinstance(path, list) and path]


def _objects(value: Any) -> list[Mapping[str, Any]]:
    """The objects in a list."""
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
