"""What lists that are typed into have in common: a key on the line that adds begins an item, and no key is lost."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from textual import events, on
from textual.widget import Widget
from textual.widgets import Input

from tui.widgets.item_list import ItemList

_BEGINNINGS = "_${"
"""What a text may begin with beside letters and digits; other signs may be keys of the app."""


class TypeToAdd(Widget):
    """A list with a field for the item that is being typed. `_edited` says which one that is."""

    _list: ItemList[Any]
    _edited: int | None = None

    @abstractmethod
    async def action_edit(self) -> None:
        """Open the field for the item under the cursor, or for a new one, and put the cursor into it."""

    @abstractmethod
    def take_typed(self) -> None:
        """Take what is being typed."""

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
