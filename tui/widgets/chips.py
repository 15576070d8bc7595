"""A list of strings shown as chips, in one widget as long as nothing is being typed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual import events, on
from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Offset, Size
from textual.widgets import Input

from tui.widgets.base import WidgetMessage, hidden, shown
from tui.widgets.item_list import ItemInput, ItemList, TypeToAdd
from tui.widgets.record_cells import escape, fit

MakeInput = Callable[[str], Input]
"""Makes the field that an item is typed into, from the item's text."""

_LONGEST = 40


@dataclass(frozen=True)
class _Place:
    """Where a chip stands: its line, its first cell, its text; `index` is one too many for the chip that adds."""

    index: int
    y: int
    x: int
    text: str

    def holds(self, offset: Offset) -> bool:
        return offset.y == self.y and self.x <= offset.x < self.x + cell_len(self.text)

    def closes(self, offset: Offset) -> bool:
        """Whether an offset is on the chip's cross."""
        return offset.x >= self.x + cell_len(self.text) - 2


class Chips(TypeToAdd, can_focus=True):
    """Strings as chips; they are added, edited, deleted and moved by keys and mouse. Only that posts `Changed`."""

    BINDING_GROUP_TITLE = "List"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("enter,e", "edit", "Edit", "Edit this item, or add one", "chips.edit"),
        shown("a,plus", "add", "Add", "Add an item at the end", "chips.add"),
        shown("delete,backspace", "delete", "Delete", "Take this item out", "chips.delete"),
        hidden("left", "step(-1)", "Previous", "Go to the item before", "chips.previous"),
        hidden("right", "step(1)", "Next", "Go to the item after", "chips.next"),
        hidden("home", "step(-1000000)", "First", "Go to the first item", "chips.first"),
        hidden("end", "step(1000000)", "Last", "Go behind the last item", "chips.last"),
        hidden("ctrl+left,left_square_bracket", "shift(-1)", "Move left", "Move this item left", "chips.earlier"),
        hidden("ctrl+right,right_square_bracket", "shift(1)", "Move right", "Move this item right", "chips.later"),
        shown("escape", "stop", "Cancel edit", "Leave the item as it was", "chips.stop"),
    ]

    COMPONENT_CLASSES: ClassVar[set[str]] = {"chips--chip", "chips--cursor", "chips--add"}

    DEFAULT_CSS = """
    Chips {
        width: 100%;
        height: auto;
        color: $foreground;
        & > .chips--chip { background: $primary 25%; }
        & > .chips--add { color: $text-muted; }
        &:focus > .chips--cursor, &:focus-within > .chips--cursor {
            background: $block-cursor-background;
            color: $block-cursor-foreground;
            text-style: bold;
        }
        & > Input { dock: bottom; background: $surface; padding: 0 1 !important; }
    }
    """

    @dataclass
    class Changed(WidgetMessage["Chips"]):
        """A person changed the list."""

        values: list[str]

    def __init__(
        self,
        values: Iterable[str] = (),
        *,
        make_input: MakeInput = ItemInput,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
        disabled: bool = False,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes, disabled=disabled)
        self._list = ItemList(values)
        self._make_input = make_input
        self._edited: int | None = None

    @property
    def values(self) -> list[str]:
        """The strings."""
        return list(self._list.items)

    @values.setter
    def values(self, values: Iterable[str]) -> None:
        self._list = ItemList(values)
        self.refresh(layout=True)

    # Drawing

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """The lines that the chips take, and one for the field while there is one."""
        return self._places(width)[-1].y + 1 + (self._edited is not None)

    def render(self) -> Content:
        """The chips, line by line."""
        content, x, y = Content(), 0, 0
        for place in self._places(self.content_size.width):
            if place.y > y:
                content, x, y = content.append("\n"), 0, place.y
            content = content.append(" " * (place.x - x)).append(self._chip(place))
            x = place.x + cell_len(place.text)
        return content

    def _chip(self, place: _Place) -> Content:
        marked = place.index == (self._list.cursor if self._edited is None else self._edited)
        plain = "chips--chip" if place.index < len(self._list.items) else "chips--add"
        names = [plain, "chips--cursor"] if marked and self.has_focus_within else [plain]
        return Content.styled(place.text, self.get_visual_style(*names))

    def _places(self, width: int) -> list[_Place]:
        longest = max(8, min(_LONGEST, width - 4))
        texts = [f" {_short(value, longest)} × " for value in self._list.items]
        places: list[_Place] = []
        x = y = 0
        for index, text in enumerate([*texts, " + Add "]):
            if x and x + cell_len(text) > width:
                x, y = 0, y + 1
            places.append(_Place(index, y, x, text))
            x += cell_len(text) + 1
        return places

    # Keys and mouse

    def action_step(self, distance: int) -> None:
        """Move the cursor."""
        self._list.step(distance)
        self.refresh()

    def action_shift(self, distance: int) -> None:
        """Move the item under the cursor."""
        if self._list.shift(distance):
            self._changed()

    def action_delete(self) -> None:
        """Take out the item under the cursor."""
        if self._list.remove():
            self._changed()

    async def action_add(self) -> None:
        """Type an item to be added at the end."""
        self._list.step(len(self._list.items))
        await self.action_edit()

    async def action_edit(self) -> None:
        """Type the item under the cursor, or a new one behind the last."""
        if self._edited is None:
            self._edited = self._list.cursor
            field = self._make_input(self._list.current or "")
            await self.mount(field)
            self.screen.set_focus(field)
            self.refresh(layout=True)

    async def action_stop(self) -> None:
        """Leave the field without a change."""
        await self._close()
        self.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Escape means something only while an item is typed; then only escape does."""
        return (action == "stop") == (self._edited is not None)

    async def on_click(self, event: events.Click) -> None:
        """Go to the chip under the mouse; a double click edits, its cross deletes."""
        offset = event.get_content_offset(self)
        for place in self._places(self.content_size.width) if offset else ():
            if offset and self._edited is None and place.holds(offset):
                self._list.cursor = place.index
                self.refresh()
                if place.index == len(self._list.items) or event.chain == 2:
                    await self.action_edit()
                elif place.closes(offset):
                    self.action_delete()
                return

    @on(Input.Submitted)
    async def _submit(self, event: Input.Submitted) -> None:
        """Take the item; after a new one ask for the next."""
        event.stop()
        added = self._edited == len(self._list.items) and bool(event.value)
        self._take(event.value)
        if added:
            self._edited = len(self._list.items)
            self._list.step(self._edited)
            event.input.clear()
        else:
            await self._close()
            self.focus()

    def take_typed(self) -> None:
        """Take the item that is being typed."""
        if self._edited is not None:
            self._take(self.query_one(Input).value)

    def _take(self, text: str) -> None:
        if self._edited is not None and text and self._list.put(self._edited, text):
            self._changed()

    def _put(self, index: int, text: str) -> None:
        self._list.put(index, text)

    async def _close(self) -> None:
        self._edited = None
        await self.query(Input).remove()
        self.refresh(layout=True)

    def _changed(self) -> None:
        self.refresh(layout=True)
        self.post_message(self.Changed(self, self.values))


def _short(value: str, longest: int) -> str:
    text = escape(value[: longest + 1])
    return fit(text, longest) if cell_len(text) > longest else text
