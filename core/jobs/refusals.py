"""What happens when the API refuses to create or start a job: who may be why, and how long that is waited for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.errors import ReadError
from core.events import JobPhase
from core.http.policy import Action, FailureType, RequestFailed
from core.jobs.download_turns import DownloadTurn
from core.jobs.job import JobDetached
from core.jobs.slots import CompetingJob, JobSlot
from core.levels import Level
from core.runtime.context import Context

WAITING_BEYOND = 60.0
"""Seconds beyond its time limit within which every live job has ended: it is polled, aborted, created again."""

_ABOUT_THE_REQUEST = frozenset({404, 405, 406, 410, 411, 413, 414, 415, 431})
"""Statuses that blame the request itself, whatever else runs on the API."""


class StepFailed(ReadError):
    """A job couldn't be created or started. `final`: no other job of the stream can be, either.

    `what` says in a sentence what the API answered; None when other jobs can't be why. `passes`: the manifest, or the
    status of the answer, says that it does not stay so.
    """

    def __init__(
        self, message: str, *, what: str | None, retryable: bool = False, final: bool = False, passes: bool = False
    ) -> None:
        super().__init__(message, retryable=retryable)
        self.what = what
        self.final = final
        self.passes = passes
        self.asked_wait: float | None = None
        """Seconds that the server asks to wait before the next attempt."""

    @classmethod
    def of(cls, prefix: str, error: RequestFailed) -> StepFailed:
        """The failure of a step because of its request; `prefix` is the sentence that says which step it is."""
        may_be_for_others = _may_be_for_others(error)
        return cls(
            f"{prefix} {error}",
            what=error.what if may_be_for_others else None,
            retryable=error.retryable,
            final=error.failure_type is FailureType.CONFIG_ERROR,
            passes=may_be_for_others and error.action in (Action.RETRY, Action.RATE_LIMITED),
        )


@dataclass
class Refusals:
    """Puts off what the API refuses beside other jobs. `show` reports the phase that the job is in.

    `detach`: it is put off to a later run. `turn` is the slice's to download, where results are fetched in order.
    """

    context: Context
    slot: JobSlot
    show: Callable[[JobPhase, str | None], None]
    detach: bool = False
    turn: DownloadTurn | None = None

    async def competitors(self, patience: float) -> list[CompetingJob]:
        """The jobs that may be why; without any, the API refuses the job for another reason.

        Jobs that are being created are waited for, for `patience` seconds at most.
        """
        competitors = await self.slot.competing_jobs(patience)
        if not competitors and self.slot.refused_alone():
            self.context.log(
                Level.INFO,
                "The job is refused although no other is alive: as many as before may run at a time again.",
            )
        return competitors

    async def outlast(self, competitors: list[CompetingJob], what: str, phase: JobPhase, patience: float) -> bool:
        """Wait until one of them has ended; False when none does within `patience` seconds.

        `what` is what the API answered, `phase` is shown meanwhile. The slot is left to others until then, and so is
        the turn: the job of a slice behind may be why, and end only once it is downloaded. Raises `JobDetached`.
        """
        self._report(what, phase)
        if self.detach:
            raise JobDetached
        if self.turn is not None:
            self.turn.end()
        return await self.slot.retake_after(competitors, patience)

    def _report(self, what: str, phase: JobPhase) -> None:
        running = self.slot.most_beside
        others = f"{running} others run" if running > 1 else "another one runs"
        others = others if running else "the result of another one is fetched"
        fewer = self.slot.refused_beside_others()
        self.show(phase, f"the API refused the job while {others}")
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
