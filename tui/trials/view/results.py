"""The results of a trial: records, request, response, schema and state of a chosen partition and page."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from core.events import Outcome, Stage
from core.http.exchange import Exchange
from core.units import count
from tui.trials.exchanges import ExchangeEntry
from tui.trials.records import RecordStore, RecordView
from tui.trials.schema_report import SchemaReporter
from tui.trials.trial import Trial
from tui.trials.view.exchange_view import ExchangeView, Side
from tui.trials.view.panels import SchemaPanel, StatePanel
from tui.trials.view.profile_panel import ProfilePanel, ProfileTable
from tui.trials.view.records_view import RecordsView
from tui.trials.view.slice_map import SliceMap
from tui.widgets.base import WidgetMessage
from tui.widgets.choice import Choice
from tui.widgets.choice_dialog import ChoiceOption
from tui.widgets.doc_view import DocView
from tui.widgets.record_source import ListSource
from tui.widgets.tab_strip import StripTab, TabStrip

TAB_KEYS = {"records": "1", "request": "2", "response": "3", "schema": "4", "state": "5", "profile": "8", "map": "9"}
"""The tabs and the keys that go to them."""

_Labels = dict[int | None, str]
"""What can be chosen, by number; None: all."""


class Selectors(Horizontal):
    """Chooses a partition and a page of a trial; for a new trial everything is chosen."""

    @dataclass
    class Changed(WidgetMessage["Selectors"]):
        """A person chose a partition or a page."""

    def __init__(self) -> None:
        super().__init__(classes="selectors")
        self._trial: Trial | None = None
        self._named: _Labels = {}
        self.partition: int | None = None
        """The number of the chosen partition; None: all."""
        self.page: int | None = None
        """The number of the chosen page; None: all."""

    def compose(self) -> ComposeResult:
        yield Choice((), title="Partition", id="partition")
        yield Choice((), title="Page", id="page")

    def show(self, trial: Trial | None) -> None:
        """Offer the partitions of a trial and the pages of the chosen one."""
        if trial is not self._trial:
            self._trial, self.partition, self.page = trial, None, None
            self._named = {}
        partitions = self._partitions()
        pages = self._pages()
        self._offer("partition", partitions, self.partition)
        self._offer("page", pages, self.page)
        self.display = max(len(partitions), len(pages)) > 2

    def choose(self, partition: int | None, page: int | None = None) -> None:
        """Choose a partition (None: all) and a page of it (None: all), as far as there is a choice."""
        self.partition = partition if len(self._partitions()) > 2 else None
        self.page = page
        if len(self._pages()) <= 2:
            self.page = None

    @property
    def chosen(self) -> str:
        """Which part of the records is chosen, in a few words; empty for all of them."""
        partition = f"partition {self.partition}" if self.partition is not None else ""
        page = f"page {self.page}" if self.page is not None else ""
        return ", ".join(filter(None, (partition, page)))

    def open(self, which: str) -> None:
        """List the partitions ("partition") or the pages ("page")."""
        if self.offers(which):
            self.query_one(f"#{which}", Choice).action_open()

    def offers(self, which: str) -> bool:
        """Whether there is a choice of partitions ("partition") or pages ("page")."""
        return self.display and self.query_one(f"#{which}", Choice).display

    def _offer(self, which: str, labels: _Labels, chosen: int | None) -> None:
        choice = self.query_one(f"#{which}", Choice)
        choice.display = len(labels) > 2
        if [option.value for option in choice.options] != list(labels.values()):
            choice.options = [ChoiceOption(label) for label in labels.values()]
        if choice.value != labels.get(chosen):
            choice.value = labels.get(chosen)

    def _partitions(self) -> _Labels:
        """The partitions; named anew only when there are more of them."""
        partitions = self._trial.state.partitions if self._trial else []
        if len(partitions) != len(self._named) - 1:
            self._named = {None: f"All {count(len(partitions), 'partition')}"}
            self._named |= {one.number: f"{one.number}  {one.name}" for one in partitions}
        return self._named

    def _pages(self) -> _Labels:
        partitions = self._trial.state.partitions if self._trial else []
        owner = self.partition or (1 if len(partitions) == 1 else None)
        pages = partitions[owner - 1].pages if owner else []
        labels: _Labels = {None: f"All {count(len(pages), 'page')}"}
        return labels | {page.number: f"Page {page.number}" for page in pages}

    @on(Choice.Changed)
    def _choose(self, event: Choice.Changed) -> None:
        event.stop()
        labels = self._partitions() if event.widget.id == "partition" else self._pages()
        number = next((number for number, label in labels.items() if label == event.value), None)
        if event.widget.id == "partition":
            self.choose(number)
        else:
            self.page = number
        self.post_message(self.Changed(self))


class Results(Vertical):
    """Tabs for a partition (None: all) and a page of it (None: all), each built when it is first shown.

    The Response tab comes to the front when a request for records was refused or its answer could not be read, unless
    a person has chosen a tab.
    """

    def __init__(self, reporter: SchemaReporter, test_key: str) -> None:
        super().__init__(classes="results")
        self._reporter = reporter
        self._test_key = test_key
        self._nothing = ListSource()
        self._trial: Trial | None = None
        self._partition: int | None = None
        self._page: int | None = None
        self._declared = ""
        self._chosen = False
        """Whether a person has chosen a tab since the trial started."""
        self._showing = asyncio.Lock()

    def compose(self) -> ComposeResult:
        yield TabStrip(self._tabs())
        yield RecordsView()

    @property
    def strip(self) -> TabStrip:
        return self.query_one(".results > TabStrip", TabStrip)

    async def show(self, trial: Trial | None, partition: int | None, page: int | None, declared: str = "") -> None:
        """Show a trial, or what has changed in it; `declared` tells one version of its stream from another."""
        if trial is not self._trial:
            self._chosen = False
            self.strip.active = "records"
        self._trial, self._partition, self._page, self._declared = trial, partition, page, declared
        self.strip.tabs = self._tabs()
        entry = self._entry()
        over = trial is not None and not trial.state.running
        stage_only = trial is not None and trial.state.next_stage is not None
        if (
            entry is not None
            and over
            and not self._chosen
            and (entry.failed or self._failed_without_records() or stage_only)
        ):
            self.strip.active = "response"
        await self._show_active()

    def _failed_without_records(self) -> bool:
        return self._trial is not None and self._trial.state.outcome is Outcome.FAILED and not self._trial.state.records

    def has(self, tab: str) -> bool:
        """Whether a tab is there: the map is, when there are several partitions."""
        return tab != "map" or (self._trial is not None and len(self._trial.state.slices) > 1)

    async def go_to(self, tab: str) -> None:
        """Show a tab and put the focus into it."""
        self._chosen = True
        self.strip.active = tab
        await self.enter()

    async def enter(self) -> None:
        """Put the focus into the active tab."""
        (await self._show_active()).focus()

    async def find(self) -> None:
        """Ask for a text to find in the active tab."""
        view = await self._show_active()
        if isinstance(view, DocView):
            view.action_search()
        elif self.strip.active == "records":
            self.query_one(RecordsView).action_filter()

    async def go_to_exchange(self, side: Side) -> ExchangeView | None:
        """Go to a side of the exchange that is shown; None where a person has gone elsewhere meanwhile."""
        await self.go_to(side)
        return self.query_one_optional(f"#{side}", ExchangeView)

    @on(TabStrip.Changed)
    async def _change_tab(self, event: TabStrip.Changed) -> None:
        event.stop()
        self._chosen = True
        await self._show_active()

    @on(ProfileTable.Opened)
    async def _open_column(self, event: ProfileTable.Opened) -> None:
        """Show a column in the records."""
        event.stop()
        await self.go_to("records")
        self.query_one(RecordsView).table.go_to_column(event.column)

    def _tabs(self) -> list[StripTab]:
        entry = self._entry()
        status = ("■" if entry.cancelled else str(entry.head.status or "✗")) if entry else ""
        if entry and entry.head.status and entry.failed:
            status = f"✗ {status}"
        notes = {"records": f"{len(self.source):,}" if self._trial is not None else "", "response": status}
        return [StripTab(tab, tab.capitalize(), notes.get(tab, "")) for tab in TAB_KEYS if self.has(tab)]

    @property
    def source(self) -> RecordStore | RecordView | ListSource:
        """The records of the partition and the page."""
        return self._nothing if self._trial is None else self._trial.records.view(self._owner, self._page)

    @property
    def _owner(self) -> int | None:
        """The partition that the page belongs to; with no partition chosen there are pages of the only one."""
        return 1 if self._page is not None and self._partition is None else self._partition

    def _entry(self) -> ExchangeEntry | None:
        """The exchange that is shown: that of the chosen page, else the first that failed, else the first."""
        entries = self._trial.exchanges.finals(self._partition) if self._trial is not None else []
        if self._page is not None:
            entries = [entry for entry in entries if entry.page == self._page]
        return next((entry for entry in entries if entry.failed), entries[0] if entries else None)

    def _exchange(self) -> Exchange | None:
        entry = self._entry()
        return self._trial.exchanges.exchange(entry) if entry is not None and self._trial is not None else None

    def _state(self) -> Mapping[str, Any] | None:
        if self._trial is None:
            return None
        chosen = [one for one in self._trial.state.partitions if one.number == self._partition]
        return chosen[0].state if chosen else self._trial.state.state

    # The views

    async def _show_active(self) -> Widget:
        """Bring the view of the active tab up to date and to the front; returns what the focus goes to.

        Whoever comes while a view is being built waits until it is complete.
        """
        async with self._showing:
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
        match tab:
            case "schema":
                view: Widget = SchemaPanel(self._reporter)
            case "state":
                view = StatePanel()
            case "profile":
                view = ProfilePanel()
            case "map":
                view = SliceMap()
            case _:
                view = ExchangeView("request" if tab == "request" else "response")
        view.id = tab
        return view

    def _fill(self, view: Widget) -> Widget:
        trial, key = self._trial, self._test_key if self._declared else ""
        match view:
            case RecordsView():
                view.show(self.source, _no_records(trial, key))
                return view.content
            case SchemaPanel():
                view.show_trial(trial, _no_schema(trial, key), self._declared)
            case StatePanel():
                view.show_state(self._state(), _no_state(trial, key))
            case ProfilePanel():
                view.show_source(self.source, _no_records(trial, key))
                return view.table
            case SliceMap():
                view.show(trial.state if trial is not None else None, self._partition)
                return view
            case ExchangeView():
                view.show_exchange(self._exchange(), _no_exchange(trial, key))
        return view.query_one(DocView)


# What the tabs say while there is nothing to show

_WANTED = {Stage.CREATION: "a job", Stage.POLLING: "the status", Stage.DOWNLOAD: "records"}


def _untested(test_key: str, then: str) -> str:
    """What a test would do; where there is no stream, there is no key for it."""
    return f"Not tested yet. Press {test_key}{then}" if test_key else "There is no stream to test yet."


def _no_records(trial: Trial | None, test_key: str) -> str:
    if trial is None:
        return _untested(test_key, " to read the first records.")
    if trial.state.running:
        return "Cancelling…" if trial.state.cancelling else "Waiting for records…"
    match trial.state.outcome:
        case Outcome.LIMITED if trial.state.next_stage is not None:
            return "No records: the result was not downloaded. The Response tab shows what the API answered."
        case Outcome.FAILED:
            return f"No records. Fix what is said above, then press {test_key}."
        case Outcome.CANCELLED:
            return f"Cancelled before there were records. {test_key}: test again"
        case Outcome.SKIPPED:
            return "The API has no data: its status says to skip the job."
    return "No records. The Response tab shows what the API answered."


def _no_exchange(trial: Trial | None, test_key: str) -> str:
    if trial is None:
        return _untested(test_key, ": requests and answers show up here as they happen.")
    if trial.state.running:
        return f"No request for {_WANTED[trial.state.limits.last]} yet. Other requests are under 6."
    if trial.state.next_stage is not None:
        return "The test ended before there was an answer. The requests that were made are under 6, Other requests."
    return "The test ended before records were requested. The requests that were made are under 6, Other requests."


def _no_state(trial: Trial | None, test_key: str) -> str:
    if trial is None:
        return _untested(test_key, ": the state that a test reaches shows up here.")
    return "No state yet: it is reported when a partition has been read."


def _no_schema(trial: Trial | None, test_key: str) -> str:
    if trial is None:
        return _untested(test_key, ": the schema of the records shows up here.")
    return "No schema yet: there are no records to detect it from."
