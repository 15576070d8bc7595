"""Of the streams of a group, one is read at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.connector import Connector, load_connector
from core.manifest.document import Document
from core.manifest.problems import Severity
from tests.command.support import end, start
from tests.protocols.support import BY_DAY, Asking, manifest, stream
from tests.support.oracle import Oracle, OracleError
from tests.support.server import Asked, LoopbackServer, Reply

URL = "http://127.0.0.1:1"
ONE_AT_A_TIME = {"type": "BlockSimultaneousSyncsAction"}


def group(*streams: Any) -> dict[str, Any]:
    return {"type": "StreamGroup", "streams": list(streams), "action": ONE_AT_A_TIME}


def child(name: str, url: str, parent: Any, **more: Any) -> dict[str, Any]:
    one = stream(name, url, "/children", **more)
    one["retriever"]["partition_router"] = {
        "type": "SubstreamPartitionRouter",
        "parent_stream_configs": [
            {"type": "ParentStreamConfig", "parent_key": "id", "partition_field": "of", "stream": parent}
        ],
    }
    return one


def tree(streams: Sequence[dict[str, Any]], **groups: Any) -> dict[str, Any]:
    content = {**manifest(*streams), "stream_groups": groups}
    del content["spec"]
    return content


def ref(index: int) -> dict[str, str]:
    return {"$ref": f"#/streams/{index}"}


def load(content: dict[str, Any]) -> Connector:
    return load_connector(Document.parse(yaml.safe_dump(content)))


class Watched:
    """An API that sees which of its paths are asked at the same time: an answer waits until nothing new comes."""

    def __init__(self, server: LoopbackServer, *paths: str) -> None:
        self.together: set[frozenset[str]] = set()
        self._open: set[str] = set()
        self.url = server.url()
        for path in paths:
            server.on(path, self._answer)

    def _answer(self, asked: Asked) -> Reply:
        self._open.add(asked.path)
        self.together.add(frozenset(self._open))
        gate = asyncio.Event()

        def let_go() -> None:
            self._open.discard(asked.path)
            gate.set()

        asyncio.get_running_loop().call_later(0.3, let_go)
        return Reply([{"id": 1}], gate=gate)


NAMES = ("a", "b", "c", "d")


@pytest.mark.parametrize("command", ["run", "source"])
async def test_streams_of_a_group_are_read_one_after_the_other(
    server: LoopbackServer, tmp_path: Path, command: str
) -> None:
    api = Watched(server, *(f"/{name}" for name in NAMES))
    content = tree([stream(name, api.url, f"/{name}") for name in NAMES], shared=group(ref(0), ref(1), ref(2)))
    if command == "run":
        file = tmp_path / "shop.yaml"
        file.write_text(yaml.safe_dump(content))
        process = await asyncio.to_thread(start, "--run", file, "--output", tmp_path / "out/")
        code, output = await asyncio.to_thread(end, process)
    else:
        answer = await asyncio.to_thread(Asking(tmp_path, content, {}), "read", *NAMES)
        code, output = answer.code, answer.output

    assert code == 0, output
    assert frozenset({"/a", "/d"}) in api.together
    assert all(len(paths & {"/a", "/b", "/c"}) <= 1 for paths in api.together), api.together
    assert "`b` waits until `a` is read, as both are in the stream group `shared`." in output


async def test_a_parent_is_read_with_its_child(server: LoopbackServer, tmp_path: Path) -> None:
    api = Watched(server, "/a", "/b", "/children")
    parent = stream("a", api.url, "/a")
    content = tree([parent, stream("b", api.url, "/b"), child("kids", api.url, parent)], shared=group(ref(0), ref(1)))

    answer = await asyncio.to_thread(Asking(tmp_path, content, {}), "read", "kids", "b")

    assert answer.code == 0, answer.output
    assert not [paths for paths in api.together if "/b" in paths and len(paths) > 1], api.together


def test_a_group_that_is_right_is_no_problem() -> None:
    connector = load(tree([stream("a", URL, "/a"), stream("b", URL, "/b")], shared=group(ref(0), ref(1))))

    assert connector.usable
    assert [one for one in connector.problems if "stream_groups" in one.path] == []


@pytest.mark.parametrize("deep", [False, True])
def test_a_stream_and_its_parent_in_a_group_are_refused_as_by_the_reference(
    oracle: Oracle, tmp_path: Path, deep: bool
) -> None:
    parent = stream("a", URL, "/a")
    middle = child("kids", URL, parent, incremental_sync=BY_DAY)
    content = tree(
        [parent, middle, child("toys", URL, middle, incremental_sync=BY_DAY)],
        shared=group(ref(0), ref(2 if deep else 1)),
    )
    file = tmp_path / "shop.yaml"
    file.write_text(yaml.safe_dump(content))

    [error] = load(content).errors
    assert error.message == f"`{'toys' if deep else 'kids'}` can't be in a group with its parent stream `a`"
    with pytest.raises(OracleError, match="both in group 'shared'"):
        oracle.ask("samples", "streams", str(file), {})


def test_parents_that_are_no_streams_of_their_own_are_not_looked_beyond(oracle: Oracle, tmp_path: Path) -> None:
    grand = stream("a", URL, "/a")
    middle = child("kids", URL, grand, incremental_sync=BY_DAY)
    content = tree([grand, child("toys", URL, middle, incremental_sync=BY_DAY)], shared=group(ref(0), ref(1)))
    file = tmp_path / "shop.yaml"
    file.write_text(yaml.safe_dump(content))

    assert load(content).usable
    assert oracle.ask("samples", "streams", str(file), {}) == ["a", "toys"]


def test_of_a_stream_without_cursor_it_is_a_warning_as_the_reference_takes_it(oracle: Oracle, tmp_path: Path) -> None:
    parent = stream("a", URL, "/a")
    content = tree([parent, child("kids", URL, parent)], shared=group(ref(0), ref(1)))
    file = tmp_path / "shop.yaml"
    file.write_text(yaml.safe_dump(content))

    connector = load(content)
    assert connector.usable
    assert "`kids` can't be in a group with its parent stream `a`" in [one.message for one in connector.problems]
    assert oracle.ask("samples", "streams", str(file), {}) == ["a", "kids"]


def test_a_name_in_place_of_a_reference_is_refused_with_how_to_write_it() -> None:
    connector = load(tree([stream("a", URL, "/a")], shared=group("a")))

    [problem] = connector.problems
    assert problem.path == ("stream_groups", "shared", "streams")
    assert problem.message == (
        '`streams`: write a reference to where the stream is defined, such as {$ref: "#/streams/0"}, not the name `a`'
    )


def test_a_name_that_no_stream_has_is_told() -> None:
    connector = load(tree([stream("a", URL, "/a")], shared=group(ref(0), stream("gone", URL, "/gone"))))

    [problem] = [one for one in connector.problems if one.path[:1] == ("stream_groups",)]
    assert (problem.severity, problem.message) == (Severity.WARNING, "no stream is named `gone`")


@pytest.mark.parametrize(
    "wrong",
    [
        {"type": "StreamGroup", "streams": ["a"], "action": ONE_AT_A_TIME},
        {"type": "StreamGroup", "streams": []},
        {"type": "StreamGroup", "streams": [{"$ref": "#/definitions/gone"}], "action": ONE_AT_A_TIME},
        {"type": "StreamGroup", "streams": [], "action": {"type": "Other"}},
    ],
)
def test_a_group_that_cannot_be_kept_lets_nothing_be_read(wrong: dict[str, Any]) -> None:
    connector = load(tree([stream("a", URL, "/a")], shared=wrong))

    assert connector.errors
    assert not connector.readable()


def test_a_broken_stream_in_a_group_keeps_no_other_from_being_read() -> None:
    broken = stream("b", URL, "/b")
    broken["retriever"]["requester"] = {"$ref": "#/definitions/gone"}
    connector = load(tree([stream("a", URL, "/a"), broken], shared=group(ref(0), ref(1))))

    assert set(connector.broken) == {"b"}
    assert connector.readable(["a"])
