"""Files that survive a crash: written beside their place, flushed to disk, then renamed into it.

Whoever else may write into a folder can't lead us astray: files are made anew under names that can't be guessed, links
are not followed, and what is not a regular file is never opened or replaced.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import BinaryIO

_NO_TRAPS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Links are not followed, nobody is waited for at a pipe, and Windows changes no line feeds."""
_LONGEST = 180
"""Bytes of a name that more is put around."""
_TEMPORARY = re.compile(r"\.(.+)\.[0-9a-f]{16}\.new")


@contextmanager
def replacing(path: Path, *, mode: int = 0o666, keep: bool = True) -> Iterator[BinaryIO]:
    """A file to write that takes the place of `path` when the block ends well; `path` stays as it is
    otherwise.

    With `keep`, the file has the permissions that it had before; a new one has `mode`, less the umask. Raises
    `OSError`.
    """
    beside = path.with_name(f".{short(path.name)}.{secrets.token_hex(8)}.new")
    try:
        with create(beside, permissions(path, mode) if keep else mode) as file:
            yield file
            sync(file)
        move(beside, path, keep=keep)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise


def create(path: Path, mode: int = 0o666) -> BinaryIO:
    """Make a new file, which nobody may open more than `mode` says. Raises `OSError`, also when it is there already."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_TRAPS, mode), "wb")


def create_anew(path: Path, mode: int = 0o666) -> BinaryIO:
    """The same in place of an earlier file or link. Raises `OSError`."""
    with suppress(FileNotFoundError):
        if not stat.S_ISLNK(path.lstat().st_mode):
            _check_regular(path, path.lstat())
        path.unlink()
    return create(path, mode)


def open_at_end(path: Path) -> BinaryIO:
    """Open a file to append to it, made where it is not there. Raises `OSError`."""
    return os.fdopen(_open_regular(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), "ab")


def open_to_read(path: Path) -> BinaryIO:
    """Open a file that is no link. Raises `OSError`."""
    return os.fdopen(_open_regular(path, os.O_RDONLY), "rb")


def open_to_change(path: Path) -> FileIO:
    """Open a file that is there to write over parts of it, without a buffer. Raises `OSError`."""
    return os.fdopen(_open_regular(path, os.O_RDWR), "r+b", buffering=0)


def _open_regular(path: Path, flags: int) -> int:
    handle = os.open(path, flags | _NO_TRAPS, 0o666)
    try:
        _check_regular(path, os.fstat(handle))
    except BaseException:
        os.close(handle)
        raise
    return handle


def _check_regular(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is no regular file", str(path))


def permissions(path: Path, mode: int = 0o666) -> int:
    """What a file is to be made with that will take the place of `path`; `mode` where there is nothing."""
    try:
        return path.stat().st_mode & 0o777
    except OSError:
        return mode


def sync(file: BinaryIO) -> None:
    """Bring what was written to `file` to the disk."""
    file.flush()
    os.fsync(file.fileno())


def move(source: Path, target: Path, *, keep: bool = True) -> None:
    """Rename `source` over `target`, which keeps the permissions that it had, lastingly. Raises `OSError`."""
    with suppress(FileNotFoundError):
        found = target.lstat()
        if not stat.S_ISLNK(found.st_mode):
            _check_regular(target, found)
            if keep:
                source.chmod(stat.S_IMODE(found.st_mode))
    source.replace(target)
    sync_directory(target.parent)


def sync_directory(directory: Path) -> None:
    """Make the names in a directory last; some file systems can't be asked to, and need not be."""
    with suppress(OSError):
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def short(name: str) -> str:
    """The name, or what stands for it where it is too long for something to be put around it."""
    raw = os.fsencode(name)
    return name if len(raw) <= _LONGEST else hashlib.sha256(raw).hexdigest()[:32]


def sweep(paths: list[Path]) -> None:
    """Delete what runs that were killed left behind when they were about to replace one of these files.

    Nobody else may write them meanwhile.
    """
    for folder in {path.parent for path in paths}:
        names = {short(path.name) for path in paths if path.parent == folder}
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                found = _TEMPORARY.fullmatch(entry.name)
                if found and found[1] in names and entry.is_file(follow_symlinks=False):
                    with suppress(OSError):
                        os.unlink(entry.path)
