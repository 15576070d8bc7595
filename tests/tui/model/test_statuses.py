"""The status mapping as one table: a status means one thing."""

from __future__ import annotations

import pytest

from core.jobs.statuses import JobStatus
from tui.model.session import BuilderSession
from tui.model.streams import map_status, rename_status, status_mapping


def test_a_status_is_mapped_and_mapped_anew_in_one_step(session: BuilderSession) -> None:
    map_status(session, 0, "ready", JobStatus.COMPLETED)
    map_status(session, 0, " pending ", JobStatus.RUNNING)
    map_status(session, 0, "ready", JobStatus.SKIPPED)
    assert status_mapping(session, 0) == {"pending": JobStatus.RUNNING, "ready": JobStatus.SKIPPED}
    assert session.value(("streams", 0, "retriever", "status_mapping", "completed")) == []
    session.undo()
    assert status_mapping(session, 0)["ready"] is JobStatus.COMPLETED
    map_status(session, 0, "ready", None)
    assert "ready" not in status_mapping(session, 0)


def test_a_status_is_renamed_in_its_place(session: BuilderSession) -> None:
    for status in ("a", "b", "c"):
        map_status(session, 0, status, JobStatus.FAILED)
    rename_status(session, 0, "b", "B")
    assert list(status_mapping(session, 0)) == ["a", "B", "c"]
    with pytest.raises(ValueError, match="already"):
        rename_status(session, 0, "B", "c")
    with pytest.raises(ValueError, match="text"):
        map_status(session, 0, " ", JobStatus.FAILED)


def test_statuses_that_are_numbers_are_text(session: BuilderSession) -> None:
    session.set(("streams", 0, "retriever", "status_mapping", "failed"), [500, True])
    assert status_mapping(session, 0) == {"500": JobStatus.FAILED, "True": JobStatus.FAILED}
