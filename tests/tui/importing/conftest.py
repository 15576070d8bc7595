"""A session with streams of both kinds."""

from __future__ import annotations

import pytest

from tui.model.session import BuilderSession
from tui.model.streams import StreamKind


@pytest.fixture
def session() -> BuilderSession:
    """A new session with an asynchronous stream "contacts" and a synchronous one "lists"."""
    session = BuilderSession.new()
    session.streams.add("contacts", StreamKind.ASYNC)
    session.streams.add("lists")
    return session
