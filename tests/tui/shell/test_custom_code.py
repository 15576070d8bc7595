"""A test of a stream that Python code beside the manifest takes part in."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.environment import CUSTOM_PYTHON
from core.events import Outcome
from tests.custom.test_against_reference import custom, items, manifest
from tests.support.custom import CODE
from tests.support.oracle import PYTHON
from tests.support.server import LoopbackServer
from tests.tui.shell.support import opened

pytestmark = pytest.mark.slow


@pytest.fixture
def file(server: LoopbackServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CUSTOM_PYTHON, str(PYTHON))
    server.on("/items", items(2))
    (tmp_path / "components.py").write_text(CODE, encoding="utf-8")
    path = tmp_path / "connector.yaml"
    marks = {"transformations": [custom("Transformation", "Marks", label="allowed")]}
    path.write_text(manifest(server, stream=marks), encoding="utf-8")
    return path


async def test_the_code_is_asked_about_until_it_is_allowed(file: Path, server: LoopbackServer) -> None:
    async with opened(file) as shell:
        await shell.press("f5")
        await shell.until(lambda: shell.dialog == "ConfirmDialog")
        await shell.until(lambda: "SHA-256" in shell.text)
        await shell.press("escape")
        trial = await shell.tested("items")
        assert trial.state.outcome is Outcome.FAILED
        assert "answer the question" in " ".join(trial.state.errors)
        assert server.asked == []

        await shell.press("f5")
        await shell.until(lambda: shell.dialog == "ConfirmDialog")
        await shell.press("right", "enter")
        await shell.until(lambda: len(server.asked) == 1)
        trial = await shell.tested("items")
        assert trial.state.outcome is Outcome.COMPLETE

        await shell.press("f5")
        await shell.until(lambda: len(server.asked) == 2)
        assert shell.dialog is None
