"""What is downloaded when a job is done: its targets, and the records in them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from core.events import ExchangeFinished, Outcome, Records
from core.http.exchange import Role
from core.reading import Limits
from tests.support.jobs_api import manifest, serve_job
from tests.support.reading import connector, read_all
from tests.support.server import Asked, LoopbackServer, Reply


async def test_several_download_targets_are_all_downloaded(server: LoopbackServer) -> None:
    serve_job(server, "done")
    targets = [server.url(f"/part/{number}") for number in range(3)]
    server.on("/jobs/j1", Reply({"state": "done", "url": targets}))
    for number in range(3):
        server.on(f"/part/{number}", Reply([{"part": number}]))

    told = await read_all(manifest(server))

    assert sorted(record["part"] for record in told.records) == [0, 1, 2]


async def test_records_and_requests_name_the_target_that_they_are_from(server: LoopbackServer) -> None:
    serve_job(server, "done")
    targets = [server.url(f"/part/{number}") for number in range(1, 4)]
    server.on("/jobs/j1", Reply({"state": "done", "url": targets}))
    server.on("/part/1", Reply([{"part": 1}]))
    server.on("/part/2", Reply("expired", 403), Reply([{"part": 2}]))
    server.on("/part/3", Reply([{"part": 3}]))

    told = await read_all(manifest(server))

    assert {batch.page: [record["part"] for record in batch.records] for batch in told.of(Records)} == {
        number: [number] for number in (1, 2, 3)
    }
    downloads = [one for one in told.of(ExchangeFinished) if one.exchange.role is Role.DOWNLOAD]
    assert sorted((one.exchange.url[-1], one.page) for one in downloads) == [("1", 1), ("2", 2), ("2", 2), ("3", 3)]
    assert {one.page for one in told.of(ExchangeFinished) if one not in downloads} == {None}


async def test_targets_are_downloaded_side_by_side(server: LoopbackServer) -> None:
    serve_job(server, "done")
    gate = asyncio.Event()
    server.on("/jobs/j1", Reply({"state": "done", "url": [server.url("/first"), server.url("/second")]}))
    server.on("/first", Reply([{"n": 1}], gate=gate))

    def second(_asked: Asked) -> Reply:
        gate.set()
        return Reply([{"n": 2}])

    server.on("/second", second)

    told = await asyncio.wait_for(read_all(manifest(server)), 10)

    assert len(told.records) == 2


async def test_a_limit_keeps_the_first_records_of_the_first_targets(server: LoopbackServer) -> None:
    serve_job(server, "done")
    server.on("/jobs/j1", Reply({"state": "done", "url": [server.url(f"/part/{number}") for number in range(4)]}))
    for number in range(4):
        server.on(f"/part/{number}", Reply([{"part": number, "n": n} for n in range(2)]))

    told = await read_all(manifest(server), limits=Limits(records=3))

    assert [(record["part"], record["n"]) for record in told.records] == [(0, 0), (0, 1), (1, 0)]
    assert told.outcome is Outcome.LIMITED
    assert not [asked for asked in server.asked if asked.path in ("/part/2", "/part/3")]


@pytest.mark.parametrize("first_is_broken", [False, True])
async def test_a_limit_keeps_the_records_of_the_first_slices(server: LoopbackServer, *, first_is_broken: bool) -> None:
    last_done = asyncio.Event()

    def create(asked: Asked) -> Reply:
        return Reply({"id": asked.query["day"][0]}, 201)

    def polled(day: str) -> Callable[[Asked], Reply]:
        def poll(_asked: Asked) -> Reply:
            if day == "c":
                last_done.set()
            if day != "a":
                return Reply({"state": "done", "url": server.url(f"/result/{day}")})
            done = "broken" if first_is_broken else "done"
            return Reply({"state": done if last_done.is_set() else "busy", "url": server.url("/result/a")})

        return poll

    server.on("/jobs", create)
    for day in "abc":
        server.on(f"/jobs/{day}", polled(day))
        server.on(f"/result/{day}", Reply([{"day": day, "n": n} for n in range(2)]))
    days = "{type: ListPartitionRouter, values: [a, b, c], cursor_field: day}"
    creation = "request_parameters: {day: \"{{ stream_partition['day'] }}\"}"
    text = manifest(server, retriever=f"partition_router: {days}\npolling_interval: 0.01", creation=creation)

    told = await asyncio.wait_for(read_all(text, limits=Limits(records=3, attempts=1)), 20)

    kept = [(record["day"], record["n"]) for record in told.records]
    assert kept == ([("b", 0), ("b", 1), ("c", 0)] if first_is_broken else [("a", 0), ("a", 1), ("b", 0)])


async def test_no_target_where_one_is_expected_is_an_error_that_says_what_was_found(server: LoopbackServer) -> None:
    serve_job(server, "done")

    told = await read_all(manifest(server, target="[result, links]"))

    assert told.outcome is Outcome.FAILED
    assert "`result.links`" in told.errors
    assert "keys state, url" in told.errors


async def test_the_target_request_sees_slice_creation_and_poll(server: LoopbackServer) -> None:
    serve_job(server, "done")
    server.on("/files", Reply({"url": server.url("/result")}))
    retriever = f"""\
