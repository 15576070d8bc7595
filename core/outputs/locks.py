"""Locks on files: a run holds those of all files that it writes, so that no other run writes them too.

A lock is a hidden file beside the one that it protects, locked by the operating system: it ends with the process that
holds it, however that ends. Its content says who holds it.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson
from filelock import BaseFileLock, FileLock, Timeout, UnixFileLock, WindowsFileLock

from core.outputs.durable import OutputError, open_to_change, short, sweep
from core.outputs.paths import NamedPath, resolved

_HEAD = 1
"""The byte that Windows keeps others from reading; the holder is written after it."""
_LONGEST = 1000


class AlreadyLocked(Exception):
    """Another process, or this one, holds the lock; the message says who."""


@dataclass(frozen=True, slots=True)
class LockHolder:
    pid: int
    host: str
    since: datetime

    def __str__(self) -> str:
        since = self.since.astimezone()
        return f"process {self.pid} on {self.host}, since {since:%Y-%m-%d %H:%M:%S}"

    @property
    def is_me(self) -> bool:
        return (self.pid, self.host) == (os.getpid(), socket.gethostname())


def lock_file(path: Path) -> Path:
    """The lock of the file at `path`, in which links are resolved."""
    return path.with_name(f".{short(path.name)}.lock")


@contextmanager
def hold(files: Iterable[NamedPath]) -> Iterator[None]:
    """Hold the locks of files while the block runs. Raises `OutputError` at once when one of them is taken."""
    with ExitStack() as locks:
        paths = [_hold(file, locks) for file in files]
        sweep(paths)
        yield


def _hold(file: NamedPath, locks: ExitStack) -> Path:
    path = resolved(file.path)
    try:
        locks.enter_context(lock(path))
    except AlreadyLocked as error:
        raise OutputError(f"{file.name}: {file.path} {error}; give each run files of its own.") from None
    except OSError as error:
        raise OutputError.of(lock_file(path), error) from error
    return path


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Hold the lock of one file. Raises `AlreadyLocked` at once when it is taken, and `OSError`."""
    file = lock_file(path)
    file.parent.stat()  # filelock would create it
    file_lock = FileLock(file, blocking=False, thread_local=False)
    try:
        file_lock.acquire()
    except Timeout:
        if not file.exists():
            file.touch()  # raises why it can't be created, which filelock takes for a lock that is held
        raise AlreadyLocked(_reason(_read_holder(file))) from None
    try:
        _write_holder(file)
        yield
    finally:
        _release(file_lock, file)


def _release(file_lock: BaseFileLock, file: Path) -> None:
    """Release the lock. Its file is deleted first, while nobody else can have it; on Windows it can only be deleted
    afterwards, and is not when another process has opened it.
    """
    if isinstance(file_lock, UnixFileLock):
        with suppress(OSError):
            file.unlink()
    file_lock.release()
    if isinstance(file_lock, WindowsFileLock):
        with suppress(OSError):
            file.unlink()


def _reason(holder: LockHolder | None) -> str:
    if holder is None:
        return "is in use by another run"
    if holder.is_me:
        return "is in use by this run already, under a name that this file system takes for the same"
    return f"is in use by another run ({holder})"


def _write_holder(file: Path) -> None:
    """Write into a lock who holds it, unless the locking itself keeps something there."""
    content = {"pid": os.getpid(), "host": socket.gethostname(), "since": datetime.now(UTC)}
    with suppress(OSError), open_to_change(file) as content_file:
        content_file.seek(_HEAD)
        if content_file.read(1) in (b"", b"{"):
            content_file.seek(_HEAD)
            content_file.write(orjson.dumps(content))
            content_file.truncate()


def _read_holder(file: Path) -> LockHolder | None:
    """Who holds a lock; None when that is unknown."""
    try:
        with open_to_change(file) as content_file:
            content_file.seek(_HEAD)
            content = orjson.loads(content_file.read(_LONGEST))
        return LockHolder(int(content["pid"]), str(content["host"]), datetime.fromisoformat(content["since"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None
