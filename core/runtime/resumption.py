"""What a run takes over from one that did not come to its end: how far in time it meant to read, and what it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol


class Resumption(Protocol):
    """The read of a stream that may go on in a later run, with the same slices."""

    @property
    def done(self) -> Sequence[Mapping[str, Any]]:
        """The slices whose records are safe already: they are not read again."""

    def bounds(self, start: datetime, end: datetime) -> tuple[datetime, datetime]:
        """The first and the last moment to read: those of the run that is gone on with, else these."""
