"""A creation that the API refuses while other jobs are alive waits for one of them to end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from core.events import JobChanged, JobPhase, Log, Outcome
from core.levels import Level
from core.reading import Limits, open_reader
from tests.support.jobs_api import ABORT, manifest
from tests.support.reading import Told, connector, no_wait, read_all
from tests.support.server import Asked, LoopbackServer, Reply

TAKEN = {"userErrors": ["A bulk operation is in progress already"]}
BODY = "request_body: {type: RequestBodyJsonObject, value: {x: \"{{ stream_partition['x'] }}\"}}"


def slices(names: str) -> str:
    return f"partition_router: {{type: ListPartitionRouter, values: [{', '.join(names)}], cursor_field: x}}"


class BusyApi:
    """An API that runs only so many jobs at a time and refuses others; a job takes three polls."""

    def __init__(self, server: LoopbackServer, most: int, refusal: Callable[[], Reply]) -> None:
        self._server = server
        self._most = most
        self._refusal = refusal
        self.running: dict[str, int] = {}
        self.refused = 0
        server.on("/jobs", self._create)
        server.on("/result", Reply([{"n": 1}]))

    def _create(self, asked: Asked) -> Reply:
        job = asked.json["x"]
        if len(self.running) >= self._most:
            self.refused += 1
            return self._refusal()
        self.running[job] = 0
        self._server.on(f"/jobs/{job}", self._poll)
        return Reply({"id": job})

    def _poll(self, asked: Asked) -> Reply:
        job = asked.path.rpartition("/")[2]
        self.running[job] += 1
        if self.running[job] < 3:
            return Reply({"state": "busy"})
        del self.running[job]
        return Reply({"state": "done", "url": self._server.url("/result")})


@pytest.mark.parametrize(
    "refusal",
    [
        lambda: Reply(TAKEN, 400),
        lambda: Reply(TAKEN, 409),
        lambda: Reply(TAKEN, 422),
        lambda: Reply(TAKEN, 429),
        lambda: Reply({"data": {"operation": None}, **TAKEN}),
    ],
    ids=["400", "409", "422", "429", "200 without an id"],
)
@pytest.mark.parametrize("top", ["", "max_concurrent_async_job_count: 3"])
async def test_a_refused_job_waits_for_another_to_end(
    server: LoopbackServer, refusal: Callable[[], Reply], top: str
) -> None:
    api = BusyApi(server, 1, refusal)

    told = await read_all(manifest(server, retriever=slices("abcde"), creation=BODY, top=top))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert len(told.records) == 5
    assert api.refused
    assert max(event.attempt for event in told.of(JobChanged)) == 1
    (line,) = [log for log in told.of(Log) if "max_concurrent_async_job_count" in log.message]
    assert line.level is Level.WARNING
    assert "`max_concurrent_async_job_count: 1`" in line.message
    waiting = [event for event in told.of(JobChanged) if event.phase is JobPhase.WAITING and event.detail]
    assert {event.slice["x"] for event in waiting if event.slice} <= set("abcd")


async def test_the_limit_is_what_the_api_runs(server: LoopbackServer) -> None:
    api = BusyApi(server, 2, lambda: Reply(TAKEN, 409))

    told = await read_all(manifest(server, retriever=slices("abcdefgh"), creation=BODY))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert len(told.records) == 8
    assert "`max_concurrent_async_job_count: 2`" in told.logs
    assert api.refused <= 2


async def test_jobs_of_other_streams_of_the_run_count(server: LoopbackServer) -> None:
    BusyApi(server, 1, lambda: Reply(TAKEN, 400))
    one = manifest(server, retriever=slices("ab"), creation=BODY)
    stream = one[one.index("  - type: DeclarativeStream") :]
    both = one + stream.replace("name: exports", "name: others").replace("[a, b]", "[c, d]")
    told: dict[str, Told] = {"exports": Told(), "others": Told()}

    async with open_reader(connector(both), {}, sleep=no_wait) as reader:

        async def follow(name: str) -> None:
            async for event in reader.read(name):
                told[name].events.append(event)

        await asyncio.gather(*map(follow, told))

    for name, one_told in told.items():
        assert one_told.outcome is Outcome.COMPLETE, (name, one_told.errors)
        assert len(one_told.records) == 2
    lines = [line for one_told in told.values() for line in one_told.logs.splitlines()]
    assert sum("max_concurrent_async_job_count" in line for line in lines) == 1


async def test_a_refusal_with_no_other_job_alive_fails_as_ever(server: LoopbackServer) -> None:
    server.on("/jobs", Reply({"message": "no such report"}, 400))

    told = await read_all(manifest(server, retriever=slices("abcd"), creation=BODY))

    assert told.outcome is Outcome.FAILED
    assert len(server.to("/jobs")) == 4
    assert "no such report" in told.errors
    assert "max_concurrent_async_job_count" not in told.logs


async def test_a_job_that_is_refused_for_its_own_sake_fails_and_the_others_run_side_by_side_again(
    server: LoopbackServer,
) -> None:
    api = BusyApi(server, 4, lambda: Reply(TAKEN, 400))
    created = api._create
    most: list[int] = []

    def create(asked: Asked) -> Reply:
        if asked.json["x"] == "b":
            return Reply({"message": "account b is closed"}, 400)
        reply = created(asked)
        most.append(len(api.running))
        return reply

    server.on("/jobs", create)

    told = await read_all(manifest(server, retriever=slices("abcdefghijkl"), creation=BODY))

    assert told.slices.count(Outcome.COMPLETE) == 11
    assert "slice x=b" in told.errors
    assert "account b is closed" in told.errors
    assert max(most[-4:]) > 1


async def test_what_the_error_handler_says_counts(server: LoopbackServer) -> None:
    BusyApi(server, 1, lambda: Reply(TAKEN, 409))
    handler = """
