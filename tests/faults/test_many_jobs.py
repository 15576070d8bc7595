"""Hundreds of slices by hundreds of jobs at a time, from a server that takes so many requests in a second only."""

from __future__ import annotations

import asyncio
import resource
from collections import deque
from collections.abc import Callable

from core.events import Outcome, Records, SliceFinished
from core.reading import open_reader
from tests.support.jobs_api import manifest
from tests.support.reading import connector
from tests.support.server import Asked, LoopbackServer, Reply

RECORDS = 200
WAIT = 1
"""Seconds that the server asks to wait when it has had enough."""


class BusyApi:
    """Jobs that are done at the second poll; takes `calls` requests in any quarter of a second.

    `hasty` counts requests that were repeated before the time that the server asked for.
    """

    def __init__(self, server: LoopbackServer, calls: int) -> None:
        self._server = server
        self._calls = calls
        self._passed: deque[float] = deque()
        self._refused: dict[tuple[str, bytes], float] = {}
        self._running: set[str] = set()
        self.refusals = 0
        self.hasty = 0
        self.most_at_once = 0
        server.on("/jobs", self._limited(self._create))
        server.on("/result", self._limited(lambda _: Reply([{"n": n} for n in range(RECORDS)])))

    def _limited(self, answer: Callable[[Asked], Reply]) -> Callable[[Asked], Reply]:
        def limited(asked: Asked) -> Reply:
            now, request = asyncio.get_running_loop().time(), (asked.target, asked.body)
            self.hasty += now < self._refused.pop(request, 0.0) + WAIT
            while self._passed and self._passed[0] <= now - 0.25:
                self._passed.popleft()
            if len(self._passed) >= self._calls:
                self.refusals += 1
                self._refused[request] = now
                return Reply({"error": "too many requests"}, 429, {"Retry-After": str(WAIT)})
            self._passed.append(now)
            return answer(asked)

        return limited

    def _create(self, asked: Asked) -> Reply:
        job = asked.json["x"]
        self._running.add(job)
        self.most_at_once = max(self.most_at_once, len(self._running))
        busy = self._limited(lambda _: Reply({"state": "busy"}))
        self._server.on(f"/jobs/{job}", busy, self._limited(lambda _: self._end(job)))
        return Reply({"id": job}, 201)

    def _end(self, job: str) -> Reply:
        self._running.discard(job)
        return Reply({"state": "done", "url": self._server.url(f"/result?job={job}")})


async def test_all_slices_are_read_within_the_limit_and_in_flat_memory(server: LoopbackServer) -> None:
    slices, jobs = 500, 200
    api = BusyApi(server, 30)
    values = ", ".join(f"s{number}" for number in range(slices))
    text = manifest(
        server,
        top=f"max_concurrent_async_job_count: {jobs}",
        retriever="polling_interval: 0.2\npartition_router: "
        f"{{type: ListPartitionRouter, values: [{values}], cursor_field: x}}",
        creation="request_body: {type: RequestBodyJsonObject, value: {x: \"{{ stream_partition['x'] }}\"}}",
    )
    records, outcomes, memory = 0, [], [0]
    async with open_reader(connector(text), {}) as reader, asyncio.timeout(90):
        async for event in reader.read("exports"):
            if isinstance(event, Records):
                records += event.count
            elif isinstance(event, SliceFinished):
                outcomes.append(event.outcome)
                memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)

    assert outcomes == [Outcome.COMPLETE] * slices
    assert records == slices * RECORDS
    assert api.most_at_once <= jobs
    assert api.refusals > 0
    assert api.hasty == 0
    assert memory[-1] - memory[slices // 4] < 30_000, "kilobytes more after all slices than after a quarter of them"
