"""State migrations: the state that an earlier version of a stream saved, in today's shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.components.cursors import DatetimeBasedCursor
from core.components.custom.reading import CustomPartitionRouter
from core.components.partition_routers import SubstreamPartitionRouter, UnionPartitionRouter
from core.components.partition_routers.values import ValueRouter
from core.components.stream import DeclarativeStream, StateMigration
from core.manifest.problems import Problem
from core.runtime.context import Context, text_of


class LegacyToPerPartitionStateMigration(StateMigration):
    """Turns a state that holds a cursor value by the id of each parent into a state with partitions.

    `{"7": {"day": "2024-01-05"}}` becomes `{"states": [{"partition": {"id": "7"}, "cursor": {"day": "2024-01-05"}}]}`.
    Every other state stays as it is. Names come from the stream's partition router and cursor.
    """

    label = "Values by parent id"

    def lint_in(self, stream: DeclarativeStream) -> list[Problem]:
        """The stream has parents, or a union, and a cursor over time (Airbyte refuses everything else)."""
        problems = []
        router = stream.retriever.router
        if not isinstance(router, SubstreamPartitionRouter | UnionPartitionRouter | CustomPartitionRouter):
            problems.append(_refusal("a parent stream or a union as its partition router"))
        if not isinstance(stream.incremental_sync, DatetimeBasedCursor):
            problems.append(_refusal("a DatetimeBasedCursor as its `incremental_sync`"))
        return problems

    def migrate(self, state: Mapping[str, Any], stream: DeclarativeStream, context: Context) -> Mapping[str, Any]:
        field, router = stream.cursor_field(context), stream.retriever.router
        sources = router.sources if isinstance(router, ValueRouter) else []
        legacy = "states" not in state and all(_holds_only(field, value) for value in state.values())
        if not state or not legacy or len(sources) != 1:
            return state
        [source] = sources
        name = text_of(source.name, context.scope(source.owner))
        return {"states": [{"partition": {name: key}, "cursor": value} for key, value in state.items()]}


def _holds_only(field: str | None, value: Any) -> bool:
    return isinstance(value, Mapping) and list(value) == [field]


def _refusal(needed: str) -> Problem:
    return Problem(f"this migration can only be used in a stream that has {needed}", fields=("incremental_sync",))
