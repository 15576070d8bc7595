"""Reads on behalf of a stream: its parents, and what describes its schema."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from typing import Any

from core.components.retriever import Retriever, SliceRead
from core.errors import ReadError
from core.events import (
    BudgetWait,
    DownloadProgress,
    Event,
    ExchangeFinished,
    JobChanged,
    Log,
    Outcome,
    PollScheduled,
    Records,
    SliceFinished,
    SliceStarted,
    StateAdvanced,
    StreamFinished,
    StreamStarted,
)
from core.http.exchange import Role
from core.jobs.settings import JobConcurrency, JobSettings
from core.levels import Level
from core.reading.stream_read import StreamRead
from core.runtime.context import Context, ParentRecord
from core.runtime.page_reader import RecordCollector
from core.runtime.slices import Record, StreamSlice


class ParentProgress:
    """The records of a parent stream for the child that `context` belongs to, and how far they were taken.

    `what` it is for the child is said where it can't be read; `shown`: how the read goes on is reported as the child's.
    """

    def __init__(
        self,
        name: str,
        read: StreamRead,
        context: Context,
        state: Mapping[str, Any] | None,
        what: str,
        *,
        shown: bool = False,
    ) -> None:
        self._name = name
        self._what = what
        self._shown = shown
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
                self._report(event)
                if isinstance(event, Records):
                    assert isinstance(event.slice, StreamSlice)
                    for record in event.records:
                        yield event.slice, record
                elif isinstance(event, StateAdvanced):
                    self._state = dict(event.state)
                elif isinstance(event, StreamFinished) and event.errors:
                    reasons = " ".join(event.errors)
                    raise ReadError(f"The {self._what} `{self._name}` couldn't be read. {reasons}")
                elif isinstance(event, StreamFinished) and event.outcome is Outcome.CANCELLED:
                    raise ReadError("It was cancelled.")

    def _report(self, event: Event) -> None:
        """Requests, waits and log lines of the parent are reported under the child's name."""
        child = self._context.stream
        if self._shown and (isinstance(event, _PROGRESS) or _went_well(event)):
            self._context.emit(replace(event, stream=child))
        elif isinstance(event, Log | BudgetWait):
            self._context.emit(replace(event, stream=child, slice=None))
        elif isinstance(event, ExchangeFinished):
            self._context.emit(
                replace(event, stream=child, slice=None, page=None, portion=None, parent=event.parent or self._name)
            )


_PROGRESS = (StreamStarted, SliceStarted, JobChanged, PollScheduled, DownloadProgress, StreamFinished)


def _went_well(event: Event) -> bool:
    """Whether a slice is over that did not fail; of one that did, the error tells that comes of it."""
    return isinstance(event, SliceFinished) and event.outcome is not Outcome.FAILED


async def first_record(retriever: Retriever, context: Context, jobs: JobConcurrency) -> Record | None:
    """The first record; None when there is none. Its requests are reported as those of a schema. Raises `ReadError`."""
    context = replace(context, emit=_of_schema(context.emit))
    sinks: list[RecordCollector] = []

    def make_sink(_numbers: object) -> RecordCollector:
        pipeline = retriever.pipeline(
            {**context.variables, "config": context.config},
            warn=lambda message: context.log(Level.WARNING, message),
            memory=context.memory,
            context=context,
        )
        sinks.append(RecordCollector(pipeline, limit=1))
        return sinks[-1]

    async with AsyncExitStack() as after:
        read = SliceRead(context, make_sink, lambda draft, context: None, JobSettings(jobs), after, Role.SCHEMA)
        await retriever.read(read)
    return next((record for sink in sinks for record in sink.records), None)


def _of_schema(emit: Callable[[Event], None]) -> Callable[[Event], None]:
    """Passes on requests and log messages only, and none of them as part of a slice."""

    def report(event: Event) -> None:
        if isinstance(event, Log):
            emit(replace(event, slice=None))
        elif isinstance(event, ExchangeFinished):
            role = event.exchange.role if event.exchange.role is Role.AUTH else Role.SCHEMA
            emit(replace(event, slice=None, page=None, exchange=replace(event.exchange, role=role)))

    return report
