"""Asynchronous streams go through the same requests, records and states in the reference runtime."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance.jobs import downloads, ends, requests, slices, sources
from tests.conformance.jobs.both import compared
from tests.docs.test_differences import entries
from tests.support.oracle import Oracle
from tests.support.server import LoopbackServer

GROUPS = (ends, requests, sources, downloads, slices)
SCENARIOS = {name: scenario for group in GROUPS for name, scenario in group.SCENARIOS.items()}


@pytest.mark.conformance
@pytest.mark.parametrize("name", SCENARIOS)
async def test_a_job_goes_through_the_same(name: str, server: LoopbackServer, oracle: Oracle, tmp_path: Path) -> None:
    await compared(SCENARIOS[name], server, oracle, tmp_path)


def test_no_two_scenarios_share_a_name() -> None:
    assert len(SCENARIOS) == sum(len(group.SCENARIOS) for group in GROUPS)


def test_a_difference_is_in_the_list_of_those_that_are_meant() -> None:
    named = {known.entry for scenario in SCENARIOS.values() for known in scenario.otherwise.values()}
    assert named <= entries().keys()
