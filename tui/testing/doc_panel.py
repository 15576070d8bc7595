"""A text under a line that says what it is, with a search."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from tui.testing.find_bar import FindBar
from tui.widgets.doc_text import Kind
from tui.widgets.doc_view import DocView


class DocPanel(Vertical):
    """A line of words above a viewer; the line takes no room while it is empty."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=f"doc-panel {classes or ''}".strip())
        self._shown: tuple[str, str, Kind] | None = None

    def compose(self) -> ComposeResult:
        """The line and the viewer."""
        yield Static(markup=False, classes="doc-panel--line")
        yield DocView()

    @property
    def document(self) -> DocView:
        """The viewer."""
        return self.query_one(DocView)

    def show(self, line: str, text: str, kind: Kind) -> None:
        """Show a text, unless it is what is shown already."""
        if self._shown == (line, text, kind):
            return
        same_text = self._shown is not None and self._shown[1:] == (text, kind)
        self._shown = (line, text, kind)
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
        if event.problem and self._shown is not None:
            self._say(f"{self._shown[0]} · {event.problem}")

    @on(DocView.SearchRequested)
    async def _search(self, event: DocView.SearchRequested) -> None:
        event.stop()
        if not self.query(FindBar):
            await self.mount(FindBar("Search in this text"))
        self.query_one(FindBar).open()

    @on(FindBar.Changed)
    def _find(self, event: FindBar.Changed) -> None:
        event.stop()
        self.document.search(event.text)

    @on(FindBar.Left)
    def _leave(self, event: FindBar.Left) -> None:
        event.stop()
        self.document.focus()

    @on(DocView.SearchMoved)
    def _count(self, event: DocView.SearchMoved) -> None:
        event.stop()
        found = f"{event.current}/{event.total}" if event.total else "nothing found"
        for bar in self.query(FindBar):
            bar.tell(found if event.query else "")
