"""The read of one slice through an asynchronous job: the job's life, the downloads, and clearing away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from core.components.async_retriever import AsyncRetriever, JobStatus
from core.components.context import Context
from core.errors import ReadError
from core.events import JobPhase, Outcome
from core.http.policy import RequestFailed
from core.http.request import Draft
from core.jobs.job import Job
from core.jobs.life import ATTEMPTS, JobLife
from core.levels import Level
from core.reading.sink import RecordSink

DOWNLOADS = 8
"""Targets that are downloaded side by side, over all streams of a run."""
EXPIRED = frozenset({403, 404, 410})
"""What servers answer when a download link is too old."""


class JobLanes:
    """How many jobs and downloads run side by side, over all streams of a run."""

    def __init__(self, jobs: int) -> None:
        self.slots = asyncio.Semaphore(jobs)
        self.downloads = asyncio.Semaphore(DOWNLOADS)
        self.in_flight = jobs + DOWNLOADS
        """Slices of one stream that may be begun: jobs never run far ahead of the downloads."""


@dataclass
class JobSlice:
    """One slice of an asynchronous stream."""

    retriever: AsyncRetriever
    context: Context
    fill: Callable[[Draft], None]
    make_sink: Callable[[], RecordSink]
    lanes: JobLanes
    mapped: dict[str, JobStatus]
    warned: set[str]

    async def read(self) -> Outcome:
        """Create, poll, download. Raises `ReadError` when the slice can't be read."""
        life = JobLife(self.retriever, self.context, self.fill, self.mapped, self.warned)
        try:
            while True:
                life.show(JobPhase.WAITING)
                async with self.lanes.slots:
                    job = await life.complete()
                if job.skipped:
                    return Outcome.SKIPPED
                if await self._downloaded(life, job):
                    life.show(JobPhase.DONE)
                    return Outcome.COMPLETE
        finally:
            await life.clear_away()

    async def _downloaded(self, life: JobLife, job: Job) -> bool:
        """Download all targets; False when a new job has to be created for that."""
        try:
            await self._download_all(life, job)
        except RequestFailed as first:
            if first.status not in EXPIRED or self._emitted:
                raise
            self.context.log(Level.INFO, f"The download was refused, asking for a fresh target. {first}")
            try:
                await self._download_all(life, await life.poll_again())
            except RequestFailed as second:
                if second.status not in EXPIRED or self._emitted or life.attempts >= ATTEMPTS:
                    raise
                await life.clear_away()
                return False
        return True

    async def _download_all(self, life: JobLife, job: Job) -> None:
        targets = await self.retriever.targets(job.polling or job.creation, job.context)
        life.show(JobPhase.DOWNLOADING)
        self._sinks: list[RecordSink] = []
        try:
            async with asyncio.TaskGroup() as tasks:
                for target in targets:
                    tasks.create_task(self._download(job.context, target))
        except* ReadError as group:
            failure: BaseException = group
            while isinstance(failure, BaseExceptionGroup):
                failure = failure.exceptions[0]
            raise failure from None

    async def _download(self, context: Context, target: object) -> None:
        async with self.lanes.downloads:
            sink = self.make_sink()
            self._sinks.append(sink)
            await self.retriever.download(context, target, sink)

    @property
    def _emitted(self) -> bool:
        """Whether records have left already: what is read again would come twice."""
        return any(sink.emitted for sink in self._sinks)
