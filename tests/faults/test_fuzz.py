"""Mutated samples read mutated responses: what comes out is records or a clean error, and nothing else."""

from __future__ import annotations

import asyncio
import copy
import json
import random
from collections.abc import Iterator
from email.message import Message
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.connector import Connector, load_connector
from core.errors import LonghaulError
from core.events import StreamFinished
from core.manifest.document import Document
from core.manifest.problems import ManifestError
from core.reading import Limits, open_reader
from sample_configs import Sample, samples
from sample_configs.demo_api import DemoApi
from tests.faults.test_wrong_manifests import places
from tests.support.reading import Told
from tests.support.server import Asked, LoopbackServer, Reply

VALUES: list[Any] = [
    *(None, 0, -1, 3, 1.5, True, 10**20, "", "x", "/", "a b\nc", "é☃", "\x07", "9" * 40),
    *("{{ config }}", "{{ config['x'] }}", "{{ response }}", "{{ record['id'] }}", "{{ [1, 2] }}", "{{ {'a': 1} }}"),
    *("{{ 1 // 0 }}", "{{ now_utc() }}", "http://127.0.0.1:1/", "P1D", "P0D", "-P1D", "2024-01-01", "%Y", "%s"),
    *([], ["x"], [["a"]], [1, None], {}, {"a": 1}, {"type": "CustomThing", "class_name": "a.b"}),
]
PARTS: list[Any] = [None, 0, -1, 1e308, "x", "é", True, [], [1], {}, {"a": 1}]
BODIES = [
    *(b"", b"null", b"[]", b"{}", b"3", b'"x"', b"[1, 2]", b"[[1]]", b"[null]", b'{"a":', b"[]x", b"[NaN]", b"1e999"),
    *(b"\0" * 10, b"\xff\xfe", b"\x1f\x8b", b"PK\x03\x04", b"<a/>", b"a,b\n1,2,3\n"),
    b"<!DOCTYPE html><html><title>Sorry</title></html>",
]
STATUSES = (200, 201, 204, 206, 301, 302, 304, 400, 401, 403, 404, 409, 410, 416, 418, 429, 500, 503)
HEADERS = ("Content-Type", "Location", "Retry-After", "Content-Encoding", "ETag", "Content-Range", "Sforce-Locator")
CONTENTS = (
    "",
    "x",
    "gzip",
    "text/html; charset=hex",
    "0",
    "-1",
    "9" * 20,
    "http://[",
    "/",
    "bytes 0-1/2",
    "application/xml",
)
STEPS = 150
"""Waits after which a read is cancelled: a job may run for ever."""


@st.composite
def manifests(draw: st.DrawFn) -> tuple[Sample, dict[str, Any]]:
    """A sample, and its tree with a few things changed."""
    sample = draw(st.sampled_from(samples()))
    tree = yaml.safe_load(sample.path.read_text())
    for _ in range(draw(st.integers(0, 3))):
        inner = [path for path in places(tree) if path[0] in ("streams", "definitions", "spec")]
        *way, last = draw(st.sampled_from(inner))
        parent = _at(tree, way)
        match draw(st.sampled_from(["drop", "move", "replace"])):
            case "drop":
                del parent[last]
            case "move":
                parent[last] = copy.deepcopy(_at(tree, draw(st.sampled_from(inner))) if parent else None)
            case _:
                parent[last] = copy.deepcopy(draw(st.sampled_from(VALUES)))
        if not tree.get("streams"):
            break
    return sample, tree


def _at(tree: Any, path: Any) -> Any:
    for key in path:
        tree = tree[key]
    return tree


def mangled(body: bytes, chance: random.Random) -> bytes:
    """The body, changed somehow."""
    at = chance.randrange(len(body) + 1)
    choices: list[Any] = [
        lambda: body[:at],
        lambda: body[at:],
        lambda: body[:at] + bytes([chance.randrange(256)]) + body[at + 1 :],
        lambda: body + body,
        lambda: body[::-1],
        lambda: chance.choice(BODIES),
        lambda: _changed_inside(body, chance),
    ]
    result: bytes = chance.choice(choices)()
    return result


def _changed_inside(body: bytes, chance: random.Random) -> bytes:
    try:
        value = json.loads(body)
    except ValueError:
        return body
    if inner := list(places(value)):
        *way, last = chance.choice(inner)
        _at(value, way)[last] = chance.choice(PARTS)
    return json.dumps(value).encode()


class OddApi(LoopbackServer):
    """The demo API, with answers that are mangled now and then."""

    def __init__(self, api: DemoApi, chance: random.Random) -> None:
        super().__init__()
        self._api = api
        self._chance = chance

    def _reply(self, asked: Asked) -> Reply:
        headers = Message()
        for name, value in asked.headers.items():
            headers[name] = value
        try:
            response = self._api.answer(asked.method, asked.target, headers, asked.body)
        except Exception:
            return Reply("the demo API has no answer to this", 500)
        reply = Reply(
            b"".join(response.chunks()).replace(self._api.url.encode(), self.url().encode()),
            response.status,
            dict(response.headers),
        )
        if self._chance.random() < 0.3:
            self._mangle(reply)
        if reply.status in (204, 304):
            reply.body = b""
        return reply

    def _mangle(self, reply: Reply) -> None:
        reply.body = mangled(reply.body, self._chance)
        if self._chance.random() < 0.2:
            reply.status = self._chance.choice(STATUSES)
        if self._chance.random() < 0.2:
            reply.headers[self._chance.choice(HEADERS)] = self._chance.choice(CONTENTS)


async def read(connector: Connector, sample: Sample, api: DemoApi, chance: random.Random) -> list[Told]:
    """What is told of each stream."""
    told: list[Told] = []
    async with OddApi(api, chance) as server, asyncio.timeout(30):
        inputs = json.loads(json.dumps(api.inputs(sample.name)).replace(api.url, server.url()))
        steps = 0

        async def step(_seconds: float) -> None:
            nonlocal steps
            steps += 1
            if steps > STEPS:
                reader.cancel()
            await asyncio.sleep(0)

        async with open_reader(connector, inputs, sleep=step) as reader:
            for name in connector.stream_names:
                limits = Limits(records=200, slices=3)
                told.append(Told([event async for event in reader.read(name, limits=limits)]))
    return told


@pytest.fixture(scope="module")
def api() -> Iterator[DemoApi]:
    with DemoApi(pace=0, rows=60) as demo:
        yield demo


def check(api: DemoApi, manifest: tuple[Sample, dict[str, Any]], chance: random.Random) -> None:
    sample, tree = manifest
    try:
        connector = load_connector(Document.parse(yaml.safe_dump(tree)))
    except ManifestError:
        return
    assert all(str(problem) for problem in connector.problems)
    if not connector.usable:
        return
    try:
        streams = asyncio.run(read(connector, sample, api, chance))
    except (LonghaulError, ManifestError):
        return
    for told in streams:
        assert isinstance(told.end, StreamFinished)
        assert "went wrong" not in told.errors
        assert "Traceback" not in told.logs
        assert sum(batch.count for batch in told.events if hasattr(batch, "count")) == told.end.records


CHANCES = st.integers(0, 2**32 - 1).map(random.Random)
"""Chance that hypothesis only begins: requests side by side draw from it in no order that could be repeated."""

mild = settings(deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)


@settings(mild, max_examples=500)
@given(manifest=manifests(), chance=CHANCES)
def test_whatever_is_mutated_there_are_records_or_a_clean_error(
    api: DemoApi, manifest: tuple[Sample, dict[str, Any]], chance: random.Random
) -> None:
    check(api, manifest, chance)
