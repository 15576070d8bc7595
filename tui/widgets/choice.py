"""A yes or no, or one of a few values, in one widget and one line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget

from tui.widgets.base import WidgetMessage, hidden, shown
from tui.widgets.choice_dialog import ChoiceDialog, ChoiceOption

DEFAULT = "$foreground-muted italic"
"""The style of what counts while no value is set."""


def switch(on: bool, label: str = "") -> Content:
    """A switch, and its label; without one it says whether it is on."""
    word = label or ("On" if on else "Off")
    knob = ("━●", "$success bold") if on else ("●━", "$foreground-muted")
    return Content.assemble(knob, " ", (word, "" if on or label else DEFAULT))


def with_arrow(label: Content, width: int) -> Content:
    """A label, cut where it has to be, with the arrow of a choice at the right end."""
    label = label.truncate(max(1, width - 2), ellipsis=True)
    return Content.assemble(label, " " * max(1, width - label.cell_length - 1), ("▾", "$foreground-muted"))


class LineControl(Widget, can_focus=True):
    """What is set within one line, by keys or a click."""

    DEFAULT_CSS = """
    LineControl {
        height: 1;
        padding: 0 1;
        background: $well;
        color: $foreground;
        pointer: pointer;
        &:hover { background-tint: $foreground 6%; }
        &:focus { background: $well-focus; text-style: bold; }
        &:disabled { color: $text-disabled; }
    }
    """


class Toggle(LineControl):
    """A box to tick, with a label; space, enter or a click toggle it. Only that posts `Changed`."""

    BINDING_GROUP_TITLE = "Check"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("space,enter", "switch", "Toggle", "Tick or untick the box", "check.toggle"),
    ]

    DEFAULT_CSS = """
    Toggle {
        width: auto;
        &.-field { width: 100%; }
    }
    """

    @dataclass
    class Changed(WidgetMessage["Toggle"]):
        """A person ticked the box or took the tick away."""

        value: bool

    def __init__(
        self,
        label: str = "",
        value: bool = False,
        *,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.label = label
        self._value = value

    @property
    def value(self) -> bool:
        return self._value

    @value.setter
    def value(self, value: bool) -> None:
        self._value = value
        self.refresh()

    def render(self) -> Content:
        return switch(self._value, self.label)

    def action_switch(self) -> None:
        self.value = not self._value
        self.post_message(self.Changed(self, self._value))

    def on_click(self) -> None:
        self.action_switch()


class Choice(LineControl):
    """Shows the chosen option; left and right go through the options, enter or a click lists them all.

    A value that is none of the options is kept and marked. Only what a person does posts `Changed`.
    """

    BINDING_GROUP_TITLE = "Choice"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("enter,space", "open", "List", "List the options, type to filter", "choice.open"),
        shown("left", "cycle(-1)", "Previous", "Take the option before", "choice.previous"),
        shown("right", "cycle(1)", "Next", "Take the option after", "choice.next"),
        hidden("delete,backspace", "clear", "Clear", "Clear the choice, if it is optional", "choice.clear"),
    ]

    DEFAULT_CSS = """
    Choice {
        width: 100%;
    }
    """

    @dataclass
    class Changed(WidgetMessage["Choice"]):
        """A person chose a value; None if they cleared it."""

        value: str | None

    def __init__(
        self,
        options: Sequence[ChoiceOption],
        value: str | None = None,
        *,
        title: str = "Choose",
        prompt: str = "Not set",
        clearable: bool = False,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._title = title
        self._prompt = prompt
        self._clearable = clearable
        self._options = tuple(options)
        self._value = value

    @property
    def value(self) -> str | None:
        return self._value

    @value.setter
    def value(self, value: str | None) -> None:
        self._value = value
        self.refresh()

    @property
    def options(self) -> Sequence[ChoiceOption]:
        return self._options

    @options.setter
    def options(self, options: Sequence[ChoiceOption]) -> None:
        self._options = tuple(options)
        self.refresh()

    def render(self) -> Content:
        return with_arrow(self._label(), self.content_size.width)

    def _label(self) -> Content:
        if self._value is None:
            return Content.styled(self._prompt, DEFAULT)
        for option in self._options:
            if option.value == self._value:
                return Content.styled(option.label, self.ink_of(option))
        return Content.assemble(self._value, (" (unknown)", DEFAULT))

    def ink_of(self, option: ChoiceOption) -> str:
        """The style of an option while it is chosen."""
        return ""

    def action_cycle(self, step: int) -> None:
        """Take the next or the previous option, up to the ends."""
        if not self._options:
            return
        values = [option.value for option in self._options]
        if self._value in values:
            self._choose(values[max(0, min(values.index(self._value) + step, len(values) - 1))])
        else:
            self._choose(values[0 if step > 0 else -1])

    def action_clear(self) -> None:
        if self._clearable:
            self._choose(None)

    def action_open(self) -> None:
        dialog = ChoiceDialog(self._title, self._options, current=self._value)
        self.app.push_screen(dialog, self._listed)

    def _listed(self, value: str | None) -> None:
        if value is not None:
            self._choose(value)

    def on_click(self) -> None:
        self.action_open()

    def _choose(self, value: str | None) -> None:
        if value != self._value:
            self.value = value
            self.post_message(self.Changed(self, value))
