"""Paging of operations in OpenAPI documents: recognised from parameters and answers, and really read page by page."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.server import Asked, LoopbackServer, Reply
from tests.tui.importing.openapi_documents import document, listed, operation, query, thing
from tests.tui.importing.support import imported, read, source_of

RECORDS = [{"id": number} for number in range(1, 8)]
PAGE = 3
TEXT = {"type": "string"}
YES_OR_NO = {"type": "boolean"}


def number(asked: Asked, name: str, default: int) -> int:
    return int(asked.query.get(name, [str(default)])[0])


def page_of(first: int, size: int) -> list[dict[str, int]]:
    return RECORDS[first : first + size]


def by_page(asked: Asked) -> Reply:
    size = number(asked, "per_page", 2)
    return Reply(page_of((number(asked, "page", 1) - 1) * size, size))


def by_offset(asked: Asked) -> Reply:
    return Reply({"data": page_of(number(asked, "offset", 0), number(asked, "limit", 2))})


def by_cursor(asked: Asked) -> Reply:
    first, size = number(asked, "cursor", 0), number(asked, "limit", 2)
    more = {"next_cursor": str(first + size)} if first + size < len(RECORDS) else {}
    return Reply({"data": page_of(first, size), **({"meta": more} if more else {})})


def by_last(asked: Asked) -> Reply:
    first, size = number(asked, "starting_after", 0), number(asked, "limit", 2)
    return Reply({"data": page_of(first, size), "has_more": first + size < len(RECORDS)})


def by_link(asked: Asked) -> Reply:
    first = number(asked, "from", 0)
    more = {"pages": {"next": f"/things?limit={PAGE}&from={first + PAGE}"}} if first + PAGE < len(RECORDS) else {}
    return Reply({"data": page_of(first, PAGE), "links": more})


def by_header(asked: Asked) -> Reply:
    first = number(asked, "from", 0)
    link = {"Link": f'</things?from={first + PAGE}>; rel="next"'} if first + PAGE < len(RECORDS) else {}
    return Reply(page_of(first, PAGE), headers=link)


LIMIT = query("limit", "integer", maximum=PAGE)


@pytest.mark.parametrize(
    ("answer", "told", "requests"),
    [
        (by_page, operation(None, query("page", "integer", default=1), query("per_page", "integer", default=PAGE)), 3),
        (by_offset, operation(listed(thing()), LIMIT, query("offset", "integer")), 3),
        (
            by_cursor,
            operation(
                listed(thing(), meta={"type": "object", "properties": {"next_cursor": TEXT}}), LIMIT, query("cursor")
            ),
            3,
        ),
        (by_last, operation(listed(thing(), has_more=YES_OR_NO), LIMIT, query("starting_after")), 3),
        (
            by_link,
            operation(
                listed(thing(), links={"properties": {"pages": {"properties": {"next": TEXT}}}}),
                LIMIT,
                query("page", "integer"),
            ),
            3,
        ),
        (by_header, operation(None, query("page", "integer"), headers={"Link": {"schema": TEXT}}), 3),
    ],
)
async def test_all_pages_are_read(server: LoopbackServer, answer: Any, told: dict[str, Any], requests: int) -> None:
    server.on("/things", answer)
    session, placed = imported(document({"/things": told}, server=server.url()), "GET /things")
    assert placed.notes == ()
    found = (await read(session))["things"]
    assert [one["id"] for one in found.records] == [one["id"] for one in RECORDS], found.errors
    assert not found.errors
    assert len(server.asked) == requests


async def test_searches_by_post_page_in_their_bodies(server: LoopbackServer) -> None:
    def answer(asked: Asked) -> Reply:
        body = asked.json
        return Reply(
            {"results": page_of((body["page"] - 1) * body["pageSize"], body["pageSize"]), "asked": body["status"]}
        )

    server.on("/things/search", answer)
    body = {
        "type": "object",
        "required": ["status", "filter"],
        "properties": {
            "status": {"type": "string", "enum": ["open"]},
            "filter": {"type": "object", "required": ["kind"], "properties": {"kind": TEXT}},
            "page": {"type": "integer"},
            "pageSize": {"type": "integer", "default": 2, "maximum": PAGE},
        },
    }
    told = operation({"properties": {"results": {"type": "array", "items": thing()}}})
    told["requestBody"] = {"content": {"application/json": {"schema": body}}}
    session, _ = imported(document({"/things/search": {"post": told}}, server=server.url()), "POST /things/search")
    found = (await read(session, {"kind": "x"}))["things_search"]
    assert len(found.records) == len(RECORDS), found.errors
    assert server.asked[0].json == {"status": "open", "filter": {"kind": "x"}, "page": 1, "pageSize": PAGE}


def paginator(told: dict[str, Any]) -> dict[str, Any]:
    [draft] = source_of(document({"/things": told})).drafts(["GET /things"])
    found: dict[str, Any] = draft.definition["retriever"].get("paginator", {})
    return found


@pytest.mark.parametrize(
    ("parameter", "first"),
    [
        (query("page", "integer"), 1),
        (query("page", "integer", default=0), 0),
        (query("pageNumber", "integer", minimum=0), 0),
        ({**query("page", "integer"), "description": "The page, zero-based."}, 0),
        ({**query("page", "integer", default=1), "description": "The page, zero-based."}, 1),
    ],
)
def test_the_first_page_is_the_one_that_the_document_names(parameter: dict[str, Any], first: int) -> None:
    assert paginator(operation(None, parameter))["pagination_strategy"]["start_from_page"] == first


@pytest.mark.parametrize(
    ("parameter", "size"),
    [
        (query("limit", "integer", default=20), 20),
        (query("limit", "integer", default=20, maximum=100), 100),
        (query("limit", "integer", default=20, maximum=50_000), 1_000),
        ({**query("pageSize", "integer", default=20), "description": "Items per page (max 200)."}, 200),
        ({**query("page[size]", "integer"), "description": "It can range between 1 and 50."}, 50),
        (query("limit", "integer"), None),
    ],
)
def test_pages_are_as_large_as_the_document_allows(parameter: dict[str, Any], size: int | None) -> None:
    found = paginator(operation(None, parameter, query("offset", "integer")))
    assert found["pagination_strategy"].get("page_size") == size
    assert ("page_size_option" in found) == (size is not None)


def test_what_could_repeat_records_or_lead_nowhere_is_left_to_the_person() -> None:
    told = {
        "/a": operation(None, query("startIndex", "integer", minimum=1)),
        "/b": operation(None, query("cursor")),
        "/c/{id}": operation(thing(), query("page", "integer")),
        "/d": operation(None, query("from"), query("count")),
    }
    source = source_of(document(told))
    drafts = source.drafts([one.key for one in source.offers()])
    assert not any("paginator" in one.definition["retriever"] for one in drafts)
    notes = json.dumps([one.notes for one in drafts])
    assert "counts `startIndex` from 1" in notes
    assert "seem to be pages (`cursor`)" in notes


def test_pages_are_recognised_where_the_schema_is_that_of_one_record() -> None:
    found = paginator(operation(thing(), query("page", "integer"), query("per_page", "integer", default=20)))
    assert found["pagination_strategy"]["type"] == "PageIncrement"


@pytest.mark.parametrize(
    ("told", "description", "size"),
    [
        ({"maximum": 101, "exclusiveMaximum": True}, "", 100),
        ({"exclusiveMaximum": 101}, "", 100),
        ({"enum": [10, 50, 100], "default": 10}, "", 100),
        ({"maximum": 2147483647, "default": 20}, "", 20),
        ({}, "How many, 1 to 1,000", 1_000),
        ({}, "Maximum: 10", 10),
    ],
)
def test_no_page_is_larger_than_the_document_allows(told: dict[str, Any], description: str, size: int) -> None:
    limit = {**query("limit", "integer", **told), "description": description}
    session, _ = imported(document({"/things": operation(None, limit, query("page", "integer"))}), "GET /things")
    strategy = session.value(("streams", 0, "retriever", "paginator", "pagination_strategy"))
    assert strategy["page_size"] == size


@pytest.mark.parametrize(
    ("told", "description", "start", "is_told"),
    [
        ({"default": 0}, "", 0, True),
        ({"minimum": 1}, "", 1, True),
        ({}, "Zero-based", 0, True),
        ({}, "Defaults to 1", 1, True),
        ({}, "The page", 1, False),
    ],
)
def test_the_first_page_is_the_one_that_is_told(
    told: dict[str, Any], description: str, start: int, is_told: bool
) -> None:
    page = {**query("page", "integer", **told), "description": description}
    session, placed = imported(document({"/things": operation(None, page)}), "GET /things")
    strategy = session.value(("streams", 0, "retriever", "paginator", "pagination_strategy"))
    assert strategy["start_from_page"] == start
    assert any("counts from 0 or 1" in note for note in placed.notes) is not is_told
