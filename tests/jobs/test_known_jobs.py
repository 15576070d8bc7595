"""A read that is given the jobs of an earlier one follows them, so that its later phases can be tried again."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from core.events import JobChanged, JobPhase, Outcome, PollScheduled
from core.http.exchange import Role
from core.jobs.known import HELD_BACK, KnownJob, KnownJobs, followed_first
from core.reading import open_reader
from core.runtime.slices import StreamSlice
from tests.support.jobs_api import ABORT, DELETE, manifest, serve_job
from tests.support.reading import Told, connector, no_wait, read_all
from tests.support.server import LoopbackServer, Reply


async def test_a_known_job_is_polled_at_once_and_no_new_one_is_created(server: LoopbackServer) -> None:
    serve_job(server, "done", "done")
    jobs = KnownJobs()
    first = await read_all(manifest(server), jobs=jobs)
    again = await read_all(manifest(server), jobs=jobs)

    assert (first.asked(Role.CREATE), again.asked(Role.CREATE)) == (1, 0)
    assert again.outcome is Outcome.COMPLETE
    assert again.records == first.records
    assert [event.wait for event in again.of(PollScheduled)] == [0.0]
    assert {event.known for event in again.of(JobChanged) if event.job_id} == {True}
    assert "job `j1` of an earlier read is followed" in again.logs


async def test_the_answer_to_the_creation_is_read_as_the_manifest_says_now(server: LoopbackServer) -> None:
    serve_job(server, "done", "done")
    server.on("/jobs", Reply("id=j1", 201))
    jobs = KnownJobs()
    first = await read_all(manifest(server), jobs=jobs)
    asked_for = "/jobs/{{ creation_response['text'].split('=')[1] }}"
    again = await read_all(manifest(server, polling=asked_for), jobs=jobs)

    assert (first.outcome, again.outcome) == (Outcome.FAILED, Outcome.COMPLETE)


async def test_a_known_job_that_came_to_nothing_is_created_again(server: LoopbackServer) -> None:
    serve_job(server, "done", "broken", "done")
    jobs = KnownJobs()
    await read_all(manifest(server), jobs=jobs)
    again = await read_all(manifest(server), jobs=jobs)

    assert again.outcome is Outcome.COMPLETE
    assert again.asked(Role.CREATE) == 1


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ([], [0, 1, 2, 3, 4]),
        ([3, 1], [1, 3, 0, 2, 4]),
        ([9], [0, 1, 2, 3, 4]),
        ([4, 9], [4, 0, 1, 2, 3]),
    ],
)
async def test_the_slices_of_known_jobs_come_first(known: list[int], expected: list[int]) -> None:
    assert [one["number"] async for one in followed_first(numbered(5), jobs_of(known))] == expected


async def test_no_more_slices_are_held_back_than_may_be() -> None:
    first = followed_first(numbered(HELD_BACK * 2), jobs_of([HELD_BACK - 1, HELD_BACK * 2 - 1]))
    found = [one["number"] async for one in first]
    assert found[:2] == [HELD_BACK - 1, 0]
    assert sorted(found) == [*range(HELD_BACK * 2)]
    assert found[-1] == HELD_BACK * 2 - 1


async def numbered(count: int) -> AsyncIterator[StreamSlice]:
    for number in range(count):
        yield StreamSlice({"number": number})


def jobs_of(numbers: list[int]) -> KnownJobs:
    jobs = KnownJobs()
    for number in numbers:
        jobs.note(StreamSlice({"number": number}), KnownJob(httpx.Response(201)))
    return jobs


async def test_each_slice_has_its_job(server: LoopbackServer) -> None:
    server.on("/jobs", Reply({"id": "a"}, 201), Reply({"id": "b"}, 201))
    for job in ("a", "b"):
        server.on(f"/jobs/{job}", Reply({"state": "done", "url": server.url(f"/result/{job}")}))
        server.on(f"/result/{job}", Reply([{"job": job}]))
    router = "partition_router: {type: ListPartitionRouter, values: ['1', '2'], cursor_field: part}"
    jobs = KnownJobs()
    text = manifest(server, retriever=router, top="max_concurrent_async_job_count: 1")
    first = await read_all(text, jobs=jobs)
    again = await read_all(text, jobs=jobs)

    assert len(jobs) == 2
    assert again.asked(Role.CREATE) == 0
    assert sorted(map(repr, again.records)) == sorted(map(repr, first.records))


async def test_a_job_that_was_deleted_on_the_server_is_known_no_more(server: LoopbackServer) -> None:
    serve_job(server, "done")
    jobs = KnownJobs()
    told = await read_all(manifest(server, retriever=DELETE % server.url()), jobs=jobs)

    assert told.asked(Role.DELETE) == 1
    assert len(jobs) == 0


async def test_a_job_that_goes_on_when_its_read_is_cancelled_is_known(server: LoopbackServer) -> None:
    for abort, known in ((ABORT % server.url(), 0), ("", 1)):
        serve_job(server, "busy")
        jobs = KnownJobs()
        text = manifest(server, retriever=f"polling_interval: 60\n{abort}")
        told = Told()
        async with open_reader(connector(text), {}) as reader:
            async for event in reader.read("exports", jobs=jobs):
                told.events.append(event)
                if isinstance(event, JobChanged) and event.phase is JobPhase.RUNNING:
                    reader.cancel()
        assert told.outcome is Outcome.CANCELLED
        assert len(jobs) == known
    serve_job(server, "done")
    assert (await read_all(manifest(server), jobs=jobs)).asked(Role.CREATE) == 0


async def test_no_read_shares_jobs_by_itself(server: LoopbackServer) -> None:
    serve_job(server, "done", "done")
    async with open_reader(connector(manifest(server)), {}, sleep=no_wait) as reader:
        for _ in range(2):
            events = [event async for event in reader.read("exports")]
            assert any(isinstance(event, JobChanged) and event.phase is JobPhase.CREATING for event in events)
