"""A line to type what is looked for, with room for what was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import Input, Static

from tui.widgets.keys import hidden
from tui.widgets.message import WidgetMessage


class FindBar(Horizontal):
    """Open while something is looked for; enter goes back to the content, escape ends the search."""

    BINDINGS: ClassVar[list[BindingType]] = [
        hidden("escape", "leave", "End search", "End the search", "find.leave"),
        hidden("down", "enter", "To the content", "Go to what was found", "find.enter"),
    ]

    @dataclass
    class Changed(WidgetMessage["FindBar"]):
        """Something else is looked for; nothing ends the search."""

        text: str

    @dataclass
    class Left(WidgetMessage["FindBar"]):
        """The person goes back to the content."""

    def __init__(self, placeholder: str) -> None:
        super().__init__(classes="find-bar")
        self._placeholder = placeholder
        self.display = False

    def compose(self) -> ComposeResult:
        """The field and the count."""
        yield Static("/", markup=False, classes="find-bar--mark")
        yield Input(placeholder=self._placeholder, compact=True)
        yield Static(markup=False, classes="find-bar--found")

    def open(self) -> None:
        """Let a person type."""
        self.display = True
        self.query_one(Input).focus()

    def close(self) -> None:
        """End the search without a word."""
        field = self.query_one(Input)
        with field.prevent(Input.Changed):
            field.value = ""
        self.tell("")
        self.display = False

    def tell(self, found: str) -> None:
        """Say what was found."""
        self.query_one(".find-bar--found", Static).update(found)

    @on(Input.Changed)
    def _change(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(self, event.value))

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_enter()

    def action_enter(self) -> None:
        """Go back to the content, which stays searched."""
        self.post_message(self.Left(self))

    def action_leave(self) -> None:
        """End the search."""
        self.close()
        self.post_message(self.Changed(self, ""))
        self.post_message(self.Left(self))
