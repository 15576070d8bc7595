"""Every sample is read in full from the demo API."""

from __future__ import annotations

import pytest

from core.connector import load_connector
from core.events import Outcome, Records, StreamFinished
from core.inputs import gather_inputs
from core.manifest.document import Document
from core.reading import open_reader
from sample_configs import samples
from sample_configs.demo_api import DemoApi
from tests.support.reading import no_wait

ROWS = 200
RECORDS = {
    ("qualtrics_responses", "responses"): 2 * ROWS,
    ("orders_paginated", "stores"): 5,
    ("orders_paginated", "products"): 100,
}
"""What streams have that don't have `ROWS` records."""

STREAMS = [(each.name, stream) for each in samples() for stream in each.streams]


@pytest.mark.parametrize(("name", "stream"), STREAMS)
async def test_a_sample_is_read_from_the_demo_api(name: str, stream: str, api: DemoApi) -> None:
    (path,) = [each.path for each in samples() if each.name == name]
    connector = load_connector(Document.load(path))
    config = gather_inputs(connector.connection_specification, given=api.inputs(name))

    async with open_reader(connector, config, sleep=no_wait) as reader:
        events = [event async for event in reader.read(stream)]

    end = events[-1]
    assert isinstance(end, StreamFinished)
    assert (end.outcome, end.errors) == (Outcome.COMPLETE, ())
    assert end.records == sum(event.count for event in events if isinstance(event, Records))
    assert end.records == RECORDS.get((name, stream), ROWS)
    assert not [job for job in api.jobs if job.state in ("pending", "running", "InProgress", "RUNNING")]
