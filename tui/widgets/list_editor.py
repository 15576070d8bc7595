"""A list that is edited in place: a cursor, a line that adds, and fields for the item that is being typed."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from textual import events, on
from textual.actions import SkipAction
from textual.binding import BindingType
from textual.geometry import Offset
from textual.style import Style
from textual.widget import Widget
from textual.widgets import Input

from tui.widgets.base import WidgetMessage, hidden, shown

MakeInput = Callable[[str], Input]
"""Makes the field that an item is typed into, from the item's text."""

Item = TypeVar("Item")
_FIRST_CHARACTERS = "_${"
"""What an item may begin with beside letters and digits; other signs may be keys of the app."""


class ItemInput(Input):
    """A field of one line without a border, in a list: what is pasted into it is left to the list."""

    def __init__(self, text: str) -> None:
        super().__init__(text, compact=True)

    def on_paste(self, event: events.Paste) -> None:
        event.prevent_default()


def list_bindings(ids: str, item: str, article: str = "a") -> list[BindingType]:
    """The keys that all lists have. `ids` begins the ids of the bindings, `item` is what the list calls its items."""
    return [
        shown("enter,e", "edit", "Edit", f"Edit this {item}, or add one", f"{ids}.edit"),
        shown("a,plus", "add", "Add", f"Add {article} {item} at the end", f"{ids}.add"),
        shown("delete,backspace", "delete", "Delete", f"Take this {item} out", f"{ids}.delete"),
        hidden("home", "step(-1000000)", "First", f"Go to the first {item}", f"{ids}.first"),
        hidden("end", "step(1000000)", "Last", f"Go past the last {item}", f"{ids}.last"),
        shown("escape,ctrl+z", "stop", "Cancel edit", f"Leave the {item} as it was", f"{ids}.stop"),
    ]


