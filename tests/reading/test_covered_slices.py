"""No state is reported that covers records of a slice which those who write them do not take for read yet."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.events import SliceFinished, StateAdvanced
from core.outputs.job_journal import JobJournal
from core.reading import Limits, open_reader, stream_read
from tests.support.jobs_api import DELETE, manifest
from tests.support.reading import Told, connector
from tests.support.server import Asked, LoopbackServer, Reply

DAY = "2026-01-02"
STREAM = """
incremental_sync:
  {type: DatetimeBasedCursor, cursor_field: day, datetime_format: "%Y-%m-%d", start_datetime: "2026-01-01"}
"""
ROUTER = "partition_router: {type: ListPartitionRouter, values: [a, b, c], cursor_field: part}"
CREATION = "request_parameters: {part: \"{{ stream_partition['part'] }}\"}"


async def test_a_slice_whose_job_is_being_deleted_is_not_covered_by_the_state_of_another(
    server: LoopbackServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_read, "PARTITIONS_PER_SLICE", 3)  # as with hundreds, the second state would be skipped
    gates = {name: asyncio.Event() for name in ("b read", "c read", "b deleted")}

    def job(asked: Asked) -> Reply:
        name = asked.path[-1]
        if asked.method == "DELETE":
            if name == "b":
                gates["c read"].set()
            return Reply({}, gate=gates.get(f"{name} deleted"))
        return Reply({"state": "done", "url": server.url(f"/result/{name}")}, gate=gates.get(f"{name} read"))

    server.on("/jobs", lambda asked: Reply({"id": asked.query["part"][0]}))
    for name in "abc":
        server.on(f"/jobs/{name}", job)
        server.on(f"/result/{name}", Reply([{"day": DAY}]))
    text = manifest(
        server, stream=STREAM, retriever=f"{ROUTER}\n{DELETE % server.url()}\npolling_interval: 0.01", creation=CREATION
    )
    jobs = JobJournal(tmp_path / "state.json.jobs", lambda _: None).of("exports")
    told, safe = Told(), set[str]()
    async with asyncio.timeout(20), open_reader(connector(text), {}) as reader:
        async for event in reader.read("exports", None, Limits(), jobs=jobs):
            told.events.append(event)
            if isinstance(event, StateAdvanced):
                safe |= {event.slice["part"]} if event.slice else set()
                covered = {one["partition"]["part"] for one in event.state["states"] if one["cursor"] == {"day": DAY}}
                assert covered <= safe
                if "c" in safe:
                    gates["b deleted"].set()
            elif isinstance(event, SliceFinished):
                assert event.slice is not None
                safe.add(event.slice["part"])
                gates[{"a": "b read", "b": "b deleted", "c": "b deleted"}[event.slice["part"]]].set()
    assert len(told.records) == 3
    assert safe == {"a", "b", "c"}
