"""Custom components around the reading of records: schemas, states and inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from core.components.config_normalization import ConfigTransformation, ValidationStrategy
from core.components.custom.base import CustomComponent, not_here
from core.components.stream import DeclarativeStream, StateMigration
from core.custom.host import CustomError, CustomHost
from core.runtime.context import Context
from core.runtime.roles import SchemaLoader


class CustomSchemaLoader(CustomComponent, SchemaLoader, role=True):
    """Says with Python code for Airbyte what the schema of the records is."""

    async def load(self, context: Context) -> Mapping[str, Any]:
        remote = self.remote(context)
        schema = (await context.apart(lambda: remote.ask("schema"))).value
        if not isinstance(schema, dict):
            raise CustomError(f"The custom code {self.class_name} gives no JSON Schema: expected an object.")
        return schema


class CustomStateMigration(CustomComponent, StateMigration, role=True):
    """Brings states into today's shape with Python code for Airbyte."""

    def migrate(self, state: Mapping[str, Any], stream: DeclarativeStream, context: Context) -> Mapping[str, Any]:
        migrated = self.remote(context).ask("migrate", state=state).value
        if not isinstance(migrated, dict):
            raise CustomError(f"The custom code {self.class_name} makes no state of the state: expected an object.")
        return migrated


class CustomConfigTransformation(CustomComponent, ConfigTransformation, role=True):
    """Changes the inputs with Python code for Airbyte."""

    def transform(self, config: dict[str, Any], host: CustomHost | None = None) -> None:
        if host is None:
            raise CustomError(not_here(self))
        changed = self.remote_in(host).ask("change_config", config=config).value
        config.clear()
        config.update(changed)


class CustomValidationStrategy(CustomComponent, ValidationStrategy, role=True):
    """Says with Python code for Airbyte what is wrong with a value."""

    def problems(
        self, name: str, value: Any, scope: Mapping[str, Any], host: CustomHost | None = None
    ) -> Iterator[str]:
        if host is None:
            raise CustomError(not_here(self))
        wrong = self.remote_in(host).ask("validate", value=value).value
        if wrong is not None:
            yield f"{name} is not as {self.class_name} wants it: {wrong}"
