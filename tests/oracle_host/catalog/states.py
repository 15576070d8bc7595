"""A state of an older version, by partitions, brought into today's shape."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airbyte_cdk.sources.declarative.migrations.state_migration import StateMigration
from airbyte_cdk.sources.declarative.types import Config


@dataclass
class ByAccount(StateMigration):
    config: Config

    def should_migrate(self, stream_state: Mapping[str, Any]) -> bool:
        return bool(stream_state) and "states" not in stream_state

    def migrate(self, stream_state: Mapping[str, Any]) -> Mapping[str, Any]:
        states = [{"partition": {"p": key}, "cursor": {"day": value["since"]}} for key, value in stream_state.items()]
        return {"states": states}
