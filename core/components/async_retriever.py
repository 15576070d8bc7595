"""The asynchronous retriever: how to create a job on the API, ask for its status, fetch its result and clear it away.

`core.jobs` sends the requests that it describes, and drives them over the life of a job.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Annotated, Any

from pydantic import Field

from core.components.decoders import JsonDecoder, decoders_for
from core.components.job_status_map import AsyncJobStatusMap
from core.components.record_selector import RecordSelector
from core.components.retriever import Retriever, SliceRead
from core.errors import ReadError
from core.events import Outcome
from core.jobs.checks import problems, unportable
from core.jobs.download_targets import OnNoTarget
from core.jobs.requests import JobRequests
from core.jobs.settings import JobConcurrency
from core.manifest.problems import Problem, Severity
from core.runtime.component import SLICE_VARIABLES, Gives, NotInAirbyte, Shown
from core.runtime.context import Context
from core.runtime.pages import Paginator
from core.runtime.partitions import PartitionRouter, extra_field_names
from core.runtime.record_pipeline import RecordPipeline, Warn, ignore
from core.runtime.roles import Decoder, Extractor, Requester, Transformation
from core.runtime.slices import RecordPredicate, SliceMemory
from core.templates import Template, TemplateError

DEFAULT_TIMEOUT_MINUTES = 60.0

_OF_ANSWERS = (*SLICE_VARIABLES, "creation_response", "start_response", "polling_response", "headers", "status_code")
"""What is visible where a value is looked for in an answer of the job."""


class AsyncRetriever(Retriever):
    """Asynchronous job: the API creates a job, is polled until the job is done, and then gives the result."""

    creation_requester: Annotated[Requester, Gives(*SLICE_VARIABLES)] = Field(
        title="Creation", description="The request that creates the job."
    )
    start_requester: Annotated[
        Requester | None, Gives(*SLICE_VARIABLES, "creation_response"), Shown(advanced=True, ours=True)
    ] = Field(
        None,
        title="Start",
        description="The request that starts the job, for an API that needs a second call after the creation, such as "
        "/exports/{{ creation_response['id'] }}/enqueue. When the API refuses it because its queue is full, it is "
        "sent again later, without creating the job anew.",
    )
    decoder: Annotated[Decoder | None, Shown(unset="JSON")] = Field(
        None,
        title="HTTP Response Format",
        description="The format of the responses to creation, start and polling; JSON by default.",
    )
    partition_router: PartitionRouter | list[PartitionRouter] | None = Field(
        None, title="Partition Router", description="Creates one job for each of several values."
    )
    polling_requester: Annotated[
        Requester, Gives(*SLICE_VARIABLES, "creation_response", "start_response", "polling_response")
    ] = Field(title="Polling", description="The request that asks for the status of the job.")
    status_extractor: Annotated[
        Extractor,
        Gives(*_OF_ANSWERS),
        NotInAirbyte("ResponseToFileExtractor"),
        Shown(not_offered=("ResponseToFileExtractor", "TableExtractor")),
    ] = Field(title="Status Extractor", description="Where the status is in the polling response.")
    status_mapping: AsyncJobStatusMap = Field(
        title="Status Mapping", description="What each of the API's statuses means."
    )
    download_target_extractor: Annotated[
        Extractor | None,
        Gives(*_OF_ANSWERS),
        NotInAirbyte("ResponseToFileExtractor"),
        Shown(not_offered=("ResponseToFileExtractor",)),
    ] = Field(
        None,
        title="Download Target Extractor",
        description="Where the URL or identifier of the result is; one, or a list of several.",
    )
    on_no_target: Annotated[OnNoTarget | None, Shown(advanced=True, ours=True, unset="no data if null")] = Field(
        None,
        title="When There Is No Download Target",
        description="What a completed job without a download target means. `empty`: it has no data. `fail`: it is an "
        "error, also where the target is null or an empty list. By default, null and empty lists mean that there is "
        "no data, and a missing key is an error.",
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
    records_while_polling: Annotated[bool, Shown(advanced=True, ours=True)] = Field(
        False,
        title="Records While Polling",
        description="Select records from each answer to polling too, for an API that hands out the result bit by bit "
        "with its polls, such as Trino. The polling request asks for the next bit, as with "
        "{{ polling_response['nextUri'] }}, and no download request is needed.",
    )
    download_requester: Annotated[
        Requester | None,
        Gives(
            *SLICE_VARIABLES,
            "creation_response",
            "start_response",
            "polling_response",
            "download_target",
            "download_link",
            "download_link_response",
            "next_page_token",
        ),
    ] = Field(
        None,
        title="Download",
        description="The request that fetches the result; needed unless the records come with the polls.",
    )
    download_decoder: Annotated[Decoder | None, Shown(unset="JSON")] = Field(
        None,
        title="Download HTTP Response Format",
        description="The format of the result; JSON by default.",
    )
    record_selector: Annotated[RecordSelector, Gives(*SLICE_VARIABLES)] = Field(
        title="Record Selector", description="Where the records are in the result, and which are kept."
    )
    download_extractor: Annotated[Extractor | None, Gives(*SLICE_VARIABLES), Shown(advanced=True)] = Field(
        None,
        title="Download Extractor",
        description="Finds the records in the result; it wins over the extractor of the record selector.",
    )
    download_paginator: Annotated[Paginator | None, Gives(*SLICE_VARIABLES)] = Field(
        None, title="Download Paginator", description="How the next page of the result is requested."
    )
    download_target_requester: Annotated[
        Requester | None,
        Gives(*SLICE_VARIABLES, "creation_response", "start_response", "polling_response", "next_page_token"),
        Shown(advanced=True),
    ] = Field(
        None,
        title="Download Target Request",
        description="A further request whose response holds the download target.",
    )
    download_target_paginator: Annotated[Paginator | None, Gives(*SLICE_VARIABLES), Shown(advanced=True, ours=True)] = (
        Field(
            None,
            title="Download Target Paginator",
            description="How the next page of download targets is requested, for an API that lists the files of a "
            "result page by page. It pages over the download target request, or over the polling request once the job "
            "is completed.",
        )
    )
    download_link_requester: Annotated[
        Requester | None,
        Gives(*SLICE_VARIABLES, "creation_response", "start_response", "polling_response", "download_target"),
        Shown(advanced=True, ours=True),
    ] = Field(
        None,
        title="Download Link Request",
        description="A request that turns a download target, such as the id of a document, into the link to download "
        "it from: `{{ download_link }}`. It is sent for each target right before its download, and again when the "
        "link has expired.",
    )
    download_link_extractor: Annotated[
        Extractor | None,
        Gives(*_OF_ANSWERS, "download_target"),
        NotInAirbyte("ResponseToFileExtractor"),
        Shown(advanced=True, ours=True),
    ] = Field(
        None,
        title="Download Link Extractor",
        description="Where the link is in the response to the download link request; of a list, all are downloaded.",
    )
    abort_requester: Annotated[
        Requester | None,
        Gives(*SLICE_VARIABLES, "creation_response", "start_response", "polling_response"),
        Shown(advanced=True),
    ] = Field(None, title="Abort", description="The request that stops a job that is no longer wanted.")
    delete_requester: Annotated[
        Requester | None,
        Gives(*SLICE_VARIABLES, "creation_response", "start_response", "polling_response"),
        Shown(advanced=True),
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
        "as `polling_job_timeout`, such as 2880 for a report that is collected the next night, 0 for never.",
    )

    @classmethod
    def template_variables(cls, raw: Mapping[str, Any]) -> frozenset[str]:
        """Extra fields of parent records are variables of their own in the requesters."""
        return extra_field_names(raw.get("partition_router"))

    @property
    def router(self) -> PartitionRouter | list[PartitionRouter] | None:
        return self.partition_router

    def lint(self) -> list[Problem]:
        """The job can be run as it is described, and each of its fields has an effect."""
        return [*problems(self.job_steps), *self._lint_extractors()]

    def _lint_extractors(self) -> Iterator[Problem]:
        """Of two record extractors only one is used; the answer to a poll is more than its records."""
        selector = self.record_selector.extractor
        if self.download_extractor is not None and selector.path_keys:
            message = "`download_extractor` finds the records; the extractor of `record_selector` isn't used"
            yield Problem(message, ("record_selector", "extractor"), Severity.WARNING, fields=("download_extractor",))
        if self.records_while_polling and self.download_extractor is None and selector.path_keys == []:
            message = "an empty field path makes a record of each answer to polling"
            hint = "name the keys that lead to the records"
            yield Problem(message, ("record_selector", "extractor", "field_path"), Severity.WARNING, hint)

    def unportable(self) -> list[Problem]:
        """What is of ours alone; and Airbyte takes the whole result for the records, whatever their path says."""
        warnings = [*unportable(self.job_steps), *self._fractions()]
        selector = self.record_selector.extractor
        if self.download_extractor is not None or not selector.path_keys or self.download_requester is None:
            return warnings
        message = "Airbyte doesn't look at this path, but takes the whole result of a job for a record"
        place = ("record_selector", "extractor", "field_path")
        hint = "write it as the `download_extractor` of the retriever"
        return [*warnings, Problem(message, place, Severity.WARNING, hint, fields=("download_extractor",))]

    def _fractions(self) -> Iterator[Problem]:
        """Parts of minutes and seconds: Airbyte refuses such a number, and cuts one that is text."""
        for name in ("polling_job_timeout", "failed_retry_wait_time_in_seconds"):
            value = getattr(self, name)
            text = value.source if isinstance(value, Template) else value
            with suppress(TypeError, ValueError):
                if not float(text).is_integer():
                    yield Problem("Airbyte takes only whole numbers here", (name,), Severity.WARNING)

    # What the texts of the manifest give for a run

    def timeout(self, context: Context) -> float:
        return (self._number(self.polling_job_timeout, context) or DEFAULT_TIMEOUT_MINUTES) * 60

    def reuse_limit(self, context: Context) -> float:
        minutes = self._number(self.reuse_jobs_for, context)
        return self.timeout(context) if minutes is None else max(0.0, minutes * 60)

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
        from core.jobs.job_slice import JobSlice  # what only a run loads

        slice_ = JobSlice(self.job_steps, read.context, read.fill, read.make_sink, read.jobs, read.turn)
        return await slice_.read(read.after)

    def pipeline(
        self,
        variables: Mapping[str, Any],
        transformations: Sequence[Transformation] = (),
        schema: Mapping[str, Any] | None = None,
        *,
        cursor_filter: RecordPredicate | None = None,
        transforms_first: bool = False,
        warn: Warn = ignore,
        memory: SliceMemory | None = None,
        context: Context | None = None,
    ) -> RecordPipeline:
        """The way from the elements of a result to finished records; the `download_extractor` wins."""
        extractor = self.download_extractor
        return self.record_selector.pipeline(
            variables,
            transformations,
            schema,
            extractor=extractor,
            cursor_filter=cursor_filter,
            transforms_first=transforms_first,
            warn=warn,
            memory=memory,
            context=context,
        )

    def max_slices(self, concurrency: int, jobs: JobConcurrency) -> int:
        return jobs.in_flight

    @cached_property
    def job_steps(self) -> JobRequests:
        """The steps that `core.jobs` drives over the life of a job."""
        return JobRequests(
            creation_requester=self.creation_requester,
            start_requester=self.start_requester,
            polling_requester=self.polling_requester,
            download_requester=self.download_requester,
            download_target_requester=self.download_target_requester,
            abort_requester=self.abort_requester,
            delete_requester=self.delete_requester,
            status_extractor=self.status_extractor,
            status_mapping=self.status_mapping,
            download_target_extractor=self.download_target_extractor,
            download_target_paginator=self.download_target_paginator,
            download_link_requester=self.download_link_requester,
            download_link_extractor=self.download_link_extractor,
            on_no_target=self.on_no_target,
            records_while_polling=self.records_while_polling,
            download_extractor=self.download_extractor,
            record_extractor=self.download_extractor or self.record_selector.extractor,
            download_paginator=self.download_paginator,
            decoder=self.decoder or JsonDecoder(),
            download_decoder=self.download_decoder or JsonDecoder(),
            fallbacks=decoders_for,
            polling_interval=self.polling_interval,
            timeout=self.timeout,
            failed_wait=self.failed_wait,
            reuse_limit=self.reuse_limit,
        )
