"""Creates the job of a slice; a creation that the API refuses beside other jobs is put off until one of them ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from core.decoding.errors import BodyKind, kind_of
from core.errors import ReadError
from core.events import JobPhase
from core.http.policy import FailureType, RequestFailed
from core.http.request import RequestDraft
from core.jobs.answers import Answer, api_explanation, body_of
from core.jobs.cleanup import JobCleanup
from core.jobs.job import Job, KnownJobs
from core.jobs.slots import JobSlot, SlotState
from core.jobs.steps import JobSteps
from core.levels import Level
from core.runtime.context import Context

WAITING_BEYOND = 60.0
"""Seconds beyond its time limit within which every live job has ended: it is polled, aborted, created again."""

_ABOUT_THE_REQUEST = frozenset({404, 405, 406, 410, 411, 413, 414, 415, 431})
"""Statuses that blame the request itself, whatever else runs on the API."""
_SPOILT = (BodyKind.HTML, BodyKind.JSON)
"""What a body is that can't be read although the manifest may be right: a gateway's page, or JSON that breaks off."""


class CreationFailed(ReadError):
    """The job couldn't be created. `final`: no other job of the stream can be, either.

    `what` says in a sentence what the API answered; None when other jobs can't be why.
    """

    def __init__(self, message: str, *, what: str | None, retryable: bool = False, final: bool = False) -> None:
        super().__init__(f"The job couldn't be created. {message}", retryable=retryable)
        self.what = what
        self.final = final


@dataclass
class Creation:
    """The creation of the job of one slice. `fill` adds to the request what the slice adds, `show` reports the phase.

    `orphan` is a job that the API created while the read was cancelled, and that was to be aborted. `is_last`: the job
    is not polled by this read, so that what its other requests miss in the answer is only warned of.
    """

    steps: JobSteps
    context: Context
    fill: Callable[[RequestDraft], None]
    known: KnownJobs
    slot: JobSlot
    cleanup: JobCleanup
    show: Callable[[JobPhase, str | None], None]
    attempt: int = 1
    orphan: Job | None = None
    is_last: bool = False

    async def answer(self, time_limit: float) -> Answer:
        """The API's answer, which has all that the other requests of the job look up in it.

        `time_limit` is how many seconds a job may take. When cancelled while the API creates the job, that is awaited
        for a moment, and the job aborted. Raises `CreationFailed`.
        """
        while True:
            self.show(JobPhase.CREATING, None)
            self.slot.set_state(SlotState.CREATING)
            try:
                answer = await self._complete_answer(time_limit)
            except CreationFailed as failure:
                if failure.what is None or not await self._postpone(failure.what, time_limit + WAITING_BEYOND):
                    failure.retryable &= self.slot.held  # without a slot, no further job is created
                    raise
            else:
                self.known.note(self.context.slice, answer.response)
                return answer

    async def _complete_answer(self, time_limit: float) -> Answer:
        try:
            answer = await self._asked(time_limit)
        except RequestFailed as error:
            what = error.what if _may_be_for_others(error) else None
            final = error.failure_type is FailureType.CONFIG_ERROR
            raise CreationFailed(str(error), what=what, retryable=error.retryable, final=final) from None
        if answer is None:
            message = "The answer to the request is ignored by its error handler, so there is no job to poll."
            raise CreationFailed(message, what=None)
        missing = self.steps.missing_in_creation(answer)
        if missing is not None:
            spoilt = body_of(answer) is None and kind_of(answer.response.content[:1000]) in _SPOILT
            if not spoilt:
                self.known.note(self.context.slice, answer.response)
            message = " ".join(filter(None, [missing, api_explanation(answer)]))
            if self.is_last and not spoilt:
                self.context.log(Level.WARNING, message)
                return answer
            raise CreationFailed(message, what=message, retryable=spoilt)
        return answer

    async def _asked(self, time_limit: float) -> Answer | None:
        creation = asyncio.ensure_future(self.steps.create(self.context, self.fill))
        try:
            return await asyncio.shield(creation)
        except asyncio.CancelledError:
            self.cleanup.hurry()
            if self.steps.can_abort:
                await asyncio.wait([creation], timeout=self.cleanup.patience / 2)
                if creation.done() and not creation.exception() and (answer := creation.result()):
                    self.orphan = Job.of(answer, self.steps, self.context, time_limit, self.attempt)
                    await self.cleanup.abort_when_cancelled(self.orphan)
            creation.cancel()
            raise

    async def _postpone(self, what: str, patience: float) -> bool:
        """Wait until another job has ended, if any was alive; else the refusal is for another reason."""
        competitors = await self.slot.competing_jobs(patience)
        if not competitors:
            if self.slot.refused_alone():
                self.context.log(
                    Level.INFO,
                    "The job is refused although no other is alive: as many as before may run at a time again.",
                )
            return False
        self.known.forget(self.context.slice)
        self._report_refusal(what)
        return await self.slot.retake_after(competitors, patience)

    def _report_refusal(self, what: str) -> None:
        running = self.slot.most_beside
        others = f"{running} others run" if running > 1 else "another one runs"
        others = others if running else "the result of another one is fetched"
        fewer = self.slot.refused_beside_others()
        self.show(JobPhase.WAITING, f"the API refused the job while {others}")
        limit = self.slot.slots.limit
        if not fewer:
            return
        at_most = f"no more than {limit} job{' runs' if limit == 1 else 's run'} at a time from here on"
        if self.slot.slots.refusal_reported:
            self.context.log(Level.INFO, f"The API refused one more job while {others}: {at_most}.")
            return
        self.slot.slots.refusal_reported = True
        self.context.log(
            Level.WARNING,
            f"The API refused the job while {others}, so it waits until one has ended, and {at_most} "
            f"(`max_concurrent_async_job_count: {limit}` in the manifest says so from the start). {what}",
        )


def _may_be_for_others(error: RequestFailed) -> bool:
    """Whether a refusal may be due to other jobs: one that the manifest or its status says is to pass, whatever the
    status (some APIs refuse with 200), or a 4xx that no error handler knows.
    """
    if error.status is None or error.status >= 500 or error.status in _ABOUT_THE_REQUEST:
        return False
    return error.action.repeats or error.unplaced
