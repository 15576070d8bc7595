"""Brings the job of one slice to its end: create, poll on schedule, give up and create again, clear away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from core.decoding.errors import BodyKind, describe, kind_of
from core.errors import ReadError
from core.events import JobChanged, JobPhase, PollScheduled, Stage, StatusMissing, StatusUnmapped
from core.http.messages import shorten
from core.http.policy import FailureType, RequestFailed, retry_after
from core.http.request import RequestDraft
from core.jobs.answers import Answer, api_explanation
from core.jobs.cleanup import JobCleanup
from core.jobs.creation import Creation
from core.jobs.job import AttemptFailed, Job, JobFailed, KnownJob, KnownJobs
from core.jobs.poll_records import PollRecords
from core.jobs.refusals import Refusals, StepFailed
from core.jobs.settings import JobSettings
from core.jobs.slots import JobSlot, SlotState
from core.jobs.starting import Start
from core.jobs.statuses import JobStatus, PollSchedule
from core.jobs.steps import JobSteps
from core.levels import Level
from core.runtime.context import Context
from core.units import time_span
from core.wording import slice_name

POLL_FAILURES = 3
"""Failed polls in a row, each after its own retries, that end an attempt."""
GRACE = 5.0
"""Seconds that a poll which is under way at the deadline is given to be answered."""
ANSWER_SHOWN = 500
"""Characters of an answer that a message repeats."""


@dataclass
class JobLife:
    """The job of one slice. `fill` adds to the creation request what the slice adds.

    The settings' `mapped` is looked at before the manifest's mapping, and what comes in while the next poll is awaited
    judges the last answer again. A job of `known` is followed in the first attempt. `slot` is the slice's among the
    jobs that run side by side, `records` takes those that come with the answers to polling.
    """

    steps: JobSteps
    context: Context
    fill: Callable[[RequestDraft], None]
    settings: JobSettings
    slot: JobSlot
    records: PollRecords | None = None
    attempts: int = 0
    job: Job | None = None
    known: KnownJobs = field(init=False)
    cleanup: JobCleanup = field(init=False)
    _judged_at: int = 0
    """How much had been said of statuses when the last answer was judged."""

    def __post_init__(self) -> None:
        self.known = KnownJobs() if self.settings.known is None else self.settings.known
        self.cleanup = JobCleanup(self.steps, self.context, self.known)

    async def complete(self) -> Job:
        """Run attempts until a job is completed or skipped.

        When cancelled, the job that runs is aborted on the server before the cancellation goes on.
        Raises `JobFailed`.
        """
        while True:
            self.attempts += 1
            try:
                return await self._attempt()
            except AttemptFailed as failure:
                self.slot.set_state(SlotState.IDLE)
                if self.records is not None and self.records.have_left:
                    raise self._given_up(
                        f"{failure} Records of this job have been read already, so it isn't created again."
                    ) from None
                if self.is_last_attempt:
                    raise self._given_up(str(failure)) from None
                await self._before_next_attempt(failure)

    @property
    def is_last_attempt(self) -> bool:
        """Whether the job is not created once more."""
        return self.attempts >= self.settings.attempts

    async def poll_again(self) -> Job:
        """Ask a completed job once more, for fresh download targets; wait for it when it is running again.

        Raises `ReadError`.
        """
        assert self.job is not None
        async with self._clearing_away(self.job):
            await self._poll_to_the_end(self.job, 0.0)
        return self.job

    async def clean_up(self) -> None:
        """Delete the job on the server, when the manifest says how; a failure is a warning."""
        if self.job is not None:
            await self.cleanup.delete(self.job)

    def keep(self) -> None:
        """Leave the job on the server for a later read."""
        known = self.known.get(self.context.slice) if self.job is not None else None
        if known is not None and self.job is not None:
            known.kept, known.over = True, self.job.over

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
        text = " ".join(filter(None, [reason, self._last_status(), last_answer]))
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
                elapsed=time.monotonic() - job.created if job else 0.0,
                timeout=job.timeout if job else 0.0,
                known=job.known if job else False,
                detail=detail,
            )
        )

    # One attempt

    async def _attempt(self) -> Job:
        before, self.job = self.job, None
        known = self.known.get(self.context.slice) if self.attempts == 1 else None
        if known is not None and (self.records is None or self.settings.first is not Stage.CREATION):
            return await self._follow_known(known)
        if known is not None:
            await self._drop_known(known)
        job = await self._create(before)
        async with self._clearing_away(job):
            await self._start(job)
            if self.settings.last is Stage.CREATION:
                return job
            if self.records is not None:
                self.records.begin()
            await self._poll_to_the_end(job, records=self.records)
        return job

    async def _drop_known(self, known: KnownJob) -> None:
        """Abort the job of an earlier read, which can't be followed: nobody knows which of its records were taken."""
        answer = self.steps.answer(known.creation)
        job = Job.of(answer, self.steps, self.context, self.steps.timeout(self.context), known=True)
        self.context.log(
            Level.INFO,
            f"The job {job.name} of an earlier read isn't followed, since its records come with its polls; a new one "
            "is created.",
        )
        await self.cleanup.abort(job)
        self.known.forget(self.context.slice)

    async def _follow_known(self, known: KnownJob) -> Job:
        answer = self.steps.answer(known.creation)
        missing = self.steps.missing_in_creation(answer)
        if missing is not None:
            raise self._given_up(f"The job of an earlier read can't be followed. {missing}")
        self.job = job = Job.of(
            answer, self.steps, self.context, self.steps.timeout(self.context), self.attempts, known=True
        )
        self.context.log(Level.INFO, f"The job {job.name} of an earlier read is followed; no new one is created.")
        if self.settings.first is Stage.POLLING and self.settings.last is Stage.POLLING:
            await self._poll_once(job, known)
            return job
        async with self._clearing_away(job):
            await self._start(job)
            if self.settings.last is Stage.CREATION:
                return job
            if self.settings.first is Stage.DOWNLOAD and await self._was_completed(job, known):
                return job
            if self.records is not None:
                self.records.begin()
            await self._poll_to_the_end(job, 0.0, records=self.records)
        return job

    async def _poll_once(self, job: Job, known: KnownJob) -> None:
        """Poll a job a single time, whatever comes of it; the job is left as it is."""
        try:
            await self._start(job)
            if known.polling is not None:  # the next poll may go to an address that the last one gave
                job.recall(self.steps.answer(known.polling))
            if self.records is not None:
                self.records.begin()
            polled = await self._poll(job, self.records)
            settled = polled is not None and await self._settled(job, polled)
            if polled is not None and self.records is not None and not (settled and job.skipped):
                await self.records.take(job, polled)
        except RequestFailed as error:
            self.show(JobPhase.FAILED, str(error))
            raise AttemptFailed(f"Polling failed. {error}") from None
        except asyncio.CancelledError:
            if await self.cleanup.abort_when_cancelled(job):
                self.show(JobPhase.ABORTED)
            raise

    async def _was_completed(self, job: Job, known: KnownJob) -> bool:
        """Whether the answer to the last poll of an earlier read says that there is a result to download."""
        if known.polling is None or not self.steps.has_download:
            return False
        answer = self.steps.answer(known.polling)
        job.recall(answer)
        return self._meaning(job, answer) is JobStatus.COMPLETED and await self._settled(job, answer)

    async def _start(self, job: Job) -> None:
        """Start the job, where that takes a request and has not been done, and report that it runs."""
        slice_ = self.context.slice
        answer: Answer | None = None
        known = self.known.get(slice_)
        if known is not None and known.started:
            answer = None if known.start is None else self.steps.answer(known.start)
        elif self.steps.has_start:
            try:
                answer = await Start(self.steps, self.context, self.slot, self._refusals).answer(job)
            except StepFailed as failure:
                self.show(JobPhase.FAILED, str(failure))
                await self._abort(job)
                if failure.retryable:
                    raise AttemptFailed(str(failure)) from None
                raise self._given_up(str(failure), final=failure.final) from None
            self.known.note_start(slice_, None if answer is None else answer.response)
        job.started(answer)
        self.slot.set_state(SlotState.RUNNING)
        self.show(JobPhase.RUNNING)

    @property
    def _refusals(self) -> Refusals:
        return Refusals(self.context, self.slot, self.show)

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
        except ReadError:
            await self._abort(job)
            await self.clean_up()
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

    async def _poll_to_the_end(
        self, job: Job, first_wait: float | None = None, records: PollRecords | None = None
    ) -> None:
        schedule = PollSchedule(self.steps.polling_interval)
        asked_for = _asked_wait(job.last_answer) if first_wait is None else first_wait
        failures = 0
        if records is not None:
            for answer in filter(None, (job.creation, job.start)):
                if await self._took_records(job, answer, records):
                    asked_for = asked_for or 0.0
                    if records.full or await self._settled(job, answer):
                        return
        while True:
            if await self._ended_before(job):
                return
            if await self._settled_while_waiting(job, schedule.wait(asked_for)):
                return
            asked_for = None
            try:
                polled = await self._poll(job, records)
            except RequestFailed as error:
                failures += 1
                self._judge_failed_poll(error, failures)
                continue
            if polled is not None:
                failures = 0
                asked_for = _asked_wait(polled)
                settled = await self._settled(job, polled)
                if records is not None and not job.skipped and await self._took_records(job, polled, records):
                    asked_for = asked_for or 0.0
                if settled or (records is not None and records.full):
                    return
            if time.monotonic() >= job.deadline:
                await self._time_out(job, f"not finished after {time_span(job.timeout)}")

    async def _settled_while_waiting(self, job: Job, wait: float) -> bool:
        """Wait for the next poll; whether what was said of its status meanwhile brought the job to a good end.

        Raises `AttemptFailed` when it brought it to a bad one.
        """
        wait = max(0.0, min(wait, job.deadline - time.monotonic()))
        due = time.monotonic() + wait
        while await self._meaning_given_within(job, wait):
            self._judged_at = self.settings.mapped.changes
            if job.polling is not None and await self._settled(job, job.polling):
                return True
            wait = max(0.0, due - time.monotonic())
        return False

    async def _meaning_given_within(self, job: Job, wait: float) -> bool:
        """Whether somebody gave a status a meaning before so many seconds were over."""
        self.context.emit(
            PollScheduled(
                stream=self.context.stream,
                slice=self.context.slice,
                attempt=job.attempt,
                polls=job.polls,
                wait=wait,
            )
        )
        given = asyncio.ensure_future(self.settings.mapped.changed_since(self._judged_at))
        over = asyncio.ensure_future(self.context.run.sleep(wait))
        try:
            await asyncio.wait((given, over), return_when=asyncio.FIRST_COMPLETED)
            if over.done():
                over.result()
            return given.done()
        finally:
            given.cancel()
            over.cancel()

    async def _took_records(self, job: Job, answer: Answer, records: PollRecords) -> bool:
        """Whether there were records in an answer; a job that is to give no more of them is aborted."""
        found = await records.take(job, answer)
        if records.full:
            await self._abort(job)
        return found

    async def _ended_before(self, job: Job) -> bool:
        """Whether a job that can't be polled any more was at its end at once. Raises `JobFailed` when it wasn't."""
        missing = self.steps.missing_in_polling(job.last_answer)
        if missing is None:
            return False
        if not job.polls and await self._settled(job, job.last_answer):
            return True
        raise self._given_up(f"The job is not at its end and can't be polled again: {missing}")

    async def _poll(self, job: Job, records: PollRecords | None) -> Answer | None:
        context = job.context if records is None else job.context.for_page(records.page)
        limit = max(job.deadline - time.monotonic(), 0.0) + GRACE
        try:
            async with asyncio.timeout(limit):
                answer = await self.steps.poll(context, lambda status: self._mapped(status) is not None)
        except TimeoutError:
            await self._time_out(job, "a poll was not answered before the job's time was over")
            return None
        if answer is not None:
            job.polled(answer)
            known = self.known.get(self.context.slice)
            if known is not None:
                known.polling = answer.response
        return answer

    def _judge_failed_poll(self, error: RequestFailed, failures: int) -> None:
        if error.failure_type is FailureType.CONFIG_ERROR:
            raise self._given_up(f"Polling is refused. {error}", final=True)
        if not error.retryable or failures >= POLL_FAILURES:
            self.show(JobPhase.FAILED, str(error))
            raise AttemptFailed(f"Polling failed. {error}")
        self.context.log(Level.WARNING, f"A poll failed and will be repeated. {error}")

    async def _settled(self, job: Job, answer: Answer) -> bool:
        """Whether the answer says that the job came to a good end. Raises `AttemptFailed` for a bad one."""
        status = self._meaning(job, answer)
        if status is JobStatus.RUNNING:
            job.over = False
            self.show(JobPhase.RUNNING)
            return False
        if status is JobStatus.FAILED:
            said = api_explanation(answer)
            self.show(JobPhase.FAILED, said or None)
            raise AttemptFailed(" ".join(filter(None, ["The API reports that the job failed.", said])), by_api=True)
        if status is JobStatus.TIMEOUT:
            await self._time_out(job, "the API reports that it took too long")
        job.over = True
        job.skipped = status is JobStatus.SKIPPED
        self.show(JobPhase.SKIPPED if job.skipped else JobPhase.COMPLETED)
        return True

    def _meaning(self, job: Job, answer: Answer) -> JobStatus:
        found = self.steps.status(answer, job.context)
        job.api_status = found
        self._judged_at = self.settings.mapped.changes
        text = "None" if found is None else found
        meaning = self._mapped(text)
        if meaning is None:
            self._warn_of_status(found, answer)
            return JobStatus.RUNNING
        return meaning

    def _mapped(self, status: str) -> JobStatus | None:
        return self.settings.mapped.get(status) or self.steps.meaning(status)

    def _warn_of_status(self, status: str | None, answer: Answer) -> None:
        key = "" if status is None else status
        if key in self.settings.warned:
            return
        self.settings.warned.add(key)
        place = self.steps.status_place()
        if status is None:
            instead = self.steps.seen_at_status(answer)
            stream, slice_ = self.context.stream, self.context.slice
            self.context.emit(StatusMissing(stream=stream, slice=slice_, place=place, found=instead))
            self.context.log(
                Level.WARNING,
                f"There is no status at {place} in the answer to polling: {instead}. The job counts as running.",
            )
            return
        mapping = self.steps.meanings()
        self.context.emit(
            StatusUnmapped(
                stream=self.context.stream,
                slice=self.context.slice,
                status=status,
                place=place,
                mapping=mapping,
            )
        )
        self.context.log(
            Level.WARNING,
            f"The API reports the status `{status}` at {place}, which is in no bucket of the status mapping "
            f"({mapping}). The job counts as running.",
        )

    async def _time_out(self, job: Job, reason: str) -> None:
        """Abort the job on the server, then end the attempt."""
        self.show(JobPhase.TIMED_OUT, f"{reason}. {self._last_status()}".strip())
        await self._abort(job)
        raise AttemptFailed(f"The job timed out: {reason}.")

    def _last_status(self) -> str:
        """The last status of the job and what it means, as a sentence; empty before its first poll."""
        job = self.job
        if job is None or not job.polls:
            return ""
        if job.api_status is None:
            return f"The job had no status at {self.steps.status_place()}."
        meaning = self._mapped(job.api_status)
        mapped = f"mapped as {meaning}" if meaning else "which is not mapped"
        return f"The job had the last status `{job.api_status}`, {mapped}."

    # Ending a job

    async def _abort(self, job: Job) -> None:
        if await self.cleanup.abort(job):
            self.show(JobPhase.ABORTED)

    async def _before_next_attempt(self, failure: AttemptFailed) -> None:
        wait = PollSchedule(self.steps.polling_interval).wait()
        if failure.by_api:
            asked = self.steps.failed_wait(self.context)
            wait = wait if asked is None else asked
        left = self.settings.attempts - self.attempts
        which = f"Job `{self.job.id}`:" if self.job is not None and self.job.id else ""
        what = " ".join(filter(None, [which, str(failure), self._last_status()]))
        self.context.log(
            Level.WARNING,
            f"{what} It is created again in {wait:.3g} s ({left} more of {self.settings.attempts} attempts).",
        )
        await self.context.run.sleep(wait)

    def _given_up(self, reason: str, *, final: bool = False) -> JobFailed:
        """Everything that people need to look into a failed job."""
        tries = "1 attempt" if self.attempts == 1 else f"{self.attempts} attempts"
        job = self.job
        said = f"The API's last answer: {_shown(job.last_answer)}" if job is not None else ""
        return self.failed(f"given up after {tries}. {reason}", said, final=final)


def _asked_wait(answer: Answer) -> float | None:
    """Seconds until the server wants to be polled; it asks for nothing when it says 0."""
    return retry_after(answer.response) or None


def _shown(answer: Answer) -> str:
    """An answer as people see it in a message."""
    head = answer.response.content[:ANSWER_SHOWN]
    if kind_of(head) is BodyKind.HTML:
        return f"{describe(head)}."
    return shorten(answer.response.text, ANSWER_SHOWN) or "(empty)"
