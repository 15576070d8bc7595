"""What went wrong in the slices of a stream: a cause that many of them share is reported once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.wording import listed, slice_name

Slice = Mapping[str, Any] | None

_URL = re.compile(r"(https?://[^/\s?]*)\S*")
_NUMBERED = re.compile(r"\b(?=[\w.:+-]*\d)[\w.:+-]{8,}")
"""Ids and timestamps: long words with a digit in them."""


def gist(text: str, particulars: Iterable[Any]) -> str:
    """A text about one slice without what is specific to it: `particulars` (the slice's values, the job's id), paths of
    URLs, ids and timestamps. Two slices with the same gist failed for the same cause.
    """
    names = sorted({str(one) for one in particulars if str(one)}, key=len, reverse=True)
    text = _NUMBERED.sub("…", _URL.sub(r"\1", text))
    return re.sub("|".join(rf"(?<!\w){re.escape(name)}(?!\w)" for name in names), "…", text) if names else text


@dataclass
class SharedCause:
    """A cause: the error of the first slice that failed for it, and all slices that did."""

    error: str
    slices: list[Slice] = field(default_factory=list)

    @property
    def names(self) -> str:
        return listed(sorted(map(slice_name, self.slices)))


class Failures:
    """The slices of a stream that failed, by their cause."""

    def __init__(self) -> None:
        self._causes: dict[str, SharedCause] = {}
        self.count = 0

    def add(self, cause: str, slice_: Slice, error: str) -> Slice | None:
        """Note a failed slice. Returns the first one that failed for the same cause, None for the first itself."""
        shared = self._causes.setdefault(cause, SharedCause(error))
        first = shared.slices[0] if shared.slices else None
        shared.slices.append(slice_)
        self.count += 1
        return first

    def texts(self, of: int) -> Iterator[str]:
        """A text for each cause, with its slices where these are several; `of` is the number of all slices."""
        for shared in self._causes.values():
            number = len(shared.slices)
            more = f" The same happened in {number} of {of} slices: {shared.names}." if number > 1 else ""
            yield f"{shared.error}{more}"

    def __iter__(self) -> Iterator[SharedCause]:
        """The causes, in the order in which they were first seen."""
        return iter(self._causes.values())

    def repeated(self) -> Iterator[SharedCause]:
        """The causes of more than one failure."""
        return (shared for shared in self._causes.values() if len(shared.slices) > 1)
