"""Asynchronous jobs in a document: an operation that creates one, one that tells its status, and the download."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from core.jobs.statuses import JobStatus
from tui.importing.answers import Place, template_path
from tui.importing.openapi.document import ApiDocument, Operation, plain_path
from tui.importing.openapi.inputs import options_of
from tui.importing.openapi.records import Answer, answer_of
from tui.importing.openapi.requests import PLACE, singular
from tui.importing.openapi.schemas import Schemas, can_be, types_of
from tui.model.status_names import suggested_meaning

_OF_JOBS = re.compile(
    r"report|export|job|extract|quer(?:y|ies)|bulk|execution|\bruns?\b|statement|snapshot|batch|download|task|dump|archive",
    re.I,
)
_STATUS = re.compile(
    r"(?:job|processing|report|export|execution)?(?:status|state)|phase|(?:is)?(?:done|completed?|ready|finished)"
)
_DOWNLOADS = re.compile(r"downloads?|files?|results?|contents?|data|outputs?|records|document|csv|export|body")
_TARGET = re.compile(
    r"(?:.*(?:download|file|result|report|export|signed|output|document|data|archive).*)?(?:ur[il]s?|links?|location|href)",
    re.I,
)
_PLAIN_TARGET = re.compile(r"ur[il]s?|links?|location|href", re.I)
"""An address that is that of the thing itself, unless the job is one that makes something to download."""
_MAKES_FILES = re.compile(r"report|export|extract|download|dump|archive|snapshot", re.I)
_OTHER_LINK = re.compile(
    r"self|status|callback|webhook|cancel|next|prev|html|web|site|image|logo|avatar|error|fail|import|input|source|upload"
    r"|checkpoint|control",
    re.I,
)
_NO_CREATION = re.compile(r"import|upload|cancel|abort|retry|stop\b", re.I)
_NAME = re.compile(r"[\w@$:-]+")
_MOST_POSTS = 5_000
_MOST_PROPERTIES = 300


@dataclass(frozen=True, slots=True)
class Job:
    """A job that a document describes. `place` is the place in the path of `polling` that its id, at `id`, fills.

    `download` is the operation that gives the result, None where the answer to polling has its address, at `target`.
    """

    creation: Operation
    polling: Operation
    place: str
    id: Place
    status: Place
    meanings: dict[str, list[str]]
    download: Operation | None
    target: Place | None

    @property
    def id_template(self) -> str:
        return template_path("creation_response", self.id)


class Jobs:
    """Looks for jobs in a document."""

    def __init__(self, document: ApiDocument, schemas: Schemas) -> None:
        self._document = document
        self._schemas = schemas
        self._children: dict[str, list[Operation]] = {}
        for operation in document.reading.values():
            self._children.setdefault(operation.path.rpartition("/")[0], []).append(operation)

    def found(self) -> list[Job]:
        """The jobs, in the order of the document."""
        posts = [one for one in self._document.operations if one.method == "POST" and _creates(one)]
        return [job for post in posts[:_MOST_POSTS] if (job := self._job_of(post)) is not None]

    def _job_of(self, creation: Operation) -> Job | None:
        polls = list(self._polls(creation))
        if not polls:
            return None
        created = list(self._values(answer_of(self._document, self._schemas, creation)))
        for polling in polls:
            place = PLACE.findall(polling.path)[-1]
            id_place = self._id(created, place, creation)
            if id_place is None:
                continue
            polled = list(self._values(answer_of(self._document, self._schemas, polling)))
            status = next(((path, found) for path, one in polled if (found := _meanings(path, one))), None)
            if status is None:
                continue
            download, target = self._download(polling), _target(polled, creation)
            if download is not None or target is not None:
                return Job(creation, polling, place, id_place, *status, download, None if download else target)
        return None

    def _polls(self, creation: Operation) -> Iterator[Operation]:
        """The operations that may tell the status: those of one thing below the path of the creation."""
        path = plain_path(creation.path)
        for base in dict.fromkeys((path, path.rpartition("/")[0])):
            if not base or base.endswith("}"):
                continue
            for one in self._children.get(base, ()):
                if one.is_one and (base == path or _OF_JOBS.search(one.path)):
                    yield from (two for two in self._children.get(one.path, ()) if two.path.endswith("/status"))
                    yield one

    def _values(self, answer: Answer) -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
        """The values of an answer that is one thing, or has one in an envelope, those at the top first."""
        properties = self._schemas.properties(answer.whole)
        named = [(name, one) for name, one in properties.items() if _NAME.fullmatch(name)][:_MOST_PROPERTIES]
        yield from (((name,), one) for name, one in named)
        for name, one in named:
            if "object" in types_of(one):
                inner = self._schemas.properties(one).items()
                yield from (((name, below), two) for below, two in inner if _NAME.fullmatch(below))

    def _id(
        self, created: list[tuple[tuple[str, ...], dict[str, Any]]], place: str, creation: Operation
    ) -> Place | None:
        wanted = _plain(place)
        one = _plain(singular(next((step for step in reversed(creation.steps) if "{" not in step), "")))
        names = [wanted, f"{one}id", "id", "jobid", "requestid", "uuid", one, "key", "name"]
        found = {
            _plain(path[-1]): path
            for path, schema in reversed(created)
            if can_be(schema, "string", "integer") and "array" not in types_of(schema)
        }
        return next((found[name] for name in names if name in found), None)

    def _download(self, polling: Operation) -> Operation | None:
        path = polling.path.removesuffix("/status")
        below = self._children.get(path, ())
        return next((one for one in below if _DOWNLOADS.fullmatch(_plain(one.path.rpartition("/")[2]))), None)


def _meanings(path: tuple[str, ...], schema: dict[str, Any]) -> dict[str, list[str]] | None:
    """The statuses of a value by what they mean; None when it isn't a status, or not known which one means success."""
    if not _STATUS.fullmatch(_plain(path[-1])):
        return None
    statuses = ["true", "false"] if types_of(schema) == ["boolean"] else list(options_of(schema))
    found: dict[str, list[str]] = {one.value: [] for one in JobStatus}
    for status in statuses:
        meaning = suggested_meaning(status, ".".join(path)) or JobStatus.RUNNING
        found[meaning.value].append(status)
    return found if found[JobStatus.COMPLETED.value] else None


def _creates(operation: Operation) -> bool:
    """Whether an operation may create a job."""
    if operation.is_one or "}" in operation.path.rpartition("/")[2]:
        return False
    return _OF_JOBS.search(operation.words) is not None and not _NO_CREATION.search(operation.words)


def _target(polled: list[tuple[tuple[str, ...], dict[str, Any]]], creation: Operation) -> Place | None:
    """Where the answer to polling has the address of the result."""
    places = [
        path
        for path, schema in polled
        if _TARGET.fullmatch(path[-1]) and not _OTHER_LINK.search(path[-1]) and can_be(schema, "string", "array")
        if not _PLAIN_TARGET.fullmatch(path[-1]) or _MAKES_FILES.search(creation.words)
    ]
    return min(places, key=lambda path: (len(path), len(path[-1]) < len("fileurl")), default=None)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
