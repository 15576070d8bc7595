"""One job on the API, from its creation to its end."""

from __future__ import annotations

import time
from dataclasses import dataclass

from core.components.answers import Answer
from core.components.async_retriever import AsyncRetriever
from core.components.context import Context
from core.errors import ReadError
from core.jobs.naming import job_id


class AttemptFailed(ReadError):
    """An attempt at a job came to nothing; a new job may do better. `by_api`: the API itself called it failed."""

    def __init__(self, message: str, *, by_api: bool = False) -> None:
        super().__init__(message, retryable=True)
        self.by_api = by_api


class JobFailed(ReadError):
    """A slice's job is given up, after all attempts or at once.

    `where` names stream, slice and job for the text; `reason` is the rest of it. `final` says that the whole stream
    can't go on (the credentials are refused).
    """

    def __init__(self, where: str, reason: str, *, job_id: str | None = None, final: bool = False) -> None:
        super().__init__(f"{where}: {reason}")
        self.reason = reason
        self.job_id = job_id
        self.final = final


@dataclass(slots=True)
class Job:
    """A job that exists on the API: what it answered, and how often it was asked.

    `context` is the slice's, with `creation_response` and after a poll `polling_response`. `id` is the API's own, where
    its answer to the creation names one. Times are those of the event loop's clock. `known`: an earlier read created
    it.
    """

    attempt: int
    context: Context
    creation: Answer
    created: float
    timeout: float
    id: str | None = None
    polling: Answer | None = None
    polls: int = 0
    api_status: str | None = None
    skipped: bool = False
    over: bool = False
    aborted: bool = False
    deleted: bool = False
    known: bool = False

    @classmethod
    def of(
        cls,
        creation: Answer,
        retriever: AsyncRetriever,
        context: Context,
        timeout: float,
        attempt: int = 1,
        *,
        known: bool = False,
    ) -> Job:
        """The job that an answer to a creation is about."""
        return cls(
            attempt=attempt,
            context=context.with_variables(creation_response=creation.variables),
            creation=creation,
            created=time.monotonic(),
            timeout=timeout,
            id=job_id(creation, retriever.id_lookups()),
            known=known,
        )

    @property
    def name(self) -> str:
        """What the job is called in sentences."""
        return f"`{self.id}`" if self.id else f"of attempt {self.attempt}"

    @property
    def deadline(self) -> float:
        """When the job is given up."""
        return self.created + self.timeout

    def polled(self, answer: Answer) -> None:
        """Take note of an answer to a poll."""
        self.polling = answer
        self.polls += 1
        self.context = self.context.with_variables(polling_response=answer.variables)
