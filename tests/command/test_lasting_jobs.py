"""`--run --state` writes jobs down for later runs to follow; `--detach` leaves, `--jobs` lists and aborts them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import pytest
import yaml

from core.outputs.job_journal import JobJournal
from tests.support.dynamic import from_list
from tests.support.jobs_api import ABORT, DELETE, manifest
from tests.support.server import Asked, LoopbackServer, Reply

pytestmark = pytest.mark.slow

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


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(tmp_path)


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


async def test_after_a_kill_the_next_run_follows_the_jobs(command: Command, server: LoopbackServer) -> None:
    api = Jobs(server)
    command.write(manifest(server, retriever=f"polling_interval: 0.05\n{ROUTER}"))
    await command.run_until(server, polled(server, ["j0", "j1", "j2"]), signal.SIGKILL)
    assert command.journal.stat().st_mode & 0o777 == 0o600
    api.finish()

    code, said = await command.run()

    assert code == 0, said
    assert len(api.created) == 3
    assert command.records == ["j0", "j1", "j2"]
    assert "The job `j0` of an earlier read is followed; no new one is created." in said
    assert not command.journal.exists()


@pytest.mark.parametrize("request_", ["", DELETE])
async def test_ctrl_c_without_an_abort_request_leaves_the_job_to_the_next_run(
    command: Command, server: LoopbackServer, request_: str
) -> None:
    api = Jobs(server)
    command.write(manifest(server, retriever=f"polling_interval: 0.05\n{request_ and request_ % server.url()}"))
    said = await command.run_until(server, polled(server, ["j0"]), signal.SIGINT)
    assert "The job `j0` goes on running on the server: the stream has no abort request." in said
    assert "The next run with the same state follows it." in said
    assert "DELETE" not in [asked.method for asked in server.asked]
    api.finish()
    assert (await command.run())[0] == 0
    assert (len(api.created), command.records) == (1, ["j0"])


async def test_ctrl_c_leaves_a_job_that_is_complete_to_the_next_run(command: Command, server: LoopbackServer) -> None:
    api = Jobs(server)
    command.write(
        manifest(server, retriever=f"polling_interval: 0.05\n{ABORT % server.url()}\n{DELETE % server.url()}")
    )
    run = asyncio.ensure_future(
        command.run_until(server, lambda: bool(server.to("/result/j0")), signal.SIGTERM),
    )
    await until(server, polled(server, ["j0"]))
    server.on("/result/j0", Reply(gate=asyncio.Event()))
    api.finish()
    await run
    assert (api.aborted, [asked.method for asked in server.to("/jobs/j0")].count("DELETE")) == ([], 0)

    server.on("/result/j0", Reply([{"job": "j0"}]))
    assert (await command.run())[0] == 0
    assert (len(api.created), command.records) == (1, ["j0"])
    assert server.asked[-1].method == "DELETE"


async def test_a_job_is_deleted_when_the_state_that_covers_it_is_saved(
    command: Command, server: LoopbackServer
) -> None:
    api, saved = Jobs(server), list[bool]()
    command.write(manifest(server, retriever=f"polling_interval: 0.05\n{ROUTER}\n{DELETE % server.url()}"))
    await command.run("--detach")
    (command.folder / "s.json").unlink()

    def answer(asked: Asked, job: str) -> Reply:
        if asked.method == "DELETE":
            saved.append((command.folder / "s.json").exists() and job in command.records)
        return Reply({"state": "done", "url": server.url(f"/result/{job}")})

    for job in api.ids:
        server.on(f"/jobs/{job}", partial(answer, job=job))
    code, said = await command.run()
    assert (code, saved) == (0, [True, True, True]), said


async def test_ctrl_c_while_a_job_is_created_leaves_it_to_the_next_run(
    command: Command, server: LoopbackServer
) -> None:
    api, gate = Jobs(server), asyncio.Event()

    def slowly(asked: Asked) -> Reply:
        return replace(api.create(asked), gate=gate)

    server.on("/jobs", slowly)
    command.write(manifest(server))
    process = await command.start("--run", "m.yaml", "--state", "s.json", "--output", "out.jsonl")
    await until(server, lambda: bool(api.created))
    process.send_signal(signal.SIGINT)
    await asyncio.wait_for(read_until(process, b"Cancelling"), 30)
    gate.set()
    _, errors = await asyncio.wait_for(process.communicate(), 30)
    assert b"The next run with the same state follows it." in errors
    api.finish()
    assert (await command.run())[0] == 0
    assert (len(api.created), command.records) == (1, ["j0"])


async def test_ctrl_c_with_an_abort_request_aborts_the_job_and_forgets_it(
    command: Command, server: LoopbackServer
) -> None:
    api = Jobs(server)
    command.write(manifest(server, retriever=f"polling_interval: 0.05\n{ABORT % server.url()}"))
    await command.run_until(server, polled(server, ["j0"]), signal.SIGINT)
    assert api.aborted == ["j0"]
    assert not command.journal.exists()


@pytest.mark.parametrize("fate", ["gone", "broken"])
async def test_a_job_that_is_gone_or_failed_costs_no_attempt(
    command: Command, server: LoopbackServer, fate: str
) -> None:
    api = Jobs(server)
    await left_behind(command, server, manifest(server, retriever="polling_interval: 0.05"), api)
    if fate == "gone":
        api.lose("j0")
    else:
        api.status["j0"] = fate
    run = asyncio.ensure_future(command.run())
    await until(server, lambda: "j1" in api.ids)
    api.status["j1"] = "done"
    code, said = await run
    assert (code, command.records) == (0, ["j1"]), said
    assert "attempt" not in said
    assert ("is gone, so a new one is created" in said) == (fate == "gone")


async def test_a_job_that_is_too_old_is_cleared_away_and_created_anew(command: Command, server: LoopbackServer) -> None:
    api = Jobs(server)
    more = f"polling_interval: 0.05\nreuse_jobs_for: 0.005\n{ABORT % server.url()}"
    await left_behind(command, server, manifest(server, retriever=more), api)
    await asyncio.sleep(0.4)
    run = asyncio.ensure_future(command.run())
    await until(server, lambda: "j1" in api.ids)
    api.finish()
    code, said = await run
    assert (code, command.records) == (0, ["j1"]), said
    assert api.aborted == ["j0"]
    assert "is too old to be followed: it was created" in said
    assert "`reuse_jobs_for` of the retriever says for how many minutes" in said


async def test_a_changed_request_makes_a_new_job_and_a_changed_secret_does_not(
    command: Command, server: LoopbackServer
) -> None:
    api = Jobs(server)
    spec = """
