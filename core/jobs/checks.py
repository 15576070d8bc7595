"""What is wrong with the description of a job, or something else in Airbyte, where single fields don't show it."""

from __future__ import annotations

from collections.abc import Iterator

from core.jobs.answers import lookups, variables_in
from core.jobs.requests import JobRequests
from core.manifest.problems import Problem, Severity
from core.runtime.roles import Requester

_GIVEN_BY = {
    "start_response": "start_requester",
    "download_link": "download_link_requester",
    "download_link_response": "download_link_requester",
}
"""Variables that are there only when the retriever has a field."""
_OF_DOWNLOADS = (
    *("download_target_extractor", "download_target_requester", "download_target_paginator", "on_no_target"),
    *("download_link_requester", "download_link_extractor", "download_paginator"),
)
_WITHOUT_POLLING_RESPONSE = ("polling_requester", "abort_requester", "delete_requester")
"""Requests in which Airbyte does not know the answer to polling."""


def problems(job: JobRequests) -> Iterator[Problem]:
    """The problems of a job; paths are relative to its retriever."""
    yield from _of_paths(job)
    yield from _of_fields_that_need_others(job)
    yield from _of_downloads(job)
    for name, requester in requesters(job):
        yield from (problem.below(name) for problem in requester.lint_beside_pages())
        for variable in sorted(variables_in(requester) & _GIVEN_BY.keys()):
            needed = _GIVEN_BY[variable]
            if getattr(job, needed) is None:
                message = f"`{variable}` is used here, but only a `{needed}` gives it"
                yield Problem(message, (name,), fields=(needed,))


def unportable(job: JobRequests) -> Iterator[Problem]:
    """Warnings of what Airbyte would make something else of; paths are relative to the retriever."""
    if job.download_requester is None:
        yield _warning("Airbyte needs a `download_requester`", "download_requester")
    if job.status_extractor.reads_status_code and job.status_extractor.portable:
        yield _warning("Airbyte looks for the status in the body of an answer only", "status_extractor")
    for name, requester in requesters(job):
        if name in _WITHOUT_POLLING_RESPONSE and "polling_response" in variables_in(requester):
            yield _warning("Airbyte doesn't know `polling_response` in this request", name)


def requesters(job: JobRequests) -> Iterator[tuple[str, Requester]]:
    """The requests that a job has, with their names."""
    for name in job.requester_names:
        requester = getattr(job, name)
        if isinstance(requester, Requester):
            yield name, requester


def _warning(message: str, *path: str) -> Problem:
    return Problem(message, path, Severity.WARNING)


def _of_paths(job: JobRequests) -> Iterator[Problem]:
    for name in ("status_extractor", "download_target_extractor", "download_link_extractor"):
        extractor = getattr(job, name)
        if extractor is not None and extractor.path_keys == []:
            answer = "the download link request" if name == "download_link_extractor" else "polling"
            message = f"an empty field path takes the whole answer to {answer}"
            yield Problem(message, (name, "field_path"), Severity.WARNING, "name the keys that lead to the value")


def _of_fields_that_need_others(job: JobRequests) -> Iterator[Problem]:
    pairs = [
        ("download_target_requester", "download_target_extractor"),
        ("download_target_paginator", "download_target_extractor"),
        ("download_link_requester", "download_link_extractor"),
        ("download_link_extractor", "download_link_requester"),
    ]
    for name, needed in pairs:
        if getattr(job, name) is not None and getattr(job, needed) is None:
            yield Problem(f"`{name}` needs a `{needed}`", (name,), fields=(needed,))


def _of_downloads(job: JobRequests) -> Iterator[Problem]:
    download = job.download_requester
    if download is None and not job.records_while_polling:
        message = "a job needs a `download_requester`, unless its records come with the polls"
        hint = "add it, or set `records_while_polling`"
        yield Problem(
            message, ("download_requester",), hint=hint, fields=("download_requester", "records_while_polling")
        )
    if download is None:
        for name in _OF_DOWNLOADS:
            if getattr(job, name) is not None:
                message = f"`{name}` has no effect without a `download_requester`"
                yield Problem(message, (name,), Severity.WARNING, fields=("download_requester",))
        return
    has_target = job.download_target_extractor is not None or any(lookups(download, "polling_response"))
    if job.on_no_target is not None and not has_target:
        message = "`on_no_target` has no effect without a `download_target_extractor`"
        yield Problem(message, ("on_no_target",), Severity.WARNING, fields=("download_target_extractor",))
    if job.download_link_requester is not None and not variables_in(download) & _GIVEN_BY.keys() - {"start_response"}:
        message = "the link is not used: no field of `download_requester` has `{{ download_link }}`"
        yield Problem(message, ("download_link_requester",), Severity.WARNING, fields=("download_requester",))
