"""An API whose jobs last, the command that follows them, and the moments that a test waits for."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.server import Asked, LoopbackServer, Reply

ROUTER = "partition_router: {type: ListPartitionRouter, values: [a, b, c], cursor_field: part}"

START = (
    "start_requester: {type: HttpRequester, url: \"%s/jobs/{{ creation_response['id'] }}/start\", http_method: POST}"
)


@dataclass
class Jobs:
    """An API whose jobs run until the test says that they are done. `polls` is what a job answers, by its id."""

    server: LoopbackServer
    created: list[Asked] = field(default_factory=list)
    status: dict[str, str] = field(default_factory=dict)
    aborted: list[str] = field(default_factory=list)
    most: int = 100

    def __post_init__(self) -> None:
        self.server.on("/jobs", self.create)

    @property
    def ids(self) -> list[str]:
        return [f"j{number}" for number in range(len(self.created))]

    def finish(self) -> None:
        self.status = dict.fromkeys(self.status, "done")

    def lose(self, job: str) -> None:
        self.server.on(f"/jobs/{job}", Reply({"error": "no such job"}, 404))
        self.status.pop(job, None)

    def create(self, asked: Asked) -> Reply:
        if list(self.status.values()).count("busy") >= self.most:
            return Reply({"error": "too many jobs"}, 429, {"retry-after": "1"})
        job = f"j{len(self.created)}"
        self.created.append(asked)
        self.status[job] = "busy"
        self.server.on(f"/jobs/{job}", self._poll(job))
        self.server.on(f"/jobs/{job}/abort", self._abort(job))
        self.server.on(f"/result/{job}", Reply([{"job": job}]))
        return Reply({"id": job}, 201)

    def _poll(self, job: str) -> Callable[[Asked], Reply]:
        return lambda _: Reply({"state": self.status[job], "url": self.server.url(f"/result/{job}")})

    def _abort(self, job: str) -> Callable[[Asked], Reply]:
        def abort(_: Asked) -> Reply:
            self.aborted.append(job)
            self.status.pop(job, None)
            return Reply({})

        return abort


@dataclass
class Command:
    """The command in a folder of its own."""

    folder: Path

    def write(self, text: str) -> None:
        (self.folder / "m.yaml").write_text(text)

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "core.command.cli", *arguments),
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    async def __call__(self, *arguments: str) -> tuple[int, str]:
        process = await self.start(*arguments)
        output, errors = await asyncio.wait_for(process.communicate(), 60)
        assert b"Traceback" not in errors, errors.decode()
        assert process.returncode is not None
        return process.returncode, output.decode() + errors.decode()

    async def run(self, *more: str) -> tuple[int, str]:
        return await self("--run", "m.yaml", "--state", "s.json", "--output", "out.jsonl", *more)

    async def run_until(self, server: LoopbackServer, moment: Callable[[], bool], number: int) -> str:
        process = await self.start("--run", "m.yaml", "--state", "s.json", "--output", "out.jsonl")
        await until(server, moment)
        process.send_signal(number)
        _, errors = await asyncio.wait_for(process.communicate(), 30)
        return errors.decode()

    @property
    def records(self) -> list[str]:
        file = self.folder / "out.jsonl"
        return sorted(json.loads(line)["job"] for line in file.read_text().splitlines())

    @property
    def journal(self) -> Path:
        return self.folder / "s.json.jobs"


async def until(server: LoopbackServer, moment: Callable[[], bool]) -> None:
    """Wait until something is so, which a request brings about."""
    while not moment():
        await server.was_asked(len(server.asked) + 1)


async def read_until(process: asyncio.subprocess.Process, text: bytes) -> None:
    """Read what a process says until it has said something."""
    assert process.stderr is not None
    while text not in (line := await process.stderr.readline()):
        assert line


def polled(server: LoopbackServer, jobs: Sequence[str]) -> Callable[[], bool]:
    return lambda: all(server.to(f"/jobs/{job}") for job in jobs)


async def left_behind(command: Command, server: LoopbackServer, text: str, api: Jobs) -> None:
    """A run is killed when its only job was polled."""
    command.write(text)
    await command.run_until(server, polled(server, ["j0"]), signal.SIGKILL)
    assert api.ids == ["j0"]
