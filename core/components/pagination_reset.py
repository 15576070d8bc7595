"""Starting over with the first page: when the API asks for it, or after a number of records."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from core.manifest.problems import Problem
from core.runtime.component import Component


class PaginationResetLimits(Component):
    """After how much the pages start over."""

    label = "Limits"

    number_of_records: int | None = Field(
        None,
        title="Number of records",
        description="Records after which the pages start over; checked after each page.",
    )


class PaginationReset(Component):
    """Starts over with the first page.

    This happens when a response filter says RESET_PAGINATION, and after a number of records, for APIs that
    give only so many of them, however many there are.
    """

    label = "Start over"

    action: Literal["SPLIT_USING_CURSOR", "RESET"] = Field(
        title="Action",
        description="SPLIT_USING_CURSOR goes on at the latest record, which needs an incremental sync and records in "
        "ascending order; RESET reads the same pages once more.",
    )
    limits: PaginationResetLimits | None = Field(
        None, title="Limits", description="When to start over although nothing has failed."
    )

    @property
    def number_of_records(self) -> int | None:
        """Records after which the pages start over."""
        return self.limits.number_of_records if self.limits is not None else None

    def lint(self) -> list[Problem]:
        """A limit lets at least one record through."""
        if self.number_of_records is None or self.number_of_records > 0:
            return []
        return [Problem("`number_of_records` must be at least 1", ("limits", "number_of_records"))]
