"""Folders for a while: gone when they are closed, and at the next start when their process was killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tui.trials.scratch import ScratchFolder, clear_scratch

MAKES_ONE = """
import sys
from tui.trials.scratch import ScratchFolder
folder = ScratchFolder()
(folder.path / "spilled").write_text("records")
print(folder.path, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_a_folder_is_private_and_gone_when_it_is_closed(temporary: Path) -> None:
    with ScratchFolder() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "deep").mkdir()
        clear_scratch()
        assert (folder / "deep").is_dir(), "a folder in use stays"
    assert list(temporary.iterdir()) == []


def test_what_a_killed_process_has_left_is_cleared_and_what_is_in_use_stays(temporary: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", MAKES_ONE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    folder = Path(process.stdout.readline().strip())
    other = temporary / "longhaul-scratch-of-others"
    other.mkdir()
    clear_scratch()
    assert (folder / "spilled").is_file()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert (folder / "spilled").is_file()
    clear_scratch()
    assert list(temporary.iterdir()) == [other]


def test_a_link_in_the_place_of_a_folder_leads_nowhere(temporary: Path) -> None:
    precious = temporary / "precious"
    precious.mkdir()
    (precious / "file").touch()
    (temporary / "longhaul-scratch-x").symlink_to(precious)
    (temporary / "longhaul-scratch-x.lock").touch()
    clear_scratch()
    assert (precious / "file").is_file()
