"""Slices that one process lists and others read: the same records, and put together the state of one read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from core.connector import load_connector
from core.errors import ManifestError, ReadError
from core.events import Event, ExchangeFinished, Records, SliceFinished
from core.manifest.document import Document
from core.reading import open_reader
from core.runtime.slices import StreamSlice
from tests.support.paging_api import INCREMENTAL, PARENTS, manifest
from tests.support.reading import connector, no_wait, read_all
from tests.support.server import Asked, LoopbackServer, Reply

STREAM = "items"
LIST = "partition_router: {type: ListPartitionRouter, values: [a, b, c], cursor_field: x}"
COUNTER = "incremental_sync: {type: IncrementingCountCursor, cursor_field: n, start_value: 3}\n"
TRACKED_PARENTS = PARENTS.replace(
    "      parent_key: id\n", "      parent_key: id\n      incremental_dependency: true\n      extra_fields: [[name]]\n"
).replace(
    "        name: owners\n",
    "        name: owners\n"
    "        incremental_sync: {type: DatetimeBasedCursor, cursor_field: seen, datetime_format: '%%Y-%%m-%%d',"
    " start_datetime: '2024-01-01', end_datetime: '2024-01-09'}\n",
)


def days(asked: Asked) -> Reply:
    day, owner = asked.query.get("from", ["-"])[0], asked.query.get("owner", ["-"])[0]
    return Reply({"items": [{"day": day, "owner": owner, "n": n} for n in range(5)]})


def serve(server: LoopbackServer) -> None:
    server.on("/items", days)
    server.on("/owners", Reply([{"id": 1, "name": "A", "seen": "2024-01-05"}, {"id": "b", "name": "B"}]))


class Apart:
    """A stream read slice by slice, each by a reader of its own that knows the plan as text only."""

    def __init__(self) -> None:
        self.records: list[Mapping[str, Any]] = []
        self.events: list[Event] = []
        self.state: Mapping[str, Any] = {}


async def read_apart(text: str, state: Mapping[str, Any] | None = None) -> Apart:
    apart = Apart()
    async with open_reader(connector(text), {}, sleep=no_wait) as reader:
        walk = reader.slices(STREAM, state, apart.events.append)
        plan = [orjson.dumps([one.partition, one.cursor_slice, one.extra_fields]) async for one in walk]
        parents = walk.parents
    read = []
    for line in plan:
        slice_ = StreamSlice(*orjson.loads(line))
        async with open_reader(connector(text), {}, sleep=no_wait) as reader:
            async for event in reader.read(STREAM, state, slices=[slice_]):
                if isinstance(event, Records):
                    apart.records += event.records
                if isinstance(event, SliceFinished):
                    read.append((slice_, orjson.loads(orjson.dumps(event.latest))))
    async with open_reader(connector(text), {}) as reader:
        apart.state = reader.merged_state(STREAM, state, read, parents=parents, seconds=0.0)
    return apart


@pytest.mark.parametrize("state", [None, {"day": "2024-01-02"}], ids=["from the start", "from a state"])
@pytest.mark.parametrize(
    ("stream", "retriever"),
    [
        ("", ""),
        ("", LIST),
        (INCREMENTAL, ""),
        (INCREMENTAL, LIST),
        (INCREMENTAL, PARENTS),
        (INCREMENTAL, TRACKED_PARENTS),
        (COUNTER, ""),
    ],
    ids=["one slice", "partitions", "days", "days of partitions", "of parents", "of tracked parents", "counter"],
)
async def test_slices_read_apart_are_the_stream(
    server: LoopbackServer, stream: str, retriever: str, state: Mapping[str, Any] | None
) -> None:
    serve(server)
    retriever = retriever % server.url("/owners") if "%s" in retriever else retriever
    text = manifest(server, stream=stream, retriever=retriever)
    state = None if stream == COUNTER else state
    together = await read_all(text, state=state)
    asked = sorted(one.target for one in server.asked if one.path == "/items")
    server.asked.clear()

    apart = await read_apart(text, state)

    def order(record: Mapping[str, Any]) -> bytes:
        return orjson.dumps(record, option=orjson.OPT_SORT_KEYS)

    assert sorted(apart.records, key=order) == sorted(together.records, key=order)
    assert sorted(one.target for one in server.asked if one.path == "/items") == asked
    assert {**apart.state, "lookback_window": None} == {**together.state, "lookback_window": None}


async def test_what_happens_while_slices_are_listed_is_reported(server: LoopbackServer) -> None:
    serve(server)
    text = manifest(server, retriever=PARENTS % server.url("/owners"))
    apart = await read_apart(text)
    (asked,) = [event for event in apart.events if isinstance(event, ExchangeFinished)]
    assert (asked.parent, asked.stream) == ("owners", STREAM)


async def test_the_state_of_some_slices_has_gaps(server: LoopbackServer) -> None:
    serve(server)
    text = manifest(server, stream=INCREMENTAL)
    async with open_reader(connector(text), {}) as reader:
        slices = [one async for one in reader.slices(STREAM)]
        state = reader.merged_state(STREAM, None, [(slices[2], "2024-01-03")])
    assert state["slices"] == [{"start": "2024-01-03", "end": "2024-01-03", "most_recent_cursor_value": "2024-01-03"}]


async def test_a_slice_of_another_stream_is_refused(server: LoopbackServer) -> None:
    serve(server)
    async with open_reader(connector(manifest(server, stream=INCREMENTAL)), {}) as reader:
        events = [event async for event in reader.read(STREAM, slices=[StreamSlice({"x": "a"})])]
        assert "has no start_time" in events[-1].errors[0]  # type: ignore[attr-defined]  # always a StreamFinished
        with pytest.raises(ReadError, match="no slice of the stream"):
            reader.merged_state(STREAM, None, [(StreamSlice({"x": "a"}), None)])


async def test_a_stream_that_is_wrong_in_the_manifest_has_no_slices(server: LoopbackServer) -> None:
    good = manifest(server)
    broken = good + good[good.index("  - type: DeclarativeStream") :].replace("name: items", "name: bad").replace(
        "type: SimpleRetriever", "type: SimpleRetriever\n      paginator: {type: DefaultPaginator}"
    )
    async with open_reader(load_connector(Document.parse(broken)), {}) as reader:
        with pytest.raises(ManifestError):
            reader.slices("bad")
