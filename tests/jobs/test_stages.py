"""A job can be gone through stage by stage: each read takes up the job that the one before has left on the server."""

from __future__ import annotations

import httpx
import pytest

from core.errors import ReadError
from core.events import JobChanged, JobPhase, Outcome, Stage, StatusUnmapped
from core.http.exchange import Role
from core.jobs.answers import Answer
from core.jobs.known import KnownJobs
from core.jobs.requests import JobRequests
from core.reading import Limits, open_reader
from core.runtime.context import Context
from tests.support.jobs_api import ABORT, DELETE, manifest, serve_job
from tests.support.reading import Told, connector, no_wait, read_all
from tests.support.server import LoopbackServer, Reply

CREATION = Limits(attempts=1, last=Stage.CREATION)
ONE_POLL = Limits(attempts=1, first=Stage.POLLING, last=Stage.POLLING)
UP_TO_POLLING = Limits(attempts=1, last=Stage.POLLING)
DOWNLOAD = Limits(attempts=1, first=Stage.DOWNLOAD)
ROUTER = "partition_router: {type: ListPartitionRouter, values: ['1', '2'], cursor_field: part}"


async def cleared(text: str, jobs: KnownJobs) -> Told:
    told = Told()
    async with open_reader(connector(text), {}, sleep=no_wait) as reader:
        async for event in reader.clear_away_kept("exports", jobs):
            told.events.append(event)
    return told


async def test_the_creation_alone_leaves_a_job_that_nobody_polls(server: LoopbackServer) -> None:
    serve_job(server, "done")
    jobs = KnownJobs()
    told = await read_all(manifest(server, retriever=DELETE % server.url()), limits=CREATION, jobs=jobs)

    assert (told.outcome, told.slices) == (Outcome.LIMITED, [Outcome.LIMITED])
    assert [told.asked(role) for role in (Role.CREATE, Role.POLL, Role.DELETE)] == [1, 0, 0]
    assert [(job.kept, job.over) for job in jobs] == [(True, False)]


async def test_what_the_poll_would_miss_is_warned_of_when_only_the_creation_is_read(server: LoopbackServer) -> None:
    serve_job(server, "done")
    jobs = KnownJobs()
    text = manifest(server, polling="/jobs/{{ creation_response['job_id'] }}")
    told = await read_all(text, limits=CREATION, jobs=jobs)

    assert told.outcome is Outcome.LIMITED
    assert "`polling_requester` needs `creation_response.job_id`" in told.logs
    assert len(jobs.kept) == 1


async def test_one_poll_says_how_the_job_is_doing(server: LoopbackServer) -> None:
    serve_job(server, "busy", "odd", "done")
    jobs = KnownJobs()
    await read_all(manifest(server), limits=CREATION, jobs=jobs)
    first, second, third = [await read_all(manifest(server), limits=ONE_POLL, jobs=jobs) for _ in range(3)]

    for told in (first, second, third):
        assert told.outcome is Outcome.LIMITED
        assert [told.asked(role) for role in (Role.CREATE, Role.POLL, Role.DOWNLOAD)] == [0, 1, 0]
    assert first.of(JobChanged)[-1].api_status == "busy"
    assert [event.status for event in second.of(StatusUnmapped)] == ["odd"]
    assert third.of(JobChanged)[-1].phase is JobPhase.COMPLETED
    assert f"Its download target: {server.url('/result')}" in third.logs


async def test_a_poll_that_is_refused_leaves_the_job_alone(server: LoopbackServer) -> None:
    serve_job(server, "done")
    jobs = KnownJobs()
    more = f"{ABORT % server.url()}\n{DELETE % server.url()}"
    await read_all(manifest(server, retriever=more), limits=CREATION, jobs=jobs)
    wrong = manifest(server, retriever=more, polling="/nowhere/{{ creation_response['id'] }}")
    told = await read_all(wrong, limits=ONE_POLL, jobs=jobs)

    assert told.outcome is Outcome.FAILED
    assert "Polling failed" in told.errors
    assert [told.asked(role) for role in (Role.ABORT, Role.DELETE)] == [0, 0]
    assert (await read_all(manifest(server), limits=ONE_POLL, jobs=jobs)).outcome is Outcome.LIMITED


