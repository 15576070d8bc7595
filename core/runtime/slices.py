"""The slice: the part of a stream that is read in one go, as templates see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

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
