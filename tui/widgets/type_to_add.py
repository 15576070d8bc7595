"""What lists that are typed into have in common: a key on the line that adds begins an item, pasted lines are items."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

from textual import events, on
from textual.widget import Widget
from textual.widgets import Input

from tui.widgets.item_list import ItemList

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
