"""A job that is done and offers nothing to download has no records; one whose answer lacks the place is a failure."""

from __future__ import annotations

from typing import Any

import pytest

from core.events import JobChanged, JobPhase, Log, Outcome
from core.http.exchange import Role
from core.levels import Level
from tests.support.jobs_api import manifest, serve_job
from tests.support.reading import Told, read_all
from tests.support.server import LoopbackServer, Reply

JSON_PATH = 'download_target_extractor: {type: JsonPathExtractor, json_path: "%s"}'


async def read_done(server: LoopbackServer, body: Any, target: str, *, retriever: str = "") -> Told:
    serve_job(server, "done")
    server.on("/jobs/j1", Reply({"state": "done", **body}))
    return await read_all(manifest(server, target=target, retriever=retriever))


@pytest.mark.parametrize(
    ("body", "target", "words"),
    [
        ({"url": None}, "[url]", "`url` is null"),
        ({"url": ""}, "[url]", "`url` is an empty text"),
        ({"url": " "}, "[url]", "`url` is the text"),
        ({"url": []}, "[url]", "`url` is an empty list"),
        ({"url": {}}, "[url]", "`url` is an empty object"),
        ({"url": [None, ""]}, "[url]", "all that is at `url` is empty"),
        ({"data": {"node": {"url": None}}}, "[data, node, url]", "`data.node.url` is null"),
        ({"files": []}, "[files, '*', url]", "`files` is an empty list"),
        ({"files": None}, "[files, '*', url]", "`files` is null"),
        ({"files": [{"url": None}, {"url": None}]}, "[files, '*', url]", "is null"),
        ({"groups": [{"files": []}]}, "[groups, '*', files, '*']", "is an empty list"),
    ],
)
async def test_nothing_at_the_target_s_place_is_no_data(
    server: LoopbackServer, body: dict[str, Any], target: str, words: str
) -> None:
    told = await read_done(server, body, target)

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert (told.records, told.slices) == ([], [Outcome.COMPLETE])
    assert told.asked(Role.DOWNLOAD) == 0
    (line,) = told.of(Log)
    assert line.level is Level.INFO
    assert words in line.message
    assert told.of(JobChanged)[-1].phase is JobPhase.DONE


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"url": None}, "$.url"),
        ({"files": []}, "$.files[*].url"),
        ({"files": [{"url": None}]}, "$.files[*].url"),
        ({"files": []}, "$.files[?(@.ready == true)].url"),
    ],
)
async def test_nothing_at_the_place_of_a_json_path_is_no_data(
    server: LoopbackServer, body: dict[str, Any], path: str
) -> None:
    told = await read_done(server, body, "", retriever=JSON_PATH % path)

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert told.asked(Role.DOWNLOAD) == 0


@pytest.mark.parametrize("mode", ["union", "first_match"])
async def test_nothing_at_the_place_of_one_of_several_extractors_is_no_data(server: LoopbackServer, mode: str) -> None:
    several = f"""
download_target_extractor:
  type: CombinedExtractor
  mode: {mode}
  extractors: [{{type: DpathExtractor, field_path: [link]}}, {{type: DpathExtractor, field_path: [url]}}]
"""
    told = await read_done(server, {"url": None}, "", retriever=several)

    assert told.outcome is Outcome.COMPLETE, told.errors


@pytest.mark.parametrize(
    ("body", "target", "words"),
    [
        ({"link": "x"}, "[url]", ["`url`", "holds the keys state, link"]),
        ({"result": None}, "[result, url]", ["`result.url`", "`result` is null"]),
        ({"files": [{"href": "x"}]}, "[files, '*', url]", ["`files.*.url`", "href"]),
        ({"url": False}, "[url]", ["`url` is false"]),
    ],
)
async def test_a_place_that_is_not_there_is_a_failure(
    server: LoopbackServer, body: dict[str, Any], target: str, words: list[str]
) -> None:
    told = await read_done(server, body, target)

    assert told.outcome is Outcome.FAILED
    assert all(word in told.errors for word in [*words, "job `j1`", "/jobs/j1"]), told.errors
    assert len(server.to("/jobs")) == 1


async def test_empty_ones_among_the_targets_are_left_out_and_reported(server: LoopbackServer) -> None:
    server.on("/part", Reply([{"n": 1}]))
    told = await read_done(server, {"url": [None, server.url("/part"), ""]}, "[url]")

    assert told.records == [{"n": 1}]
    assert "2 of 3 download targets are empty" in told.logs


@pytest.mark.parametrize(
    ("answer", "path", "outcome"),
    [
        ({"url": None}, "[url]", Outcome.COMPLETE),
        ([], "[]", Outcome.COMPLETE),
        ([], "['*', url]", Outcome.COMPLETE),
        ({"files": []}, "[files]", Outcome.COMPLETE),
        ({"other": 1}, "[url]", Outcome.FAILED),
        (b"", "[url]", Outcome.FAILED),
    ],
)
async def test_the_answer_of_a_target_request_may_be_empty_too(
    server: LoopbackServer, answer: Any, path: str, outcome: Outcome
) -> None:
    server.on("/files", Reply(answer, headers={"Content-Type": "application/json"}))
    requester = f'download_target_requester: {{type: HttpRequester, url: "{server.url("/files")}"}}'
    told = await read_done(server, {}, path, retriever=requester)

    assert told.outcome is outcome, told.errors
    if outcome is Outcome.FAILED:
        assert "/files" in told.errors


async def test_zero_is_an_identifier(server: LoopbackServer) -> None:
    server.on("/part/0", Reply([{"n": 1}]))
    serve_job(server, "done")
    server.on("/jobs/j1", Reply({"state": "done", "part": 0}))
    text = manifest(server, target="[part]").replace("{{ download_target }}", server.url("/part/{{ download_target }}"))

    assert (await read_all(text)).records == [{"n": 1}]


async def test_an_empty_path_that_gives_the_whole_answer_is_named_where_the_download_fails(
    server: LoopbackServer,
) -> None:
    told = await read_done(server, {"url": "x"}, "[]")

    assert told.outcome is Outcome.FAILED
    assert "The field path of `download_target_extractor` is empty" in told.errors


@pytest.mark.parametrize(
    ("beside", "headers", "named"),
    [
        ({"nextPageToken": "t"}, {}, "nextPageToken"),
        ({"paging": {"next": {"after": "7"}}}, {}, "paging.next"),
        ({}, {"Link": '</jobs/j1?page=2>; rel="next"'}, "Link"),
        ({"nextPageToken": None}, {}, None),
    ],
)
async def test_a_next_page_of_targets_that_nothing_follows_is_warned_about(
    server: LoopbackServer, beside: dict[str, Any], headers: dict[str, str], named: str | None
) -> None:
    serve_job(server, "done")
    server.on("/jobs/j1", Reply({"state": "done", "url": server.url("/result"), **beside}, headers=headers))
    told = await read_all(manifest(server))

    warnings = [log.message for log in told.of(Log) if log.level is Level.WARNING]
    assert len(warnings) == (named is not None)
    assert all(f"`{named}`" in warning for warning in warnings)
    assert told.outcome is Outcome.COMPLETE


async def test_a_next_page_that_the_download_looks_up_is_followed(server: LoopbackServer) -> None:
    serve_job(server, "done")
    server.on("/jobs/j1", Reply({"state": "done", "url": server.url("/result"), "next_token": "t"}))
    text = manifest(server).replace(
        "{{ download_target }}", "{{ download_target }}?t={{ polling_response.next_token }}"
    )
    told = await read_all(text)

    assert "next page" not in told.logs
