"""Asynchronous jobs in OpenAPI documents: found, offered as one stream, and really run."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.server import Asked, LoopbackServer, Reply
from tests.tui.importing.openapi_documents import document, operation, thing
from tests.tui.importing.support import imported, read, source_of

TEXT = {"type": "string"}
STATUS = {"type": "string", "enum": ["PENDING", "IN_PROGRESS", "COMPLETED", "FAILED"]}


def creation(answer: dict[str, Any], **properties: Any) -> dict[str, Any]:
    body = {"type": "object", "required": list(properties), "properties": {**properties, "note": TEXT}}
    content = {"application/json": {"schema": body}}
    return {"post": {**operation(answer), "requestBody": {"content": content}}}


def by_link(**more: Any) -> dict[str, Any]:
    """A report whose status has the address of the result."""
    return {
        "/reports": creation(
            {"properties": {"reportId": TEXT}},
            kind={"type": "string", "enum": ["sales"]},
            columns={"type": "array", "items": {"type": "string", "enum": ["clicks", "cost"]}},
            accountId=TEXT,
        ),
        "/reports/{reportId}": operation({"properties": {"reportId": TEXT, "status": STATUS, "url": TEXT}}),
        **more,
    }


def by_path() -> dict[str, Any]:
    """An export whose result is below it."""
    result = {"get": {"responses": {"200": {"content": {"text/csv": {"schema": TEXT}}}}}}
    state = {"type": "object", "properties": {"state": STATUS}}
    return {
        "/teams/{team}/exports": creation({"properties": {"export": thing()}}),
        "/teams/{team}/exports/{export_id}": operation({"properties": {"export": state}}),
        "/teams/{team}/exports/{export_id}/download": result,
    }


async def test_a_job_with_the_address_of_its_result_is_one_stream(server: LoopbackServer) -> None:
    def polled(_: Asked) -> Reply:
        done = len(server.to("/reports/r-1")) > 1
        return Reply(
            {"status": "COMPLETED", "url": server.url("/file")} if done else {"status": "PENDING", "url": None}
        )

    server.on("/reports", Reply({"reportId": "r-1"}, 202))
    server.on("/reports/r-1", polled)
    server.on("/file", Reply([{"clicks": 1}, {"clicks": 2}]))
    text = document(by_link(), server=server.url())
    offers = source_of(text).offers()
    assert [(one.group, one.title) for one in offers][:1] == [("Asynchronous jobs", "POST /reports")]
    session, placed = imported(text, offers[0].key)
    assert placed.missing == ("account_id",)
    assert any("format of the download" in note for note in placed.notes)
    told = (await read(session, {"account_id": "a-1"}))["reports"]
    assert [one["clicks"] for one in told.records] == [1, 2], told.errors
    assert server.to("/reports")[0].json == {"kind": "sales", "columns": ["clicks", "cost"], "accountId": "a-1"}


def test_bodies_are_sent_with_the_content_type_of_the_document() -> None:
    paths = by_link()
    content = paths["/reports"]["post"]["requestBody"]["content"]
    content["application/vnd.report.v3+json"] = content.pop("application/json")
    [draft] = source_of(document(paths)).drafts(["job POST /reports"])
    sent = draft.definition["retriever"]["creation_requester"]["request_headers"]
    assert sent == {"Content-Type": "application/vnd.report.v3+json"}


async def test_a_job_whose_result_is_below_its_path_is_one_stream(server: LoopbackServer) -> None:
    server.on("/teams/t/exports", Reply({"export": {"id": 5}}))
    server.on("/teams/t/exports/5", Reply({"export": {"state": "COMPLETED"}}))
    server.on("/teams/t/exports/5/download", Reply(b"id,name\n1,a\n2,b\n", headers={"Content-Type": "text/csv"}))
    session, placed = imported(document(by_path(), server=server.url()), "job POST /teams/{team}/exports")
    assert placed.missing == ("team",)
    told = (await read(session, {"team": "t"}))["exports"]
    assert [one["name"] for one in told.records] == ["a", "b"], told.errors
    mapping = session.value(("streams", 0, "retriever", "status_mapping"))
    assert (mapping["running"], mapping["completed"], mapping["failed"]) == (
        ["PENDING", "IN_PROGRESS"],
        ["COMPLETED"],
        ["FAILED"],
    )


@pytest.mark.parametrize(
    "paths",
    [
        {
            "/orders": creation(thing()),
            "/orders/{id}": operation(thing(status=STATUS)),
            "/orders/{id}/items": operation(),
        },
        {"/reports": creation(thing()), "/reports/{id}": operation(thing())},
        {"/reports": creation(thing()), "/reports/{id}": operation(thing(status=STATUS, callbackUrl=TEXT))},
        {"/check-runs": creation(thing()), "/check-runs/{id}": operation(thing(status=STATUS, url=TEXT))},
        {"/imports/job": creation(thing()), "/imports/job/{id}": operation(thing(status=STATUS, resultUrl=TEXT))},
        {"/reports": creation({}), "/reports/{id}": operation(thing(status=STATUS, url=TEXT))},
        {"/reports": creation(thing()), "/reports/{id}": operation(thing(status=TEXT, url=TEXT))},
    ],
)
def test_what_only_looks_like_a_job_is_none(paths: dict[str, Any]) -> None:
    assert not [one for one in source_of(document(paths)).offers() if one.key.startswith("job")]
