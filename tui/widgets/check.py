"""A yes or no in one widget and one line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget

from tui.widgets.keys import shown
from tui.widgets.message import WidgetMessage


class Check(Widget, can_focus=True):
    """A box to tick, with its label; space, enter or a click turn it over. Only that posts `Changed`."""

    BINDING_GROUP_TITLE = "Check"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("space,enter", "turn_over", "Toggle", "Tick the box, or take the tick away", "check.toggle"),
    ]

    DEFAULT_CSS = """
    Check {
        width: auto;
        height: 1;
        padding: 0 1;
        color: $foreground;
        pointer: pointer;
        &:hover { background: $surface-lighten-1; }
        &:focus { background: $block-cursor-background; color: $block-cursor-foreground; text-style: bold; }
        &:disabled { color: $text-disabled; }
    }
    """

    @dataclass
    class Changed(WidgetMessage["Check"]):
        """A person ticked the box or took the tick away."""

        value: bool

    def __init__(
        self,
        label: str = "",
        value: bool = False,
        *,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
        disabled: bool = False,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes, disabled=disabled)
        self.label = label
        self._value = value

    @property
    def value(self) -> bool:
        """Whether the box is ticked."""
        return self._value

    @value.setter
    def value(self, value: bool) -> None:
        self._value = value
        self.refresh()

    def render(self) -> Content:
        """The box and the label."""
        return Content(f"[{'x' if self._value else ' '}] {self.label}".rstrip())

    def action_turn_over(self) -> None:
        """Turn the box over."""
        self.value = not self._value
        self.post_message(self.Changed(self, self._value))

    def on_click(self) -> None:
        """Turn the box over."""
        self.action_turn_over()
