"""How much of a stream is read."""

from __future__ import annotations

import threading
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper limits for the read of one stream; None: no limit. `pages` counts within one slice.

    `attempts` is how often the job of one slice is created, in all; None: as often as in a run (`ATTEMPTS`).
    """

    records: int | None = None
    pages: int | None = None
    slices: int | None = None
    attempts: int | None = None


NO_LIMITS = Limits()


class RecordBudget:
    """The records that a stream may still emit, shared by the threads of its slices."""

    def __init__(self, limit: int | None) -> None:
        self._left = limit
        self._lock = threading.Lock()
        self.cut = False
        """Whether a record was refused."""

    def take(self, wanted: int) -> int:
        """How many of the wanted records may be emitted."""
        if self._left is None:
            return wanted
        with self._lock:
            allowed = min(wanted, self._left)
            self._left -= allowed
            self.cut = self.cut or allowed < wanted
            return allowed
