"""Reads what describes the schema of a stream: the first record that a retriever gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from core.components.async_retriever import AsyncRetriever
from core.components.context import Context
from core.components.pages import PageResult
from core.components.roles import Record, Retriever
from core.components.simple_retriever import SimpleRetriever
from core.events import Event, ExchangeFinished, Log
from core.http.exchange import Role
from core.http.request import Draft
from core.jobs.meanings import StatusMeanings
from core.levels import Level
from core.reading.job_slice import JobLanes, JobSlice


class FirstRecord:
    """Takes one record, and no more."""

    page = 1

    def __init__(self, retriever: SimpleRetriever | AsyncRetriever, context: Context) -> None:
        self.record: Record | None = None
        self._pipeline = retriever.record_selector.pipeline(
            {**context.variables, "config": context.config},
            extractor=retriever.download_extractor if isinstance(retriever, AsyncRetriever) else None,
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
    assert isinstance(retriever, (SimpleRetriever, AsyncRetriever))
    context = replace(context, emit=_of_schema(context.emit))
    sinks: list[FirstRecord] = []

    def make_sink(_numbers: object = None) -> FirstRecord:
        sinks.append(FirstRecord(retriever, context))
        return sinks[-1]

    if isinstance(retriever, AsyncRetriever):
        await JobSlice(retriever, context, _add_nothing, make_sink, lanes, StatusMeanings(), set()).read()
    else:
        await retriever.read(context, make_sink(), _add_nothing, Role.SCHEMA)
    return next((sink.record for sink in sinks if sink.record is not None), None)


def _add_nothing(_draft: Draft, _context: Context | None = None) -> None:
    """Add nothing to a request."""


def _of_schema(emit: Callable[[Event], None]) -> Callable[[Event], None]:
    """Tells of requests and in words only, and of nothing as if it were part of a slice."""

    def tell(event: Event) -> None:
        if isinstance(event, Log):
            emit(replace(event, slice=None))
        elif isinstance(event, ExchangeFinished):
            role = event.exchange.role if event.exchange.role is Role.AUTH else Role.SCHEMA
            emit(replace(event, slice=None, page=None, exchange=replace(event.exchange, role=role)))

    return tell
