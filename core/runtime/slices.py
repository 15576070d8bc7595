"""The slice: the part of a stream that is read in one go, as templates see it, and what is remembered of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson

Record = dict[str, Any]
"""A record: an object with fields."""

RecordPredicate = Callable[[Record], bool]
"""Says something about a record: that it is kept, or that it is the last one of interest."""


class StreamSlice(Mapping[str, Any]):
    """A partition and a cursor interval, readable as one mapping of both.

    `extra_fields` holds what parent records gave besides; templates reach it as `stream_slice.extra_fields`, and
    requesters see its keys as variables. Immutable and hashable by content is not needed: identity is `key`.
    """

    __slots__ = ("_all", "cursor_slice", "extra_fields", "partition")

    def __init__(
        self,
        partition: Mapping[str, Any] | None = None,
        cursor_slice: Mapping[str, Any] | None = None,
        extra_fields: Mapping[str, Any] | None = None,
    ) -> None:
        self.partition: Mapping[str, Any] = partition or {}
        self.cursor_slice: Mapping[str, Any] = cursor_slice or {}
        self.extra_fields: Mapping[str, Any] = extra_fields or {}
        self._all = {**self.partition, **self.cursor_slice}

    def __getitem__(self, key: str) -> Any:
        return self._all[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def __repr__(self) -> str:
        return repr(self._all)


def slice_key(slice_: Mapping[str, Any] | None) -> bytes:
    """Equal for slices that say the same."""
    return orjson.dumps(dict(slice_ or {}), str, orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)


def as_slice(slice_: Mapping[str, Any] | None) -> StreamSlice:
    """The slice that a mapping is, or says."""
    return slice_ if isinstance(slice_, StreamSlice) else StreamSlice(dict(slice_ or {}))


T = TypeVar("T")


@dataclass(slots=True)
class SliceMemory:
    """What one body of a slice says about the ones after it, such as the columns that only the first one names.

    `answers` holds what the requests of the slice's job gave, under the names that templates know them by.
    `first_read` says that the first body was read to its end. `no_place` says in words what an answer held where there
    is no place for records. `targets` counts the download targets of its job. `asked` counts the requests that say the
    same, by what that is; it isn't forgotten with the bodies. `warn` takes what people should know of the bodies.
    """

    answers: dict[str, Any] = field(default_factory=dict)
    first_read: bool = False
    no_place: str | None = None
    targets: int = 0
    asked: Counter[bytes] = field(default_factory=Counter)
    warn: Callable[[str], None] = lambda message: None
    _notes: dict[Hashable, Any] = field(default_factory=dict)

    def begin(self) -> None:
        """Forget the bodies that were read: the first one is read next, perhaps once more."""
        self.first_read = False
        self._notes.clear()

    def warn_once(self, message: str) -> None:
        """Warn of something that may be said of each body, but need be said only once."""
        self.note(("warned", message), lambda: self.warn(message))

    def note(self, key: Hashable, make: Callable[[], T]) -> T:
        """The one object under `key`, made on first use."""
        if key not in self._notes:
            self._notes[key] = make()
        noted: T = self._notes[key]
        return noted
