"""`--check-connection` says of each stream whether it answers, what answered, and what to do."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.protocols.support import ROOT, manifest, stream
from tests.support import jobs_api
from tests.support.broken_servers import drip, serving
from tests.support.dynamic import dynamic_manifest, from_api, mapping, template
from tests.support.server import LoopbackServer, Reply

SECRET = "a-secret-key-of-mine"
UNREACHABLE = "http://127.0.0.1:1"
IMPATIENT = """
import sys
from dataclasses import replace

from core.command.cli import main
from core.http.pace import Pace
from core.protocols import checking

checking.AROUND = replace(checking.AROUND, slowest=Pace(rate=1000, seconds=0.5))
sys.exit(main())
"""


def started(path: Path, *words: str, key: str = SECRET) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "core.command.cli", "--check-connection", str(path), "--set", f"key={key}", *words]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


async def checked(path: Path, *words: str) -> tuple[int, str, str]:
    """The exit code, what was said, and the lines beside it."""
    process = started(path, *words)
    output, errors = await asyncio.to_thread(process.communicate, timeout=60)
    assert SECRET not in output + errors
    return process.returncode, output, errors


def written(folder: Path, content: Any) -> Path:
    path = folder / "connector.yaml"
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return path


@pytest.fixture
def connector(server: LoopbackServer, tmp_path: Path) -> Path:
    server.on("/things", Reply([{"id": 1}]))
    server.on("/empty", Reply([]))
    server.on("/refused", Reply({"error": "no such key"}, 401))
    server.on("/gone", Reply("not here", 404))
    key = {"authenticator": {"type": "BearerAuthenticator", "api_token": "{{ config['key'] }}"}}
    parameter = {"request_parameters": {"key": "{{ config['key'] }}"}}
    none = {"type": "ListPartitionRouter", "values": [], "cursor_field": "x"}
    sliced = stream("sliced", server.url(), "/things")
    sliced["retriever"]["partition_router"] = none
    content = manifest(
        stream("things", server.url(), "/things", requester=key),
        stream("empty", server.url(), "/empty", requester=parameter),
        stream("refused", server.url(), "/refused", requester=key),
        stream("gone", server.url(), "/gone"),
        stream(
            "away", UNREACHABLE, "/x", requester={"error_handler": {"type": "DefaultErrorHandler", "max_retries": 0}}
        ),
        sliced,
        check={"type": "CheckStream", "stream_names": ["things", "empty"]},
    )
    return written(tmp_path, content)


async def test_the_streams_of_the_check_are_asked_for_one_record(connector: Path, server: LoopbackServer) -> None:
    code, output, _ = await checked(connector)

    assert code == 0
    assert output.splitlines() == [
        f"ok    things: the first record is there, GET {server.url('/things')} answered 200 OK",
        f"ok    empty: it answers, but has no records now, GET {server.url('/empty')}?key=**** answered 200 OK",
        "2 streams can be read.",
    ]


async def test_what_failed_says_what_to_do(connector: Path, server: LoopbackServer) -> None:
    code, output, _ = await checked(connector, "--stream", "*")

    assert code == 1
    assert f"FAIL  refused: GET {server.url('/refused')} answered 401 Unauthorized\n" in output
    assert "no such key" in output
    assert "Check the inputs that it signs in with: `key`." in output
    assert "Check `url` and `path` of its requester" in output
    assert f"FAIL  away: GET {UNREACHABLE}/x was not answered\n" in output
    assert "Check the address in `url`" in output
    assert "FAIL  sliced: no record was asked for\n      There is nothing to ask for" in output
    assert output.splitlines()[-1] == "4 of 6 streams can't be read."


async def test_an_api_that_wants_to_be_asked_in_an_hour_is_not_waited_for(
    tmp_path: Path, server: LoopbackServer
) -> None:
    server.on("/busy", Reply({"error": "slow"}, 429, {"Retry-After": "3600"}))
    code, output, _ = await checked(written(tmp_path, manifest(stream("busy", server.url(), "/busy"))))
    assert code == 1
    assert "The next attempt could be made in 1 h 00 min, which is not waited for here." in " ".join(output.split())
    assert "try again later" in output


async def test_an_answer_that_drips_is_given_up(tmp_path: Path, server: LoopbackServer) -> None:
    server.on("/things", Reply([{"id": 1}]))
    async with serving(drip) as url:
        path = written(tmp_path, manifest(stream("slow", url, "/x"), stream("things", server.url(), "/things")))
        words = ["--check-connection", str(path), "--set", f"key={SECRET}", "--stream", "*"]
        command = [sys.executable, "-c", IMPATIENT, *words]
        ended = await asyncio.to_thread(subprocess.run, command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert f"FAIL  slow: GET {url}/x answered 200 OK\n" in ended.stdout
    assert "of the answer came in the last 0.5 seconds" in " ".join(ended.stdout.split())
    assert "ok    things" in ended.stdout


async def test_chosen_streams_only(connector: Path, server: LoopbackServer) -> None:
    code, output, _ = await checked(connector, "--stream", "gone", "--stream", "things")
    assert code == 1
    assert [line.split(":")[0] for line in output.splitlines() if not line.startswith(" ")] == [
        "FAIL  gone",
        "ok    things",
        "1 of 2 streams can't be read.",
    ]
    code, _, errors = await checked(connector, "--stream", "thing")
    assert (code, "did you mean `things`?" in errors) == (2, True)


async def test_what_is_wrong_before_anything_is_sent(tmp_path: Path, server: LoopbackServer) -> None:
    unknown = manifest(stream("a", server.url(), "/a"), check={"type": "CheckStream", "stream_names": ["b"]})
    code, output, errors = await checked(written(tmp_path, unknown))
    assert (code, output, server.asked) == (2, "", [])
    assert "The check names `b`. There is no stream `b`; there are a." in errors


async def test_the_job_of_a_check_is_deleted(tmp_path: Path, server: LoopbackServer) -> None:
    jobs_api.serve_job(server, "done")
    content = jobs_api.manifest(server, retriever=jobs_api.DELETE % server.url())
    code, output, _ = await checked(written(tmp_path, content))

    assert (code, output.splitlines()[-1]) == (0, "1 stream can be read.")
    assert [(asked.method, asked.path) for asked in server.asked] == [
        ("POST", "/jobs"),
        ("GET", "/jobs/j1"),
        ("GET", "/result"),
        ("DELETE", "/jobs/j1"),
    ]


async def test_ctrl_c_aborts_the_job_of_a_check(tmp_path: Path, server: LoopbackServer) -> None:
    jobs_api.serve_job(server, "busy")
    process = started(written(tmp_path, jobs_api.manifest(server, retriever=jobs_api.ABORT % server.url())))
    await server.was_asked(2)
    process.send_signal(signal.SIGINT)
    output, _ = await asyncio.to_thread(process.communicate, timeout=60)

    assert process.returncode == 130
    assert "exports: ended before there was an answer" in output
    assert [asked.path for asked in server.asked][-1] == "/jobs/j1/abort"


@pytest.fixture
def templates(server: LoopbackServer, tmp_path: Path) -> Path:
    """A stream `users` as any other, and one for each table."""
    server.on("/users", Reply([{"id": 1}]))
    server.on("/tables", Reply([{"name": "goods"}, {"name": "orders"}]))
    server.on("/of/goods", Reply([{"id": 1}]))
    server.on("/of/orders", Reply({"error": "no"}, 403))
    path = mapping(["retriever", "requester", "path"], "/of/{{ components_values['name'] }}")
    tables = from_api(server.url(), path, name="Tables", stream_template=template(server.url()))
    check = {"type": "CheckStream", "stream_names": ["users"]}
    return written(tmp_path, dynamic_manifest(tables, streams=[stream("users", server.url(), "/users")], check=check))


async def test_templates_are_asked_for_their_streams_only_where_the_check_is_about_them(
    templates: Path, server: LoopbackServer
) -> None:
    server.on("/tables", Reply({"error": "no"}, 401))
    for words in ((), ("--stream", "users")):
        code, output, errors = await checked(templates, *words)
        assert (code, output.splitlines()[-1]) == (0, "1 stream can be read."), errors
    assert server.to("/tables") == []
    code, output, errors = await checked(templates, "--stream", "*")
    assert code == 1
    assert "ok    users" in output
    assert "FAIL  Tables: no record was asked for" in output
    assert "no stream can be made from the template" in output
    assert "401 Unauthorized" in output


async def test_streams_that_are_made_are_checked(templates: Path, server: LoopbackServer) -> None:
    code, output, _ = await checked(templates, "--stream", "goods", "--stream", "orders")
    assert code == 1
    assert [line.split(":")[0] for line in output.splitlines() if not line.startswith(" ")] == [
        "ok    goods",
        "FAIL  orders",
        "1 of 2 streams can't be read.",
    ]
    code, _, errors = await checked(templates, "--stream", "good")
    assert (code, "did you mean `goods`?" in errors) == (2, True)
    server.on("/tables", Reply({"error": "no"}, 401))
    code, _, errors = await checked(templates, "--stream", "goods")
    assert (code, "401 Unauthorized" in errors) == (2, True)


async def test_a_list_of_streams_that_can_be_had_in_an_hour_is_not_waited_for(
    templates: Path, server: LoopbackServer
) -> None:
    server.on("/tables", Reply({"error": "slow"}, 429, {"Retry-After": "3600"}))
    code, output, _ = await checked(templates, "--stream", "*")
    assert code == 1
    assert "which is not waited for here" in " ".join(output.split())


async def test_a_check_of_templates_that_can_not_be_asked_fails(templates: Path, server: LoopbackServer) -> None:
    templates.write_text(
        yaml.safe_dump(
            {**yaml.safe_load(templates.read_text()), "check": {"type": "CheckDynamicStream", "stream_count": 1}}
        )
    )
    server.on("/tables", Reply({"error": "no"}, 401))
    code, output, errors = await checked(templates)
    assert (code, output) == (1, "")
    assert "no stream can be made from the template" in errors
    assert "401 Unauthorized" in errors
    server.on("/tables", Reply([]))
    assert (await checked(templates, "--stream", "users"))[0] == 0


async def test_streams_under_a_condition(tmp_path: Path, server: LoopbackServer) -> None:
    server.on("/users", Reply([{"id": 1}]))
    groups = [
        {"type": "ConditionalStreams", "condition": f"{{{{ config['key'] == '{key}' }}}}", "streams": [one]}
        for key, one in ((SECRET, stream("there", server.url(), "/users")), ("no", stream("away", server.url(), "/x")))
    ]
    path = written(tmp_path, manifest(*groups, check={"type": "CheckStream", "stream_names": ["there"]}))
    for words in ((), ("--stream", "*")):
        code, output, errors = await checked(path, *words)
        assert (code, output.splitlines()[-1]) == (0, "1 stream can be read."), errors
    code, _, errors = await checked(path, "--stream", "away")
    assert (code, "The stream `away` is not there with these inputs" in errors) == (2, True)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
async def test_a_signal_while_streams_are_made_clears_away_their_job(
    tmp_path: Path, server: LoopbackServer, number: int, code: int
) -> None:
    jobs_api.serve_job(server, "busy")
    asking = yaml.safe_load(jobs_api.manifest(server, retriever=jobs_api.ABORT % server.url()))["streams"][0][
        "retriever"
    ]
    tables = from_api(server.url(), name="Tables", stream_template=template(server.url()))
    tables["components_resolver"]["retriever"] = asking
    process = started(written(tmp_path, dynamic_manifest(tables)), "--stream", "*")
    await server.was_asked(2)
    process.send_signal(number)
    output, errors = await asyncio.to_thread(process.communicate, timeout=60)
    assert (process.returncode, "Traceback" in output + errors) == (code, False)
    assert [asked.path for asked in server.asked][-1] == "/jobs/j1/abort"
