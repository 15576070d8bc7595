"""What happened to a job and when, and how fast its records came: the facts that a job line is drawn from.

Both stay small however long a job takes. Times are those of the picture's clock, in seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import pairwise

_MARKS = 256
"""Marks that are kept; beyond them every second page, and poll that found the job running, is left out."""
_BUCKETS = 96
_FIRST_WIDTH = 0.25
_SPREAD = 1.0
RECENT = 5.0
"""Seconds over which a present rate is measured."""


class Kind(StrEnum):
    """What a mark on the line stands for."""

    CREATED = "created"
    FOLLOWED = "followed"
    """The job was created by an earlier read."""
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"
    PAGE = "page"


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened at a moment; `status` is what the API called it."""

    at: float
    kind: Kind
    status: str | None = None


@dataclass(slots=True)
class Timeline:
    """The marks of a slice in the order of time, over all attempts at its job.

    `began` is when its job began to be created, or its requests began; `earlier` for how many seconds the job had
    existed by then.
    """

    began: float | None = None
    ended: float | None = None
    earlier: float = 0.0
    marks: list[Mark] = field(default_factory=list)

    def begin(self, at: float) -> None:
        """Note that work has begun, unless it had before."""
        if self.began is None:
            self.began = at

    def add(self, mark: Mark) -> None:
        """Add a mark. A poll that ends a job takes the place of its own mark, made at the same moment."""
        last = self.marks[-1] if self.marks else None
        if last is not None and last.kind is Kind.RUNNING and mark.kind is not Kind.RUNNING and last.at == mark.at:
            self.marks.pop()
        self.marks.append(mark)
        if len(self.marks) > _MARKS:
            self._thin_out()

    def settle(self, kind: Kind) -> None:
        """Say how the job ended that was found running last."""
        self.marks[-1] = replace(self.marks[-1], kind=kind)

    def _thin_out(self) -> None:
        dull, last = (Kind.RUNNING, Kind.PAGE), len(self.marks) - 1
        self.marks = [one for at, one in enumerate(self.marks) if one.kind not in dull or (last - at) % 2 == 0]
        del self.marks[:-_MARKS]  # attempts without end


class Pace:
    """Amounts over time, in buckets of equal length; when there are too many, each two become one.

    What is counted came since the count before, so it is spread over that time, or over its last second.
    """

    def __init__(self) -> None:
        self._start = self._last = 0.0
        self._width = _FIRST_WIDTH
        self._amounts: list[float] = []

    def __bool__(self) -> bool:
        return bool(self._amounts)

    def add(self, now: float, amount: int) -> None:
        """Count what came just now."""
        if not self._amounts:
            self._start = self._last = now
        while self._place(now) >= _BUCKETS:
            padded = [*self._amounts, 0.0]
            self._amounts = [sum(padded[at : at + 2]) for at in range(0, len(self._amounts), 2)]
            self._width *= 2
        first, last = self._place(max(self._last, now - _SPREAD)), self._place(now)
        self._amounts += [0.0] * (last + 1 - len(self._amounts))
        first = min(first + 1, last)  # the bucket of the count before has its share
        for place in range(first, last + 1):
            self._amounts[place] += amount / (last + 1 - first)
        self._last = now

    def rate(self, now: float) -> float:
        """The amount per second over the last seconds."""
        if not self._amounts:
            return 0.0
        first = max(0, self._place(now - max(RECENT, self._width)))
        span = max(now - self._start - first * self._width, self._width)
        return sum(self._amounts[first:]) / span

    def curve(self, columns: int, until: float) -> Sequence[float]:
        """The rate in each of at most so many equal parts of the time up to `until`; 1.0 is the highest."""
        if not self._amounts:
            return ()
        amounts = self._amounts + [0.0] * (min(self._place(until), _BUCKETS) + 1 - len(self._amounts))
        parts = min(columns, len(amounts))
        edges = [number * len(amounts) // parts for number in range(parts + 1)]
        rates = [sum(amounts[first:end]) / (end - first) for first, end in pairwise(edges)]
        top = max(rates)
        return [one / top for one in rates] if top else rates

    def _place(self, at: float) -> int:
        return int((at - self._start) / self._width)
