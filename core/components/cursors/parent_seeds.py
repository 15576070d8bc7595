"""Where parent streams with `incremental_dependency` go on, according to the state of their child."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.components.context import Context
from core.components.cursors.counting import IncrementingCountCursor
from core.components.cursors.datetime_based import DatetimeBasedCursor
from core.components.partition_routers import ParentStreamConfig, Partitions, Seeds
from core.components.partition_routers.evaluation import text_of


def parent_seeds(partitions: Partitions, context: Context, state: Mapping[str, Any]) -> Seeds:
    """The states of the parents, by name. Raises `ReadError`."""
    tracked = [config for config in partitions.parents if config.incremental_dependency]
    return {config.stream_name: _seed(config, context, state) for config in tracked}


def _seed(config: ParentStreamConfig, context: Context, state: Mapping[str, Any]) -> Mapping[str, Any]:
    """Airbyte: the parent's own state; without one the child's global value; or the one value of an old
    state.
    """
    parents, shared = state.get("parent_state"), state.get("state")
    if isinstance(parents, Mapping) and isinstance(parents.get(config.stream_name), Mapping):
        seed: Mapping[str, Any] = parents[config.stream_name]
        return seed
    if isinstance(shared, Mapping):
        return shared
    sync = getattr(config.stream, "incremental_sync", None)
    values = list(state.values())
    if (
        len(values) == 1
        and isinstance(values[0], (str, int, float))
        and not isinstance(values[0], bool)
        and isinstance(sync, (DatetimeBasedCursor, IncrementingCountCursor))
    ):
        return {text_of(sync.cursor_field, context.scope(sync)): values[0]}
    return {}
