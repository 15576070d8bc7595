"""The latest trials of each stream, which can be compared with each other."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

from tui.trials.trial import Trial

KEPT = 10
"""Trials of a stream that are kept."""
KEPT_IN_ALL = 100
"""Trials of all streams together that are kept; the latest of each stream is kept in any case."""


class History:
    """Keeps trials for as long as the builder is open. All but the latest take little memory: their records and
    exchanges are on disk, in files that the operating system deletes.
    """

    def __init__(self) -> None:
        self._trials: dict[str, list[Trial]] = {}
        self._numbers: Counter[str] = Counter()

    def of(self, stream: str) -> Sequence[Trial]:
        """The trials of a stream, the oldest first."""
        return tuple(self._trials.get(stream, ()))

    def ended(self, stream: str) -> Sequence[Trial]:
        """The trials of a stream that are over, and can be compared, the oldest first."""
        return [trial for trial in self.of(stream) if not trial.state.running]

    def add(self, stream: str, trial: Trial) -> None:
        """Add a new trial, and let go of the oldest where there are too many."""
        self._numbers[stream] += 1
        trial.number = self._numbers[stream]
        kept = self._trials.setdefault(stream, [])
        kept.append(trial)
        if len(kept) > KEPT:
            kept.pop(0).let_go()
        if sum(map(len, self._trials.values())) > KEPT_IN_ALL:
            self._let_go_of_oldest()

    def _let_go_of_oldest(self) -> None:
        firsts = [trials for trials in self._trials.values() if len(trials) > 1]
        if firsts:
            min(firsts, key=lambda trials: trials[0].state.began).pop(0).let_go()

    def rename(self, old: str, new: str) -> None:
        """Go on under the new name of a stream."""
        if old in self._trials:
            self._trials[new], self._numbers[new] = self._trials.pop(old), self._numbers.pop(old)

    async def put_away(self, latest: Trial) -> None:
        """Put away all trials that are over but the latest, of whatever stream.

        Where the disk is full, they stay in memory.
        """
        for trial in [one for trials in self._trials.values() for one in trials]:
            if trial is not latest and not trial.state.running:
                with suppress(OSError):
                    await asyncio.to_thread(trial.put_away)
