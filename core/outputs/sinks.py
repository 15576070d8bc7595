"""Where the records of one stream go: a file that is replaced, a file that grows, or standard output."""

from __future__ import annotations

import os
import zlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.outputs.durable import OutputError, move, open_at_end, permissions, recreate, sync, sync_directory
from core.outputs.encoders import Csv, Encoder, JsonLines
from core.outputs.repair import GZIP, read_header, repair, widen


class LineFile:
    """An open file. When it is gzipped, everything between two calls of `sync` is one gzip member, so that a crash can
    damage no more than the last one. All methods raise `OSError`.
    """

    def __init__(self, path: Path, *, append: bool, mode: int = 0o666) -> None:
        """Open the file to append to it, or replace it by one with the permissions `mode`, less the umask."""
        self._path = path
        self._file = open_at_end(path) if append else recreate(path, mode)
        self._compressed = path.name.removesuffix(".partial").endswith(".gz")
        self._member: zlib._Compress | None = None
        self.is_empty = not self._file.tell()
        sync_directory(path.parent)

    def write(self, data: bytes | bytearray) -> None:
        self.is_empty = self.is_empty and not data
        if self._compressed:
            self._member = self._member or zlib.compressobj(wbits=GZIP)
            data = self._member.compress(data)
        self._file.write(data)

    def sync(self) -> None:
        """Flush what was written to the disk. Raises `OutputError` when the file was moved or deleted."""
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
        """Sync and close. A gzip file without records gets one empty member: an empty file is not gzip."""
        try:
            if self._compressed and self.is_empty:
                self.write(b"")
            self.sync()
        finally:
            self._file.close()

    def drop(self) -> None:
        """Close and delete the file, written or not."""
        try:
            self._file.close()
        finally:
            self._path.unlink(missing_ok=True)


class OutputSink(ABC):
    """Takes the encoded records of one stream.

    `add` is cheap; everything else may wait for the disk or a reader and belongs in a worker thread, one call at a
    time. All methods but `add` raise `OSError`.
    """

    encoder: Encoder
    """Makes the bytes that `add` takes; set by `open`."""

    def __init__(self) -> None:
        self.waiting = bytearray()

    @property
    @abstractmethod
    def place(self) -> str:
        """Where the records are, for people."""

    @property
    def folder(self) -> Path | None:
        """Where temporary files belong; None for the system's default."""
        return None

    @property
    @abstractmethod
    def remains(self) -> str:
        """What there is of a stream that did not succeed, for people."""

    @abstractmethod
    def open(self) -> str | None:
        """Get ready; returns a sentence for people when something had to be repaired first. Raises `OutputError`."""

    def declare(self, schema: Mapping[str, Any]) -> None:
        """Take note of the JSON Schema of the records, when that became known only in the read."""
        return

    def add(self, data: bytes | bytearray) -> None:
        self.waiting += data

    def write(self) -> None:
        """Write what is buffered."""
        if self.waiting:
            data, self.waiting = self.waiting, bytearray()
            self._write(data)

    @abstractmethod
    def _write(self, data: bytearray) -> None: ...

    def commit(self) -> None:
        """Make everything added so far survive a crash."""
        self.write()

    def finish(self, *, succeeded: bool) -> None:
        """Write what is buffered and close; `succeeded` says whether the stream did."""
        self.write()

    def discard(self) -> None:
        """Close where `finish` was not reached or failed, and leave nothing behind. Only for what is replaced."""
        self.waiting.clear()


def partial(path: Path) -> Path:
    """Where records are until their file may be replaced."""
    return path.with_name(f"{path.name}.partial")


class StdoutSink(OutputSink):
    """Standard output, or another open descriptor: JSON Lines."""

    def __init__(self, descriptor: int = 1) -> None:
        super().__init__()
        self._descriptor = descriptor

    @property
    def place(self) -> str:
        return "standard output"

    @property
    def remains(self) -> str:
        return "standard output is incomplete"

    def open(self) -> None:
        self.encoder = JsonLines()

    def _write(self, data: bytearray) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._descriptor, view) :]


class FileSink(OutputSink):
    """A file of lines, CSV or JSON, gzipped or not.

    When the file is replaced, records are written to `<name>.partial`, which is renamed over it when the stream has
    succeeded and stays where it is otherwise. When it is appended to, they go to the end of the file itself, after a
    torn last line was cut off.

    When records have columns that a CSV header on disk does not name, the file is rewritten with a wider header: at the
    end when it is replaced, before the first such row when it grows (declaring all columns in the schema avoids that).
    """

    def __init__(self, path: Path, columns: Sequence[str], *, append: bool) -> None:
        super().__init__()
        self._shown = path
        self._path = path.resolve()
        self._columns = columns
        self._append = append
        self._target = self._path if append else partial(self._path)
        self._header: tuple[str, ...] = ()
        self._place: Path | None = path if append else path.with_name(self._target.name)

    @property
    def place(self) -> str:
        return str(self._place or self._shown)

    @property
    def remains(self) -> str:
        return f"what was read is in {self._place}" if self._place else "no records were kept"

    @property
    def folder(self) -> Path:
        """Beside the file, where there is room for the records."""
        return self._target.parent

    @property
    def _compressed(self) -> bool:
        return self._path.suffix == ".gz"

    @property
    def _is_csv(self) -> bool:
        return self._path.name.removesuffix(".gz").endswith(".csv")

    def open(self) -> str | None:
        repaired = self._append and self._path.exists() and self._repair()
        self.encoder = Csv(self._header or self._columns) if self._is_csv else JsonLines()
        self._file = LineFile(self._target, append=self._append, mode=permissions(self._path))
        return f"A torn last line, left by a crash, was cut off {self._shown}." if repaired else None

    def _repair(self) -> bool:
        repaired = repair(self._path, rows=self._is_csv, compressed=self._compressed)
        if self._is_csv:
            self._header = read_header(self._path, compressed=self._compressed)
        return repaired

    def _write(self, data: bytearray) -> None:
        if self._append and self._header and self._too_narrow:
            self._widen()
        self._write_header()
        self._file.write(data)

    def _write_header(self) -> None:
        """The first line of a new CSV file."""
        if isinstance(self.encoder, Csv) and not self._header:
            self._header = self.encoder.columns
            self._file.write(self.encoder.header())

    @property
    def _too_narrow(self) -> bool:
        """Whether there are rows with cells that the header on disk does not name."""
        return isinstance(self.encoder, Csv) and len(self.encoder.columns) > len(self._header)

    @property
    def _uneven(self) -> bool:
        """Whether there are rows with fewer cells than others."""
        return isinstance(self.encoder, Csv) and self.encoder.uneven

    def _widen(self) -> None:
        assert isinstance(self.encoder, Csv)
        self._file.close()
        self._header = self.encoder.columns
        widen(self._target, self._header, compressed=self._compressed)
        self._file = LineFile(self._target, append=True)

    def commit(self) -> None:
        self.write()
        self._file.sync()

    def finish(self, *, succeeded: bool) -> None:
        self.write()
        if succeeded:
            self._write_header()
        if self._header and (self._too_narrow or self._uneven):
            self._widen()
        self._file.close()
        if not self._append:
            self._settle(succeeded)

    def discard(self) -> None:
        assert not self._append
        self._file.drop()

    def _settle(self, succeeded: bool) -> None:
        if succeeded:
            move(self._target, self._path)
            self._place = self._shown
        elif self._file.is_empty:
            self._target.unlink()
            self._place = None
