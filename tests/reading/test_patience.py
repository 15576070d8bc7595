"""A read with patience is given up where nothing usable comes of it, and goes on where waiting is right."""

from __future__ import annotations

import asyncio
from typing import Any

import yaml

from core.events import Outcome
from core.reading import Limits, open_reader
from core.reading.surroundings import Surroundings
from tests.protocols.support import manifest, stream
from tests.support import jobs_api
from tests.support.broken_servers import drip, serving
from tests.support.dynamic import dynamic_manifest, from_api
from tests.support.reading import Told, connector
from tests.support.server import LoopbackServer, Reply


async def checked(content: Any, patience: float, *, pause: float | None = None) -> Told:
    """The read of the first record of the first stream. Every wait takes `pause` seconds."""

    async def wait(seconds: float) -> None:
        await asyncio.sleep(seconds if pause is None else pause)

    loaded = connector(content if isinstance(content, str) else yaml.safe_dump(content))
    told = Told()
    async with open_reader(loaded, {"key": "k"}, around=Surroundings(sleep=wait, patience=patience)) as reader:
        async for event in reader.read(loaded.stream_names[0], None, Limits(records=1, slices=1)):
            told.events.append(event)
    return told


async def test_an_answer_that_drips_is_given_up() -> None:
    async with serving(drip) as url, asyncio.timeout(20):
        told = await checked(manifest(stream("things", url, "/things")), 0.3)
    assert told.outcome is Outcome.FAILED
    assert told.errors.startswith(
        f"Nothing usable came for 0.3 seconds, and a check waits no longer. The last request was GET {url}/things."
    )


async def test_pages_without_records_are_no_reason_to_wait(server: LoopbackServer) -> None:
    server.on("/things", Reply({"items": [], "next": "more"}))
    strategy = {"type": "CursorPagination", "cursor_value": "{{ response['next'] }}{{ now_utc() }}"}
    paginator = {
        "type": "DefaultPaginator",
        "page_token_option": {"type": "RequestOption", "inject_into": "request_parameter", "field_name": "at"},
        "pagination_strategy": strategy,
    }
    endless = stream("things", server.url(), "/things")
    endless["retriever"]["paginator"] = paginator
    endless["retriever"]["record_selector"]["extractor"]["field_path"] = ["items"]
    async with asyncio.timeout(30):
        told = await checked(manifest(endless), 1.5)
    assert told.errors.startswith("Nothing usable came for 1.5 seconds")
    assert len(server.asked) > 1


async def test_a_job_may_take_as_long_as_it_answers(server: LoopbackServer) -> None:
    jobs_api.serve_job(server, "busy", "busy", "done")
    told = await checked(jobs_api.manifest(server, retriever="polling_interval: 30"), 1.0, pause=0.5)
    assert told.outcome is Outcome.LIMITED
    assert told.end.seconds > 1.0
    assert len(told.records) == 1


async def test_a_job_that_says_nothing_is_aborted(server: LoopbackServer) -> None:
    jobs_api.serve_job(server, "busy")
    server.on("/jobs/j1", Reply({"state": "busy"}, gate=asyncio.Event()))
    async with asyncio.timeout(20):
        told = await checked(jobs_api.manifest(server, retriever=jobs_api.ABORT % server.url()), 0.3, pause=0.1)
    assert told.outcome is Outcome.FAILED
    assert server.asked[-1].path == "/jobs/j1/abort"


async def test_a_list_of_streams_that_drips_is_given_up() -> None:
    async with serving(drip) as url, asyncio.timeout(20):
        loaded = connector(yaml.safe_dump(dynamic_manifest(from_api(url, name="Tables"))))
        async with open_reader(loaded, {}, around=Surroundings(patience=0.3)) as reader:
            made = await reader.make_streams()
    (problem,) = made.broken["Tables"]
    assert "no stream can be made from the template: Nothing usable came for 0.3 seconds" in str(problem)
