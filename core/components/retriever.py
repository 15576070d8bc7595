"""The role of retrievers, and the read of one slice that they are asked for."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from typing import Any

from core.events import Event, ExchangeFinished, Outcome
from core.http.exchange import Role
from core.http.request import RequestDraft
from core.jobs.download_turns import DownloadTurn
from core.jobs.settings import JobConcurrency, JobSettings
from core.jobs.steps import JobSteps
from core.runtime.component import SLICE_VARIABLES, Component
from core.runtime.context import Context
from core.runtime.cursor import Cursor
from core.runtime.page_reader import MakeSink, RecordCollector, SliceSink
from core.runtime.partitions import PartitionRouter
from core.runtime.record_pipeline import RecordPipeline, Warn, ignore
from core.runtime.roles import Transformation
from core.runtime.slices import Record, RecordPredicate, SliceMemory, StreamSlice

Fill = Callable[[RequestDraft, Context], None]
"""Adds what the slice of the context adds to a request."""


@dataclass(frozen=True)
class SliceRead:
    """The read of the slice of `context`. `make_sink` makes what takes the elements, `fill` adds to requests.

    `role` is that of page requests, `cursor` the one of the stream where there is one, `jobs` says how jobs are run.
    `after` takes what is to be done when the slice is over, and its records are safe where it was read. `turn` is
    given where the results of jobs are downloaded in the order of slices.
    """

    context: Context
    make_sink: MakeSink
    fill: Fill
    jobs: JobSettings
    after: AsyncExitStack
    role: Role = Role.PAGE
    cursor: Cursor | None = None
    turn: DownloadTurn | None = None


class Retriever(Component, role=True):
    """Knows how the records of a stream are fetched."""

    @property
    def router(self) -> PartitionRouter | Sequence[PartitionRouter] | None:
        """What divides the stream into partitions."""
        return None

    @property
    def job_steps(self) -> JobSteps | None:
        """The steps of the job that each slice is read through; None where the API answers at once."""
        return None

    @abstractmethod
    async def read(self, read: SliceRead) -> Outcome:
        """Fetch the elements of one slice. Raises `ReadError`."""

    @abstractmethod
    def pipeline(
        self,
        variables: Mapping[str, Any],
        transformations: Sequence[Transformation] = (),
        schema: Mapping[str, Any] | None = None,
        *,
        cursor_filter: RecordPredicate | None = None,
        transforms_first: bool = False,
        warn: Warn = ignore,
        memory: SliceMemory | None = None,
        context: Context | None = None,
    ) -> RecordPipeline:
        """The way from fetched elements to finished records; `memory` is that of the slice."""

    def max_slices(self, concurrency: int, jobs: JobConcurrency) -> int:
        """How many slices are read side by side; `concurrency` is the number for ordinary requests."""
        return concurrency


class SynchronousRetriever(Retriever, role=True):
    """Fetches records with requests that the API answers at once."""

    @abstractmethod
    async def fetch(self, context: Context, sink: SliceSink, role: Role) -> None:
        """Fetch the elements of all pages into `sink`, for what `role` says. Raises `ReadError`."""

    async def records(self, context: Context, role: Role) -> list[Record]:
        """All records, read beside those of the stream and its slice in `context`, without partitions.

        Raises `ReadError`.
        """
        beside = beside_slice(replace(context, slice=None), StreamSlice())
        collector = RecordCollector(self.pipeline(beside.scope(self), memory=beside.memory, context=beside))
        await self.fetch(beside, collector, role)
        return collector.records


def beside_slice(context: Context, slice_: StreamSlice) -> Context:
    """The context for what is read beside the slice of `context`: templates see `slice_` instead, events don't."""

    def emit(event: Event) -> None:
        if isinstance(event, ExchangeFinished):
            event = replace(event, page=None, portion=None)
        context.emit(replace(event, slice=context.slice))

    return Context(
        context.run,
        context.stream,
        emit,
        slice=slice_ or None,
        variables=dict.fromkeys(SLICE_VARIABLES, slice_),
        memory=SliceMemory(warn=context.memory.warn),
        errands=context.errands,
    )
