"""Ending a read before its jobs are done."""

from __future__ import annotations

import asyncio

from core.events import JobChanged, JobPhase, Outcome, PollScheduled
from core.reading import open_reader
from tests.support.jobs_api import ABORT, DELETE, manifest, serve_job
from tests.support.reading import Told, connector
from tests.support.server import Asked, LoopbackServer, Reply


async def test_cancelling_aborts_the_job_on_the_server_and_says_so(server: LoopbackServer) -> None:
    serve_job(server, "busy")
    told = Told()
    text = manifest(server, retriever=f"polling_interval: 60\n{ABORT % server.url()}")
    async with open_reader(connector(text), {}) as reader, asyncio.timeout(10):
        async for event in reader.read("exports"):
            told.events.append(event)
            if isinstance(event, PollScheduled):
                reader.cancel()

    assert told.outcome is Outcome.CANCELLED
    assert len(server.to("/jobs/j1/abort")) == 1
    assert "was aborted on the server" in told.logs
    assert told.state == {"__ab_no_cursor_state_message": True}


async def test_cancelling_while_the_job_is_being_created_aborts_it_all_the_same(server: LoopbackServer) -> None:
    serve_job(server, "busy")
    gate = asyncio.Event()
    told = Told()
    text = manifest(server, retriever=ABORT % server.url())

    def created(_asked: Asked) -> Reply:
        reader.cancel()
        asyncio.get_running_loop().call_later(0.05, gate.set)
        return Reply({"id": "j1"}, gate=gate)

    server.on("/jobs", created)
    async with open_reader(connector(text), {}) as reader, asyncio.timeout(10):
        async for event in reader.read("exports"):
            told.events.append(event)

    assert told.outcome is Outcome.CANCELLED
    assert len(server.to("/jobs/j1/abort")) == 1


async def test_a_job_that_was_being_created_is_reported_as_aborted_and_deleted_when_the_read_is_cancelled(
    server: LoopbackServer,
) -> None:
    serve_job(server, "busy")
    gate = asyncio.Event()
    told = Told()
    text = manifest(server, retriever=f"{ABORT % server.url()}\n{DELETE % server.url()}")

    def created(_asked: Asked) -> Reply:
        reader.cancel()
        asyncio.get_running_loop().call_later(0.05, gate.set)
        return Reply({"id": "j1"}, gate=gate)

    server.on("/jobs", created)
    async with open_reader(connector(text), {}) as reader, asyncio.timeout(10):
        async for event in reader.read("exports"):
            told.events.append(event)

    assert [asked.method for asked in server.asked] == ["POST", "POST", "DELETE"]
    (aborted,) = [event for event in told.of(JobChanged) if event.phase is JobPhase.ABORTED]
    assert aborted.job_id == "j1"


async def test_a_job_without_abort_request_is_named_when_the_read_is_cancelled(server: LoopbackServer) -> None:
    serve_job(server, "busy")
    told = Told()
    async with open_reader(connector(manifest(server)), {}) as reader, asyncio.timeout(10):
        async for event in reader.read("exports"):
            told.events.append(event)
            if isinstance(event, PollScheduled):
                reader.cancel()

    assert "goes on running on the server" in told.logs


async def test_leaving_the_events_early_aborts_the_job(server: LoopbackServer) -> None:
    serve_job(server, "busy")
    text = manifest(server, retriever=f"polling_interval: 60\n{ABORT % server.url()}")
    async with open_reader(connector(text), {}) as reader, asyncio.timeout(10):
        events = reader.read("exports")
        async for event in events:
            if isinstance(event, PollScheduled):
                break
        await events.aclose()

    assert len(server.to("/jobs/j1/abort")) == 1
