"""What names a next page in an answer, and what looks like it but doesn't."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from core.jobs.download_targets import next_page_named


def named(body: Any, headers: dict[str, str] | None = None, path: tuple[str, ...] = ()) -> str | None:
    request = httpx.Request("GET", "https://api.example.com/files")
    return next_page_named(httpx.Response(200, headers=headers, request=request), body, path)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"next": "https://api.example.com/files?page=2"}, "next"),
        ({"nextPageToken": "abc"}, "nextPageToken"),
        ({"next_page": 2}, "next_page"),
        ({"links": {"self": "/a", "next": "/b"}}, "links.next"),
        ({"_links": {"next": {"href": "/b"}}}, "_links.next"),
        ({"links": [{"rel": "self", "href": "/a"}, {"rel": "next", "href": "/b"}]}, "links"),
        ({"paging": {"next": {"after": "7"}}}, "paging.next"),
        ({"has_more": True}, "has_more"),
        ({"hasMore": "true"}, "hasMore"),
        ({"@odata.nextLink": "https://api.example.com/b"}, "@odata.nextLink"),
        ({"nextRecordsUrl": "/services/data/query/01g-2000"}, "nextRecordsUrl"),
        ({"meta": {"next_cursor": "x"}}, "meta.next_cursor"),
        ({"pageInfo": {"hasNextPage": True, "endCursor": "x"}}, "pageInfo.hasNextPage"),
        ({"NextToken": "x"}, "NextToken"),
    ],
)
def test_a_next_page_is_named(body: Any, expected: str) -> None:
    assert named(body) == expected


@pytest.mark.parametrize(
    "body",
    [
        {"url": "https://files.example.com/1", "state": "done"},
        {"next": None},
        {"next": ""},
        {"next": False},
        {"next": {}},
        {"next": {"href": None}},
        {"next": "2024-05-01T00:00:00Z"},
        {"links": {"self": "/a", "next": None}},
        {"links": [{"rel": "self", "href": "/a"}]},
        {"links": [{"rel": "next", "href": None}]},
        {"has_more": False, "next_cursor": "left-over"},
        {"hasMore": "false"},
        {"pageInfo": {"hasNextPage": False, "endCursor": "x"}},
        {"next_run": "soon", "nextPoll": 5},
        {"data": {"rows": [{"next": "/b"}]}},
        ["https://files.example.com/1"],
        "https://files.example.com/1",
        None,
    ],
)
def test_a_plain_answer_names_none(body: Any) -> None:
    assert named(body) is None


def test_objects_on_the_way_to_the_targets_are_looked_at() -> None:
    body = {"data": {"exports": {"pageInfo": {"hasNextPage": True}, "edges": [{"url": "x"}]}}}
    assert named(body, path=("data", "exports", "edges", "*", "url")) == "data.exports.pageInfo.hasNextPage"
    assert named(body) is None


def test_the_last_item_of_a_list_on_the_way_is_looked_at() -> None:
    links = [{"link": "x", "next_chunk_index": 1}, {"link": "y", "next_chunk_index": 2}]
    path = ("result", "links", "*", "link")
    assert named({"result": {"links": links}}, path=path) == "result.links.*.next_chunk_index"
    assert named({"result": {"links": [*links, {"link": "z"}]}}, path=path) is None
    assert named({"result": {"links": []}}, path=path) is None


def test_a_link_header_names_one() -> None:
    assert named({}, {"Link": '<https://api.example.com/files?page=2>; rel="next"'}) == "Link"
    assert named({}, {"Link": '<https://api.example.com/files?page=1>; rel="prev"'}) is None
