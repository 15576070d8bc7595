"""Files that survive a crash: written beside their target, flushed to disk, then renamed over it."""

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

from core.errors import LonghaulError

_REASONS = {
    errno.ENOSPC: "the disk is full; free some space and run again",
    errno.EDQUOT: "the disk quota is used up; free some space and run again",
    errno.EACCES: "there is no permission to write there; change the permissions or choose another place",
    errno.EPERM: "there is no permission to write there; change the permissions or choose another place",
    errno.EROFS: "the file system is read-only; choose another place",
    errno.ENOENT: "the directory is gone or does not exist; create it and run again",
    errno.ENOTDIR: "a part of the path is a file, not a directory; choose another place",
    errno.ENOLCK: "the file system has no locks, so that other runs could write there too; choose another place",
    errno.EOPNOTSUPP: "the file system can't do what is needed there; choose another place",
    errno.EEXIST: "something else of this name is in the way; move it away and run again",
    errno.ELOOP: "symbolic links lead in a circle, or to a place that changed meanwhile; choose another place",
    errno.EISDIR: "there is a directory of this name; choose another name",
    errno.ENAMETOOLONG: "the name is too long for this file system; choose a shorter one",
    errno.EFBIG: "the file grew larger than the system allows; raise the limit (`ulimit -f`) or choose another place",
    errno.EMFILE: "too many files are open; raise the limit (`ulimit -n`) or read fewer streams at once",
}


class OutputError(LonghaulError):
    """Records, state or a trace can't be written, or an earlier file can't be continued."""

    @classmethod
    def of(cls, path: Path, error: OSError) -> OutputError:
        """What an error of the operating system means for the file at `path`."""
        reason = _REASONS.get(error.errno or 0) or (error.strerror or str(error)).lower()
        return cls(f"{path} can't be written: {reason}.")


_SAFE_FLAGS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""Links are not followed, opening a pipe does not block, and Windows changes no line feeds."""
_LONGEST = 180
"""Bytes of a name that is left room for a prefix and a suffix."""
_TEMPORARY = re.compile(r"\.(.+)\.[0-9a-f]{16}\.new")


@contextmanager
def replacing(path: Path, *, mode: int = 0o666, keep: bool = True) -> Iterator[BinaryIO]:
    """A file to write that replaces `path` when the block succeeds; otherwise `path` stays as it is.

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
    """Create a file with no more permissions than `mode`. Raises `OSError`, also when it exists already."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _SAFE_FLAGS, mode), "wb")


def recreate(path: Path, mode: int = 0o666) -> BinaryIO:
    """Create a file in place of an earlier file or link. Raises `OSError`."""
    with suppress(FileNotFoundError):
        if not stat.S_ISLNK(path.lstat().st_mode):
            _check_regular(path, path.lstat())
        path.unlink()
    return create(path, mode)


def open_at_end(path: Path) -> BinaryIO:
    """Open a file to append to it, created when it is missing. Raises `OSError`."""
    return os.fdopen(_open_regular(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT), "ab")


def open_to_read(path: Path) -> BinaryIO:
    """Open a regular file, not through a link. Raises `OSError`."""
    return os.fdopen(_open_regular(path, os.O_RDONLY), "rb")


def open_to_change(path: Path) -> FileIO:
    """Open an existing file to overwrite parts of it, without a buffer. Raises `OSError`."""
    return os.fdopen(_open_regular(path, os.O_RDWR), "r+b", buffering=0)


def _open_regular(path: Path, flags: int) -> int:
    handle = os.open(path, flags | _SAFE_FLAGS, 0o666)
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
    """The permissions for a file that will replace `path`; `mode` when there is nothing yet."""
    try:
        return path.stat().st_mode & 0o777
    except OSError:
        return mode


def sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def move(source: Path, target: Path, *, keep: bool = True) -> None:
    """Rename `source` over `target` durably; with `keep`, `target` keeps its permissions. Raises `OSError`."""
    with suppress(FileNotFoundError):
        found = target.lstat()
        if not stat.S_ISLNK(found.st_mode):
            _check_regular(target, found)
            if keep:
                source.chmod(stat.S_IMODE(found.st_mode))
    source.replace(target)
    sync_directory(target.parent)


def sync_directory(directory: Path) -> None:
    """Make the names in a directory durable; some file systems can't be asked to, and need not be."""
    with suppress(OSError):
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def short(name: str) -> str:
    """The name, or a hash of it when there is no room for a prefix and a suffix."""
    raw = os.fsencode(name)
    return name if len(raw) <= _LONGEST else hashlib.sha256(raw).hexdigest()[:32]


def sweep(paths: list[Path]) -> None:
    """Delete the temporary files that killed runs left behind when they were about to replace one of these files.

    The caller holds their locks.
    """
    for folder in {path.parent for path in paths}:
        names = {short(path.name) for path in paths if path.parent == folder}
        with suppress(OSError), os.scandir(folder) as entries:
            for entry in entries:
                found = _TEMPORARY.fullmatch(entry.name)
                if found and found[1] in names and entry.is_file(follow_symlinks=False):
                    with suppress(OSError):
                        os.unlink(entry.path)
