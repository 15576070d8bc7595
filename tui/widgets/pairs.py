"""Keys and values in rows, in one widget as long as nothing is being typed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual import events, on
from textual.actions import SkipAction
from textual.binding import BindingType
from textual.containers import HorizontalGroup
from textual.content import Content
from textual.geometry import Size
from textual.style import Style
from textual.widgets import Input

from tui.widgets.base import WidgetMessage, hidden, shown
from tui.widgets.chips import MakeInput
from tui.widgets.item_list import ItemInput, ItemList, TypeToAdd
from tui.widgets.record_cells import escape, fit

Pair = tuple[str, str]

_NARROWEST_KEY = 12
_LINE = re.compile(r"(?P<key>[^\s:=]\S*?)\s*(?::\s+|=|\t)\s*(?P<value>.*)")
"""A line that holds a key and its value: `Accept: text/csv`, `limit=100`, or the cells of a table."""
_DUPLICATE = "! duplicate "


class Pairs(TypeToAdd, can_focus=True):
    """Rows of a key and a value: added, edited, deleted and moved by keys and mouse. Only that posts `Changed`.

    A key that occurs twice is flagged in its row; `duplicates` names such keys. The rows of keys in `fixed` are not
    typed here: they post `Opened`.
    """

    DIVIDER = None
    BINDING_GROUP_TITLE = "Rows"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("enter,e", "edit", "Edit", "Edit this row, or add one", "pairs.edit"),
        shown("a,plus", "add", "Add", "Add a row at the end", "pairs.add"),
        shown("delete,backspace", "delete", "Delete", "Take this row out", "pairs.delete"),
        hidden("up", "step(-1)", "Up", "Go to the row above", "pairs.up"),
        hidden("down", "step(1)", "Down", "Go to the row below", "pairs.down"),
        hidden("home", "step(-1000000)", "First", "Go to the first row", "pairs.first"),
        hidden("end", "step(1000000)", "Last", "Go behind the last row", "pairs.last"),
        hidden("ctrl+up,left_square_bracket", "shift(-1)", "Move up", "Move this row up", "pairs.earlier"),
        hidden("ctrl+down,right_square_bracket", "shift(1)", "Move down", "Move this row down", "pairs.later"),
        shown("escape", "stop", "Cancel edit", "Leave the row as it was", "pairs.stop"),
    ]

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "pairs--header",
        "pairs--key",
        "pairs--value",
        "pairs--duplicate",
        "pairs--add",
        "pairs--cursor",
    }

    DEFAULT_CSS = """
    Pairs {
        width: 100%;
        height: auto;
        background: $surface;
        color: $foreground;
        & > .pairs--header { color: $text-muted; text-style: bold; }
        & > .pairs--key { color: $text-primary; }
        & > .pairs--duplicate { color: $text-error; text-style: bold; }
        & > .pairs--add { color: $text-muted; }
        &:focus > .pairs--cursor, &:focus-within > .pairs--cursor {
            background: $block-cursor-background;
            color: $block-cursor-foreground;
            text-style: bold;
        }
        & > HorizontalGroup { dock: top; height: 1; background: $panel; }
        & Input { padding: 0 1 !important; }
        & .pairs--value-input { width: 1fr; }
    }
    """

    @dataclass
    class Changed(WidgetMessage["Pairs"]):
        """A person changed the rows."""

        pairs: list[Pair]

    @dataclass
    class Opened(WidgetMessage["Pairs"]):
        """A person wants to edit a row that is not typed here."""

        key: str

    def __init__(
        self,
        pairs: Iterable[Pair] = (),
        *,
        key_label: str = "Key",
        value_label: str = "Value",
        make_key_input: MakeInput = ItemInput,
        make_value_input: MakeInput = ItemInput,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
        disabled: bool = False,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes, disabled=disabled)
        self._list = ItemList(pairs)
        self._labels = (key_label, value_label)
        self._make_inputs = (make_key_input, make_value_input)
        self._edited: int | None = None
        self.fixed: frozenset[str] = frozenset()

    @property
    def current_key(self) -> str:
        """The key in the row under the cursor; empty behind the last one."""
        return self._list.current[0] if self._list.current else ""

    @property
    def pairs(self) -> list[Pair]:
        """The rows."""
        return list(self._list.items)

    @pairs.setter
    def pairs(self, pairs: Iterable[Pair]) -> None:
        self._list = ItemList(pairs)
        self.refresh(layout=True)

    @property
    def duplicates(self) -> set[str]:
        """The keys that occur more than once."""
        return {key for key, count in Counter(key for key, _ in self._list.items).items() if count > 1}

    # Drawing

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """A header if there are rows, the rows, and the line to add one, or instead of it what is being typed."""
        rows = len(self._list.items)
        return bool(rows) + rows + 1

    def render(self) -> Content:
        """The header, the rows and the line to add one, which the edit row covers."""
        width = self.content_size.width
        header = fit(f" {self._labels[0]}", self._key_width) + f" {self._labels[1]}"
        lines = [Content.styled(fit(header, width), self._style("header"))] if self._list.items else []
        duplicates = self.duplicates
        lines += [self._row(index, width, duplicates) for index in range(len(self._list.items))]
        add = f" + Add {self._labels[0].lower()} and {self._labels[1].lower()}"
        style = self._style("add", marked=self._marked(len(self._list.items)))
        return Content("\n").join([*lines, Content.styled(fit(add, width), style)])

    def _row(self, index: int, width: int, duplicates: set[str]) -> Content:
        key, value = self._list.items[index]
        flag = _DUPLICATE if key in duplicates else ""
        room = max(0, width - self._key_width - len(flag) - 3)
        marked = self._marked(index)
        return Content.assemble(
            (fit(f" {escape(key[:width])}", self._key_width), self._style("key", marked=marked)),
            (fit(f" {escape(value[:width])}", room), self._style("value", marked=marked)),
            (flag, self._style("duplicate", marked=marked)),
            (" × ", self._style("value", marked=marked)),
        )

    def _style(self, part: str, *, marked: bool = False) -> Style:
        names = [f"pairs--{part}", "pairs--cursor"] if marked else [f"pairs--{part}"]
        return self.get_visual_style(*names)

    def _marked(self, index: int) -> bool:
        return self.has_focus_within and index == (self._list.cursor if self._edited is None else self._edited)

    @property
    def _key_width(self) -> int:
        """Cells of the key column: as wide as its keys, but no more than two fifths."""
        longest = max((cell_len(key) for key, _ in self._list.items), default=0) + 2
        return max(_NARROWEST_KEY, min(longest, self.content_size.width * 2 // 5))

    # Keys and mouse

    def action_step(self, distance: int) -> None:
        """Move the cursor; past the ends the keys are those of what is around."""
        if abs(distance) == 1 and not 0 <= self._list.cursor + distance <= len(self._list.items):
            raise SkipAction
        self._list.step(distance)
        self.refresh()

    def action_shift(self, distance: int) -> None:
        """Move the row under the cursor."""
        if self._list.shift(distance):
            self._changed()

    def action_delete(self) -> None:
        """Take out the row under the cursor."""
        if self._list.remove():
            self._changed()

    async def action_add(self) -> None:
        """Type a row to be added at the end."""
        self._list.step(len(self._list.items))
        await self.action_edit()

    async def action_edit(self) -> None:
        """Type the row under the cursor, or a new one behind the last."""
        if self.current_key in self.fixed:
            self.post_message(self.Opened(self, self.current_key))
        elif self._edited is None:
            self._edited = self._list.cursor
            texts = self._list.current or ("", "")
            key, value = (make(text) for make, text in zip(self._make_inputs, texts, strict=True))
            key.placeholder, value.placeholder = self._labels
            key.styles.width = self._key_width
            value.add_class("pairs--value-input")
            row = HorizontalGroup(key, value)
            self._put_in_place(row)
            await self.mount(row)
            self.screen.set_focus(key)
            self.refresh()

    async def action_stop(self) -> None:
        """Leave the row without a change."""
        await self._close()
        self.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Escape means something only while a row is typed; then only escape does."""
        return (action == "stop") == (self._edited is not None)

    async def on_click(self, event: events.Click) -> None:
        """Go to the row under the mouse; a double click edits, its cross deletes."""
        offset = event.get_content_offset(self)
        if offset is None or self._edited is not None:
            return
        row = offset.y - bool(self._list.items)
        if 0 <= row <= len(self._list.items):
            self._list.cursor = row
            self.refresh()
            if row == len(self._list.items) or event.chain == 2:
                await self.action_edit()
            elif offset.x >= self.content_size.width - 3:
                self.action_delete()

    @on(Input.Submitted)
    async def _submit(self, event: Input.Submitted) -> None:
        """Go on from the key to the value; then take the row, and after a new one ask for the next."""
        event.stop()
        key, value = self.query(Input)
        if event.input is key and key.value:
            value.focus()
            return
        added = self._edited == len(self._list.items) and bool(key.value)
        self._take(key.value, value.value)
        if added:
            self._edited = len(self._list.items)
            self._list.step(self._edited)
            key.clear()
            value.clear()
            key.styles.width = self._key_width
            self.screen.set_focus(key)
        else:
            await self._close()
            self.focus()

    def take_typed(self) -> None:
        """Take the row that is being typed."""
        if self._edited is not None:
            key, value = self.query(Input)
            self._take(key.value, value.value)

    def _take(self, key: str, value: str) -> None:
        if self._edited is not None and key and self._list.put(self._edited, (key, value)):
            self._changed()

    def _items_in(self, text: str, typed: str) -> list[str]:
        items = super()._items_in(text, typed)
        return items or ([text.strip()] if not typed and _LINE.fullmatch(text.strip()) else [])

    def _put(self, index: int, text: str) -> None:
        match = _LINE.fullmatch(text)
        self._list.put(index, (match["key"], match["value"]) if match else (text.rstrip(":"), ""))

    async def _close(self) -> None:
        self._edited = None
        await self.query(HorizontalGroup).remove()
        self.refresh()

    def _put_in_place(self, row: HorizontalGroup) -> None:
        """Lay what is being typed over the row that it stands for."""
        row.styles.offset = (0, bool(self._list.items) + (self._edited or 0))

    def _changed(self) -> None:
        for row in self.query(HorizontalGroup):
            self._put_in_place(row)
        self.refresh(layout=True)
        self.post_message(self.Changed(self, self.pairs))
