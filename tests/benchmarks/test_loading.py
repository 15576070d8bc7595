"""Loading a manifest as large as Airbyte's largest takes little more than reading its YAML."""

from __future__ import annotations

import pytest

from benchmarks.loading import loaded, measure
from benchmarks.wide_connector import SIZE, STREAMS, wide_connector
from core.components.partition_routers.substream import SubstreamPartitionRouter

RATIO = 3.2
"""It takes about twice as long; a template that is compiled, or a tree that is walked once more, shows here."""


@pytest.fixture(scope="module")
def manifest() -> str:
    return wide_connector()


def test_the_manifest_is_of_that_kind(manifest: str) -> None:
    assert SIZE * 0.95 < len(manifest) < SIZE * 1.05
    connector = loaded(manifest)
    assert [str(problem) for problem in connector.problems] == []
    assert len(connector.streams) == STREAMS
    parts = [part for stream in connector.streams for part in stream.tree()]
    assert sum(isinstance(part, SubstreamPartitionRouter) for part in parts) == STREAMS // 5
    assert len(parts) > 30 * STREAMS


def test_loading_takes_little_more_than_its_yaml(manifest: str) -> None:
    assert measure(manifest).ratio < RATIO


def test_problems_stand_where_they_are_written(manifest: str) -> None:
    broken = manifest.replace("| upper }} / 3'", "| uper }} / 3'", 1)
    lines = broken.splitlines()
    connector = loaded(broken)
    places = {problem.position for problem in connector.problems}
    (place,) = places
    assert place is not None
    assert "uper" in lines[place.line - 1]
    assert connector.broken.keys() == {"resource_3", "resource_4"}
