"""Changes of the inputs before a run."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Mapping
from typing import Annotated, Any

from pydantic import Field

from core.components.base import Component, Gives, Shown
from core.components.field_path import evaluated, find, put, remove
from core.components.transformations.add_fields import AddedFieldDefinition
from core.manifest.problems import Problem
from core.templates import Condition, Template, TemplateMap

Config = dict[str, Any]


class ConfigTransformation(Component, role=True):
    """Changes the inputs in place."""

    @abstractmethod
    def transform(self, config: Config) -> None:
        """Change the inputs. Raises `TemplateError` and `ReadError`."""


class ConfigAddFields(ConfigTransformation):
    """Adds inputs, or sets those that are there."""

    label = "Add inputs"

    fields: list[AddedFieldDefinition] = Field(
        title="Fields", description="The inputs, in order; each sees those that were added before it."
    )
    condition: Annotated[Condition | None, Gives("value", "path"), Shown(advanced=True)] = Field(
        None, title="Condition", description="Inputs are added where it is true; always when not said."
    )

    def transform(self, config: Config) -> None:
        """Add the inputs."""
        for field in self.fields:
            scope = _scope(config)
            value = field.evaluate(scope)
            if _holds(self.condition, {**scope, "value": value, "path": field.path}):
                put(config, field.path, value)


class ConfigRemoveFields(ConfigTransformation):
    """Removes inputs. Those that are not there are no problem."""

    label = "Remove inputs"

    field_pointers: list[Annotated[list[str], Shown(editor="field_path")]] = Field(
        title="Field Paths", description="The keys that lead to each input; `*` stands for one step."
    )
    condition: Annotated[Condition | None, Shown(advanced=True)] = Field(
        None, title="Condition", description="They are removed if it is true; always when not said."
    )

    def transform(self, config: Config) -> None:
        """Remove the inputs."""
        if _holds(self.condition, _scope(config)):
            for path in self.field_pointers:
                remove(config, [location for location, _ in find(config, path)])


class ConfigRemapField(ConfigTransformation):
    """Gives an input another value for certain values of it."""

    label = "Replace values"

    map: TemplateMap = Field(
        title="Value Mapping", description="The new value for each old one; others stay as they are."
    )
    field_path: Annotated[list[Template], Shown(editor="field_path")] = Field(
        title="Field Path", description="The keys that lead to the input."
    )

    def lint(self) -> list[Problem]:
        """There is a path."""
        return [] if self.field_path else [Problem("`field_path` must name an input", ("field_path",))]

    def transform(self, config: Config) -> None:
        """Replace the value."""
        *way, name = evaluated(self.field_path, _scope(config))
        holder: Any = config
        for step in way:
            holder = holder.get(step) if isinstance(holder, dict) else None
        if not isinstance(holder, dict) or name not in holder:
            return
        mapping = self.map.evaluate(_scope(config))
        value = holder[name]
        if isinstance(value, Hashable) and value in mapping:
            holder[name] = mapping[value]


def _scope(config: Mapping[str, Any]) -> dict[str, Any]:
    return {"config": config, "parameters": {}}


def _holds(condition: Condition | None, scope: Mapping[str, Any]) -> bool:
    return condition is None or not condition.source or condition.evaluate(scope)
