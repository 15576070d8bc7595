"""`--jobs` lists the jobs that earlier runs have left on the server, and aborts them with `--abort`."""

from __future__ import annotations

import pytest
import yaml

from tests.command.lasting_jobs import ROUTER, START, Command, Jobs
from tests.support.dynamic import from_list
from tests.support.jobs_api import ABORT, manifest
from tests.support.server import LoopbackServer, Reply

pytestmark = pytest.mark.slow


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
