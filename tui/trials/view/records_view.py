"""The records of a trial, as a table or as JSON, with a filter and a viewer for single cells."""

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

from core.units import count
from tui.trials.records import rows
from tui.trials.view.exchange_view import kind_of
from tui.widgets.base import hidden, shown
from tui.widgets.dialog import Dialog, DialogButton
from tui.widgets.display_text import escape
from tui.widgets.doc_panel import DocPanel
from tui.widgets.doc_text import TextKind
from tui.widgets.doc_view import DocView
from tui.widgets.record_source import ListSource, RecordSource
from tui.widgets.record_table import RecordTable
from tui.widgets.search_bar import SearchBar

RECORDS_AS_JSON = 500
"""Records that the JSON view shows."""


class RecordsView(Vertical):
    """A table that grows with its source; `v` shows the first records as JSON instead, `/` filters the rows."""

    BINDING_GROUP_TITLE = "Records"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("v", "toggle_json", "JSON/table", "Show the records as JSON, or as a table again", "records.json"),
        shown("slash", "filter", "Filter", "Show only rows that hold a text", "records.filter", display="/"),
    ]

    def __init__(self) -> None:
        super().__init__(classes="records-view")
        self._as_json = False
        self._source: RecordSource = ListSource()
        self._placeholder = ""
        self._in_json = -1
        """How many records the JSON view holds."""

    def compose(self) -> ComposeResult:
        yield RecordTable()
        yield SearchBar("Text in any cell")

    @property
    def table(self) -> RecordTable:
        return self.query_one(RecordTable)

    @property
    def content(self) -> Widget:
        """The widget that shows the records: the table, or the JSON."""
        return self.query_one(DocPanel).document if self._as_json else self.table

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
            self._filter_bar.close()
        if self._as_json:
            self._show_json()

    # JSON

    async def action_toggle_json(self) -> None:
        """Show the records as JSON, or as a table again."""
        as_json = not self._as_json
        if as_json and not self.query(DocPanel):
            await self.mount(DocPanel(), before=0)
        self._as_json = as_json  # only now: until the panel is complete, the table is shown and has the focus
        for panel in self.query(DocPanel):
            panel.display = self._as_json
        self.table.display = not self._as_json
        if self._as_json:
            self._show_json()
        self.content.focus()

    def _show_json(self) -> None:
        wanted = min(len(self._source), RECORDS_AS_JSON)
        if wanted != self._in_json:
            self._in_json = wanted
            self.run_worker(self._load_json(self._source, wanted), group="json", exclusive=True, exit_on_error=False)

    async def _load_json(self, source: RecordSource, wanted: int) -> None:
        text = await asyncio.to_thread(_as_json, rows(source, wanted)) if wanted else ""
        if source is self._source:
            more = f"The first {count(wanted, 'record')}" if len(source) > wanted else ""
            self.query_one(DocPanel).show(more if wanted else self._placeholder, text, "json" if wanted else "text")

    # The filter

    @property
    def _filter_bar(self) -> SearchBar:
        return self.query_one(".records-view > SearchBar", SearchBar)

    def action_filter(self) -> None:
        """Ask for a text to filter the rows by; in the JSON view, to search for."""
        if self._as_json:
            self.query_one(DocPanel).document.action_search()
        else:
            self._filter_bar.open()

    @on(SearchBar.Changed)
    def _apply_filter(self, event: SearchBar.Changed) -> None:
        event.stop()
        self.table.filter(event.query)
        if not event.query:
            event.widget.show_count("")

    @on(SearchBar.Left)
    @on(SearchBar.Stepped)
    def _leave_filter(self, event: SearchBar.Left | SearchBar.Stepped) -> None:
        event.stop()
        self.table.focus()

    @on(RecordTable.FilterProgress)
    def _count_matches(self, event: RecordTable.FilterProgress) -> None:
        event.stop()
        if self.table.filter_text:
            searching = "" if event.examined >= event.total else "…"
            self._filter_bar.show_count(f"{event.matches:,} of {event.total:,}{searching}")

    # Cells

    @on(RecordTable.CellChosen)
    def _view_cell(self, event: RecordTable.CellChosen) -> None:
        event.stop()
        missing = event.column not in event.record
        self.app.push_screen(CellDialog(event.column, event.value, missing=missing))


def _as_json(records: Iterable[Mapping[str, object]]) -> str:
    return json.dumps(list(records), ensure_ascii=False)


_COPY = DialogButton("copy", "Copy", "primary")
_CLOSE = DialogButton("cancel", "Close")
_LONGEST_TITLE = 60


class CellDialog(Dialog[None]):
    """Shows a value pretty-printed; text that is JSON itself is laid out too."""

    BINDINGS: ClassVar[list[BindingType]] = [
        hidden("q", "cancel", "Close", "Close the viewer", "cell.close"),
    ]

    def __init__(self, column: str, value: object, *, missing: bool = False) -> None:
        super().__init__(escape(column[:_LONGEST_TITLE]), [_COPY, _CLOSE])
        self._document: tuple[str, TextKind] = (
            ("The record has no such field.", "text") if missing else _document(value)
        )

    def compose_body(self) -> ComposeResult:
        yield DocPanel(*self._document)

    def answered(self, answer: str) -> None:
        self.query_one(DocView).action_copy_all()


def _document(value: object) -> tuple[str, TextKind]:
    """A value as text with its kind: nested values as JSON, text as it is."""
    if isinstance(value, str):
        return value, kind_of(value, "")
    return json.dumps(value, ensure_ascii=False), "json"
