"""Elements that were read together, for those who take many at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any


class Lines(list[Any]):
    """Elements and the text that they were read from: JSON Lines in UTF-8 without carriage returns, a line for each."""

    __slots__ = ("text",)

    def __init__(self, elements: Iterable[Any], text: bytes) -> None:
        super().__init__(elements)
        self.text = text

    def first(self, count: int) -> Lines:
        """The first so many."""
        return Lines(self[:count], b"".join(self.text.splitlines(keepends=True)[:count]))


class InBlocks(Iterator[Any]):
    """Elements one by one; who can takes them from `blocks` instead, in the lists in which they were read."""

    def __init__(self, blocks: Iterator[list[Any]]) -> None:
        self.blocks = blocks
        self._each = chain.from_iterable(blocks)

    def __iter__(self) -> Iterator[Any]:
        return self._each

    def __next__(self) -> Any:
        return next(self._each)
