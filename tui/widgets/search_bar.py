"""One line to type a search or a filter into, with what it found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import HorizontalGroup
from textual.widgets import Input, Label

from tui.widgets.keys import hidden, shown
from tui.widgets.message import WidgetMessage


class SearchBar(HorizontalGroup):
    """A field for a query, hidden until `open` is called; escape closes it and ends the search.

    What is found is for others to find: they listen to the messages and answer with `show_result`.
    """

    BINDING_GROUP_TITLE = "Search"
    BINDINGS: ClassVar[list[BindingType]] = [
        hidden("down", "step(1)", "Next", "Go to the next match", "search.next"),
        hidden("up", "step(-1)", "Previous", "Go to the previous match", "search.previous"),
        shown("escape", "close", "Close search", "End the search", "search.close"),
        hidden("tab", "leave", "To the matches", "Keep the search and go to what was found", "search.leave"),
    ]

    DEFAULT_CSS = """
    SearchBar {
        height: 1;
        background: $panel;
        display: none;
        &.-open { display: block; }
        & > .search-bar--label { padding: 0 1; color: $text-primary; text-style: bold; }
        & > Input { width: 1fr; }
        & > .search-bar--result { padding: 0 1; color: $text-muted; }
    }
    """

    @dataclass
    class Changed(WidgetMessage["SearchBar"]):
        """The query changed; an empty one means no search."""

        query: str

    @dataclass
    class Stepped(WidgetMessage["SearchBar"]):
        """A person wants the next match (`direction` 1) or the previous one (-1)."""

        direction: int

    @dataclass
    class Left(WidgetMessage["SearchBar"]):
        """A person is done typing and wants to go to what was found; the search stays."""

    @dataclass
    class Closed(WidgetMessage["SearchBar"]):
        """A person ended the search."""

    def __init__(
        self,
        label: str = "Search",
        placeholder: str = "",
        *,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._label = label
        self._placeholder = placeholder

    def compose(self) -> ComposeResult:
        """The label, the field, and what was found."""
        yield Label(self._label, markup=False, classes="search-bar--label")
        yield Input(placeholder=self._placeholder, compact=True)
        yield Label("", markup=False, classes="search-bar--result")

    @property
    def query_text(self) -> str:
        """The query."""
        return self.query_one(Input).value

    @property
    def is_open(self) -> bool:
        """Whether the bar is shown."""
        return self.has_class("-open")

    def open(self) -> None:
        """Show the bar and type into it."""
        self.add_class("-open")
        self.query_one(Input).focus()

    def show_result(self, text: str) -> None:
        """Say what was found, such as "3/17" or "No match"."""
        self.query_one(".search-bar--result", Label).update(text)

    @on(Input.Changed)
    def _change(self, event: Input.Changed) -> None:
        event.stop()
        if self.is_open:
            self.post_message(self.Changed(self, event.value))

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_step(1)

    def action_step(self, direction: int) -> None:
        """Ask for the next or the previous match."""
        self.post_message(self.Stepped(self, direction))

    def action_leave(self) -> None:
        """Keep the search and go to what was found."""
        self.post_message(self.Left(self))

    def action_close(self) -> None:
        """End the search and hide the bar."""
        self.remove_class("-open")
        with self.prevent(Input.Changed):
            self.query_one(Input).value = ""
        self.show_result("")
        self.post_message(self.Closed(self))
