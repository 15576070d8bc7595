"""The steps of a job, as the manifest describes them: what the life of a job needs of a retriever."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import httpx

from core.http.request import RequestDraft
from core.jobs.answers import Answer
from core.jobs.statuses import JobStatus
from core.runtime.context import Context
from core.runtime.page_reader import Sink
from core.runtime.roles import Renew
from core.templates.lookups import Lookup


class JobSteps(Protocol):
    """Creates a job on the API, asks for its status, fetches its result and clears it away, one request at a time."""

    @property
    def polling_interval(self) -> float | None:
        """Seconds between polls; None: the schedule's own."""

    @property
    def takes_records(self) -> bool:
        """Whether records come with the answers to polling."""

    @property
    def takes_responses(self) -> bool:
        """Whether records are found in responses as a whole, not in what is decoded of them."""

    @property
    def has_download(self) -> bool:
        """Whether there is something to download when the job is done."""

    @property
    def has_start(self) -> bool:
        """Whether a job that was created has to be started."""

    @property
    def can_abort(self) -> bool:
        """Whether the manifest says how to stop a job on the server."""

    @property
    def can_delete(self) -> bool:
        """Whether the manifest says how to remove a job from the server."""

    def timeout(self, context: Context) -> float:
        """Seconds until an unfinished job is given up. Raises `ReadError`."""

    def reuse_limit(self, context: Context) -> float:
        """Seconds for which a later run follows a job; 0: it never does. Raises `ReadError`."""

    def fingerprint(self, context: Context, fill: Callable[[RequestDraft], None]) -> str:
        """Equal for two jobs of a slice that are asked for alike; `fill` adds what the slice adds."""

    def failed_wait(self, context: Context) -> float | None:
        """Seconds until a failed job is created again; None when the manifest doesn't say. Raises `ReadError`."""

    async def answer(self, response: httpx.Response, context: Context) -> Answer:
        """The API's answer to a creation, a poll, or the question for targets. Raises `ReadError`."""

    async def create(self, context: Context, fill: Callable[[RequestDraft], None]) -> Answer | None:
        """Create a job; `fill` adds what the slice adds. None when the error handler ignores the answer."""

    async def start(self, context: Context) -> Answer | None:
        """Start the job; `context` has the creation's answer. None when the error handler ignores the answer."""

    async def poll(self, context: Context, is_mapped: Callable[[str], bool]) -> Answer | None:
        """Ask how the job is doing; `context` has the creation's answer. None when the answer is ignored.

        `is_mapped` says whether a status has a meaning: where the HTTP status is the job's, an answer whose status has
        one is no error, unless any other error would have the same.
        """

    def names_next_poll(self, answer: Answer) -> bool:
        """Whether the request for polling would follow what the answer says of a next one, such as `nextUri`."""

    async def abort(self, context: Context) -> bool:
        """Stop the job on the server; False when the manifest does not say how."""

    async def delete(self, context: Context) -> bool:
        """Remove the job from the server; False when the manifest does not say how."""

    async def status(self, answer: Answer, context: Context) -> str | None:
        """The API's status as text; None when there is none. Raises `ReadError`."""

    def status_place(self) -> str:
        """Where the status is looked for, in words."""

    def seen_at_status(self, answer: Answer) -> str:
        """What an answer to polling holds where there is no status, in words."""

    def meaning(self, status: str) -> JobStatus | None:
        """What the manifest says of a status; None when it doesn't say anything."""

    def meanings(self) -> str:
        """What the manifest says of all statuses, in one line."""

    def id_lookups(self) -> list[Lookup]:
        """What starting and polling look up in the answer to the creation: the job's id is among it."""

    def missing_in_creation(self, creation: Answer, *requesters: str) -> str | None:
        """What the requesters of the job, or those that are named, need of the answer to its creation and don't find
        there, as a sentence.
        """

    def missing_in_start(self, start: Answer, *requesters: str) -> str | None:
        """The same of the answer to its start."""

    def missing_in_polling(self, last: Answer) -> str | None:
        """What the request for polling needs of the last answer about the job and doesn't find there, as a sentence."""

    async def targets(self, polled: Answer, context: Context) -> list[Any]:
        """The download targets; one empty text when the manifest names none. None at all: there is no data.

        Raises `ReadError` when nothing is at their place.
        """

    @property
    def asks_links(self) -> bool:
        """Whether the link to each target is asked for with a request of its own."""

    async def linked(self, context: Context) -> list[Context]:
        """The context with each of the fresh links to its `download_target`; as it is where none are asked for.

        Raises `ReadError`.
        """

    @property
    def carries_over(self) -> bool:
        """Whether the first target says how the others are read, so that it has to be downloaded before them."""

    async def download(
        self, context: Context, sink: Sink, renew: Renew | None = None, *, is_first: bool = True
    ) -> None:
        """Fetch the `download_target` of the context into `sink`; `renew` gives a context with a fresh one.
        `is_first` says that nothing of the job was downloaded before.

        Raises `ReadError`, which names the request.
        """
