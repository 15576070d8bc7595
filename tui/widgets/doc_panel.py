"""A text viewer together with its search bar."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical

from tui.widgets.doc_text import Kind
from tui.widgets.doc_view import DocView
from tui.widgets.search_bar import SearchBar


class DocPanel(Vertical):
    """A `DocView` whose search works: `/` opens the bar below it. The view's other messages pass through."""

    DEFAULT_CSS = """
    DocPanel { height: 1fr; }
    """

    def __init__(
        self,
        text: str = "",
        kind: Kind = "text",
        *,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.view = DocView(text, kind)
        self._bar = SearchBar()

    def compose(self) -> ComposeResult:
        """The view above the bar."""
        yield self.view
        yield self._bar

    def load(self, text: str, kind: Kind = "text") -> None:
        """Show a text; a search that is open goes on in it."""
        self.view.load(text, kind)

    @on(DocView.SearchRequested)
    def _open(self, event: DocView.SearchRequested) -> None:
        event.stop()
        self._bar.open()

    @on(DocView.SearchMoved)
    def _report(self, event: DocView.SearchMoved) -> None:
        event.stop()
        if event.query and self._bar.is_open:
            self._bar.show_result(f"{event.current:,}/{event.total:,}" if event.total else "No match")
        else:
            self._bar.show_result("")

    @on(SearchBar.Changed)
    def _search(self, event: SearchBar.Changed) -> None:
        event.stop()
        self.view.search(event.query)

    @on(SearchBar.Stepped)
    def _step(self, event: SearchBar.Stepped) -> None:
        event.stop()
        self.view.action_search_step(event.direction)

    @on(SearchBar.Left)
    def _leave(self, event: SearchBar.Left) -> None:
        event.stop()
        self.view.focus()

    @on(SearchBar.Closed)
    def _close(self, event: SearchBar.Closed) -> None:
        event.stop()
        self.view.search("")
        self.view.focus()
