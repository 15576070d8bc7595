"""Recordings of browsers: requests to choose from, and jobs that become one asynchronous stream."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.support.server import Asked, LoopbackServer, Reply
from tests.tui.importing.support import imported, read, source_of
from tui.importing.drafts import ImportRefused

SECRET = "Bearer k-123"
JSON = "application/json"
ROWS = [{"id": 1}, {"id": 2}]


def entry(
    method: str,
    url: str,
    answer: Any = None,
    *,
    status: int = 200,
    kind: str = "application/json",
    body: Any = None,
    **answered_with: str,
) -> dict[str, Any]:
    """One request of a recording, as browsers write it."""
    headers = [
        {"name": "Authorization", "value": SECRET},
        {"name": "User-Agent", "value": "Mozilla/5.0"},
        {"name": "Sec-Fetch-Mode", "value": "cors"},
    ]
    request: dict[str, Any] = {"method": method, "url": url, "headers": headers, "queryString": []}
    if body is not None:
        headers.append({"name": "Content-Type", "value": "application/json"})
        request["postData"] = {"mimeType": "application/json", "text": json.dumps(body)}
    text = answer if isinstance(answer, str) else json.dumps(answer)
    content = {"mimeType": kind, "text": text, "size": len(text)}
    answer_headers = [{"name": name.replace("_", "-"), "value": value} for name, value in answered_with.items()]
    answer_headers.append({"name": "Content-Type", "value": kind})
    answered = {"status": status, "headers": answer_headers, "content": content}
    return {"startedDateTime": "2024-01-05T12:00:00Z", "time": 5, "request": request, "response": answered}


def har(*entries: dict[str, Any]) -> str:
    return json.dumps({"log": {"version": "1.2", "entries": entries}})


def job_api(server: LoopbackServer, *, target: bool) -> None:
    """An API of jobs that gives each new job another id than the one that was recorded."""

    def create(asked: Asked) -> Reply:
        right = asked.headers.get("authorization") == SECRET and asked.json == {"of": "all"}
        return Reply({"data": {"id": "new-9"}}) if right else Reply({}, 400)

    done = {"data": {"status": "DONE", "file": server.url("/files/new-9.csv")} if target else {"status": "DONE"}}
    server.on("/exports", create)
    server.on("/exports/new-9", Reply({"data": {"status": "QUEUED"}}), Reply(done))
    server.on("/exports/new-9/content", Reply("id\n1\n2\n", headers={"content-type": "text/csv"}))
    server.on("/files/new-9.csv", Reply("id\n1\n2\n", headers={"content-type": "text/csv"}))


@pytest.mark.parametrize("target", [True, False], ids=["by the address in the last poll", "by the id of the job"])
async def test_creation_polls_and_download_become_one_stream_that_runs(server: LoopbackServer, target: bool) -> None:
    job_api(server, target=target)
    file = server.url("/files/old-1.csv")
    download = file if target else server.url("/exports/old-1/content")
    text = har(
        entry("GET", server.url("/logo.png"), "x", kind="image/png"),
        entry("GET", server.url("/me"), {"name": "me"}),
        entry("POST", server.url("/exports"), {"data": {"id": "old-1"}}, status=201, body={"of": "all"}),
        entry("GET", server.url("/exports/old-1"), {"data": {"status": "QUEUED", "file": None}}),
        entry("GET", server.url("/me"), {"name": "me"}),
        entry("GET", server.url("/exports/old-1"), {"data": {"status": "RUNNING", "file": None}}),
        entry("GET", server.url("/exports/old-1"), {"data": {"status": "DONE", "file": file}}),
        entry("GET", download, "id\n1\n", kind="text/csv"),
    )
    offers = source_of(text).offers()
    assert [offer.title for offer in offers if offer.recommended] == ["POST /exports"]
    assert offers[0].detail == "3 polls until DONE, then a download"
    assert not any("logo" in offer.title for offer in offers)
    assert [(offer.title, offer.group == "Requests of these jobs") for offer in offers[1:]] == [
        ("GET /me", False),
        ("POST /exports", True),
        ("GET /exports/old-1", True),
        (f"GET {download.removeprefix(server.url())}", True),
    ]
    session, placed = imported(text)
    retriever = session.value(("streams", 0, "retriever"))
    assert retriever["status_mapping"] == {
        **{"type": "AsyncJobStatusMap", "running": ["QUEUED", "RUNNING"], "completed": ["DONE"]},
        **{"failed": [], "timeout": []},
    }
    assert retriever["status_extractor"]["field_path"] == ["data", "status"]
    assert "k-123" not in session.text
    assert placed.missing == ()
    told = (await read(session))["exports"]
    assert told.errors == ""
    assert [record["id"] for record in told.records] == ["1", "2"]


@pytest.mark.parametrize("relative", [True, False])
async def test_a_job_may_be_told_by_a_header_and_its_http_status(server: LoopbackServer, relative: bool) -> None:
    def address(job: str) -> str:
        path = f"/operations/{job}?api-version=2"
        return path if relative else server.url(path)

    server.on("/exports", Reply({}, 202, headers={"Operation-Location": address("new-9")}))
    server.on("/operations/new-9", Reply({}, 202), Reply(ROWS), Reply(ROWS))
    poll = server.url("/operations/old-1?api-version=2")
    text = har(
        entry("POST", server.url("/exports"), {}, status=202, Operation_Location=address("old-1")),
        entry("GET", poll, {}, status=202),
        entry("GET", poll, ROWS),
    )
    offer = source_of(text).offers()[0]
    assert (offer.title, offer.detail) == ("POST /exports", "2 polls until HTTP 200, then a download")
    session, _ = imported(text)
    retriever = session.value(("streams", 0, "retriever"))
    assert retriever["status_mapping"]["running"] == ["202"]
    assert retriever["status_mapping"]["completed"] == ["200"]
    told = (await read(session))["exports"]
    assert told.errors == ""
    assert [dict(one) for one in told.records] == ROWS


async def test_a_result_that_is_named_when_the_http_status_is_200_is_downloaded(server: LoopbackServer) -> None:
    files = {"output": [{"url": server.url("/files/2.ndjson")}]}
    server.on("/$export", Reply({}, 202, headers={"Content-Location": server.url("/jobs/new-9")}))
    server.on("/jobs/new-9", Reply({}, 202), Reply(files))
    server.on("/files/2.ndjson", Reply('{"id": 1}\n{"id": 2}\n', headers={"content-type": "application/fhir+ndjson"}))
    seen = {"output": [{"url": server.url("/files/1.ndjson")}]}
    text = har(
        entry("POST", server.url("/$export"), {}, status=202, Content_Location=server.url("/jobs/old-1")),
        entry("GET", server.url("/jobs/old-1"), {}, status=202),
        entry("GET", server.url("/jobs/old-1"), seen),
        entry("GET", server.url("/files/1.ndjson"), '{"id": 1}\n', kind="application/fhir+ndjson"),
    )
    session, _ = imported(text)
    assert session.value(("streams", 0, "retriever", "download_target_extractor", "field_path")) == [
        "output",
        "*",
        "url",
    ]
    told = next(iter((await read(session)).values()))
    assert told.errors == ""
    assert [dict(one) for one in told.records] == ROWS


def test_a_new_thing_that_is_read_back_is_no_job() -> None:
    text = har(
        entry("POST", "https://api.test/orders", {"id": "o-1"}, status=201, Location="/orders/o-1"),
        entry("GET", "https://api.test/orders/o-1", {"id": "o-1"}),
    )
    assert [offer.group for offer in source_of(text).offers()] == ["api.test", "api.test"]


async def test_a_request_becomes_a_stream_with_its_records_and_decoder(server: LoopbackServer) -> None:
    server.on("/v2/people", Reply({"meta": {"tags": [{"a": 1}]}, "result": {"people": ROWS}}))
    text = har(entry("GET", server.url("/v2/people?page=1"), {"meta": {}, "result": {"people": ROWS}}))
    session, _ = imported(text, "0")
    assert session.streams.names() == ("people",)
    told = (await read(session))["people"]
    assert [dict(one) for one in told.records] == ROWS
    assert server.asked[0].headers["authorization"] == SECRET
    assert server.asked[0].query == {"page": ["1"]}


def test_streams_of_one_recording_share_inputs_and_authenticator() -> None:
    text = har(*(entry("GET", f"https://api.test/{name}", ROWS) for name in ("people", "orders")))
    session, _ = imported(text, "0", "1")
    assert [one.key for one in session.inputs.all()] == ["api_key"]
    assert session.sharing.target(("streams", 0, "retriever", "requester", "authenticator")) is not None
    assert session.sharing.target(("streams", 1, "retriever", "requester", "authenticator")) is not None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (har(), "no requests"),
        ('{"log": {"entries": 5}}', "entries"),
        ('{"log": {"entries": [{"request": 7}]}}', "entry 1"),
        ("[" * 5_000, "deeply"),
        ('{"a":' * 300 + "1" + "}" * 300, "deeply"),
    ],
)
def test_what_is_no_recording_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(ImportRefused, match=said):
        source_of(text)


def test_jobs_are_looked_for_in_seconds_in_a_recording_where_everything_is_asked_for_by_post() -> None:
    rows = [{"id": f"row-{number}", "status": "done"} for number in range(80)]
    asked = [entry("POST", f"https://api.test/graphql?n={number}", {"rows": rows}, body={}) for number in range(700)]
    read_back = [entry("GET", f"https://api.test/rows/row-{number % 80}", rows[0]) for number in range(700)]
    began = time.monotonic()
    source_of(har(*(one for pair in zip(asked, read_back, strict=True) for one in pair)))
    assert time.monotonic() - began < 30
