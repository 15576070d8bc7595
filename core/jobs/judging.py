"""What the status in an answer means, and what is said when it means nothing that is known."""

from __future__ import annotations

from dataclasses import dataclass

from core.events import StatusMissing, StatusUnmapped
from core.jobs.answers import Answer
from core.jobs.job import Job
from core.jobs.settings import JobSettings
from core.jobs.statuses import JobStatus
from core.jobs.steps import JobSteps
from core.levels import Level
from core.runtime.context import Context


@dataclass
class StatusJudge:
    """Reads the statuses of the jobs of one slice. What was said of one while the jobs run wins over the manifest."""

    steps: JobSteps
    context: Context
    settings: JobSettings
    judged_at: int = 0
    """How much had been said of statuses when the last answer was judged."""

    async def meaning(self, job: Job, answer: Answer) -> JobStatus:
        """What an answer says about a job; a status that is missing or unknown is warned of once, and means running."""
        found = await self.steps.status(answer, job.context)
        job.api_status = found
        if self.settings.known is not None:
            self.settings.known.note_status(self.context.slice, found)
        self.judged_at = self.settings.mapped.changes
        text = "None" if found is None else found
        meaning = self.mapped(text)
        if meaning is None:
            self._warn_of_status(found, answer)
            return JobStatus.RUNNING
        self.settings.warned.discard(_key(found))  # should its meaning be taken away, that is worth a word
        return meaning

    def mapped(self, status: str) -> JobStatus | None:
        """The meaning of a status; None when nobody gave it one."""
        said = self.settings.mapped
        return said.get(status) if status in said else self.steps.meaning(status)

    def _warn_of_status(self, status: str | None, answer: Answer) -> None:
        if _key(status) in self.settings.warned:
            return
        self.settings.warned.add(_key(status))
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

    def last_status(self, job: Job | None) -> str:
        """The last status of the job and what it means, as a sentence; empty before its first poll."""
        if job is None or not job.polls:
            return ""
        if job.api_status is None:
            return f"The job had no status at {self.steps.status_place()}."
        meaning = self.mapped(job.api_status)
        mapped = f"mapped as {meaning}" if meaning else "which is not mapped"
        return f"The job had the last status `{job.api_status}`, {mapped}."


def _key(status: str | None) -> str:
    """What a status is called among those that were warned of."""
    return "" if status is None else status
