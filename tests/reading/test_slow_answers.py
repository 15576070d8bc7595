"""A read whose surroundings have a slowest pace does not sit with a server that drips, and leaves no job there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import yaml

from core.events import Outcome
from core.http.pace import Pace
from core.reading import Limits, open_reader
from core.reading.surroundings import Surroundings
from tests.support import jobs_api
from tests.support.broken_servers import drip, serving
from tests.support.dynamic import dynamic_manifest, from_api
from tests.support.reading import Told, connector
from tests.support.server import LoopbackServer, Reply

DRIPS = "of the answer came in the last 0.5 seconds"


async def instantly(_seconds: float) -> None:
    await asyncio.sleep(0)


IMPATIENT = Surroundings(sleep=instantly, slowest=Pace(rate=1000, seconds=0.5))


@pytest.fixture
async def dripping() -> AsyncIterator[str]:
    async with serving(drip) as url, asyncio.timeout(60):
        yield url


async def read(manifest: str) -> Told:
    told = Told()
    async with open_reader(connector(manifest), {}, around=IMPATIENT) as reader:
        async for event in reader.read("exports", None, Limits(records=1, slices=1)):
            told.events.append(event)
    return told


async def test_a_job_whose_polls_drip_is_aborted_each_time(server: LoopbackServer, dripping: str) -> None:
    jobs_api.serve_job(server, "busy")
    server.on("/jobs/j1", Reply("", 307, {"Location": f"{dripping}/j1"}))
    told = await read(jobs_api.manifest(server, retriever=jobs_api.ABORT % server.url()))
    assert told.outcome is Outcome.FAILED
    assert DRIPS in told.errors
    assert [asked.path for asked in server.asked] == ["/jobs", "/jobs/j1", "/jobs/j1/abort"] * 3


async def test_a_job_whose_result_drips_is_deleted(server: LoopbackServer, dripping: str) -> None:
    jobs_api.serve_job(server, "done")
    server.on("/jobs/j1", Reply({"state": "done", "url": f"{dripping}/result"}))
    told = await read(jobs_api.manifest(server, retriever=jobs_api.DELETE % server.url()))
    assert told.outcome is Outcome.FAILED
    assert DRIPS in told.errors
    assert [(asked.method, asked.path) for asked in server.asked] == [
        ("POST", "/jobs"),
        ("GET", "/jobs/j1"),
        ("DELETE", "/jobs/j1"),
    ]


async def test_a_list_of_streams_that_drips_is_given_up(dripping: str) -> None:
    loaded = connector(yaml.safe_dump(dynamic_manifest(from_api(dripping, name="Tables"))))
    async with open_reader(loaded, {}, around=IMPATIENT) as reader:
        made = await reader.make_streams()
    (problem,) = made.broken["Tables"]
    assert "no stream can be made from the template" in str(problem)
    assert DRIPS in str(problem)
