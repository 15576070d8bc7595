"""Brings the job of one slice to its end: create, poll on schedule, give up and create again, clear away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import httpx

from core.components.answers import Answer
from core.components.async_retriever import AsyncRetriever, JobStatus, found_instead
from core.components.context import Context
from core.errors import ReadError
from core.events import JobChanged, JobPhase, PollScheduled, StatusMissing, StatusUnmapped
from core.http.messages import time_span
from core.http.policy import FailureType, RequestFailed, retry_after
from core.http.request import Draft
from core.jobs.job import AttemptFailed, Job, JobFailed
from core.jobs.known import KnownJobs
from core.jobs.meanings import StatusMeanings
from core.jobs.schedule import PollSchedule
from core.levels import Level

ATTEMPTS = 3
"""How often a job is created for one slice, in all (Airbyte's number)."""
POLL_FAILURES = 3
"""Failed polls in a row, each after its own retries, that end an attempt."""
GRACE = 5.0
"""Seconds that a poll which is under way at the deadline is given to be answered."""
TIDYING_LIMIT = 30.0
"""Seconds that a server may take to abort or delete a job."""
LEAVING_LIMIT = 3.0
"""Seconds that everything may take which is still asked of the server when a read is cancelled."""


@dataclass
class JobLife:
    """The job of one slice. `fill` adds to the creation request what the slice adds.

    `mapped` may grow while the job runs: it is looked at before the manifest's mapping, and what comes in while the
    next poll is awaited judges the last answer anew. `warned` holds the statuses
    that the stream was already warned about, `most_attempts` is how often the job is created, in all. A job of `known`
    is followed in the first attempt.
    """

    retriever: AsyncRetriever
    context: Context
    fill: Callable[[Draft], None]
    mapped: StatusMeanings = field(default_factory=StatusMeanings)
    warned: set[str] = field(default_factory=set)
    most_attempts: int = ATTEMPTS
    known: KnownJobs = field(default_factory=KnownJobs)
    attempts: int = 0
    job: Job | None = None
    _leave_by: float | None = None
    _judged_at: int = 0
    """How much had been said of statuses when the last answer was judged."""

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
                if self.is_last_attempt:
                    raise JobFailed(self._farewell(str(failure))) from None
                await self._before_next_attempt(failure)

    @property
    def is_last_attempt(self) -> bool:
        """Whether the job is not created once more."""
        return self.attempts >= self.most_attempts

    async def poll_again(self) -> Job:
        """Ask a completed job once more, for fresh download targets; wait for it when it is running again.

        Raises `ReadError`.
        """
        assert self.job is not None
        await self._follow(self.job, at_once=True)
        return self.job

    def leave(self) -> None:
        """The read was cancelled: whatever is still asked of the server is asked for a few seconds only."""
        self._leave_by = self._leave_by or time.monotonic() + LEAVING_LIMIT

    async def clear_away(self) -> None:
        """Delete the job on the server, when the manifest says how; a failure is a warning."""
        job = self.job
        if job is None or job.deleted or self.retriever.delete_requester is None:
            return
        job.deleted = True
        if await self._tidy(job, "deleted", self.retriever.delete):
            self.known.forget(self.context.slice)

    def show(self, phase: JobPhase, detail: str | None = None) -> None:
        """Tell what the job is doing now."""
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
        creation = self.known.creation(self.context.slice) if self.attempts == 1 else None
        if creation is not None:
            return await self._follow_known(creation)
        self.show(JobPhase.CREATING)
        job = await self._create()
        await self._follow(job)
        return job

    async def _follow_known(self, creation: httpx.Response) -> Job:
        job = self._begin(self.retriever.answer(creation), self.retriever.timeout(self.context), known=True)
        self.context.log(Level.INFO, f"The job {_named(job)} of an earlier read is followed; no new one is created.")
        await self._follow(job, at_once=True)
        return job

    def _begin(self, creation: Answer, time_limit: float, *, known: bool = False) -> Job:
        context = self.context.with_variables(creation_response=creation.variables)
        self.job = Job(self.attempts, context, creation, time.monotonic(), time_limit, known=known)
        self.show(JobPhase.RUNNING)
        return self.job

    async def _follow(self, job: Job, *, at_once: bool = False) -> None:
        """Poll a job until it came to a good end; when it doesn't, it is cleared away."""
        try:
            await self._poll_to_the_end(job, 0.0 if at_once else None)
        except asyncio.CancelledError:
            await self._abort_when_leaving(job)
            raise
        except JobFailed:
            await self._abort(job)
            await self.clear_away()
            raise
        except AttemptFailed:
            await self.clear_away()
            raise

    async def _create(self) -> Job:
        time_limit = self.retriever.timeout(self.context)
        try:
            answer = await self._created(time_limit)
        except RequestFailed as error:
            self.show(JobPhase.FAILED, str(error))
            if error.retryable:
                raise AttemptFailed(f"The job couldn't be created. {error}") from None
            final = error.failure_type is FailureType.CONFIG_ERROR
            raise JobFailed(self._farewell(f"The job couldn't be created. {error}"), final=final) from None
        if answer is None:
            raise JobFailed(
                self._farewell(
                    "The answer to the creation is ignored by its error handler, so there is no job to poll."
                )
            )
        self.known.note(self.context.slice, answer.response)
        return self._begin(answer, time_limit)

    async def _created(self, time_limit: float) -> Answer | None:
        """The answer to the creation. When cancelled meanwhile, it is awaited so that the job can be aborted."""
        creation = asyncio.ensure_future(self.retriever.create(self.context, self.fill))
        try:
            return await asyncio.shield(creation)
        except asyncio.CancelledError:
            self.leave()
            if self.retriever.abort_requester is not None:
                await asyncio.wait([creation], timeout=self._patience / 2)
                if creation.done() and not creation.exception() and (answer := creation.result()):
                    context = self.context.with_variables(creation_response=answer.variables)
                    self.job = Job(self.attempts, context, answer, time.monotonic(), time_limit)
                    await self._abort_when_leaving(self.job)
            creation.cancel()
            raise

    async def _poll_to_the_end(self, job: Job, first_wait: float | None = None) -> None:
        schedule = PollSchedule(self.retriever.polling_interval)
        asked_for = _asked_wait(job.creation) if first_wait is None else first_wait
        failures = 0
        while True:
            if await self._settled_while_waiting(job, schedule.wait(asked_for)):
                return
            asked_for = None
            try:
                answer = await self._poll(job)
            except RequestFailed as error:
                failures += 1
                self._judge_failed_poll(error, failures)
                continue
            if answer is not None:
                failures = 0
                asked_for = _asked_wait(answer)
                if await self._settled(job, answer):
                    return
            if time.monotonic() >= job.deadline:
                await self._time_out(job, f"not finished after {time_span(job.timeout)}")

    async def _settled_while_waiting(self, job: Job, wait: float) -> bool:
        """Wait for the next poll; whether what was said of its status meanwhile brought the job to a good end.

        Raises `AttemptFailed` when it brought it to a bad one.
        """
        wait = max(0.0, min(wait, job.deadline - time.monotonic()))
        due = time.monotonic() + wait
        while await self._heard_before(job, wait):
            self._judged_at = self.mapped.times
            if job.polling is not None and await self._settled(job, job.polling):
                return True
            wait = max(0.0, due - time.monotonic())
        return False

    async def _heard_before(self, job: Job, wait: float) -> bool:
        """Whether a person said something of a status before so many seconds were over."""
        self.context.emit(
            PollScheduled(
                stream=self.context.stream,
                slice=self.context.slice,
                attempt=job.attempt,
                polls=job.polls,
                wait=wait,
            )
        )
        heard = asyncio.ensure_future(self.mapped.said_since(self._judged_at))
        over = asyncio.ensure_future(self.context.run.sleep(wait))
        try:
            await asyncio.wait((heard, over), return_when=asyncio.FIRST_COMPLETED)
            if over.done():
                over.result()
            return heard.done()
        finally:
            heard.cancel()
            over.cancel()

    async def _poll(self, job: Job) -> Answer | None:
        limit = max(job.deadline - time.monotonic(), 0.0) + GRACE
        try:
            async with asyncio.timeout(limit):
                answer = await self.retriever.poll(job.context)
        except TimeoutError:
            await self._time_out(job, "a poll was not answered before the job's time was over")
            return None
        if answer is not None:
            job.polled(answer)
        return answer

    def _judge_failed_poll(self, error: RequestFailed, failures: int) -> None:
        if error.failure_type is FailureType.CONFIG_ERROR:
            raise JobFailed(self._farewell(f"Polling is refused. {error}"), final=True)
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
            self.show(JobPhase.FAILED)
            raise AttemptFailed("The API reports that the job failed.", by_api=True)
        if status is JobStatus.TIMEOUT:
            await self._time_out(job, "the API reports that it took too long")
        job.over = True
        job.skipped = status is JobStatus.SKIPPED
        self.show(JobPhase.SKIPPED if job.skipped else JobPhase.COMPLETED)
        return True

    def _meaning(self, job: Job, answer: Answer) -> JobStatus:
        retriever = self.retriever
        found = retriever.status(answer, job.context)
        job.api_status = found
        self._judged_at = self.mapped.times
        text = "None" if found is None else found
        meaning = self.mapped.get(text) or retriever.status_mapping.meaning(text)
        if meaning is None:
            self._warn_of_status(found, answer)
            return JobStatus.RUNNING
        return meaning

    def _warn_of_status(self, status: str | None, answer: Answer) -> None:
        key = "" if status is None else status
        if key in self.warned:
            return
        self.warned.add(key)
        place = self.retriever.status_place()
        if status is None:
            instead = found_instead(answer, self.retriever.status_extractor)
            stream, slice_ = self.context.stream, self.context.slice
            self.context.emit(StatusMissing(stream=stream, slice=slice_, place=place, found=instead))
            self.context.log(
                Level.WARNING,
                f"There is no status at {place} in the answer to polling: {instead}. The job counts as running.",
            )
            return
        mapping = self.retriever.status_mapping.describe()
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
        self.show(JobPhase.TIMED_OUT, reason)
        await self._abort(job)
        raise AttemptFailed(f"The job timed out: {reason}.")

    # Ending a job

    async def _abort(self, job: Job) -> None:
        if job.over:
            return
        job.over = True
        if await self._tidy(job, "aborted", self.retriever.abort):
            self.known.forget(self.context.slice)
            self.show(JobPhase.ABORTED)
            self.context.log(Level.INFO, f"The job {_named(job)} was aborted on the server.")

    async def _abort_when_leaving(self, job: Job) -> None:
        self.leave()
        await self._abort(job)
        if self.retriever.abort_requester is None:
            self.context.log(
                Level.WARNING,
                f"The job {_named(job)} goes on running on the server: the stream has no abort request.",
            )

    async def _tidy(self, job: Job, what: str, ask: Callable[[Context], Awaitable[bool]]) -> bool:
        """Whether the server was asked and did it; that it can't is a warning, and it isn't waited for long."""
        limit = self._patience
        try:
            async with asyncio.timeout(limit):
                return await ask(job.context)
        except TimeoutError:
            reason = f"it didn't answer within {limit:.2g} seconds."
        except ReadError as error:
            reason = str(error)
        self.context.log(Level.WARNING, f"The job {_named(job)} couldn't be {what} on the server: {reason}")
        return False

    @property
    def _patience(self) -> float:
        """Seconds that the server is given."""
        return TIDYING_LIMIT if self._leave_by is None else max(0.0, self._leave_by - time.monotonic())

    async def _before_next_attempt(self, failure: AttemptFailed) -> None:
        wait = PollSchedule(self.retriever.polling_interval).wait()
        if failure.by_api:
            asked = self.retriever.failed_wait(self.context)
            wait = wait if asked is None else asked
        left = self.most_attempts - self.attempts
        self.context.log(
            Level.WARNING,
            f"{failure} It is created again in {wait:.3g} s ({left} more of {self.most_attempts} attempts).",
        )
        await self.context.run.sleep(wait)

    def _farewell(self, reason: str) -> str:
        """Everything that people need to look into a failed job."""
        job = self.job
        slice_ = dict(self.context.slice or {})
        parts = [f"Stream `{self.context.stream}`"]
        if slice_:
            parts.append(f"slice {slice_}")
        if job is not None and job.id:
            parts.append(f"job `{job.id}`")
        tries = "1 attempt" if self.attempts == 1 else f"{self.attempts} attempts"
        text = f"{', '.join(parts)}: given up after {tries}. {reason}"
        if job is not None and job.api_status is not None:
            text += f" The last status was `{job.api_status}`."
        if job is not None:
            body = " ".join((job.polling or job.creation).response.text.split())
            shortened = body if len(body) <= 500 else body[:500] + " ..."
            text += f" The API's last answer: {shortened or '(empty)'}"
        return text


def _asked_wait(answer: Answer) -> float | None:
    """Seconds until the server wants to be polled; it asks for nothing when it says 0."""
    return retry_after(answer.response) or None


def _named(job: Job) -> str:
    return f"`{job.id}`" if job.id else f"of attempt {job.attempt}"
