"""What `source-longhaul` says is what Airbyte's own command says of the same manifest, inputs, catalog and state."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.protocols.support import BY_DAY, Answer, Asking, manifest, state, stream
from tests.support.oracle import ROOT, Oracle
from tests.support.server import LoopbackServer, Reply

pytestmark = pytest.mark.slow

REFERENCE = str(ROOT / ".venv-oracle" / "bin" / "source-declarative-manifest")
RECORDS = [
    {"id": 1, "day": "2024-01-02", "a": None, "b": {"c": None}, "d": [None], "e": "ä"},
    {"id": 2, "day": "2024-01-03", "f": 1.5, "g": True},
]


async def asked_both(asking: Asking, *words: str, states: Any = None) -> tuple[Answer, Answer]:
    """What we say and what the reference says."""
    ours = await asyncio.to_thread(asking, *words, states=states)
    process = await asyncio.create_subprocess_exec(
        REFERENCE,
        *asking.words(*words, states=states),
        cwd=asking.folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return ours, Answer(process.returncode, output.decode())


def shape(value: Any) -> Any:
    """The keys and types of a message."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items()}
    return [shape(one) for one in value] if isinstance(value, list) else type(value).__name__


@pytest.fixture
def content(server: LoopbackServer) -> dict[str, Any]:
    server.on("/things", Reply(RECORDS))
    server.on("/nothing", Reply([]))
    server.on("/refused", Reply({"error": "no such key"}, 401))
    url = server.url()
    return manifest(
        stream("plain", url, "/things", primary_key="id"),
        stream("daily", url, "/things", primary_key=["id", "day"], incremental_sync=BY_DAY),
        stream("empty", url, "/nothing", incremental_sync=BY_DAY),
        stream("refused", url, "/refused"),
    )


async def test_spec(content: dict[str, Any], oracle: Oracle, tmp_path: Path) -> None:
    consent = {
        "auth_flow_type": "oauth2.0",
        "predicate_key": ["auth", "type"],
        "oauth_config_specification": {
            "oauth_connector_input_specification": {"consent_url": "https://a.b", "access_token_url": "https://a.c"},
            "complete_oauth_output_specification": {"properties": {"token": {"type": "string"}}},
        },
    }
    for spec in (content["spec"], {**content["spec"], "advanced_auth": consent}):
        content["spec"] = spec
        answer = await asyncio.to_thread(Asking(tmp_path, content), "spec")
        assert answer.messages == [await asyncio.to_thread(oracle.ask, "protocol", "spec", content)]


async def test_check(content: dict[str, Any], tmp_path: Path) -> None:
    ours, theirs = await asked_both(Asking(tmp_path, content), "check")
    assert (ours.code, ours.of("CONNECTION_STATUS")) == (theirs.code, theirs.of("CONNECTION_STATUS"))
    assert ours.messages[-1] == theirs.messages[-1]

    content["check"]["stream_names"] = ["plain", "refused"]
    ours, theirs = await asked_both(Asking(tmp_path, content), "check")
    assert ours.code == theirs.code == 0
    assert shape(ours.messages[-1]) == shape(theirs.messages[-1])
    assert ours.messages[-1]["connectionStatus"]["status"] == "FAILED"

    ours, theirs = await asked_both(Asking(tmp_path, content, {"pages": "many"}), "check")
    assert ours.code == theirs.code == 0
    assert [*map(shape, ours.messages)] == [shape(theirs.messages[-1])]


async def test_discover(content: dict[str, Any], tmp_path: Path) -> None:
    ours, theirs = await asked_both(Asking(tmp_path, content), "discover")
    assert ours.code == theirs.code == 0
    assert ours.messages[-1] == theirs.messages[-1]

    ours, theirs = await asked_both(Asking(tmp_path, content, {}), "discover")
    assert ours.code == theirs.code == 1
    assert [error["failure_type"] for error in ours.errors] == [error["failure_type"] for error in theirs.errors]


async def test_read(content: dict[str, Any], server: LoopbackServer, tmp_path: Path) -> None:
    names = ("daily", "plain", "empty", "refused", "gone")
    states = [
        state("daily", {"day": "2024-01-02", "__ab_full_refresh_sync_complete": False}),
        state("plain", {"__ab_no_cursor_state_message": True}),
    ]
    ours, theirs = await asked_both(Asking(tmp_path, content), "read", *names, states=states)
    assert ours.code == theirs.code == 1
    for name in names:
        assert ours.records(name) == theirs.records(name)
        assert ours.statuses(name) == theirs.statuses(name)
        told, known = ours.states(name)[-1:], theirs.states(name)[-1:]
        assert [*map(shape, told)] == [shape(_without_own(one)) for one in known]
        assert [one["stream"]["stream_state"] for one in told] == [
            _without_own(one)["stream"]["stream_state"] for one in known
        ]
        counted = [sum(one["sourceStats"]["recordCount"] for one in who.states(name)) for who in (ours, theirs)]
        assert counted[0] == counted[1] == len(ours.records(name))
    assert {repr(shape(one)) for one in ours.of("RECORD")} == {repr(shape(one)) for one in theirs.of("RECORD")}
    since = [asked.query.get("since") for asked in server.to("/things")]
    assert sorted(map(repr, since[:2])) == sorted(map(repr, since[2:]))

    known = [{key: shape(value) for key, value in error.items() if key != "stack_trace"} for error in theirs.errors]
    assert [shape(error) for error in ours.errors] == known
    assert [error["failure_type"] for error in ours.errors] == [error["failure_type"] for error in theirs.errors]
    traces = [{repr(shape({**one, "error": None})) for one in who.of("TRACE")} for who in (ours, theirs)]
    assert traces[0] == traces[1]


def _without_own(message: dict[str, Any]) -> dict[str, Any]:
    """A state as the reference gives it, less what Airbyte's tools had left in the one that it began with."""
    entry = message["stream"]
    kept = {key: value for key, value in entry["stream_state"].items() if key != "__ab_full_refresh_sync_complete"}
    return {**message, "stream": {**entry, "stream_state": kept}}
