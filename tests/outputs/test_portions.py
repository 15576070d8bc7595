"""Records come in portions for tables; every other event is passed on in its place."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from core.events import Event, Log, Records
from core.levels import Level
from core.outputs import portions
from core.outputs.portions import next_portion


async def test_a_portion_ends_when_it_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portions, "PORTION", 4)
    said = Log(stream="s", level=Level.WARNING, message="careful")

    async def events() -> AsyncIterator[Event]:
        yield Records(stream="s", data=b"1\n", count=1)
        yield said
        yield Records(stream="s", data=b"2\n", count=1)
        yield Records(stream="s", data=b"3\n", count=1)

    coming, others = events(), list[Event]()
    assert [await next_portion(coming, others.append) for _ in range(3)] == [b"1\n2\n", b"3\n", b""]
    assert others == [said]
