"""A file that a run is given must be a regular one, and nothing else at the same time."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from core.outputs.durable import OutputError
from core.outputs.paths import NamedPath, check_distinct, check_file


def place(path: Path, what: str = "--state", *, written: bool = True) -> NamedPath:
    return NamedPath(what, path, written)


@pytest.mark.parametrize("device", ["/dev/null", "/dev/full", "/dev/tty"])
def test_a_device_is_refused(device: str) -> None:
    with pytest.raises(OutputError, match=f"--state: {device} is a device; name a file of its own"):
        check_file(place(Path(device)))


def test_pipes_sockets_and_directories_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        for name, kind in {
            "pipe": "named pipe",
            "folder": "directory",
            "link": "named pipe",
            "socket": "socket",
        }.items():
            with pytest.raises(OutputError, match=f"--state: .*{name} is a {kind}; name a file of its own"):
                check_file(place(tmp_path / name))


def test_an_existing_file_a_new_one_and_one_behind_a_link_are_fine(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("")
    (tmp_path / "link").symlink_to("elsewhere")
    for name in ("there", "new", "link"):
        check_file(place(tmp_path / name))


def test_a_missing_folder_is_reported_also_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("missing/state.json")
    for name in ("missing/state.json", "link"):
        with pytest.raises(OutputError, match="missing does not exist; create it"):
            check_file(place(tmp_path / name))


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "circle", "file/below"])
def test_odd_names_have_a_plain_message(tmp_path: Path, name: str) -> None:
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        check_file(place(tmp_path / name))


def test_one_file_can_not_be_two_things_whatever_it_is_called(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.write_text("")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "hard").hardlink_to(real)
    (tmp_path / "folder").mkdir()
    for other in ("real", "link", "hard", "./real", "folder/../real"):
        with pytest.raises(
            OutputError, match=r"--trace and --state are the same file, .*; give each a file of its own"
        ):
            check_distinct([place(real), place(tmp_path / other, "--trace")])
    new = tmp_path / "new"
    with pytest.raises(OutputError, match="are the same file"):
        check_distinct([place(new), place(tmp_path / "folder" / ".." / "new", "--trace")])


def test_what_is_only_read_may_be_two_things(tmp_path: Path) -> None:
    both = tmp_path / "both.json"
    both.write_text("{}")
    check_distinct([place(both, "the manifest", written=False), place(both, "--config", written=False)])
    with pytest.raises(OutputError, match="--state and the manifest are the same file"):
        check_distinct([place(both, "the manifest", written=False), place(both)])


def read_only_directory() -> Path | None:
    mounts = Path("/proc/mounts").read_text().splitlines() if Path("/proc/mounts").exists() else []
    found = (Path(parts[1]) for line in mounts if "ro" in (parts := line.split())[3].split(","))
    return next((path for path in found if path.is_dir()), None)


@pytest.mark.skipif(read_only_directory() is None, reason="needs a read-only file system")
def test_a_read_only_file_system_is_not_taken_for_missing_permission() -> None:
    folder = read_only_directory()
    assert folder is not None
    with pytest.raises(OutputError, match="can't be written: the file system is read-only; choose another place"):
        check_file(place(folder / "new"))
