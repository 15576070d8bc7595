"""Jobs outlive the process that made them: a run that is killed at any moment leaves them to the next one.

The server is the witness: a job that was polled was written down before, so that no other one may be made for its
slice, and that it was started was written down before, so that it is not started again. Only a kill between the
creation and that moment excuses a second one. No run may end by itself otherwise than well.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.server import Asked, LoopbackServer, Reply

pytestmark = pytest.mark.slow

KILLS = 50
PARTS = tuple("abcdef")
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
DAYS = tuple(f"{TODAY - timedelta(days=day):%Y-%m-%dT00:00:00}" for day in (5, 4, 3, 2, 1, 0))
"""When the windows begin; the last one ends now, which is later in each run."""
EVENTS = 20
POLLS = 3

INCREMENTAL = f"""
    incremental_sync:
      type: DatetimeBasedCursor
      cursor_field: time
      datetime_format: "%Y-%m-%dT%H:%M:%S"
      start_datetime: {{type: MinMaxDatetime, datetime: "{DAYS[0][:10]}", datetime_format: "%Y-%m-%d"}}
      step: P1D
      cursor_granularity: PT1S
"""
BY_DAY = '{part: "{{ stream_interval.start_time }}", to: "{{ stream_interval.end_time }}"}'
BY_PART = '{part: "{{ stream_partition.part }}"}'
START = """\
      start_requester:
        {type: HttpRequester, url: "%s/jobs/{{ creation_response['id'] }}/start", http_method: POST}
"""
ROUTER = f"      partition_router: {{type: ListPartitionRouter, cursor_field: part, values: [{', '.join(PARTS)}]}}"


def manifest(server: LoopbackServer, *, incremental: bool) -> str:
    return f"""
version: 7.0.0
type: DeclarativeSource
check: {{type: CheckStream, stream_names: [events]}}
max_concurrent_async_job_count: 3
streams:
  - type: DeclarativeStream
    name: events
{INCREMENTAL if incremental else ""}
    retriever:
      type: AsyncRetriever
      polling_interval: 0.01
{"" if incremental else ROUTER}
      status_mapping:
        {{type: AsyncJobStatusMap, running: [busy], completed: [done], failed: [failed], timeout: [late]}}
      status_extractor: {{type: DpathExtractor, field_path: [state]}}
      creation_requester:
        type: HttpRequester
        url: "{server.url()}/jobs"
        http_method: POST
        request_body: {{type: RequestBodyJsonObject, value: {BY_DAY if incremental else BY_PART}}}
      polling_requester: {{type: HttpRequester, url: "{server.url()}/jobs/{{{{ creation_response['id'] }}}}"}}
{"" if incremental else START % server.url()}
      download_requester: {{type: HttpRequester, url: "{server.url()}/files/{{{{ creation_response['id'] }}}}"}}
      record_selector: {{type: RecordSelector, extractor: {{type: DpathExtractor, field_path: []}}}}
"""


def ids(part: str) -> set[str]:
    return {f"{part} {number}" for number in range(EVENTS)}


class Exports:
    """The API: a job for each part. `made` holds the jobs of each part, `polled` those that were asked about,
    `started_again` those that were started after that.
    """

    def __init__(self, server: LoopbackServer) -> None:
        self.made: dict[str, list[str]] = {}
        self.polled: set[str] = set()
        self.started_again: set[str] = set()
        self._server = server
        self._count = 0
        server.on("/jobs", self._create)

    def _create(self, asked: Asked) -> Reply:
        part, job = asked.json["part"], f"j{self._count}"
        self._count += 1
        self.made.setdefault(part, []).append(job)
        states = ["busy"] * (POLLS - 1) + ["done"]
        self._server.on(f"/jobs/{job}", *(self._polling(job, state) for state in states))
        self._server.on(f"/jobs/{job}/start", lambda _: self._start(job))
        records = [{"id": one, "time": _time(one)} for one in ids(part if part in PARTS else f"{part[:10]}T00:00:00")]
        self._server.on(f"/files/{job}", Reply([one for one in records if part in PARTS or one["time"] >= part]))
        return Reply({"id": job}, 201)

    def _start(self, job: str) -> Reply:
        self.started_again |= {job} & self.polled
        return Reply({})

    def _polling(self, job: str, state: str) -> AnswerTo:
        return AnswerTo(self, job, state)

    def made_twice(self, written: set[str]) -> dict[str, list[str]]:
        """The parts for which a job was made although an earlier one was polled or `written` down."""
        known = self.polled | written
        return {part: jobs for part, jobs in self.made.items() if known.intersection(jobs[:-1])}


class AnswerTo:
    def __init__(self, api: Exports, job: str, state: str) -> None:
        self.api, self.job, self.state = api, job, state

    def __call__(self, _: Asked) -> Reply:
        self.api.polled.add(self.job)
        return Reply({"state": self.state})


def _time(identity: str) -> str:
    part, number = identity.split()
    return f"{part[:10]}T00:00:{int(number):02}"


NURSERY = """
import json, os, sys
from core.command.cli import main
from core.command.run import run_headless
from core.connector.registry import component_types
component_types()
for line in sys.stdin:
    child = os.fork()
    if not child:
        sys.argv = ["longhaul", *json.loads(line)]
        os._exit(main())
    print(child, flush=True)
    print(os.waitpid(child, 0)[1], flush=True)
