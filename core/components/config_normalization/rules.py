"""The rules for the inputs, in the order in which they are applied."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import Field

from core.components.base import Component, Unsupported
from core.components.config_normalization.transformations import ConfigTransformation
from core.components.config_normalization.validators import ConfigValidator, DpathValidator, PredicateValidator
from core.errors import InputError, ReadError
from core.templates import TemplateError


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

    def normalize(self, config: dict[str, Any]) -> None:
        """Migrate and change the inputs in place; where there are none, nothing is done (Airbyte: the same).

        Raises `InputError`.
        """
        if not config:
            return
        migrations = [one for migration in self.config_migrations for one in migration.transformations]
        for transformation in (*migrations, *self.transformations):
            _refuse_unsupported([transformation])
            try:
                transformation.transform(config)
            except (TemplateError, ReadError) as error:
                raise InputError(f"The inputs can't be changed as `config_normalization_rules` says. {error}") from None

    def problems(self, config: Mapping[str, Any]) -> list[str]:
        """A sentence for everything that the validations find. Raises `InputError` when they can't be done."""
        found: list[str] = []
        for validator in self.validations:
            strategies = [validator.validation_strategy] if isinstance(validator, _CHECKS) else []
            _refuse_unsupported([validator, *strategies])
            try:
                found.extend(validator.problems(config))
            except (TemplateError, ReadError) as error:
                raise InputError(f"The inputs can't be checked as `config_normalization_rules` says. {error}") from None
        return found


_CHECKS = (DpathValidator, PredicateValidator)


def _refuse_unsupported(components: Iterable[Component]) -> None:
    for one in components:
        if isinstance(one, Unsupported):
            raise InputError(
                f"`config_normalization_rules` uses the component type {one.written_type}, which Longhaul doesn't run."
            )
