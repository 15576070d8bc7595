"""The demo API, ready at once, and a client that talks to it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from sample_configs.demo_api import DemoApi


@pytest.fixture
def api() -> Iterator[DemoApi]:
    with DemoApi(pace=0, rows=200) as demo:
        yield demo


@pytest.fixture
def slow_api() -> Iterator[DemoApi]:
    """Its jobs run for as long as a test lasts."""
    with DemoApi(pace=1000, rows=200) as demo:
        yield demo


@pytest.fixture
def http(api: DemoApi) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=api.url) as client:
        yield client


@pytest.fixture
def slow_http(slow_api: DemoApi) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=slow_api.url) as client:
        yield client
