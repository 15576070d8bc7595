"""The records of a trial: inspected as they are parsed, stored as they arrive, read by index; first in memory, then on
disk.
"""

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
from typing import IO, Any, Protocol

from core.decoding.chunks import Lines
from core.outputs.encoders import JsonLines
from core.runtime.field_path import lookup
from tui.model.declared_schema import Violations

KEYS_REMEMBERED = 200_000
"""Records whose primary keys are compared with each other."""
RECORDS_CHECKED = 10_000
"""Records that are checked against the schema."""


class RecordInspector:
    """Looks at every record once, in the thread that parsed it: field names, primary key, declared schema.

    `columns` is the union of the field names, in the order they came; the list only grows. `encode` may be called by
    several threads at once.
    """

    def __init__(self, primary_key: Sequence[Sequence[str]] = (), schema: Mapping[str, Any] | None = None) -> None:
        self.columns: list[str] = []
        self.primary_key = [list(path) for path in primary_key]
        self.keys_missing = 0
        self.keys_repeated = 0
        self.repeated_key: str = ""
        """One of the keys that came more than once."""
        self._known: set[str] = set()
        self._lookups = [lookup(path) for path in self.primary_key]
        self._keys: set[object] = set()
        self._violations: Violations | None = None
        self._checked = 0
        self._lock = threading.Lock()
        self._lines = JsonLines()
        self.check_against(schema or {})

    def check_against(self, schema: Mapping[str, Any]) -> None:
        """Check the records that come from now on against a schema; {} checks nothing."""
        with self._lock:
            self._violations = Violations(schema) if schema else None

    @property
    def mismatches(self) -> list[tuple[str, int]]:
        """What did not fit the schema, and in how many records."""
        return self._violations.found() if self._violations is not None else []

    def encode(self, records: Sequence[Mapping[str, Any]]) -> bytes:
        """Inspect the records and give them as lines of JSON."""
        with self._lock:
            for record in records:
                if not record.keys() <= self._known:
                    self._add_columns(record)
            if self._lookups:
                self._compare_keys(records)
            if self._violations is not None and self._checked < RECORDS_CHECKED:
                self._check(records, self._violations)
        return self._lines.encode(records)

    def forget_keys(self) -> None:
        """Let go of the keys that records were compared with; no more records come."""
        with self._lock:
            self._keys.clear()

    def _add_columns(self, record: Mapping[str, Any]) -> None:
        names = [str(name) for name in record]
        self.columns.extend(name for name in names if name not in self._known)
        self._known.update(names)

    def _compare_keys(self, records: Sequence[Mapping[str, Any]]) -> None:
        for record in records:
            values = tuple(find(record) for find in self._lookups)
            if None in values:
                self.keys_missing += 1
                continue
            key = values if _is_plain(values) else repr(values)
            if key in self._keys:
                self.keys_repeated += 1
                self.repeated_key = ", ".join(str(value) for value in values)
            elif len(self._keys) < KEYS_REMEMBERED:
                self._keys.add(key)

    def _check(self, records: Sequence[Mapping[str, Any]], violations: Violations) -> None:
        for record in records[: RECORDS_CHECKED - self._checked]:
            violations.add(record)
        self._checked += len(records)


def _is_plain(values: tuple[Any, ...]) -> bool:
    return all(isinstance(value, (str, int, float)) for value in values)


_LET_GO = "the test is not kept any more"