async def test_the_download_alone_takes_up_a_completed_job_without_polling(server: LoopbackServer) -> None:
    serve_job(server, "done")
    jobs = KnownJobs()
    text = manifest(server, retriever=DELETE % server.url())
    await read_all(text, limits=CREATION, jobs=jobs)
    await read_all(text, limits=ONE_POLL, jobs=jobs)
    for _ in range(2):  # the job is kept, to be downloaded again
        told = await read_all(text, limits=DOWNLOAD, jobs=jobs)
        assert told.outcome is Outcome.COMPLETE
        assert told.records == [{"n": 1}, {"n": 2}]
        assert [told.asked(role) for role in (Role.CREATE, Role.POLL, Role.DELETE)] == [0, 0, 0]


async def test_the_download_waits_for_a_job_that_is_not_known_to_be_completed(server: LoopbackServer) -> None:
    serve_job(server, "busy", "busy", "done")
    jobs = KnownJobs()
    await read_all(manifest(server), limits=CREATION, jobs=jobs)
    await read_all(manifest(server), limits=ONE_POLL, jobs=jobs)
    told = await read_all(manifest(server), limits=DOWNLOAD, jobs=jobs)

    assert (told.outcome, told.asked(Role.POLL), len(told.records)) == (Outcome.COMPLETE, 2, 2)


async def test_what_the_last_poll_said_is_judged_by_the_mapping_of_today(server: LoopbackServer) -> None:
    serve_job(server, "odd")
    jobs = KnownJobs()
    await read_all(manifest(server), limits=CREATION, jobs=jobs)
    await read_all(manifest(server), limits=ONE_POLL, jobs=jobs)
    mapped = "{running: [], completed: [odd], failed: [], timeout: []}"
    told = await read_all(manifest(server, mapping=mapped), limits=DOWNLOAD, jobs=jobs)

    assert (told.outcome, told.asked(Role.POLL), len(told.records)) == (Outcome.COMPLETE, 0, 2)


async def test_a_read_up_to_the_polling_ends_with_the_job_completed(server: LoopbackServer) -> None:
    serve_job(server, "busy", "busy", "done")
    jobs = KnownJobs()
    told = await read_all(manifest(server, retriever=DELETE % server.url()), limits=UP_TO_POLLING, jobs=jobs)

    assert told.outcome is Outcome.LIMITED
    assert [told.asked(role) for role in (Role.CREATE, Role.POLL, Role.DOWNLOAD, Role.DELETE)] == [1, 3, 0, 0]
    assert [(job.kept, job.over) for job in jobs] == [(True, True)]


async def test_later_stages_read_the_slices_of_the_jobs_that_are_there(server: LoopbackServer) -> None:
    server.on("/jobs", Reply({"id": "a"}, 201))
    server.on("/jobs/a", Reply({"state": "done", "url": server.url("/result")}))
    server.on("/result", Reply([{"n": 1}]))
    text, jobs = manifest(server, retriever=ROUTER), KnownJobs()
    await read_all(text, limits=Limits(slices=1, last=Stage.CREATION), jobs=jobs)
    told = await read_all(text, limits=DOWNLOAD, jobs=jobs)

    assert [told.asked(role) for role in (Role.CREATE, Role.DOWNLOAD)] == [0, 1]
    assert told.slices == [Outcome.COMPLETE]


async def test_without_a_job_there_is_nothing_to_poll(server: LoopbackServer) -> None:
    told = await read_all(manifest(server), limits=ONE_POLL, jobs=KnownJobs())

    assert told.outcome is Outcome.FAILED
    assert "There is no job yet" in told.errors


async def test_a_read_of_single_stages_says_nothing_of_how_far_the_stream_was_read(server: LoopbackServer) -> None:
    serve_job(server, "done", records=({"n": 1, "at": "2024-05-06"},))
    cursor = """
incremental_sync:
  type: DatetimeBasedCursor
  cursor_field: at
  datetime_format: "%Y-%m-%d"
  start_datetime: "2024-01-01"
  end_datetime: "2024-12-31"
"""
    text, jobs = manifest(server, stream=cursor), KnownJobs()
    created = await read_all(text, limits=CREATION, jobs=jobs)
    told = await read_all(text, limits=DOWNLOAD, jobs=jobs)

    assert len(told.records) == 1
    assert created.state == told.state
    assert "2024-05-06" not in str(told.state)


async def test_jobs_that_were_kept_can_be_cleared_away(server: LoopbackServer) -> None:
    serve_job(server, "busy", "done")
    text = manifest(server, retriever=f"{ABORT % server.url()}\n{DELETE % server.url()}")
    for completed in (False, True):
        jobs = KnownJobs()
        await read_all(text, limits=CREATION, jobs=jobs)
        if completed:
            await read_all(text, limits=DOWNLOAD, jobs=jobs)
        told = await cleared(text, jobs)
        assert [told.asked(role) for role in (Role.ABORT, Role.DELETE)] == [not completed, 1]
        assert not len(jobs)


