"""Reads on behalf of a stream: its parents, and what describes its schema."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from core.components.retriever import Retriever, SliceRead
from core.errors import ReadError
from core.events import BudgetWait, Event, ExchangeFinished, Log, Records, StateAdvanced, StreamFinished
from core.http.exchange import Role
from core.jobs.job_slice import JobLanes, JobSettings
from core.levels import Level
from core.reading.stream_read import StreamRead
from core.runtime.context import Context, ParentRecord
from core.runtime.page_reader import PageResult
from core.runtime.slices import Record, StreamSlice


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


class FirstRecord:
    """Takes one record, and no more."""

    page = 1

    observer = None

    def __init__(self, retriever: Retriever, context: Context) -> None:
        self.record: Record | None = None
        self._pipeline = retriever.pipeline(
            {**context.variables, "config": context.config},
            warn=lambda message: context.log(Level.WARNING, message),
        )

    @property
    def emitted(self) -> int:
        """How many records were taken."""
        return int(self.record is not None)

    @property
    def full(self) -> bool:
        """Whether there is the record."""
        return self.record is not None

    def consume(self, elements: Iterable[Any]) -> PageResult:
        """Take the first record of a page. Raises `ReadError`."""
        before = self._pipeline.found
        if self.record is None:
            self.record = next(self._pipeline(elements), None)
        return PageResult(self._pipeline.found - before, self.emitted, self.record)

    def received(self, size: int, ended: bool = False) -> None:
        """Nobody waits for numbers."""

    def next_page(self) -> bool:
        """Records may come on a later page."""
        return True


async def first_record(retriever: Retriever, context: Context, lanes: JobLanes) -> Record | None:
    """The first record, or None when there is none. Its requests are told as those of a schema. Raises `ReadError`."""
    context = replace(context, emit=_of_schema(context.emit))
    sinks: list[FirstRecord] = []

    def make_sink(_numbers: object = None) -> FirstRecord:
        sinks.append(FirstRecord(retriever, context))
        return sinks[-1]

    await retriever.read(SliceRead(context, make_sink, lambda draft, context: None, JobSettings(lanes), Role.SCHEMA))
    return next((sink.record for sink in sinks if sink.record is not None), None)


def _of_schema(emit: Callable[[Event], None]) -> Callable[[Event], None]:
    """Tells of requests and in words only, and of nothing as if it were part of a slice."""

    def tell(event: Event) -> None:
        if isinstance(event, Log):
            emit(replace(event, slice=None))
        elif isinstance(event, ExchangeFinished):
            role = event.exchange.role if event.exchange.role is Role.AUTH else Role.SCHEMA
            emit(replace(event, slice=None, page=None, exchange=replace(event.exchange, role=role)))

    return tell
