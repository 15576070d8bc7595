"""Sessions that keep what they remember in a folder of the test."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tui.model.session import BuilderSession
from tui.model.streams import StreamKind


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGHAUL_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("LONGHAUL_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setitem(sys.modules, "keyring", None)


@pytest.fixture
def session() -> BuilderSession:
    """A new session with an asynchronous stream "contacts" and a synchronous one "lists"."""
    session = BuilderSession.new()
    session.streams.add("contacts", StreamKind.ASYNC)
    session.streams.add("lists")
    return session