async def test_clearing_away_says_what_it_could_not_do(server: LoopbackServer) -> None:
    serve_job(server, "busy")
    server.on("/jobs/j1/abort", Reply("no", 500))
    text, jobs = manifest(server, retriever=ABORT % server.url()), KnownJobs()
    await read_all(text, limits=CREATION, jobs=jobs)
    told = await cleared(text, jobs)

    assert "The job `j1` couldn't be aborted on the server" in told.logs
    assert not jobs.kept


async def test_a_job_is_started_with_its_creation_and_only_then(server: LoopbackServer) -> None:
    serve_job(server, "done")
    server.on("/jobs/j1/start", Reply({"run": "r7"}))
    server.on("/runs/r7", Reply({"state": "done", "url": server.url("/result")}))
    server.on("/runs/r7/stop", Reply({}))
    start = f"""
start_requester:
  {{type: HttpRequester, url: "{server.url()}/jobs/{{{{ creation_response.id }}}}/start", http_method: POST}}
abort_requester:
  {{type: HttpRequester, url: "{server.url()}/runs/{{{{ start_response.run }}}}/stop", http_method: POST}}
"""
    text, jobs = manifest(server, retriever=start, polling="/runs/{{ start_response.run }}"), KnownJobs()
    created = await read_all(text, limits=CREATION, jobs=jobs)
    polled = await read_all(text, limits=ONE_POLL, jobs=jobs)
    told = await read_all(text, limits=DOWNLOAD, jobs=jobs)

    assert [created.asked(role) for role in (Role.CREATE, Role.START, Role.POLL)] == [1, 1, 0]
    assert [polled.asked(role) for role in (Role.CREATE, Role.START, Role.POLL)] == [0, 0, 1]
    assert (told.asked(Role.START), len(told.records)) == (0, 2)

    again = KnownJobs()
    await read_all(text, limits=CREATION, jobs=again)
    assert (await cleared(text, again)).asked(Role.ABORT) == 1
    assert len(server.to("/runs/r7/stop")) == 1


async def test_one_poll_after_the_other_follows_an_address_that_moves_and_takes_the_records_on_the_way(
    server: LoopbackServer,
) -> None:
    server.on("/jobs", Reply({"id": "j1", "next": server.url("/pages/1"), "state": "busy"}, 201))
    server.on("/pages/1", Reply({"next": server.url("/pages/2"), "state": "busy", "rows": [{"n": 1}]}))
    server.on("/pages/2", Reply({"state": "done", "rows": [{"n": 2}]}))
    text = manifest(server, retriever="records_while_polling: true", polling="")
    text = text.replace(f'url: "{server.url()}"', "url: \"{{ polling_response['next'] }}\"")
    text = text.replace("field_path: []}}", "field_path: [rows]}}").replace(
        '      download_requester: {type: HttpRequester, url: "{{ download_target }}"}\n', ""
    )
    jobs = KnownJobs()
    await read_all(text, limits=CREATION, jobs=jobs)
    first = await read_all(text, limits=ONE_POLL, jobs=jobs)
    second = await read_all(text, limits=ONE_POLL, jobs=jobs)

    assert [told.records for told in (first, second)] == [[{"n": 1}], [{"n": 2}]]
    assert [told.asked(Role.CREATE) for told in (first, second)] == [0, 0]


async def test_a_job_whose_answer_can_not_be_read_any_more_keeps_no_other_from_being_cleared_away(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Custom code reads it, say, and may not run any more."""
    jobs = KnownJobs()
    text = manifest(server, retriever=f"{ABORT % server.url()}\n{ROUTER}")
    server.on("/jobs", Reply({"id": "lost"}, 201), Reply({"id": "j2"}, 201))
    server.on("/jobs/j2/abort", Reply({"aborted": True}))
    await read_all(text, limits=CREATION, jobs=jobs)
    assert len(jobs.kept) == 2
    usual = JobRequests.answer

    async def answer(self: JobRequests, response: httpx.Response, context: Context) -> Answer:
        if b"lost" in response.content:
            raise ReadError("The custom code may not run")
        return await usual(self, response, context)

    monkeypatch.setattr(JobRequests, "answer", answer)
    told = await cleared(text, jobs)

    assert "A job that was left on the server is not aborted: The custom code may not run." in told.logs
    assert [asked.path for asked in server.asked if asked.path.endswith("/abort")] == ["/jobs/j2/abort"]
