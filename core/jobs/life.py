"""Brings the job of one slice to its end: create, start, poll, give up and create again, clear away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from core.decoding.errors import BodyKind, describe, kind_of
from core.errors import ReadError
from core.events import JobChanged, JobPhase, Stage
from core.http.messages import shorten
from core.http.request import RequestDraft
from core.jobs.answers import Answer
from core.jobs.cleanup import JobCleanup
from core.jobs.creation import Creation
from core.jobs.download_turns import DownloadTurn
from core.jobs.job import AttemptFailed, HopelessJob, Job, JobDetached, JobFailed, JobGone
from core.jobs.judging import StatusJudge
from core.jobs.known import KnownJob, KnownJobs
from core.jobs.poll_records import PollRecords
from core.jobs.polling import Polling
from core.jobs.refusals import Refusals, StepFailed
from core.jobs.settings import JobSettings
from core.jobs.slots import JobSlot, SlotState
from core.jobs.starting import Start
from core.jobs.statuses import PollSchedule
from core.jobs.steps import JobSteps
from core.levels import Level
from core.runtime.context import Context
from core.units import time_span
from core.wording import slice_name

ANSWER_SHOWN = 500
"""Characters of an answer that a message repeats."""


@dataclass
class JobLife:
    """The job of one slice. `fill` adds to the creation request what the slice adds.

    A job of `known` is followed in the first attempt, which does not count when that job is one of an earlier run.
    `slot` is the slice's among the jobs that run side by side, `records` takes those that come with the answers to
    polling, `turn` is the slice's to download, where results are downloaded in order.
    """

    steps: JobSteps
    context: Context
    fill: Callable[[RequestDraft], None]
    settings: JobSettings
    slot: JobSlot
    records: PollRecords | None = None
    turn: DownloadTurn | None = None
    attempts: int = 0
    job: Job | None = None
    known: KnownJobs = field(init=False)
    cleanup: JobCleanup = field(init=False)
    judge: StatusJudge = field(init=False)
    _uncounted: int = 0
    """Attempts beyond those of the settings: the one that followed the job of an earlier run."""

    def __post_init__(self) -> None:
        self.known = KnownJobs() if self.settings.known is None else self.settings.known
        self.cleanup = JobCleanup(self.steps, self.context, self.known)
        self.judge = StatusJudge(self.steps, self.context, self.settings)

    async def complete(self) -> Job:
        """Run attempts until a job is completed or skipped.

        When cancelled, the job that runs is aborted on the server before the cancellation goes on.
        Raises `JobFailed`, `JobDetached`.
        """
        while True:
            self.attempts += 1
            try:
                job = await self._attempt()
            except JobDetached:
                self.slot.detach()
                raise
            except AttemptFailed as failure:
                self.slot.set_state(SlotState.IDLE)
                self._forget_if_read()
                if self.records is not None and self.records.have_left:
                    raise self._given_up(
                        f"{failure} Records of this job have been read already, so it isn't created again."
                    ) from None
                if self.is_last_attempt:
                    raise self._given_up(str(failure)) from None
                await self._before_next_attempt(failure)
            else:
                self._forget_if_read()
                return job

    @property
    def is_last_attempt(self) -> bool:
        """Whether the job is not created once more."""
        return self.attempts >= self.settings.attempts + self._uncounted

    async def poll_again(self) -> Job:
        """Ask a completed job once more, for fresh download targets; wait for it when it is running again.

        Raises `ReadError`.
        """
        assert self.job is not None
        async with self._clearing_away(self.job):
            await self._polling(self.job).to_the_end(at_once=True)
        return self.job

    async def clean_up(self) -> None:
        """Delete the job on the server, when the manifest says how; a failure is a warning."""
        if self.job is not None:
            await self.cleanup.delete(self.job)

    def keep(self) -> None:
        """Take note of how far the job has come, for a later read; and that it is left on the server where it is."""
        if self.job is None:
            return
        polling = None if self.job.polling is None else self.job.polling.response
        self.known.keep(self.context.slice, polling, kept=self.settings.keeps_jobs, over=self.job.over)

    def wait_for_slot(self) -> None:
        """Report that a job is to be created when there is a slot for it; the one before it is forgotten."""
        self.job = None
        self.show(JobPhase.WAITING)

    def failed(self, reason: str, last_answer: str = "", *, final: bool = False) -> JobFailed:
        """The failure of the slice; its text names stream, slice, job and the job's last status."""
        slice_, job = slice_name(self.context.slice), self.job
        parts = [f"Stream `{self.context.stream}`", f"slice {slice_}" if slice_ else ""]
        parts += [f"job `{job.id}`" if job is not None and job.id else ""]
        where = ", ".join(filter(None, parts))
        text = " ".join(filter(None, [reason, self.judge.last_status(self.job), last_answer]))
        return JobFailed(where, text, job_id=job.id if job is not None else None, final=final)

    def show(self, phase: JobPhase, detail: str | None = None) -> None:
        """Report what the job is doing now."""
        job = self.job
        self.context.emit(
            JobChanged(
                stream=self.context.stream,
                slice=self.context.slice,
                phase=phase,
                attempt=self.attempts,
                job_id=job.id if job else None,
                polls=job.polls if job else 0,
                api_status=job.api_status if job else None,
                elapsed=self.context.run.monotonic() - job.created if job else 0.0,
                timeout=job.timeout if job else 0.0,
                known=job.known if job else False,
                detail=detail,
            )
        )

    # One attempt

    async def _attempt(self) -> Job:
        before, self.job = self.job, None
        known = self.known.find(self.context.slice) if self.attempts == 1 else None
        found = None if known is None else await self._job_of_earlier_read(known)
        if found is not None:
            return found
        job = await self._create(before)
        async with self._clearing_away(job):
            await self._start(job)
            if self.settings.last is Stage.CREATION:
                return job
            if self.settings.detach and self.cleanup.leaves_job:
                raise JobDetached
            if self.records is not None:
                self.records.begin()
            await self._polling(job, self.records).to_the_end()
        return job

    async def _job_of_earlier_read(self, known: KnownJob) -> Job | None:
        """The job of an earlier read, brought to its end; None when a new one is needed."""
        if self.records is not None and self.settings.first is Stage.CREATION:
            await self._drop_known(known)
            return None
        return await (self._follow_lasting(known) if self.known.lasting else self._follow_known(known))

    def _forget_if_read(self) -> None:
        """Forget a job that is over and whose records came with its polls: they don't come once more."""
        is_wanted = self.settings.keeps_jobs and self.job is not None and not self.job.over
        if self.records is not None and not is_wanted:
            self.known.forget(self.context.slice)

    async def _drop_known(self, known: KnownJob) -> None:
        """Abort the job of an earlier read, which can't be followed: nobody knows which of its records were taken."""
        job = await Job.of_known(known, self.steps, self.context)
        self.context.log(
            Level.INFO,
            f"The job {job.name} of an earlier read isn't followed, since its records come with its polls; a new one "
            "is created.",
        )
        await self.cleanup.abort(job)
        self.known.forget(self.context.slice)

    async def _follow_lasting(self, known: KnownJob) -> Job | None:
        """The job of an earlier run, brought to its end; None when it leads nowhere, so that a new one is needed.

        It is given the time limit once more, but no more time than a job may be followed for.
        """
        age, most = known.age(self.context.run.now()), self.steps.reuse_limit(self.context)
        if known.fingerprint != self.steps.fingerprint(self.context, self.fill):
            self.context.log(
                Level.INFO,
                "The job of an earlier run was asked for by another request than the manifest and the inputs make now, "
                "so it is not followed.",
            )
            return None
        if age > most:
            await self._discard(known, f"it was created {time_span(age)} ago, the limit is {time_span(most)}")
            return None
        limit = self.steps.timeout(self.context)
        try:
            job = await self._follow_known(known, min(age + limit, max(most, limit)))
        except JobGone as gone:
            assert self.job is not None
            why = "is gone, so" if gone.for_good else f"can't be followed ({str(gone).rstrip('.')}), so"
            self.context.log(Level.INFO, f"The job {self.job.name} of an earlier run {why} a new one is created.")
            if gone.for_good:
                self.known.forget(self.context.slice)
        except (AttemptFailed, JobFailed) as failure:
            reason = failure.reason if isinstance(failure, JobFailed) else str(failure)
            self.context.log(
                Level.WARNING, f"The job of an earlier run came to nothing; a new one is created. {reason}"
            )
        else:
            self._uncounted = 1
            return job
        self.job = None
        self.slot.set_state(SlotState.IDLE)
        return None

    async def _discard(self, known: KnownJob, reason: str) -> None:
        """Clear away a job of an earlier run that is not followed."""
        job = await Job.of_known(known, self.steps, self.context)
        self.context.log(
            Level.WARNING,
            f"The job {job.name} of an earlier run is too old to be followed: {reason}. A new one is created. "
            "(`reuse_jobs_for` of the retriever says for how many minutes jobs are followed.)",
        )
        await self.cleanup.discard(job)

    async def _follow_known(self, known: KnownJob, time_limit: float | None = None) -> Job:
        missing = self.steps.missing_in_creation(await self.steps.answer(known.creation, self.context))
        if missing is not None:
            raise self._given_up(f"The job of an earlier read can't be followed. {missing}")
        limit = time_limit or self.steps.timeout(self.context)
        age = known.age(self.context.run.now()) if self.known.lasting else 0.0
        self.job = job = await Job.of_known(known, self.steps, self.context, limit, self.attempts, age=age)
        self.context.log(Level.INFO, f"The job {job.name} of an earlier read is followed; no new one is created.")
        if self.settings.first is Stage.POLLING and self.settings.last is Stage.POLLING:
            await self._poll_once(job, known)
            return job
        async with self._clearing_away(job):
            await self._start(job)
            if self.settings.last is Stage.CREATION:
                return job
            polling = self._polling(job, self.records)
            last = known.polling if self.settings.first is Stage.DOWNLOAD and self.steps.has_download else None
            if last is not None and await polling.was_completed(await self.steps.answer(last, job.context)):
                return job
            if self.records is not None:
                self.records.begin()
            await polling.to_the_end(at_once=True)
        return job

    async def _poll_once(self, job: Job, known: KnownJob) -> None:
        """Poll a job a single time; whatever comes of it, the job is left as it is unless the read is cancelled."""
        try:
            await self._start(job)
            if known.polling is not None:  # the next poll may go to an address that the last one gave
                job.recall(await self.steps.answer(known.polling, job.context))
            if self.records is not None:
                self.records.begin()
            await self._polling(job, self.records).once()
        except HopelessJob as error:
            raise self._given_up(str(error), final=error.final) from None
        except asyncio.CancelledError:
            if await self.cleanup.abort_when_cancelled(job):
                self.show(JobPhase.ABORTED)
            raise

    async def _start(self, job: Job) -> None:
        """Start the job, where that takes a request and has not been done, and report that it runs."""
        if self.steps.has_start and not job.has_started:
            try:
                answer = await Start(self.steps, self.context, self.slot, self._refusals).answer(job)
            except StepFailed as failure:
                self.show(JobPhase.FAILED, str(failure))
                if failure.retryable:
                    await self._abort(job)
                    raise AttemptFailed(str(failure)) from None
                raise HopelessJob(str(failure), final=failure.final) from None
            problem = self.known.note_start(self.context.slice, None if answer is None else answer.response)
            if problem is not None:
                self.context.log(Level.WARNING, problem)
            job.started(answer)
        elif not job.has_started:
            job.started(None)
        self.slot.set_state(SlotState.RUNNING)
        self.show(JobPhase.RUNNING)

    @property
    def _refusals(self) -> Refusals:
        return Refusals(self.context, self.slot, self.show, self.settings.detach, self.turn)

    def _polling(self, job: Job, records: PollRecords | None = None) -> Polling:
        return Polling(self.steps, self.context, self.settings, self.judge, self.cleanup, self.show, job, records)

    @asynccontextmanager
    async def _clearing_away(self, job: Job) -> AsyncIterator[None]:
        """Clear a job away on the server when what is done with it comes to no good end."""
        try:
            yield
        except asyncio.CancelledError:
            if await self.cleanup.abort_when_cancelled(job):
                self.show(JobPhase.ABORTED)
            raise
        except AttemptFailed:
            await self.clean_up()
            raise
        except ReadError as error:
            if await self.cleanup.abort(job):
                self.show(JobPhase.ABORTED)
            await self.clean_up()
            if isinstance(error, HopelessJob):
                raise self._given_up(str(error), final=error.final) from None
            raise

    async def _create(self, before: Job | None) -> Job:
        time_limit = self.steps.timeout(self.context)
        creation = Creation(
            self.steps, self.context, self.fill, self.known, self.slot, self.cleanup, self._refusals, self.attempts
        )
        creation.is_last = self.settings.last is Stage.CREATION
        try:
            answer = await creation.answer(time_limit)
        except asyncio.CancelledError:
            self.job = creation.orphan
            if self.job is not None and self.job.aborted:
                self.show(JobPhase.ABORTED)
            raise
        except StepFailed as failure:
            self.show(JobPhase.FAILED, str(failure))
            reason = str(failure)
            if before is not None:
                reason += f" (The job {before.name} before it came to nothing, too.)"
            if failure.retryable:
                raise AttemptFailed(reason) from None
            raise self._given_up(reason, final=failure.final) from None
        self.job = Job.of(answer, self.steps, self.context, time_limit, self.attempts)
        return self.job

    # Ending a job

    async def _abort(self, job: Job) -> None:
        if await self.cleanup.abort(job):
            self.show(JobPhase.ABORTED)

    async def _before_next_attempt(self, failure: AttemptFailed) -> None:
        wait = PollSchedule(self.steps.polling_interval).wait()
        if failure.by_api:
            asked = self.steps.failed_wait(self.context)
            wait = wait if asked is None else asked
        left = self.settings.attempts + self._uncounted - self.attempts
        which = f"Job `{self.job.id}`:" if self.job is not None and self.job.id else ""
        what = " ".join(filter(None, [which, str(failure), self.judge.last_status(self.job)]))
        self.context.log(
            Level.WARNING,
            f"{what} It is created again in {wait:.3g} s ({left} more of {self.settings.attempts} attempts).",
        )
        await self.context.run.sleep(wait)

    def _given_up(self, reason: str, *, final: bool = False) -> JobFailed:
        """Everything that people need to look into a failed job."""
        counted = max(1, self.attempts - self._uncounted)
        tries = "1 attempt" if counted == 1 else f"{counted} attempts"
        job = self.job
        said = f"The API's last answer: {_shown(job.last_answer)}" if job is not None else ""
        return self.failed(f"given up after {tries}. {reason}", said, final=final)


def _shown(answer: Answer) -> str:
    """An answer as people see it in a message."""
    head = answer.response.content[:ANSWER_SHOWN]
    if kind_of(head) is BodyKind.HTML:
        return f"{describe(head)}."
    return shorten(answer.response.text, ANSWER_SHOWN) or "(empty)"
