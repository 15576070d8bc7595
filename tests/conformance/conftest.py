"""Waits take no time here, as they take none in the reference (`tests/oracle_host/skipped_waits.py`).

The server writes the names of headers in capitals: the reference misses some that are in small letters.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial

import pytest

from core.cases.clock import SkippingClock
from core.protocols import commands
from core.reading import open_reader
from core.reading.surroundings import Surroundings
from tests.support.server import LoopbackServer


@pytest.fixture
async def server() -> AsyncIterator[LoopbackServer]:
    async with LoopbackServer(capitals=True) as running:
        yield running


@pytest.fixture(autouse=True)
def _skipped_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SkippingClock(datetime.now(UTC))
    around = Surroundings(sleep=clock.sleep, monotonic=clock.monotonic)
    monkeypatch.setattr(commands, "open_reader", partial(open_reader, around=around))
