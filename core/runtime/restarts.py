"""Beginning again with the first page: when it is due, and for what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from core.errors import ReadError
from core.http.policy import RequestFailed
from core.levels import Level
from core.runtime.context import Context
from core.runtime.slices import StreamSlice

Narrow = Callable[[], StreamSlice | None]
"""The slice less the time of the records that were read of it; None where there is no cursor."""

AGAIN_UNCHANGED = 1
"""How often the pages of a slice may begin anew without a cursor, which leads to the same requests (Airbyte)."""


@dataclass
class Restarts:
    """How the pages of one slice begin anew: `limit` counts records, `narrow` says where to go on."""

    limit: int | None = None
    narrow: Narrow | None = None
    failure: RequestFailed | None = None
    """The request that asked for it."""
    _records: int = 0
    _unchanged: int = 0

    def took(self, records: int) -> None:
        """Count the records of a page."""
        self._records += records

    @property
    def due(self) -> bool:
        """Whether the pages begin anew although there may be more."""
        return self.limit is not None and self._records >= self.limit

    def begin(self, context: Context) -> Context:
        """The context for the next first page. Raises `ReadError` when that would be no other than before."""
        before = context.slice or StreamSlice()
        narrowed = self.narrow() if self.narrow is not None else None
        after = before if narrowed is None else narrowed
        self._unchanged = self._unchanged + 1 if dict(before) == dict(after) else 0
        if self._unchanged > (AGAIN_UNCHANGED if narrowed is None else 0):
            raise self._no_way_on(narrowed is None) from None
        self._records, self.failure = 0, None
        context.log(Level.INFO, f"The pages begin anew with the first one, for {after or 'all records'}.")
        return context.for_slice(after)

    def _no_way_on(self, is_retry: bool) -> ReadError:
        if self.failure is not None:
            why = "It did so before" if is_retry else "No record was read that would move the interval on"
            return ReadError(f"{self.failure} {why}, so that beginning anew would not help.")
        why = (
            "has read the same pages again to no avail"
            if is_retry
            else "can't go on from the latest record: that many have the same cursor value"
        )
        return ReadError(
            f"After {self._records:,} records the pages begin anew (`number_of_records`), but the stream {why}. "
            "Raise `number_of_records`, or use SPLIT_USING_CURSOR with an incremental sync."
        )