spec:
  type: Spec
  connection_specification:
    type: object
    properties: {key: {type: string, airbyte_secret: true}, account: {type: string}}
"""
    body = (
        'request_body: {type: RequestBodyJsonObject, value: {account: "{{ config.account }}", key: "{{ config.key }}"}}'
    )
    text = manifest(server, retriever="polling_interval: 0.05\n", creation=body, top=spec)
    command.write(text)
    config = command.folder / "config.json"
    config.write_text('{"account": "a", "key": "first-secret"}')
    process = await command.start("--run", "m.yaml", "--state", "s.json", "--config", "config.json")
    await until(server, polled(server, ["j0"]))
    process.kill()
    await process.communicate()
    assert "first-secret" not in command.journal.read_text()

    config.write_text('{"account": "a", "key": "second-secret"}')
    code, said = await command.run("--config", "config.json", "--detach")
    assert (code, len(api.created)) == (75, 1), said

    config.write_text('{"account": "b", "key": "second-secret"}')
    code, said = await command.run("--config", "config.json", "--detach")
    assert (code, len(api.created)) == (75, 2), said
    assert "was asked for by another request" in said


async def test_jobs_are_not_written_down_when_that_is_turned_off(command: Command, server: LoopbackServer) -> None:
    api = Jobs(server)
    await left_behind(command, server, manifest(server, retriever="polling_interval: 0.05\nreuse_jobs_for: 0"), api)
    assert not command.journal.exists()


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ("reuse_jobs_for: 0", "`reuse_jobs_for` is 0"),
        ("records_while_polling: true", "their records come with their polls"),
    ],
)
async def test_jobs_that_no_later_run_could_follow_are_waited_for(
    command: Command, server: LoopbackServer, more: str, why: str
) -> None:
    api = Jobs(server)
    command.write(manifest(server, retriever=f"polling_interval: 0.05\n{more}"))
    run = asyncio.ensure_future(command.run("--detach"))
    await until(server, polled(server, ["j0"]))
    api.finish()
    code, said = await run
    assert code == 0, said
    assert f"The jobs can't be left to a later run, since {why}: this run waits for them." in said


async def test_detached_jobs_are_collected_by_later_runs(command: Command, server: LoopbackServer) -> None:
    api = Jobs(server)
    command.write(manifest(server, retriever=f"{ROUTER}\n{DELETE % server.url()}"))

    code, said = await command.run("--detach")
    assert code == 75, said
    assert len(api.created) == 3
    assert not server.to("/jobs/j0")
    assert "3 jobs still run on the server. Run again to collect them." in said

    api.status["j1"] = "done"
    code, said = await command.run("--detach")
    assert (code, command.records) == (75, ["j1"]), said
    assert len(api.created) == 3

    api.status |= {"j0": "done", "j2": "done"}
    code, said = await command.run("--detach")
    assert (code, command.records) == (0, ["j0", "j1", "j2"]), said
    assert len(api.created) == 3
    assert not command.journal.exists()


@pytest.mark.parametrize("known", [True, False])
async def test_no_more_jobs_are_detached_than_run_at_a_time(
    command: Command, server: LoopbackServer, known: bool
) -> None:
    api = Jobs(server, most=100 if known else 2)
    top = f"max_concurrent_async_job_count: {2 if known else 10}"
    handler = "error_handler: {type: DefaultErrorHandler, max_retries: 0}"
    command.write(manifest(server, retriever=ROUTER, top=top, creation=handler))
    code, said = await command.run("--detach")
    assert (code, len(api.created)) == (75, 2), said
    assert "2 jobs still run on the server, 1 slice has no job yet." in said
    api.finish()
    code, said = await command.run("--detach")
    assert (code, len(api.created), command.records) == (75, 3, ["j0", "j1"]), said
    api.finish()
    assert (await command.run())[0] == 0
    assert command.records == ["j0", "j1", "j2"]


async def test_slices_whose_jobs_run_already_come_before_those_that_need_one(
    command: Command, server: LoopbackServer
) -> None:
    """The API runs one job at a time, and refuses others: no attempt is to be spent on that."""
    api = Jobs(server, most=1)

    def exports(parts: list[int]) -> str:
        router = f"partition_router: {{type: ListPartitionRouter, values: {list(map(str, parts))}, cursor_field: part}}"
        handler = "error_handler: {type: DefaultErrorHandler, max_retries: 0}"
        return manifest(server, retriever=router, creation=handler, top="max_concurrent_async_job_count: 2")

    command.write(exports([29]))
    assert (await command.run("--detach"))[0] == 75

    every = exports([*range(30)])
    head, stream = every.split("streams:\n")
    command.write(f"{head}streams:\n{stream.replace('name: exports', 'name: first')}{stream}")
    code, said = await command("--run", "m.yaml", "--state", "s.json", "--output", "out", "--detach")
    assert (code, len(api.created)) == (75, 1), said
    assert "1 job still runs on the server, 29 slices have no job yet" in said
    assert "30 slices have no job yet" in said
    assert "attempt" not in said


async def test_a_started_job_is_not_started_again(command: Command, server: LoopbackServer) -> None:
    api = Jobs(server)
    server.on("/jobs/j0/start", Reply({"run": 7}))
    text = manifest(server, retriever=START % server.url(), polling="/runs/{{ start_response.run }}")
    server.on("/runs/7", Reply({"state": "done", "url": server.url("/result/j0")}))
    command.write(text)
    assert (await command.run("--detach"))[0] == 75
    code, said = await command.run()
    assert (code, command.records) == (0, ["j0"]), said
    assert (len(api.created), len(server.to("/jobs/j0/start"))) == (1, 1)


async def test_the_last_window_ends_where_the_earlier_run_meant_it_to(command: Command, server: LoopbackServer) -> None:
    api = Jobs(server)
    cursor = """