class Spool:
    """A temporary file without a name that lives as long as the spool; the operating system deletes it."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._size = 0
        self._closed = False
        self._lock = threading.Lock()

    def append(self, data: bytes) -> int:
        """Add bytes at the end and give the offset where they begin. Raises `OSError`."""
        with self._lock:
            if self._closed:
                raise OSError(_LET_GO)
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="longhaul-")  # noqa: SIM115 - open as long as its owner
                weakref.finalize(self, self._file.close)
            start = self._size
            self._file.seek(start)
            self._file.write(data)
            self._size += len(data)
            return start

    def read(self, start: int, length: int) -> bytes:
        """What is at an offset. Raises `OSError`."""
        with self._lock:
            if self._closed:
                raise OSError(_LET_GO)
            assert self._file is not None
            self._file.seek(start)
            return self._file.read(length)

    def close(self) -> None:
        """Delete the file; nothing can be read any more."""
        with self._lock:
            self._closed = True
            if self._file is not None:
                self._file.close()


IN_MEMORY = 32_000_000
"""Encoded bytes of records that are kept in memory."""
_BLOCKS_SPLIT = 16


@dataclass(frozen=True, slots=True)
class _Block:
    """Encoded records that came together: in memory, or at an offset of the spool."""

    data: bytes | None
    start: int
    length: int


class RecordView:
    """Some of the records of a store (those of a partition, or of a page of it) in the order they came."""

    def __init__(self, store: RecordStore) -> None:
        self._store = store
        self._starts = array("Q")
        """The index in the store of each sequence of records."""
        self._firsts = array("Q")
        """The index in this view of each sequence of records."""
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def row(self, index: int) -> Mapping[str, object]:
        sequence = bisect_right(self._firsts, index) - 1
        return self._store.row(self._starts[sequence] + index - self._firsts[sequence])

    def columns(self) -> Sequence[str]:
        return self._store.columns()

    def lines(self, start: int = 0) -> Iterator[bytes]:
        """The records that are there now, from an index on, as lines of JSON without their ends."""
        stop = self._count  # first of all: records may be added meanwhile
        while start < stop:
            sequence = bisect_right(self._firsts, start) - 1
            end = min([stop, *self._firsts[sequence + 1 : sequence + 2]])
            first = self._starts[sequence] + start - self._firsts[sequence]
            yield from self._store.lines(first, first + end - start)
            start = end

    def add(self, start: int, count: int) -> None:
        """Take in `count` records that begin at the index `start` of the store."""
        if not self._starts or self._starts[-1] + self._count - self._firsts[-1] != start:
            self._starts.append(start)
            self._firsts.append(self._count)
        self._count += count


class RecordStore:
    """All records of a read, as JSON Lines. `columns` is the growing list of field names of whoever encodes them.

    Appending costs the same however many records there are: nothing is done for each of them.
    """

    def __init__(self, columns: Sequence[str] = (), spool: Spool | None = None, in_memory: int = IN_MEMORY) -> None:
        self._columns = columns
        self._spool = spool or Spool()
        self._in_memory = self._room = in_memory
        self._blocks: list[_Block] = []
        self._firsts = array("Q")
        self._count = 0
        self._views: dict[tuple[int, int | None], RecordView] = {}
        self._lines = lru_cache(_BLOCKS_SPLIT)(self._split)

    def __len__(self) -> int:
        return self._count

    def row(self, index: int) -> Mapping[str, object]:
        block = bisect_right(self._firsts, index) - 1
        record: Mapping[str, object] = json.loads(self._lines(block)[index - self._firsts[block]])
        return record

    def columns(self) -> Sequence[str]:
        """The union of the field names, in the order they came."""
        return self._columns

    def lines(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The records from one index up to another (by default all that are there now), as lines of JSON without their
        ends.
        """
        stop = self._count if stop is None else stop
        while start < stop:
            block = bisect_right(self._firsts, start) - 1
            first = self._firsts[block]
            end = min([stop, *self._firsts[block + 1 : block + 2]])
            yield from self._split(block)[start - first : end - first]
            start = end

    def append(self, data: bytes, count: int, partition: int = 1, page: int = 1) -> None:
        """Add records that are encoded as lines of JSON. Raises `OSError` when the disk is full."""
        if not count:
            return
        fits = len(data) <= self._room
        if fits:
            self._room -= len(data)
        start = 0 if fits else self._spool.append(data)
        self._blocks.append(_Block(data if fits else None, start, len(data)))
        self._firsts.append(self._count)
        for key in ((partition, None), (partition, page)):
            self._views.setdefault(key, RecordView(self)).add(self._count, count)
        self._count += count

    @property
    def in_memory(self) -> int:
        """Encoded bytes that are in memory."""
        return self._in_memory - self._room

    def put_away(self) -> None:
        """Move what is in memory to disk; no more records come. Raises `OSError`."""
        for number, block in enumerate(self._blocks):
            if block.data is not None:
                self._blocks[number] = _Block(None, self._spool.append(block.data), block.length)
        self._room = self._in_memory
        self._lines.cache_clear()

    def view(self, partition: int | None, page: int | None = None) -> RecordStore | RecordView:
        """The records of a partition, or of a page of it; all of them without a partition."""
        if partition is None:
            return self
        return self._views.setdefault((partition, page), RecordView(self))

    def _split(self, number: int) -> list[bytes]:
        block = self._blocks[number]
        data = self._spool.read(block.start, block.length) if block.data is None else block.data
        return data.split(b"\n")


BATCH = 1_000
"""Records that are taken out of a store at once, at most."""
_BATCH_BYTES = 4_000_000


def batches(source: RecordStore | RecordView, start: int = 0) -> Iterator[Lines]:
    """The records of a source that are there now, from an index on, with the text that they are stored as, in batches
    that are small in number and in bytes.
    """
    batch: list[bytes] = []
    size = 0
    for line in source.lines(start):
        batch.append(line)
        size += len(line)
        if len(batch) == BATCH or size >= _BATCH_BYTES:
            yield _parsed(batch)
            batch, size = [], 0
    if batch:
        yield _parsed(batch)


def _parsed(lines: list[bytes]) -> Lines:
    return Lines(map(json.loads, lines), b"\n".join([*lines, b""]))


class Rows(Protocol):
    """Records by index: a store, a view of it, or any other source."""

    def __len__(self) -> int: ...

    def row(self, index: int) -> Mapping[str, object]: ...


def rows(source: Rows, most: int | None = None) -> Iterator[Mapping[str, object]]:
    """The records of a source that are there now, at most so many."""
    total = len(source) if most is None else min(most, len(source))
    return (source.row(index) for index in range(total))
