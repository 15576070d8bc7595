"""Records that come with the answers to polling, from a URL that moves on with each of them."""

from __future__ import annotations

from typing import Any

import pytest

from core.events import ExchangeFinished, JobChanged, JobPhase, Outcome, PollScheduled, Records
from core.http.exchange import Role
from core.jobs.known import KnownJobs
from core.reading import Limits, open_reader
from tests.support.jobs_api import manifest as ordinary
from tests.support.jobs_api import serve_job
from tests.support.query_api import QueryApi, manifest, rows
from tests.support.reading import connector, no_wait, read_all
from tests.support.server import LoopbackServer, Reply


async def test_the_rows_of_all_answers_are_read_and_nothing_is_downloaded(server: LoopbackServer) -> None:
    QueryApi(server, {}, {}, rows(1, 2), {}, rows(3), {})

    told = await read_all(manifest(server))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert [record["n"] for record in told.records] == [1, 2, 3]
    assert (told.asked(Role.CREATE), told.asked(Role.POLL), told.asked(Role.DOWNLOAD)) == (1, 5, 0)
    assert told.of(JobChanged)[-1].phase is JobPhase.DONE


async def test_each_answer_with_records_is_a_page(server: LoopbackServer) -> None:
    QueryApi(server, {}, rows(1, 2), {}, rows(3))

    told = await read_all(manifest(server))

    assert {batch.page: batch.count for batch in told.of(Records)} == {1: 2, 2: 1}
    polls = [event for event in told.of(ExchangeFinished) if event.exchange.role is Role.POLL]
    assert [event.page for event in polls] == [1, 2, 2]


async def test_after_records_the_next_poll_is_sent_at_once(server: LoopbackServer) -> None:
    QueryApi(server, {}, rows(1), {}, {})

    told = await read_all(manifest(server, retriever="polling_interval: 7"))

    assert [event.wait for event in told.of(PollScheduled)] == [7, 0, 7]


async def test_an_api_that_asks_for_a_wait_gets_it_after_records_too(server: LoopbackServer) -> None:
    following = {"nextUri": server.url("/next")}
    server.on("/statement", Reply({"state": "RUNNING", **rows(1), **following}, headers={"Retry-After": "3"}))
    server.on("/next", Reply({"state": "FINISHED", **rows(2)}))

    told = await read_all(manifest(server))

    assert [event.wait for event in told.of(PollScheduled)] == [3]
    assert [record["n"] for record in told.records] == [1, 2]


async def test_an_answer_to_the_creation_can_have_all_records(server: LoopbackServer) -> None:
    QueryApi(server, rows(1, 2))

    told = await read_all(manifest(server))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert [record["n"] for record in told.records] == [1, 2]
    assert told.asked(Role.POLL) == 0


@pytest.mark.parametrize("url", ["{{ polling_response['nextUri'] }}", "{{ polling_response.get('nextUri', '') }}"])
@pytest.mark.parametrize("first", [{}, rows(1)])
async def test_a_job_that_is_completed_before_its_last_answer_is_read_to_the_end(
    server: LoopbackServer, first: dict[str, Any], url: str
) -> None:
    finished = {"state": "FINISHED"}
    QueryApi(server, {**first, **finished}, {**rows(2), **finished}, finished, {**rows(3), **finished})

    told = await read_all(manifest(server, polling=url))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert [record["n"] for record in told.records] == [*([1] if first else []), 2, 3]


async def test_a_query_without_rows_that_is_finished_at_once_is_complete(server: LoopbackServer) -> None:
    QueryApi(server, {"data": []})

    told = await read_all(manifest(server))

    assert (told.outcome, told.records) == (Outcome.COMPLETE, []), told.errors


async def test_a_failure_after_records_have_left_is_final(server: LoopbackServer) -> None:
    api = QueryApi(server, {}, rows(1), {"state": "FAILED", "message": "a worker died"}, {})

    told = await read_all(manifest(server))

    assert told.outcome is Outcome.FAILED
    assert api.created == 1
    assert "Records of this job have been read already, so it isn't created again." in told.errors
    assert "a worker died" in told.errors


