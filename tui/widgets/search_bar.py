"""One line to type a search or a filter into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import HorizontalGroup
from textual.widgets import Input, Static

from tui.widgets.base import WidgetMessage, hidden, shown


class SearchBar(HorizontalGroup):
    """Hidden until `open` is called; enter keeps the search and goes to what was found, escape ends it.

    What is found is for others to find: they listen to the messages and answer with `show_count`.
    """

    BINDING_GROUP_TITLE = "Search"
    BINDINGS: ClassVar[list[BindingType]] = [
        hidden("down", "step(1)", "Next", "Go to the next match", "search.next"),
        hidden("up", "step(-1)", "Previous", "Go to the previous match", "search.previous"),
        shown("escape", "close", "End search", "End the search", "search.close"),
        hidden("tab", "leave", "To the matches", "Keep the search and go to what was found", "search.leave"),
    ]

    DEFAULT_CSS = """
    SearchBar {
        height: 1;
        dock: bottom;
        background: $well;
        display: none;
        &.-open { display: block; }
        & > .search-bar--mark { width: 3; padding: 0 1; color: $text-accent; text-style: bold; }
        & > Input { width: 1fr; }
        & > .search-bar--found { width: auto; padding: 0 1; color: $text-muted; }
    }
    """

    @dataclass
    class Changed(WidgetMessage["SearchBar"]):
        """Something else is looked for; nothing ends the search."""

        query: str

    @dataclass
    class Stepped(WidgetMessage["SearchBar"]):
        """A person wants the next match (`direction` 1) or the previous one (-1)."""

        direction: int

    @dataclass
    class Left(WidgetMessage["SearchBar"]):
        """The person goes to what was found."""

    def __init__(self, placeholder: str) -> None:
        super().__init__()
        self._placeholder = placeholder

    def compose(self) -> ComposeResult:
        yield Static("/", markup=False, classes="search-bar--mark")
        yield Input(placeholder=self._placeholder, compact=True)
        yield Static(markup=False, classes="search-bar--found")

    @property
    def query_text(self) -> str:
        """What is searched; empty without a search."""
        return self.query_one(Input).value

    def open(self, query: str | None = None) -> None:
        """Let a person type; with a query it stands there already, and nothing is posted of it."""
        self.add_class("-open")
        field = self.query_one(Input)
        if query is not None:
            with field.prevent(Input.Changed):
                field.value = query
        field.focus()

    def close(self) -> None:
        """End the search without posting a message."""
        field = self.query_one(Input)
        with field.prevent(Input.Changed):
            field.value = ""
        self.show_count("")
        self.remove_class("-open")

    def show_count(self, found: str) -> None:
        """Show what was found, such as "3/17"."""
        self.query_one(".search-bar--found", Static).update(found)

    @on(Input.Changed)
    def _change(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(self, event.value))

    @on(Input.Submitted)
    def _submit(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_leave()

    def action_step(self, direction: int) -> None:
        self.post_message(self.Stepped(self, direction))

    def action_leave(self) -> None:
        """Go to what was found, which stays searched."""
        self.post_message(self.Left(self))

    def action_close(self) -> None:
        self.close()
        self.post_message(self.Changed(self, ""))
        self.post_message(self.Left(self))
