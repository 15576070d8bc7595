"""A profile of records: what each column holds, gathered batch by batch in bounded memory."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import repeat
from random import Random

from tui.trials.offers import Look, Seen
from tui.widgets.display_text import compact_json
from tui.widgets.record_order import number_in

COLUMNS_PROFILED = 200
"""Columns that are profiled; more of them are only counted."""
HASHES_KEPT = 2_048
"""Distinct values that are counted exactly; more of them are estimated, to about 2 %."""
HASHES_COMPARED = 4_000_000
"""Values that are compared with each other to find keys, in all columns together; 8 bytes are kept of each."""
VALUES_SAMPLED = 1_000
"""Values of a column that its histogram is drawn from."""
BINS = 24
"""Ranges of a histogram, at most: a few whole numbers have one each."""
_SHOWN = 80
_HASHES = 2.0**64
_LOWEST_HASH = -(2**63)
_PARTS = 64
_BOUNDS = [_LOWEST_HASH + part * 2**64 // _PARTS for part in range(1, _PARTS)]
_MINUS_ONE = ("minus one",)
"""Stands for -1, whose hash is that of -2."""


@dataclass(frozen=True, slots=True)
class ColumnSummary:
    """What is known of a column after so many records. The texts are cut to what can be shown."""

    name: str
    types: tuple[tuple[str, int], ...]
    """The types of the values and how many there are of each, the most frequent first."""
    missing: int
    """Records in which the column is null or not there."""
    distinct: int
    distinct_is_exact: bool
    unique_in: int
    """The first so many records have another value each; 0 for a column that is no key."""
    reads_as: str
    """What all texts of the column can be read as: "date", "time" or "number"; empty when they are just texts."""
    least: str
    """The smallest number, the first date or the shortest text; empty without any."""
    most: str
    histogram: tuple[int, ...]
    """How many of the numbers, dates or lengths of texts fall into each of equal ranges, at most `BINS`."""


class DistinctCount:
    """Counts distinct values: exactly while there are few, then by how close the smallest hashes lie together."""

    def __init__(self) -> None:
        self._kept: set[int] = set()
        self._largest = 0
        self.exact = True

    def add(self, hashes: Iterable[int]) -> None:
        if self.exact:
            self._kept.update(hashes)
        else:
            self._kept.update(value for value in hashes if value < self._largest)
        if len(self._kept) > HASHES_KEPT:
            self.exact = False
            smallest = sorted(self._kept)[:HASHES_KEPT]
            self._kept, self._largest = set(smallest), smallest[-1]

    @property
    def count(self) -> int:
        if self.exact:
            return len(self._kept)
        return round((HASHES_KEPT - 1) * _HASHES / (self._largest - _LOWEST_HASH))


class Repeats:
    """Finds out whether any value has come twice. The hashes lie in parts, so that one is looked at in no time."""

    def __init__(self) -> None:
        self._parts = [array("q") for _ in range(_PARTS)]

    def add(self, hashes: Iterable[int]) -> None:
        ordered = sorted(hashes)
        edges = [0, *(bisect_left(ordered, bound) for bound in _BOUNDS), len(ordered)]
        for part, start, stop in zip(self._parts, edges, edges[1:], strict=False):
            part.extend(ordered[start:stop])

    def found(self) -> bool:
        return any(len(set(part)) < len(part) for part in self._parts)


class Extent:
    """The smallest and the largest of some values, each with its text, and a sample of the values."""

    def __init__(self) -> None:
        self.least: float | None = None
        self.most: float | None = None
        self.texts = ("", "")
        self._sample: list[float] = []
        self._added = 0
        self._random = Random(0)

    def add(self, values: Sequence[float], text: Callable[[int], str]) -> None:
        """Take in values; `text` gives the text of the one at an index."""
        if not values:
            return
        least, most = min(values), max(values)
        if self.least is None or least < self.least:
            self.least, self.texts = least, (text(values.index(least)), self.texts[1])
        if self.most is None or most > self.most:
            self.most, self.texts = most, (self.texts[0], text(values.index(most)))
        room = VALUES_SAMPLED - len(self._sample)
        self._sample.extend(map(float, values[:room]))
        self._added += len(values)
        replaced = 0 if room >= len(values) else round(VALUES_SAMPLED * len(values) / self._added)
        for value in self._random.choices(values, k=replaced):
            self._sample[self._random.randrange(VALUES_SAMPLED)] = float(value)

    def histogram(self) -> tuple[int, ...]:
        """How many of the sampled values fall into each of at most `BINS` equal ranges; empty without values."""
        if self.least is None or self.most is None:
            return ()
        low, span = self.least / 2, self.most / 2 - self.least / 2  # halves: the whole may be more than a float holds
        steps = round(2 * span) + 1 if span < BINS / 2 else BINS
        if steps < BINS and all(value.is_integer() for value in self._sample):
            found = Counter(int(value - self.least) for value in self._sample)
            return tuple(found[step] for step in range(steps))
        counts = [0] * BINS
        for value in self._sample:
            place = (value / 2 - low) / span if span > 0 else 0.0
            counts[min(int(place * BINS), BINS - 1)] += 1
        return tuple(counts)


def _moment(text: str) -> float:
    """Seconds to a date or a time as ISO 8601 writes them with dashes. Raises `ValueError` for other texts."""
    if text[4:5] != "-" or text[7:8] != "-":
        raise ValueError(text)
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


_READINGS: Mapping[str, Callable[[str], float]] = {"date": _moment, "number": number_in}
"""What the texts of a column may be, as long as all of them can be read as that."""


class ColumnProfile:
    """What a column holds. Numbers and dates are compared as such, other texts by their length."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.types: Counter[str] = Counter()
        self.values = 0
        """Records in which the column is there and not null."""
        self.distinct = DistinctCount()
        self.unique_in = 0
        """So many of its first values are known to differ."""
        numbers = Extent()
        self._extents = {"integer": numbers, "number": numbers, "boolean": Extent(), "text": Extent()}
        """What the values of a type lie between; texts by their length."""
        self._readings = {kind: Extent() for kind in _READINGS}
        self._has_times = False
        self._repeats: Repeats | None = Repeats()
        self._next_look = HASHES_KEPT

    def add(self, values: Sequence[object]) -> None:
        """Take in values that are not null."""
        kinds = {kind: _kind(kind) for kind in set(map(type, values))}
        self.types.update(map(kinds.__getitem__, map(type, values)))
        self.values += len(values)
        numbers = [value for value in values if isinstance(value, (int, float)) and not isinstance(value, bool)]
        texts = [value for value in values if isinstance(value, str)]
        others = [value for value in values if isinstance(value, (bool, list, dict))]
        self._add_hashes(numbers, texts, others)
        self._add_numbers([one for one in numbers if _fits(one)])
        self._add_texts(texts)
        self._add_booleans([one for one in others if isinstance(one, bool)])

    def look_for_repeats(self) -> None:
        """Compare the values with each other that have not been compared yet."""
        if self._repeats is not None and self.unique_in < self.values:
            self._next_look = 2 * self.values
            if self._repeats.found():
                self._repeats, self.unique_in = None, 0
            else:
                self.unique_in = self.values

    def stop_comparing(self) -> None:
        """Take in no more hashes; that the first values differ is known and stays so."""
        self.look_for_repeats()
        self._repeats = None

    @property
    def hashes_kept(self) -> int:
        return self.values if self._repeats is not None else 0

    def is_no_key(self) -> None:
        """Note that there is a record without a value."""
        self._repeats, self.unique_in = None, 0

    def summary(self, records: int) -> ColumnSummary:
        """What is known of the column after so many records."""
        extent, reads_as = self._extent()
        is_unique = 0 < self.unique_in == self.values
        return ColumnSummary(
            self.name,
            tuple(self.types.most_common()),
            records - self.values,
            self.values if is_unique else min(self.distinct.count, self.values),
            self.distinct.exact or is_unique,
            self.unique_in,
            reads_as,
            *extent.texts,
            extent.histogram(),
        )

    def _extent(self) -> tuple[Extent, str]:
        """The extent of what most values are, and what its texts are read as."""
        most = max(self.types, key=self.types.__getitem__, default="")
        if most != "text":
            return self._extents.get(most) or Extent(), ""
        for kind, extent in self._readings.items():
            return extent, "time" if self._has_times and kind == "date" else kind
        return self._extents["text"], ""

    def _add_hashes(self, numbers: Sequence[object], texts: Sequence[object], others: Sequence[object]) -> None:
        if -1 in numbers:
            numbers = [_MINUS_ONE if one == -1 else one for one in numbers]
        nested = map(compact_json, others)
        # in tuples, numbers are hashed as evenly as texts are
        hashes = [*map(hash, zip(numbers)), *map(hash, zip(texts)), *map(hash, zip(nested, repeat(None)))]
        distinct = set(hashes)
        self.distinct.add(distinct)
        if len(distinct) < len(hashes) or not self.types.keys() <= _KEY_TYPES:
            self.is_no_key()
        if self._repeats is None:
            return
        self._repeats.add(hashes)
        if self.values >= self._next_look:
            self.look_for_repeats()

    def _add_numbers(self, numbers: Sequence[float]) -> None:
        self._extents["number"].add(numbers, lambda index: f"{numbers[index]:,}")

    def _add_booleans(self, values: Sequence[bool]) -> None:
        self._extents["boolean"].add(values, lambda index: "true" if values[index] else "false")

    def _add_texts(self, texts: Sequence[str]) -> None:
        if not texts:
            return
        self._extents["text"].add(list(map(len, texts)), lambda index: texts[index][:_SHOWN])
        for kind, extent in list(self._readings.items()):
            try:
                values = [_READINGS[kind](text) for text in texts]
            except (ValueError, OverflowError):
                del self._readings[kind]
            else:
                extent.add(values, lambda index: texts[index][:_SHOWN])
                self._has_times = self._has_times or len(max(texts, key=len)) > len("2024-01-01")


