"""Rows for values out of a few: yes or no, and one of some options."""

from __future__ import annotations

from textual import on
from textual.widget import Widget

from tui.forms.field_row import FieldRow
from tui.widgets.check import Check
from tui.widgets.choice import Choice
from tui.widgets.choice_dialog import ChoiceOption


class CheckRow(FieldRow):
    """Yes or no; what is said when nothing is written is shown as such."""

    def make_control(self) -> Widget:
        """A box."""
        return Check()

    def show_value(self) -> None:
        """Tick the box, or not."""
        value = self.value
        ticked = bool(self.spec.default if value is None else value)
        if isinstance(self.control, Check) and self.control.value != ticked:
            self.control.value = ticked

    @on(Check.Changed)
    def _turned(self, event: Check.Changed) -> None:
        event.stop()
        self.write(None if event.value == bool(self.spec.default) and not self.spec.required else event.value)
        self.session.seal()


class ChoiceRow(FieldRow):
    """One of the options of a field."""

    def make_control(self) -> Widget:
        """A choice."""
        default = self.spec.default
        return Choice(
            [ChoiceOption(option, _words(option)) for option in self.spec.options],
            title=self.place.title,
            prompt=f"{_words(str(default))} (default)" if default else "Not set",
            clearable=not self.spec.required,
        )

    def show_value(self) -> None:
        """Show the option."""
        value = None if self.value is None else str(self.value)
        if isinstance(self.control, Choice) and self.control.value != value:
            self.control.value = value

    @on(Choice.Changed)
    def _chosen(self, event: Choice.Changed) -> None:
        event.stop()
        self.write(event.value)
        self.session.seal()


def _words(option: str) -> str:
    """An option as people read it; names in capitals, such as GET, stay."""
    return option if not option.islower() else option.replace("_", " ").capitalize()
