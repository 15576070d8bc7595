"""Creates the job of a slice; a creation that the API refuses beside other jobs is put off until one of them ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from core.decoding.errors import BodyKind, kind_of
from core.events import JobPhase
from core.http.policy import RequestFailed
from core.http.request import RequestDraft
from core.jobs.answers import Answer, api_explanation, body_of
from core.jobs.cleanup import JobCleanup
from core.jobs.job import Job, job_id
from core.jobs.known import KnownJob, KnownJobs
from core.jobs.refusals import WAITING_BEYOND, Refusals, StepFailed
from core.jobs.slots import JobSlot, SlotState
from core.jobs.steps import JobSteps
from core.levels import Level
from core.runtime.context import Context

_FAILED = "The job couldn't be created."
_SPOILT = (BodyKind.HTML, BodyKind.JSON)
"""What a body is that can't be read although the manifest may be right: a gateway's page, or JSON that breaks off."""


@dataclass
class Creation:
    """The creation of the job of one slice. `fill` adds to the request what the slice adds.

    `orphan` is a job that the API created while the read was cancelled. `is_last`: the job
    is not polled by this read, so that what its other requests miss in the answer is only warned of.
    """

    steps: JobSteps
    context: Context
    fill: Callable[[RequestDraft], None]
    known: KnownJobs
    slot: JobSlot
    cleanup: JobCleanup
    refusals: Refusals
    attempt: int = 1
    orphan: Job | None = None
    is_last: bool = False

    async def answer(self, time_limit: float) -> Answer:
        """The API's answer, which has all that the other requests of the job look up in it.

        `time_limit` is how many seconds a job may take. When cancelled while the API creates the job, that is awaited
        for a moment, and the job aborted or left to a later run. Raises `StepFailed`, `JobDetached`.
        """
        while True:
            self.refusals.show(JobPhase.CREATING, None)
            self.slot.set_state(SlotState.CREATING)
            try:
                answer = await self._complete_answer(time_limit)
            except StepFailed as failure:
                if failure.what is None or not await self._outlasted(failure.what, time_limit + WAITING_BEYOND):
                    failure.retryable &= self.slot.held  # without a slot, no further job is created
                    raise
            else:
                self._note(answer)
                return answer

    def _note(self, answer: Answer) -> None:
        """Write the job down, before anything else is asked about it."""
        request = self.steps.fingerprint(self.context, self.fill) if self.known.lasting else ""
        job = KnownJob(answer.response, fingerprint=request, way=self.known.way)
        problem = self.known.note(self.context.slice, job, job_id(answer, self.steps.id_lookups()))
        if problem is not None:
            self.context.log(Level.WARNING, problem)

    async def _complete_answer(self, time_limit: float) -> Answer:
        try:
            answer = await self._asked(time_limit)
        except RequestFailed as error:
            raise StepFailed.of(_FAILED, error) from None
        if answer is None:
            message = "The answer to the request is ignored by its error handler, so there is no job to poll."
            raise StepFailed(f"{_FAILED} {message}", what=None)
        missing = self.steps.missing_in_creation(answer)
        if missing is not None:
            spoilt = body_of(answer) is None and kind_of(answer.response.content[:1000]) in _SPOILT
            if not spoilt and not self.known.lasting:
                self.known.note(self.context.slice, KnownJob(answer.response, way=self.known.way))
            message = " ".join(filter(None, [missing, api_explanation(answer)]))
            if self.is_last and not spoilt:
                self.context.log(Level.WARNING, message)
                return answer
            raise StepFailed(f"{_FAILED} {message}", what=message, retryable=spoilt)
        return answer

    async def _asked(self, time_limit: float) -> Answer | None:
        creation = asyncio.ensure_future(self.steps.create(self.context, self.fill))
        try:
            return await asyncio.shield(creation)
        except asyncio.CancelledError:
            self.cleanup.hurry()
            if self.steps.can_abort or self.known.lasting:
                await asyncio.wait([creation], timeout=self.cleanup.patience / 2)
                if creation.done() and not creation.exception() and (answer := creation.result()):
                    if self.known.lasting and self.steps.missing_in_creation(answer) is None:
                        self._note(answer)
                    self.orphan = Job.of(answer, self.steps, self.context, time_limit, self.attempt)
                    await self.cleanup.abort_when_cancelled(self.orphan)
            creation.cancel()
            raise

    async def _outlasted(self, what: str, patience: float) -> bool:
        """Wait until another job has ended, if any was alive; else the refusal is for another reason."""
        competitors = await self.refusals.competitors(patience)
        if not competitors:
            return False
        if not self.known.lasting:
            self.known.forget(self.context.slice)
        return await self.refusals.outlast(competitors, what, JobPhase.WAITING, patience)
