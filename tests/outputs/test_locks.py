"""What a run writes is its own as long as it runs, and not a moment longer, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.outputs.durable import OutputError
from core.outputs.locks import hold
from core.outputs.paths import NamedPath

HOLD = """
import sys
from pathlib import Path
from core.outputs.locks import hold
from core.outputs.paths import NamedPath

with hold([NamedPath("--state", Path(path)) for path in sys.argv[1:]]):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held_elsewhere(*paths: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the locks of some files."""
    command = [sys.executable, "-c", HOLD, *map(str, paths)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process


def take(*paths: Path) -> None:
    with hold([NamedPath("--state", path) for path in paths]):
        pass


def test_the_second_run_learns_who_holds_the_file(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    with held_elsewhere(path) as other, pytest.raises(OutputError) as refused:
        take(path)
    holder = f"process {other.pid} on {os.uname().nodename}"
    message = str(refused.value)
    assert message.startswith(f"--state: {path} is in use by another run ({holder}, ")
    assert "since 20" in message


def test_nothing_is_left_of_a_lock(tmp_path: Path) -> None:
    with held_elsewhere(tmp_path / "a"):
        assert os.listdir(tmp_path) == [".a.lock"]
    assert os.listdir(tmp_path) == []


def test_a_killed_process_blocks_nobody(tmp_path: Path) -> None:
    with held_elsewhere(tmp_path / "a") as other:
        other.send_signal(signal.SIGKILL)
    assert os.listdir(tmp_path) == [".a.lock"]
    take(tmp_path / "a")
    assert os.listdir(tmp_path) == []


def test_the_same_file_is_held_under_all_its_names(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "folder").symlink_to("real")
    (tmp_path / "link.json").symlink_to(tmp_path / "real" / "a.json")
    with held_elsewhere(tmp_path / "real" / "a.json"):
        for name in ("link.json", "folder/a.json", "./real/../real/a.json"):
            with pytest.raises(OutputError, match="is in use by another run"):
                take(tmp_path / name)
        take(tmp_path / "real" / "b.json")


def test_when_one_file_is_locked_none_is_held(tmp_path: Path) -> None:
    with held_elsewhere(tmp_path / "b"):
        with pytest.raises(OutputError, match="is in use"):
            take(tmp_path / "a", tmp_path / "b")
        assert os.listdir(tmp_path) == [".b.lock"]


def test_a_name_as_long_as_it_may_be_has_a_lock(tmp_path: Path) -> None:
    with held_elsewhere(tmp_path / ("x" * 255)), pytest.raises(OutputError, match="is in use by another run"):
        take(tmp_path / ("x" * 255))
    take(tmp_path / ("x" * 254 + "y"))


def test_a_planted_link_in_place_of_the_lock_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / ".a.lock").symlink_to(victim)
    with pytest.raises(OutputError, match=r"\.a\.lock can't be written"):
        take(tmp_path / "a")
    assert victim.read_text() == "precious"


def test_a_missing_folder_is_not_created_for_a_lock(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="the directory is gone"):
        take(tmp_path / "gone" / "a")
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a file system that takes no new files")
def test_a_lock_that_cannot_be_created_is_not_held_by_another_run() -> None:
    with pytest.raises(OutputError, match=r"/proc/\.a\.lock can't be written: the directory is gone"):
        take(Path("/proc/a"))


def test_what_killed_runs_left_behind_is_deleted_once_the_file_is_locked(tmp_path: Path) -> None:
    (tmp_path / ".a.0123456789abcdef.new").write_text("half")
    take(tmp_path / "a")
    assert os.listdir(tmp_path) == []
