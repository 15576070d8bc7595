"""What the tests of the documentation share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.server import LoopbackServer


@pytest.fixture
async def server() -> AsyncIterator[LoopbackServer]:
    async with LoopbackServer() as server:
        yield server
