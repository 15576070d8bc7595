"""Lists in two columns: the base of such lists, and keys with their values."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import parse_qsl

import orjson
from rich.cells import cell_len
from textual import on
from textual.binding import BindingType
from textual.containers import HorizontalGroup
from textual.content import Content
from textual.geometry import Offset, Size
from textual.style import Style
from textual.widget import Widget
from textual.widgets import Input

from tui.widgets.base import WidgetMessage, hidden
from tui.widgets.display_text import compact_json, escape, fit
from tui.widgets.list_editor import ItemInput, ListEditor, MakeInput, list_bindings
from tui.widgets.syntax import with_templates

Pair = tuple[str, str]

_NARROWEST_KEY = 12
_LONGEST_DRAWN = 1_000
_NARROWEST_VALUE = 10
"""What a long key leaves to the value while it is typed."""
_LINE = re.compile(r"(?P<key>[^\s:=]\S*?)\s*(?::\s+|=|\t)\s*(?P<value>.*)")
"""A line that holds a key and its value: `Accept: text/csv`, `limit=100`, or the cells of a table."""
_ADDRESS = re.compile(r"https?://\S+$")
_QUERY = re.compile(r"[^\s=&{]+=[^\s&]*(?:&[^\s=&]+=[^\s&]*)+")
_NAMELESS = "! no name "
_DUPLICATE = "! duplicate "


class TwoColumnList(ListEditor[Pair]):
    """Rows of a key and something that belongs to it, under a header."""

    WIDEST_KEY: ClassVar[float]
    """How much of the width the keys may take."""

    @property
    def has_header(self) -> bool:
        """Whether there is a line above the rows now."""
        return True

    @abstractmethod
    def header(self) -> str:
        """The line above the rows."""

    @abstractmethod
    def rows(self, width: int) -> list[Content]:
        """The rows, each in so many cells."""

    @abstractmethod
    def add_label(self) -> str:
        """The text of the line that adds a row."""

    @property
    def key_width(self) -> int:
        """Cells of the key column, which grows with a key that is typed."""
        width = self.content_size.width
        longest = max((cell_len(key) for key, _ in self._items), default=0) + 2
        usual = max(_NARROWEST_KEY, min(longest, int(width * self.WIDEST_KEY)))
        return max(usual, min(cell_len(self.typed_key) + 3, width - _NARROWEST_VALUE))

    @property
    def typed_key(self) -> str:
        """The key that is being typed."""
        return ""

    @property
    def lines(self) -> int:
        """The header, the rows, and the line that adds one, or instead of it what is being typed."""
        return self.has_header + len(self._items) + 1

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return self.lines

    def render(self) -> Content:
        width = max(1, self.content_size.width)
        lines = [Content.styled(fit(self.header(), width), self.style_of("header"))] if self.has_header else []
        add = Content.styled(fit(f" + {self.add_label()}", width), self.style_of("add", len(self._items)))
        return Content("\n").join([*lines, *self.rows(width), add])

    def item_at(self, offset: Offset) -> int | None:
        index = offset.y - self.has_header
        return index if 0 <= index <= len(self._items) else None

    def place_fields(self, fields: Widget) -> None:
        fields.styles.offset = (0, self.has_header + (self._edited or 0))


class Pairs(TwoColumnList):
    """Keys and their values. A key that is missing or occurs twice is flagged in its row; `duplicates` names those that
    occur twice.

    The rows of keys in `fixed` are not typed here: they post `Opened`.
    """

    BINDING_GROUP_TITLE = "Rows"
    BINDINGS: ClassVar[list[BindingType]] = [
        *list_bindings("pairs", "row"),
        hidden("up", "step_or_leave(-1)", "Up", "Go to the row above", "pairs.up"),
        hidden("down", "step_or_leave(1)", "Down", "Go to the row below", "pairs.down"),
        hidden("ctrl+up,left_square_bracket", "shift(-1)", "Move up", "Move this row up", "pairs.earlier"),
        hidden("ctrl+down,right_square_bracket", "shift(1)", "Move down", "Move this row down", "pairs.later"),
    ]

    CSS_PREFIX = "pairs"
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
        background: $well;
        color: $foreground;
        & > .pairs--header { color: $text-muted; }
        & > .pairs--key { color: $text-primary; }
        & > .pairs--duplicate { color: $text-error; text-style: bold; }
        & > .pairs--add { color: $text-muted; }
        &:focus > .pairs--cursor, &:focus-within > .pairs--cursor {
            background: $well-focus;
            text-style: bold;
        }
        & > HorizontalGroup { dock: top; height: 1; background: $well-focus; }
        & Input { padding: 0 1 !important; background: $well-focus; background-tint: $foreground 0%; }
        & .pairs--value-input { width: 1fr; }
    }
    """
    DIVIDER = None
    WIDEST_KEY = 0.4

    @dataclass
    class Opened(WidgetMessage["Pairs"]):
        """A person wants to edit a row that is not typed here."""

        key: str

    def __init__(
        self,
        items: Iterable[Pair] = (),
        *,
        key_label: str = "Key",
        make_key_input: MakeInput = ItemInput,
        make_value_input: MakeInput = ItemInput,
    ) -> None:
        super().__init__(items)
        self._key_label = key_label
        self._make_key_input = make_key_input
        self._make_value_input = make_value_input
        self._key_field: Input | None = None
        self.fixed: frozenset[str] = frozenset()

    @property
    def current_key(self) -> str:
        """The key in the row under the cursor; empty behind the last one."""
        return self.current[0] if self.current else ""

    @property
    def typed_key(self) -> str:
        """The key that is in the field for it now; empty while no row is typed."""
        is_typed = self._edited is not None and self._key_field is not None
        return self._key_field.value if is_typed and self._key_field else ""

    @property
    def duplicates(self) -> set[str]:
        return {key for key, count in Counter(key for key, _ in self._items).items() if count > 1}

    # Drawing

    @property
    def has_header(self) -> bool:
        return bool(self._items)

    def header(self) -> str:
        return fit(f" {self._key_label}", self.key_width) + " Value"

    def add_label(self) -> str:
        return f"Add {self._key_label.lower()} and value"

    def rows(self, width: int) -> list[Content]:
        key_width, duplicates = self.key_width, self.duplicates
        lines = []
        for index, (key, value) in enumerate(self._items):
            flag = _NAMELESS if not key else _DUPLICATE if key in duplicates else ""
            room = max(0, width - key_width - len(flag) - 3)
            line = Content.assemble(
                (fit(f" {escape(key[:width])}", key_width), self.style_of("key", index)),
                self._value(value, room, self.style_of("value", index)),
                (flag, self.style_of("duplicate", index)),
                (" × ", self.style_of("value", index)),
            )
            lines.append(line)
        return lines

    def _value(self, value: str, room: int, style: Style) -> Content:
        """A value in so many cells; a template keeps its colour where it is cut."""
        text = with_templates(f" {escape(value[:_LONGEST_DRAWN])}", style).truncate(room, ellipsis=True)
        return text.append(Content.styled(" " * (room - text.cell_length), style))

    def deletes_at(self, offset: Offset) -> bool:
        return offset.x >= self.content_size.width - 3

    # Typing

    async def action_edit(self) -> None:
        """Type the row under the cursor, or a new one behind the last."""
        if self.current_key in self.fixed:
            self.post_message(self.Opened(self, self.current_key))
        else:
            await super().action_edit()

    def make_fields(self, item: Pair | None) -> Widget:
        key_text, value_text = item or ("", "")
        key, value = self._make_key_input(key_text), self._make_value_input(value_text)
        key.placeholder, value.placeholder = self._key_label, value.placeholder or "Value"
        key.add_class("pairs--key-input")
        value.add_class("pairs--value-input")
        self._key_field = key
        return HorizontalGroup(key, value)

    def place_fields(self, fields: Widget) -> None:
        super().place_fields(fields)
        if self._key_field is not None:
            self._key_field.styles.width = self.key_width

    @on(Input.Changed, ".pairs--key-input")
    def _grow(self) -> None:
        """See the whole key while it is typed."""
        for fields in self.children:
            self.place_fields(fields)
        self.refresh()

    def typed_item(self) -> Pair | None:
        key, value = self.query(Input)
        return (key.value, value.value) if key.value or value.value else None

    def items_in(self, text: str, typed: str) -> list[str]:
        items = super().items_in(text, typed)
        return items or ([text.strip()] if not typed and _LINE.fullmatch(text.strip()) else [])

    def rows_in(self, text: str) -> list[Pair]:
        """The members of a JSON object, or the parameters of a query."""
        return _members(text) or _parameters(text)

    def pasted_item(self, text: str) -> Pair | None:
        match = _LINE.fullmatch(text)
        return (match["key"], match["value"]) if match else (text.rstrip(":"), "")


def _members(text: str) -> list[Pair]:
    """The members of a JSON object; values that are not texts as JSON."""
    try:
        value = orjson.loads(text) if text.lstrip().startswith("{") else None
    except orjson.JSONDecodeError:
        return []
    members = value.items() if isinstance(value, dict) else ()
    return [(key, one if isinstance(one, str) else "" if one is None else compact_json(one)) for key, one in members]


def _parameters(text: str) -> list[Pair]:
    """The parameters of a query, or of an address with one: at least two, as `a=b` alone is a line like others."""
    query = text.strip().removeprefix("?")
    query = query.partition("?")[2].partition("#")[0] if _ADDRESS.match(query) else query
    return parse_qsl(query, keep_blank_values=True) if _QUERY.fullmatch(query) else []
