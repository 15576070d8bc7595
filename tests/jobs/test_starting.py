"""Jobs that a second request starts once they are created."""

from __future__ import annotations

import asyncio

import pytest

from core.events import ExchangeFinished, JobChanged, JobPhase, Outcome
from core.http.exchange import Role
from core.jobs.known import KnownJob, KnownJobs
from core.reading import open_reader
from tests.support.jobs_api import ABORT, manifest, serve_job
from tests.support.reading import Told, connector, read_all
from tests.support.server import Asked, LoopbackServer, Reply

QUEUE_FULL = Reply({"success": False, "errors": [{"code": "1029", "message": "Too many jobs in queue"}]})
WAITS_FOR_QUEUE = """, error_handler: {type: DefaultErrorHandler, max_retries: 0, response_filters: [
  {type: HttpResponseFilter, predicate: "{{ response.get('success') == false }}", action: RATE_LIMITED}]}"""


def with_start(
    server: LoopbackServer,
    *,
    path: str = "/jobs/{{ creation_response['id'] }}/start",
    handler: str = "",
    more: str = "",
    top: str = "",
    creation: str = "",
    polling: str = "/jobs/{{ creation_response['id'] }}",
) -> str:
    start = f'start_requester: {{type: HttpRequester, url: "{server.url(path)}", http_method: POST{handler}}}'
    abort = ABORT % server.url()
    return manifest(server, retriever=f"{start}\n{abort}\n{more}", top=top, creation=creation, polling=polling)


async def test_a_job_is_started_between_creation_and_polling(server: LoopbackServer) -> None:
    serve_job(server, "busy", "done")
    server.on("/jobs/j1/start", Reply({"run": "r7"}))
    server.on("/runs/r7", Reply({"state": "busy"}), Reply({"state": "done", "url": server.url("/result")}))

    told = await read_all(with_start(server, polling="/runs/{{ start_response.run }}"))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert told.records == [{"n": 1}, {"n": 2}]
    roles = [event.exchange.role for event in told.of(ExchangeFinished)]
    assert roles == [Role.CREATE, Role.START, Role.POLL, Role.POLL, Role.DOWNLOAD]
    phases = list(dict.fromkeys(event.phase for event in told.of(JobChanged)))
    assert phases[:4] == [JobPhase.WAITING, JobPhase.CREATING, JobPhase.STARTING, JobPhase.RUNNING]
    assert {event.job_id for event in told.of(JobChanged) if event.phase is JobPhase.STARTING} == {"j1"}


async def test_each_attempt_starts_its_job(server: LoopbackServer) -> None:
    serve_job(server, "broken", "done")
    server.on("/jobs/j1/start", Reply({}))

    told = await read_all(with_start(server))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert (told.asked(Role.CREATE), told.asked(Role.START)) == (2, 2)


@pytest.mark.parametrize("refusal", [QUEUE_FULL, Reply({"message": "queue full"}, 429)], ids=["200", "429"])
async def test_a_full_queue_is_waited_for_without_a_new_job(server: LoopbackServer, refusal: Reply) -> None:
    serve_job(server, "done")
    server.on("/jobs/j1/start", *[refusal] * 30, Reply({"success": True}))

    told = await read_all(with_start(server, handler=WAITS_FOR_QUEUE))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert told.asked(Role.CREATE) == 1
    assert len(server.to("/jobs/j1/start")) == 31
    assert {event.attempt for event in told.of(JobChanged) if event.job_id} == {1}
    assert told.logs.count("refuses to start the job `j1` for now") == 1


async def test_a_start_refused_beside_another_job_waits_for_its_end(server: LoopbackServer) -> None:
    running: set[str] = set()
    polls: dict[str, int] = {}

    def started(asked: Asked) -> Reply:
        job = asked.path.split("/")[2]
        if running:
            return Reply({"message": "one at a time"}, 409)
        running.add(job)
        return Reply({})

    def polled(asked: Asked) -> Reply:
        job = asked.path.rpartition("/")[2]
        polls[job] = polls.get(job, 0) + 1
        if job not in running or polls[job] < 3:
            return Reply({"state": "busy"})
        running.discard(job)
        return Reply({"state": "done", "url": server.url(f"/result/{job}")})

    server.on("/jobs", lambda asked: Reply({"id": asked.json["x"]}))
    for job in ("a", "b", "c"):
        server.on(f"/jobs/{job}/start", started)
        server.on(f"/jobs/{job}", polled)
        server.on(f"/result/{job}", Reply([{"job": job}]))
    router = "partition_router: {type: ListPartitionRouter, values: [a, b, c], cursor_field: x}"
    body = "request_body: {type: RequestBodyJsonObject, value: {x: \"{{ stream_partition['x'] }}\"}}"

    text = with_start(server, more=router, creation=body, top="max_concurrent_async_job_count: 3")
    told = await asyncio.wait_for(read_all(text), 20)

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert sorted(record["job"] for record in told.records) == ["a", "b", "c"]
    assert told.asked(Role.CREATE) == 3
    details = [event.detail for event in told.of(JobChanged) if event.phase is JobPhase.STARTING and event.detail]
    assert "the API refused the job while another one runs" in details


