"""A status, and targets, that several places of an answer tell together: its fields, headers and HTTP status."""

from __future__ import annotations

from typing import Any

import pytest

from core.connector import load_connector
from core.events import JobChanged, Outcome, StatusMissing
from core.http.exchange import Role
from core.manifest.document import Document
from tests.support.jobs_api import manifest, serve_job
from tests.support.reading import read_all
from tests.support.server import LoopbackServer, Reply

DEFAULT = "status_extractor: {type: DpathExtractor, field_path: [state]}"
TARGET = "download_target_extractor: {type: DpathExtractor, field_path: [url]}"


def with_status(server: LoopbackServer, status: str, mapping: str, target: str = "") -> str:
    text = manifest(server, mapping=mapping)
    text = text.replace(DEFAULT, f'status_extractor: {{type: TemplateExtractor, value: "{status}"}}')
    if target:
        text = text.replace(TARGET, f'download_target_extractor: {{type: TemplateExtractor, value: "{target}"}}')
    return text


GOOGLE = (
    "{{ 'failed' if response.error else response.done }}",
    "{running: ['false', 'null'], completed: ['true'], failed: [failed], timeout: []}",
)
BIGQUERY = (
    "{{ 'FAILED' if response.status.errorResult else response.status.state }}",
    "{running: [PENDING, RUNNING], completed: [DONE], failed: [FAILED], timeout: []}",
)
ELASTICSEARCH = (
    "{{ response.is_running }}",
    "{running: ['true'], completed: ['false'], failed: [], timeout: []}",
)


@pytest.mark.parametrize(
    ("described", "polls", "statuses"),
    [
        (GOOGLE, [{"name": "op"}, {"done": False}, {"done": True}], [None, "False", "True"]),
        (
            BIGQUERY,
            [{"status": {"state": "RUNNING"}}, {"status": {"state": "DONE"}}],
            ["RUNNING", "DONE"],
        ),
        (ELASTICSEARCH, [{"is_running": True}, {"is_running": False}], ["True", "False"]),
    ],
    ids=["Google", "BigQuery", "Elasticsearch"],
)
async def test_a_status_made_of_several_fields_drives_the_job(
    server: LoopbackServer, described: tuple[str, str], polls: list[dict[str, Any]], statuses: list[str | None]
) -> None:
    serve_job(server, "unused")
    server.on("/jobs/j1", *(Reply({**poll, "url": server.url("/result")}) for poll in polls))

    told = await read_all(with_status(server, *described))

    assert (told.outcome, len(told.records)) == (Outcome.COMPLETE, 2)
    seen = [event.api_status for event in told.of(JobChanged) if event.polls]
    assert list(dict.fromkeys(seen)) == statuses


@pytest.mark.parametrize(
    ("described", "answer"),
    [
        (GOOGLE, {"done": True, "error": {"code": 3, "message": "no such column"}}),
        (BIGQUERY, {"status": {"state": "DONE", "errorResult": {"reason": "invalidQuery"}}}),
    ],
)
async def test_a_job_that_is_done_with_an_error_has_failed(
    server: LoopbackServer, described: tuple[str, str], answer: dict[str, Any]
) -> None:
    serve_job(server, "unused")
    server.on("/jobs/j1", Reply(answer))

    told = await read_all(with_status(server, *described))

    assert told.outcome is Outcome.FAILED
    assert told.asked(Role.DOWNLOAD) == 0


async def test_headers_and_the_http_status_tell_the_status(server: LoopbackServer) -> None:
    serve_job(server, "unused")
    server.on(
        "/jobs/j1",
        Reply({}, 202, {"X-Progress": "10%"}),
        Reply({"url": server.url("/result")}, 200, {"X-Progress": "done"}),
    )

    mapping = "{running: [202 10%], completed: [200 done], failed: [], timeout: []}"
    told = await read_all(with_status(server, "{{ status_code }} {{ headers['x-progress'] }}", mapping))

    assert (told.outcome, len(told.records)) == (Outcome.COMPLETE, 2)


