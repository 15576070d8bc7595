"""What was read and is not loaded yet: in memory while it is little, else compressed in a temporary file."""

from __future__ import annotations

import shutil
import struct
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

BLOCK = 1 << 20
"""Bytes that are kept in memory, and about as many as are compressed together."""
_HEAD = struct.Struct("<QQ")
"""Before each block: how long it is in the file, and in memory."""


class Spool:
    """A queue of encoded records; what is added together is given out together. All methods raise `OSError`."""

    def __init__(self, folder: Path, codec: Any) -> None:
        """`folder` is where the temporary file belongs, `codec` one of PyArrow's."""
        self.size = 0
        self._folder = folder
        self._codec = codec
        self._memory = bytearray()
        self._file: BinaryIO | None = None

    @property
    def full(self) -> bool:
        """Whether the memory should be written out."""
        return len(self._memory) >= BLOCK

    def add(self, data: bytes | bytearray) -> None:
        """Add whole frames (see `Tables`); cheap, and raises nothing."""
        self._memory += data
        self.size += len(data)

    def write(self) -> None:
        """Move the memory to the file."""
        if not self._memory:
            return
        data, self._memory = self._memory, bytearray()
        packed = self._codec.compress(data, asbytes=True)
        file = self._opened()
        file.write(_HEAD.pack(len(packed), len(data)))
        file.write(packed)

    def take(self, other: Spool) -> None:
        """Append what another spool holds, which is empty afterwards."""
        if other._file is not None:
            self.write()
            if self._file is None:
                self._file, other._file = other._file, None
            else:
                other._file.seek(0)
                shutil.copyfileobj(other._file, self._file, BLOCK)
        self._memory += other._memory
        self.size += other.size
        other.drop()
        if self.full:
            self.write()

    def blocks(self) -> Iterator[bytes]:
        """What was added, block by block."""
        if self._file is not None:
            self._file.seek(0)
            while head := self._file.read(_HEAD.size):
                packed, length = _HEAD.unpack(head)
                yield self._codec.decompress(self._file.read(packed), length, asbytes=True)
        if self._memory:
            yield bytes(self._memory)

    def drop(self) -> None:
        """Forget everything."""
        self._memory.clear()
        self.size = 0
        if self._file is not None:
            self._file.close()
            self._file = None

    def _opened(self) -> BinaryIO:
        if self._file is None:
            self._file = cast(BinaryIO, tempfile.TemporaryFile(dir=self._folder))  # noqa: SIM115 - open for long
        return self._file