class ListEditor(Widget, Generic[Item], can_focus=True):
    """Items that are added, edited, deleted and moved by keys and mouse. Only that posts `Changed`.

    The cursor stands on an item or just behind the last one, where an item is added. What is pasted is divided into
    items at its line breaks, or, if it is one line, at `DIVIDER`. A subclass draws the items and says how one is typed.
    """

    CSS_PREFIX: ClassVar[str]
    """Begins the names of the component classes."""
    DIVIDER: ClassVar[str | None] = ","

    @dataclass
    class Changed(WidgetMessage["ListEditor[Any]"]):
        """A person changed the list."""

        items: list[Any]

    def __init__(self, items: Iterable[Item] = (), *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._items = list(items)
        self._cursor = 0
        self._edited: int | None = None

    @property
    def items(self) -> list[Item]:
        return list(self._items)

    @items.setter
    def items(self, items: Iterable[Item]) -> None:
        self._items = list(items)
        self._go_to(self._cursor)
        self.refresh(layout=True)

    @property
    def current(self) -> Item | None:
        return self._items[self._cursor] if self._cursor < len(self._items) else None

    @property
    def is_typing(self) -> bool:
        """Whether an item is being typed."""
        return self._edited is not None

    # What a kind of list overrides

    @abstractmethod
    def make_fields(self, item: Item | None) -> Widget:
        """An `Input`, or a widget with several, for an item or (None) a new one."""

    @abstractmethod
    def typed_item(self) -> Item | None:
        """The item in the fields; None when nothing is to be taken from them."""

    @abstractmethod
    def pasted_item(self, text: str) -> Item | None:
        """The item that a text means; None when the list has it already."""

    @abstractmethod
    def item_at(self, offset: Offset) -> int | None:
        """The index of the item that is drawn at an offset; that behind the last is the line that adds."""

    def deletes_at(self, offset: Offset) -> bool:
        """Whether a click at an offset within an item deletes it."""
        return False

    def place_fields(self, fields: Widget) -> None:
        """Lay the fields over the item that they stand for."""

    def style_of(self, part: str, index: int | None = None) -> Style:
        """The style of a part, with that of the cursor on top when it stands on the item at `index`."""
        names = [f"{self.CSS_PREFIX}--{part}"]
        if self.has_focus_within and index == (self._cursor if self._edited is None else self._edited):
            names.append(f"{self.CSS_PREFIX}--cursor")
        return self.get_visual_style(*names)

    # The cursor

    def _go_to(self, index: int) -> None:
        self._cursor = max(0, min(index, len(self._items)))

    def action_step(self, distance: int) -> None:
        """Move the cursor, up to the ends."""
        self._go_to(self._cursor + distance)
        self.refresh()

    def action_step_or_leave(self, distance: int) -> None:
        """Move the cursor; past the ends the keys are those of what is around."""
        if not 0 <= self._cursor + distance <= len(self._items):
            raise SkipAction
        self.action_step(distance)

    async def on_click(self, event: events.Click) -> None:
        """Go to the item under the mouse; a double click edits it."""
        offset = event.get_content_offset(self)
        index = self.item_at(offset) if offset is not None and self._edited is None else None
        if offset is None or index is None:
            return
        self._cursor = index
        self.refresh()
        if index == len(self._items):
            await self.action_edit()
        else:
            await self.item_clicked(offset, double=event.chain == 2)

    async def item_clicked(self, offset: Offset, *, double: bool) -> None:
        if double:
            await self.action_edit()
        elif self.deletes_at(offset):
            self.action_delete()

    # Changing items

    def action_shift(self, distance: int) -> None:
        target = self._cursor + distance
        if self._cursor < len(self._items) and 0 <= target < len(self._items):
            self._items.insert(target, self._items.pop(self._cursor))
            self._cursor = target
            self._changed()

    def action_delete(self) -> None:
        if self.current is not None:
            del self._items[self._cursor]
            self._cursor = max(0, min(self._cursor, len(self._items) - 1))
            self._changed()

    def put(self, index: int, item: Item) -> None:
        """Replace an item, or append one."""
        changed = self._items[index : index + 1] != [item]
        self._items[index : index + 1] = [item]
        self._cursor = index
        if changed:
            self._changed()

    def _changed(self) -> None:
        for fields in self.children:
            self.place_fields(fields)
        self.refresh(layout=True)
        self.post_message(self.Changed(self, self.items))

    # Typing

    async def action_add(self) -> None:
        """Type an item to be added at the end."""
        self._go_to(len(self._items))
        await self.action_edit()

    async def action_edit(self) -> None:
        """Type the item under the cursor, or a new one behind the last."""
        if self._edited is None:
            self._edited = self._cursor
            fields = self.make_fields(self.current)
            self.place_fields(fields)
            await self.mount(fields)
            self.screen.set_focus(self.query(Input).first())
            self.refresh(layout=True)

    async def action_stop(self) -> None:
        """Leave the item without a change."""
        await self._close()
        self.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While an item is typed, escape is the only key of the list; at other times it is none."""
        return (action == "stop") == (self._edited is not None)

    @on(Input.Changed)
    def _keep(self, event: Input.Changed) -> None:
        event.stop()

    @on(Input.Submitted)
    async def _submit(self, event: Input.Submitted) -> None:
        """Go on to the next field; from the last take the item, and after a new one ask for the next."""
        event.stop()
        fields, count = list(self.query(Input)), len(self._items)
        if event.input is not fields[-1] and event.value:
            fields[fields.index(event.input) + 1].focus()
            return
        self.commit_edit()
        if len(self._items) > count:
            self._edited = self._cursor = len(self._items)
            for field in fields:
                field.clear()
            self.place_fields(self.children[0])
            self.screen.set_focus(fields[0])
        else:
            await self._close()
            self.focus()

    def commit_edit(self) -> None:
        item = self.typed_item() if self._edited is not None else None
        if self._edited is not None and item is not None:
            self.put(self._edited, item)

    async def on_descendant_blur(self) -> None:
        """Leaving the field commits what is typed."""
        if self._edited is not None and not self.has_focus_within:
            self.commit_edit()
            await self._close()

    async def _close(self) -> None:
        self._edited = None
        await self.remove_children()
        self.refresh(layout=True)

    async def on_key(self, event: events.Key) -> None:
        """Begin an item with what is typed on the line that adds; keys pressed before its field is mounted go there."""
        text = event.character or ""
        begins = self._edited is None and self.current is None and _begins_item(text)
        if begins or (self._edited is not None and event.is_printable):
            event.stop()
            event.prevent_default()
            await self.action_edit()
            field = self.screen.focused
            if isinstance(field, Input):
                field.select_on_focus = False
                field.insert_text_at_cursor(text)

    # Pasting

    async def on_paste(self, event: events.Paste) -> None:
        """Add the items in what is pasted behind what is being typed; a single word is typed."""
        event.stop()
        typed = self.query(Input).first().value if self._edited is not None else ""
        rows = [] if typed else self.rows_in(event.text)
        if rows:
            await self._add_all(rows)
            return
        texts = self.items_in(event.text, typed)
        if texts:
            await self._add_all(map(self.pasted_item, [typed, *texts] if typed else texts))
            return
        if self._edited is None:
            await self.action_add()
        field = self.screen.focused
        if isinstance(field, Input):
            field.replace(event.text.strip(), *sorted(field.selection))

    def rows_in(self, text: str) -> list[Item]:
        """The items of what is pasted as a whole where it is more than lines; none where it is not."""
        return []

    def items_in(self, text: str, typed: str) -> list[str]:
        """The texts of the items in what is pasted; none when it belongs to the item that is being typed."""
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if len(lines) == 1 and self.DIVIDER and "{" not in text:
            lines = [part.strip() for part in text.split(self.DIVIDER) if part.strip()]
        return lines if len(lines) > 1 else []

    async def _add_all(self, items: Iterable[Item | None]) -> None:
        """Take several items as one change: the first for the one that is edited, the others behind the last."""
        before, edited = self.items, self._edited
        for item in items:
            if item is not None:
                index = len(self._items) if edited is None else edited
                self._items[index : index + 1] = [item]
            edited = None
        await self._close()
        self.focus()
        self._cursor = len(self._items)
        if self._items != before:
            self._changed()


def _begins_item(text: str) -> bool:
    return len(text) == 1 and (text.isalnum() or text in _FIRST_CHARACTERS)
