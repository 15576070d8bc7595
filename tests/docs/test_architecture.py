"""The map of the rooms is the one that the code draws."""

from __future__ import annotations

from pathlib import Path

from docs import architecture

DOCS = Path(architecture.__file__).parent


def test_the_picture_is_up_to_date() -> None:
    drawn = (DOCS / "architecture.svg").read_text(encoding="utf-8")
    assert drawn == architecture.picture(), "draw it again: make pictures"


def test_every_room_is_explained() -> None:
    page = (DOCS / "architecture.md").read_text(encoding="utf-8")
    rooms = [room.name for _, floor in architecture.floors() for room in floor]
    assert [name for name in rooms if f"`{name.replace('.', '/')}" not in page] == []


def test_the_ways_go_through_rooms_that_there_are() -> None:
    rooms = {room.name for _, floor in architecture.floors() for room in floor}
    assert {*architecture.RECORD, *architecture.KEY} <= rooms
