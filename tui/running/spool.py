"""Bytes that are too many for memory: appended to a temporary file, read back piece by piece."""

from __future__ import annotations

import tempfile
import threading
import weakref
from typing import IO


class Spool:
    """A temporary file without a name, there as long as the spool; the operating system deletes it then."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._size = 0
        self._lock = threading.Lock()

    def append(self, data: bytes) -> int:
        """Add bytes at the end and give the place where they begin. Raises `OSError`."""
        with self._lock:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="longhaul-")  # noqa: SIM115 - open as long as its owner
                weakref.finalize(self, self._file.close)
            start = self._size
            self._file.seek(start)
            self._file.write(data)
            self._size += len(data)
            return start

    def read(self, start: int, length: int) -> bytes:
        """The bytes at a place."""
        with self._lock:
            assert self._file is not None
            self._file.seek(start)
            return self._file.read(length)