async def test_a_failure_before_any_record_is_a_failed_attempt(server: LoopbackServer) -> None:
    api = QueryApi(server, {}, {"state": "FAILED"}, rows(1), retried=[{}, rows(2), {}])

    told = await read_all(manifest(server))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert api.created == 2
    assert [record["n"] for record in told.records] == [2]


async def test_a_poll_that_failed_is_repeated_without_repeating_records(server: LoopbackServer) -> None:
    api = QueryApi(server, {}, rows(1), rows(2), {})
    api.faults[2] = Reply("busy", 503)
    handler = "error_handler: {type: DefaultErrorHandler, max_retries: 0}"
    text = manifest(server).replace("polling_requester: {", f"polling_requester: {{{handler}, ")

    told = await read_all(text)

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert "A poll failed and will be repeated" in told.logs
    assert [record["n"] for record in told.records] == [1, 2]


async def test_a_limit_ends_the_query_on_the_server(server: LoopbackServer) -> None:
    api = QueryApi(server, {}, *[rows(n) for n in range(50)], {})

    told = await read_all(manifest(server), limits=Limits(records=3))

    assert told.outcome is Outcome.LIMITED
    assert [record["n"] for record in told.records] == [0, 1, 2]
    assert api.cancelled == ["q1"]
    assert told.asked(Role.POLL) < 6


async def test_answers_without_records_are_no_pages_of_a_limit(server: LoopbackServer) -> None:
    api = QueryApi(server, *[{}] * 10, rows(1), {}, rows(2), {}, rows(3), {})

    told = await read_all(manifest(server), limits=Limits(pages=2))

    assert [record["n"] for record in told.records] == [1, 2]
    assert told.outcome is Outcome.LIMITED
    assert api.cancelled == ["q1"]


async def test_the_cursor_follows_the_records(server: LoopbackServer) -> None:
    QueryApi(server, {}, rows(4), rows(9), {})
    incremental = (
        'incremental_sync: {type: DatetimeBasedCursor, cursor_field: n, datetime_format: "%s", start_datetime: "1"}'
    )

    told = await read_all(manifest(server, stream=incremental))

    assert told.state == {"n": "9"}


async def test_a_url_that_stays_where_it_is_and_repeats_its_rows_is_found_out(server: LoopbackServer) -> None:
    server.on("/statement", Reply({"id": "q", "state": "QUEUED"}))
    server.on("/q", Reply({"state": "RUNNING", **rows(1, 2)}))

    told = await read_all(manifest(server, polling=server.url("/q")))

    assert told.outcome is Outcome.FAILED
    assert "has records that the one before it had" in told.errors
    assert told.asked(Role.POLL) == 2


async def test_a_list_that_grows_from_poll_to_poll_is_found_out(server: LoopbackServer) -> None:
    server.on("/statement", Reply({"id": "q", "state": "QUEUED"}))
    growing = [Reply({"state": "RUNNING", **rows(*range(n))}) for n in range(1, 9)]
    server.on("/q", *growing)

    told = await read_all(manifest(server, polling=server.url("/q")))

    assert told.outcome is Outcome.FAILED
    assert "leave it off and describe a `download_requester`" in told.errors


async def test_one_url_that_gives_new_rows_each_time_is_read(server: LoopbackServer) -> None:
    server.on("/statement", Reply({"id": "q", "state": "QUEUED"}))
    parts = [Reply({"state": "RUNNING", "part": n, "data": [{"land": "DE"}, {"n": n}]}) for n in range(3)]
    server.on("/q", *parts, Reply({"state": "FINISHED", "data": []}))

    told = await read_all(manifest(server, polling=server.url("/q")))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert [record["n"] for record in told.records if "n" in record] == [0, 1, 2]


