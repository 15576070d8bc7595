"""The asynchronous retriever: how to create a job on the API, ask for its status, fetch its result and clear it away.

The single steps are here; `core.jobs` drives them over the life of a job.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

import httpx
from pydantic import BeforeValidator, Field

from core.components.decoders import JsonDecoder, decoders_for
from core.components.record_selector import RecordSelector
from core.components.retriever import Retriever, SliceRead
from core.errors import ReadError
from core.events import Event, ExchangeFinished, Outcome
from core.http.exchange import Exchange, Role
from core.http.messages import request_line
from core.http.policy import RequestFailed
from core.http.request import RequestDraft
from core.jobs.answers import Answer, described_place, found_for_lookup, found_instead, lookups, missing_lookup
from core.jobs.download_targets import targets_in
from core.jobs.fingerprint import added, fingerprint
from core.jobs.job_slice import JobSlice
from core.jobs.settings import JobConcurrency
from core.jobs.statuses import JobStatus
from core.jobs.steps import JobSteps
from core.manifest.problems import Problem, Severity
from core.runtime.component import SLICE_VARIABLES, Component, Gives, NotInAirbyte, Shown
from core.runtime.context import Context
from core.runtime.page_reader import PageReader, Sink
from core.runtime.pages import Paginator
from core.runtime.partitions import PartitionRouter, extra_field_names
from core.runtime.record_pipeline import RecordPipeline, Warn, ignore
from core.runtime.roles import Decoder, Extractor, Renew, Requester, Transformation
from core.runtime.slices import RecordPredicate
from core.templates import Template, TemplateError
from core.templates.lookups import Lookup

DEFAULT_TIMEOUT_MINUTES = 60.0

StatusText = Annotated[str, BeforeValidator(str)]


_IN_JSON = {"True": "true", "False": "false", "None": "null"}


class AsyncJobStatusMap(Component):
    """Says what each status of the API means. Statuses are compared as text, upper and lower case as written."""

    running: list[StatusText] = Field(title="Running", description="The job is running: keep polling.")
    completed: list[StatusText] = Field(title="Completed", description="The result is ready for download.")
    failed: list[StatusText] = Field(title="Failed", description="The job failed; it is created again.")
    timeout: list[StatusText] = Field(
        title="Timeout", description="The job took too long; it is aborted and created again."
    )
    skipped: list[StatusText] = Field(
        default_factory=list,
        title="Skipped",
        description="There is no data; the slice is done without records.",
    )

    def meaning(self, status: str) -> JobStatus | None:
        """The bucket that holds `status`, or None; `true`, `false` and `null` may be written as they are in JSON."""
        forms = {status, _IN_JSON.get(status, status)}
        return next((bucket for bucket in JobStatus if not forms.isdisjoint(getattr(self, bucket.value))), None)

    def describe(self) -> str:
        """The whole mapping in one line."""
        parts = [f"{bucket}: {', '.join(getattr(self, bucket)) or '-'}" for bucket in JobStatus]
        return "; ".join(parts)

    def lint(self) -> list[Problem]:
        """No status is in two buckets (Airbyte refuses that too), and one of them means that a job is done."""
        problems: list[Problem] = []
        seen: dict[str, str] = {}
        for bucket in JobStatus:
            for index, status in enumerate(getattr(self, bucket.value)):
                if status in seen:
                    message = f"the status `{status}` is listed under `{seen[status]}` already"
                    problems.append(Problem(message, (bucket.value, index)))
                seen[status] = bucket.value
        if not self.completed and not self.skipped:
            message = "no status means that a job is completed, so that none ever is"
            problems.append(Problem(message, ("completed",), Severity.WARNING))
        return problems


class AsyncRetriever(Retriever):
    """Asynchronous job: the API creates a job, is polled until the job is done, and then gives the result."""

    creation_requester: Annotated[Requester, Gives(*SLICE_VARIABLES)] = Field(
        title="Creation", description="The request that creates the job."
    )
    decoder: Annotated[Decoder | None, Shown(unset="JSON")] = Field(
        None,
        title="HTTP Response Format",
        description="The format of the responses to creation and polling; JSON by default.",
    )
    partition_router: PartitionRouter | list[PartitionRouter] | None = Field(
        None, title="Partition Router", description="Creates one job for each of several values."
    )
    polling_requester: Annotated[Requester, Gives(*SLICE_VARIABLES, "creation_response")] = Field(
        title="Polling", description="The request that asks for the status of the job."
    )
    status_extractor: Annotated[Extractor, NotInAirbyte("ResponseToFileExtractor")] = Field(
        title="Status Extractor", description="Where the status is in the polling response."
    )
    status_mapping: AsyncJobStatusMap = Field(
        title="Status Mapping", description="What each of the API's statuses means."
    )
    download_target_extractor: Annotated[Extractor | None, NotInAirbyte("ResponseToFileExtractor")] = Field(
        None,
        title="Download Target Extractor",
        description="Where the URL or identifier of the result is; one, or a list of several.",
    )
    polling_job_timeout: Annotated[float | Template | None, Shown(editor="minutes", unset="60")] = Field(
        None,
        title="Polling Job Timeout",
        description="Minutes until an unfinished job is given up; fractions are allowed, 60 by default.",
    )
    polling_interval: Annotated[float | None, Shown(advanced=True, ours=True, unset="0.5, growing to 30")] = Field(
        None,
        gt=0,
        title="Polling Interval",
        description="Seconds between polls; by default half a second, growing to 30.",
    )
    download_requester: Annotated[
        Requester,
        Gives(*SLICE_VARIABLES, "creation_response", "polling_response", "download_target", "next_page_token"),
    ] = Field(title="Download", description="The request that fetches the result.")
    download_decoder: Annotated[Decoder | None, Shown(unset="JSON")] = Field(
        None,
        title="Download HTTP Response Format",
        description="The format of the result; JSON by default.",
    )
    record_selector: Annotated[RecordSelector, Gives(*SLICE_VARIABLES)] = Field(
        title="Record Selector", description="Where the records are in the result, and which are kept."
    )
    download_extractor: Annotated[Extractor | None, Shown(advanced=True)] = Field(
        None,
        title="Download Extractor",
        description="Finds the records in the result; it wins over the extractor of the record selector.",
    )
    download_paginator: Annotated[Paginator | None, Gives(*SLICE_VARIABLES)] = Field(
        None, title="Download Paginator", description="How the next page of the result is requested."
    )
    download_target_requester: Annotated[
        Requester | None,
        Gives(*SLICE_VARIABLES, "creation_response", "polling_response"),
        Shown(advanced=True),
    ] = Field(
        None,
        title="Download Target Request",
        description="A further request whose response holds the download target.",
    )
    abort_requester: Annotated[Requester | None, Gives(*SLICE_VARIABLES, "creation_response"), Shown(advanced=True)] = (
        Field(None, title="Abort", description="The request that stops a job that is no longer wanted.")
    )
    delete_requester: Annotated[
        Requester | None, Gives(*SLICE_VARIABLES, "creation_response"), Shown(advanced=True)
    ] = Field(None, title="Delete", description="The request that removes a finished job.")
    failed_retry_wait_time_in_seconds: Annotated[float | Template | None, Shown(advanced=True)] = Field(
        None,
        title="Wait after a failed job",
        description="Seconds until a failed job is created again.",
    )

    reuse_jobs_for: Annotated[
        float | Template | None,
        Shown(advanced=True, ours=True, editor="minutes", unset="as long as a job may take"),
    ] = Field(
        None,
        title="Follow Earlier Jobs For",
        description="Minutes after its creation for which a job that a run with --state has left, because it was "
        "killed, cancelled or detached, is followed by the next run instead of being created anew; by default as long "
        "as `polling_job_timeout`, such as 1440 for a report that is collected the next day, 0 for never.",
    )

    @classmethod
    def template_variables(cls, raw: Mapping[str, Any]) -> frozenset[str]:
        """Extra fields of parent records are variables of their own in the requesters."""
        return extra_field_names(raw.get("partition_router"))

    @property
    def router(self) -> PartitionRouter | list[PartitionRouter] | None:
        return self.partition_router

    def lint(self) -> list[Problem]:
        """A target requester needs its extractor; of two record extractors only one is used; paths lead somewhere."""
        problems = [*self._lint_paths(), *self._lint_requesters()]
        if self.download_target_requester is not None and self.download_target_extractor is None:
            message = "`download_target_requester` needs a `download_target_extractor`"
            problems.append(Problem(message, ("download_target_requester",), fields=("download_target_extractor",)))
        selector = self.record_selector.extractor
        if self.download_extractor is not None and selector.path_keys:
            message = "`download_extractor` finds the records; the extractor of `record_selector` isn't used"
            problems.append(
                Problem(message, ("record_selector", "extractor"), Severity.WARNING, fields=("download_extractor",))
            )
        return problems

    def unportable(self) -> list[Problem]:
        """Airbyte takes the whole result for the records, whatever the path of the record selector says."""
        selector = self.record_selector.extractor
        if self.download_extractor is not None or not selector.path_keys:
            return []
        message = "Airbyte doesn't look at this path, but takes the whole result of a job for a record"
        place = ("record_selector", "extractor", "field_path")
        return [
            Problem(
                message,
                place,
                Severity.WARNING,
                "write it as the `download_extractor` of the retriever",
                fields=("download_extractor",),
            )
        ]

    def _lint_paths(self) -> Iterator[Problem]:
        for name in ("status_extractor", "download_target_extractor"):
            extractor = getattr(self, name)
            if extractor is not None and extractor.path_keys == []:
                message = "an empty field path takes the whole answer to polling"
                yield Problem(message, (name, "field_path"), Severity.WARNING, "name the keys that lead to the value")

    def _lint_requesters(self) -> Iterator[Problem]:
        for name in type(self).model_fields:
            requester = getattr(self, name)
            if isinstance(requester, Requester):
                yield from (problem.below(name) for problem in requester.lint_beside_pages())

    # What the texts of the manifest give for a run

    def timeout(self, context: Context) -> float:
        return (self._number(self.polling_job_timeout, context) or DEFAULT_TIMEOUT_MINUTES) * 60

    def reuse_limit(self, context: Context) -> float:
        minutes = self._number(self.reuse_jobs_for, context)
        return self.timeout(context) if minutes is None else max(0.0, minutes * 60)

    def fingerprint(self, context: Context, fill: Callable[[RequestDraft], None]) -> str:
        fill(draft := RequestDraft())
        scope, slice_ = context.scope(self.creation_requester), context.slice
        values = [] if slice_ is None else [dict(slice_), dict(slice_.extra_fields)]
        return fingerprint([self.creation_requester], scope, values, added(draft))

    def failed_wait(self, context: Context) -> float | None:
        return self._number(self.failed_retry_wait_time_in_seconds, context)

    def _number(self, value: float | Template | None, context: Context) -> float | None:
        if not isinstance(value, Template):
            return value
        try:
            result = value.evaluate(context.scope(self))
            return float(result) if result not in ("", None) else None
        except TemplateError as error:
            raise ReadError(str(error)) from None
        except (TypeError, ValueError):
            raise ReadError(f"`{value.source}` must give a number") from None

    async def read(self, read: SliceRead) -> Outcome:
        return await JobSlice(self, read.context, read.fill, read.make_sink, read.jobs).read()

    def pipeline(
        self,
        variables: Mapping[str, Any],
        transformations: Sequence[Transformation] = (),
        schema: Mapping[str, Any] | None = None,
        *,
        cursor_filter: RecordPredicate | None = None,
        warn: Warn = ignore,
    ) -> RecordPipeline:
        """The way from the elements of a result to finished records; the `download_extractor` wins."""
        extractor = self.download_extractor
        return self.record_selector.pipeline(
            variables, transformations, schema, extractor=extractor, cursor_filter=cursor_filter, warn=warn
        )

    def max_slices(self, concurrency: int, jobs: JobConcurrency) -> int:
        return jobs.in_flight

    # The steps of a job, as `core.jobs.steps.JobSteps` describes them

    @property
    def job_steps(self) -> JobSteps:
        return self

    @property
    def can_abort(self) -> bool:
        return self.abort_requester is not None

    @property
    def can_delete(self) -> bool:
        return self.delete_requester is not None

    async def create(self, context: Context, fill: Callable[[RequestDraft], None]) -> Answer | None:
        draft = RequestDraft()
        fill(draft)
        return await self._ask(self.creation_requester, context, Role.CREATE, draft)

    def answer(self, response: httpx.Response) -> Answer:
        return Answer.of(response, self.decoder or JsonDecoder(), decoders_for)

    async def poll(self, context: Context) -> Answer | None:
        return await self._ask(self.polling_requester, self._at_home(context), Role.POLL)

    async def abort(self, context: Context) -> bool:
        if self.abort_requester is None:
            return False
        await self.abort_requester.send(self._at_home(context), Role.ABORT)
        return True

    async def delete(self, context: Context) -> bool:
        if self.delete_requester is None:
            return False
        await self.delete_requester.send(self._at_home(context), Role.DELETE)
        return True

    def status(self, answer: Answer, context: Context) -> str | None:
        """The API's status as text (`str` of it, as Airbyte compares it), or None when nothing is at its place, or
        an object or list, which holds the status at best.
        """
        for value in answer.find(self.status_extractor, context.scope(self.status_extractor)):
            return None if isinstance(value, dict | list) else str(value)
        return None

    def status_place(self) -> str:
        return described_place(self.status_extractor)

    def seen_at_status(self, answer: Answer) -> str:
        return found_instead(answer, self.status_extractor)

    def meaning(self, status: str) -> JobStatus | None:
        return self.status_mapping.meaning(status)

    def meanings(self) -> str:
        return self.status_mapping.describe()

    def id_lookups(self) -> list[Lookup]:
        return list(lookups(self.polling_requester, "creation_response"))

    def missing_in_creation(self, creation: Answer, *requesters: str) -> str | None:
        every = [name for name in type(self).model_fields if name.endswith("_requester")]
        names = requesters or sorted(every, key=lambda name: name != "polling_requester")
        return self._missing(names, "creation_response", creation, "the answer to the creation")

    def missing_in_poll(self, polling: Answer) -> str | None:
        """What the requests for the result need of the last answer to polling and don't find there, as a sentence."""
        names = ["download_target_requester", "download_requester"]
        return self._missing(names, "polling_response", polling, "the answer to polling")

    def _missing(self, names: Sequence[str], root: str, answer: Answer, said: str) -> str | None:
        for name in names:
            requester = getattr(self, name)
            lookup = missing_lookup(requester, root, answer.variables) if requester is not None else None
            if lookup is not None:
                path = lookup.path(len(lookup.steps))
                return f"`{name}` needs `{path}`, which {said} doesn't give: {found_for_lookup(answer, lookup)}."
        return None

    async def targets(self, polled: Answer, context: Context) -> list[Any]:
        """The download targets; one empty text when the manifest names none. None at all: there is no data.

        Raises `ReadError` when nothing is at their place.
        """
        missing = self.missing_in_poll(polled)
        if missing is not None:
            raise ReadError(f"The job is complete, but its result can't be requested: {missing}")
        if self.download_target_extractor is None:
            return [""]
        answer: Answer | None = polled
        if self.download_target_requester is not None:
            answer = await self._ask(self.download_target_requester, self._at_home(context), Role.TARGET)
        if answer is None:
            raise ReadError("The answer to the download target request is ignored by its error handler.")
        return targets_in(answer, self.download_target_extractor, context, self._follows)

    def _follows(self, key: str) -> bool:
        """Whether the request for the result looks up what is at this key of the answer to polling."""
        found = lookups(self.download_requester, "polling_response")
        return any(key == step for lookup in found for step, _ in lookup.steps)

    async def download(self, context: Context, sink: Sink, renew: Renew | None = None) -> None:
        own = self.download_extractor.own_decoder() if self.download_extractor is not None else None
        decoder = own or self.download_decoder or JsonDecoder()
        asked: list[Exchange] = []

        def emit(event: Event) -> None:
            if isinstance(event, ExchangeFinished):
                asked[:] = [event.exchange]
            context.emit(event)

        async def renewed() -> Context:
            assert renew is not None
            return replace(await renew(), emit=emit)

        fresh = renewed if renew is not None else None
        reader = PageReader(self.download_requester, decoder, self.download_paginator, Role.DOWNLOAD, renew=fresh)
        try:
            await reader.read(replace(context, emit=emit), sink)
        except RequestFailed:
            raise
        except (ReadError, TemplateError) as error:
            unnamed = asked and asked[0].url not in str(error)
            request = f" The request was {request_line(asked[0])}." if unnamed else ""
            retryable = isinstance(error, ReadError) and error.retryable
            raise ReadError(f"{error}{request}{self._about_target(context)}", retryable=retryable) from None

    def _about_target(self, context: Context) -> str:
        """What is odd about the target of a download that failed."""
        extractor = self.download_target_extractor
        if (
            extractor is None
            or extractor.path_keys != []
            or not isinstance(context.variables.get("download_target"), dict | list)
        ):
            return ""
        return (
            " The field path of `download_target_extractor` is empty, so that the download target is the whole answer; "
            "name the keys that lead to the URL."
        )

    def _at_home(self, context: Context) -> Context:
        """The same, with the site of the creation as that of everything else that is about the job."""
        return replace(context, home=self.creation_requester.home(context))

    async def _ask(
        self, requester: Requester, context: Context, role: Role, draft: RequestDraft | None = None
    ) -> Answer | None:
        response = await requester.send(context, role, draft)
        return None if response is None else self.answer(response)
