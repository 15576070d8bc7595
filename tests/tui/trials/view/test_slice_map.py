"""The Map tab of the trial pane."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.events import Event, JobPhase, Outcome, SliceFinished, SliceStarted, StreamStarted
from tests.support.goldens import looks_like
from tests.tui.trials.support import STREAM, Gate, ScriptedReader, batch, ended, job, success
from tests.tui.trials.view.support import Scene, scene
from tests.tui.widgets.support import on_stage
from tui.trials.state import TrialState
from tui.trials.view.slice_map import SliceMap
from tui.widgets.record_table import RecordTable

FOLDER = Path(__file__).parent / "goldens"


def days(number: int, records: int = 20) -> Iterator[Event]:
    """Partitions with 0, 1, … records, over and over; each 97th fails."""
    yield StreamStarted(stream=STREAM)
    for day in range(number):
        slice_: dict[str, Any] = {"day": f"{day:04}"}
        yield SliceStarted(stream=STREAM, slice=slice_)
        found = [{"day": day, "n": one} for one in range(day % records)]
        if found:
            yield batch(*found, slice_=slice_)
        failed = day % 97 == 96
        outcome = Outcome.FAILED if failed else Outcome.COMPLETE
        error = "It failed." if failed else None
        yield SliceFinished(stream=STREAM, slice=slice_, outcome=outcome, records=len(found), error=error)
    yield ended(Outcome.COMPLETE)[1]


async def mapped(stage: Scene) -> str:
    stage.start()
    await stage.finish()
    await stage.press("9")
    return await stage.settle()


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_map_looks_as_it_should(size: tuple[int, int]) -> None:
    async with scene(ScriptedReader(list(days(365))), size) as stage:
        await mapped(stage)
        await stage.press("down", "right", "right")
        await stage.settle()
        await looks_like(FOLDER / f"map-{size[0]}x{size[1]}.txt", stage.app.text, stage.pilot)


async def test_enter_goes_to_the_records_of_a_partition_and_back_to_all() -> None:
    async with scene(ScriptedReader(list(days(5))), (100, 40)) as stage:
        text = await mapped(stage)
        assert "10 records in 5 partitions · 1 without records" in text
        await stage.press("end", "left")
        assert "4  day=0003  3 records · complete" in await stage.settle()
        await stage.press("enter")
        text = await stage.settle()
        assert "Records 3" in text
        assert stage.pane.query_one(RecordTable).has_focus
        await stage.press("9", "enter")
        text = await stage.settle()
        assert "Records 10" in text
        assert stage.pane.query_one(SliceMap).has_focus


async def test_ten_thousand_partitions_are_all_there() -> None:
    state = TrialState(STREAM)
    for event in days(10_000, 3):
        state.fold(event)
    heat_map = SliceMap()
    async with on_stage(heat_map) as stage:
        heat_map.show(state, None)
        heat_map.focus()
        assert heat_map.render_line(0).text.startswith(" 9,999 records in 10,000 partitions · 3,299 without records")
        await stage.press("end", "left", "enter")
        assert heat_map.render_line(2).text.startswith(" 9999  day=9998  2 records · complete")
        assert stage.app.heard(SliceMap.Chosen)[0].partition == 9_999
        heat_map.show(state, 9_999)
        await stage.press("enter")
        assert stage.app.heard(SliceMap.Chosen)[1].partition is None


async def test_the_map_is_explained_where_there_is_one() -> None:
    async with scene(ScriptedReader(list(days(5))), (100, 40)) as stage:
        assert "9 map" not in stage.pane.explanation
        await mapped(stage)
        assert "9 map" in stage.pane.explanation


async def test_there_is_no_map_of_one_partition() -> None:
    async with scene(ScriptedReader(success(3))) as stage:
        stage.start()
        assert "Map" not in await stage.finish()
        await stage.press("9")
        assert "Map" not in await stage.settle()


async def test_partitions_at_work_and_failed_ones_have_marks_of_their_own() -> None:
    gate = Gate()
    script: list[Event | Gate] = [
        StreamStarted(stream=STREAM),
        job(JobPhase.WAITING, slice_={"a": 1}),
        job(JobPhase.RUNNING, 1, "pending", slice_={"a": 2}),
        SliceFinished(stream=STREAM, slice={"a": 3}, outcome=Outcome.FAILED, records=0, error="no"),
        gate,
        *ended(Outcome.CANCELLED),
    ]
    async with scene(ScriptedReader(script)) as stage:
        stage.start()
        await stage.at(gate)
        await stage.press("9")
        text = await stage.settle()
        assert "◌◌◌◌" in text
        assert "✗✗✗✗" in text
        assert "1 failed" in text
        gate.opened.set()
        await stage.finish()
