"""Starts a job that was created: the second call that some APIs want before they run it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from core.events import JobPhase
from core.http.policy import RequestFailed
from core.jobs.answers import Answer, api_explanation
from core.jobs.job import Job
from core.jobs.refusals import Refusals, StepFailed
from core.jobs.slots import JobSlot, SlotState
from core.jobs.statuses import PollSchedule
from core.jobs.steps import JobSteps
from core.levels import Level
from core.runtime.context import Context
from core.units import time_span

_FAILED = "The job couldn't be started."


@dataclass
class Start:
    """The start of the job of one slice.

    One that is refused because the queue is full is tried again, with the same job: when another job of this run has
    ended, or after a while where others fill the queue, until the time limit of the job is over.
    """

    steps: JobSteps
    context: Context
    slot: JobSlot
    refusals: Refusals
    _reported: bool = False

    async def answer(self, job: Job) -> Answer | None:
        """The API's answer, which has all that later requests look up in it; None when its error is ignored.

        Raises `StepFailed`.
        """
        schedule = PollSchedule(self.steps.polling_interval)
        deadline = job.context.run.monotonic() + job.timeout
        while True:
            self.refusals.show(JobPhase.STARTING, None)
            if self.slot.state is not SlotState.CREATING:
                self.slot.set_state(SlotState.CREATING)
            try:
                return await self._complete_answer(job)
            except StepFailed as failure:
                try:
                    async with asyncio.timeout(deadline - job.context.run.monotonic()):
                        await self._outlast(job, failure, schedule)
                except TimeoutError:
                    raise StepFailed(
                        f"{_FAILED} The API refused that for {time_span(job.timeout)}, which is the time limit of a "
                        f"job. {failure.what or ''}".strip(),
                        what=None,
                    ) from None

    async def _complete_answer(self, job: Job) -> Answer | None:
        try:
            answer = await self.steps.start(job.context)
        except RequestFailed as error:
            failure = StepFailed.of(_FAILED, error)
            failure.asked_wait = error.asked_wait
            raise failure from None
        missing = None if answer is None else self.steps.missing_in_start(answer)
        if answer is not None and missing is not None:
            message = " ".join(filter(None, [missing, api_explanation(answer)]))
            raise StepFailed(f"{_FAILED} {message}", what=message)
        return answer

    async def _outlast(self, job: Job, failure: StepFailed, schedule: PollSchedule) -> None:
        """Wait until the start may succeed. Raises the failure when nothing says that it may."""
        if failure.what is None:
            raise failure
        competitors = await self.refusals.competitors(job.timeout)
        if competitors:
            if not await self.refusals.outlast(competitors, failure.what, JobPhase.STARTING, job.timeout):
                raise TimeoutError
            return
        if not failure.passes:
            raise failure
        self.refusals.show(JobPhase.STARTING, "the API refused to start the job")
        if not self._reported:
            self._reported = True
            self.context.log(
                Level.INFO, f"The API refuses to start the job {job.name} for now; that is tried again. {failure.what}"
            )
        await self.context.run.sleep(schedule.wait(failure.asked_wait))