class Profile:
    """The columns of records, in the order they came; `add` may be called again as more records arrive."""

    def __init__(self) -> None:
        self.records = 0
        self.columns: dict[str, ColumnProfile] = {}
        self.columns_left_out = False
        """Whether there are more columns than are profiled."""

    def add(self, records: Sequence[Mapping[str, object]]) -> None:
        for name in dict.fromkeys(name for record in records for name in record):
            self._column(name)
        self.records += len(records)
        for name, column in self.columns.items():
            values = [value for record in records if (value := record.get(name)) is not None]
            if len(values) < len(records):
                column.is_no_key()
            if values:
                column.add(values)
        if sum(column.hashes_kept for column in self.columns.values()) > HASHES_COMPARED:
            for column in self.columns.values():
                column.stop_comparing()

    def summaries(self) -> list[ColumnSummary]:
        """What is known of each column by now, in the order they came."""
        return [column.summary(self.records) for column in self.columns.values()]

    def look_for_repeats(self) -> None:
        """Make sure of the columns that may be keys."""
        for column in self.columns.values():
            column.look_for_repeats()

    def _column(self, name: str) -> None:
        if name in self.columns:
            return
        if len(self.columns) >= COLUMNS_PROFILED:
            self.columns_left_out = True
            return
        column = self.columns[name] = ColumnProfile(name)
        if self.records:
            column.is_no_key()


def key_candidates(columns: Iterable[ColumnSummary], records: int) -> Iterator[ColumnSummary]:
    """Columns that have another value in each record: those first of which that is known for all, ids before others."""

    def rank(column: ColumnSummary) -> tuple[bool, bool]:
        return (column.unique_in < records, Seen((column.name,), "").look is not Look.ID)

    yield from sorted((column for column in columns if column.unique_in and records > 1), key=rank)


_KINDS = {str: "text", bool: "boolean", int: "integer", float: "number"}
_KEY_TYPES = {"text", "integer"}


def _kind(kind: type) -> str:
    return _KINDS.get(kind) or ("object" if issubclass(kind, Mapping) else "array")


def _fits(number: float) -> bool:
    """Whether a number can be placed in a histogram: not NaN, not infinite, not too large for a float."""
    try:
        return math.isfinite(number)
    except OverflowError:
        return False
