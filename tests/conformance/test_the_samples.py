"""Every sample does in the reference runtime what it does here, where that takes it at all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml

from core.connector import load_connector
from core.manifest.document import Document
from sample_configs import Sample, samples
from sample_configs.demo_api import DemoApi
from tests.conformance.comparing import Stage, ours, theirs
from tests.sample_configs.test_samples import SAME_IN_AIRBYTE
from tests.support.oracle import Oracle, OracleError
from tests.support.server import Asked

pytestmark = pytest.mark.conformance

ROWS = 40
OTHERWISE: dict[str, tuple[set[str], str]] = {
    "ads_report": ({"states"}, "the job of the first slice is skipped, which the reference's state never passes"),
}
REFUSED = {"salesforce_bulk_query": "the reference has neither PATCH nor DELETE"}


IGNORED = {
    "marketo": "the request that starts a job is a field that the reference ignores",
    "microsoft_ads": "what to do with empty results is a field that the reference ignores",
}
"""Samples that the reference takes, and reads otherwise than they say."""
TAKEN = [each for each in SAME_IN_AIRBYTE if each.name not in REFUSED]


class Stagehand:
    """The demo API for one runtime after the other."""

    def __init__(self, api: DemoApi) -> None:
        self._api = api
        self._before = 0

    def reset(self) -> None:
        self._before = len(self._api.requests)

    def asked(self) -> Iterator[Asked]:
        """The kinds of requests since: how often a job is polled, and what its id is, is by chance."""
        requests = self._api.requests[self._before :]
        kinds = {f"{one.method} {_without_ids(one.path)}" for one in requests}
        pairs = (kind.split(" ") for kind in sorted(kinds))
        return (Asked(method, path, httpx.Headers(), b"") for method, path in pairs)


def _without_ids(path: str) -> str:
    return "/".join("*" if re.search(r"\d{2}", part) else part for part in path.split("/"))


@pytest.mark.parametrize("each", TAKEN, ids=lambda each: each.name)
async def test_a_sample_does_the_same_in_the_reference(each: Sample, oracle: Oracle, tmp_path: Path) -> None:
    manifest = yaml.safe_load(each.path.read_text(encoding="utf-8"))
    with DemoApi(pace=0, rows=ROWS) as api:
        stagehand = Stagehand(api)
        stage = Stage(stagehand.reset, stagehand.asked)
        config = api.inputs(each.name)
        told = await ours(manifest, config, each.streams, tmp_path, stage)

        assert told.statuses == {name: ["COMPLETE"] for name in each.streams}
        assert told.check == ["SUCCEEDED"]
        assert told.requests
        assert all(sum(records.values()) >= 5 for records in told.records.values())
        assert told.states.keys() == set(each.streams)
        known = await theirs(manifest, config, each.streams, oracle, stage)
    differing = told.differing(known)
    expected, reason = OTHERWISE.get(each.name, (set(), ""))
    assert differing.keys() == expected, f"{reason}: {differing}"


@pytest.mark.parametrize("each", [each for each in samples() if each not in TAKEN], ids=lambda each: each.name)
def test_a_sample_that_says_more_than_airbyte_knows_is_named(each: Sample, oracle: Oracle) -> None:
    assert load_connector(Document.load(each.path)).portability
    manifest = yaml.safe_load(each.path.read_text(encoding="utf-8"))
    with DemoApi(pace=0, rows=ROWS) as api:
        arguments = ("conformance", "discover", manifest, api.inputs(each.name))
        if each.name in IGNORED:
            assert oracle.ask(*arguments)
        else:
            with pytest.raises(OracleError):
                oracle.ask(*arguments)
