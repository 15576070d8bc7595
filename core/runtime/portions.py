"""A page that was asked for in portions: several responses, each with some properties of the same records."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Protocol

from core.runtime.component import SLICE_VARIABLES
from core.runtime.context import Context
from core.runtime.slices import Record, StreamSlice

KeyOf = Callable[[Record], Hashable | None]
"""What identifies a record; None: nothing does, and the record stays as it is."""


@dataclass(frozen=True, slots=True)
class Portions:
    """The decoded elements of a page by portion. As an iterable it is all of them, for those who don't merge."""

    elements: Sequence[Sequence[Any]]
    key_of: KeyOf

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


class PageProperties(Protocol):
    """The properties that every page is asked for."""

    @property
    def key_of(self) -> KeyOf | None:
        """What identifies a record of one of several portions; None where there is only one request for a page."""

    async def portions(self, context: Context) -> list[list[str]]:
        """The properties of each request for a page, at least one portion. Raises `ReadError`."""


def asking_for(properties: list[str], context: Context, portion: int | None = None) -> Context:
    """The context in which properties are asked for: templates see them, and so does a query parameter."""
    whole = context.slice if isinstance(context.slice, StreamSlice) else StreamSlice()
    extra = {**whole.extra_fields, "query_properties": properties}
    part = StreamSlice(whole.partition, whole.cursor_slice, extra)
    context = replace(context, portion=portion)
    return context.with_variables(query_properties=properties, **dict.fromkeys(SLICE_VARIABLES, part))
