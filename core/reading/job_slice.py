"""The read of one slice through an asynchronous job: the job's life, the downloads, and clearing away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, field
from itertools import chain, count
from typing import Protocol

from core.components.async_retriever import AsyncRetriever
from core.components.context import Context
from core.components.pages import Sink
from core.errors import ReadError
from core.events import JobPhase, Outcome
from core.http.policy import EXPIRED, RequestFailed
from core.http.request import Draft
from core.jobs.job import JobFailed
from core.jobs.known import KnownJobs
from core.jobs.life import ATTEMPTS, JobLife
from core.jobs.meanings import StatusMeanings
from core.jobs.places import JobPlace, JobPlaces
from core.levels import Level
from core.reading.targets import Link, Targets
from core.templates import TemplateError


class JobSink(Sink, Protocol):
    """Where the elements of a download go; `emitted` counts the records that have left already."""

    @property
    def emitted(self) -> int:
        """Records that have left."""


MakeSink = Callable[[Iterator[int]], JobSink]
"""Makes a sink whose pages are numbered so."""

DOWNLOADS = 8
"""Targets that are downloaded side by side, over all streams of a run."""


class JobLanes:
    """How many jobs and downloads run side by side, over all streams of a run."""

    def __init__(self, jobs: int) -> None:
        self.places = JobPlaces(jobs)
        self.downloads = asyncio.Semaphore(DOWNLOADS)
        self.in_flight = jobs + DOWNLOADS
        """Slices of one stream that may be begun: jobs never run far ahead of the downloads."""

    def for_parent(self) -> JobLanes:
        """The same places, and downloads of its own: what they give waits for a child that downloads as well."""
        lanes = copy(self)
        lanes.downloads = asyncio.Semaphore(DOWNLOADS)
        return lanes


@dataclass
class JobSlice:
    """One slice of an asynchronous stream. Its job is created `attempts` times at most, and not at first if it is one
    of the `known`.
    """

    retriever: AsyncRetriever
    context: Context
    fill: Callable[[Draft], None]
    make_sink: MakeSink
    lanes: JobLanes
    mapped: StatusMeanings
    warned: set[str]
    attempts: int = ATTEMPTS
    known: KnownJobs = field(default_factory=KnownJobs)

    async def read(self) -> Outcome:
        """Create, poll, download. Raises `JobFailed` when the slice can't be read."""
        with self.lanes.places.of_slice(self.context.stream) as place:
            life = JobLife(
                self.retriever,
                self.context,
                self.fill,
                self.mapped,
                self.warned,
                self.attempts,
                self.known,
                place=place,
            )
            try:
                return await self._read(life, place)
            except asyncio.CancelledError:
                life.leave()
                raise
            except JobFailed:
                raise
            except (ReadError, TemplateError) as error:
                raise life.failed(str(error)) from None
            finally:
                await life.clear_away()

    async def _read(self, life: JobLife, place: JobPlace) -> Outcome:
        while True:
            life.wait_for_place()
            async with place.taken():
                job = await life.complete()
            if job.skipped:
                return Outcome.SKIPPED
            if await self._downloaded(life):
                life.show(JobPhase.DONE)
                return Outcome.COMPLETE

    async def _downloaded(self, life: JobLife) -> bool:
        """Download all targets; False when a new job has to be created for that."""
        sinks: list[JobSink] = []
        try:
            await self._download_all(life, sinks)
        except ReadError as error:
            if not _may_pass(error) or any(sink.emitted for sink in sinks) or life.is_last_attempt:
                raise
            reason = error.what if isinstance(error, RequestFailed) else str(error)
            self.context.log(Level.WARNING, f"The result can't be downloaded, so the job is created again. {reason}")
            await life.clear_away()
            return False
        return True

    async def _download_all(self, life: JobLife, sinks: list[JobSink]) -> None:
        targets = await Targets.of(self.retriever, life)
        if not targets:
            return
        life.show(JobPhase.DOWNLOADING)
        numbers = count(1)
        try:
            async with asyncio.TaskGroup() as tasks:
                for index in range(len(targets)):
                    tasks.create_task(self._download(targets, index, sinks, numbers))
        except BaseExceptionGroup as group:
            failure: BaseException = group
            while isinstance(failure, BaseExceptionGroup):
                failure = failure.exceptions[0]
            raise failure from None

    async def _download(self, targets: Targets, index: int, sinks: list[JobSink], numbers: Iterator[int]) -> None:
        """Download one target; once more, from a fresh link, when nothing of it has left yet."""
        async with self.lanes.downloads:
            link = Link(targets, index)
            sinks.append(sink := self.make_sink(numbers))
            first = sink.page
            try:
                await self.retriever.download(link.context, sink, link.renew)
            except ReadError as error:
                if not _may_pass(error) or sink.emitted:
                    raise
                reason = error.what if isinstance(error, RequestFailed) else str(error)
                self.context.log(Level.INFO, f"The download failed, asking for a fresh target. {reason}")
                await link.renew()
                sinks.append(sink := self.make_sink(chain([first], numbers)))
                await self.retriever.download(link.context, sink, link.renew)


def _may_pass(error: ReadError) -> bool:
    """Whether a download that failed may go well from a fresh link. A failed request had its repetitions already."""
    if isinstance(error, RequestFailed):
        return error.status in EXPIRED
    return error.retryable
