"""Records in portions that are as large as the tables that are made of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from core.events import Event, Records

PORTION = 8 << 20
"""Bytes of encoded records that become one table."""


async def next_portion(events: AsyncIterator[Event], take: Callable[[Event], object]) -> bytes:
    """Enough encoded records for a table; none at the end of the stream. `take` gets every other event."""
    data = bytearray()
    async for event in events:
        if isinstance(event, Records):
            data += event.data
            if len(data) >= PORTION:
                break
        else:
            take(event)
    return bytes(data)
