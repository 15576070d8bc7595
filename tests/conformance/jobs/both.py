"""Has both runtimes read a scenario, and sees that they do the same."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.conformance.comparing import Stage, ours, theirs
from tests.conformance.jobs.api import JobsApi
from tests.conformance.jobs.scenario import Scenario
from tests.support.oracle import Oracle
from tests.support.server import Asked, LoopbackServer

CONFIG = {
    "minutes": 2,
    "account": "acme",
    "token": "t0ken",
    "user": "u",
    "password": "p4ssw0rd",
    "start_date": "2024-01-01",
    "kinds": [{"name": "first", "kind": "a"}, {"name": "second", "kind": "b"}],
}


async def compared(scenario: Scenario, server: LoopbackServer, oracle: Oracle, folder: Path) -> None:
    """See that both do the same, but for what differs on purpose."""
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


def _without_repeated_polls(asked: list[Asked]) -> Iterator[Asked]:
    """The requests; of those that repeat a poll, one."""
    polled = set()
    for one in asked:
        is_poll = one.method == "GET" and re.fullmatch(r"/jobs/[^/]+", one.path)
        if not is_poll or one.path not in polled:
            yield one
        polled.add(one.path)
