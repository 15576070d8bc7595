"""Sessions that keep what they remember in a folder of the test."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LONGHAUL_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("LONGHAUL_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setitem(sys.modules, "keyring", None)
