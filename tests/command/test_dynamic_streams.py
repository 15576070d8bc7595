"""Streams that are made from templates are read by every command that reads streams."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import yaml

from tests.command.support import start
from tests.support.dynamic import dynamic_manifest, from_api, from_config, mapping, template
from tests.support.server import Asked, LoopbackServer, Reply

PATH = mapping(["retriever", "requester", "path"], "/of/{{ components_values['name'] }}")
SECRET = "hunter2-hunter2"
SPEC = {
    "type": "Spec",
    "connection_specification": {
        "type": "object",
        "properties": {"key": {"type": "string", "airbyte_secret": True}, "tables": {"type": "array"}},
    },
}


@pytest.fixture
def shop(server: LoopbackServer, tmp_path: Path) -> Path:
    """A folder with a manifest of two tables and a stream of its own."""
    server.on("/tables", Reply([{"name": "goods"}, {"name": "orders"}]))
    server.on("/of/goods", Reply([{"id": 1}]))
    server.on("/of/orders", lambda asked: Reply([{"id": 2, "day": asked.query.get("day", [""])[0]}]))
    server.on("/own", Reply([{"id": 0}]))
    own = template(server.url(), name="own", **{"$parameters": {"entity": "own"}})
    key = mapping(["retriever", "requester", "request_parameters", "kind"], "{{ config.get('key', '') }}")
    write(tmp_path, dynamic_manifest(from_api(server.url(), PATH, key, name="Tables"), streams=[own], spec=SPEC))
    return tmp_path


def write(folder: Path, manifest: dict[str, Any]) -> None:
    (folder / "m.yaml").write_text(yaml.safe_dump(manifest, sort_keys=False))


async def command(folder: Path, *arguments: str) -> tuple[int, str]:
    """The exit code, and what was printed."""
    process = start(*arguments, folder=folder, environment={"LONGHAUL_KEY": SECRET})
    output, said = await asyncio.to_thread(process.communicate, timeout=60)
    assert "Traceback" not in said, said
    assert "internal error" not in said, said
    return process.returncode, output + said


def rows(path: Path) -> list[int]:
    return [json.loads(line)["id"] for line in path.read_text().splitlines()]


async def test_a_run_reads_all(shop: Path) -> None:
    code, said = await command(shop, "--run", "m.yaml", "--output", "out/", "--trace", "t.har", "--log-level", "debug")
    assert code == 0, said
    assert {path.stem: rows(path) for path in (shop / "out").glob("*.jsonl")} == {
        "own": [0],
        "goods": [1],
        "orders": [2],
    }
    assert "Tables: 2 streams made from the template." in said
    urls = [entry["request"]["url"] for entry in json.loads((shop / "t.har").read_text())["log"]["entries"]]
    assert any(url.endswith("/tables") for url in urls)
    assert SECRET not in said + (shop / "t.har").read_text()


async def test_a_run_reads_one(shop: Path) -> None:
    code, said = await command(shop, "--run", "m.yaml", "--stream", "orders")
    assert code == 0
    assert '{"id":2,"day":""}' in said
    code, said = await command(shop, "--run", "m.yaml", "--stream", "order")
    assert code == 2
    assert "There is no stream `order`; did you mean `orders`?" in said


async def test_templates_that_give_no_stream(shop: Path, server: LoopbackServer) -> None:
    server.on("/tables", Reply({"error": "down"}, 401))
    code, said = await command(shop, "--run", "m.yaml", "--output", "out/")
    assert code == 1
    assert rows(shop / "out" / "own.jsonl") == [0]
    assert "no stream can be made from the template: The dynamic stream `Tables` couldn't be read." in said
    code, said = await command(shop, "--run", "m.yaml", "--stream", "orders")
    assert code == 2
    assert "There is no stream `orders`" in said
    assert "401" in said
    server.on("/tables", Reply([]))
    code, said = await command(shop, "--run", "m.yaml", "--output", "again/")
    assert code == 0
    assert "WARNING: Tables: 0 streams made from the template. What they are made of holds nothing." in said
    write(shop, dynamic_manifest(from_config(), spec=SPEC))
    code, said = await command(shop, "--run", "m.yaml")
    assert code == 0, said
    assert "dynamic_stream_0: 0 streams made from the template." in said
    code, said = await command(shop, "--run", "m.yaml", "--state", "s.json")
    assert code == 0, said


async def test_slices_of_a_made_stream(shop: Path, server: LoopbackServer) -> None:
    router = {
        "type": "ListPartitionRouter",
        "values": ["mo", "tu"],
        "cursor_field": "day",
        "request_option": {"type": "RequestOption", "inject_into": "request_parameter", "field_name": "day"},
    }
    dynamic = from_api(server.url(), PATH)
    dynamic["stream_template"]["retriever"]["partition_router"] = router
    write(shop, dynamic_manifest(dynamic))
    code, plan = await command(shop, "--plan", "m.yaml", "--stream", "orders", "--quiet")
    assert code == 0, plan
    (shop / "slices.jsonl").write_text(plan)
    of = ("--stream", "orders", "--slices", "slices.jsonl", "--output", "lake/")
    for shard in ("0/2", "1/2"):
        code, said = await command(shop, "--run", "m.yaml", *of, "--shard", shard)
        assert code == 0, said
    code, said = await command(shop, "--merge-state", "m.yaml", *of, "--state", "state.json")
    assert code == 0, said
    files = [path for path in (shop / "lake").rglob("*.jsonl") if not path.name.startswith(".")]
    days = {json.loads(line)["day"] for path in files for line in path.read_text().splitlines()}
    assert days == {"mo", "tu"}


async def test_a_case_is_kept_and_checked(shop: Path, server: LoopbackServer) -> None:
    code, said = await command(shop, "--run", "m.yaml", "--output", "out/", "--keep-case", "all")
    assert code == 0, said
    assert not [path for path in (shop / "cases").iterdir() if SECRET in path.read_text()]
    asked = len(server.asked)
    code, said = await command(shop, "--check", "m.yaml")
    assert code == 0, said
    assert "ok    all: 3 records from 4 recorded requests" in said
    assert len(server.asked) == asked
    changed = (shop / "m.yaml").read_text().replace("/tables", "/table")
    (shop / "m.yaml").write_text(changed)
    code, said = await command(shop, "--check", "m.yaml")
    assert code == 1
    assert "/tables" in said


async def test_validate_checks_templates(shop: Path) -> None:
    code, said = await command(shop, "--validate", "m.yaml")
    assert code == 0, said
    (shop / "m.yaml").write_text(
        (shop / "m.yaml").read_text().replace("components_values['name']", "component_values['n']")
    )
    code, said = await command(shop, "--validate", "m.yaml")
    assert code == 2
    assert "the template uses `component_values`, which doesn't exist here (did you mean `components_values`?)" in said


@pytest.mark.slow
async def test_a_cluster_reads_made_streams(shop: Path, server: LoopbackServer) -> None:
    pytest.importorskip("distributed", reason="needs the extra `dask`")
    code, said = await command(
        shop, "--run", "m.yaml", "--on", "dask://local?workers=2", "--output", "lake/", "--state", "state.json"
    )
    assert code == 0, said
    files = [path for path in (shop / "lake").rglob("*.jsonl") if not path.name.startswith(".")]
    assert sorted(number for path in files for number in rows(path)) == [0, 1, 2]
    assert len(server.to("/tables")) == 1


async def test_a_case_of_made_streams_alone_is_checked(shop: Path, server: LoopbackServer) -> None:
    key = mapping(["retriever", "requester", "request_parameters", "kind"], "{{ config.get('key', '') }}")
    write(shop, dynamic_manifest(from_api(server.url(), PATH, key, name="Tables"), spec=SPEC))
    code, said = await command(shop, "--run", "m.yaml", "--output", "out/", "--keep-case", "all")
    assert code == 0, said
    code, said = await command(shop, "--check", "m.yaml")
    assert (code, "nothing differs" in said) == (0, True), said
    code, said = await command(shop, "--check", "m.yaml", "--stream", "goods")
    assert (code, "1 record from" in said) == (0, True), said
    code, said = await command(shop, "--check", "m.yaml", "--stream", "none")
    assert "it is about" in said


@pytest.fixture
def single_use(server: LoopbackServer, tmp_path: Path) -> list[str]:
    """A manifest of one table, whose API takes each refresh token once; gives those that were shown to it."""
    shown: list[str] = []

    def renew(asked: Asked) -> Reply:
        shown.append(parse_qs(asked.body.decode())["refresh_token"][0])
        number = len(shown)
        if shown[-1] != f"refresh-token-{number - 1}":
            return Reply({"error": "used"}, 400)
        return Reply({"access_token": f"access-token-{number}", "refresh_token": f"refresh-token-{number}"})

    server.on("/token", renew)
    server.on("/tables", Reply([{"name": "goods"}]))
    server.on("/of/goods", Reply([{"id": 1}]))
    oauth = {
        "type": "OAuthAuthenticator",
        "token_refresh_endpoint": server.url("/token"),
        "client_id": "the-client",
        "client_secret": "the-client-secret",
        "refresh_token": "{{ config['refresh_token'] }}",
        "refresh_token_updater": {},
    }
    made = from_api(server.url(), PATH, name="Tables", stream_template=template(server.url()))
    for part in (made["stream_template"]["retriever"], made["components_resolver"]["retriever"]):
        part["requester"]["authenticator"] = oauth
    secret = {"type": "string", "airbyte_secret": True}
    spec = {"type": "Spec", "connection_specification": {"type": "object", "properties": {"refresh_token": secret}}}
    write(tmp_path, dynamic_manifest(made, spec=spec))
    return shown


@pytest.mark.parametrize("is_kept", [True, False])
@pytest.mark.parametrize("words", [("--run",), ("--check-connection",)])
async def test_a_token_that_is_renewed_while_streams_are_made_serves_their_reads(
    single_use: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], is_kept: bool
) -> None:
    monkeypatch.setenv("LONGHAUL_STATE_DIR", str(tmp_path / "state"))
    if not is_kept:
        (tmp_path / "state").write_text("a file where the folder should be")
    code, said = await command(tmp_path, *words, "m.yaml", "--set", "refresh_token=refresh-token-0")
    assert code == 0, said
    assert "refresh-token" not in said
    assert "access-token" not in said
    assert len(set(single_use)) == len(single_use)


async def test_a_cluster_goes_on_with_the_token_that_was_renewed_before(single_use: list[str], tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    refresh = ("--set", "refresh_token=refresh-token-0")
    code, said = await command(
        tmp_path, "--run", "m.yaml", *refresh, "--on", "dask://local?workers=1", "--output", "out/"
    )
    assert code == 0, said


async def test_a_plan_its_slices_and_its_state_go_on_with_the_token_that_was_renewed(
    single_use: list[str], tmp_path: Path
) -> None:
    refresh = ("--stream", "goods", "--set", "refresh_token=refresh-token-0")
    code, said = await command(tmp_path, "--plan", "m.yaml", *refresh)
    assert code == 0, said
    (tmp_path / "plan.jsonl").write_text("".join(line + "\n" for line in said.splitlines() if line.startswith("{")))
    out = ("--slices", "plan.jsonl", "--output", "out/")
    for words in (("--run", "m.yaml", *out), ("--merge-state", "m.yaml", *out, "--state", "state.json")):
        code, said = await command(tmp_path, *words, *refresh)
        assert code == 0, said


JOBS = {
    "type": "AsyncRetriever",
    "status_mapping": {"running": ["busy"], "completed": ["ready"], "failed": ["no"], "timeout": ["late"]},
    "status_extractor": {"type": "DpathExtractor", "field_path": ["status"]},
    "download_target_extractor": {"type": "DpathExtractor", "field_path": ["url"]},
    "record_selector": {"type": "RecordSelector", "extractor": {"type": "DpathExtractor", "field_path": []}},
}


def listed_by_a_job(server: LoopbackServer) -> dict[str, Any]:
    """A dynamic stream whose list of tables is made by a job."""

    def requester(path: str, method: str = "GET") -> dict[str, Any]:
        return {"type": "HttpRequester", "url": server.url(path), "http_method": method}

    dynamic = from_api(server.url(), PATH, name="Tables")
    dynamic["components_resolver"]["retriever"] = {
        **JOBS,
        "creation_requester": requester("/jobs", "POST"),
        "polling_requester": requester("/jobs/7"),
        "abort_requester": requester("/jobs/7", "DELETE"),
        "download_requester": {"type": "HttpRequester", "url": "{{ download_target }}", "http_method": "GET"},
    }
    return dynamic_manifest(dynamic, spec=SPEC)


async def test_a_job_that_lists_the_streams_shows_its_progress(shop: Path, server: LoopbackServer) -> None:
    write(shop, listed_by_a_job(server))
    server.on("/jobs", Reply({"id": 7}))
    server.on("/jobs/7", Reply({"status": "ready", "url": server.url("/tables")}))
    code, said = await command(shop, "--run", "m.yaml", "--output", "out/")
    assert code == 0, said
    assert "Tables: creating the job" in said
    assert "Tables: job 7 is running" in said
    assert "Tables: 2 streams made from the template." in said
    assert rows(shop / "out" / "goods.jsonl") == [1]


@pytest.mark.parametrize(
    ("number", "arguments"),
    [
        (signal.SIGINT, ("--run", "m.yaml")),
        (signal.SIGTERM, ("--plan", "m.yaml", "--stream", "goods")),
        (signal.SIGINT, ("--check-connection", "m.yaml", "--stream", "*")),
    ],
)
async def test_it_can_be_cancelled_while_streams_are_made(
    shop: Path, server: LoopbackServer, number: signal.Signals, arguments: tuple[str, ...]
) -> None:
    write(shop, listed_by_a_job(server))
    methods: list[str] = []

    def busy(asked: Asked) -> Reply:
        methods.append(asked.method)
        return Reply({"status": "busy"})

    server.on("/jobs", Reply({"id": 7}))
    server.on("/jobs/7", busy)
    process = start(*arguments, folder=shop, environment={"LONGHAUL_KEY": SECRET})
    await server.was_asked(2)
    process.send_signal(number)
    output, said = await asyncio.to_thread(process.communicate, timeout=60)

    assert process.returncode == 128 + number, said
    assert not output
    assert "Cancelling: requests are stopped" in said
    assert "It was cancelled while streams were made from templates." in said
    assert methods[-1] == "DELETE"
    assert "job 7 aborted on the server" in said


async def test_the_read_goes_on_with_the_api_budget_of_the_list(shop: Path, server: LoopbackServer) -> None:
    budget = {
        "type": "HTTPAPIBudget",
        "policies": [
            {
                "type": "MovingWindowCallRatePolicy",
                "rates": [{"type": "Rate", "limit": 1, "interval": "PT1H"}],
                "matchers": [],
            }
        ],
    }
    tree = yaml.safe_load((shop / "m.yaml").read_text())
    write(shop, {**tree, "api_budget": budget})
    process = start("--run", "m.yaml", "--output", "out/", folder=shop, environment={"LONGHAUL_KEY": SECRET})
    assert process.stderr is not None
    said = ""
    while "The API budget is used up" not in said:
        line = await asyncio.wait_for(asyncio.to_thread(process.stderr.readline), 30)
        assert line, said
        said += line
    process.send_signal(signal.SIGINT)
    await asyncio.to_thread(process.communicate, timeout=60)
    assert [asked.path for asked in server.asked] == ["/tables"]
