"""Clamping: moving the bounds of windows to whole days, weeks or months."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from pydantic import Field

from core.errors import ReadError
from core.manifest.problems import Problem
from core.runtime.component import Component
from core.runtime.context import text_of
from core.templates import Template

WEEKDAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
TARGETS = ("DAY", "WEEK", "MONTH")


class Period(ABC):
    """A period of the calendar; moments are moved to its beginning."""

    unit: ClassVar[timedelta] = timedelta(days=1)
    """How far before the next period the last window ends when there is no granularity (Airbyte)."""

    @abstractmethod
    def floor(self, moment: datetime) -> datetime:
        """The beginning of the period that `moment` is in."""

    @abstractmethod
    def next(self, beginning: datetime) -> datetime:
        """The beginning of the period that follows."""

    def ceiling(self, moment: datetime) -> datetime:
        """The beginning of the first period that is not under way yet at `moment`.

        Airbyte: the first day of a week or month belongs to what follows, whatever the time of day.
        """
        day = midnight(moment)
        return day if self.floor(day) == day else self.next(self.floor(day))


class Day(Period):
    """A day, from midnight to midnight."""

    unit = timedelta(seconds=1)

    def floor(self, moment: datetime) -> datetime:
        return midnight(moment)

    def next(self, beginning: datetime) -> datetime:
        return beginning + timedelta(days=1)

    def ceiling(self, moment: datetime) -> datetime:
        return moment if self.floor(moment) == moment else self.next(self.floor(moment))


class Week(Period):
    """Seven days that begin on a certain weekday (0: Monday)."""

    def __init__(self, first: int) -> None:
        self._first = first

    def floor(self, moment: datetime) -> datetime:
        return midnight(moment) - timedelta(days=(moment.weekday() - self._first) % 7)

    def next(self, beginning: datetime) -> datetime:
        return beginning + timedelta(days=7)


class Month(Period):
    """A month of the calendar."""

    def floor(self, moment: datetime) -> datetime:
        return midnight(moment).replace(day=1)

    def next(self, beginning: datetime) -> datetime:
        return (beginning + timedelta(days=31)).replace(day=1)


def midnight(moment: datetime) -> datetime:
    """The beginning of the day of `moment`."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


class Clamping(Component):
    """Makes every window whole days, weeks or months, for APIs that answer only for such periods."""

    target: Template = Field(title="Target", description="The period: DAY, WEEK or MONTH.")
    target_details: dict[str, Any] = Field(
        default_factory=dict,
        title="Target Details",
        description="For WEEK the first day of the week: weekday: MONDAY.",
    )

    def lint(self) -> list[Problem]:
        """A constant target is one of the three; a week says on which day it begins."""
        if not self.target.constant:
            return []
        if self.target.source not in TARGETS:
            return [Problem(f"the target must be one of {', '.join(TARGETS)}", ("target",))]
        if self.target.source == "WEEK" and self.target_details.get("weekday") not in WEEKDAYS:
            return [
                Problem(
                    "clamping to weeks needs the day on which a week begins",
                    ("target_details",),
                    hint="write `weekday: MONDAY`, for example",
                )
            ]
        return []

    def period(self, scope: Mapping[str, Any]) -> Period:
        """The period that is clamped to. Raises `ReadError`."""
        target = text_of(self.target, scope)
        weekday = self.target_details.get("weekday")
        if target == "DAY":
            return Day()
        if target == "WEEK" and weekday in WEEKDAYS:
            return Week(WEEKDAYS.index(weekday))
        if target == "MONTH":
            return Month()
        raise ReadError(
            f"Clamping to `{target}` is not possible: `target` must be DAY, WEEK or MONTH, and WEEK needs a "
            "`weekday` in `target_details`."
        )
