"""Writes slices one after the other that are read side by side.

The records of a slice are buffered, in memory and then in a temporary file beside the output, until a state covers
them. Only one slice at a time, and only when it is large, goes straight to the sink. So a run that is interrupted
anywhere rarely leaves more than one slice behind that the next run reads again.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from typing import Any, BinaryIO, cast

from core.outputs.sinks import OutputSink

FULL = 1 << 20
"""Bytes that are buffered in memory before they are written."""

Slice = Mapping[str, Any] | None
State = Mapping[str, Any]


class SliceBuffer:
    """Takes the encoded records of a stream's slices and passes them to a sink.

    `until_state` says that slices have to wait for their state; otherwise nothing waits. `add` is cheap; everything
    else may wait for the disk and belongs in a worker thread, one call at a time. All methods but `add` raise
    `OSError`.
    """

    def __init__(self, sink: OutputSink, *, until_state: bool) -> None:
        self.sink = sink
        self._until_state = until_state
        self._parts: dict[int, _BufferedSlice] = {}
        self._large: int | None = None

    def add(self, slice_: Slice, data: bytes) -> None:
        key = self._key(slice_)
        if key not in self._parts:
            self._parts[key] = _BufferedSlice(slice_, self.sink)
        self._parts[key].add(data)

    @property
    def full(self) -> bool:
        """Whether enough is buffered to be written."""
        return any(part.in_memory >= FULL for part in self._parts.values())

    @property
    def waiting(self) -> bool:
        """Whether something is buffered that could go to the sink."""
        return not self._until_state and bool(self._parts)

    def write(self) -> None:
        """Write what may be written; move to disk what is large of the rest."""
        for key, part in list(self._parts.items()):
            if not self._until_state:
                self._write_out(key)
            elif part.in_memory >= FULL:
                self._large = self._large or key
                part.write_out() if key == self._large else part.spill()

    def end(self, slice_: Slice, *, succeeded: bool) -> None:
        """A slice is over. When it failed, it will be read again, and what is buffered of it is dropped."""
        key = self._key(slice_)
        if key in self._parts:
            if not self._until_state:
                self._write_out(key)
            elif succeeded:
                self._parts[key].over = True
            else:
                self._parts.pop(key).drop()
        if self._large == key:
            self._large = None

    def commit(self, slice_: Slice, state: State) -> State | None:
        """Make everything that a state covers survive a crash: the slices that are over, and this one. Returns the
        state that may be saved now, if any.
        """
        if not self._until_state:
            return None
        self.end(slice_, succeeded=True)
        for key in [key for key, part in self._parts.items() if part.over]:
            self._write_out(key)
        self.sink.commit()
        return state

    def finish(self, *, succeeded: bool) -> State | None:
        """End the stream and the sink. No state has waited for that."""
        for part in list(self._parts.values()):
            self.end(part.slice, succeeded=succeeded)
        for key in list(self._parts):
            self._write_out(key)
        self.sink.finish(succeeded=succeeded)
        return None

    def _write_out(self, key: int) -> None:
        self._parts.pop(key).write_out()

    def _key(self, slice_: Slice) -> int:
        return id(slice_) if self._until_state else 0


class _BufferedSlice:
    def __init__(self, slice_: Slice, sink: OutputSink) -> None:
        self.slice = slice_  # held, so that no other slice gets the same id()
        self.over = False
        self.in_memory = 0
        """Bytes that are buffered in memory."""
        self._memory: list[bytes] = []
        self._sink = sink
        self._file: BinaryIO | None = None

    def add(self, data: bytes) -> None:
        self._memory.append(data)
        self.in_memory += len(data)

    def spill(self) -> None:
        """Move the memory to a temporary file."""
        if self._file is None:
            self._file = cast(BinaryIO, tempfile.TemporaryFile(dir=self._sink.folder))  # noqa: SIM115 - open for long
        self._file.writelines(self._taken())

    def write_out(self) -> None:
        """Write everything to the sink."""
        if self._file is not None:
            self._file.seek(0)
            while block := self._file.read(FULL):
                self._sink.add(block)
                self._sink.write()
        for data in self._taken():
            self._sink.add(data)
        self._sink.write()
        self.drop()

    def _taken(self) -> list[bytes]:
        """What was buffered in memory, and is no more."""
        taken, self._memory, self.in_memory = self._memory, [], 0
        return taken

    def drop(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
