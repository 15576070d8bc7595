"""Folders for what is put on disk for a while, and clearing away those that a process which was killed has left."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from filelock import FileLock, Timeout

_PREFIX = "longhaul-scratch-"
_LOCK = ".lock"


class ScratchFolder:
    """A folder that only its owner can read, until `close`. A lock beside it, which ends with the process, says that
    it is in use.

    Raises OSError when it can't be made.
    """

    def __init__(self) -> None:
        handle, name = tempfile.mkstemp(prefix=_PREFIX, suffix=_LOCK)
        os.close(handle)
        self._lock = FileLock(name, timeout=0, thread_local=False)
        try:
            self._lock.acquire()
        except Timeout as error:
            raise OSError(f"{name} is locked") from error
        self.path = Path(name.removesuffix(_LOCK))
        self.path.mkdir(mode=0o700)

    def close(self) -> None:
        """Delete it; may be called twice."""
        _remove(self.path, self._lock)

    def __enter__(self) -> Path:
        return self.path

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def clear_scratch() -> None:
    """Delete the folders that no process has any more. Those of others, and what can't be deleted, stay."""
    for file in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*{_LOCK}"):
        with suppress(OSError, Timeout):
            if file.is_symlink() or not _is_own(file):
                continue
            lock = FileLock(file, timeout=0, thread_local=False)
            lock.acquire()
            _remove(file.with_suffix(""), lock)


def _is_own(file: Path) -> bool:
    return not hasattr(os, "getuid") or file.stat().st_uid == os.getuid()


def _remove(folder: Path, lock: FileLock) -> None:
    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        Path(lock.lock_file).unlink(missing_ok=True)
    lock.release()
