"""One job on the API, from its creation to its end."""

from __future__ import annotations

from dataclasses import dataclass

from core.components.answers import Answer
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

    `final` says that the whole stream can't go on (the credentials are refused).
    """

    def __init__(self, message: str, *, final: bool = False) -> None:
        super().__init__(message)
        self.final = final


@dataclass(slots=True)
class Job:
    """A job that exists on the API: what it answered, and how often it was asked.

    `context` is the slice's, with `creation_response` and after a poll `polling_response`. Times are those of the
    event loop's clock. `known`: an earlier read created it.
    """

    attempt: int
    context: Context
    creation: Answer
    created: float
    timeout: float
    polling: Answer | None = None
    polls: int = 0
    api_status: str | None = None
    skipped: bool = False
    over: bool = False
    deleted: bool = False
    known: bool = False

    @property
    def id(self) -> str | None:
        """The API's own id, where its answer to the creation names one."""
        return job_id(self.creation)

    @property
    def deadline(self) -> float:
        """When the job is given up."""
        return self.created + self.timeout

    def polled(self, answer: Answer) -> None:
        """Take note of an answer to a poll."""
        self.polling = answer
        self.polls += 1
        self.context = self.context.with_variables(polling_response=answer.variables)
