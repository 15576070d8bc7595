"""One job on the API: from its creation to its end, and its name there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import ReadError
from core.jobs.answers import Answer
from core.jobs.known import KnownJob
from core.jobs.steps import JobSteps
from core.runtime.context import Context
from core.templates.lookups import Lookup

ID_KEYS = (
    *("id", "jobid", "reportid", "exportid", "reportrequestid", "queryexecutionid", "executionid", "statementid"),
    *("statementhandle", "progressid", "taskid", "operationid", "runid", "batchid", "queryid", "bulkoperationid"),
)
"""How APIs call the id of a job, without case and separators; the first that is there counts."""
LESSER_KEYS = ("requestid", "uuid", "guid", "handle", "token", "name", "job", "report", "export")
"""What else may name a job, where none of the others does."""

_DEPTH = 3
_LONGEST = 200
_ADDRESSES = ("http://", "https://", "/")
_BESIDE = ("status_code", "request")
"""Variables of an answer that never hold an id."""


def job_id(answer: Answer, used: Iterable[Lookup] = ()) -> str | None:
    """The id in the answer to a creation, else the end of its `Location`; None when there is neither.

    `used` is what the requests for starting and polling look up in the answer: an id that is asked for by is the id,
    and an address that is asked for ends with it.
    """
    asked = {
        _plain(lookup.steps[-1][0]): value
        for lookup in used
        if lookup.steps[0][0] not in _BESIDE and (value := _scalar(lookup.value({lookup.root: answer.variables})))
    }
    ids = {name: value for name, value in asked.items() if not value.startswith(_ADDRESSES)}
    if ids:
        return next((ids[name] for name in (*ID_KEYS, *LESSER_KEYS) if name in ids), next(iter(ids.values())))
    element = answer.elements[0] if answer.elements else None
    found = _search(element, ID_KEYS, 1) or _end_of(next(iter(asked.values()), ""))
    below = found or _search(element, ID_KEYS, _DEPTH) or _search(element, LESSER_KEYS, _DEPTH)
    return below or _end_of(answer.response.headers.get("location", "")) or None


def _end_of(address: str) -> str:
    """The last part of the path of an address, which often is an id."""
    return address.partition("?")[0].rstrip("/").rpartition("/")[2]


def _search(value: Any, keys: Iterable[str], depth: int) -> str | None:
    """Look at the keys of this level before those of the levels below; of a list at its first item."""
    if isinstance(value, list):
        value = value[0] if value else None
    if not isinstance(value, Mapping) or depth == 0:
        return None
    by_name = {_plain(key): item for key, item in value.items()}
    for key in keys:
        found = _scalar(by_name.get(key))
        if found is not None:
            return found
    below = (_search(item, keys, depth - 1) for item in value.values())
    return next((text for text in below if text is not None), None)


def _plain(key: Any) -> str:
    return str(key).lower().replace("_", "").replace("-", "")


def _scalar(value: Any) -> str | None:
    """A text or number that may be an id."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return None
    text = str(value).strip()
    return text if text and len(text) <= _LONGEST and text.isprintable() else None


class AttemptFailed(ReadError):
    """An attempt at a job came to nothing; a new job may do better. `by_api`: the API itself called it failed."""

    def __init__(self, message: str, *, by_api: bool = False) -> None:
        super().__init__(message, retryable=True)
        self.by_api = by_api


class JobGone(AttemptFailed):
    """The API does not let itself be asked about the job of an earlier run. `for_good`: there is no such job."""

    def __init__(self, message: str, *, for_good: bool) -> None:
        super().__init__(message)
        self.for_good = for_good


class JobDetached(Exception):
    """The slice's job is left for a later run: it runs on the server, or there is no room yet to create it."""


class HopelessJob(ReadError):
    """A job came to nothing, and another attempt would do no better. `final`: nor would other jobs of the stream."""

    def __init__(self, message: str, *, final: bool = False) -> None:
        super().__init__(message)
        self.final = final


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

    `context` is the slice's, with `creation_response`, `start_response` and `polling_response`; before the first poll,
    the latter is the answer to what came before it. `id` is the API's own, where its answer to the creation names one.
    Times are those of the event loop's clock. `known`: an earlier read created it.
    """

    attempt: int
    context: Context
    creation: Answer
    created: float
    timeout: float
    last_progress: float = 0.0
    """When records came of it last: the job is given up when nothing has for its `timeout`."""
    id: str | None = None
    start: Answer | None = None
    polling: Answer | None = None
    polls: int = 0
    api_status: str | None = None
    skipped: bool = False
    over: bool = False
    aborted: bool = False
    deleted: bool = False
    known: bool = False
    has_started: bool = False

    @classmethod
    def of(cls, creation: Answer, steps: JobSteps, context: Context, timeout: float, attempt: int = 1) -> Job:
        """The job that an answer to a creation is about, which came just now."""
        return cls(
            attempt=attempt,
            context=context.with_variables(
                creation_response=creation.variables,
                start_response={},
                polling_response=creation.variables,
            ),
            creation=creation,
            created=context.run.monotonic(),
            timeout=timeout,
            id=job_id(creation, steps.id_lookups()),
        )

    @classmethod
    async def of_known(
        cls,
        known: KnownJob,
        steps: JobSteps,
        context: Context,
        limit: float = 0.0,
        attempt: int = 1,
        *,
        age: float = 0.0,
    ) -> Job:
        """The job of an earlier read, which created it `age` seconds ago and may have started it."""
        job = cls.of(await steps.answer(known.creation, context), steps, context, limit, attempt)
        job.known = True
        job.created -= age
        if known.started:
            job.started(None if known.start is None else await steps.answer(known.start, context))
        return job

    @property
    def name(self) -> str:
        """What the job is called in sentences."""
        return f"`{self.id}`" if self.id else f"of attempt {self.attempt}"

    @property
    def deadline(self) -> float:
        """When the job is given up."""
        return max(self.created, self.last_progress) + self.timeout

    @property
    def answers(self) -> dict[str, Any]:
        """What the requests of the job gave, under the names that templates know it by."""
        names = ("creation_response", "start_response", "polling_response")
        return {name: self.context.variables[name] for name in names}

    @property
    def last_answer(self) -> Answer:
        """What the API answered last: to a poll, else to the start or the creation."""
        return self.polling or self.start or self.creation

    def progressed(self) -> None:
        """Take note that records came of it."""
        self.last_progress = self.context.run.monotonic()

    def started(self, answer: Answer | None) -> None:
        """Take note that the API runs the job; its time begins, unless it began in an earlier run."""
        self.has_started = True
        self.created = self.created if self.known else self.context.run.monotonic()
        if answer is not None:
            self.start = answer
            self.context = self.context.with_variables(
                start_response=answer.variables, polling_response=answer.variables
            )

    def polled(self, answer: Answer) -> None:
        """Take note of an answer to a poll."""
        self.polls += 1
        self.recall(answer)

    def recall(self, answer: Answer) -> None:
        """Take over the answer to the last poll, of this read or an earlier one."""
        self.polling = answer
        self.context = self.context.with_variables(polling_response=answer.variables)
