"""Made-up data: a record is a function of the seed and its number, so any part can be made at any time."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")

START = datetime(2024, 1, 1, tzinfo=UTC)
DAYS = 31
_SECONDS = DAYS * 24 * 60 * 60
_MASK = (1 << 64) - 1

_FIRST = [
    "Ada",
    "Arjun",
    "Clara",
    "Diego",
    "Elif",
    "Emma",
    "Hana",
    "Hugo",
    "Kofi",
    "Lea",
    "Mateo",
    "Mei",
    "Omar",
]
_LAST = [
    "Adeyemi",
    "Bianchi",
    "Chen",
    "Costa",
    "Demir",
    "Dubois",
    "Hansen",
    "Keller",
    "Khan",
    "Novak",
    "Smith",
]
_PLACES = [
    ("Berlin", "Germany"),
    ("Lyon", "France"),
    ("Turin", "Italy"),
    ("Porto", "Portugal"),
    ("Leeds", "United Kingdom"),
    ("Austin", "United States"),
    ("Toronto", "Canada"),
    ("Osaka", "Japan"),
    ("Seoul", "Korea, Republic of"),
    ("Pune", "India"),
    ("Lagos", "Nigeria"),
    ("Recife", "Brazil"),
    ("Izmir", "Türkiye"),
    ("Málaga", "Spain"),
]
_MAKERS = ["Acme", "Borealis", "Cobalt", "Dune", "Everline", "Fjord", "Granite", "Harbour"]
_THINGS = [
    "Backpack",
    "Bottle",
    "Candle",
    "Desk lamp",
    "Headphones",
    "Jacket",
    "Kettle",
    "Mug",
    "Notebook",
    "Tent",
]


class Person(NamedTuple):
    """Somebody who does not exist."""

    first: str
    last: str
    email: str
    city: str
    country: str


@dataclass(frozen=True)
class Data:
    """`rows` records of each kind, spread evenly over January 2024 (UTC)."""

    rows: int
    seed: int

    def number(self, index: int, salt: int = 0) -> int:
        """A 64-bit number that looks random and is always the same (SplitMix64's mixing)."""
        mixed = (index * 0x9E3779B97F4A7C15 + (salt + 1) * 0xD1B54A32D192ED03 + self.seed) & _MASK
        mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
        return mixed ^ (mixed >> 31)

    def person(self, index: int) -> Person:
        """The person of a record."""
        number = self.number(index)
        number, first = divmod(number, len(_FIRST))
        number, last = divmod(number, len(_LAST))
        city, country = _PLACES[number % len(_PLACES)]
        email = f"{_FIRST[first]}.{_LAST[last]}.{index + 1}@example.com".lower()
        return Person(_FIRST[first], _LAST[last], email, city, country)

    def product(self, index: int) -> tuple[str, str]:
        """A product's title and its maker."""
        number, maker = divmod(self.number(index, salt=1), len(_MAKERS))
        return f"{_THINGS[number % len(_THINGS)]} {index + 1}", _MAKERS[maker]

    def cents(self, index: int) -> int:
        """An amount between 5.00 and 504.99, in cents."""
        return 500 + self.number(index, salt=2) % 50_000

    def moment(self, index: int) -> datetime:
        """When the record was made or last changed: whole seconds, never going back."""
        return START + timedelta(seconds=index * _SECONDS // self.rows)

    def between(self, start: datetime, end: datetime) -> range:
        """The numbers of the records whose moment lies between two, both included."""
        first = max(0, -(-int((start - START).total_seconds()) * self.rows // _SECONDS))
        stop = ((int((end - START).total_seconds()) + 1) * self.rows - 1) // _SECONDS + 1
        return range(first, min(self.rows, max(first, stop)))


def csv_chunks(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """CSV text (UTF-8, a newline ends a line) in chunks of some hundred rows."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    for rows_of_chunk in _batches(rows):
        writer.writerows(rows_of_chunk)
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()
    yield text.getvalue().encode()


def json_lines(records: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """JSON Lines in chunks of some hundred records."""
    for batch in _batches(records):
        yield "".join(json.dumps(record) + "\n" for record in batch).encode()


def json_array(records: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """One JSON array in chunks of some hundred records."""
    before = "["
    for batch in _batches(records):
        yield (before + ",".join(json.dumps(record) for record in batch)).encode()
        before = ","
    yield b"]" if before == "," else b"[]"


def _batches(items: Iterable[T], size: int = 500) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def parse_day(text: str) -> datetime:
    """Midnight (UTC) of an ISO date; raises ValueError for anything else."""
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
