"""Records that were added, removed or changed: by the primary key where there is one, else as a whole.

What is compared are digests in a temporary database on disk, so that a million records take little memory.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from hashlib import blake2b
from itertools import islice, zip_longest
from typing import Any

import orjson

from core.events import Outcome
from core.runtime.field_path import lookup
from core.units import count
from tui.trials.comparison.report import Report, Stopped, Tell, check, name_of, value_line, value_pair
from tui.trials.trial import Trial

MOST = 1_000_000
"""Records of each trial that are compared."""
LISTED = 1_000
"""Differences that are listed."""
_BATCH = 2_000
_WINDOW = 4_000_000
"""Bytes of records that are kept to find the same ones a little further on in the other trial."""
_FIELDS_LISTED = 20
_STEPS_BETWEEN_CHECKS = 200_000
_LONG_NUMBER = re.compile(rb"\d{16}")
"""What orjson may round."""
_ENCODE = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
_SETTINGS = ("journal_mode = OFF", "synchronous = OFF", "temp_store = FILE", "cache_size = -32000")

_FIND = """
CREATE TABLE differences AS
SELECT max(CASE side WHEN 0 THEN row END) AS before, max(CASE side WHEN 1 THEN row END) AS after
FROM (SELECT *, row_number() OVER (PARTITION BY side, key ORDER BY row) AS nth FROM records)
GROUP BY key, nth
HAVING count(*) = 1 OR min(content) <> max(content)
"""
"""The nth record with a key goes with the nth one with it in the other trial."""
_COUNT = (
    "SELECT count(*) FILTER (WHERE before IS NULL), count(*) FILTER (WHERE after IS NULL), count(*) FROM differences"
)
_LIST = "SELECT before, after FROM differences ORDER BY coalesce(after, before), before LIMIT ?"


def compare_records(
    before: Trial, after: Trial, stopped: Stopped = lambda: False, tell: Tell = lambda done, of: None
) -> Report:
    """Compare the records that two trials have by now. Raises `ComparisonStopped` and `OSError`."""
    key = after.inspector.primary_key
    most = min(MOST, max(len(before.records), len(after.records)))
    with closing(sqlite3.connect("", isolation_level=None)) as database:
        for setting in _SETTINGS:
            database.execute(f"PRAGMA {setting}")
        database.set_progress_handler(stopped, _STEPS_BETWEEN_CHECKS)
        try:
            database.execute("BEGIN")
            database.execute("CREATE TABLE records (side INTEGER, key BLOB, content BLOB, row INTEGER)")
            for place, batch in enumerate(_digests(before, after, key)):
                check(stopped)
                tell(min(place * _BATCH, most), most)
                database.executemany("INSERT INTO records VALUES (?, ?, ?, ?)", batch)
            tell(most, most)
            database.execute(_FIND)
            added, removed, different = database.execute(_COUNT).fetchone()
            pairs = database.execute(_LIST, (LISTED,)).fetchall()
        except sqlite3.Error as error:
            check(stopped)
            raise OSError(f"there is no room for the comparison on this machine ({error})") from None
    changed = different - added - removed
    same = min(len(before.records), MOST) - removed - changed
    counts = f"{added:,} added, {removed:,} removed, {changed:,} changed, {same:,} the same."
    remarks = [f"{_by(key)}: {counts}", *_coverage(before, after)]
    if different > LISTED:
        remarks.append(f"The first {LISTED:,} differences are listed.")
    note = " ".join(
        f"{mark}{number:,}" for mark, number in zip("+-~", (added, removed, changed), strict=True) if number
    )
    lines = "\n".join(line for pair in pairs for line in _lines(before, after, pair, key))
    return Report(note or "=", " ".join(remarks), lines)


def _by(key: Sequence[Sequence[str]]) -> str:
    return f"By the primary key {', '.join(map('.'.join, key))}" if key else "Each record as a whole"


def _coverage(before: Trial, after: Trial) -> Iterator[str]:
    """What the comparison has not seen."""
    trials = (before, after)
    if any(len(one.records) > MOST for one in trials):
        yield f"Only the first {MOST:,} records of each test were compared."
    cut = [name_of(one) for one in trials if one.state.outcome is not Outcome.COMPLETE and len(one.records)]
    if cut:
        yield f"{' and '.join(cut).capitalize()} did not read to the end: what was not read counts as removed or added."
    keyless = max(one.inspector.keys_missing for one in trials)
    if keyless:
        yield f"{count(keyless, 'record')} without the primary key: compared as a whole."


Digest = tuple[int, bytes, bytes, int]


def _digests(before: Trial, after: Trial, key: Sequence[Sequence[str]]) -> Iterator[list[Digest]]:
    """For each record its side, its key, its content and its index, in batches as the records are read.

    Records that are written alike near to each other in both trials are left out: they are the same.
    """
    lookups = [lookup(path) for path in key]
    lines = (islice(trial.records.lines(), MOST) for trial in (before, after))
    rows, apart = enumerate(zip_longest(*lines)), _Unmatched()
    while batch := list(islice(rows, _BATCH)):
        for row, pair in batch:
            if pair[0] != pair[1]:
                apart.take(row, pair)
        yield [(side, *_digest(line, lookups, row)) for side, line, row in apart.left_behind()]
    rest = apart.left_behind(0)
    while left := list(islice(rest, _BATCH)):
        yield [(side, *_digest(line, lookups, row)) for side, line, row in left]


class _Unmatched:
    """The last lines of both trials that nothing on the other side is like, as far as they fit into a window.

    One record more or less shifts all that follow: in the window, they find each other again.
    """

    def __init__(self) -> None:
        self._rows: tuple[OrderedDict[bytes, list[int]], ...] = (OrderedDict(), OrderedDict())
        """For each side, the rows of each line; the oldest line first."""
        self._size = 0

    def take(self, row: int, pair: Sequence[bytes | None]) -> None:
        """Take in the lines of a row; None where a side has no more."""
        for side, line in enumerate(pair):
            if line is None:
                continue
            others = self._rows[1 - side]
            if line not in others:
                self._rows[side].setdefault(line, []).append(row)
                self._size += len(line)
                continue
            others[line].pop()
            self._size -= len(line)
            if not others[line]:
                del others[line]

    def left_behind(self, most: int | None = None) -> Iterator[tuple[int, bytes, int]]:
        """Take out the oldest lines until what is left is small enough: side, line and row."""
        most = _WINDOW if most is None else most
        while self._size > most:
            side = 0 if len(self._rows[0]) > len(self._rows[1]) else 1
            line, rows = self._rows[side].popitem(last=False)
            self._size -= len(line) * len(rows)
            yield from ((side, line, row) for row in rows)


def _digest(line: bytes, lookups: Sequence[Callable[[Any], Any]], row: int) -> tuple[bytes, bytes, int]:
    record, text = canonical(line)
    content = blake2b(text, digest_size=16).digest()
    values = [find(record) for find in lookups]
    if not values or None in values:
        return content, content, row
    return blake2b(_sorted(values), digest_size=16).digest(), content, row


def canonical(line: bytes) -> tuple[Any, bytes]:
    """A record, and its text whatever the order of its fields was; numbers keep their digits."""
    if _LONG_NUMBER.search(line) is None:
        try:
            record = orjson.loads(line)
            return record, orjson.dumps(record, option=orjson.OPT_SORT_KEYS)
        except (orjson.JSONDecodeError, TypeError):
            pass
    record = json.loads(line)
    return record, _sorted(record)


def _sorted(value: Any) -> bytes:
    return _ENCODE(value).encode()


# The differences as lines


def _lines(
    before: Trial, after: Trial, pair: tuple[int | None, int | None], key: Sequence[Sequence[str]]
) -> Iterator[str]:
    old, new = pair
    if old is None and new is not None:
        yield f"+ {value_line(after.records.row(new))}"
    elif new is None and old is not None:
        yield f"- {value_line(before.records.row(old))}"
    elif old is not None and new is not None:
        one, other = before.records.row(old), after.records.row(new)
        names = [".".join(path) for path in key]
        values = [value_line(lookup(path)(other)) for path in key]
        yield "  " + ", ".join(f"{name} {value}" for name, value in zip(names, values, strict=True))
        found = list(_changes(one, other, ""))
        yield from (line for change in found[:_FIELDS_LISTED] for line in change)
        if len(found) > _FIELDS_LISTED:
            yield f"    and {count(len(found) - _FIELDS_LISTED, 'further field')}"


def _changes(before: Mapping[str, Any], after: Mapping[str, Any], place: str) -> Iterable[Sequence[str]]:
    """The fields that differ, those of nested objects with their path."""
    for name in dict.fromkeys([*before, *after]):
        path = f"{place}{name}"
        if name not in after:
            yield (f"-   {path}  {value_line(before[name])}",)
        elif name not in before:
            yield (f"+   {path}  {value_line(after[name])}",)
        elif isinstance(before[name], dict) and isinstance(after[name], dict):
            yield from _changes(before[name], after[name], f"{path}.")
        elif _sorted(before[name]) != _sorted(after[name]):
            old, new = value_pair(before[name], after[name])
            yield (f"-   {path}  {old}", f"+   {path}  {new}")
