"""Slices that are read side by side, written one after the other.

What a slice brings waits, in memory and then in a temporary file beside the output, until a state covers it. Only one
slice at a time, and only when it is large, goes straight to the sink. So a run that is cut off anywhere leaves hardly
ever more than one slice behind that the next run reads again.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from typing import Any, BinaryIO, cast

from core.outputs.sinks import FULL, OutputSink

Slice = Mapping[str, Any] | None


class SliceBuffer:
    """Takes the encoded records of a stream's slices and hands them to a sink.

    `apart` says whether slices have to wait for their state; without one there is nothing to wait for. `add` is cheap;
    everything else may wait for the disk and belongs in a worker thread, one call at a time. All methods but `add`
    raise `OSError`.
    """

    def __init__(self, sink: OutputSink, *, apart: bool) -> None:
        self.sink = sink
        self._apart = apart
        self._parts: dict[int, _Part] = {}
        self._large: int | None = None

    def add(self, slice_: Slice, data: bytes) -> None:
        """Take encoded records of a slice."""
        key = self._key(slice_)
        if key not in self._parts:
            self._parts[key] = _Part(slice_, self.sink)
        self._parts[key].memory += data

    @property
    def full(self) -> bool:
        """Whether it is time to write what waits."""
        return any(len(part.memory) >= FULL for part in self._parts.values())

    @property
    def waiting(self) -> bool:
        """Whether something waits that could go to the sink."""
        return not self._apart and bool(self._parts)

    def write(self) -> None:
        """Write what may be written; of the rest, move what is large to disk."""
        for key, part in list(self._parts.items()):
            if not self._apart:
                self._hand_over(key)
            elif len(part.memory) >= FULL:
                self._large = self._large or key
                part.hand_over() if key == self._large else part.spill()

    def end(self, slice_: Slice, *, succeeded: bool) -> None:
        """A slice is over. When it did not end well it will be read again: what waits of it is dropped."""
        key = self._key(slice_)
        if key in self._parts:
            if not self._apart:
                self._hand_over(key)
            elif succeeded:
                self._parts[key].over = True
            else:
                self._parts.pop(key).drop()
        if self._large == key:
            self._large = None

    def commit(self, slice_: Slice) -> None:
        """Bring all that a state covers to where a crash can't take it: the slices that are over, and this one."""
        self.end(slice_, succeeded=True)
        for key in [key for key, part in self._parts.items() if part.over]:
            self._hand_over(key)
        self.sink.commit()

    def finish(self, *, succeeded: bool) -> None:
        """The stream is over, and so is the sink."""
        for part in list(self._parts.values()):
            self.end(part.slice, succeeded=succeeded)
        for key in list(self._parts):
            self._hand_over(key)
        self.sink.finish(succeeded=succeeded)

    def _hand_over(self, key: int) -> None:
        self._parts.pop(key).hand_over()

    def _key(self, slice_: Slice) -> int:
        return id(slice_) if self._apart else 0


class _Part:
    """What waits of one slice."""

    def __init__(self, slice_: Slice, sink: OutputSink) -> None:
        self.slice = slice_  # kept, so that no other slice gets its identity meanwhile
        self.over = False
        self.memory = bytearray()
        self._sink = sink
        self._file: BinaryIO | None = None

    def spill(self) -> None:
        """Move the memory to a temporary file."""
        if self._file is None:
            self._file = cast(BinaryIO, tempfile.TemporaryFile(dir=self._sink.folder))  # noqa: SIM115 - open for long
        self._file.write(self.memory)
        self.memory.clear()

    def hand_over(self) -> None:
        """Write everything to the sink."""
        if self._file is not None:
            self._file.seek(0)
            while block := self._file.read(FULL):
                self._sink.add(block)
                self._sink.write()
        self._sink.add(self.memory)
        self._sink.write()
        self.memory.clear()
        self.drop()

    def drop(self) -> None:
        """Let go of the temporary file."""
        if self._file is not None:
            self._file.close()
            self._file = None