@pytest.mark.parametrize("answer", [{"nextUri": None}, {"nextUri": ""}])
async def test_a_running_job_that_names_no_next_url_is_an_error_at_once(
    server: LoopbackServer, answer: dict[str, Any]
) -> None:
    QueryApi(server, {}, {"state": "RUNNING", **answer}, {})

    told = await read_all(manifest(server))

    assert told.outcome is Outcome.FAILED
    assert "can't be polled again: `polling_requester` needs `polling_response.nextUri`" in told.errors
    assert (told.asked(Role.CREATE), told.asked(Role.POLL)) == (1, 1)


async def test_transformations_do_not_change_what_the_next_poll_sees(server: LoopbackServer) -> None:
    following = {"data": [{"next": server.url("/next/2")}]}
    server.on("/statement", Reply({"state": "RUNNING", **following}))
    server.on("/next/2", Reply({"state": "FINISHED", "data": []}))
    stream = "transformations: [{type: RemoveFields, field_pointers: [[next]]}]"
    text = manifest(server, stream=stream).replace("['nextUri']", ".data[0].next")

    told = await read_all(text)

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert told.records == [{}]


async def test_a_job_that_an_earlier_read_left_behind_is_ended_and_created_anew(server: LoopbackServer) -> None:
    """Nobody knows which of its rows the earlier read took."""
    api = QueryApi(server, {}, rows(1), rows(2), {})
    text, jobs = manifest(server), KnownJobs()
    async with open_reader(connector(text.replace("abort_requester", "x_abort")), {}, sleep=no_wait) as reader:
        async for event in reader.read("rows", jobs=jobs):
            if isinstance(event, Records):
                reader.cancel()
    assert len(jobs) == 1

    again = await read_all(text, jobs=jobs)

    assert [record["n"] for record in again.records] == [1, 2]
    assert api.created == 2
    assert "The job `q1` of an earlier read isn't followed" in again.logs
    assert again.asked(Role.ABORT) == 1
    assert len(jobs) == 0


async def test_a_job_that_was_read_is_created_anew_by_the_next_read(server: LoopbackServer) -> None:
    api = QueryApi(server, {}, rows(1), {})
    jobs = KnownJobs()
    text = manifest(server)

    first = await read_all(text, jobs=jobs)
    again = await read_all(text, jobs=jobs)

    assert first.records == again.records == [{"n": 1}]
    assert (api.created, again.asked(Role.ABORT)) == (2, 0)


async def test_a_job_can_give_records_with_its_polls_and_a_result_to_download(server: LoopbackServer) -> None:
    serve_job(server, "done", records={"data": [{"n": 3}]})
    server.on(
        "/jobs/j1",
        Reply({"state": "busy", "data": [{"n": 1}]}),
        Reply({"state": "done", "url": server.url("/result"), "data": [{"n": 2}]}),
    )
    text = ordinary(server, retriever="records_while_polling: true").replace("field_path: []", "field_path: [data]")

    told = await read_all(text)

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert {batch.page: [record["n"] for record in batch.records] for batch in told.of(Records)} == {
        1: [1],
        2: [2],
        3: [3],
    }


async def test_many_answers_are_read_in_order(server: LoopbackServer) -> None:
    QueryApi(server, {}, *[rows(n) for n in range(300)], {})

    told = await read_all(manifest(server))

    assert [record["n"] for record in told.records] == list(range(300))


async def test_rows_that_are_lists_get_the_columns_that_only_some_answers_name(server: LoopbackServer) -> None:
    """The query is finished before its last rows are fetched: what tells that is whether there is a next URL."""
    columns = {"columns": [{"name": "id"}, {"name": "name"}], "state": "FINISHED"}
    QueryApi(server, {}, {"state": "QUEUED"}, {**columns, "data": [[1, "a"]]}, {"data": [[2, None]]}, {})
    text = (
        manifest(server)
        .replace(
            "{type: DpathExtractor, field_path: [state]}",
            "{type: TemplateExtractor, value: \"{{ 'RUNNING' if response.nextUri else 'FINISHED' }}\"}",
        )
        .replace(
            "{type: DpathExtractor, field_path: [data]}",
            "{type: TableExtractor, rows_path: [data], columns_path: [columns]}",
        )
    )

    told = await read_all(text)

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert told.records == [{"id": 1, "name": "a"}, {"id": 2, "name": None}]
