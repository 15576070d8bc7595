"""Rows for plain values: numbers, yes or no, one of some options, and lists of values shown as chips."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from textual import on
from textual.widget import Widget
from textual.widgets import Input

from tui.forms.field_input import FieldInput
from tui.forms.field_row import FieldRow
from tui.forms.text_row import TextRow
from tui.model.field_paths import format_field_path, parse_field_path
from tui.model.stages import fit_download
from tui.widgets.chips import Chips
from tui.widgets.choice import Choice, Toggle
from tui.widgets.choice_dialog import ChoiceOption
from tui.widgets.display_text import compact_json

_COLOURED_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class NumberRow(TextRow):
    """A number. Other text is kept as typed and marked; the manifest keeps the last number."""

    def take(self, text: str) -> None:
        """Send the session a number, or a template where that is allowed."""
        text = text.strip()
        if text == "":
            self.write(None)
        elif (number := number_of(text, whole=self.spec.whole)) is not None:
            self.write(number)
        elif self.spec.or_text and "{" in text:
            self.write(text)
        else:
            wanted = "a whole number" if self.spec.whole else "a number"
            other = ", or a template such as {{ config['size'] }}" if self.spec.or_text else ""
            self.keep_unfinished(text, f"This must be {wanted}{other}.")

    def means(self, text: str, value: Any) -> bool:
        number = number_of(text.strip(), whole=self.spec.whole)
        return number == value if number is not None else super().means(text, value)


def number_of(text: str, *, whole: bool = False) -> int | float | None:
    """The number that a text spells, if any."""
    try:
        return int(text)
    except ValueError:
        pass
    try:
        number = float(text)
    except ValueError:
        return None
    return None if whole or not math.isfinite(number) else number


class ToggleRow(FieldRow):
    """Yes or no; while nothing is written, the default is shown."""

    def make_control(self) -> Widget:
        return Toggle(classes="-field")

    def show_value(self) -> None:
        value = self.value
        ticked = bool(self.spec.default if value is None else value)
        if isinstance(self.control, Toggle) and self.control.value != ticked:
            self.control.value = ticked

    @on(Toggle.Changed)
    def _turned(self, event: Toggle.Changed) -> None:
        event.stop()
        self.write(self.value_of(event.value))
        self.session.seal()

    def value_of(self, ticked: bool) -> bool | None:
        """What is written for the box: nothing where the default says the same; without one, yes and no are written."""
        return None if ticked is self.spec.default and not self.spec.required else ticked


class RecordsWhilePollingRow(ToggleRow):
    """Whether records come with the polls: then nothing need be downloaded."""

    def write(self, value: Any) -> None:
        with self.session.group(self.path):
            super().write(value)
            fit_download(self.session, self.path[:-1], with_polls=bool(value))


class MethodChoice(Choice):
    """An HTTP method, in its colour."""

    def ink_of(self, option: ChoiceOption) -> str:
        return f"$method-{option.value.lower()} bold" if option.value in _COLOURED_METHODS else ""


class ChoiceRow(FieldRow):
    """One of the options of a field."""

    def make_control(self) -> Widget:
        default = self.spec.default
        kind = MethodChoice if self.spec.key == "http_method" else Choice
        return kind(
            [ChoiceOption(option, self.label_of(option)) for option in self.spec.options],
            title=self.place.title,
            prompt=f"{self.label_of(str(default))} (default)" if default else self.spec.unset or "Not set",
            clearable=self.is_clearable,
        )

    @property
    def is_clearable(self) -> bool:
        return not self.spec.required

    def label_of(self, option: str) -> str:
        """An option as people read it; names in capitals, such as GET, stay."""
        return option if not option.islower() else option.replace("_", " ").capitalize()

    def show_value(self) -> None:
        value = None if self.value is None else str(self.value)
        if isinstance(self.control, Choice) and self.control.value != value:
            self.control.value = value

    @on(Choice.Changed)
    def _chosen(self, event: Choice.Changed) -> None:
        event.stop()
        self.write(event.value)
        self.session.seal()


class StringsRow(FieldRow):
    """Texts as chips. Items of other types are kept as they are until they are edited."""

    def make_control(self) -> Widget:
        """Chips, typed with the help that a field of text has."""
        return Chips(make_input=self._make_input)

    def _make_input(self, text: str) -> Input:
        templates = self.context.help.templates(lambda: self.path) if self.spec.templates else None
        return FieldInput(text, templates=templates, suggestions=self._suggestions, offers=self._offers, in_list=True)

    def _offers(self) -> Sequence[str]:
        """What was seen and is not in the list yet."""
        items = {self.text_of(item) for item in self.items}
        return [one for one in self.context.help.offers(self.path, self.spec) if one not in items]

    def _suggestions(self) -> Sequence[ChoiceOption]:
        return self.context.help.suggestions(self.path, self.spec)

    def show_value(self) -> None:
        texts = [self.text_of(item) for item in self.items]
        if isinstance(self.control, Chips) and self.control.items != texts:
            self.control.items = texts

    @property
    def items(self) -> list[Any]:
        value = self.value
        return value if isinstance(value, list) else [] if value in (None, "") else [value]

    def text_of(self, item: Any) -> str:
        return item if isinstance(item, str) else compact_json(item)

    def item_of(self, text: str) -> Any:
        return text

    def value_of(self, items: list[Any]) -> Any:
        return items if items or self.spec.required else None

    @on(Chips.Changed)
    def _changed(self, event: Chips.Changed) -> None:
        event.stop()
        known = {self.text_of(item): item for item in self.items}
        self.write(self.value_of([known.get(text, self.item_of(text)) for text in event.items]))
        self.session.seal()


class NumbersRow(StringsRow):
    """Numbers as chips; items of other types are found by the check of the manifest."""

    def item_of(self, text: str) -> Any:
        number = number_of(text)
        return text if number is None else number


class FieldPathsRow(StringsRow):
    """Field paths as chips."""

    def text_of(self, item: Any) -> str:
        return format_field_path(item)

    def item_of(self, text: str) -> Any:
        return parse_field_path(text) or [text]


class PrimaryKeyRow(FieldPathsRow):
    """The field, or the fields together, that identify a record; nested ones with dots."""

    def value_of(self, items: list[Any]) -> Any:
        """One name, names, or paths: the simplest form that can express the key."""
        paths = [[item] if isinstance(item, str) else item for item in items]
        if any(len(path) > 1 for path in paths):
            return paths
        names = [path[0] for path in paths]
        was_list = isinstance(self.value, list)
        return None if not names else names[0] if len(names) == 1 and not was_list else names
