"""The order of records by the values of one column, found in bounded time slices and without keeping the records."""

from __future__ import annotations

import heapq
import math
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tui.widgets.display_text import compact_json
from tui.widgets.record_source import RecordSource

_RUN = 10_000
"""Records that are sorted at once: a sort can't be interrupted, and nothing is drawn meanwhile."""
_KEY = 64
"""Characters by which texts are compared."""
_LONGEST_NUMBER = 80


@dataclass(frozen=True, slots=True)
class Order:
    """Indexes of records: those with a value in ascending order, then the others in the order they came."""

    indexes: array[int]
    valued: int
    """How many of them have a value."""


@dataclass(slots=True)
class _Group:
    """Values that can be compared with each other, and the indexes of their records."""

    keys: list[float] | list[str]
    indexes: array[int] = field(default_factory=lambda: array("Q"))

    def ordered(self) -> Iterator[int]:
        """The indexes in the order of the keys; records with the same key stay in the order they came."""
        key: Callable[[int], float | str] = self.keys.__getitem__
        total = len(self.keys)
        runs = [array("Q", sorted(range(at, min(at + _RUN, total)), key=key)) for at in range(0, total, _RUN)]
        return (self.indexes[place] for place in heapq.merge(*runs, key=key))


def order_by(source: RecordSource, column: str, is_cancelled: Callable[[], bool]) -> Order | None:
    """The order of the records that there are now; None when it is not wanted any more.

    Numbers come first, then texts whatever their case, booleans, nested values as JSON; nulls and missing fields are
    last. Texts are numbers where all of a column can be read as such.
    """
    numbers: list[float] = []
    texts: list[str] = []
    booleans: list[float] = []
    nested: list[str] = []
    groups = [_Group(numbers), _Group(texts), _Group(booleans), _Group(nested)]
    without = array("Q")
    for index in range(len(source)):
        if index % _RUN == 0 and is_cancelled():
            return None
        match source.row(index).get(column):
            case None:
                without.append(index)
            case bool(value):
                booleans.append(value)
                groups[2].indexes.append(index)
            case str(value):
                texts.append(value[:_KEY])
                groups[1].indexes.append(index)
            case int(value) | float(value) if not _is_nan(value):
                numbers.append(value)
                groups[0].indexes.append(index)
            case value:
                nested.append(compact_json(value)[:_KEY])
                groups[3].indexes.append(index)
    if not numbers:
        groups[1].keys = _as_numbers(texts)
    indexes = array("Q")
    for group in groups:
        for place in _in_steps(group.ordered(), is_cancelled):
            indexes.append(place)
    if is_cancelled():
        return None
    valued = len(indexes)
    return Order(indexes + without, valued)


def _in_steps(places: Iterable[int], is_cancelled: Callable[[], bool]) -> Iterator[int]:
    """The places, up to the moment when they are not wanted any more."""
    for number, place in enumerate(places):
        if number % _RUN == 0 and is_cancelled():
            return
        yield place


def _as_numbers(texts: Sequence[str]) -> list[float] | list[str]:
    """Texts as the numbers that they write, or else without their case."""
    try:
        return [number_in(text) for text in texts]
    except ValueError:
        return [text.casefold() for text in texts]


def number_in(text: str) -> int | float:
    """The number that a text writes; with leading zeros it is a code rather than a number. Raises `ValueError`."""
    digits = text.removeprefix("-")
    if not digits[:1].isdecimal() or not digits.isascii() or "_" in digits or len(digits) > _LONGEST_NUMBER:
        raise ValueError(text)
    if digits.isdecimal():
        if len(digits) > 1 and digits.startswith("0"):
            raise ValueError(text)
        return int(text)
    number = float(text)
    if not math.isfinite(number) or (digits.startswith("0") and digits[1] not in ".eE"):
        raise ValueError(text)
    return number


def _is_nan(value: float) -> bool:
    return isinstance(value, float) and math.isnan(value)


class SortedSource:
    """The records of another source in an order; those that it gained since stand at the end."""

    def __init__(self, source: RecordSource, order: Order, *, descending: bool) -> None:
        self.source = source
        self._order = order
        self._descending = descending

    def __len__(self) -> int:
        return len(self.source)

    def row(self, index: int) -> Mapping[str, object]:
        return self.source.row(self.number(index))

    def columns(self) -> Sequence[str]:
        return self.source.columns()

    def number(self, index: int) -> int:
        """The index that a record of this view has in the other source."""
        order = self._order
        if index >= len(order.indexes):
            return index
        if self._descending and index < order.valued:
            return order.indexes[order.valued - 1 - index]
        return order.indexes[index]
