"""The Profile tab of the trial pane."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.events import Event, Outcome
from tests.support.goldens import looks_like
from tests.tui.trials.support import Gate, ScriptedReader, batch, ended, started, success
from tests.tui.trials.view.support import Scene, scene
from tui.trials.view import profile_panel
from tui.trials.view.profile_cells import bars, share
from tui.trials.view.profile_panel import ProfileTable
from tui.widgets.record_table import RecordTable

FOLDER = Path(__file__).parent / "goldens"


def orders(start: int, stop: int) -> list[dict[str, Any]]:
    return [
        {
            "id": number,
            "customer": f"customer{number % 7}@example.com",
            "created_at": f"2024-{number % 12 + 1:02}-{number % 28 + 1:02}T08:00:00Z",
            "total": number * 1.25,
            "paid": number % 3 > 0,
            "note": "rush" if number % 50 == 0 else None,
            "lines": [{"sku": number % 5}],
            "zip": f"{number % 9:05}",
        }
        for number in range(start, stop)
    ]


def read(*batches: list[dict[str, Any]]) -> list[Event]:
    total = sum(map(len, batches))
    return [*started(), *(batch(*records) for records in batches), *ended(Outcome.COMPLETE, total)]


async def profiled(stage: Scene) -> str:
    stage.start()
    await stage.finish()
    await stage.press("8")
    return await stage.settle()


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (200, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_profile_looks_as_it_should(size: tuple[int, int]) -> None:
    async with scene(ScriptedReader(read(orders(1, 501))), size) as stage:
        await profiled(stage)
        await stage.press("down", "down")
        await stage.settle()
        await looks_like(FOLDER / f"profile-{size[0]}x{size[1]}.txt", stage.app.text, stage.pilot)


async def test_a_candidate_becomes_the_primary_key_with_one_step_to_undo() -> None:
    async with scene(ScriptedReader(read(orders(1, 41))), sample_name="orders_paginated", stream="orders") as stage:
        stage.session.set(("streams", 0, "primary_key"), None)
        text = await profiled(stage)
        assert "may be the primary key: ◆ id" in text
        await stage.press("i")
        await stage.settle()
        assert stage.value("primary_key") == "id"
        stage.session.undo()
        assert stage.value("primary_key") is None
        await stage.press("down", "i")
        assert stage.notifications[-1] == (
            "customer can't be the primary key: some of its values come in more than one of 40 records."
        )
        assert stage.value("primary_key") is None


async def test_enter_goes_to_the_column_in_the_records() -> None:
    async with scene(ScriptedReader(success(3))) as stage:
        await profiled(stage)
        await stage.press("down", "enter")
        await stage.settle()
        table = stage.pane.query_one(RecordTable)
        assert table.has_focus
        assert table.cursor == (0, 1)


async def test_the_profile_grows_with_the_records_while_it_is_looked_at() -> None:
    gate = Gate()
    script: list[Event | Gate] = [
        *started(),
        batch(*orders(1, 11)),
        gate,
        batch(*orders(11, 31)),
        *ended(Outcome.COMPLETE, 30),
    ]
    async with scene(ScriptedReader(script)) as stage:
        stage.start()
        await stage.at(gate)
        await stage.press("8")
        assert "10 records · 8 columns" in await stage.settle()
        gate.opened.set()
        assert "30 records · 8 columns" in await stage.finish()


async def test_many_records_are_profiled_bit_by_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile_panel, "_FIRST_SLICE", 0.0)
    monkeypatch.setattr(profile_panel, "_SLICE", 0.0)
    async with scene(ScriptedReader(read(orders(1, 1_001), orders(1_001, 3_001)))) as stage:
        assert "3,000 records · 8 columns · may be the primary key: ◆ id" in await profiled(stage)
        await stage.press("1", "8")
        assert stage.pane.query_one(ProfileTable).has_focus


async def test_without_records_it_says_what_to_do() -> None:
    async with scene(ScriptedReader(read([]))) as stage:
        assert "Press F5 to read the first records" in await stage.press("8")
        assert "No records. The Response tab shows what the API answered." in await profiled(stage)
        await stage.press("i", "enter", "up", "slash")


def test_bars_show_that_there_is_something_and_shares_are_never_rounded_to_all_or_nothing() -> None:
    assert bars([0, 1, 1_000], 3) == " ▁▇"
    assert bars([1, 2], 4) == "▄▄▇▇"
    assert bars([3, 0, 1, 1], 2) == "▇▅"
    assert bars([5], 8) == "▇"
    assert bars([], 8) == ""
    assert [share(part, 10_000) for part in (0, 1, 5_000, 9_999, 10_000)] == ["–", "<0.1 %", "50 %", ">99.9 %", "100 %"]
