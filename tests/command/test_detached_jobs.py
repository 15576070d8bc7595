"""`--detach` leaves jobs on the server, and later runs collect them."""

from __future__ import annotations

import asyncio

import pytest

from tests.command.lasting_jobs import ROUTER, Command, Jobs, polled, until
from tests.support.jobs_api import DELETE, manifest
from tests.support.server import LoopbackServer

pytestmark = pytest.mark.slow


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