partition_router: {{type: ListPartitionRouter, values: [eu], cursor_field: region}}
download_target_requester:
  type: HttpRequester
  url: "{server.url("/files")}"
  request_parameters:
    region: "{{{{ stream_partition['region'] }}}}"
    job: "{{{{ creation_response['id'] }}}}"
    state: "{{{{ polling_response['state'] }}}}"
"""
    told = await read_all(manifest(server, retriever=retriever))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert server.to("/files")[0].query == {"region": ["eu"], "job": ["j1"], "state": ["done"]}
    assert told.asked(Role.TARGET) == 1


async def test_without_a_target_extractor_the_download_has_its_own_url(server: LoopbackServer) -> None:
    serve_job(server, "done")
    text = manifest(server, target="").replace(
        "{{ download_target }}", f"{server.url('/result')}?job={{{{ creation_response['id'] }}}}"
    )

    told = await read_all(text)

    assert len(told.records) == 2
    assert server.to("/result")[0].query == {"job": ["j1"]}


async def test_an_expired_link_is_asked_for_again_before_a_new_job_is_created(server: LoopbackServer) -> None:
    serve_job(server, "done")
    server.on("/result", Reply("expired", 403), Reply([{"n": 1}]))

    told = await read_all(manifest(server))

    assert told.records == [{"n": 1}]
    assert (len(server.to("/jobs")), len(server.to("/jobs/j1"))) == (1, 2)


async def test_a_download_that_is_forbidden_may_have_a_link_that_expired(server: LoopbackServer) -> None:
    serve_job(server, "done")
    server.on("/result", Reply("Request has expired", 403))

    told = await read_all(manifest(server))

    assert "The link may have expired, or the credentials lack the permission for this." in told.errors
    assert "are known to the API" not in told.errors


async def test_a_link_that_stays_dead_leads_to_a_new_job(server: LoopbackServer) -> None:
    serve_job(server, "done")
    server.on("/result", *(Reply("gone", 410) for _ in range(4)), Reply([{"n": 1}]))

    told = await read_all(manifest(server))

    assert told.records == [{"n": 1}]
    assert len(server.to("/jobs")) == 2


async def test_a_limit_on_records_stops_the_read_and_leaves_the_slice_open(server: LoopbackServer) -> None:
    serve_job(server, "done", records=[{"n": number} for number in range(500)])

    told = await read_all(manifest(server), limits=Limits(records=120))

    assert told.outcome is Outcome.LIMITED
    assert len(told.records) == 120


async def test_a_limit_that_cuts_nothing_is_no_limit(server: LoopbackServer) -> None:
    serve_job(server, "done", records=[{"n": number} for number in range(120)])

    told = await read_all(manifest(server), limits=Limits(records=120))

    assert told.outcome is Outcome.COMPLETE


async def test_the_record_selector_s_field_path_is_honoured(server: LoopbackServer) -> None:
    serve_job(server, "done", records={"data": {"rows": [{"n": 1}]}})
    text = manifest(server).replace("field_path: []", "field_path: [data, rows]")

    assert (await read_all(text)).records == [{"n": 1}]


async def test_the_download_extractor_wins_over_the_record_selector_s(server: LoopbackServer) -> None:
    serve_job(server, "done", records={"a": [{"n": 1}], "b": [{"n": 2}]})
    text = manifest(server, retriever="download_extractor: {type: DpathExtractor, field_path: [b]}").replace(
        "field_path: []", "field_path: [a]"
    )

    assert (await read_all(text)).records == [{"n": 2}]
    (warning,) = connector(text).problems
    assert "download_extractor" in warning.message
