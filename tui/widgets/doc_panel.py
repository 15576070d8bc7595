"""A big text under a line that says what it is, with a search."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from tui.widgets.doc_text import TextKind
from tui.widgets.doc_view import DocView
from tui.widgets.search_bar import SearchBar


class DocPanel(Vertical):
    """A line of text above a viewer; the line takes no room while it is empty. `/` searches in the text.

    `pickable` lets a person choose a JSON node. The viewer's other messages pass through.
    """

    DEFAULT_CSS = """
    DocPanel {
        height: 1fr;
        & > .doc-panel--line { height: auto; max-height: 4; padding: 0 1; color: $text-muted; background: $boost; }
    }
    """

    def __init__(
        self,
        text: str = "",
        kind: TextKind = "text",
        *,
        pickable: bool = False,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._shown: tuple[str, str, TextKind] = ("", text, kind)
        self._pickable = pickable

    def compose(self) -> ComposeResult:
        line = Static(markup=False, classes="doc-panel--line")
        line.display = False
        yield line
        yield DocView(*self._shown[1:], pickable=self._pickable)

    @property
    def document(self) -> DocView:
        return self.query_one(DocView)

    def show(self, line: str, text: str, kind: TextKind) -> None:
        """Show a text, unless it is what is shown already; a search that is open goes on in it."""
        shown = (line, text, kind)
        if shown == self._shown:
            return
        same_text = self._shown[1:] == shown[1:]
        self._shown = shown
        self._show_line(line)
        if not same_text:
            self.document.load(text, kind)

    def _show_line(self, line: str) -> None:
        above = self.query_one(".doc-panel--line", Static)
        above.update(line)
        above.display = bool(line)

    @on(DocView.Loaded)
    def _tell_problem(self, event: DocView.Loaded) -> None:
        event.stop()
        self._show_line(" · ".join(filter(None, (self._shown[0], event.problem))))

    @on(DocView.SearchRequested)
    async def _open(self, event: DocView.SearchRequested) -> None:
        event.stop()
        (await self._search_bar()).open()

    async def find(self, query: str) -> None:
        """Mark a text wherever it occurs, as if it had been searched, and put the focus there."""
        (await self._search_bar()).open(query)
        self.document.search(query)
        self.document.focus()

    async def _search_bar(self) -> SearchBar:
        if not self.query(SearchBar):
            await self.mount(SearchBar("Search in this text"))
        return self.query_one(SearchBar)

    @on(SearchBar.Changed)
    def _search(self, event: SearchBar.Changed) -> None:
        event.stop()
        event.widget.show_count("searching…" if event.query else "")
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
            bar.show_count(found if event.query else "")
