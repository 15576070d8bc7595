"""Cleans up jobs that are not wanted any more: they are aborted, deleted, or at least named, without a long wait."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from core.errors import ReadError
from core.http.policy import RequestFailed
from core.jobs.job import Job
from core.jobs.known import KnownJob, KnownJobs
from core.jobs.statuses import JobStatus
from core.jobs.steps import JobSteps
from core.levels import Level
from core.runtime.context import Context

CLEANUP_LIMIT = 30.0
"""Seconds that a server may take to abort or delete a job."""
GONE = frozenset({404, 410})
"""What a server answers about a job that it does not know any more."""
CANCELLED_LIMIT = 3.0
"""Seconds that all requests together may take that are still sent when a read is cancelled."""


async def clear_away(steps: JobSteps, context: Context, known: KnownJob) -> str:
    """Abort and delete a job that no read follows, as far as the manifest says how; what came of it, as a clause.

    Raises `ReadError` when the job may still run.
    """
    if not steps.can_abort and not steps.can_delete:
        raise ReadError("the stream has no abort request and no delete request, so it goes on running on the server")
    job = await Job.of_known(known, steps, context)
    verbs = (("abort", steps.can_abort, steps.abort), ("delete", steps.can_delete, steps.delete))
    done, refused = [], None
    for name, can, ask in verbs:
        verb, missing = f"{name.removesuffix('e')}ed", _missing(steps, job, f"{name}_requester")
        if missing is not None:
            raise ReadError(f"it couldn't be {verb}: {missing}")
        try:
            async with asyncio.timeout(CLEANUP_LIMIT):
                done += [verb] if can and await ask(job.context) else []
        except TimeoutError:
            raise ReadError(f"it couldn't be {verb}: there was no answer within {CLEANUP_LIMIT:g} seconds") from None
        except RequestFailed as error:
            if error.status in GONE:
                return "was gone already"
            refused = ReadError(f"it couldn't be {verb}: {error}")
    if refused is not None and not done and not await _is_over(steps, job):
        raise refused
    return f"was {' and '.join(done)} on the server" if done else "was over already"


def _missing(steps: JobSteps, job: Job, requester: str) -> str | None:
    """What a requester, if there is one, needs of the answers to creation and start and doesn't find there."""
    missing = steps.missing_in_creation(job.creation, requester)
    return missing if missing is not None or job.start is None else steps.missing_in_start(job.start, requester)


async def _is_over(steps: JobSteps, job: Job) -> bool:
    """Whether the API says that there is nothing to abort any more."""
    try:
        async with asyncio.timeout(CLEANUP_LIMIT):
            answer = await steps.poll(job.context, lambda status: steps.meaning(status) is not None)
    except TimeoutError:
        return False
    except RequestFailed as error:
        return error.status in GONE
    status = None if answer is None else await steps.status(answer, job.context)
    return status is not None and steps.meaning(status) not in (None, JobStatus.RUNNING)


@dataclass
class JobCleanup:
    """Aborts and deletes the jobs of one slice. A job that is gone is none of the `known` any more."""

    steps: JobSteps
    context: Context
    known: KnownJobs
    _hurry_until: float | None = None

    @property
    def patience(self) -> float:
        """Seconds that the server is given."""
        return CLEANUP_LIMIT if self._hurry_until is None else max(0.0, self._hurry_until - time.monotonic())

    @property
    def leaves_job(self) -> bool:
        """Whether a later run finds the job and can follow it, so that it need not be cleared away."""
        lasts = self.known.lasting and not self.steps.takes_records
        return lasts and self.known.find(self.context.slice) is not None

    def hurry(self) -> None:
        """The read was cancelled: what is still requested of the server gets a few seconds only."""
        self._hurry_until = self._hurry_until or time.monotonic() + CANCELLED_LIMIT

    async def abort(self, job: Job) -> bool:
        """Whether a job that is not over was aborted on the server."""
        if job.over:
            return False
        job.over = True
        job.aborted = await self._ask(job, "abort", self.steps.abort)
        if not job.aborted:
            return False
        self.known.forget(self.context.slice)
        self.context.log(Level.INFO, f"The job {job.name} was aborted on the server.")
        return True

    async def abort_when_cancelled(self, job: Job) -> bool:
        """Abort a job because the read was cancelled; say so when the manifest doesn't say how."""
        self.hurry()
        aborted = await self.abort(job)
        if not self.steps.can_abort:
            left = f"The job {job.name} goes on running on the server: the stream has no abort request."
            left += " The next run with the same state follows it." if self.leaves_job else ""
            self.context.log(Level.WARNING, left)
        return aborted

    async def discard(self, job: Job) -> None:
        """Clear away, as far as the manifest says how, a job that is too old to be followed; it may be gone already."""
        for can, ask in (
            (self.steps.can_abort, self.steps.abort),
            (self.steps.can_delete, self.steps.delete),
        ):
            if can:
                with suppress(ReadError, TimeoutError):
                    async with asyncio.timeout(self.patience):
                        await ask(job.context)
        self.known.forget(self.context.slice)

    async def delete(self, job: Job) -> None:
        """Delete a job on the server, once, when the manifest says how; a failure is a warning."""
        if job.deleted or not self.steps.can_delete:
            return
        job.deleted = True
        if await self._ask(job, "delete", self.steps.delete):
            self.known.forget(self.context.slice)

    async def _ask(self, job: Job, verb: str, ask: Callable[[Context], Awaitable[bool]]) -> bool:
        """Whether the server was asked and did it; that it can't is a warning, and it isn't waited for long."""
        limit = self.patience
        reason = _missing(self.steps, job, f"{verb}_requester")
        if reason is None:
            try:
                async with asyncio.timeout(limit):
                    return await ask(job.context)
            except TimeoutError:
                reason = f"it didn't answer within {limit:.2g} seconds."
            except ReadError as error:
                reason = str(error)
        self.context.log(Level.WARNING, f"The job {job.name} couldn't be {verb.rstrip('e')}ed on the server: {reason}")
        return False


async def clear_away_kept(known: KnownJobs, steps_of: Callable[[str], JobSteps | None], context: Context) -> None:
    """Abort and delete the jobs that earlier reads have left on the server, as far as the manifest says how.

    `steps_of` and `context` are those of the stream. All of it takes a few seconds at most, as at the end of a read
    that is cancelled.
    """
    for slice_, left in known.kept:
        known.keep(slice_, None, kept=False, over=left.over)
        own = context.for_slice(slice_)
        try:
            steps = steps_of(left.way)
            if steps is None:
                continue
            job = await Job.of_known(left, steps, own)
        except ReadError as error:
            reason = str(error).rstrip(".")
            context.log(Level.WARNING, f"A job that was left on the server is not aborted: {reason}.")
            continue
        job.over = left.over
        cleanup = JobCleanup(steps, own, known)
        cleanup.hurry()
        await cleanup.abort(job)
        await cleanup.delete(job)
