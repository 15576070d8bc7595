"""Download targets that an API lists page by page, and jobs that have none."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from core.events import Outcome
from core.http.exchange import Role
from tests.support.jobs_api import manifest, serve_job
from tests.support.reading import Told, read_all
from tests.support.server import Asked, LoopbackServer, Reply

FILES = [f"f{number}" for number in range(5)]
BY_CURSOR = """
download_target_paginator:
  type: DefaultPaginator
  page_token_option: {type: RequestOption, inject_into: request_parameter, field_name: after}
  pagination_strategy:
    type: CursorPagination
    cursor_value: "{{ response.files[-1].name }}"
    stop_condition: "{{ not response.files }}"
"""
BY_SIZE = """
download_target_paginator:
  type: DefaultPaginator
  page_token_option: {type: RequestOption, inject_into: request_parameter, field_name: page}
  page_size_option: {type: RequestOption, inject_into: request_parameter, field_name: size}
  pagination_strategy: {type: PageIncrement, page_size: 2, start_from_page: 1}
"""


def file(server: LoopbackServer, name: str) -> dict[str, str]:
    return {"name": name, "url": server.url(f"/files/{name}")}


def serve_files(server: LoopbackServer, at: str = "/jobs/j1") -> None:
    """Two files a page, after the one that is named or by the number of the page."""
    serve_job(server, "done")

    def listed(asked: Asked) -> Reply:
        after = asked.query.get("after", [""])[0]
        start = FILES.index(after) + 1 if after else 2 * (int(asked.query.get("page", ["1"])[0]) - 1)
        page = [file(server, name) for name in FILES[start : start + 2]]
        return Reply({"state": "done", "files": page})

    server.on(at, listed)
    for name in FILES:
        server.on(f"/files/{name}", Reply([{"file": name}]))


async def test_the_pages_of_the_answer_to_polling_are_followed(server: LoopbackServer) -> None:
    serve_files(server)

    told = await read_all(manifest(server, target="[files, '*', url]", retriever=BY_CURSOR))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert sorted(record["file"] for record in told.records) == FILES
    assert [asked.query.get("after") for asked in server.to("/jobs/j1")] == [None, ["f1"], ["f3"], ["f4"]]
    assert "next page" not in told.logs
    assert "are empty" not in told.logs


async def test_the_first_page_is_asked_for_anew_when_the_paginator_adds_to_it(server: LoopbackServer) -> None:
    serve_files(server)

    told = await read_all(manifest(server, target="[files, '*', url]", retriever=BY_SIZE))

    assert sorted(record["file"] for record in told.records) == FILES
    assert [asked.query for asked in server.to("/jobs/j1")] == [
        {},
        {"size": ["2"]},
        {"size": ["2"], "page": ["2"]},
        {"size": ["2"], "page": ["3"]},
    ]


@pytest.mark.parametrize(("number", "warns"), [(49, False), (50, True)])
async def test_as_many_targets_as_a_page_has_are_warned_about(
    server: LoopbackServer, *, number: int, warns: bool
) -> None:
    serve_job(server, "done")
    targets = [server.url(f"/part/{n}") for n in range(number)]
    server.on("/jobs/j1", Reply({"state": "done", "url": targets}))
    for n in range(number):
        server.on(f"/part/{n}", Reply([{"part": n}]))
    told = await read_all(manifest(server))
    assert len(told.records) == number
    assert ("The job names exactly 50 download targets" in told.logs) is warns


async def test_a_page_without_targets_is_the_last_one(server: LoopbackServer) -> None:
    serve_files(server)
    unlimited = BY_SIZE.replace("page_size: 2, ", "").replace(
        "  page_size_option: {type: RequestOption, inject_into: request_parameter, field_name: size}\n", ""
    )

    told = await read_all(manifest(server, target="[files, '*', url]", retriever=unlimited))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert sorted(record["file"] for record in told.records) == FILES
    assert [asked.query.get("page") for asked in server.to("/jobs/j1")] == [None, ["2"], ["3"], ["4"]]


async def test_a_page_of_targets_that_are_all_null_is_not_the_last_one(server: LoopbackServer) -> None:
    serve_files(server)
    pages: list[list[str | None]] = [[None, None], [None, None], [server.url("/files/f0"), None], []]
    server.on("/jobs/j1", *[Reply({"state": "done", "files": [{"url": url} for url in page]}) for page in pages])

    told = await read_all(manifest(server, target="[files, '*', url]", retriever=BY_SIZE))

    assert told.records == [{"file": "f0"}]
    assert "3 of 4 download targets are empty" in told.logs


async def test_the_pages_of_a_target_request_are_followed(server: LoopbackServer) -> None:
    serve_files(server, at="/files")
    requester = f'download_target_requester: {{type: HttpRequester, url: "{server.url("/files")}"}}'

    told = await read_all(manifest(server, target="[files, '*', url]", retriever=BY_CURSOR + requester))

    assert sorted(record["file"] for record in told.records) == FILES
    assert (told.asked(Role.POLL), told.asked(Role.TARGET)) == (1, 4)


async def test_expired_targets_are_all_listed_again(server: LoopbackServer) -> None:
    serve_files(server)
    server.on("/files/f3", Reply("expired", 403), Reply([{"file": "f3"}]))

    told = await read_all(manifest(server, target="[files, '*', url]", retriever=BY_CURSOR))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert sorted(record["file"] for record in told.records) == FILES


async def test_a_list_of_targets_that_never_ends_is_an_error(server: LoopbackServer) -> None:
    serve_files(server)
    server.on("/jobs/j1", Reply({"state": "done", "files": [{"name": "f0", "url": "x"}, {"name": "f1", "url": "y"}]}))

    told = await read_all(manifest(server, target="[files, '*', url]", retriever=BY_CURSOR))

    assert told.outcome is Outcome.FAILED
    assert "makes no progress" in told.errors
    assert told.asked(Role.DOWNLOAD) == 0


async def test_a_page_that_names_the_same_targets_under_a_new_token_ends_the_list(server: LoopbackServer) -> None:
    serve_job(server, "done")
    tokens = count(1)
    server.on("/jobs/j1", lambda _: Reply({"state": "done", "files": [{"name": next(tokens), "url": "x"}]}))

    told = await read_all(manifest(server, target="[files, '*', url]", retriever=BY_CURSOR))

    assert told.outcome is Outcome.FAILED
    assert "makes no progress: a page names only targets that the pages before it named" in told.errors
    assert told.asked(Role.TARGET) == 1


async def test_a_target_that_is_on_two_pages_is_downloaded_once(server: LoopbackServer) -> None:
    serve_files(server)
    pages = iter((["f0", "f1"], ["f1", "f2"], []))
    server.on("/jobs/j1", lambda _: Reply({"state": "done", "files": [file(server, name) for name in next(pages)]}))

    told = await read_all(manifest(server, target="[files, '*', url]", retriever=BY_CURSOR))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert sorted(record["file"] for record in told.records) == ["f0", "f1", "f2"]
    assert "1 download target is on more than one page of the list" in told.logs


async def test_targets_of_further_pages_that_nothing_follows_are_warned_of(server: LoopbackServer) -> None:
    serve_job(server, "done")
    server.on("/jobs/j1", Reply({"state": "done", "url": server.url("/result"), "next_page": 2}))

    told = await read_all(manifest(server))

    assert "A `download_target_paginator` asks for them" in told.logs


# A job without targets


async def read_done(server: LoopbackServer, body: dict[str, Any], option: str, retriever: str = "") -> Told:
    serve_job(server, "done")
    server.on("/jobs/j1", Reply({"state": "done", **body}))
    return await read_all(manifest(server, retriever=f"{retriever}\n{option}"))


@pytest.mark.parametrize("body", [{}, {"url": None}, {"url": []}, {"url": False}])
async def test_a_missing_target_can_mean_that_there_is_no_data(server: LoopbackServer, body: dict[str, Any]) -> None:
    told = await read_done(server, body, "on_no_target: empty")

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert (told.records, told.asked(Role.DOWNLOAD)) == ([], 0)
    assert "has no data to download" in told.logs


@pytest.mark.parametrize("body", [{}, {"url": None}, {"url": []}, {"url": [None]}])
async def test_a_target_that_is_empty_can_be_an_error(server: LoopbackServer, body: dict[str, Any]) -> None:
    told = await read_done(server, body, "on_no_target: fail")

    assert told.outcome is Outcome.FAILED
    assert "`url`" in told.errors


async def test_what_the_target_request_lacks_can_mean_that_there_is_no_data(server: LoopbackServer) -> None:
    url = server.url("/documents/{{ polling_response.document }}")
    requester = f'download_target_requester: {{type: HttpRequester, url: "{url}"}}'

    told = await read_done(server, {}, "on_no_target: empty", requester)
    assert told.outcome is Outcome.COMPLETE, told.errors
    assert (told.asked(Role.TARGET), told.asked(Role.DOWNLOAD)) == (0, 0)

    told = await read_done(server, {}, "", requester)
    assert "`download_target_requester` needs `polling_response.document`" in told.errors


async def test_without_an_option_a_null_is_no_data_and_a_missing_key_an_error(server: LoopbackServer) -> None:
    assert (await read_done(server, {"url": None}, "")).outcome is Outcome.COMPLETE
    assert (await read_done(server, {}, "")).outcome is Outcome.FAILED


async def test_what_the_api_says_where_a_target_should_be_is_told(server: LoopbackServer) -> None:
    told = await read_done(server, {"done": True, "error": {"code": 8, "message": "Quota exhausted"}}, "")

    assert "there is no `url` in it. The API says: Quota exhausted." in told.errors
