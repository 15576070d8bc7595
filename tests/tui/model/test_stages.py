"""How far an asynchronous stream is described, and the connector that is made of what there is."""

from __future__ import annotations

from typing import Any

import pytest

from core.components.async_retriever import AsyncRetriever
from core.events import Stage
from core.manifest.problems import ManifestError
from tui.model.session import BuilderSession
from tui.model.stages import connector_up_to, described, errors_up_to, reveal_up_to, runnable
from tui.model.streams import StreamKind

RETRIEVER = ("streams", 0, "retriever")
CREATION_URL = (*RETRIEVER, "creation_requester", "url")
POLLING_URL = (*RETRIEVER, "polling_requester", "url")


@pytest.fixture
def session() -> BuilderSession:
    """A new stream whose creation is described."""
    made = BuilderSession.new()
    made.streams.add("exports", StreamKind.ASYNC)
    made.set(CREATION_URL, "http://127.0.0.1:1/jobs")
    made.refresh()
    return made


def with_values(session: BuilderSession, **values: Any) -> BuilderSession:
    for key, value in values.items():
        session.set((*RETRIEVER, *key.split("__")), value)
    session.refresh()
    return session


def test_nothing_can_be_tried_of_a_stream_without_a_creation() -> None:
    new = BuilderSession.new()
    new.streams.add("exports", StreamKind.ASYNC)
    new.refresh()
    assert (runnable(new, 0), described(new, 0)) == (None, None)
    assert [one.path for one in errors_up_to(new, 0, Stage.CREATION)] == [CREATION_URL]


def test_the_creation_can_be_tried_as_soon_as_it_is_described(session: BuilderSession) -> None:
    assert (runnable(session, 0), described(session, 0)) == (Stage.CREATION, Stage.CREATION)


def test_polling_can_be_tried_alone_before_it_is_known_where_the_status_is(session: BuilderSession) -> None:
    with_values(session, polling_requester__url="http://127.0.0.1:1/jobs/1")
    assert runnable(session, 0) is Stage.DOWNLOAD
    assert described(session, 0) is Stage.CREATION
    with_values(session, status_extractor__field_path=["status"])
    assert described(session, 0) is Stage.POLLING
    with_values(session, download_target_extractor__field_path=["url"])
    assert described(session, 0) is Stage.DOWNLOAD


def test_an_empty_path_to_the_status_counts_where_statuses_are_mapped(session: BuilderSession) -> None:
    with_values(session, polling_requester__url="http://127.0.0.1:1/jobs/1", status_mapping__completed=["done"])
    assert described(session, 0) is Stage.POLLING


def test_a_mistake_counts_for_the_stage_whose_tab_it_is_in(session: BuilderSession) -> None:
    with_values(
        session, polling_requester__url="http://127.0.0.1:1/jobs/1", record_selector__extractor__field_path="{{ a }"
    )
    assert runnable(session, 0) is Stage.POLLING


def test_what_is_not_described_is_stood_in_for_and_what_is_described_is_kept(session: BuilderSession) -> None:
    session.set((*RETRIEVER, "abort_requester"), {"type": "HttpRequester", "url": "http://127.0.0.1:1/abort"})
    session.unset((*RETRIEVER, "status_mapping"))
    session.refresh()
    connector = connector_up_to(session, 0, Stage.CREATION)
    retriever = connector.stream("exports").described.retriever
    assert connector.usable is False  # the problems stay known
    assert connector.readable(["exports"])
    assert isinstance(retriever, AsyncRetriever)
    assert retriever.job_steps.can_abort
    with pytest.raises(ManifestError):
        connector_up_to(session, 0, Stage.POLLING)


def test_only_the_problems_of_what_is_tried_are_shown(session: BuilderSession) -> None:
    session.visibility.mark((), visible=False)
    session.unset(CREATION_URL)
    session.refresh()
    reveal_up_to(session, 0, Stage.CREATION)
    assert [one.path for one in session.problems() if one.is_error] == [CREATION_URL]
    reveal_up_to(session, 0, Stage.POLLING)
    assert [one.path for one in session.problems() if one.is_error] == [CREATION_URL, POLLING_URL]
