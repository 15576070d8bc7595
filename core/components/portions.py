"""A page that was asked for in portions: several responses, each with some properties of the same records."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from core.components.roles import Record


@dataclass(frozen=True, slots=True)
class Portions:
    """The decoded elements of a page by portion. As an iterable it is all of them, for those who don't merge.

    `key_of` says what identifies a record; None: nothing does, and the record stays as it is.
    """

    elements: Sequence[Sequence[Any]]
    key_of: Callable[[Record], Hashable | None]

    def __iter__(self) -> Iterator[Any]:
        return chain.from_iterable(self.elements)


def merge_into(record: Record, more: Record) -> None:
    """Add the fields of `more`: objects are merged at every level, other values of `more` win."""
    for name, value in more.items():
        present = record.get(name)
        if isinstance(present, dict) and isinstance(value, dict):
            merge_into(present, value)
        else:
            record[name] = value
