"""The life of a job as the API and the consumer of events see it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from core.events import JobChanged, JobPhase, Outcome, PollScheduled, StatusMissing, StatusUnmapped, StreamFinished
from core.http.exchange import Role
from core.jobs.statuses import JobStatus
from core.reading import Limits, open_reader
from tests.support.jobs_api import ABORT, DELETE, manifest, serve_job
from tests.support.reading import Told, connector, no_wait, read_all
from tests.support.server import Asked, LoopbackServer, Reply


async def test_a_job_is_created_polled_until_done_and_its_result_downloaded(server: LoopbackServer) -> None:
    serve_job(server, "busy", "busy", "done")

    told = await read_all(manifest(server))

    assert told.outcome is Outcome.COMPLETE
    assert told.records == [{"n": 1}, {"n": 2}]
    assert (told.asked(Role.CREATE), told.asked(Role.POLL), told.asked(Role.DOWNLOAD)) == (1, 3, 1)
    phases = [event.phase for event in told.of(JobChanged)]
    assert list(dict.fromkeys(phases)) == [
        JobPhase.WAITING,
        JobPhase.CREATING,
        JobPhase.RUNNING,
        JobPhase.COMPLETED,
        JobPhase.DOWNLOADING,
        JobPhase.DONE,
    ]
    last = told.of(JobChanged)[-1]
    assert (last.job_id, last.polls, last.api_status, last.attempt) == ("j1", 3, "done", 1)


async def test_a_poll_that_failed_for_good_is_repeated_when_the_api_says(server: LoopbackServer) -> None:
    serve_job(server, "done")
    done = Reply({"state": "done", "url": server.url("/result")})
    server.on("/jobs/j1", Reply({}, 429, headers={"Retry-After": "7"}), Reply({}, 429), done)
    handler = "error_handler: {type: DefaultErrorHandler, max_retries: 0}"
    text = manifest(server, retriever="polling_interval: 2").replace(
        "polling_requester: {", f"polling_requester: {{{handler}, "
    )

    waits = [event.wait for event in (await read_all(text)).of(PollScheduled)]

    assert waits == [2, 7, 2]


async def test_waits_grow_from_half_a_second_and_a_retry_after_wins(server: LoopbackServer) -> None:
    serve_job(server, "done")
    busy = Reply({"state": "busy"})
    server.on(
        "/jobs/j1",
        busy,
        busy,
        Reply({"state": "busy"}, headers={"Retry-After": "7"}),
        busy,
        Reply({"state": "done", "url": server.url("/result")}),
    )

    waits = [event.wait for event in (await read_all(manifest(server))).of(PollScheduled)]

    assert waits[0] == pytest.approx(0.5, rel=0.11)
    assert waits[1] == pytest.approx(0.75, rel=0.11)
    assert waits[2] == pytest.approx(1.125, rel=0.11)
    assert waits[3] == 7
    assert waits[4] == pytest.approx(1.6875, rel=0.11)


async def test_a_polling_interval_in_the_manifest_is_kept_to_the_letter(server: LoopbackServer) -> None:
    serve_job(server, "busy", "busy", "done")

    told = await read_all(manifest(server, retriever="polling_interval: 0.25"))

    assert [event.wait for event in told.of(PollScheduled)] == [0.25, 0.25, 0.25]


async def test_an_unmapped_status_counts_as_running_and_is_warned_about_once(server: LoopbackServer) -> None:
    serve_job(server, "paused", "paused", "done")

    told = await read_all(manifest(server))

    assert told.outcome is Outcome.COMPLETE
    assert told.logs.count("paused") == 1
    assert "`state`" in told.logs
    assert "completed: done" in told.logs
    (unmapped,) = told.of(StatusUnmapped)
    assert unmapped.status == "paused"
    assert len(told.of(PollScheduled)) == 3


async def test_a_status_can_be_given_a_meaning_while_the_job_runs(server: LoopbackServer) -> None:
    serve_job(server, "finished-at-last")
    told = Told()
    async with open_reader(connector(manifest(server)), {}, sleep=no_wait) as reader:
        async for event in reader.read("exports"):
            told.events.append(event)
            if isinstance(event, StatusUnmapped):
                reader.map_status("exports", event.status, JobStatus.COMPLETED)

    assert told.outcome is Outcome.COMPLETE
    assert len(told.records) == 2


@pytest.mark.parametrize(
    ("meaning", "outcome", "phase"),
    [
        (JobStatus.COMPLETED, Outcome.COMPLETE, JobPhase.COMPLETED),
        (JobStatus.FAILED, Outcome.FAILED, JobPhase.FAILED),
        (JobStatus.SKIPPED, Outcome.COMPLETE, JobPhase.SKIPPED),
    ],
)
async def test_a_meaning_given_while_the_next_poll_is_awaited_judges_the_last_answer_at_once(
    server: LoopbackServer, meaning: JobStatus, outcome: Outcome, phase: JobPhase
) -> None:
    serve_job(server, "finished-at-last")
    told = Told()
    async with open_reader(connector(manifest(server, retriever="polling_interval: 600")), {}, sleep=_once()) as reader:
        async for event in reader.read("exports", limits=Limits(attempts=1)):
            told.events.append(event)
            if isinstance(event, PollScheduled) and told.of(StatusUnmapped):
                reader.map_status("exports", "finished-at-last", meaning)

    assert told.of(StreamFinished)[0].outcome is outcome
    assert told.asked(Role.POLL) == 1
    assert phase in [event.phase for event in told.of(JobChanged)]


async def test_a_meaning_that_lets_a_job_run_on_leaves_the_next_poll_where_it_was(server: LoopbackServer) -> None:
    serve_job(server, "paused", "done")
    told = Told()
    async with open_reader(connector(manifest(server)), {}) as reader:
        async for event in reader.read("exports"):
            told.events.append(event)
            if isinstance(event, PollScheduled) and event.polls == 1 and len(told.of(PollScheduled)) == 2:
                reader.map_status("exports", "paused", JobStatus.RUNNING)

    assert told.outcome is Outcome.COMPLETE
    assert told.asked(Role.POLL) == 2
    _, before, after = told.of(PollScheduled)
    assert 0 < after.wait < before.wait


def _once() -> Callable[[float], Awaitable[None]]:
    """Gives way at the first wait, and never comes back from a later one."""
    waits = 0

    async def sleep(_seconds: float) -> None:
        nonlocal waits
        waits += 1
        await (asyncio.sleep(0) if waits == 1 else asyncio.Event().wait())

    return sleep


async def test_nothing_at_the_status_path_is_reported_with_what_there_was(server: LoopbackServer) -> None:
    serve_job(server, "done")
    server.on("/jobs/j1", Reply({"status": "done"}), Reply({"state": "done", "url": server.url("/result")}))

    told = await read_all(manifest(server))

    (missing,) = told.of(StatusMissing)
    assert (missing.place, missing.found in told.logs) == ("`state`", True)
    assert "no status at `state`" in told.logs
    assert "holds the keys status" in told.logs


@pytest.mark.parametrize(("path", "place"), [("[]", "the top"), ("[job]", "`job`")])
async def test_an_object_at_the_status_path_is_no_status(server: LoopbackServer, path: str, place: str) -> None:
    serve_job(server, "done")
    server.on("/jobs/j1", Reply({"job": {"state": "done"}}))

    written = manifest(server, retriever="polling_job_timeout: 0.001\npolling_interval: 0.01")
    told = await read_all(written.replace("field_path: [state]", f"field_path: {path}"))

    (missing,) = told.of(StatusMissing)[:1]
    assert missing.place == place
    assert "holds the keys" in missing.found
    assert told.of(StatusUnmapped) == []


@pytest.mark.parametrize(("running", "done"), [(True, False), (1, 0)])
async def test_a_status_that_is_false_or_zero_is_one(server: LoopbackServer, running: object, done: object) -> None:
    serve_job(server)
    server.on("/jobs/j1", Reply({"state": running}), Reply({"state": done, "url": server.url("/result")}))
    mapping = f"{{running: [{str(running).lower()}], completed: [{str(done).lower()}], failed: [], timeout: []}}"

    told = await read_all(manifest(server, mapping=mapping))

    assert told.outcome is Outcome.COMPLETE
    assert told.of(StatusMissing) == []


async def test_statuses_are_compared_as_text(server: LoopbackServer) -> None:
    serve_job(server)
    server.on("/jobs/j1", Reply({"state": 7}), Reply({"state": True, "url": server.url("/result")}))

    told = await read_all(manifest(server, mapping="{running: [7], completed: [true], failed: [], timeout: []}"))

    assert told.outcome is Outcome.COMPLETE


@pytest.mark.parametrize("value", [False, 0])
async def test_a_status_of_false_or_0_is_one(server: LoopbackServer, value: object) -> None:
    serve_job(server)
    server.on("/jobs/j1", Reply({"state": value}), Reply({"state": "done", "url": server.url("/result")}))

    told = await read_all(
        manifest(server, mapping='{running: ["False", "0"], completed: [done], failed: [], timeout: []}')
    )

    assert told.outcome is Outcome.COMPLETE
    assert not told.of(StatusMissing)
    assert not told.of(StatusUnmapped)


async def test_a_failed_job_is_created_again_up_to_three_times(server: LoopbackServer) -> None:
    serve_job(server, "busy", "broken")
    server.on("/jobs/j1", Reply({"state": "broken", "reason": "disk on fire"}))

    told = await read_all(manifest(server))

    assert told.outcome is Outcome.FAILED
    assert len(server.to("/jobs")) == 3
    for part in ("`exports`", "`j1`", "3 attempts", "`broken`", "disk on fire"):
        assert part in told.errors


async def test_a_read_may_be_limited_to_one_job_for_each_slice(server: LoopbackServer) -> None:
    serve_job(server, "broken")

    told = await read_all(manifest(server), limits=Limits(attempts=1))

    assert told.outcome is Outcome.FAILED
    assert len(server.to("/jobs")) == 1
    assert "given up after 1 attempt." in told.errors


async def test_a_failed_job_may_succeed_on_its_second_attempt(server: LoopbackServer) -> None:
    serve_job(server, "broken", "done")

    told = await read_all(manifest(server))

    assert told.outcome is Outcome.COMPLETE
    assert len(server.to("/jobs")) == 2


async def test_the_wait_after_a_failed_job_is_the_manifest_s(server: LoopbackServer) -> None:
    serve_job(server, "broken", "done")
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    text = manifest(server, retriever="failed_retry_wait_time_in_seconds: 42\npolling_interval: 0.5")
    async with open_reader(connector(text), {}, sleep=sleep) as reader:
        async for _ in reader.read("exports"):
            pass

    assert waited == [0.5, 42, 0.5]


async def test_a_refused_creation_is_not_repeated(server: LoopbackServer) -> None:
    server.on("/jobs", Reply({"message": "unknown report type"}, 422))

    told = await read_all(manifest(server))

    assert told.outcome is Outcome.FAILED
    assert len(server.to("/jobs")) == 1
    assert "422" in told.errors
    assert "unknown report type" in told.errors


async def test_a_creation_that_fails_for_the_moment_is_an_attempt(server: LoopbackServer) -> None:
    serve_job(server, "done")
    server.on("/jobs", *[Reply("down", 503)] * 6, Reply({"id": "j1"}))

    told = await read_all(manifest(server))

    assert told.outcome is Outcome.COMPLETE
    assert len(server.to("/jobs")) == 7


async def test_a_job_that_the_api_calls_timed_out_is_aborted_and_created_again(server: LoopbackServer) -> None:
    serve_job(server, "late", "done")

    told = await read_all(manifest(server, retriever=ABORT % server.url()))

    assert told.outcome is Outcome.COMPLETE
    assert [asked.path for asked in server.asked if asked.method == "POST"] == ["/jobs", "/jobs/j1/abort", "/jobs"]


@pytest.mark.parametrize(("status", "aborts"), [(400, 1), (404, 0)])
async def test_a_job_that_cannot_be_polled_is_aborted_unless_it_is_gone(
    server: LoopbackServer, status: int, aborts: int
) -> None:
    serve_job(server, "done")
    server.on("/jobs/j1", Reply({"message": "no"}, status), Reply({"state": "done", "url": server.url("/result")}))

    told = await read_all(manifest(server, retriever=ABORT % server.url()))

    assert told.outcome is Outcome.COMPLETE
    assert told.asked(Role.CREATE) == 2
    assert len(server.to("/jobs/j1/abort")) == aborts


async def test_an_unfinished_job_is_given_up_after_its_time_limit_and_aborted_each_time(server: LoopbackServer) -> None:
    serve_job(server, "busy")
    text = manifest(server, retriever=f"polling_job_timeout: 0.002\npolling_interval: 0.05\n{ABORT % server.url()}")
    told = Told()
    async with open_reader(connector(text), {}) as reader:
        async for event in reader.read("exports"):
            told.events.append(event)

    assert told.outcome is Outcome.FAILED
    assert len(server.to("/jobs")) == 3
    assert len(server.to("/jobs/j1/abort")) == 3
    assert "timed out" in told.errors


async def test_a_skipped_job_closes_its_slice_without_records(server: LoopbackServer) -> None:
    serve_job(server, "empty")

    told = await read_all(manifest(server))

    assert told.outcome is Outcome.COMPLETE
    assert told.slices == [Outcome.SKIPPED]
    assert not told.records
    assert told.asked(Role.DOWNLOAD) == 0


@pytest.mark.parametrize(("states", "outcome"), [(("done",), Outcome.COMPLETE), (("broken",), Outcome.FAILED)])
async def test_jobs_are_deleted_after_success_and_after_failure(
    server: LoopbackServer, states: tuple[str, ...], outcome: Outcome
) -> None:
    serve_job(server, *states)
    server.on("/jobs/j1", _poll_or_delete(server, states[0]))

    told = await read_all(manifest(server, retriever=DELETE % server.url()))

    assert told.outcome is outcome
    deleted = [asked for asked in server.asked if asked.method == "DELETE"]
    assert len(deleted) == len(server.to("/jobs"))


async def test_what_a_slice_adds_to_requests_is_in_the_creation(server: LoopbackServer) -> None:
    serve_job(server, "done")
    router = """
