"""Beginning anew with the first page: when the API asks for it, or after so many records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from core.components.base import Component
from core.components.context import Context
from core.components.slices import StreamSlice
from core.errors import ReadError
from core.http.policy import RequestFailed
from core.levels import Level
from core.manifest.problems import Problem

Narrow = Callable[[], StreamSlice | None]
"""The slice less the time of the records that were read of it; None where there is no cursor."""

AGAIN_UNCHANGED = 1
"""How often the pages of a slice may begin anew without a cursor, which leads to the same requests (Airbyte)."""


class PaginationResetLimits(Component):
    """After how much the pages begin anew."""

    label = "Limits"

    number_of_records: int | None = Field(
        None, title="Number of records", description="Records after which the pages begin anew, seen after each page."
    )


class PaginationReset(Component):
    """Begins anew with the first page.

    This happens when a response filter says RESET_PAGINATION, and after a number of records, for APIs that
    give only so many of them, however many there are.
    """

    label = "Begin anew"

    action: Literal["SPLIT_USING_CURSOR", "RESET"] = Field(
        title="Action",
        description="SPLIT_USING_CURSOR goes on at the latest record, which needs an incremental sync and records in "
        "ascending order; RESET reads the same pages once more.",
    )
    limits: PaginationResetLimits | None = Field(
        None, title="Limits", description="When to begin anew although nothing has failed."
    )

    @property
    def number_of_records(self) -> int | None:
        """Records after which the pages begin anew."""
        return self.limits.number_of_records if self.limits is not None else None

    def lint(self) -> list[Problem]:
        """A limit lets at least one record through."""
        if self.number_of_records is None or self.number_of_records > 0:
            return []
        return [Problem("`number_of_records` must be at least 1", ("limits", "number_of_records"))]


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
