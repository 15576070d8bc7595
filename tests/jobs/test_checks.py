"""Problems of a stream of jobs that are found before it is read."""

from __future__ import annotations

import pytest

from core.connector import load_connector
from core.manifest.document import Document
from core.manifest.problems import Severity

MANIFEST = """
version: 7.0.0
type: DeclarativeSource
check: {{type: CheckStream, stream_names: [rows]}}
streams:
  - type: DeclarativeStream
    name: rows
    retriever:
      type: AsyncRetriever
      creation_requester: {{type: HttpRequester, url: "https://api.example.com/jobs"}}
      polling_requester: {{type: HttpRequester, url: "https://api.example.com/{polling}"}}
      status_extractor: {{type: DpathExtractor, field_path: [{status}]}}
      status_mapping: {{type: AsyncJobStatusMap, running: [a], completed: [b], failed: [], timeout: []}}
      record_selector: {{type: RecordSelector, extractor: {{type: DpathExtractor, field_path: {records}}}}}
{more}
"""
DOWNLOAD = 'download_requester: {type: HttpRequester, url: "https://api.example.com/%s"}'
LINK = 'download_link_requester: {type: HttpRequester, url: "https://api.example.com/link"}'
LINK_EXTRACTOR = "download_link_extractor: {type: DpathExtractor, field_path: [url]}"
PAGINATOR = "download_target_paginator: {type: NoPagination}"


def written(*more: str, polling: str = "jobs/1", status: str = "state", records: str = "[]") -> Document:
    lines = "\n".join(f"      {line}" for line in more)
    return Document.parse(MANIFEST.format(more=lines, polling=polling, status=status, records=records))


def said(document: Document, severity: Severity) -> list[str]:
    place = "streams.0.retriever."
    return [
        f"{'.'.join(map(str, problem.path)).removeprefix(place)}: {problem.message}"
        for problem in load_connector(document).problems
        if problem.severity is severity
    ]


@pytest.mark.parametrize(
    ("more", "polling", "error"),
    [
        ([], "", "download_requester: a job needs a `download_requester`, unless its records come with the polls"),
        (
            [DOWNLOAD % "file"],
            "{{ start_response.run }}",
            "polling_requester: `start_response` is used here, but only a `start_requester` gives it",
        ),
        (
            [DOWNLOAD % "{{ download_link }}"],
            "",
            "download_requester: `download_link` is used here, but only a `download_link_requester` gives it",
        ),
        (
            [DOWNLOAD % "{{ download_link_response.url }}"],
            "",
            "download_requester: `download_link_response` is used here, but only a `download_link_requester` gives it",
        ),
        (
            [DOWNLOAD % "{{ download_link }}", LINK],
            "",
            "download_link_requester: `download_link_requester` needs a `download_link_extractor`",
        ),
        (
            [DOWNLOAD % "file", LINK_EXTRACTOR],
            "",
            "download_link_extractor: `download_link_extractor` needs a `download_link_requester`",
        ),
        (
            [DOWNLOAD % "file", PAGINATOR],
            "",
            "download_target_paginator: `download_target_paginator` needs a `download_target_extractor`",
        ),
    ],
)
def test_what_can_t_be_run_is_an_error(more: list[str], polling: str, error: str) -> None:
    assert said(written(*more, polling=polling), Severity.ERROR) == [error]


@pytest.mark.parametrize(
    ("more", "records", "warning"),
    [
        (
            ["records_while_polling: true"],
            "[]",
            "record_selector.extractor.field_path: an empty field path makes a record of each answer to polling",
        ),
        (
            ["records_while_polling: true", "on_no_target: fail"],
            "[data]",
            "on_no_target: `on_no_target` has no effect without a `download_requester`",
        ),
        (
            [DOWNLOAD % "file", "on_no_target: fail"],
            "[]",
            "on_no_target: `on_no_target` has no effect without a `download_target_extractor`",
        ),
        (
            [DOWNLOAD % "file", LINK, LINK_EXTRACTOR],
            "[]",
            "download_link_requester: the link is not used: no field of `download_requester` has `{{ download_link }}`",
        ),
        (
            [DOWNLOAD % "{{ download_link }}", LINK, LINK_EXTRACTOR.replace("[url]", "[]")],
            "[]",
            "download_link_extractor.field_path: an empty field path takes the whole answer to the download link "
            "request",
        ),
    ],
)
def test_what_has_no_effect_is_a_warning(more: list[str], records: str, warning: str) -> None:
    document = written(*more, records=records)
    assert said(document, Severity.ERROR) == []
    assert warning in said(document, Severity.WARNING)


def test_variables_are_known_where_their_requests_come_before() -> None:
    start = 'start_requester: {type: HttpRequester, url: "https://api.example.com/{{ %s }}"}'
    assert said(written(DOWNLOAD % "file", start % "creation_response.id"), Severity.ERROR) == []
    (error,) = said(written(DOWNLOAD % "file", start % "start_response.id"), Severity.ERROR)
    assert "start_response" in error


def portability(document: Document) -> str:
    return "\n".join(str(problem) for problem in load_connector(document).portability)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["records_while_polling: true"], "Airbyte doesn't know `records_while_polling`"),
        (["records_while_polling: true"], "Airbyte needs a `download_requester`"),
        ([DOWNLOAD % "file", "on_no_target: empty"], "Airbyte doesn't know `on_no_target`"),
        ([DOWNLOAD % "file", LINK, LINK_EXTRACTOR], "Airbyte doesn't know `download_link_requester`"),
    ],
)
def test_what_is_of_ours_is_said_to_be_not_portable(more: list[str], words: str) -> None:
    assert words in portability(written(*more))


def test_a_status_beside_the_body_and_a_poll_by_the_last_one_are_not_portable() -> None:
    assert "Airbyte looks for the status in the body" in portability(written(DOWNLOAD % "f", status="status_code"))
    moving = portability(written(DOWNLOAD % "f", polling="{{ polling_response.next }}"))
    assert "Airbyte doesn't know `polling_response` in this request" in moving
    assert portability(written(DOWNLOAD % "{{ polling_response.url }}")) == ""
