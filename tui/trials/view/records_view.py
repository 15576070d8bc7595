"""The records of a test read, as a table or as JSON, with a filter and a viewer for single cells."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widget import Widget

from core.wording import count
from tui.trials.records import rows
from tui.trials.view.dialogs import CellDialog
from tui.widgets.base import shown
from tui.widgets.doc_panel import DocPanel
from tui.widgets.record_source import ListSource, RecordSource
from tui.widgets.record_table import RecordTable
from tui.widgets.search_bar import SearchBar

JSON_RECORDS = 500
"""Records that the JSON view shows."""


class RecordsView(Vertical):
    """A table that grows with its source; `v` shows the first records as JSON instead, `/` filters the rows."""

    BINDING_GROUP_TITLE = "Records"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("v", "toggle_json", "JSON/table", "Show the records as JSON, or as a table again", "records.json"),
        shown("slash", "filter", "Filter", "Show only rows that hold a text", "records.filter", display="/"),
    ]

    def __init__(self, *, as_json: bool = False) -> None:
        super().__init__(classes="records-view")
        self.as_json = as_json
        self._source: RecordSource = ListSource()
        self._placeholder = ""
        self._in_json = -1
        """How many records the JSON view holds."""

    def compose(self) -> ComposeResult:
        """The table and its filter."""
        yield RecordTable()
        yield SearchBar("Text in any cell")

    @property
    def table(self) -> RecordTable:
        """The table."""
        return self.query_one(RecordTable)

    @property
    def content(self) -> Widget:
        """What shows the records: the table, or the JSON."""
        return self.query_one(DocPanel).document if self.as_json and self.query(DocPanel) else self.table

    async def on_mount(self) -> None:
        """Begin with the view that was used last."""
        if self.as_json:
            await self._switch()

    def show(self, source: RecordSource, placeholder: str) -> None:
        """Show a source, which may have grown since; without records the sentence `placeholder`."""
        if placeholder != self._placeholder:
            self._placeholder = self.table.placeholder = placeholder
            self.table.refresh()
        if source is self._source:
            self.table.sync()
        else:
            self._source = source
            self._in_json = -1
            self.table.load(source)
            self.query_one(".records-view > SearchBar", SearchBar).close()
        if self.as_json:
            self._show_json()

    # JSON

    async def action_toggle_json(self) -> None:
        """Show the records as JSON, or as a table again."""
        self.as_json = not self.as_json
        await self._switch()
        self.content.focus()

    async def _switch(self) -> None:
        if self.as_json and not self.query(DocPanel):
            await self.mount(DocPanel(), before=0)
        for panel in self.query(DocPanel):
            panel.display = self.as_json
        self.table.display = not self.as_json
        if self.as_json:
            self._show_json()

    def _show_json(self) -> None:
        wanted = min(len(self._source), JSON_RECORDS)
        if wanted != self._in_json:
            self._in_json = wanted
            self.run_worker(self._load_json(self._source, wanted), group="json", exclusive=True, exit_on_error=False)

    async def _load_json(self, source: RecordSource, wanted: int) -> None:
        text = await asyncio.to_thread(_as_json, rows(source, wanted)) if wanted else ""
        if source is self._source:
            more = f"The first {count(wanted, 'record')}" if len(source) > wanted else ""
            self.query_one(DocPanel).show(more if wanted else self._placeholder, text, "json" if wanted else "text")

    # The filter

    def action_filter(self) -> None:
        """Ask for a text; in the JSON view it is searched."""
        if self.as_json:
            self.query_one(DocPanel).document.action_search()
        else:
            self.query_one(".records-view > SearchBar", SearchBar).open()

    @on(SearchBar.Changed)
    def _apply(self, event: SearchBar.Changed) -> None:
        event.stop()
        self.table.filter(event.query)
        if not event.query:
            event.widget.show_count("")

    @on(SearchBar.Left)
    @on(SearchBar.Stepped)
    def _leave(self, event: SearchBar.Left | SearchBar.Stepped) -> None:
        event.stop()
        self.table.focus()

    @on(RecordTable.FilterProgress)
    def _tell_matches(self, event: RecordTable.FilterProgress) -> None:
        event.stop()
        if self.table.filter_text:
            looking = "" if event.examined >= event.total else "…"
            bar = self.query_one(".records-view > SearchBar", SearchBar)
            bar.show_count(f"{event.matches:,} of {event.total:,}{looking}")

    @on(RecordTable.CellChosen)
    def _view_cell(self, event: RecordTable.CellChosen) -> None:
        event.stop()
        missing = event.column not in event.record
        self.app.push_screen(CellDialog(event.column, event.value, missing=missing))


def _as_json(records: Iterable[Mapping[str, object]]) -> str:
    return json.dumps(list(records), ensure_ascii=False)
