"""A profile of records: what each column holds, gathered record by record in bounded memory."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from random import Random

COLUMNS_PROFILED = 200
"""Columns that are profiled; more of them are only counted."""
HASHES_KEPT = 2_048
"""Distinct values that are counted exactly; more of them are estimated, to about 2 %."""
VALUES_SAMPLED = 1_000
"""Values of a column that its histogram is drawn from."""
_SHOWN = 80
_EXACT_FLOAT = 2.0**53


class DistinctCount:
    """Counts distinct values: exactly while there are few, then by how close the smallest hashes lie together."""

    def __init__(self) -> None:
        self._largest_first: list[int] = []
        self._kept: set[int] = set()
        self.exact = True

    def add(self, text: str) -> None:
        value = hash(text) & 0xFFFF_FFFF_FFFF_FFFF
        if value in self._kept:
            return
        if len(self._kept) < HASHES_KEPT:
            heapq.heappush(self._largest_first, -value)
            self._kept.add(value)
            return
        self.exact = False
        if value < -self._largest_first[0]:
            self._kept.remove(-heapq.heapreplace(self._largest_first, -value))
            self._kept.add(value)

    @property
    def count(self) -> int:
        if self.exact:
            return len(self._kept)
        return round((HASHES_KEPT - 1) * 2.0**64 / -self._largest_first[0])


class ColumnProfile:
    """What a column holds. Numbers are compared as numbers, texts by their length."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.types: Counter[str] = Counter()
        self.values = 0
        """Records in which the column is there and not null."""
        self.distinct = DistinctCount()
        self.smallest: int | float | None = None
        self.largest: int | float | None = None
        self.shortest: str | None = None
        """Cut to what can be shown, like `longest`."""
        self.longest: str | None = None
        self._lengths = (0, 0)
        self._sample: list[float] = []
        self._measured = 0
        self._random = Random(0)

    def add(self, value: object) -> None:
        """Take in a value that is not null."""
        kind = _kind(value)
        self.types[kind] += 1
        self.values += 1
        if isinstance(value, float) and abs(value) < _EXACT_FLOAT and value.is_integer():
            value = int(value)
        self.distinct.add(f"{'text' if kind == 'text' else ''}:{value}")
        if isinstance(value, str):
            self._add_text(value)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            self._add_number(value)

    def nulls(self, records: int) -> float:
        """The share of so many records in which the column is null or missing."""
        return (records - self.values) / records if records else 0.0

    def histogram(self, bins: int) -> list[int]:
        """How many of the sampled numbers, or else lengths of texts, fall into each of so many equal ranges."""
        if not self._sample:
            return []
        low, high = min(self._sample), max(self._sample)
        counts = [0] * bins
        for value in self._sample:
            place = (value / 2 - low / 2) / (high / 2 - low / 2) if high > low else 0.0
            counts[min(int(place * bins), bins - 1)] += 1
        return counts

    def _add_text(self, text: str) -> None:
        length, (least, most) = len(text), self._lengths
        if self.shortest is None or length < least:
            self.shortest, least = text[:_SHOWN], length
        if self.longest is None or length > most:
            self.longest, most = text[:_SHOWN], length
        self._lengths = (least, most)
        if self.smallest is None:
            self._measure(length)

    def _add_number(self, number: float) -> None:
        if not _fits(number):
            return
        if self.smallest is None or self.largest is None:
            self.smallest = self.largest = number
            self._sample, self._measured = [], 0
        self.smallest, self.largest = min(self.smallest, number), max(self.largest, number)
        self._measure(float(number))

    def _measure(self, value: float) -> None:
        self._measured += 1
        if len(self._sample) < VALUES_SAMPLED:
            self._sample.append(value)
        elif (place := int(self._random.random() * self._measured)) < VALUES_SAMPLED:
            self._sample[place] = value


class Profile:
    """The columns of records, in the order they came; `add` may be called again as more records arrive."""

    def __init__(self) -> None:
        self.records = 0
        self.columns: dict[str, ColumnProfile] = {}
        self.columns_left_out = False
        """Whether there are more columns than are profiled."""

    def add(self, records: Iterable[Mapping[str, object]]) -> None:
        for record in records:
            self.records += 1
            for name, value in record.items():
                column = self.columns.get(name) or self._new(name)
                if column is not None and value is not None:
                    column.add(value)

    def key_candidates(self) -> list[str]:
        """Columns that have another value in each record, as far as distinct values were counted exactly."""
        return [
            column.name
            for column in self.columns.values()
            if column.values == self.records and column.distinct.exact and column.distinct.count == self.records
        ]

    def _new(self, name: str) -> ColumnProfile | None:
        if len(self.columns) >= COLUMNS_PROFILED:
            self.columns_left_out = True
            return None
        return self.columns.setdefault(name, ColumnProfile(name))


def _kind(value: object) -> str:
    match value:
        case str():
            return "text"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case Mapping():
            return "object"
    return "array"


def _fits(number: float) -> bool:
    """Whether a number can be placed in a histogram: not NaN, not infinite, not too large for a float."""
    try:
        return math.isfinite(number)
    except OverflowError:
        return False
