"""The way from the elements of a response to finished records, in one loop with one record alive at a time.

A page may have been requested in portions: several responses, each with some properties of the same records, which are
merged here.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from core.decoding.chunks import InBlocks, Labelled
from core.decoding.csv_rows import Rows
from core.errors import ReadError
from core.http.messages import shorten
from core.runtime.slices import Record, RecordPredicate
from core.templates import TemplateError

KeyOf = Callable[[Record], Hashable | None]
"""What identifies a record; None: nothing does, and the record stays as it is."""


@dataclass(frozen=True, slots=True)
class Portions:
    """The decoded elements of a page by portion. As an iterable it is all of them, for those who don't merge."""

    elements: Sequence[Iterable[Any]]
    key_of: KeyOf

    def __iter__(self) -> Iterator[Any]:
        return chain.from_iterable(self.elements)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The decoded elements of an answer that is accepted although it may hold an error in the place of records."""

    elements: Iterable[Any]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.elements)


def merge_into(record: Record, more: Record) -> None:
    """Add the fields of `more`: objects are merged at every level, other values of `more` win."""
    for name, value in more.items():
        present = record.get(name)
        if isinstance(present, dict) and isinstance(value, dict):
            merge_into(present, value)
        else:
            record[name] = value


Warn = Callable[[str], None]
Change = Callable[[Record], None]
"""Changes one record."""


@dataclass(frozen=True, slots=True)
class ManyRecords:
    """A change, or a choice, that is made for many records at once: `apply` gives those that are left, changed."""

    apply: Callable[[list[Record]], list[Record]]


TOGETHER = 10_000
"""Records of a page that go through what is made for many records at once."""
_DICT = frozenset({dict})


def ignore(message: str) -> None:
    """Take a warning and do nothing."""


def whole_element(found: Any) -> Iterable[Any]:
    """What is found as records: the items of a list, or itself; nothing when it is empty."""
    return found if type(found) is list else (found,) if found else ()


class RecordPipeline:
    """Extraction, filters, transformations and normalization in one loop, with one record alive at a time, unless one
    of them is made for many records at once.

    `found` counts the records extracted so far, whether they were kept or not; of a page in portions those of the
    fullest portion, or the merged ones where they are more. `extract_accepted` is the extraction for elements that are
    `Accepted`.
    """

    def __init__(
        self,
        extract: Callable[[Any], Iterable[Any]],
        before: Sequence[Change | ManyRecords],
        own_filter: RecordPredicate | ManyRecords | None,
        after: Sequence[Change | ManyRecords],
        cursor_filter: RecordPredicate | None = None,
        *,
        extract_accepted: Callable[[Any], Iterable[Any]] | None = None,
        warn: Warn = ignore,
    ) -> None:
        self.found = 0
        self._warn = warn
        self._extract = extract
        self._extract_accepted = extract_accepted or extract
        self._before = before
        self._own_filter = own_filter
        self._cursor_filter = cursor_filter
        self._after = after
        self._in_batches = any(isinstance(step, ManyRecords) for step in (*before, own_filter, *after))
        self._leaves_all = extract is whole_element and not (before or own_filter or cursor_filter or after)

    def batches(self, elements: Iterable[Any], size: int) -> Iterator[Sequence[Record]]:
        """The finished records in batches of about `size`. Raises `ReadError`."""
        bare = elements.elements if isinstance(elements, Accepted) else elements
        if self._leaves_all and not isinstance(bare, (Portions, Labelled)):
            yield from self._unchanged(bare, size)
            return
        yield from _lists_of(self(elements), size)

    def _unchanged(self, elements: Iterable[Any], size: int) -> Iterator[Sequence[Record]]:
        """The same for elements that are records as they are, without a look at each; blocks stay what they are."""
        for batch in elements.blocks if isinstance(elements, InBlocks) else _lists_of(elements, size):
            if isinstance(batch, Rows) or (all(batch) and _DICT.issuperset(map(type, batch))):
                if batch and not self.found:
                    self._look_at_first(batch[0])
                self.found += len(batch)
                yield batch
            else:
                yield list(self(batch))

    def __call__(self, elements: Iterable[Any]) -> Iterator[Record]:
        """The finished records of the elements; the elements are changed in place. Raises `ReadError`."""
        if isinstance(elements, Portions):
            return self._merged(elements)
        return self._finished(elements, (self._cursor_filter, self._own_filter))

    def _merged(self, portions: Portions) -> Iterator[Record]:
        """Records of all portions merged by their key, after those without one. A cursor judges what is merged."""
        start, fullest, is_new = self.found, 0, self._cursor_filter or _any
        merged: dict[Hashable, Record] = {}
        for elements in portions.elements:
            self.found = start
            for record in self._finished(elements, (self._own_filter,)):
                key = portions.key_of(record)
                if key is not None:
                    merge_into(merged.setdefault(key, {}), record)
                elif is_new(record):
                    yield record
            fullest = max(fullest, self.found - start)
        self.found = start + max(fullest, len(merged))
        yield from filter(is_new, merged.values())

    def _finished(
        self, elements: Iterable[Any], filters: Sequence[RecordPredicate | ManyRecords | None]
    ) -> Iterator[Record]:
        if self._in_batches:
            return self._batchwise(elements, filters)
        before = [step for step in self._before if not isinstance(step, ManyRecords)]
        keep = _both(*(one for one in filters if not isinstance(one, ManyRecords)))
        after = [step for step in self._after if not isinstance(step, ManyRecords)]
        return self._one_by_one(elements, before, keep, after)

    def _batchwise(
        self, elements: Iterable[Any], filters: Sequence[RecordPredicate | ManyRecords | None]
    ) -> Iterator[Record]:
        """The same with many records at a time in each step."""
        alone = RecordPipeline(self._extract, (), None, (), extract_accepted=self._extract_accepted, warn=self._warn)
        alone.found = self.found
        steps = [
            *map(changing, self._before),
            *(keeping(one) for one in filters if one is not None),
            *map(changing, self._after),
        ]
        extracted = alone(elements)
        while records := list(islice(extracted, TOGETHER)):
            self.found = alone.found
            for step in steps:
                records = step(records) if records else records
            yield from records
        self.found = alone.found

    def _one_by_one(
        self,
        elements: Iterable[Any],
        before: Sequence[Change],
        keep: RecordPredicate | None,
        after: Sequence[Change],
    ) -> Iterator[Record]:
        extract = self._extract
        if isinstance(elements, Accepted):
            elements, extract = elements.elements, self._extract_accepted
        label = elements.label if isinstance(elements, Labelled) else None
        try:
            for element in elements:
                for record in extract(element):
                    self.found += 1
                    if not isinstance(record, dict):
                        raise _no_record(record)
                    if self.found == 1:
                        self._look_at_first(record)
                    if label is not None:
                        label(record)
                    for change in before:
                        change(record)
                    if keep is not None and not keep(record):
                        continue
                    for change in after:
                        change(record)
                    yield record
        except TemplateError as error:
            raise ReadError(f"{error} This was record {self.found:,} of the response.") from None
        except RecursionError:
            raise ReadError(f"Record {self.found:,} of the response is nested too deeply.") from None

    def _look_at_first(self, record: Record) -> None:
        """Warn of an object that seems to hold the records, each under a key (Airbyte takes it for one record, too)."""
        if _holds_records(record):
            first = str(next(iter(record)))[:80]
            self._warn(
                f"The extractor found one object whose {len(record)} values are objects with the same fields, the "
                f"first one under `{first}`. It is taken for one record; if each of the values is one, add `*` to the "
                "end of the field path, or name a `key_field`, which gets the key."
            )


def _holds_records(record: Record) -> bool:
    values = list(record.values())
    return len(values) > 1 and all(
        isinstance(value, dict) and value and value.keys() == values[0].keys() for value in values
    )


def _lists_of(elements: Iterable[Any], size: int) -> Iterator[list[Any]]:
    waiting = iter(elements)
    while portion := list(islice(waiting, size)):
        yield portion


def changing(step: Change | ManyRecords) -> Callable[[list[Record]], list[Record]]:
    """The function that changes a list of records."""
    if isinstance(step, ManyRecords):
        return step.apply

    def change_all(records: list[Record]) -> list[Record]:
        for record in records:
            step(record)
        return records

    return change_all


def keeping(step: RecordPredicate | ManyRecords) -> Callable[[list[Record]], list[Record]]:
    """The function that gives those of a list of records that are kept."""
    return step.apply if isinstance(step, ManyRecords) else lambda records: [*filter(step, records)]


def _both(one: RecordPredicate | None, other: RecordPredicate | None = None) -> RecordPredicate | None:
    if one is None or other is None:
        return one or other
    return lambda record: one(record) and other(record)


def _any(_record: Record) -> bool:
    return True


def _no_record(found: Any) -> ReadError:
    if isinstance(found, (list, tuple)):
        return ReadError(
            "The extractor found a list where a record (an object with fields) should be. "
            "Add `*` to the end of the field path to get the items of the inner lists, or choose a TableExtractor if "
            "they are the rows of a table."
        )
    if found is None:
        return ReadError(
            "The extractor found null where a record (an object with fields) should be. "
            "A CombinedExtractor with `skip_empty_records` leaves such records out; a `value_field` beside the field "
            "path makes a record of each."
        )
    return ReadError(
        f"The extractor found “{shorten(str(found), 80)}” where a record (an object with fields) should be. "
        "Texts and numbers can't be records: check the field path and the format of the response, or name a "
        "`value_field` beside the field path, which makes a record of each."
    )
