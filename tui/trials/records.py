"""The records of a trial: appended as they arrive, looked at by index, in memory at first and then on disk."""

from __future__ import annotations

import json
import tempfile
import threading
import weakref
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import IO, Protocol


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


IN_MEMORY = 32_000_000
"""Encoded bytes of records that are kept in memory."""
_BLOCKS_SPLIT = 16


@dataclass(frozen=True, slots=True)
class _Block:
    """Encoded records that came together: in memory, or at a place of the spool."""

    data: bytes | None
    start: int
    length: int


class RecordView:
    """Some of the records of a store (those of a partition, or of a page of it) in the order they came."""

    def __init__(self, store: RecordStore) -> None:
        self._store = store
        self._places = array("Q")
        """The index in the store of each run of records."""
        self._firsts = array("Q")
        """The index in this view of each run of records."""
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def row(self, index: int) -> Mapping[str, object]:
        """The record at an index."""
        run = bisect_right(self._firsts, index) - 1
        return self._store.row(self._places[run] + index - self._firsts[run])

    def columns(self) -> Sequence[str]:
        """The field names of all records of the store."""
        return self._store.columns()

    def add(self, place: int, count: int) -> None:
        """Take in `count` records that begin at `place` of the store."""
        if not self._places or self._places[-1] + self._count - self._firsts[-1] != place:
            self._places.append(place)
            self._firsts.append(self._count)
        self._count += count


class RecordStore:
    """All records of a read, as JSON Lines. `columns` is the growing list of field names, kept by who encodes them.

    Appending costs the same however many records there are: nothing is done for each of them.
    """

    def __init__(self, columns: Sequence[str] = (), spool: Spool | None = None, in_memory: int = IN_MEMORY) -> None:
        self._columns = columns
        self._spool = spool or Spool()
        self._room = in_memory
        self._blocks: list[_Block] = []
        self._firsts = array("Q")
        self._count = 0
        self._views: dict[tuple[int, int | None], RecordView] = {}
        self._lines = lru_cache(_BLOCKS_SPLIT)(self._split)

    def __len__(self) -> int:
        return self._count

    def row(self, index: int) -> Mapping[str, object]:
        """The record at an index, counted from 0."""
        block = bisect_right(self._firsts, index) - 1
        record: Mapping[str, object] = json.loads(self._lines(block)[index - self._firsts[block]])
        return record

    def columns(self) -> Sequence[str]:
        """The union of the field names, in the order they came."""
        return self._columns

    def append(self, data: bytes, count: int, partition: int, page: int) -> None:
        """Add records that are encoded as lines of JSON. Raises `OSError` when the disk is full."""
        if not count:
            return
        kept = len(data) <= self._room
        if kept:
            self._room -= len(data)
        start = 0 if kept else self._spool.append(data)
        self._blocks.append(_Block(data if kept else None, start, len(data)))
        self._firsts.append(self._count)
        for key in ((partition, None), (partition, page)):
            self._views.setdefault(key, RecordView(self)).add(self._count, count)
        self._count += count

    def view(self, partition: int | None, page: int | None = None) -> RecordStore | RecordView:
        """The records of a partition, or of a page of it; all of them without a partition."""
        if partition is None:
            return self
        return self._views.setdefault((partition, page), RecordView(self))

    def _split(self, number: int) -> list[bytes]:
        block = self._blocks[number]
        data = self._spool.read(block.start, block.length) if block.data is None else block.data
        return data.split(b"\n")


class Rows(Protocol):
    """Records by index: a store, a view of it, or any other source."""

    def __len__(self) -> int:
        """How many there are by now."""

    def row(self, index: int) -> Mapping[str, object]:
        """The record at an index."""


def rows(source: Rows, most: int | None = None) -> Iterator[Mapping[str, object]]:
    """The records of a source that are there now, at most so many."""
    total = len(source) if most is None else min(most, len(source))
    return (source.row(index) for index in range(total))
