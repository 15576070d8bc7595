"""A list of strings shown as chips, in one widget as long as nothing is being typed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Offset, Size
from textual.widget import Widget
from textual.widgets import Input

from tui.widgets.base import hidden
from tui.widgets.display_text import escape, fit
from tui.widgets.list_editor import ItemInput, ListEditor, MakeInput, list_bindings

_LONGEST = 40


@dataclass(frozen=True)
class _Chip:
    """A chip on the screen: its line, its first cell, its text; `index` is one too many for the chip that adds."""

    index: int
    y: int
    x: int
    text: str

    def contains(self, offset: Offset) -> bool:
        return offset.y == self.y and self.x <= offset.x < self.x + cell_len(self.text)

    def has_cross_at(self, offset: Offset) -> bool:
        return self.contains(offset) and offset.x >= self.x + cell_len(self.text) - 2


class Chips(ListEditor[str]):
    """Strings as chips, in as many lines as they need."""

    BINDING_GROUP_TITLE = "List"
    BINDINGS: ClassVar[list[BindingType]] = [
        *list_bindings("chips", "item", "an"),
        hidden("left", "step(-1)", "Previous", "Go to the item before", "chips.previous"),
        hidden("right", "step(1)", "Next", "Go to the item after", "chips.next"),
        hidden("ctrl+left,left_square_bracket", "shift(-1)", "Move left", "Move this item left", "chips.earlier"),
        hidden("ctrl+right,right_square_bracket", "shift(1)", "Move right", "Move this item right", "chips.later"),
    ]

    CSS_PREFIX = "chips"
    COMPONENT_CLASSES: ClassVar[set[str]] = {"chips--chip", "chips--cursor", "chips--add"}

    DEFAULT_CSS = """
    Chips {
        width: 100%;
        height: auto;
        background: $well;
        color: $foreground;
        &:focus, &:focus-within { background: $well-focus; }
        & > .chips--chip { background: $foreground 12%; }
        & > .chips--add { color: $text-muted; }
        &:focus > .chips--cursor, &:focus-within > .chips--cursor {
            background: $block-cursor-background;
            color: $block-cursor-foreground;
            text-style: bold;
        }
        & > Input { dock: bottom; background: $well-focus; padding: 0 1 !important; }
    }
    """

    def __init__(self, items: Iterable[str] = (), *, make_input: MakeInput = ItemInput, id: str | None = None) -> None:
        super().__init__(items, id=id)
        self._make_input = make_input

    # Drawing

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """The lines that the chips take, and one for the field while there is one."""
        return self._chips(width)[-1].y + 1 + (self._edited is not None)

    def render(self) -> Content:
        content, x, y = Content(), 0, 0
        for chip in self._chips(self.content_size.width):
            if chip.y > y:
                content, x, y = content.append("\n"), 0, chip.y
            part = "chip" if chip.index < len(self._items) else "add"
            text = Content.styled(chip.text, self.style_of(part, chip.index))
            content = content.append(" " * (chip.x - x)).append(text)
            x = chip.x + cell_len(chip.text)
        return content

    def _chips(self, width: int) -> list[_Chip]:
        longest = max(8, min(_LONGEST, width - 4))
        texts = [f" {_shortened(item, longest)} × " for item in self._items]
        chips: list[_Chip] = []
        x = y = 0
        for index, text in enumerate([*texts, " + Add "]):
            if x and x + cell_len(text) > width:
                x, y = 0, y + 1
            chips.append(_Chip(index, y, x, text))
            x += cell_len(text) + 1
        return chips

    def item_at(self, offset: Offset) -> int | None:
        chips = self._chips(self.content_size.width)
        return next((chip.index for chip in chips if chip.contains(offset)), None)

    def deletes_at(self, offset: Offset) -> bool:
        return any(chip.has_cross_at(offset) for chip in self._chips(self.content_size.width))

    # Typing

    def make_fields(self, item: str | None) -> Widget:
        return self._make_input(item or "")

    def typed_item(self) -> str | None:
        return self.query_one(Input).value or None

    def pasted_item(self, text: str) -> str | None:
        return text


def _shortened(text: str, longest: int) -> str:
    text = escape(text[: longest + 1])
    return fit(text, longest) if cell_len(text) > longest else text