"""


class Nursery:
    """Runs the command, each time in a process of its own, which need not import everything anew."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def start(self, *arguments: object) -> int:
        """Start a run; its process."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([str(one) for one in arguments]).encode() + b"\n")
        return await self._number()

    async def ended(self) -> int:
        """Wait for the end of the run; its status."""
        return await self._number()

    async def _number(self) -> int:
        assert self._process.stdout is not None
        return int(await self._process.stdout.readline())


@pytest.fixture
async def nursery() -> AsyncIterator[Nursery]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", NURSERY, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield Nursery(process)
    finally:
        process.kill()
        await process.communicate()


async def run_and_kill(folder: Path, server: LoopbackServer, nursery: Nursery, chance: random.Random) -> bool:
    """Whether the run came to its end before it was killed, or was asked to end."""
    asked = len(server.asked)
    options = ["--state", folder / "state.json", "--output", folder / "out.jsonl"]
    process = await nursery.start("--run", folder / "events.yaml", *options)
    ended = asyncio.ensure_future(nursery.ended())
    moment = asyncio.ensure_future(server.was_asked(asked + chance.randint(1, 16)))
    await asyncio.wait([ended, moment], return_when=asyncio.FIRST_COMPLETED, timeout=30)
    await asyncio.wait([ended], timeout=chance.uniform(0, 0.05))
    moment.cancel()
    if not ended.done():
        with suppress(ProcessLookupError):  # it may have ended just now
            os.kill(process, chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM]))
    status = await ended
    assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL, -signal.SIGTERM, 128 + signal.SIGTERM)
    return status == 0


def journal_of(folder: Path) -> list[dict[str, str]]:
    journal = folder / "state.json.jobs"
    return [json.loads(line) for line in journal.read_bytes().split(b"\n")[1:-1]] if journal.exists() else []


def written_down(folder: Path) -> set[str]:
    """The jobs in the journal, whatever became of them."""
    return {one["id"] for one in journal_of(folder) if one["kind"] == "job"}


def has_ended(folder: Path) -> bool:
    """Whether a run has read its stream to the end: nothing is left for a later one."""
    lines = journal_of(folder)
    return not lines or lines[-1]["kind"] == "end"


@pytest.mark.parametrize("incremental", [True, False])
async def test_jobs_survive_kills_and_none_is_made_twice_that_could_be_followed(
    tmp_path: Path, server: LoopbackServer, nursery: Nursery, incremental: bool
) -> None:
    chance = random.Random(f"kills {incremental}")
    parts = DAYS if incremental else PARTS
    kills = turn = 0
    while kills < KILLS:
        turn += 1
        folder = tmp_path / str(turn)
        folder.mkdir()
        (folder / "events.yaml").write_text(manifest(server, incremental=incremental))
        api, known, before = Exports(server), set[str](), kills
        while not await run_and_kill(folder, server, nursery, chance):
            kills += 1
            known |= written_down(folder)
            if set(api.made) >= set(parts) and has_ended(folder):
                break  # all was done, and the next run would be a new one

        found = Counter(json.loads(line)["id"] for line in (folder / "out.jsonl").read_text().splitlines())
        assert found.keys() == {identity for part in parts for identity in ids(part)}
        assert set(api.made) == set(parts)
        assert not api.made_twice(known)
        assert not api.started_again
        assert has_ended(folder)
        twice = {identity.split()[0] for identity, times in found.items() if times > 1}
        assert len(twice) <= kills - before
