"""Every sample is read in full from the demo API."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.connector import load_connector
from core.events import Outcome, Records, StreamFinished
from core.inputs import gather_inputs
from core.manifest.document import Document
from core.reading import open_reader
from sample_configs import sample, samples
from sample_configs.demo_api import DemoApi
from tests.support.oracle import Oracle
from tests.support.reading import no_wait
from tests.support.samples import MADE

ROWS = 200
RECORDS = {
    ("qualtrics_responses", "responses"): 2 * ROWS,
    ("orders_paginated", "stores"): 5,
    ("orders_paginated", "products"): 100,
    ("crm_tables", "users"): 5,
    **{("crm_tables", stream): 40 for stream in MADE["crm_tables"]},
    ("amazon_sp_api", "listings"): 2 * ROWS,
}
"""What streams have that don't have `ROWS` records."""

STREAMS = [(each.name, stream) for each in samples() for stream in (*each.streams, *MADE.get(each.name, ()))]


@pytest.mark.parametrize(("name", "stream"), STREAMS)
async def test_a_sample_is_read_from_the_demo_api(name: str, stream: str, api: DemoApi) -> None:
    (path,) = [each.path for each in samples() if each.name == name]
    connector = load_connector(Document.load(path))
    config = gather_inputs(connector.connection_specification, given=api.inputs(name))

    async with open_reader(connector, config, sleep=no_wait) as reader:
        await reader.make_streams()
        events = [event async for event in reader.read(stream)]

    end = events[-1]
    assert isinstance(end, StreamFinished)
    assert (end.outcome, end.errors) == (Outcome.COMPLETE, ())
    assert end.records == sum(event.count for event in events if isinstance(event, Records))
    assert end.records == RECORDS.get((name, stream), ROWS)
    assert not [job for job in api.jobs if job.state in ("pending", "running", "InProgress", "RUNNING")]


BUDGET = """
api_budget:
  type: HTTPAPIBudget
  policies:
    - {type: UnlimitedCallRatePolicy, matchers: [{method: GET, url_path_pattern: /stores$}]}
    - type: MovingWindowCallRatePolicy
      rates: [{limit: 500, interval: PT1S}, {limit: 9000, interval: PT1H}]
      matchers: []
  ratelimit_remaining_header: X-RateLimit-Remaining
"""


async def test_a_sample_with_a_budget_gives_what_the_reference_reads(
    tmp_path: Path, api: DemoApi, oracle: Oracle
) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(sample("orders_paginated").path.read_text() + BUDGET)
    connector = load_connector(Document.load(path))
    assert connector.problems == ()
    config = api.inputs("orders_paginated")
    async with open_reader(connector, config, sleep=no_wait) as reader:
        events = [event async for event in reader.read("products")]
    ours = [record for event in events if isinstance(event, Records) for record in event.records]
    theirs = oracle.ask("samples", "read", str(path), config, "products")
    assert theirs["status"] == "COMPLETE"
    assert sorted(ours, key=repr) == sorted(theirs["records"], key=repr)
