"""The loopback server that the tests of this folder talk to."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.server import LoopbackServer


@pytest.fixture
async def server() -> AsyncIterator[LoopbackServer]:
    async with LoopbackServer() as running:
        yield running
