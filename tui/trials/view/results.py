"""What came of a test read: records, request, response, schema and state, each built when it is first looked at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget

from core.events import Outcome
from core.http.exchange import Exchange
from tui.trials.exchanges import ExchangeEntry
from tui.trials.records import RecordStore, RecordView
from tui.trials.trial import Trial
from tui.trials.view import notice_board as empty_states
from tui.trials.view.exchange_view import ExchangeView
from tui.trials.view.panels import SchemaPanel, StatePanel
from tui.trials.view.records_view import RecordsView
from tui.trials.view.subject import SchemaReporter
from tui.widgets.doc_view import DocView
from tui.widgets.record_source import ListSource
from tui.widgets.tab_strip import StripTab, TabStrip

TABS = ("records", "request", "response", "schema", "state")


class Results(Vertical):
    """Tabs for a partition (None: all) and a page of it (None: all).

    The answer comes to the front when a request for records was refused or its answer could not be read, unless a
    person has taken a tab.
    """

    def __init__(self, reporter: SchemaReporter | None, test_key: str) -> None:
        super().__init__(classes="results")
        self._reporter = reporter
        self._test_key = test_key
        self._nothing = ListSource()
        self._run: Trial | None = None
        self._partition: int | None = None
        self._page: int | None = None
        self._declared = ""
        self._taken = False

    def compose(self) -> ComposeResult:
        """The tabs and the records."""
        yield TabStrip([StripTab(tab, tab.capitalize()) for tab in TABS])
        yield RecordsView()

    @property
    def strip(self) -> TabStrip:
        """The tabs."""
        return self.query_one(".results > TabStrip", TabStrip)

    async def show(self, run: Trial | None, partition: int | None, page: int | None, declared: str = "") -> None:
        """Show a run, or what has become of it meanwhile; `declared` tells one state of its stream from another."""
        if run is not self._run:
            self._taken = False
            self.strip.active = "records"
        self._run, self._partition, self._page, self._declared = run, partition, page, declared
        self.strip.tabs = self._tabs()
        entry = self._entry()
        over = run is not None and not run.state.running
        if entry is not None and over and not self._taken and (entry.failed or self._failed_without_records()):
            self.strip.active = "response"
        await self._show_active()

    def _failed_without_records(self) -> bool:
        return self._run is not None and self._run.state.outcome is Outcome.FAILED and not self._run.state.records

    async def take(self, tab: str) -> None:
        """Go to a tab, as a person who wants to see it."""
        self._taken = True
        self.strip.active = tab
        (await self._show_active()).focus()

    async def enter(self) -> None:
        """Go into what the tab shows."""
        (await self._show_active()).focus()

    async def find(self) -> None:
        """Ask for a text to find in what the tab shows."""
        view = await self._show_active()
        if isinstance(view, DocView):
            view.action_search()
        else:
            self.query_one(RecordsView).action_filter()

    @on(TabStrip.Changed)
    async def _take_tab(self, event: TabStrip.Changed) -> None:
        event.stop()
        self._taken = True
        await self._show_active()

    def _tabs(self) -> list[StripTab]:
        entry = self._entry()
        count = f"{len(self.source):,}" if self._run is not None else ""
        status = ("■" if entry.cancelled else str(entry.head.status or "✗")) if entry else ""
        if entry and entry.head.status and entry.failed:
            status = f"✗ {status}"
        notes = {"records": count, "response": status}
        return [StripTab(tab, tab.capitalize(), notes.get(tab, "")) for tab in TABS]

    @property
    def source(self) -> RecordStore | RecordView | ListSource:
        """The records of the partition and the page."""
        return self._nothing if self._run is None else self._run.records.view(self._owner, self._page)

    @property
    def _owner(self) -> int | None:
        """The partition that the page belongs to; with no partition chosen there are pages of the only one."""
        return 1 if self._page is not None and self._partition is None else self._partition

    def _entry(self) -> ExchangeEntry | None:
        """The exchange that is shown: that of the chosen page, else the first that failed, else the first."""
        entries = self._run.exchanges.finals(self._partition) if self._run is not None else []
        if self._page is not None:
            entries = [entry for entry in entries if entry.page == self._page]
        return next((entry for entry in entries if entry.failed), entries[0] if entries else None)

    def _exchange(self) -> Exchange | None:
        entry = self._entry()
        return self._run.exchanges.exchange(entry) if entry is not None and self._run is not None else None

    # The views

    async def _show_active(self) -> Widget:
        """Bring the view of the active tab up to date and to the front; what has the focus is returned."""
        view = await self._view(self.strip.active or "records")
        for child in self.children:
            if child is not self.strip:
                child.display = child is view
        return self._fill(view)

    async def _view(self, tab: str) -> Widget:
        if tab == "records":
            return self.query_one(RecordsView)
        view = self.query_one_optional(f"#{tab}", Widget)
        if view is None:
            view = self._make(tab)
            await self.mount(view)
        return view

    def _make(self, tab: str) -> Widget:
        if tab == "schema":
            view: Widget = SchemaPanel(self._reporter)
        elif tab == "state":
            view = StatePanel()
        else:
            view = ExchangeView("request" if tab == "request" else "response")
        view.id = tab
        return view

    def _fill(self, view: Widget) -> Widget:
        run, key = self._run, self._test_key
        match view:
            case RecordsView():
                view.show(self.source, empty_states.no_records(run, key))
                return view.content
            case SchemaPanel():
                view.show_run(run, empty_states.no_schema(run, key), self._declared)
            case StatePanel():
                view.show_state(self._state(), empty_states.no_state(run, key))
            case ExchangeView():
                view.show_exchange(self._exchange(), empty_states.no_exchange(run, key))
        return view.query_one(DocView)

    def _state(self) -> Mapping[str, Any] | None:
        if self._run is None:
            return None
        chosen = [one for one in self._run.state.partitions if one.number == self._partition]
        return chosen[0].state if chosen else self._run.state.state
