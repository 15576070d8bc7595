"""`--run --state` writes jobs down, and later runs follow them."""

from __future__ import annotations

import asyncio
import json
import signal
from dataclasses import replace
from functools import partial

import pytest

from core.outputs.job_journal import JobJournal
from tests.command.lasting_jobs import ROUTER, START, Command, Jobs, left_behind, polled, read_until, until
from tests.support.jobs_api import ABORT, DELETE, manifest
from tests.support.server import Asked, LoopbackServer, Reply

pytestmark = pytest.mark.slow


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
