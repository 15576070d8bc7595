"""A file of lines being written, gzipped or not."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

from core.outputs.durable import create_anew, open_at_end, sync, sync_directory
from core.outputs.faults import OutputError
from core.outputs.repair import GZIP


class LineFile:
    """An open file. Gzipped, everything between two calls of `sync` is one gzip member, so that a crash can
    tear no more than the last one. All methods raise `OSError`.
    """

    def __init__(self, path: Path, *, append: bool, mode: int = 0o666) -> None:
        """Open the file to append to it, or make it anew with the permissions `mode`, less the umask."""
        self._path = path
        self._file = open_at_end(path) if append else create_anew(path, mode)
        self._compressed = path.name.removesuffix(".partial").endswith(".gz")
        self._member: zlib._Compress | None = None
        self.empty = not self._file.tell()
        """Whether there is nothing in the file."""
        sync_directory(path.parent)

    def write(self, data: bytes | bytearray) -> None:
        """Write encoded records."""
        self.empty = self.empty and not data
        if self._compressed:
            self._member = self._member or zlib.compressobj(wbits=GZIP)
            data = self._member.compress(data)
        self._file.write(data)

    def sync(self) -> None:
        """Bring what was written to the disk. Raises `OutputError` when the file is not in its place any more."""
        if self._member:
            self._file.write(self._member.flush())
            self._member = None
        sync(self._file)
        if not self._in_place():
            raise OutputError(f"{self._path} is gone: it was moved or deleted while it was written. Run again.")

    def _in_place(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._file.fileno()), self._path.stat())
        except FileNotFoundError:
            return False

    def close(self) -> None:
        """Sync and close. An empty gzip file holds one empty member, for an empty one is none."""
        try:
            if self._compressed and self.empty:
                self.write(b"")
            self.sync()
        finally:
            self._file.close()
