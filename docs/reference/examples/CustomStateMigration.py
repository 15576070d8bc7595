from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airbyte_cdk.sources.declarative.migrations.state_migration import StateMigration


@dataclass
class Renamed(StateMigration):
    declarative_stream: Any
    config: Mapping[str, Any]

    def should_migrate(self, stream_state):
        return "changed" in stream_state

    def migrate(self, stream_state):
        return {"updated_at": stream_state["changed"]}
