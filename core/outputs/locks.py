"""Locks on files: a run holds those of all files that it writes, so that no other one writes them too.

A lock is a hidden file beside the one that it is for, locked by the operating system: it ends with the process that has
it, however that ends. In it stands who holds it.
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
"""The byte that Windows keeps others from reading; who holds the lock is written after it."""
_LONGEST = 1000


class AlreadyLocked(Exception):
    """Another process, or this one, holds the lock; the text says who."""


@dataclass(frozen=True, slots=True)
class LockHolder:
    """Who holds a lock."""

    pid: int
    host: str
    since: datetime

    def __str__(self) -> str:
        since = self.since.astimezone()
        return f"process {self.pid} on {self.host}, since {since:%Y-%m-%d %H:%M:%S}"

    @property
    def is_me(self) -> bool:
        """Whether it is this process."""
        return (self.pid, self.host) == (os.getpid(), socket.gethostname())


def lock_file(path: Path) -> Path:
    """The lock of the file at `path`, which is free of links."""
    return path.with_name(f".{short(path.name)}.lock")


@contextmanager
def hold(places: Iterable[NamedPath]) -> Iterator[None]:
    """Hold the locks of files while the block runs. Raises `OutputError` at once when somebody else has one of them."""
    with ExitStack() as locks:
        paths = [_hold(place, locks) for place in places]
        sweep(paths)
        yield


def _hold(place: NamedPath, locks: ExitStack) -> Path:
    path = resolved(place.path)
    try:
        locks.enter_context(lock(path))
    except AlreadyLocked as error:
        raise OutputError(f"{place.what}: {place.path} {error}; give each run files of its own.") from None
    except OSError as error:
        raise OutputError.of(lock_file(path), error) from error
    return path


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Hold the lock of one file. Raises `AlreadyLocked` at once when somebody else has it, and `OSError`."""
    file = lock_file(path)
    file.parent.stat()  # filelock would make it
    found = FileLock(file, blocking=False, thread_local=False)
    try:
        found.acquire()
    except Timeout:
        raise AlreadyLocked(_words(_holder(file))) from None
    try:
        _sign(file)
        yield
    finally:
        _release(found, file)


def _release(held: BaseFileLock, file: Path) -> None:
    """Give the lock back. Its file goes first, as long as nobody else can have it; on Windows it can only go after,
    and does not when somebody else has opened it.
    """
    if isinstance(held, UnixFileLock):
        with suppress(OSError):
            file.unlink()
    held.release()
    if isinstance(held, WindowsFileLock):
        with suppress(OSError):
            file.unlink()


def _words(holder: LockHolder | None) -> str:
    if holder is None:
        return "is in use by another run"
    if holder.is_me:
        return "is in use by this run already, under a name that this file system takes for the same"
    return f"is in use by another run ({holder})"


def _sign(file: Path) -> None:
    """Write into a lock who holds it, unless the locking itself keeps something there."""
    content = {"pid": os.getpid(), "host": socket.gethostname(), "since": datetime.now(UTC)}
    with suppress(OSError), open_to_change(file) as signed:
        signed.seek(_HEAD)
        if signed.read(1) in (b"", b"{"):
            signed.seek(_HEAD)
            signed.write(orjson.dumps(content))
            signed.truncate()


def _holder(file: Path) -> LockHolder | None:
    """Who holds a lock; None when that can't be told."""
    try:
        with open_to_change(file) as signed:
            signed.seek(_HEAD)
            content = orjson.loads(signed.read(_LONGEST))
        return LockHolder(int(content["pid"]), str(content["host"]), datetime.fromisoformat(content["since"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None
