"""One line to type a search or a filter into, and a text under a line that says what it is, with a search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import HorizontalGroup, Vertical
from textual.widgets import Input, Static

from tui.widgets.base import WidgetMessage, hidden, shown
from tui.widgets.doc_text import Kind
from tui.widgets.doc_view import DocView


class SearchBar(HorizontalGroup):
    """Hidden until `open` is called; enter keeps the search and goes to what was found, escape ends it.

    What is found is for others to find: they listen to the messages and answer with `tell`.
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
        background: $panel;
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
        """The field and the count."""
        yield Static("/", markup=False, classes="search-bar--mark")
        yield Input(placeholder=self._placeholder, compact=True)
        yield Static(markup=False, classes="search-bar--found")

    def open(self) -> None:
        """Let a person type."""
        self.add_class("-open")
        self.query_one(Input).focus()

    def close(self) -> None:
        """End the search without a word."""
        field = self.query_one(Input)
        with field.prevent(Input.Changed):
            field.value = ""
        self.tell("")
        self.remove_class("-open")

    def tell(self, found: str) -> None:
        """Say what was found, such as "3/17"."""
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
        """Ask for the next or the previous match."""
        self.post_message(self.Stepped(self, direction))

    def action_leave(self) -> None:
        """Go to what was found, which stays searched."""
        self.post_message(self.Left(self))

    def action_close(self) -> None:
        """End the search."""
        self.close()
        self.post_message(self.Changed(self, ""))
        self.post_message(self.Left(self))


class DocPanel(Vertical):
    """A line of words above a viewer; the line takes no room while it is empty. `/` searches in the text.

    `pickable` lets a person choose a JSON node. The viewer's other messages pass through.
    """

    DEFAULT_CSS = """
    DocPanel {
        height: 1fr;
        & > .doc-panel--line { height: auto; max-height: 2; padding: 0 1; color: $text-muted; background: $boost; }
    }
    """

    def __init__(
        self,
        text: str = "",
        kind: Kind = "text",
        *,
        pickable: bool = False,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._shown: tuple[str, str, Kind] = ("", text, kind)
        self._pickable = pickable

    def compose(self) -> ComposeResult:
        """The line and the viewer."""
        line = Static(markup=False, classes="doc-panel--line")
        line.display = False
        yield line
        yield DocView(*self._shown[1:], pickable=self._pickable)

    @property
    def document(self) -> DocView:
        """The viewer."""
        return self.query_one(DocView)

    def show(self, line: str, text: str, kind: Kind) -> None:
        """Show a text, unless it is what is shown already; a search that is open goes on in it."""
        shown = (line, text, kind)
        if shown == self._shown:
            return
        same_text = self._shown[1:] == shown[1:]
        self._shown = shown
        self._say(line)
        if not same_text:
            self.document.load(text, kind)

    def _say(self, line: str) -> None:
        above = self.query_one(".doc-panel--line", Static)
        above.update(line)
        above.display = bool(line)

    @on(DocView.Loaded)
    def _tell_problem(self, event: DocView.Loaded) -> None:
        event.stop()
        self._say(" · ".join(filter(None, (self._shown[0], event.problem))))

    @on(DocView.SearchRequested)
    async def _open(self, event: DocView.SearchRequested) -> None:
        event.stop()
        if not self.query(SearchBar):
            await self.mount(SearchBar("Search in this text"))
        self.query_one(SearchBar).open()

    @on(SearchBar.Changed)
    def _search(self, event: SearchBar.Changed) -> None:
        event.stop()
        event.widget.tell("searching…" if event.query else "")
        self.document.search(event.query)

    @on(SearchBar.Stepped)
    def _step(self, event: SearchBar.Stepped) -> None:
        event.stop()
        self.document.action_search_step(event.direction)

    @on(SearchBar.Left)
    def _leave(self, event: SearchBar.Left) -> None:
        event.stop()
        self.document.focus()

    @on(DocView.SearchMoved)
    def _count(self, event: DocView.SearchMoved) -> None:
        event.stop()
        found = f"{event.current:,}/{event.total:,}" if event.total else "nothing found"
        for bar in self.query(SearchBar):
            bar.tell(found if event.query else "")
