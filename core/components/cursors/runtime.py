"""Chooses the cursor for a stream."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.components.base import Unsupported
from core.components.context import Context
from core.components.cursors.counting import CountCursor, IncrementingCountCursor
from core.components.cursors.cursor import Cursor, NoCursor
from core.components.cursors.datetime_based import DatetimeBasedCursor
from core.components.cursors.over_time import SingleTimeCursor
from core.components.cursors.per_partition import PartitionedTimeCursor
from core.components.partition_routers import Partitions
from core.components.roles import IncrementalSync, PartitionRouter
from core.errors import ReadError


def make_cursor(
    incremental_sync: IncrementalSync | None,
    partition_router: PartitionRouter | Sequence[PartitionRouter] | None,
    context: Context,
    state: Mapping[str, Any] | None = None,
) -> Cursor:
    """The cursor for one read of a stream, which goes on where `state` says.

    Raises `ReadError` when the components or the state don't allow it.
    """
    partitions = Partitions(partition_router, context)
    match incremental_sync:
        case None:
            return NoCursor(partitions, context)
        case DatetimeBasedCursor() if partitions.routers:
            return PartitionedTimeCursor(incremental_sync, partitions, context, state or {})
        case DatetimeBasedCursor():
            return SingleTimeCursor(incremental_sync, partitions, context, state or {})
        case IncrementingCountCursor() if not partitions.routers:
            return CountCursor(incremental_sync, partitions, context, state or {})
        case IncrementingCountCursor():
            raise ReadError(
                "An IncrementingCountCursor can't be combined with a partition router. Remove one of the "
                "two, or use a DatetimeBasedCursor."
            )
    name = incremental_sync.written_type if isinstance(incremental_sync, Unsupported) else "this"
    raise ReadError(f"Longhaul can't run incremental sync of type {name}.")
