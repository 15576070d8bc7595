"""What lists that are typed into have in common: a cursor, a line that adds, pasted lines, and when typing counts."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, ClassVar, Generic, Protocol, TypeVar, runtime_checkable

from textual import events, on
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input

_PATIENCE = 1.0
"""Seconds to wait for a widget that may be on its way out."""


@runtime_checkable
class HoldsTyped(Protocol):
    """A widget that keeps what is typed to itself until enter is pressed or it is left."""

    def take_typed(self) -> None:
        """Say what is typed as if enter had been pressed; typing can go on."""


class AllSaid(Message):
    """Goes up from a widget behind everything that it has said; a screen answers by setting `heard`."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = asyncio.Event()


async def take_typed(widget: Widget) -> None:
    """Make a widget and those around it say what is typed, and wait until that was heard on the way to the screen."""
    for one in widget.ancestors_with_self:
        if isinstance(one, HoldsTyped):
            one.take_typed()
    said = AllSaid()
    if widget.post_message(said):
        with suppress(TimeoutError):
            await asyncio.wait_for(said.heard.wait(), _PATIENCE)


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


_BEGINNINGS = "_${"
"""What a text may begin with beside letters and digits; other signs may be keys of the app."""


class ItemInput(Input):
    """A field of one line without a border, in a list: what is pasted into it is for the list."""

    def __init__(self, text: str) -> None:
        super().__init__(text, compact=True)

    def on_paste(self, event: events.Paste) -> None:
        """Leave it to the list, which knows what to do with several lines."""
        event.prevent_default()


class TypeToAdd(Widget):
    """A list with a field for the item that is being typed. `_edited` says which one that is.

    What is pasted is divided into items at its line breaks, or, if it is one line, at `DIVIDER`.
    """

    DIVIDER: ClassVar[str | None] = ","

    _list: ItemList[Any]
    _edited: int | None = None

    @abstractmethod
    async def action_edit(self) -> None:
        """Open the field for the item under the cursor, or for a new one, and put the cursor into it."""

    @abstractmethod
    def take_typed(self) -> None:
        """Take what is being typed."""

    @abstractmethod
    def _put(self, index: int, text: str) -> None:
        """Make an item of a text and put it in the place of another, or behind the last, without a word."""

    @abstractmethod
    def _changed(self) -> None:
        """Draw the list anew and tell that it has changed."""

    @abstractmethod
    async def _close(self) -> None:
        """Take the field away."""

    @on(Input.Changed)
    def _keep(self, event: Input.Changed) -> None:
        event.stop()

    async def on_descendant_blur(self) -> None:
        """What was typed counts also when the field is left."""
        if self._edited is not None and not self.has_focus_within:
            self.take_typed()
            await self._close()

    def _items_in(self, text: str, typed: str) -> list[str]:
        """The texts of the items in what is pasted; none when it belongs to the item that is being typed."""
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if len(lines) == 1 and self.DIVIDER and "{" not in text:
            lines = [part.strip() for part in text.split(self.DIVIDER) if part.strip()]
        return lines if len(lines) > 1 else []

    async def on_paste(self, event: events.Paste) -> None:
        """Add the items in what is pasted behind what is being typed; a single word is typed."""
        event.stop()
        typed = self.query(Input).first().value if self._edited is not None else ""
        texts = self._items_in(event.text, typed)
        if texts:
            await self._add([typed, *texts] if typed else texts)
            return
        if self._edited is None:
            self._list.step(len(self._list.items))
            await self.action_edit()
        field = self.screen.focused
        if isinstance(field, Input):
            field.replace(event.text.strip(), *sorted(field.selection))

    async def _add(self, texts: list[str]) -> None:
        """Take several items as one change: the first for the one that is edited, the others behind the last."""
        before, edited = list(self._list.items), self._edited
        for text in texts:
            self._put(len(self._list.items) if edited is None else edited, text)
            edited = None
        await self._close()
        self.focus()
        self._list.step(len(self._list.items))
        if self._list.items != before:
            self._changed()

    async def on_key(self, event: events.Key) -> None:
        """Begin an item with what is typed on the line that adds. Keys that come before the field is there are its."""
        text = event.character or ""
        begins = self._edited is None and self._list.current is None and _begins_text(text)
        if begins or (self._edited is not None and event.is_printable):
            event.stop()
            event.prevent_default()
            await self.action_edit()
            field = self.screen.focused
            if isinstance(field, Input):
                field.select_on_focus = False
                field.insert_text_at_cursor(text)


def _begins_text(text: str) -> bool:
    return len(text) == 1 and (text.isalnum() or text in _BEGINNINGS)