async def test_an_answer_that_is_a_list_is_seen_as_a_whole(server: LoopbackServer) -> None:
    serve_job(server, "unused")
    server.on("/jobs/j1", Reply([{"ok": True}, {"ok": False}]), Reply([{"ok": True}]))

    mapping = "{running: ['1 of 2'], completed: ['1 of 1'], failed: [], timeout: []}"
    status = "{{ response | selectattr('ok') | list | length }} of {{ response | length }}"
    told = await read_all(with_status(server, status, mapping, server.url("/result")))

    assert (told.outcome, len(told.records)) == (Outcome.COMPLETE, 2)


async def test_a_missing_status_is_told_with_what_is_there(server: LoopbackServer) -> None:
    serve_job(server, "unused")
    server.on("/jobs/j1", Reply({"progress": 5}), Reply({"state": "done", "url": server.url("/result")}))

    told = await read_all(
        with_status(server, "{{ response.state }}", "{running: [], completed: [done], failed: [], timeout: []}")
    )

    assert told.outcome is Outcome.COMPLETE
    [missing] = told.of(StatusMissing)
    assert missing.place == "`{{ response.state }}`"
    assert missing.found == "the response holds the keys progress"


async def test_a_status_that_cannot_be_evaluated_ends_the_job_with_the_template(server: LoopbackServer) -> None:
    serve_job(server, "done")

    told = await read_all(
        with_status(server, "{{ response.state + 1 }}", "{running: [], completed: [done], failed: [], timeout: []}")
    )

    assert told.outcome is Outcome.FAILED
    assert "In the template “{{ response.state + 1 }}”: its values do not fit together" in told.errors
    assert told.asked(Role.POLL) == 1


async def test_targets_are_counted_or_listed(server: LoopbackServer) -> None:
    serve_job(server, "unused")
    server.on("/jobs/j1", Reply({"state": "done", "chunks": 3, "base": server.url("/part")}))
    for number in range(3):
        server.on(f"/part/{number}", Reply([{"part": number}]))

    mapping = "{running: [], completed: [done], failed: [], timeout: []}"
    text = with_status(server, "{{ response.state }}", mapping, "{{ range(response.chunks) }}")
    text = text.replace('url: "{{ download_target }}"', f'url: "{server.url("/part")}/{{{{ download_target }}}}"')
    told = await read_all(text)

    assert sorted(record["part"] for record in told.records) == [0, 1, 2]


async def test_an_empty_list_of_targets_is_no_data_and_a_missing_one_an_error(server: LoopbackServer) -> None:
    mapping = "{running: [], completed: [done], failed: [], timeout: []}"
    text = with_status(server, "{{ response.state }}", mapping, "{{ response.files | map(attribute='url') }}")
    serve_job(server, "unused")
    server.on("/jobs/j1", Reply({"state": "done", "files": []}))
    told = await read_all(text)
    assert (told.outcome, told.records) == (Outcome.COMPLETE, [])

    server.on("/jobs/j1", Reply({"state": "done"}))
    told = await read_all(text.replace(" | map(attribute='url')", ""))
    assert told.outcome is Outcome.FAILED
    assert "no download target at `{{ response.files }}`" in told.errors


def test_the_validator_knows_the_variables_and_says_that_it_is_not_portable(server: LoopbackServer) -> None:
    mapping = "{running: [], completed: [done], failed: [], timeout: []}"
    text = with_status(server, "{{ status_code }}{{ headers }}{{ creation_response }}{{ response }}{{ nope }}", mapping)
    loaded = load_connector(Document.parse(text))
    assert [problem.message for problem in loaded.problems] == ["the template uses `nope`, which doesn't exist here"]
    assert any("Airbyte has no components of type TemplateExtractor" in str(problem) for problem in loaded.portability)