incremental_sync:
  type: DatetimeBasedCursor
  cursor_field: job
  datetime_format: "%Y-%m-%dT%H:%M:%S.%f"
  start_datetime: "{{ day_delta(-1, '%Y-%m-%dT%H:%M:%S.%f') }}"
  start_time_option: {type: RequestOption, inject_into: request_parameter, field_name: from}
  end_time_option: {type: RequestOption, inject_into: request_parameter, field_name: to}
"""
    command.write(manifest(server, stream=cursor))
    assert (await command.run("--detach"))[0] == 75
    assert (await command.run("--detach"))[0] == 75
    assert len(api.created) == 1
    end = api.created[0].query["to"][0]
    server.on("/result/j0", Reply([{"job": end}]))
    api.finish()
    code, said = await command.run("--detach")
    assert (code, len(api.created)) == (0, 1), said
    assert json.loads((command.folder / "s.json").read_text())[0]["stream"]["stream_state"] == {"job": end}
    await command.run("--detach")
    assert api.created[1].query["from"][0] == end
    assert api.created[1].query["to"][0] > end


async def test_jobs_are_listed_and_aborted(command: Command, server: LoopbackServer) -> None:
    api = Jobs(server)
    command.write(manifest(server, retriever=f"{ROUTER}\n{ABORT % server.url()}"))
    assert await command("--jobs", "s.json") == (
        2,
        "longhaul: There is no state file s.json, and no journal of jobs beside it; check the name.\n",
    )
    await command.run("--detach")
    await command.run("--detach")

    code, listed = await command("--jobs", "s.json")
    rows = [line.split("\t") for line in listed.splitlines()]
    assert code == 0
    assert [(row[0], row[1], row[4]) for row in rows] == [("exports", f"part={part}", "busy") for part in "abc"]
    assert sorted(row[2] for row in rows) == api.ids

    api.lose("j1")
    server.on("/jobs/j1/abort", Reply({}, 404))
    code, said = await command("--jobs", "s.json", "--abort", "m.yaml")
    assert code == 0, said
    assert sorted(api.aborted) == ["j0", "j2"]
    assert "the job `j0` was aborted on the server." in said
    assert "the job `j1` was gone already." in said
    assert await command("--jobs", "s.json") == (0, "No jobs: the runs with s.json have left none behind.\n")


@pytest.mark.parametrize(("goes_on", "aborted_at"), [(False, "/full/abort"), (True, "/changes/abort")])
async def test_a_job_is_aborted_in_the_way_that_has_made_it(
    command: Command, server: LoopbackServer, goes_on: bool, aborted_at: str
) -> None:
    api = Jobs(server)
    written = yaml.safe_load(manifest(server))
    [whole] = written["streams"]
    abort = {
        way: {"type": "HttpRequester", "url": server.url(f"/{way}/abort"), "http_method": "POST"}
        for way in ("full", "changes")
    }
    full, changes = (
        {**whole, "retriever": {**whole["retriever"], "abort_requester": abort[way]}} for way in ("full", "changes")
    )
    written["streams"] = [
        {"type": "StateDelegatingStream", "name": "exports", "full_refresh_stream": full, "incremental_stream": changes}
    ]
    command.write(yaml.safe_dump(written))
    server.on("/full/abort", Reply({}))
    server.on("/changes/abort", Reply({}))
    if goes_on:
        (command.folder / "s.json").write_text('{"exports": {"day": "2024-01-01"}}')
    code, said = await command.run("--detach")
    assert code == 75, said

    code, said = await command("--jobs", "s.json", "--abort", "m.yaml")

    assert code == 0, said
    assert [asked.path for asked in server.asked if asked.path.endswith("/abort")] == [aborted_at]
    assert len(api.created) == 1


async def test_the_job_of_a_made_stream_is_aborted(command: Command, server: LoopbackServer) -> None:
    api = Jobs(server)
    written = yaml.safe_load(manifest(server, retriever=ABORT % server.url()))
    [stream] = written.pop("streams")
    written["dynamic_streams"] = [{**from_list([{"name": "exports"}]), "stream_template": {**stream, "name": ""}}]
    command.write(yaml.safe_dump(written))
    code, said = await command.run("--detach")
    assert code == 75, said

    code, said = await command("--jobs", "s.json", "--abort", "m.yaml")

    assert code == 0, said
    assert api.aborted == ["j0"]
    assert "exports: the job `j0` was aborted on the server." in said


@pytest.mark.parametrize("too_old", [False, True])
async def test_a_started_job_is_aborted_by_what_the_start_answered(
    command: Command, server: LoopbackServer, too_old: bool
) -> None:
    api = Jobs(server)
    server.on("/jobs/j0/start", Reply({"run": 7}))
    server.on("/jobs/j1/start", Reply({"run": 8}))
    server.on("/runs/7/abort", Reply({}))
    abort = ABORT.replace("/jobs/{{ creation_response['id'] }}", "/runs/{{ start_response.run }}")
    more = f"{START % server.url()}\n{abort % server.url()}\nreuse_jobs_for: {0.0001 if too_old else 60}"
    command.write(manifest(server, retriever=more))
    await command.run("--detach")
    if too_old:
        await command.run("--detach")
    else:
        code, said = await command("--jobs", "s.json", "--abort", "m.yaml")
        assert (code, said) == (0, "exports: the job `j0` was aborted on the server.\n")
    assert len(server.to("/runs/7/abort")) == 1
    assert len(api.created) == (2 if too_old else 1)


async def test_a_job_that_cannot_be_named_in_the_abort_request_is_left(
    command: Command, server: LoopbackServer
) -> None:
    Jobs(server)
    command.write(manifest(server))
    await command.run("--detach")
    command.write(manifest(server, retriever=ABORT.replace("'id'", "'job_id'") % server.url()))
    code, said = await command("--jobs", "s.json", "--abort", "m.yaml")
    assert code == 1
    assert "the job `j0` is left: it couldn't be aborted: `abort_requester` needs `creation_response.job_id`" in said
    assert len(server.asked) == 1


async def test_without_an_abort_request_the_jobs_are_left(command: Command, server: LoopbackServer) -> None:
    Jobs(server)
    command.write(manifest(server))
    await command.run("--detach")
    code, said = await command("m.yaml", "--jobs", "s.json", "--abort")
    assert code == 1
    assert said == (
        "exports: the job `j0` is left: the stream has no abort request and no delete request, so it goes on running "
        "on the server.\n"
    )
    assert (await command("--jobs", "s.json"))[1].startswith("exports\t-\tj0\t")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--run", "m.yaml", "--detach"], "--detach needs --state FILE"),
        (["m.yaml", "--detach"], "--detach only goes with --run."),
        (["--run", "m.yaml", "--detach", "--state", "s.json", "--keep-case", "c"], "leave out --detach."),
        (["m.yaml", "--abort"], "--abort goes with --jobs"),
        (["--jobs", "s.json", "--abort"], "--abort needs the manifest that says how"),
        (["--jobs", "s.json", "m.yaml"], "needs no manifest"),
        (["--jobs", "s.json", "--run", "m.yaml"], "--jobs and --run exclude each other."),
        (["--jobs", "s.json", "--config", "c.json"], "--config only goes with --run."),
        (["--jobs", ""], "--jobs is empty"),
    ],
)
async def test_wrong_usage_is_said(command: Command, arguments: list[str], said: str) -> None:
    code, output = await command(*arguments)
    assert code == 2
    assert said in output


async def test_a_torn_line_counts_as_not_written(command: Command, server: LoopbackServer) -> None:
    api = Jobs(server)
    command.write(manifest(server, retriever=ROUTER))
    await command.run("--detach")
    whole = command.journal.read_bytes()
    for length in range(len(whole)):
        command.journal.write_bytes(whole[:length])
        assert len(JobJournal(command.journal, lambda _: None).records) <= 3
    command.journal.write_bytes(whole[:-10])
    api.finish()
    code, said = await command.run("--detach")
    assert (code, len(api.created)) == (75, 4), said


async def test_another_file_of_that_name_is_not_touched(command: Command, server: LoopbackServer) -> None:
    command.write(manifest(server))
    command.journal.write_text("my notes\n")
    code, said = await command.run()
    assert code == 2
    assert "is not a journal of jobs" in said
    assert command.journal.read_text() == "my notes\n"


async def test_a_run_that_follows_jobs_is_no_case(command: Command, server: LoopbackServer) -> None:
    api = Jobs(server)
    await left_behind(command, server, manifest(server, retriever="polling_interval: 0.05"), api)
    asked = len(server.asked)
    code, said = await command.run("--keep-case", "all")
    assert (code, len(server.asked)) == (2, asked)
    assert "a case needs a run that creates its jobs. Run without --keep-case first, or without --state." in said
    api.finish()
    assert (await command.run())[0] == 0
    assert command.records == ["j0"]