partition_router:
  type: ListPartitionRouter
  cursor_field: kind
  values: [a]
  request_option: {type: RequestOption, inject_into: request_parameter, field_name: kind}
"""
    cursor = """
incremental_sync:
  type: DatetimeBasedCursor
  cursor_field: day
  datetime_format: "%Y-%m-%d"
  start_datetime: "2024-01-01"
  end_datetime: "2024-01-31"
  start_time_option: {type: RequestOption, inject_into: request_parameter, field_name: since}
  end_time_option: {type: RequestOption, inject_into: body_json, field_name: until}
"""

    told = await read_all(manifest(server, retriever=router, stream=cursor))

    assert told.outcome is Outcome.COMPLETE
    (created,) = server.to("/jobs")
    assert (created.query, created.json) == ({"kind": ["a"], "since": ["2024-01-01"]}, {"until": "2024-01-31"})
    assert not any(asked.query or asked.body for asked in server.asked if asked.path != "/jobs")


async def test_a_delete_that_fails_is_a_warning(server: LoopbackServer) -> None:
    serve_job(server, "done")
    text = manifest(server, retriever=(DELETE % server.url()).replace("/jobs/{{", "/nowhere/{{"))

    told = await read_all(text)

    assert told.outcome is Outcome.COMPLETE
    assert "couldn't be deleted" in told.logs


async def test_a_location_header_on_an_empty_202_is_enough_to_poll_by(server: LoopbackServer) -> None:
    server.on("/jobs", Reply(b"", 202, {"Location": "/status/77"}))
    server.on("/status/77", Reply({"state": "done", "url": server.url("/result")}))
    server.on("/result", Reply([{"n": 1}]))

    told = await read_all(manifest(server, polling="{{ creation_response.headers['Location'] }}"))

    assert told.records == [{"n": 1}]
    assert told.of(JobChanged)[-1].job_id == "77"


@pytest.mark.parametrize(
    ("body", "kind", "expression"),
    [
        ("id=j1&queue=2", "application/x-www-form-urlencoded", "creation_response['id']"),
        ("<job><id>j1</id></job>", "application/xml", "creation_response['job']['id']"),
        ("j1", "text/plain", "creation_response.text"),
        ('["j1", "x"]', "application/json", "creation_response.body[0]"),
    ],
)
async def test_the_creation_may_answer_with_a_form_xml_text_or_a_list(
    server: LoopbackServer, body: str, kind: str, expression: str
) -> None:
    serve_job(server, "done")
    server.on("/jobs", Reply(body, 200, {"Content-Type": kind}))

    told = await read_all(manifest(server, polling=f"/jobs/{{{{ {expression} }}}}"))

    assert told.outcome is Outcome.COMPLETE, told.errors


async def test_status_code_and_request_of_the_creation_are_variables(server: LoopbackServer) -> None:
    serve_job(server, "done")
    server.on("/poll", Reply({"state": "done", "url": server.url("/result")}))
    polling = "/poll?code={{ creation_response.status_code }}&by={{ creation_response.request.method }}"

    await read_all(manifest(server, polling=polling))

    assert server.to("/poll")[0].query == {"code": ["201"], "by": ["POST"]}


async def test_polling_that_is_refused_for_good_ends_the_attempt(server: LoopbackServer) -> None:
    serve_job(server)
    server.on("/jobs/j1", Reply({"error": "no such job"}, 404))

    told = await read_all(manifest(server))

    assert len(server.to("/jobs")) == 3
    assert "no such job" in told.errors


async def test_refused_credentials_end_the_stream_at_once(server: LoopbackServer) -> None:
    server.on("/jobs", Reply({"error": "bad key"}, 401))
    retriever = "partition_router: {type: ListPartitionRouter, values: [a, b, c, d, e, f, g, h], cursor_field: x}"

    told = await read_all(manifest(server, retriever=retriever, top="max_concurrent_async_job_count: 1"))

    assert told.outcome is Outcome.FAILED
    assert len(server.to("/jobs")) == 1


async def test_jobs_run_side_by_side_within_the_budget(server: LoopbackServer) -> None:
    running: set[str] = set()
    most = 0

    def create(asked: Asked) -> Reply:
        nonlocal most
        job = asked.json["x"]
        running.add(job)
        most = max(most, len(running))
        server.on(f"/jobs/{job}", Reply({"state": "busy"}), finish(job))
        return Reply({"id": job})

    def finish(job: str):  # type: ignore[no-untyped-def]  # a closure for one job
        def reply(_asked: Asked) -> Reply:
            running.discard(job)
            return Reply({"state": "done", "url": server.url("/result")})

        return reply

    server.on("/jobs", create)
    server.on("/result", Reply([{"n": 1}]))
    text = manifest(
        server,
        top="max_concurrent_async_job_count: \"{{ config['jobs'] }}\"",
        retriever="partition_router: {type: ListPartitionRouter, values: [a, b, c, d, e, f, g, h, i], cursor_field: x}",
        creation="request_body: {type: RequestBodyJsonObject, value: {x: \"{{ stream_partition['x'] }}\"}}",
    )

    told = await read_all(text, {"jobs": 3})

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert len(told.records) == 9
    assert most == 3


async def test_one_failed_slice_does_not_stop_the_others(server: LoopbackServer) -> None:
    def create(asked: Asked) -> Reply:
        return Reply({"id": asked.json["x"]}) if asked.json["x"] != "b" else Reply("no", 400)

    server.on("/jobs", create)
    for job in "ac":
        server.on(f"/jobs/{job}", Reply({"state": "done", "url": server.url("/result")}))
    server.on("/result", Reply([{"n": 1}]))
    text = manifest(
        server,
        retriever="partition_router: {type: ListPartitionRouter, values: [a, b, c], cursor_field: x}",
        creation="request_body: {type: RequestBodyJsonObject, value: {x: \"{{ stream_partition['x'] }}\"}}",
    )

    told = await read_all(text)

    assert told.outcome is Outcome.FAILED
    assert sorted(told.slices) == [Outcome.COMPLETE, Outcome.COMPLETE, Outcome.FAILED]
    assert "slice x=b" in told.errors


def _poll_or_delete(server: LoopbackServer, state: str):  # type: ignore[no-untyped-def]  # a closure for one state
    def reply(asked: Asked) -> Reply:
        if asked.method == "DELETE":
            return Reply({"deleted": True})
        return Reply({"state": state, "url": server.url("/result")})

    return reply
