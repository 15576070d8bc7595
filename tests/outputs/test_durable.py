"""Files are written from scratch, under names that nobody can guess, with no more permissions than they should have."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.outputs.durable import open_at_end, open_to_read, recreate, replacing, short, sweep


@pytest.fixture(autouse=True)
def generous() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_replaced_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), replacing(path) as file:
        file.write(b"new")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    with replacing(path) as file:
        file.write(b"new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert os.listdir(tmp_path) == ["a"]


def test_the_file_is_never_more_readable_than_in_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for before, after in ((None, 0o600), (0o640, 0o640), (0o400, 0o400)):
        if before is not None:
            path.chmod(before)
        with replacing(path, mode=0o600):
            (beside,) = (one for one in tmp_path.iterdir() if one != path)
            assert mode(beside) & ~after == 0
        assert mode(path) == after
    path.chmod(0o666)
    with replacing(path, mode=0o600, keep=False):
        pass
    assert mode(path) == 0o600


def test_records_have_the_permissions_of_the_umask(tmp_path: Path) -> None:
    with replacing(tmp_path / "a"):
        pass
    assert mode(tmp_path / "a") == 0o644


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    link = tmp_path / "link"
    link.symlink_to(victim)
    recreate(link).close()
    assert not link.is_symlink()
    link.unlink()
    link.symlink_to(victim)
    for opened in (open_at_end, open_to_read):
        with pytest.raises(OSError, match="symbolic links"):
            opened(link)
    assert victim.read_text() == "precious"


def test_only_regular_files_are_opened_or_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for write in (open_at_end, open_to_read, recreate):
        with pytest.raises(OSError):  # noqa: PT011 - that of a pipe without a reader differs between systems
            write(pipe)
    with pytest.raises(OSError, match="no regular file"), replacing(pipe):
        pass
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert os.listdir(tmp_path) == ["pipe"]


def test_what_a_killed_run_left_behind_is_swept_away_and_nothing_else(tmp_path: Path) -> None:
    left = [f".{short(name)}.{'0123456789abcdef'}.new" for name in ("a.csv", "x" * 250)]
    others = [".b.csv.0123456789abcdef.new", "a.csv", ".a.csv.new", ".a.csv.lock"]
    for name in (*left, *others):
        (tmp_path / name).write_text("")
    sweep([tmp_path / "a.csv", tmp_path / ("x" * 250)])
    assert sorted(os.listdir(tmp_path)) == sorted(others)


def test_a_name_as_long_as_it_may_be_can_be_replaced(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 255)
    with replacing(path) as file:
        file.write(b"fine")
    assert path.read_bytes() == b"fine"
