"""Fixtures of the tests of the complete builder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sample_configs.demo_api import DemoApi


@pytest.fixture
def api() -> Iterator[DemoApi]:
    with DemoApi(pace=0, rows=30) as demo:
        yield demo
