"""Rows for lists of values, shown as chips: texts, numbers, field paths, and the primary key."""

from __future__ import annotations

from typing import Any

from textual import on
from textual.widget import Widget
from textual.widgets import Input

from tui.forms.field_input import FieldInput
from tui.forms.field_path_text import parsed, shown
from tui.forms.field_row import FieldRow
from tui.forms.number_row import number_of
from tui.forms.text_row import example
from tui.widgets.cells import compact_json
from tui.widgets.chips import Chips
from tui.widgets.choice_dialog import ChoiceOption


class StringsRow(FieldRow):
    """Texts as chips. What stands in the list and is no text is kept as it is until it is edited."""

    def make_control(self) -> Widget:
        """Chips, typed with the help that a field of text has."""
        return Chips(make_input=self._make_input)

    def _make_input(self, text: str) -> Input:
        templates = self.spec.templates
        return FieldInput(
            text,
            complete=self.tools.completer(self.where) if templates else None,
            resolve=self.tools.resolver(self.where) if templates else None,
            suggestions=self._options,
            in_list=True,
        )

    def _options(self) -> list[ChoiceOption]:
        return [
            ChoiceOption(value, value, example(self.spec.kind, value)) for value in self.tools.suggestions(self.place)
        ]

    def show_value(self) -> None:
        """Show the items."""
        texts = [self.text_of(item) for item in self.items]
        if isinstance(self.control, Chips) and self.control.values != texts:
            self.control.values = texts

    @property
    def items(self) -> list[Any]:
        """The items that the session has."""
        value = self.value
        return value if isinstance(value, list) else [] if value in (None, "") else [value]

    def text_of(self, item: Any) -> str:
        """An item as text."""
        return item if isinstance(item, str) else compact_json(item)

    def item_of(self, text: str) -> Any:
        """The item that a text means."""
        return text

    def value_of(self, items: list[Any]) -> Any:
        """The value that some items make."""
        return items if items or self.spec.required else None

    @on(Chips.Changed)
    def _changed(self, event: Chips.Changed) -> None:
        event.stop()
        known = {self.text_of(item): item for item in self.items}
        self.write(self.value_of([known.get(text, self.item_of(text)) for text in event.values]))
        self.session.seal()


class NumbersRow(StringsRow):
    """Numbers as chips; what is none is marked by the check of the manifest."""

    def item_of(self, text: str) -> Any:
        """The number."""
        number = number_of(text)
        return text if number is None else number


class FieldPathsRow(StringsRow):
    """Field paths as chips."""

    def text_of(self, item: Any) -> str:
        """The path with dots."""
        return shown(item)

    def item_of(self, text: str) -> Any:
        """The steps of the path."""
        return parsed(text) or [text]


class PrimaryKeyRow(FieldPathsRow):
    """The field, or the fields together, that identify a record; nested ones with dots."""

    def value_of(self, items: list[Any]) -> Any:
        """One name, names, or paths, whichever says it with the least."""
        paths = [[item] if isinstance(item, str) else item for item in items]
        if any(len(path) > 1 for path in paths):
            return paths
        names = [path[0] for path in paths]
        was_list = isinstance(self.value, list)
        return None if not names else names[0] if len(names) == 1 and not was_list else names
