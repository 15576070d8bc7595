"""Asynchronous streams go through the same requests, records and states in the reference runtime."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conformance.comparing import Stage, ours, theirs
from tests.conformance.jobs import downloads, ends, requests, slices, sources
from tests.conformance.jobs.api import JobsApi
from tests.conformance.jobs.scenario import Scenario
from tests.docs.test_differences import entries
from tests.support.oracle import Oracle
from tests.support.server import Asked, LoopbackServer

pytestmark = pytest.mark.conformance

CONFIG = {
    "minutes": 2,
    "token": "t0ken",
    "user": "u",
    "password": "p4ssw0rd",
    "start_date": "2024-01-01",
    "kinds": [{"name": "first", "kind": "a"}, {"name": "second", "kind": "b"}],
}
SCENARIOS: dict[str, Scenario] = {
    **ends.SCENARIOS,
    **requests.SCENARIOS,
    **sources.SCENARIOS,
    **downloads.SCENARIOS,
    **slices.SCENARIOS,
}


@pytest.mark.parametrize("name", SCENARIOS)
async def test_a_job_goes_through_the_same(name: str, server: LoopbackServer, oracle: Oracle, tmp_path: Path) -> None:
    await compared(SCENARIOS[name], server, oracle, tmp_path)


async def compared(scenario: Scenario, server: LoopbackServer, oracle: Oracle, folder: Path) -> None:
    """Have both runtimes read a scenario, and see that they do the same, but for what differs on purpose."""
    manifest, config = scenario.manifest(), {**CONFIG, "api_url": server.url()}
    streams = tuple(scenario.statuses)
    api = JobsApi(server)
    stage = Stage(api.reset, lambda: _without_repeated_polls(server.asked) if scenario.polls_vary else server.asked)

    told = await ours(manifest, config, streams, folder, stage, states=scenario.states)

    assert told.statuses == scenario.statuses
    assert told.requests.total() >= 1
    assert told.records["items"].total() == scenario.records
    assert all(told.records[name] for name in streams if name not in ("items", *scenario.failing))
    differing = told.differing(await theirs(manifest, config, streams, oracle, stage, states=scenario.states))
    assert differing.keys() == scenario.otherwise.keys(), differing
    for aspect, known in scenario.otherwise.items():
        counted = [one for side in differing[aspect] if isinstance(side, Counter) for one in side]
        assert all(re.search(known.about, one) for one in counted), differing


def test_a_difference_is_in_the_list_of_those_that_are_meant() -> None:
    named = {known.entry for scenario in SCENARIOS.values() for known in scenario.otherwise.values()}
    assert named <= entries().keys()


def _without_repeated_polls(asked: list[Asked]) -> Iterator[Asked]:
    """The requests; of those that repeat a poll, one."""
    polled = set()
    for one in asked:
        is_poll = one.method == "GET" and re.fullmatch(r"/jobs/[^/]+", one.path)
        if not is_poll or one.path not in polled:
            yield one
        polled.add(one.path)
