"""Parent streams: read like any stream, for the records that divide a child stream into partitions."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from core.components.context import Context
from core.components.partition_routers import ParentRecord
from core.components.slices import StreamSlice
from core.errors import ReadError
from core.events import BudgetWait, Event, ExchangeFinished, Log, Records, StateAdvanced, StreamFinished
from core.reading.stream_read import StreamRead


class ParentProgress:
    """The records of a parent stream for the child that `context` belongs to, and how far they were taken."""

    def __init__(self, name: str, read: StreamRead, context: Context, state: Mapping[str, Any] | None) -> None:
        self._name = name
        self._read = read
        self._context = context
        self._state = dict(state or {})

    def state(self) -> dict[str, Any]:
        """The state that covers the slices whose records were all taken."""
        return self._state

    async def records(self) -> AsyncGenerator[ParentRecord, None]:
        """Each record with its slice. Raises `ReadError` when the parent can't be read."""
        async with aclosing(self._read.events()) as events:
            async for event in events:
                self._tell(event)
                if isinstance(event, Records):
                    assert isinstance(event.slice, StreamSlice)
                    for record in event.records:
                        yield event.slice, record
                elif isinstance(event, StateAdvanced):
                    self._state = dict(event.state)
                elif isinstance(event, StreamFinished) and event.errors:
                    reasons = " ".join(event.errors)
                    raise ReadError(f"The parent stream `{self._name}` couldn't be read. {reasons}")

    def _tell(self, event: Event) -> None:
        """Requests, waits and log lines of the parent are told under the child's name."""
        child = self._context.stream
        if isinstance(event, Log | BudgetWait):
            self._context.emit(replace(event, stream=child, slice=None))
        elif isinstance(event, ExchangeFinished):
            self._context.emit(
                replace(event, stream=child, slice=None, page=None, portion=None, parent=event.parent or self._name)
            )
