"""The read of one slice through an asynchronous job: the job's life, the downloads, and clearing away."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, count
from typing import Any

from core.errors import ReadError
from core.events import JobPhase, Outcome, Stage
from core.http.messages import shorten
from core.http.policy import EXPIRED, RequestFailed
from core.http.request import RequestDraft
from core.jobs.download_turns import DownloadTurn
from core.jobs.job import JobDetached, JobFailed
from core.jobs.life import JobLife
from core.jobs.poll_records import PollRecords
from core.jobs.settings import JobSettings
from core.jobs.slots import JobSlot, NoSlot
from core.jobs.steps import JobSteps
from core.levels import Level
from core.runtime.context import Context
from core.runtime.page_reader import MakeSink, SliceSink
from core.runtime.slices import slice_key
from core.templates import TemplateError

FRESH_LINKS = 3
"""How often a download that failed begins anew with a fresh link: one that is short-lived may expire in the queue."""
_TARGET_SHOWN = 200
"""Characters of a download target that a log line repeats."""


@dataclass
class DownloadTargets:
    """The download targets of a completed job."""

    steps: JobSteps
    life: JobLife
    found: list[Any]
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    @classmethod
    async def of(cls, steps: JobSteps, life: JobLife) -> DownloadTargets:
        """The targets that the job's last answer names. Raises `ReadError`."""
        return cls(steps, life, await _targets_of(steps, life))

    def __len__(self) -> int:
        return len(self.found)

    async def renew(self, old: list[Any]) -> None:
        """Poll the job once more for the targets that take the place of `old`. Raises `ReadError`."""
        async with self._asking:
            if self.found is not old:
                return
            await self.life.poll_again()
            found = await _targets_of(self.steps, self.life)
            if len(found) != len(old):
                raise ReadError(
                    f"The job had {len(old)} download targets, and has {len(found)} now that fresh ones were "
                    "requested. Run it again."
                )
            self.life.show(JobPhase.DOWNLOADING)
            self.found = found


@dataclass
class Target:
    """One of the targets, as it was when it was last asked for."""

    targets: DownloadTargets
    index: int
    _seen: list[Any] = field(init=False)

    def __post_init__(self) -> None:
        self._seen = self.targets.found

    async def contexts(self) -> list[Context]:
        """The job's context with the target, once for each link to it where links are asked for. Raises `ReadError`."""
        job = self.targets.life.job
        assert job is not None
        return await self.targets.steps.linked(job.context.with_variables(download_target=self._seen[self.index]))

    async def renew(self) -> list[Context]:
        """The contexts with fresh links, or else a fresh target. Raises `ReadError`."""
        if not self.targets.steps.asks_links:
            await self.targets.renew(self._seen)
            self._seen = self.targets.found
        return await self.contexts()


@dataclass(frozen=True)
class TargetLink:
    """One of the links to a target."""

    target: Target
    number: int

    async def renew(self) -> Context:
        """The context with a fresh link, or else a fresh target. Raises `ReadError`."""
        fresh = await self.target.renew()
        if self.number >= len(fresh):
            raise ReadError(
                f"The download target had a link number {self.number + 1}, and has {len(fresh)} now that fresh ones "
                "were requested. Run it again."
            )
        return fresh[self.number]


async def _targets_of(steps: JobSteps, life: JobLife) -> list[Any]:
    assert life.job is not None
    return await steps.targets(life.job.last_answer, life.job.context)


def lease_key(stream: str, slice_: Mapping[str, Any] | None) -> str:
    """What other processes know the slot of a slice by."""
    return f"{stream} {slice_key(slice_).decode()}"


