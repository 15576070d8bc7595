"""What can be selected in the navigator, and how a selected stream is followed when streams come, go or move."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from weakref import WeakSet

Selection = str | int
"""What the editor area shows: "global", "inputs", or a stream by its index."""
GLOBAL: Selection = "global"
INPUTS: Selection = "inputs"


@dataclass(eq=False)
class StreamHandle:
    """Refers to the same stream wherever it moves; the index is None once the stream is deleted."""

    index: int | None


@dataclass(frozen=True, slots=True)
class StreamMoves:
    """The new index of each stream by its old one (None: it is deleted), and how many streams there are now."""

    indexes: tuple[int | None, ...]
    count: int

    def stream(self, index: int) -> int | None:
        """The new index of a stream."""
        return self.indexes[index] if 0 <= index < len(self.indexes) else None

    def selection(self, selection: Selection) -> Selection:
        """What to select now; a deleted stream is replaced by the one that took its place."""
        if not isinstance(selection, int):
            return selection
        index = self.stream(selection)
        if index is None:
            return min(selection, self.count - 1) if self.count else GLOBAL
        return index


class StreamTracker:
    """Follows the streams of a manifest by name, since names are all that an undo or an edit of the text leaves."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._handles: WeakSet[StreamHandle] = WeakSet()

    def handle(self, index: int | None) -> StreamHandle:
        """A handle to a stream (None: to none), kept up to date for as long as it is referenced."""
        handle = StreamHandle(index)
        self._handles.add(handle)
        return handle

    def renamed(self, names: Sequence[str]) -> tuple[str, str] | None:
        """The old and the new name, if one stream was renamed and nothing else happened. Call it before `update`."""
        if len(names) != len(self._names):
            return None
        changed = [pair for pair in zip(self._names, names, strict=True) if pair[0] != pair[1]]
        return changed[0] if len(changed) == 1 else None

    def update(self, names: Sequence[str]) -> StreamMoves | None:
        """Take over the present names and update all handles; None when every stream is where it was."""
        before, self._names = self._names, tuple(names)
        moves = StreamMoves(_indexes(before, self._names), len(names))
        if moves == StreamMoves(tuple(range(len(before))), len(before)):
            return None
        for handle in self._handles:
            handle.index = None if handle.index is None else moves.stream(handle.index)
        return moves


def _indexes(before: Sequence[str], after: Sequence[str]) -> tuple[int | None, ...]:
    """The new index of each name. New names stand for names that are gone if there are as many of both."""
    positions = {name: index for index, name in enumerate(_numbered(after))}
    found = [positions.get(name) for name in _numbered(before)]
    gone = [index for index, position in enumerate(found) if position is None]
    new = sorted(set(range(len(after))) - set(found))
    if len(gone) == len(new):
        for index, position in zip(gone, new, strict=True):
            found[index] = position
    return tuple(found)


def _numbered(names: Iterable[str]) -> list[tuple[str, int]]:
    """Each name with the number of times that it came before."""
    seen: Counter[str] = Counter()
    numbered = []
    for name in names:
        numbered.append((name, seen[name]))
        seen[name] += 1
    return numbered
