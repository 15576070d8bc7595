"""Where streams have gone when some were added, taken out, moved or renamed: whoever holds one still holds the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from weakref import WeakSet

from tui.shell.navigator import GLOBAL, Spot


@dataclass(eq=False)
class Held:
    """A stream that stays the same one wherever it goes; the index is None once it is gone."""

    index: int | None


@dataclass(frozen=True, slots=True)
class Journey:
    """Where each stream is now, by its index before (None: it is gone), and how many streams there are now."""

    indexes: tuple[int | None, ...]
    count: int

    def stream(self, index: int) -> int | None:
        """The present index of a stream."""
        return self.indexes[index] if 0 <= index < len(self.indexes) else None

    def spot(self, spot: Spot) -> Spot:
        """The present spot of what was at a spot; in the place of a stream that is gone the one that is there now."""
        if not isinstance(spot, int):
            return spot
        index = self.stream(spot)
        if index is None:
            return min(spot, self.count - 1) if self.count else GLOBAL
        return index


class StreamPlaces:
    """Knows the streams by name, since names are what an undo or an edit of the text leave behind."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._held: WeakSet[Held] = WeakSet()

    def hold(self, index: int | None) -> Held:
        """Hold a stream (None: none), for as long as the result is kept."""
        held = Held(index)
        self._held.add(held)
        return held

    def renamed(self, names: Sequence[str]) -> tuple[str, str] | None:
        """The old and the new name, if one stream has another name now and nothing else happened."""
        if len(names) != len(self._names):
            return None
        changed = [pair for pair in zip(self._names, names, strict=True) if pair[0] != pair[1]]
        return changed[0] if len(changed) == 1 else None

    def follow(self, names: Sequence[str]) -> Journey | None:
        """Take note of the names that there are now; where the streams went, None when all are where they were."""
        before, self._names = self._names, tuple(names)
        journey = Journey(_indexes(before, self._names), len(names))
        if journey == Journey(tuple(range(len(before))), len(before)):
            return None
        for held in self._held:
            held.index = None if held.index is None else journey.stream(held.index)
        return journey


def _indexes(before: Sequence[str], after: Sequence[str]) -> tuple[int | None, ...]:
    """Where each name is afterwards; a new name stands for one that is gone where there are as many of both."""
    places = {name: index for index, name in enumerate(_told_apart(after))}
    found = [places.get(name) for name in _told_apart(before)]
    lost = [index for index, place in enumerate(found) if place is None]
    new = sorted(set(range(len(after))) - set(found))
    if len(lost) == len(new):
        for index, place in zip(lost, new, strict=True):
            found[index] = place
    return tuple(found)


def _told_apart(names: Iterable[str]) -> list[tuple[str, int]]:
    """Each name with how often it came before."""
    times: Counter[str] = Counter()
    told = []
    for name in names:
        told.append((name, times[name]))
        times[name] += 1
    return told