@dataclass
class JobSlice:
    """One slice of an asynchronous stream. `fill` adds to the creation request what the slice adds.

    `turn` is given where results are downloaded in the order of slices and targets, until there is enough; jobs run
    side by side all the same.
    """

    steps: JobSteps
    context: Context
    fill: Callable[[RequestDraft, Context], None]
    make_sink: MakeSink
    settings: JobSettings
    turn: DownloadTurn | None = None

    async def read(self, after: AsyncExitStack) -> Outcome:
        """Create, poll, download; `after` clears the job away. Raises `JobFailed` when the slice can't be read."""
        slots, may_detach = self.settings.concurrency.slots, self.settings.detach
        stream, key = self.context.stream, lease_key(self.context.stream, self.context.slice)
        slot = after.enter_context(slots.for_slice(stream, may_detach=may_detach, key=key))
        records = (
            PollRecords(self.context, self.make_sink, self.steps.takes_responses) if self.steps.takes_records else None
        )
        life = JobLife(
            self.steps,
            self.context,
            lambda draft: self.fill(draft, self.context),
            self.settings,
            slot,
            records,
            self.turn,
        )
        after.push_async_exit(partial(self._end, life))
        try:
            return await self._read(life, slot)
        except (JobDetached, NoSlot):
            life.job = None  # it is not cleared away
            return Outcome.DETACHED
        except JobFailed:
            raise
        except (ReadError, TemplateError) as error:
            raise life.failed(str(error)) from None

    async def _end(self, life: JobLife, failure: type[BaseException] | None, *_: object) -> None:
        """Clear the job away, unless the read was cancelled and a later run follows it."""
        if failure is not None and issubclass(failure, asyncio.CancelledError):
            life.cleanup.hurry()
            if life.cleanup.leaves_job:
                life.job = None
        life.keep()
        if not self.settings.keeps_jobs:
            await life.clean_up()

    async def _read(self, life: JobLife, slot: JobSlot) -> Outcome:
        while True:
            life.wait_for_slot()
            async with slot.acquired():
                job = await life.complete()
            if job.skipped:
                return Outcome.SKIPPED
            if self.settings.last is not Stage.DOWNLOAD:
                if job.over:
                    await self._report_targets(life)
                return Outcome.LIMITED
            if life.records is not None and life.records.full:
                return Outcome.COMPLETE
            if not self.steps.has_download or await self._downloaded(life):
                life.show(JobPhase.DONE)
                return Outcome.COMPLETE

    async def _report_targets(self, life: JobLife) -> None:
        """Say where the result of a completed job is that is not downloaded."""
        try:
            found = [target for target in await _targets_of(self.steps, life) if target != ""]
        except (ReadError, TemplateError) as error:
            self.context.log(Level.WARNING, str(error))
            return
        if found:
            first = shorten(str(found[0]), _TARGET_SHOWN)
            more = f" and {len(found) - 1:,} more" if len(found) > 1 else ""
            self.context.log(Level.INFO, f"The job is complete. Its download target: {first}{more}.")

    async def _downloaded(self, life: JobLife) -> bool:
        """Download all targets; False when a new job has to be created for that."""
        sinks: list[SliceSink] = []
        try:
            await self._download_all(life, sinks)
        except ReadError as error:
            have_left = any(sink.emitted for sink in sinks) or (life.records is not None and life.records.have_left)
            if not _may_pass(error) or have_left or life.is_last_attempt:
                raise
            reason = error.what if isinstance(error, RequestFailed) else str(error)
            self.context.log(Level.WARNING, f"The result can't be downloaded, so the job is created again. {reason}")
            await life.clean_up()
            return False
        return True

    async def _download_all(self, life: JobLife, sinks: list[SliceSink]) -> None:
        if self.turn is not None:
            await self.turn.come()
        targets = await DownloadTargets.of(self.steps, life)
        if not targets:
            return
        assert life.job is not None
        self.context.memory.answers.update(life.job.answers)
        self.context.memory.targets = len(targets)
        life.show(JobPhase.DOWNLOADING)
        numbers = count(1) if life.records is None else life.records.numbers
        rest = range(len(targets))
        while rest and (self.turn is not None or (self.steps.carries_over and not sinks)):
            await self._download(targets, rest[0], sinks, numbers)
            rest = rest[1:]
            if self.turn is not None and self.turn.enough():
                return
        try:
            async with asyncio.TaskGroup() as tasks:
                for index in rest:
                    tasks.create_task(self._download(targets, index, sinks, numbers))
        except BaseExceptionGroup as group:
            failure: BaseException = group
            while isinstance(failure, BaseExceptionGroup):
                failure = failure.exceptions[0]
            raise failure from None

    async def _download(
        self, targets: DownloadTargets, index: int, sinks: list[SliceSink], numbers: Iterator[int]
    ) -> None:
        """Download one target, from each of its links."""
        async with self.settings.concurrency.downloads:
            target = Target(targets, index)
            for number, context in enumerate(await target.contexts()):
                await self._download_from(TargetLink(target, number), context, sinks, numbers)

    async def _download_from(
        self, link: TargetLink, context: Context, sinks: list[SliceSink], numbers: Iterator[int]
    ) -> None:
        """Download from one link; again, from a fresh link, while nothing of it has left yet."""
        is_first, pages = not sinks, numbers
        for left in reversed(range(FRESH_LINKS + 1)):
            sinks.append(sink := self.make_sink(pages))
            first = sink.page
            try:
                await self.steps.download(context, sink, link.renew, is_first=is_first)
            except ReadError as error:
                if not left or not _may_pass(error) or sink.emitted:
                    raise
                reason = error.what if isinstance(error, RequestFailed) else str(error)
                what = "link" if self.steps.asks_links else "target"
                self.context.log(Level.INFO, f"The download failed, asking for a fresh {what}. {reason}")
            else:
                return
            context, pages = await link.renew(), chain([first], numbers)


def _may_pass(error: ReadError) -> bool:
    """Whether a download that failed may go well from a fresh link. A failed request had its repetitions already."""
    if isinstance(error, RequestFailed):
        return error.status in EXPIRED
    return error.retryable
