"""Polls the job of one slice, on schedule and until its end, and takes the records that come with the answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from core.events import JobPhase, PollScheduled
from core.http.policy import FailureType, RequestFailed, retry_after
from core.jobs.answers import Answer, api_explanation
from core.jobs.cleanup import GONE, JobCleanup
from core.jobs.job import AttemptFailed, HopelessJob, Job, JobDetached, JobGone
from core.jobs.judging import StatusJudge
from core.jobs.poll_records import PollRecords
from core.jobs.settings import JobSettings
from core.jobs.statuses import JobStatus, PollSchedule
from core.jobs.steps import JobSteps
from core.levels import Level
from core.runtime.context import Context
from core.units import time_span

POLL_FAILURES = 3
"""Failed polls in a row, each after its own retries, that end an attempt."""
GRACE = 5.0
"""Seconds that a poll which is under way at the deadline is given to be answered."""


@dataclass
class Polling:
    """The polls of one job. `show` reports its phase, `records` takes what comes with the answers.

    What comes in of `mapped` statuses while the next poll is awaited judges the last answer again.
    """

    steps: JobSteps
    context: Context
    settings: JobSettings
    judge: StatusJudge
    cleanup: JobCleanup
    show: Callable[[JobPhase, str | None], None]
    job: Job
    records: PollRecords | None = None

    async def to_the_end(self, *, at_once: bool = False) -> None:
        """Poll until the job is completed or skipped, or until no more of its records are wanted.

        `at_once`: the first poll does not wait. Raises `AttemptFailed`, `HopelessJob`, `JobDetached`, `ReadError`.
        """
        asked_for: float | None = 0.0
        if not at_once:
            asked_for = await self._wait_at_first()
            if self._is_done:
                return
        schedule = PollSchedule(self.steps.polling_interval)
        failures = 0
        while not await self._ended_before() and not await self._settled_while_waiting(schedule.wait(asked_for)):
            asked_for = None
            try:
                answer = await self._poll()
            except RequestFailed as error:
                failures += 1
                await self._judge_failed_poll(error, failures)
                asked_for = error.asked_wait or None
                self._leave_if_detached()
                continue
            if answer is not None:
                failures = 0
                asked_for = await self._wait_after(answer)
                if self._is_done:
                    return
                self._leave_if_detached()
            if self.job.context.run.monotonic() >= self.job.deadline:
                await self._time_out(f"not finished after {time_span(self.job.timeout)}")

    async def once(self) -> None:
        """Poll a single time, and judge the answer. Raises `AttemptFailed`, `HopelessJob`, `ReadError`."""
        if await self._ended_before():
            return
        try:
            answer = await self._poll()
        except RequestFailed as error:
            self.show(JobPhase.FAILED, str(error))
            raise AttemptFailed(f"Polling failed. {error}") from None
        if answer is not None:
            await self._wait_after(answer)

    async def was_completed(self, answer: Answer) -> bool:
        """Whether the answer to the last poll of an earlier read says that there is a result to download."""
        self.job.recall(answer)
        return await self.judge.meaning(self.job, answer) is JobStatus.COMPLETED and await self._settled(answer)

    async def _wait_at_first(self) -> float | None:
        """The wait before the first poll. An answer to creation or start that has records is judged like a poll."""
        wait = _asked_wait(self.job.last_answer)
        for answer in filter(None, (self.job.creation, self.job.start)):
            if await self._has_records(answer):
                wait = wait or 0.0
                if answer is self.job.last_answer:
                    await self._settled(answer)
        return wait

    async def _wait_after(self, answer: Answer) -> float | None:
        """Judge an answer to a poll, and take its records; the wait that it asks for, or that its records allow."""
        await self._settled(answer)
        has_records = not self.job.skipped and await self._has_records(answer)
        return _asked_wait(answer) or (0.0 if has_records else None)

    @property
    def _is_done(self) -> bool:
        return self.job.over or (self.records is not None and self.records.full)

    async def _has_records(self, answer: Answer) -> bool:
        """Take the records of an answer; whether there were any. A job that is to give no more of them is aborted."""
        if self.records is None:
            return False
        has_records = await self.records.take(self.job, answer)
        if has_records:
            self.job.progressed()
        if self.records.full:
            await self._abort()
        return has_records

    async def _abort(self) -> None:
        if await self.cleanup.abort(self.job):
            self.show(JobPhase.ABORTED, None)

    async def _settled_while_waiting(self, wait: float) -> bool:
        """Wait for the next poll; whether what was said of its status meanwhile brought the job to a good end.

        Raises `AttemptFailed` when it brought it to a bad one.
        """
        wait = max(0.0, min(wait, self.job.deadline - self.job.context.run.monotonic()))
        due = self.job.context.run.monotonic() + wait
        while await self._meaning_given_within(wait):
            self.judge.judged_at = self.settings.mapped.changes
            if self.job.polling is not None and await self._settled(self.job.polling):
                return True
            wait = max(0.0, due - self.job.context.run.monotonic())
        return False

    async def _meaning_given_within(self, wait: float) -> bool:
        """Whether somebody gave a status a meaning before so many seconds were over."""
        self.context.emit(
            PollScheduled(
                stream=self.context.stream,
                slice=self.context.slice,
                attempt=self.job.attempt,
                polls=self.job.polls,
                wait=wait,
            )
        )
        given = asyncio.ensure_future(self.settings.mapped.changed_since(self.judge.judged_at))
        over = asyncio.ensure_future(self.context.run.sleep(wait))
        try:
            await asyncio.wait((given, over), return_when=asyncio.FIRST_COMPLETED)
            if over.done():
                over.result()
            return given.done()
        finally:
            given.cancel()
            over.cancel()

    async def _ended_before(self) -> bool:
        """Whether a job that can't be polled any more was at its end at once. Raises `HopelessJob` when it wasn't."""
        missing = self.steps.missing_in_polling(self.job.last_answer)
        if missing is None:
            return False
        if not self.job.polls and await self._settled(self.job.last_answer):
            return True
        raise HopelessJob(f"The job is not at its end and can't be polled again: {missing}")

    async def _poll(self) -> Answer | None:
        job = self.job
        context = job.context if self.records is None else job.context.for_page(self.records.page)
        limit = max(job.deadline - self.job.context.run.monotonic(), 0.0) + GRACE
        try:
            async with asyncio.timeout(limit):
                answer = await self.steps.poll(context, lambda status: self.judge.mapped(status) is not None)
        except TimeoutError:
            await self._time_out("a poll was not answered before the job's time was over")
            return None
        if answer is not None:
            job.polled(answer)
        return answer

    def _leave_if_detached(self) -> None:
        """Leave a job that is running to a later run, when that finds it. Raises `JobDetached`."""
        if self.settings.detach and self.cleanup.leaves_job:
            raise JobDetached

    async def _judge_failed_poll(self, error: RequestFailed, failures: int) -> None:
        job = self.job
        if job.known and self.cleanup.known.lasting and not error.retryable and not job.polls:
            job.over = job.deleted = True
            raise JobGone(f"Polling failed. {error}", for_good=error.status in GONE)
        if error.failure_type is FailureType.CONFIG_ERROR:
            raise HopelessJob(f"Polling is refused. {error}", final=True)
        if not error.retryable or failures >= POLL_FAILURES:
            self.show(JobPhase.FAILED, str(error))
            if error.status not in GONE:
                await self._abort()
            raise AttemptFailed(f"Polling failed. {error}")
        self.context.log(Level.WARNING, f"A poll failed and will be repeated. {error}")

    async def _settled(self, answer: Answer) -> bool:
        """Whether the answer says that the job came to a good end. Raises `AttemptFailed` for a bad one.

        A job that is completed while its answer names a next one is not at its end: more of its records are there.
        """
        status = await self.judge.meaning(self.job, answer)
        has_more = self.records is not None and self.steps.names_next_poll(answer)
        if status is JobStatus.RUNNING or (status is JobStatus.COMPLETED and has_more):
            self.job.over = False
            self.show(JobPhase.RUNNING, None)
            return False
        if status is JobStatus.FAILED:
            said = api_explanation(answer)
            self.cleanup.known.failed(self.context.slice)
            self.show(JobPhase.FAILED, said or None)
            raise AttemptFailed(" ".join(filter(None, ["The API reports that the job failed.", said])), by_api=True)
        if status is JobStatus.TIMEOUT:
            await self._time_out("the API reports that it took too long")
        self.job.over = True
        self.job.skipped = status is JobStatus.SKIPPED
        self.show(JobPhase.SKIPPED if self.job.skipped else JobPhase.COMPLETED, None)
        return True

    async def _time_out(self, reason: str) -> None:
        """Abort the job on the server, then end the attempt."""
        self.show(JobPhase.TIMED_OUT, f"{reason}. {self.judge.last_status(self.job)}".strip())
        await self._abort()
        raise AttemptFailed(f"The job timed out: {reason}.")


def _asked_wait(answer: Answer) -> float | None:
    """Seconds until the server wants to be polled; it asks for nothing when it says 0."""
    return retry_after(answer.response) or None