error_handler:
  type: DefaultErrorHandler
  response_filters: [{type: HttpResponseFilter, http_codes: [409], action: FAIL, error_message: exists already}]
"""

    told = await read_all(manifest(server, retriever=slices("ab"), creation=BODY + handler))

    assert sorted(told.slices) == [Outcome.COMPLETE, Outcome.FAILED]
    assert "exists already" in told.errors


async def test_cancelling_ends_the_wait_at_once(server: LoopbackServer) -> None:
    BusyApi(server, 1, lambda: Reply(TAKEN, 400))
    told = Told()
    text = manifest(server, retriever=f"polling_interval: 60\n{slices('ab')}\n{ABORT % server.url()}", creation=BODY)
    server.on("/jobs/a/abort", Reply({}))
    server.on("/jobs/b/abort", Reply({}))
    async with open_reader(connector(text), {}) as reader, asyncio.timeout(10):
        async for event in reader.read("exports"):
            told.events.append(event)
            if isinstance(event, JobChanged) and event.phase is JobPhase.WAITING and event.detail:
                reader.cancel()

    assert told.outcome is Outcome.CANCELLED
    assert sum(asked.path.endswith("/abort") for asked in server.asked) == 1


async def test_a_parent_and_its_child_share_the_slots_without_blocking_each_other(server: LoopbackServer) -> None:
    BusyApi(server, 1, lambda: Reply(TAKEN, 400))
    parent = manifest(server, retriever=slices("abc"), creation=BODY)
    parent_stream = parent[parent.index("  - type: DeclarativeStream") :]
    child = parent_stream.replace("name: exports", "name: children").replace(
        slices("abc"),
        "partition_router: {type: SubstreamPartitionRouter, parent_stream_configs: "
        "[{type: ParentStreamConfig, stream: {$ref: '#/streams/0'}, parent_key: n, partition_field: x}]}",
    )
    server.on("/result", *(Reply([{"n": f"r{number}"}]) for number in range(6)))

    async with asyncio.timeout(20):
        told = await read_all(parent + child, stream="children")

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert len(told.records) == 3


async def test_an_api_that_counts_a_job_until_its_result_is_fetched_is_waited_for(server: LoopbackServer) -> None:
    counted: set[str] = set()

    def create(asked: Asked) -> Reply:
        job = asked.json["x"]
        if counted:
            return Reply(TAKEN, 409)
        counted.add(job)
        server.on(f"/jobs/{job}", Reply({"state": "done", "url": server.url(f"/result/{job}")}))
        server.on(f"/result/{job}", fetch)
        return Reply({"id": job})

    def fetch(asked: Asked) -> Reply:
        counted.discard(asked.path.rpartition("/")[2])
        return Reply([{"n": 1}])

    server.on("/jobs", create)

    told = await read_all(manifest(server, retriever=slices("abcdef"), creation=BODY))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert len(told.records) == 6


async def test_where_a_limit_cuts_a_refused_slice_lets_those_behind_it_be_fetched(server: LoopbackServer) -> None:
    second_is_made = asyncio.Event()
    counted: set[str] = set()
    asked_first: list[str] = []

    def create(asked: Asked) -> Reply:
        job = asked.json["x"]
        if job == "a" and not asked_first:
            asked_first.append(job)
            return Reply(TAKEN, 409, gate=second_is_made)
        if counted:
            return Reply(TAKEN, 409)
        counted.add(job)
        second_is_made.set()
        server.on(f"/jobs/{job}", Reply({"state": "done", "url": server.url(f"/result/{job}")}))
        server.on(f"/result/{job}", fetch)
        return Reply({"id": job})

    def fetch(asked: Asked) -> Reply:
        counted.discard(asked.path.rpartition("/")[2])
        return Reply([{"x": asked.path.rpartition("/")[2]}])

    server.on("/jobs", create)

    text = manifest(server, retriever=slices("ab"), creation=BODY)
    told = await asyncio.wait_for(read_all(text, limits=Limits(records=10)), 20)

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert [record["x"] for record in told.records] == ["b", "a"]
