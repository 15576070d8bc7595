"""`source-longhaul`: where its manifest comes from, what it checks, what it refuses, and what it says of failures."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.http.pace import Pace
from core.protocols import checking
from core.protocols import manifest as lookup
from core.protocols.options import parse
from tests.protocols.support import BY_DAY, Answer, Asking, manifest, state, stream
from tests.support.broken_servers import drip, serving
from tests.support.server import LoopbackServer, Reply


async def ask(asking: Asking, *words: str, **more: Any) -> Answer:
    return await asyncio.to_thread(asking, *words, **more)


@pytest.fixture
def content(server: LoopbackServer) -> dict[str, Any]:
    server.on("/things", Reply([{"id": 1}, {"id": 2}]))
    server.on("/nothing", Reply([]))
    server.on("/refused", lambda asked: Reply({"error": f"wrong key {asked.headers['x-key']}"}, 403))
    url = server.url()
    keyed = {"request_headers": {"X-Key": "{{ config['key'] }}"}}
    return manifest(
        stream("things", url, "/things", requester=keyed),
        stream("nothing", url, "/nothing"),
        stream("refused", url, "/refused", requester=keyed),
    )


# The manifest


async def test_the_named_manifest_comes_first_then_the_environment_then_the_config_then_the_image(
    content: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(title: str) -> Path:
        path = tmp_path / f"{title}.yaml"
        spec = {"connection_specification": {"type": "object", "title": title}}
        path.write_text(json.dumps({**content, "spec": spec}))
        return path

    def found(named: Path | None = None, config: dict[str, Any] | None = None) -> str:
        said = lookup.specification(lookup.find_manifest(named, config))
        return str(said["connectionSpecification"]["title"])

    assert found() == "Manifest and its inputs"
    monkeypatch.setattr(lookup, "BUNDLED", write("bundled"))
    assert found() == "bundled"
    injected = {lookup.INJECTED: {**content, "spec": {"connection_specification": {"title": "injected"}}}}
    assert found(None, injected) == "injected"
    monkeypatch.setenv("LONGHAUL_MANIFEST", str(write("environment")))
    assert found(None, injected) == "environment"
    assert found(write("named"), injected) == "named"

    monkeypatch.delenv("LONGHAUL_MANIFEST")
    config = {"key": "s3cret-key", lookup.INJECTED: content}
    answer = await ask(Asking(tmp_path, None, config), "read", "things")
    assert answer.records("things") == [{"id": 1}, {"id": 2}]


@pytest.mark.parametrize("value", [1e-25, 1e16, 12, "1e-25", "2024-01-31", "\x7f", None, {}])
def test_a_manifest_in_the_config_keeps_what_its_values_are(content: dict[str, Any], value: Any) -> None:
    document = lookup.find_manifest(None, {lookup.INJECTED: {**content, "metadata": value}})
    assert document is not None
    assert document.root["metadata"] == value
    assert type(document.root["metadata"]) is type(value)


async def test_without_a_manifest_there_is_only_a_spec(tmp_path: Path) -> None:
    asking = Asking(tmp_path, None)
    assert (await ask(asking, "spec")).of("SPEC")[0]["connectionSpecification"]["required"] == [lookup.INJECTED]
    answer = await ask(asking, "check")
    assert answer.code == 1
    assert "There is no manifest: name it with --manifest-path" in answer.errors[0]["message"]


async def test_a_manifest_that_can_not_be_read_is_an_error_with_its_places(
    content: dict[str, Any], tmp_path: Path
) -> None:
    content["streams"] = [{"type": "DeclarativeStream", "name": "things"}]
    for command in ("check", "discover"):
        answer = await ask(Asking(tmp_path, content), command)
        assert answer.code == 1
        assert "manifest.yaml:1:" in answer.errors[0]["message"]
        assert answer.errors[0]["failure_type"] == "config_error"


async def test_a_broken_stream_takes_no_other_with_it(content: dict[str, Any], tmp_path: Path) -> None:
    content["streams"].append({"type": "DeclarativeStream", "name": "broken"})
    discovered = await ask(Asking(tmp_path, content), "discover")
    assert [one["name"] for one in discovered.of("CATALOG")[0]["streams"]] == ["things", "nothing", "refused"]
    assert any("`broken` is left out" in line for line in discovered.logs)
    read = await ask(Asking(tmp_path, content), "read", "broken", "things")
    assert read.code == 1
    assert read.statuses("broken") == ["STARTED", "INCOMPLETE"]
    assert read.statuses("things") == ["STARTED", "RUNNING", "COMPLETE"]


async def test_python_components_are_refused_and_their_option_is_accepted(
    content: dict[str, Any], tmp_path: Path
) -> None:
    config = {"key": "s3cret-key", "__injected_components_py": "print(1)"}
    answer = await ask(Asking(tmp_path, content, config), "check")
    assert answer.code == 1
    assert "Python code" in answer.errors[0]["message"]
    answer = await ask(Asking(tmp_path, content), "check", options=["--components-path", "components.py", "--debug"])
    assert answer.of("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]
    assert any(line.startswith("WARN --components-path is not used") for line in answer.logs)
    assert any(line.startswith("DEBUG things: page: GET") for line in answer.logs)


@pytest.mark.parametrize("words", [[], ["nonsense"], ["check"], ["read", "--config", "c.json"], ["spec", "--con", "x"]])
def test_wrong_usage_ends_with_code_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(words)
    assert ended.value.code == 2
    assert capsys.readouterr().out == ""


# Checks


async def test_a_check_reads_what_the_manifest_or_the_platform_names(
    content: dict[str, Any], server: LoopbackServer, tmp_path: Path
) -> None:
    failed = {"key": "s3cret-key", "__airbyte_check_stream_names": ["nothing", "refused"]}
    answer = await ask(Asking(tmp_path, content, failed), "check")
    assert answer.code == 0
    (status,) = answer.of("CONNECTION_STATUS")
    assert status["status"] == "FAILED"
    assert status["message"].startswith("Stream refused is not available: GET http://127.0.0.1")
    assert "s3cret-key" not in answer.output
    assert "key ****" in status["message"]
    assert "INFO Successfully connected to stream nothing, but got 0 records." in answer.logs
    assert [asked.path for asked in server.asked] == ["/nothing", "/refused"]


async def test_a_check_does_not_wait_for_an_hour(
    content: dict[str, Any], server: LoopbackServer, tmp_path: Path
) -> None:
    server.on("/things", Reply({"error": "slow"}, 429, {"Retry-After": "3600"}))
    (status,) = (await ask(Asking(tmp_path, content), "check")).of("CONNECTION_STATUS")
    assert "could be made in 1 h 00 min, which is not waited for here" in status["message"]


async def test_a_check_gives_up_an_answer_that_drips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "AROUND", replace(checking.AROUND, slowest=Pace(rate=1000, seconds=0.5)))
    async with serving(drip) as url:
        (status,) = (await ask(Asking(tmp_path, manifest(stream("things", url, "/x"))), "check")).of(
            "CONNECTION_STATUS"
        )
    assert status["status"] == "FAILED"
    assert status["message"].startswith(f"Stream things is not available: The download from {url}/x is not read: only ")
    assert "of the answer came in the last 0.5 seconds" in status["message"]


async def test_a_check_may_have_inputs_of_its_own(
    content: dict[str, Any], server: LoopbackServer, tmp_path: Path
) -> None:
    content["check"] |= {"config_overrides": {"key": "key-of-the-check"}}
    assert (await ask(Asking(tmp_path, content), "check")).of("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]
    assert (await ask(Asking(tmp_path, content), "read", "things")).code == 0
    assert [asked.headers["x-key"] for asked in server.asked] == ["key-of-the-check", "s3cret-key"]


async def test_a_check_of_dynamic_streams_counts_those_that_there_are(
    content: dict[str, Any], server: LoopbackServer, tmp_path: Path
) -> None:
    content["check"] = {"type": "CheckDynamicStream", "stream_count": 2}
    assert (await ask(Asking(tmp_path, content), "check")).of("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]
    assert [asked.path for asked in server.asked] == ["/things", "/nothing"]


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ({"type": "CheckStream", "stream_names": ["thing"]}, "did you mean `things`?"),
        ({"type": "CustomCheck"}, "no `check` that Longhaul runs"),
    ],
)
async def test_a_check_that_the_manifest_gets_wrong_is_no_failed_connection(
    content: dict[str, Any], tmp_path: Path, check: dict[str, Any], message: str
) -> None:
    content["check"] = check
    answer = await ask(Asking(tmp_path, content), "check")
    assert (answer.code, answer.of("CONNECTION_STATUS")) == (1, [])
    assert message in answer.errors[0]["message"]


async def test_wrong_inputs_fail_a_check_and_end_everything_else(content: dict[str, Any], tmp_path: Path) -> None:
    asking = Asking(tmp_path, content, {"pages": "many"})
    answer = await ask(asking, "check")
    assert answer.code == 0
    message = answer.of("CONNECTION_STATUS")[0]["message"]
    assert "`key` is missing in the config." in message
    assert "--set" not in message
    for command in ("discover", "read"):
        answer = await ask(asking, command)
        assert (answer.code, answer.errors[0]["message"]) == (1, message)


# State and catalog


@pytest.mark.parametrize(
    ("states", "since"),
    [
        (None, "2024-01-01"),
        ([], "2024-01-01"),
        ({}, "2024-01-01"),
        ([state("daily", {"day": "2024-01-05"})], "2024-01-05"),
        ([state("daily", {"day": "2024-01-05", "__ab_x": 1}), state("gone", {"a": 1})], "2024-01-05"),
        ([state("daily", {"__ab_no_cursor_state_message": True})], "2024-01-01"),
        ([{"type": "STREAM", "stream": {"stream_descriptor": {"name": "daily"}}}], "2024-01-01"),
        ([{"type": "LEGACY", "data": {"daily": {"day": "2024-01-05"}}}], "2024-01-01"),
        (
            [{"type": "GLOBAL", "global": {"stream_states": [state("daily", {"day": "2024-01-05"})["stream"]]}}],
            "2024-01-05",
        ),
    ],
)
async def test_the_states_that_are_taken(server: LoopbackServer, tmp_path: Path, states: Any, since: str) -> None:
    server.on("/things", Reply([{"id": 1, "day": "2024-01-06"}]))
    content = manifest(stream("daily", server.url(), "/things", incremental_sync=BY_DAY))
    answer = await ask(Asking(tmp_path, content), "read", "daily", states=states)
    assert answer.code == 0, answer.output
    assert server.asked[0].query["since"] == [since]
    assert [one["stream"]["stream_state"] for one in answer.states("daily")] == [{"day": "2024-01-06"}]


@pytest.mark.parametrize(
    "states",
    [
        {"daily": {"day": "2024-01-05"}},
        "text",
        [1],
        [{"type": "STREAM", "stream": {}}],
        [{"type": "STREAM", "stream": {"stream_descriptor": {"name": "daily"}, "stream_state": 5}}],
        [{"type": "GLOBAL", "global": {"shared_state": {"a": 1}, "stream_states": []}}],
    ],
)
async def test_the_states_that_are_refused(content: dict[str, Any], tmp_path: Path, states: Any) -> None:
    answer = await ask(Asking(tmp_path, content), "read", "things", states=states)
    assert (answer.code, answer.of("RECORD")) == (1, [])
    assert "state" in answer.errors[0]["message"]


async def test_a_catalog_that_asks_for_nothing_or_for_what_is_not_there(
    content: dict[str, Any], tmp_path: Path
) -> None:
    assert (await ask(Asking(tmp_path, content), "read")).messages == []
    answer = await ask(Asking(tmp_path, content), "read", "gone")
    assert (answer.code, answer.statuses("gone")) == (0, ["INCOMPLETE"])
    assert any("asks for `gone`" in line for line in answer.logs)


# Inputs that change


def oauth(url: str) -> dict[str, Any]:
    return {
        "type": "OAuthAuthenticator",
        "token_refresh_endpoint": f"{url}/token",
        "client_id": "me",
        "client_secret": "client-s3cret",
        "refresh_token": "{{ config['key'] }}",
        "grant_type": "refresh_token",
    }


UPDATED = {
    "refresh_token_updater": {
        "refresh_token_config_path": ["login", "refresh"],
        "access_token_config_path": ["login", "access"],
        "token_expiry_date_config_path": ["login", "expires"],
    }
}


@pytest.mark.parametrize("updater", [{}, UPDATED])
async def test_a_rotated_token_is_a_control_message_with_the_config_to_go_on_with(
    server: LoopbackServer, tmp_path: Path, updater: dict[str, Any]
) -> None:
    server.on("/things", Reply([{"id": 1}]))
    server.on("/token", Reply({"access_token": "fresh-acc3ss", "refresh_token": "next-r3fresh", "expires_in": 3600}))
    content = manifest(
        stream("things", server.url(), "/things", requester={"authenticator": oauth(server.url()) | updater})
    )
    config = {"key": "first-r3fresh", "login": {"kept": 1}, lookup.INJECTED: content}
    answer = await ask(Asking(tmp_path, None, config), "read", "things")
    assert answer.code == 0
    (control,) = answer.of("CONTROL")
    assert (control["type"], type(control["emitted_at"])) == ("CONNECTOR_CONFIG", float)
    later = control["connectorConfig"]["config"]
    assert later[lookup.INJECTED] == content
    assert later["key"] == "next-r3fresh"
    assert later["login"].get("access") == ("fresh-acc3ss" if updater else None)
    assert later["login"]["kept"] == 1
    assert not any("r3fresh" in line or "acc3ss" in line for line in answer.logs)


async def test_a_config_of_an_earlier_version_is_migrated_and_told(server: LoopbackServer, tmp_path: Path) -> None:
    server.on("/things", Reply([{"id": 1}]))
    keyed = {"request_headers": {"X-Key": "{{ config['key'] }}"}}
    content = manifest(stream("things", server.url(), "/things", requester=keyed))
    moved = [
        {
            "type": "ConfigAddFields",
            "fields": [{"type": "AddedFieldDefinition", "path": ["key"], "value": "{{ config['old_key'] }}"}],
        },
        {"type": "ConfigRemoveFields", "field_pointers": [["old_key"]]},
    ]
    content["spec"]["config_normalization_rules"] = {
        "type": "ConfigNormalizationRules",
        "config_migrations": [{"type": "ConfigMigration", "transformations": moved}],
    }
    answer = await ask(Asking(tmp_path, content, {"old_key": "s3cret-key"}), "check")
    assert answer.of("CONNECTION_STATUS") == [{"status": "SUCCEEDED"}]
    assert answer.of("CONTROL")[0]["connectorConfig"]["config"] == {"key": "s3cret-key"}
    assert server.asked[0].headers["x-key"] == "s3cret-key"
