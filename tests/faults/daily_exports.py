"""An API that exports a day's events by a job, and the manifest that reads a week of them, a slice a day."""

from __future__ import annotations

import asyncio
import csv
import io
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path

from tests.support.server import Asked, LoopbackServer, Reply

DAYS = tuple(f"2024-01-0{day}" for day in range(1, 9))
EVENTS = 1_000
"""Events a day, half a megabyte of them."""
IN_TIME = 12.0
"""Seconds in which a signal has to end a run: five, and as many as a busy machine may take for them."""

MANIFEST = """
version: 7.0.0
type: DeclarativeSource
check: {type: CheckStream, stream_names: [events]}
max_concurrent_async_job_count: 3
streams:
  - type: DeclarativeStream
    name: events
    primary_key: id
    incremental_sync:
      type: DatetimeBasedCursor
      cursor_field: time
      datetime_format: "%Y-%m-%dT%H:%M:%S"
      start_datetime: {type: MinMaxDatetime, datetime: "2024-01-01", datetime_format: "%Y-%m-%d"}
      end_datetime: {type: MinMaxDatetime, datetime: "2024-01-08T23:59:59", datetime_format: "%Y-%m-%dT%H:%M:%S"}
      step: P1D
      cursor_granularity: PT1S
    retriever:
      type: AsyncRetriever
      polling_interval: 0.01
      status_mapping:
        {type: AsyncJobStatusMap, running: [busy], completed: [done], failed: [failed], timeout: [late]}
      status_extractor: {type: DpathExtractor, field_path: [state]}
      creation_requester:
        type: HttpRequester
        url: "URL/jobs"
        http_method: POST
        request_body:
          type: RequestBodyJsonObject
          value: {from: "{{ stream_interval.start_time }}", to: "{{ stream_interval.end_time }}"}
      polling_requester: {type: HttpRequester, url: "URL/jobs/{{ creation_response['id'] }}"}
      abort_requester: {type: HttpRequester, url: "URL/jobs/{{ creation_response['id'] }}/abort", http_method: POST}
      download_requester: {type: HttpRequester, url: "URL/files/{{ creation_response['id'] }}"}
      download_decoder: {type: CsvDecoder}
      record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: []}}
"""


@cache
def events(day: str) -> list[tuple[str, str, str]]:
    """The events of a day: id, time and text, in the order of time; the last one ends the day."""
    times = [f"{day}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}" for second in range(0, 86_400, 86)]
    times = [*times[: EVENTS - 1], f"{day}T23:59:59"]
    return [(f"{day} {number}", time, "x" * 400) for number, time in enumerate(times)]


IDS = {identity for day in DAYS for identity, _, _ in events(day)}


class DailyExports:
    """The API, on a loopback server. `running` are the jobs that are neither over nor aborted."""

    def __init__(self, server: LoopbackServer, *, polls: int = 2) -> None:
        self.server = server
        self.running: set[str] = set()
        self.created: list[str] = []
        self._polls = polls
        server.on("/jobs", self._create)

    def _create(self, asked: Asked) -> Reply:
        job = f"j{len(self.created)}"
        self.created.append(job)
        self.running.add(job)
        self.server.on(f"/jobs/{job}", *[Reply({"state": "busy"})] * (self._polls - 1), lambda _: self._end(job))
        self.server.on(f"/jobs/{job}/abort", lambda _: self._abort(job))
        self.server.on(f"/files/{job}", Reply(_file(asked.json["from"], asked.json["to"])))
        return Reply({"id": job}, 201)

    def _end(self, job: str) -> Reply:
        self.running.discard(job)
        return Reply({"state": "done"})

    def _abort(self, job: str) -> Reply:
        self.running.discard(job)
        return Reply({})


def _file(start: str, end: str) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("id", "time", "text"))
    writer.writerows(event for day in DAYS for event in events(day) if start <= event[1] <= end)
    return text.getvalue().encode()


@asynccontextmanager
async def running(
    folder: Path, server: LoopbackServer, *options: str, output: str = "out.jsonl"
) -> AsyncIterator[asyncio.subprocess.Process]:
    """The command, reading the events into a file with `state.json`; killed in the end when it still runs."""
    manifest = folder / "events.yaml"
    manifest.write_text(MANIFEST.replace("URL", server.url()))
    arguments = ["--run", manifest, "--state", folder / "state.json", "--output", folder / output, *options]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "core.command.cli", *map(str, arguments), stderr=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
