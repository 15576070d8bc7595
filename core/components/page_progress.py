"""Finds out when a walk over pages does not get on: the same page again and again, or tokens that go in circles."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from core.components.context import Context
from core.errors import ReadError
from core.levels import Level

SAME_BODIES = 3
"""Bodies in a row that are the same: with different records in it, that is no chance."""
SAME_RECORDS = 5
"""Pages in a row with the same first and last record, in bodies that differ in something else."""
SAME_SINGLE_RECORDS = 20
"""Pages of one record in a row that are the same."""
EMPTY_PAGES = 100
_REMEMBERED = 10_000
"""Steps of a walk that are remembered, as one number each, to find circles."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is looked at of a page: a number that tells its body from others, and the records found and kept."""

    digest: int
    found: int
    kept: int
    first: Any
    last: Any

    def has_records_of(self, other: Seen) -> bool:
        """Whether the records seem to be the same."""
        mine, theirs = (
            (self.found, self.kept, self.first, self.last),
            (other.found, other.kept, other.first, other.last),
        )
        return self.kept > 1 and mine == theirs

    @property
    def is_single(self) -> bool:
        """Whether there is too little in it for a repetition to be telling soon."""
        return self.found == 1 or self.kept == 0

    @property
    def is_uniform(self) -> bool:
        """Whether its records can't be told apart, so that pages can't either."""
        return self.kept > 1 and self.first == self.last


@dataclass
class Progress:
    """Looks at each page of a walk. `parameter` says in words what carries the token."""

    context: Context
    parameter: str
    _before: Seen | None = None
    _same_bodies: int = 1
    _same_records: int = 1
    _empty: int = 0
    _steps: OrderedDict[int, None] = field(default_factory=OrderedDict)

    def check(self, asked: Any, page: Seen, following: Any) -> None:
        """Raise `ReadError` when the next page, to be asked for with `following`, will be none that is new.

        `asked` is the token with which `page` was asked for.
        """
        self._check_repetition(page, self._before)
        self._check_circle((str(asked), page.digest, page.found, str(following)))
        self._tell_empty(page)
        self._before = page

    def _check_repetition(self, page: Seen, before: Seen | None) -> None:
        if before is None or not page.found:
            self._same_bodies = self._same_records = 1
            return
        self._same_bodies = self._same_bodies + 1 if page.digest == before.digest else 1
        self._same_records = self._same_records + 1 if page.has_records_of(before) else 1
        if page.is_single:
            enough = self._same_bodies >= SAME_SINGLE_RECORDS
        else:
            enough = self._same_bodies >= SAME_BODIES or self._same_records >= SAME_RECORDS
        if enough and not page.is_uniform:
            times = max(self._same_bodies, self._same_records)
            raise ReadError(
                f"The pagination does not get on: {times} times in a row the API gave the same page, whatever "
                f"{self.parameter} said. It does not seem to know that. Check `page_token_option` of the paginator "
                "against the API's documentation."
            )

    def _check_circle(self, step: Hashable) -> None:
        """A step that was made before, with the same page, is made for ever."""
        made = hash(step)
        if made in self._steps:
            raise ReadError(
                "The pagination does not get on: the API gave a page again that it had given before, and the same "
                f"token for the next one. Check {self.parameter} and `cursor_value` of the paginator, or add a "
                "`stop_condition`."
            )
        self._steps[made] = None
        if len(self._steps) > _REMEMBERED:
            self._steps.popitem(last=False)

    def _tell_empty(self, page: Seen) -> None:
        """Airbyte goes on as long as there is a token; so do we, and say so."""
        self._empty = 0 if page.found else self._empty + 1
        if self._empty >= EMPTY_PAGES and str(self._empty).strip("0") == "1":
            self.context.log(
                Level.WARNING,
                f"{self._empty:,} pages in a row have had no records, and each one names a next page. If that is the "
                "end of the data, add a `stop_condition` to the paginator.",
            )