async def test_a_refusal_that_nothing_explains_ends_the_slice_and_aborts_the_job(server: LoopbackServer) -> None:
    serve_job(server, "done")
    server.on("/jobs/j1/start", Reply({"message": "no such field: emial"}, 422))

    told = await read_all(with_start(server))

    assert told.outcome is Outcome.FAILED
    assert "The job couldn't be started." in told.errors
    assert "no such field: emial" in told.errors
    assert "job `j1`" in told.errors
    assert (told.asked(Role.CREATE), told.asked(Role.POLL), told.asked(Role.ABORT)) == (1, 0, 1)


async def test_a_queue_that_stays_full_is_waited_for_as_long_as_a_job_may_take(server: LoopbackServer) -> None:
    serve_job(server, "done")
    server.on("/jobs/j1/start", QUEUE_FULL)

    told = await read_all(with_start(server, handler=WAITS_FOR_QUEUE, more="polling_job_timeout: 0.005"))

    assert told.outcome is Outcome.FAILED
    assert "The API refused that for 0.3 seconds, which is the time limit of a job." in told.errors
    assert "given up after 1 attempt" in told.errors
    assert (told.asked(Role.CREATE), told.asked(Role.ABORT)) == (1, 1)


async def test_a_start_that_fails_for_now_is_a_failed_attempt(server: LoopbackServer) -> None:
    serve_job(server, "done")
    server.on("/jobs/j1/start", Reply("down", 503), Reply({}))
    handler = ", error_handler: {type: DefaultErrorHandler, max_retries: 0}"

    told = await read_all(with_start(server, handler=handler))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert (told.asked(Role.CREATE), told.asked(Role.START), told.asked(Role.ABORT)) == (2, 2, 1)


async def test_an_answer_without_what_polling_needs_says_what_is_missing(server: LoopbackServer) -> None:
    serve_job(server, "done")
    server.on("/jobs/j1/start", Reply({"message": "quota used up"}))

    told = await read_all(with_start(server, polling="/runs/{{ start_response.run }}"))

    assert told.outcome is Outcome.FAILED
    assert "`polling_requester` needs `start_response.run`, which the answer to the start doesn't give" in told.errors
    assert "quota used up" in told.errors


async def test_a_refusal_that_is_ignored_means_that_the_job_runs(server: LoopbackServer) -> None:
    serve_job(server, "done")
    server.on("/jobs/j1/start", Reply({"message": "started already"}, 409))
    handler = (
        ", error_handler: {type: DefaultErrorHandler, response_filters: "
        "[{type: HttpResponseFilter, http_codes: [409], action: IGNORE}]}"
    )

    told = await read_all(with_start(server, handler=handler))

    assert told.outcome is Outcome.COMPLETE, told.errors


@pytest.mark.parametrize("while_waiting", [False, True])
async def test_cancelling_during_the_start_aborts_the_job(server: LoopbackServer, while_waiting: bool) -> None:
    serve_job(server, "busy")
    gate = asyncio.Event()
    told = Told()

    def started(_asked: Asked) -> Reply:
        if not while_waiting:
            reader.cancel()
            return Reply({}, gate=gate)
        return QUEUE_FULL

    server.on("/jobs/j1/start", started)
    text = with_start(server, handler=WAITS_FOR_QUEUE, more="polling_interval: 60")
    async with open_reader(connector(text), {}) as reader, asyncio.timeout(10):
        async for event in reader.read("exports"):
            told.events.append(event)
            if isinstance(event, JobChanged) and event.phase is JobPhase.STARTING and event.detail:
                reader.cancel()
    gate.set()

    assert told.outcome is Outcome.CANCELLED
    assert len(server.to("/jobs/j1/abort")) == 1
    assert told.of(JobChanged)[-1].phase is JobPhase.ABORTED


async def test_a_known_job_is_started_only_when_it_has_not_been(server: LoopbackServer) -> None:
    serve_job(server, "done")
    server.on("/jobs/j1/start", Reply({"run": "r7"}))
    server.on("/runs/r7", Reply({"state": "done", "url": server.url("/result")}))
    text, jobs = with_start(server, polling="/runs/{{ start_response.run }}"), KnownJobs()

    await read_all(text, jobs=jobs)
    again = await read_all(text, jobs=jobs)

    assert again.records == [{"n": 1}, {"n": 2}]
    assert (again.asked(Role.CREATE), again.asked(Role.START)) == (0, 0)

    known = jobs.find({})
    assert known is not None
    jobs.note({}, KnownJob(known.creation))  # as after a crash before the start
    third = await read_all(text, jobs=jobs)

    assert third.records == [{"n": 1}, {"n": 2}]
    assert (third.asked(Role.CREATE), third.asked(Role.START)) == (0, 1)


async def test_credentials_that_are_refused_are_not_waited_for(server: LoopbackServer) -> None:
    serve_job(server, "done")
    server.on("/jobs/j1/start", Reply({"message": "unknown token"}, 401))
    handler = (
        ", error_handler: {type: DefaultErrorHandler, max_retries: 0, response_filters: "
        "[{type: HttpResponseFilter, http_codes: [401], action: REFRESH_TOKEN_THEN_RETRY}]}"
    )

    told = await read_all(with_start(server, handler=handler))

    assert told.outcome is Outcome.FAILED
    assert "unknown token" in told.errors
    assert told.asked(Role.START) == 1
