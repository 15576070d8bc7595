"""Recordings of browsers: requests to choose from, and jobs that become one asynchronous stream."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.server import Asked, LoopbackServer, Reply
from tests.tui.importing.support import imported, read, source_of
from tui.importing.drafts import ImportRefused

SECRET = "Bearer k-123"
JSON = "application/json"
ROWS = [{"id": 1}, {"id": 2}]


def entry(
    method: str, url: str, answer: Any = None, *, status: int = 200, kind: str = "application/json", body: Any = None
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
    answered = {"status": status, "headers": [{"name": "Content-Type", "value": kind}], "content": content}
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
