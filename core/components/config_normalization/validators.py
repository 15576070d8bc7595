"""Checks of the inputs before a run."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import orjson
from pydantic import Field

from core.components.base import Component, Shown
from core.components.field_path import evaluated, find
from core.inputs.checking import Checker
from core.manifest.problems import Problem
from core.templates import Template, TemplateMap


class ValidationStrategy(Component, role=True):
    """Says what is wrong with a value."""

    @abstractmethod
    def problems(self, name: str, value: Any, scope: Mapping[str, Any]) -> Iterator[str]:
        """A sentence for each thing that is wrong with the value called `name`; the value is not in them."""


class ValidateAdheresToSchema(ValidationStrategy):
    """The value must be as a JSON Schema says. A text is read as JSON first."""

    label = "JSON Schema"

    base_schema: Annotated[dict[str, Any] | TemplateMap, Shown(editor="json")] = Field(
        title="JSON Schema", description="What the value must be like; or a template that gives that."
    )

    def problems(self, name: str, value: Any, scope: Mapping[str, Any]) -> Iterator[str]:
        """What does not fit the schema. Raises `TemplateError`."""
        if isinstance(value, str):
            try:
                value = orjson.loads(value)
            except orjson.JSONDecodeError:
                yield f"{name} is not JSON."
                return
        schema = self.base_schema.evaluate(scope) if isinstance(self.base_schema, TemplateMap) else self.base_schema
        yield from Checker(schema, name).problems(value)


class ConfigValidator(Component, role=True):
    """Checks the inputs."""

    @abstractmethod
    def problems(self, config: Mapping[str, Any]) -> Iterator[str]:
        """A sentence for each thing that is wrong. Raises `TemplateError` and `ReadError`."""


class DpathValidator(ConfigValidator):
    """Checks what is at a field path of the inputs. Where nothing is, nothing is wrong."""

    label = "Value of an input"

    field_path: Annotated[list[Template], Shown(editor="field_path")] = Field(
        title="Field Path", description="The keys that lead to the value; `*` stands for all of a level."
    )
    validation_strategy: ValidationStrategy = Field(title="Validation Strategy", description="What it must be like.")

    def lint(self) -> list[Problem]:
        """There is a path."""
        return [] if self.field_path else [Problem("`field_path` must name an input", ("field_path",))]

    def problems(self, config: Mapping[str, Any]) -> Iterator[str]:
        """What is wrong with each value that is found."""
        scope = {"config": config, "parameters": self.parameters}
        for location, value in find(config, evaluated(self.field_path, scope)):
            name = f"The input `{'.'.join(map(str, location))}`"
            yield from self.validation_strategy.problems(name, value, scope)


class PredicateValidator(ConfigValidator):
    """Checks a value that is made of the inputs. (Airbyte fails on every one of these.)"""

    label = "Value of a template"

    value: Template | float | bool | list[Any] | dict[str, Any] | None = Field(
        title="Value", description="The value, such as {{ config['tenant_id'] }}."
    )
    validation_strategy: ValidationStrategy = Field(title="Validation Strategy", description="What it must be like.")

    def problems(self, config: Mapping[str, Any]) -> Iterator[str]:
        """What is wrong with the value."""
        scope = {"config": config, "parameters": self.parameters}
        value = self.value.evaluate(scope) if isinstance(self.value, Template) else self.value
        name = f"The value of `{self.value}`" if isinstance(self.value, Template) else "A value that is checked"
        yield from self.validation_strategy.problems(name, value, scope)
