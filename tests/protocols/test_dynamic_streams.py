"""A source with dynamic streams is checked, discovered and read as Airbyte's own command does it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.protocols.support import Asking, manifest, stream
from tests.protocols.test_against_reference import asked_both
from tests.support.dynamic import Tree, from_api, from_config, from_list, mapping
from tests.support.server import LoopbackServer, Reply

PATH = mapping(["retriever", "requester", "path"], "/of/{{ components_values['name'] }}")
INPUTS = {"key": "s3cret-key", "streams": [{"name": "a"}, {"name": "b"}]}


def wanting(name: str, **more: Any) -> Tree:
    return {
        "type": "CheckStream",
        "dynamic_streams_check_configs": [{"type": "DynamicStreamCheckConfig", "dynamic_stream_name": name, **more}],
    }


@pytest.fixture
def content(server: LoopbackServer) -> Tree:
    server.on("/own", Reply([{"id": 0}]))
    server.on("/tables", Reply([{"name": "goods"}, {"name": "orders"}]))
    server.on("/of/goods", Reply([{"id": 1}]))
    server.on("/of/orders", Reply({"error": "no such key"}, 401))
    own = stream("own", server.url(), "/own")
    dynamic = {"type": "DynamicDeclarativeStream", **from_api(server.url(), PATH, name="Tables")}
    return manifest(own, dynamic_streams=[dynamic])


def with_dynamic(*dynamic: Tree, **more: Any) -> Tree:
    """A manifest that has nothing but dynamic streams."""
    made = manifest(stream("own", "http://x", "/"), **more)
    del made["streams"]
    return {**made, "dynamic_streams": [{"type": "DynamicDeclarativeStream", **one} for one in dynamic]}


CHECKS = {
    "the first of all": {"type": "CheckDynamicStream", "stream_count": 2},
    "one that fails among them": {"type": "CheckDynamicStream", "stream_count": 3},
    "only whether there are some": {"type": "CheckDynamicStream", "stream_count": 3, "use_check_availability": False},
    "the first of a template": wanting("Tables", stream_count=1),
    "all of a template": wanting("Tables"),
    "more than there are": wanting("Tables", stream_count=9),
    "a template that is not there": wanting("Chairs"),
    "a stream of the manifest": {"type": "CheckStream", "stream_names": ["own"]},
    "a made stream": {"type": "CheckStream", "stream_names": ["goods"]},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CHECKS)
async def test_check(name: str, content: Tree, server: LoopbackServer, tmp_path: Path) -> None:
    content["check"] = CHECKS[name]
    ours, theirs = await asked_both(Asking(tmp_path, content), "check")
    (told,), (known,) = ours.of("CONNECTION_STATUS"), theirs.of("CONNECTION_STATUS")
    assert (ours.code, told["status"]) == (theirs.code, known["status"])
    assert bool(server.to("/tables")) == (name != "a stream of the manifest")


@pytest.mark.slow
async def test_check_of_what_can_not_be_made(content: Tree, server: LoopbackServer, tmp_path: Path) -> None:
    server.on("/tables", Reply({"error": "no such key"}, 401))
    content["check"] = CHECKS["the first of all"]
    ours, _ = await asked_both(Asking(tmp_path, content), "check")
    (told,) = ours.of("CONNECTION_STATUS")
    assert told["status"] == "FAILED"
    assert "The dynamic stream `Tables` couldn't be read." in told["message"]
    empty = with_dynamic(from_list([]), check=CHECKS["the first of all"])
    ours, theirs = await asked_both(Asking(tmp_path, empty), "check")
    assert ours.of("CONNECTION_STATUS")[0]["status"] == theirs.of("CONNECTION_STATUS")[0]["status"] == "FAILED"


@pytest.mark.slow
async def test_discover(content: Tree, server: LoopbackServer, tmp_path: Path) -> None:
    ours, theirs = await asked_both(Asking(tmp_path, content), "discover")
    assert ours.code == theirs.code == 0
    assert ours.messages[-1] == theirs.messages[-1]
    assert [one["name"] for one in ours.messages[-1]["catalog"]["streams"]] == ["own", "goods", "orders"]

    server.on("/tables", Reply({"error": "no such key"}, 401))
    ours, theirs = await asked_both(Asking(tmp_path, content), "discover")
    assert ours.code == theirs.code == 1
    assert not ours.of("CATALOG")
    assert "couldn't be read" in ours.errors[-1]["message"]


@pytest.mark.slow
async def test_read(content: Tree, tmp_path: Path) -> None:
    names = ("own", "goods", "orders")
    ours, theirs = await asked_both(Asking(tmp_path, content), "read", *names)
    assert ours.code == theirs.code == 1
    for name in names:
        assert ours.records(name) == theirs.records(name)
        assert ours.statuses(name) == theirs.statuses(name)


@pytest.mark.slow
async def test_streams_of_the_inputs(server: LoopbackServer, tmp_path: Path) -> None:
    server.on("/of/a", Reply([{"id": 1}]))
    server.on("/of/b", Reply([{"id": 2}]))
    dynamic = from_config(PATH, mapping(["retriever", "requester", "url_base"], server.url()))
    content = with_dynamic(dynamic, check=wanting("dynamic_stream_0", stream_count=1))
    content["spec"]["connection_specification"]["properties"]["streams"] = {"type": "array"}
    for command in ("check", "discover"):
        ours, theirs = await asked_both(Asking(tmp_path, content, INPUTS), command)
        assert ours.code == theirs.code == 0
        assert ours.messages[-1] == theirs.messages[-1]
    ours, theirs = await asked_both(Asking(tmp_path, content, INPUTS), "read", "a", "b")
    assert ours.code == theirs.code == 0
    for name, number in (("a", 1), ("b", 2)):
        assert ours.records(name) == theirs.records(name) == [{"id": number}]


async def test_a_stream_that_could_not_be_made_is_no_stream_that_is_gone(
    content: Tree, server: LoopbackServer, tmp_path: Path
) -> None:
    server.on("/tables", Reply({"error": "no such key"}, 401))
    answer = await asyncio.to_thread(Asking(tmp_path, content), "read", "own", "goods")
    assert answer.code == 1
    assert answer.records("own") == [{"id": 0}]
    assert answer.statuses("goods") == ["INCOMPLETE"]
    assert any("no stream can be made from the template" in one["message"] for one in answer.errors)
