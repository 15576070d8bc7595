"""Fixtures of the tests of commands."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command.lasting_jobs import Command


@pytest.fixture
def command(tmp_path: Path) -> Command:
    return Command(tmp_path)
