"""The requests of a job look up the API's earlier answers; what is not there is told before they go out."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from core.components.async_retriever import AsyncRetriever
from core.components.decoders import JsonDecoder, decoders_for
from core.events import JobChanged, Log, Outcome
from core.http.exchange import Role
from core.jobs.answers import Answer
from core.jobs.job import job_id
from core.levels import Level
from core.templates.template import mentioned
from tests.support.jobs_api import ABORT, DELETE, manifest, serve_job
from tests.support.reading import connector, read_all
from tests.support.server import LoopbackServer, Reply


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        ("creation_response['id']", "creation_response.id"),
        ("creation_response.id", "creation_response.id"),
        ("creation_response['data']['id']", "creation_response.data.id"),
        ("creation_response.headers['X-Job']", "creation_response.headers.X-Job"),
        ("creation_response.result[0].exportId", "creation_response.result[0].exportId"),
    ],
)
async def test_an_answer_to_the_creation_without_the_id_is_reported_at_once_with_what_is_there(
    server: LoopbackServer, expression: str, named: str
) -> None:
    server.on("/jobs", Reply({"jobKey": "j1", "state": "new"}, 201))

    told = await read_all(manifest(server, polling=f"/jobs/{{{{ {expression} }}}}"))

    assert told.outcome is Outcome.FAILED
    assert [asked.path for asked in server.asked] == ["/jobs"]
    assert f"`polling_requester` needs `{named}`" in told.errors
    assert ("jobKey, state" in told.errors) is ("headers" not in named)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(b"", 202), "the response was empty"),
        (Reply("accepted", 202), "text that begins with “accepted”"),
        (Reply({"id": None}), "`id` is null"),
        (Reply({"id": ""}), "`id` is an empty text"),
        (Reply(["j1", "j2"]), "a list of 2 items"),
        (Reply({"error": {"message": "report type is unknown"}}), "The API says: report type is unknown."),
    ],
)
async def test_what_came_instead_of_the_id_is_named(server: LoopbackServer, reply: Reply, words: str) -> None:
    server.on("/jobs", reply)

    told = await read_all(manifest(server))

    assert len(server.asked) == 1
    assert words in told.errors


async def test_a_page_of_a_gateway_is_no_fault_of_the_manifest(server: LoopbackServer) -> None:
    page = Reply("<html><title>Bad gateway</title></html>", 200, {"Content-Type": "text/html"})
    serve_job(server, "done")
    server.on("/jobs", page, Reply({"id": "j1"}))

    told = await read_all(manifest(server))

    assert told.outcome is Outcome.COMPLETE, told.errors
    (warning,) = [log.message for log in told.of(Log) if log.level is Level.WARNING]
    assert "an HTML page titled “Bad gateway”" in warning
    assert "created again" in warning


@pytest.mark.parametrize("which", ["abort", "delete", "download", "target"])
async def test_every_request_of_the_job_is_looked_at(server: LoopbackServer, which: str) -> None:
    serve_job(server, "done")
    texts = {"abort": ABORT, "delete": DELETE}
    retriever = (texts[which] % server.url()).replace("['id']", "['key']") if which in texts else ""
    if which == "target":
        retriever = (
            f'download_target_requester: {{type: HttpRequester, url: "{server.url("/files")}", '
            "request_parameters: {job: \"{{ creation_response['key'] }}\"}}"
        )
    text = manifest(server, retriever=retriever)
    if which == "download":
        text = text.replace("{{ download_target }}", "{{ download_target }}?{{ creation_response.key }}")

    told = await read_all(text)

    assert [asked.path for asked in server.asked] == ["/jobs"]
    assert (
        f"`{'download_target' if which == 'target' else which}_requester` needs `creation_response.key`" in told.errors
    )


async def test_the_answer_to_polling_is_looked_at_before_the_download(server: LoopbackServer) -> None:
    serve_job(server, "done")
    text = manifest(server, target="").replace("{{ download_target }}", server.url("/r/{{ polling_response['file'] }}"))

    told = await read_all(text)

    assert told.outcome is Outcome.FAILED
    assert (told.asked(Role.CREATE), told.asked(Role.DOWNLOAD)) == (1, 0)
    assert "`download_requester` needs `polling_response.file`" in told.errors
    assert "keys state, url" in told.errors
    assert "job `j1`" in told.errors


@pytest.mark.parametrize(
    "expression",
    ["creation_response.get('key', 'j1')", "creation_response.key or 'j1'", "creation_response.key | default('j1')"],
)
async def test_what_has_a_default_may_be_missing(server: LoopbackServer, expression: str) -> None:
    serve_job(server, "done")

    told = await read_all(manifest(server, polling=f"/jobs/{{{{ {expression} }}}}"))

    assert told.outcome is Outcome.COMPLETE, told.errors


# The job's id


def retriever(server: LoopbackServer, polling: str) -> AsyncRetriever:
    found = connector(manifest(server, polling=polling)).stream("exports").described.retriever
    assert isinstance(found, AsyncRetriever)
    return found


def answer(body: Any, headers: dict[str, str] | None = None) -> Answer:
    request = httpx.Request("POST", "https://api.example.com/jobs")
    return Answer.of(httpx.Response(200, json=body, headers=headers, request=request), JsonDecoder(), decoders_for)


@pytest.mark.parametrize(
    "key",
    [
        *("id", "job_id", "jobId", "reportId", "report_id", "ReportRequestId", "requestId", "queryExecutionId"),
        *("QueryExecutionId", "statement_id", "statementHandle", "exportId", "export_id", "token", "handle", "name"),
    ],
)
def test_the_usual_names_of_an_id_are_known(key: str) -> None:
    assert job_id(answer({"status": "new", key: "x7"})) == "x7"
    assert job_id(answer({"success": True, "result": {key: "x7"}})) == "x7"
    assert job_id(answer({"success": True, "result": [{key: "x7"}]})) == "x7"


def test_an_id_proper_wins_over_a_name_or_the_number_of_the_request() -> None:
    assert job_id(answer({"requestId": "r1", "name": "daily", "result": [{"exportId": "e1"}]})) == "e1"


@pytest.mark.parametrize(
    ("polling", "expected"),
    [
        ("/reports/{{ creation_response['reportKey'] }}", "k9"),
        ("/reports/{{ creation_response.data.key }}", "d9"),
        ("/a/{{ creation_response.account }}/reports/{{ creation_response.report_id }}", "r9"),
        ("/reports?code={{ creation_response.status_code }}", "i9"),
        ("{{ creation_response.link }}", "l9"),
    ],
)
async def test_what_polling_asks_by_is_the_id(server: LoopbackServer, polling: str, expected: str) -> None:
    body = {
        "id": "i9",
        "reportKey": "k9",
        "report_id": "r9",
        "account": "a9",
        "data": {"key": "d9"},
        "link": "/s/l9?x=1",
    }
    if "link" in polling:
        del body["id"], body["report_id"]
    assert job_id(answer(body), retriever(server, polling).job_steps.id_lookups()) == expected


def test_the_end_of_an_address_that_is_asked_for_is_the_id_before_what_lies_deeper() -> None:
    export = {"name": "Contacts", "fields": {"Id": "{{Contact.Id}}"}, "uri": "/contacts/exports/2"}
    assert job_id(answer(export), mentioned("{{ creation_response.uri }}")) == "2"


async def test_events_carry_the_id_that_polling_asks_by(server: LoopbackServer) -> None:
    serve_job(server, "done")
    server.on("/jobs", Reply({"id": "request-1", "report": {"code": "j1"}}))

    told = await read_all(manifest(server, polling="/jobs/{{ creation_response.report.code }}"))

    assert {event.job_id for event in told.of(JobChanged) if event.job_id} == {"j1"}
