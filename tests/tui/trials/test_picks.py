"""What is picked in the results of a trial is written where it is used."""

from __future__ import annotations

import pytest

from core.jobs.statuses import JobStatus
from tui.model.session import BuilderSession
from tui.model.streams import StreamKind
from tui.trials import picks
from tui.trials.picks import NodeUse

STREAM = ("streams", 0)
RETRIEVER = (*STREAM, "retriever")


def new_stream() -> BuilderSession:
    session = BuilderSession.new()
    session.streams.add("contacts", StreamKind.ASYNC)
    return session


@pytest.mark.parametrize(
    ("use", "path", "place", "value"),
    [
        (NodeUse.STATUS, ("job", "state"), (*RETRIEVER, "status_extractor", "field_path"), ["job", "state"]),
        (NodeUse.DOWNLOAD_TARGET, ("urls",), (*RETRIEVER, "download_target_extractor", "field_path"), ["urls"]),
        (NodeUse.RECORD_PATH, ("data",), (*RETRIEVER, "record_selector", "extractor", "field_path"), ["data"]),
        (NodeUse.PRIMARY_KEY, ("id",), (*STREAM, "primary_key"), "id"),
        (NodeUse.PRIMARY_KEY, ("ids", "own"), (*STREAM, "primary_key"), [["ids", "own"]]),
        (NodeUse.CURSOR_FIELD, ("updated_at",), (*STREAM, "incremental_sync", "cursor_field"), "updated_at"),
    ],
)
def test_a_picked_node_is_written_where_it_is_used(
    use: NodeUse, path: tuple[str, ...], place: tuple[str | int, ...], value: object
) -> None:
    session = new_stream()
    before = session.text
    picks.use_node(session, 0, use, path)
    assert session.value(place) == value
    session.undo()
    assert session.text == before, "that is one step to undo"


def test_picked_rows_are_those_of_a_table_where_there_is_one() -> None:
    session = new_stream()
    extractor = (*RETRIEVER, "record_selector", "extractor")
    session.choose_type(extractor, "TableExtractor")
    picks.use_node(session, 0, NodeUse.RECORD_PATH, ("result", "rows"))
    assert session.value((*extractor, "rows_path")) == ["result", "rows"]
    assert session.value((*extractor, "type")) == "TableExtractor"


def test_a_field_can_be_added_to_the_primary_key() -> None:
    session = new_stream()
    picks.use_node(session, 0, NodeUse.PRIMARY_KEY, ("account",))
    picks.use_node(session, 0, NodeUse.PRIMARY_KEY, ("id",), add=True)
    assert session.value((*STREAM, "primary_key")) == ["account", "id"]
    picks.use_node(session, 0, NodeUse.PRIMARY_KEY, ("ids", "own"), add=True)
    assert session.value((*STREAM, "primary_key")) == [["account"], ["id"], ["ids", "own"]]


def test_a_status_is_in_one_bucket_only() -> None:
    session = new_stream()
    mapping = (*RETRIEVER, "status_mapping")
    picks.map_status(session, 0, "done", JobStatus.RUNNING)
    picks.map_status(session, 0, "done", JobStatus.COMPLETED)
    picks.map_status(session, 0, "done", JobStatus.COMPLETED)
    assert session.value((*mapping, "completed")) == ["done"]
    assert session.value((*mapping, "running")) == []
