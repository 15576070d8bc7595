"""What `docs/waiting-apis.md` shows does the same in the reference runtime, or is named as ours with the reason."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.connector import load_connector
from core.manifest.document import Document
from tests.conformance.jobs.both import compared
from tests.conformance.jobs.scenario import Difference, Fields, Scenario, creation, parameter, path, request
from tests.docs.test_waiting_apis import PAGE
from tests.support.oracle import Oracle
from tests.support.server import LoopbackServer

ROWS: Fields = {
    "download_decoder": {"type": "JsonDecoder"},
    "download_extractor": path("items"),
    "download_target_extractor": None,
}
PAGES: Fields = {
    "download_requester": request("{{ config['api_url'] }}/queries/{{ creation_response['id'] }}/results"),
    "download_paginator": {
        "type": "DefaultPaginator",
        "page_token_option": parameter("pageToken"),
        "pagination_strategy": {"type": "CursorPagination", "cursor_value": "{{ headers['X-Next-Page'] }}"},
    },
}

TAKEN: dict[str, tuple[Scenario, ...]] = {
    "The status is in one field, 1": (
        Scenario(retriever={"creation_requester": creation("201 QUEUED IN_PROGRESS IN_PROGRESS DONE")}),
        Scenario(retriever={"creation_requester": creation("201 IN_PROGRESS ERROR; 201 DONE")}),
        Scenario(retriever={"creation_requester": creation("201 EXPIRED; 201 QUEUED DONE")}),
    ),
    "The download targets come in pages, 2": (Scenario(records=12),),
    "There is no data, 1": (Scenario(retriever={"download_target_extractor": path("missing")}, records=0),),
    "There is no data, 2": (Scenario(otherwise={"records": Difference("A filter that looks into a download")}),),
    "The result comes in pages, 1": (Scenario(retriever=ROWS), Scenario(retriever={**ROWS, **PAGES})),
    "A job that is there already, 1": (Scenario(),),
    "A job that is there already, 2": (Scenario(),),
    "Bodies, 1": (Scenario(),),
    "Jobs that take hours, 1": (Scenario(),),
}
"""The fragments that the reference runs, and what stands beside them, each named by its heading and its place there."""
OURS = {
    "The status is in no single field, 1": "a status made of several fields",
    "The status is in no single field, 2": "targets that are counted",
    "The status is the HTTP status, or a header, 1": "a status that is not in the body, and errors that are statuses",
    "The status is the HTTP status, or a header, 2": "a status that is not in the body",
    "The status is the HTTP status, or a header, 3": "a status that is not in the body, and errors that are statuses",
    "One request for everything, 1": "a status that is not in the body",
    "A second call before polling, 1": "a request that starts the job",
    "The polling URL moves, and the rows come with the polls, 1": "polling by the answer before, records in the polls",
    "The download targets come in pages, 1": "pages of targets",
    "A request for each link, and links that expire, 1": "links that are asked for",
    "The result comes in pages, 2": "pages that end with an empty one",
    "Rows are arrays, and the columns are elsewhere, 1": "records of arrays",
    "Rows are arrays, and the columns are elsewhere, 2": "records of an object's keys and values",
    "CSV as it comes, 1": "lines around the table",
    "CSV as it comes, 2": "a file without a header, quotes that are none, the charset that the answer names",
    "CSV as it comes, 3": "one header for several files",
    "Archives and spreadsheets, 1": "archives of several files",
    "Archives and spreadsheets, 2": "spreadsheets",
    "Requests signed for AWS, 1": "signed requests",
}
"""The fragments that the reference can't run, and what it has no counterpart for."""
LINES_OF_OURS = {
    "FHIR bulk export": "status_code",
    "Oracle Eloqua": "start_response",
    "Display & Video 360, Campaign Manager 360": "start_response",
    "Meta Ads Insights": "response.",
    "Elasticsearch async search": "response.",
    "Adobe Analytics 1.4": "status_code",
    "Azure Log Analytics": "rows_path",
    "Freshchat, and other reports in parts": "response[",
    "Google Analytics audience exports": "rows_path",
    "Redash": "response.",
    "Walmart reports": "download_link_requester",
    "Zuora AQuA": "response.",
    "Redshift Data": "rows_path",
    "CloudWatch Logs Insights": "rows_path",
    "Twilio BulkExport": "download_link_requester",
}
"""The APIs that are described in a line each, and the part of the line that the reference has no counterpart for."""
CASES = [(fragment, number) for fragment, scenarios in TAKEN.items() for number in range(len(scenarios))]


def fragments() -> dict[str, dict[str, Any]]:
    """The fragments of the page."""
    return {f"{heading}, {number}": yaml.safe_load(text) for heading, number, text in _numbered()}


def _numbered() -> Iterator[tuple[str, int, str]]:
    seen: Counter[str] = Counter()
    heading = ""
    for title, text in re.findall(r"^## (.+)$|^```yaml\n((?:.|\n)*?)^```", PAGE, re.MULTILINE):
        heading = title or heading
        if text:
            seen[heading] += 1
            yield heading, seen[heading], text


def test_every_fragment_is_compared_or_named_as_ours() -> None:
    assert not TAKEN.keys() & OURS.keys()
    assert TAKEN.keys() | OURS.keys() == fragments().keys()


@pytest.mark.conformance
@pytest.mark.parametrize(("fragment", "number"), CASES, ids=str)
async def test_a_fragment_does_the_same_in_the_reference(
    fragment: str, number: int, server: LoopbackServer, oracle: Oracle, tmp_path: Path
) -> None:
    scenario = TAKEN[fragment][number]
    await compared(scenario.with_retriever(fragments()[fragment]), server, oracle, tmp_path)


@pytest.mark.parametrize("fragment", OURS)
def test_a_fragment_of_ours_is_told_from_what_airbyte_knows(fragment: str) -> None:
    manifest = Scenario().with_retriever(fragments()[fragment]).manifest()
    assert load_connector(Document.parse(yaml.safe_dump(manifest, sort_keys=False))).portability


def test_every_api_in_a_line_is_named_with_what_is_ours() -> None:
    _, _, table = PAGE.partition("## Other APIs, in a line each")
    lines = dict(re.findall(r"^\| ([A-Z][^|]+?) \| (.+) \|$", table.partition("\n## ")[0], re.MULTILINE))
    assert lines.pop("API")
    assert lines.keys() == LINES_OF_OURS.keys()
    assert [name for name, part in LINES_OF_OURS.items() if part not in lines[name]] == []
