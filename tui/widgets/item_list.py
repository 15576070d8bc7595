"""A list under a cursor, as edited by the widgets for strings and for pairs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class ItemList(Generic[Item]):
    """Items and a cursor, which stands on one of them or just behind the last (where one is added)."""

    def __init__(self, items: Iterable[Item] = ()) -> None:
        self.items = list(items)
        self.cursor = 0

    @property
    def current(self) -> Item | None:
        """The item under the cursor."""
        return self.items[self.cursor] if self.cursor < len(self.items) else None

    def step(self, distance: int) -> None:
        """Move the cursor."""
        self.cursor = max(0, min(self.cursor + distance, len(self.items)))

    def put(self, index: int, item: Item) -> bool:
        """Put an item in the place of another, or behind the last; whether that changed anything."""
        changed = self.items[index : index + 1] != [item]
        self.items[index : index + 1] = [item]
        self.cursor = index
        return changed

    def remove(self) -> bool:
        """Take out the item under the cursor; whether there was one."""
        removed = self.items[self.cursor : self.cursor + 1]
        del self.items[self.cursor : self.cursor + 1]
        self.cursor = max(0, min(self.cursor, len(self.items) - 1))
        return bool(removed)

    def shift(self, distance: int) -> bool:
        """Move the item under the cursor, and the cursor with it; whether it could be moved."""
        target = self.cursor + distance
        if not (self.cursor < len(self.items) and 0 <= target < len(self.items)):
            return False
        self.items.insert(target, self.items.pop(self.cursor))
        self.cursor = target
        return True
