"""The status mapping as one table."""

from __future__ import annotations

import pytest
from textual import events

from tests.tui.forms.support import Desk, at_desk, new_session, sample
from tui.forms.status_row import guessed_meaning
from tui.widgets.base import commit_edits

PATH = ("streams", 0, "retriever", "status_mapping")


async def add(desk: Desk, *statuses: str) -> None:
    await desk.press("enter")
    for status in statuses:
        await desk.type(status)
        await desk.press("enter")
    await desk.press("escape")


async def test_added_statuses_get_a_guessed_meaning_that_one_key_changes() -> None:
    session = new_session()
    async with at_desk(session) as desk:
        await desk.go(PATH)
        await add(desk, "FINISHED", "WAITING", "NO_DATA")
        assert session.value(PATH) == {
            "type": "AsyncJobStatusMap",
            "running": ["WAITING"],
            "completed": ["FINISHED"],
            "failed": [],
            "timeout": [],
            "skipped": ["NO_DATA"],
        }
        await desk.press("home", "f")
        assert session.value((*PATH, "failed")) == ["FINISHED"]
        assert session.value((*PATH, "completed")) == []
        await desk.press("right")
        assert session.value((*PATH, "running")) == ["FINISHED", "WAITING"]


async def test_a_status_cannot_be_in_two_meanings() -> None:
    session = sample()
    async with at_desk(session) as desk:
        await desk.go(PATH)
        await add(desk, "ready")
        statuses = [
            status for bucket in ("running", "completed", "failed") for status in session.value((*PATH, bucket))
        ]
        assert statuses.count("ready") == 1


async def test_a_status_that_is_typed_on_after_a_duplicate_keeps_its_meaning() -> None:
    session = new_session()
    async with at_desk(session) as desk:
        await desk.go(PATH)
        await add(desk, "ready", "error", "busy")
        await desk.press("home", "down", "down", "enter", "ctrl+u")
        await desk.type("ready")
        assert desk.app.focused is not None
        await commit_edits(desk.app.focused)  # as saving does: the field stays open
        await desk.type("_soon")
        await desk.press("enter")
        assert session.value((*PATH, "running")) == ["ready_soon"]
        assert session.value((*PATH, "completed")) == ["ready"]


async def test_a_status_is_renamed_and_deleted() -> None:
    session = sample()
    async with at_desk(session) as desk:
        await desk.go(PATH)
        await desk.press("home", "enter", "ctrl+u")
        await desk.type("done")
        await desk.press("enter")
        assert session.value((*PATH, "completed")) == ["done"]
        await desk.press("delete")
        assert session.value((*PATH, "completed")) == []


async def test_statuses_that_are_numbers_stay_numbers() -> None:
    session = sample()
    session.set((*PATH, "completed"), [200])
    async with at_desk(session) as desk:
        await desk.go(PATH)
        assert "200" in desk.text
        await desk.press("home", "t")
        assert 200 in session.value((*PATH, "timeout"))


async def test_undo_restores_the_meaning() -> None:
    session = sample()
    async with at_desk(session) as desk:
        before = session.value(PATH)
        await desk.go(PATH)
        await desk.press("home", "s")
        assert session.value((*PATH, "skipped")) == ["ready"]
        session.undo()
        await desk.settle()
        assert session.value(PATH) == before
        assert "skipped" not in desk.text


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        ("COMPLETE", "completed"),
        ("incomplete", "running"),
        ("IN_PROGRESS", "running"),
        ("queued", "running"),
        ("TIMED_OUT", "timeout"),
        ("Cancelled", "failed"),
        ("succeeded", "completed"),
        ("done_no_data", "skipped"),
    ],
)
def test_the_meaning_of_a_status_is_guessed(status: str, meaning: str) -> None:
    assert guessed_meaning(status) == meaning


async def test_typing_adds_a_status_and_a_duplicate_moves_the_cursor() -> None:
    session = new_session()
    async with at_desk(session) as desk:
        await desk.go(PATH)
        await desk.type("ready")
        await desk.press("enter")
        await desk.type("failed")
        await desk.press("enter")
        await desk.type("ready")
        await desk.press("enter", "r")
        assert session.value((*PATH, "running")) == ["ready"]
        assert session.value((*PATH, "failed")) == ["failed"]


async def test_pasted_statuses_are_added_once_each() -> None:
    session = new_session()
    async with at_desk(session) as desk:
        await desk.go(PATH)
        await add(desk, "DONE")
        desk.app.post_message(events.Paste("QUEUED\nDONE\nEXPIRED"))
        await desk.pilot.pause()
        mapping = session.value(PATH)
        assert [mapping[name] for name in ("running", "completed", "failed")] == [["QUEUED"], ["DONE"], ["EXPIRED"]]
