"""What is done with the inputs before a run: brought into today's shape, changed, checked."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Annotated, Any

import orjson
from pydantic import Field

from core.components.transformations import AddedFieldDefinition
from core.custom.host import CustomHost
from core.errors import InputError, ReadError
from core.inputs.checking import InputChecker
from core.manifest.problems import Problem
from core.runtime.component import Component, Gives, Shown, Unsupported
from core.runtime.field_path import evaluated, find, put, remove
from core.templates import Condition, Template, TemplateError, TemplateMap

Config = dict[str, Any]


class ConfigTransformation(Component, role=True):
    """Changes the inputs in place."""

    @abstractmethod
    def transform(self, config: Config, host: CustomHost | None = None) -> None:
        """Change the inputs; `host` runs custom components. Raises `TemplateError` and `ReadError`."""


class ConfigAddFields(ConfigTransformation):
    """Adds inputs, or sets those that are there."""

    label = "Add inputs"

    fields: list[AddedFieldDefinition] = Field(
        title="Fields", description="The inputs, in order; each sees those that were added before it."
    )
    condition: Annotated[Condition | None, Gives("value", "path"), Shown(advanced=True)] = Field(
        None, title="Condition", description="Inputs are added only where it is true; always by default."
    )

    def transform(self, config: Config, host: CustomHost | None = None) -> None:
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
        None, title="Condition", description="They are removed only if it is true; always by default."
    )

    def transform(self, config: Config, host: CustomHost | None = None) -> None:
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

    def transform(self, config: Config, host: CustomHost | None = None) -> None:
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


class ValidationStrategy(Component, role=True):
    """Says what is wrong with a value."""

    @abstractmethod
    def problems(
        self, name: str, value: Any, scope: Mapping[str, Any], host: CustomHost | None = None
    ) -> Iterator[str]:
        """A sentence for each thing that is wrong with the value called `name`; the value is not in them."""


class ValidateAdheresToSchema(ValidationStrategy):
    """The value must be as a JSON Schema says. A text is read as JSON first."""

    label = "JSON Schema"

    base_schema: Annotated[dict[str, Any] | TemplateMap, Shown(editor="json")] = Field(
        title="JSON Schema", description="What the value must be like; or a template that gives that."
    )

    def problems(
        self, name: str, value: Any, scope: Mapping[str, Any], host: CustomHost | None = None
    ) -> Iterator[str]:
        if isinstance(value, str):
            try:
                value = orjson.loads(value)
            except orjson.JSONDecodeError:
                yield f"{name} is not JSON."
                return
        schema = self.base_schema.evaluate(scope) if isinstance(self.base_schema, TemplateMap) else self.base_schema
        yield from InputChecker(schema, name).problems(value)


class ConfigValidator(Component, role=True):
    """Checks the inputs."""

    @abstractmethod
    def problems(self, config: Mapping[str, Any], host: CustomHost | None = None) -> Iterator[str]:
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

    def problems(self, config: Mapping[str, Any], host: CustomHost | None = None) -> Iterator[str]:
        scope = {"config": config, "parameters": self.parameters}
        for location, value in find(config, evaluated(self.field_path, scope)):
            name = f"The input `{'.'.join(map(str, location))}`"
            yield from self.validation_strategy.problems(name, value, scope, host)


class PredicateValidator(ConfigValidator):
    """Checks a value that is made of the inputs. (Airbyte fails on every one of these.)"""

    label = "Value of a template"

    value: Template | float | bool | list[Any] | dict[str, Any] | None = Field(
        title="Value", description="The value, such as {{ config['tenant_id'] }}."
    )
    validation_strategy: ValidationStrategy = Field(title="Validation Strategy", description="What it must be like.")

    def problems(self, config: Mapping[str, Any], host: CustomHost | None = None) -> Iterator[str]:
        scope = {"config": config, "parameters": self.parameters}
        value = self.value.evaluate(scope) if isinstance(self.value, Template) else self.value
        name = f"The value of `{self.value}`" if isinstance(self.value, Template) else "A value that is checked"
        yield from self.validation_strategy.problems(name, value, scope, host)


class ConfigMigration(Component):
    """Brings inputs that were given for an earlier version of the connector into today's shape."""

    label = "Migration"

    description: str | None = Field(None, title="Description", description="What it is for.")
    transformations: list[ConfigTransformation] = Field(
        default_factory=list, title="Transformations", description="The changes, in order."
    )


class ConfigNormalizationRules(Component):
    """What is done with the inputs before every run. The file that they are from stays as it is."""

    label = "Rules"

    config_migrations: list[ConfigMigration] = Field(
        default_factory=list, title="Migrations", description="For inputs of earlier versions, in order."
    )
    transformations: list[ConfigTransformation] = Field(
        default_factory=list, title="Transformations", description="Changes after the migrations, in order."
    )
    validations: list[ConfigValidator] = Field(
        default_factory=list, title="Validations", description="What the inputs must be like after that."
    )

    def normalize(self, config: dict[str, Any], host: CustomHost | None = None) -> None:
        """Migrate and change the inputs in place; where there are none, nothing is done (Airbyte: the same).
        `host` runs custom components; without it, none may run.

        Raises `InputError`.
        """
        if not config:
            return
        self.migrate(config, host)
        self._change(config, self.transformations, host)

    def migrate(self, config: dict[str, Any], host: CustomHost | None = None) -> None:
        """Bring the inputs into today's shape, in place. Raises `InputError`."""
        changes = [one for migration in self.config_migrations for one in migration.transformations]
        self._change(config, changes, host)

    def _change(
        self, config: dict[str, Any], transformations: Iterable[ConfigTransformation], host: CustomHost | None
    ) -> None:
        for transformation in transformations:
            _refuse_unsupported(transformation, host)
            try:
                transformation.transform(config, host)
            except (TemplateError, ReadError) as error:
                raise InputError(f"The inputs can't be changed as `config_normalization_rules` says. {error}") from None

    def problems(self, config: Mapping[str, Any], host: CustomHost | None = None) -> list[str]:
        """A sentence for everything that the validations find. Raises `InputError` when they can't be done."""
        found: list[str] = []
        for validator in self.validations:
            _refuse_unsupported(validator, host)
            try:
                found.extend(validator.problems(config, host))
            except (TemplateError, ReadError) as error:
                raise InputError(f"The inputs can't be checked as `config_normalization_rules` says. {error}") from None
        return found


def _refuse_unsupported(component: Component, host: CustomHost | None) -> None:
    for one in component.tree():
        if isinstance(one, Unsupported) and not (host is not None and one.blocking):
            raise InputError(
                f"`config_normalization_rules` uses the component type {one.written_type}, which Longhaul doesn't run"
                f"{' unless you allow it with --custom-code components.py' if one.blocking else ''}."
            )
