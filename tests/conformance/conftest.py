"""Waits take no time here, as they take none in the reference (`tests/oracle_host/skipped_waits.py`).

The server writes the names of headers in capitals: the reference misses some that are in small letters.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from core.cases.clock import SkippingClock
from core.protocols import checking, commands
from core.reading.surroundings import USUAL, Surroundings
from tests.support.server import LoopbackServer


@pytest.fixture
async def server() -> AsyncIterator[LoopbackServer]:
    async with LoopbackServer(capitals=True) as running:
        yield running


@pytest.fixture(autouse=True)
def _skipped_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SkippingClock(datetime.now(UTC))

    def skipping(around: Surroundings) -> Surroundings:
        return replace(around, sleep=clock.sleep, monotonic=clock.monotonic)

    monkeypatch.setattr(commands, "USUAL", skipping(USUAL))
    monkeypatch.setattr(checking, "AROUND", skipping(checking.AROUND))
