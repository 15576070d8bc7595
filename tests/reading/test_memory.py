"""A slice that is over leaves nothing behind, however many there are."""

from __future__ import annotations

import gc
from itertools import count

import pytest

from core.connector import load_connector
from core.events import SliceFinished
from core.manifest.document import Document
from core.progress.picture import RunPicture
from core.reading import open_reader
from tests.support.jobs_api import manifest as jobs_manifest
from tests.support.jobs_api import serve_job
from tests.support.paging_api import manifest
from tests.support.reading import no_wait
from tests.support.server import LoopbackServer, Reply

EARLY, LATE, LOOKS = 40, 140, 10
FEW = 5
"""What caches of dates and patterns may grow by; a request and its answer are far more."""
PARTITIONS = f"""\
partition_router: {{type: ListPartitionRouter, values: {list(map(str, range(LATE + 20)))}, cursor_field: p}}
"""
DAYS = """\
incremental_sync:
  type: DatetimeBasedCursor
  cursor_field: day
  datetime_format: "%Y-%m-%d"
  start_datetime: "2024-01-01"
  end_datetime: "2024-12-31"
  step: P1D
  cursor_granularity: P1D
  start_time_option: {type: RequestOption, inject_into: request_parameter, field_name: from}
"""


async def objects_per_slice(server: LoopbackServer, text: str, state: dict[str, str] | None = None) -> float:
    """How many objects more there are after each slice, a read and the picture of it taken together."""
    loaded = load_connector(Document.parse(text))
    (name,) = loaded.stream_names
    picture = RunPicture([name])
    finished = count(1)
    early: list[int] = []
    late: list[int] = []
    async with open_reader(loaded, {}, sleep=no_wait, body_limit=0) as reader:
        async for event in reader.read(name, state):
            picture.fold(event)
            if not isinstance(event, SliceFinished):
                continue
            number = next(finished)
            for begin, seen in ((EARLY, early), (LATE, late)):
                if begin <= number < begin + LOOKS:
                    server.asked.clear()
                    gc.collect()
                    seen.append(len(gc.get_objects()))
            if len(late) == LOOKS:
                break
    return (min(late) - min(early)) / (LATE - EARLY)  # the least: what is under way comes and goes


@pytest.mark.parametrize(
    ("stream", "retriever", "state"),
    [("", PARTITIONS, None), (DAYS, "", None), (DAYS, "", {"day": "2024-02-01"})],
    ids=["partitions", "days", "days from a state on"],
)
async def test_a_synchronous_slice(
    server: LoopbackServer, stream: str, retriever: str, state: dict[str, str] | None
) -> None:
    server.on("/items", lambda asked: Reply({"items": [{"day": asked.query.get("from", [""])[0]}]}))

    assert await objects_per_slice(server, manifest(server, stream=stream, retriever=retriever), state) < FEW


async def test_a_job(server: LoopbackServer) -> None:
    serve_job(server, "done")

    assert await objects_per_slice(server, jobs_manifest(server, retriever=PARTITIONS)) < FEW
