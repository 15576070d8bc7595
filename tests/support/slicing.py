"""What the tests of cursors, routers and paginators share: a context without a network, and shorthands."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from core.connector.registry import component_types
from core.events import Event, Log
from core.runtime.context import Context, Run
from core.runtime.cursor import Cursor
from core.runtime.slices import StreamSlice

NOW = datetime(2024, 1, 10, 12, tzinfo=UTC)


@dataclass
class World:
    """A context, and the events that came out of it."""

    context: Context
    events: list[Event] = field(default_factory=list)

    @property
    def messages(self) -> list[str]:
        return [event.message for event in self.events if isinstance(event, Log)]


def no_parents(_stream: Any, _context: Context) -> AsyncIterator[tuple[StreamSlice, Mapping[str, Any]]]:
    raise AssertionError("this stream has no parent")


async def no_schema(_retriever: Any, _context: Context) -> None:
    raise AssertionError("this stream has no schema to be read")


def world(config: Mapping[str, Any] | None = None, now: datetime = NOW, read_parent: Any = no_parents) -> World:
    events: list[Event] = []
    run = Run(
        config=config or {},
        session=cast("Any", None),
        executor=ThreadPoolExecutor(1),
        asking=ThreadPoolExecutor(1),
        read_parent=read_parent,
        first_record=no_schema,
        now=lambda: now,
    )
    return World(Context(run, "s", events.append), events)


def build(written: Any) -> Any:
    """The component of a definition, with the components inside."""
    if isinstance(written, list):
        return [build(item) for item in written]
    if not isinstance(written, Mapping):
        return written
    inner = {key: build(value) for key, value in written.items()}
    cls = component_types().get(str(inner.get("type")))
    return cls.model_validate(inner) if cls else inner


async def all_slices(cursor: Cursor) -> list[StreamSlice]:
    return [slice_ async for slice_ in cursor.slices()]


def read(cursor: Cursor, slice_: StreamSlice, *records: Mapping[str, Any]) -> None:
    """Read a slice completely: these are its records."""
    observer = cursor.observer(slice_)
    for record in records:
        assert observer is not None
        observer(record)
    cursor.close(slice_, observer)
