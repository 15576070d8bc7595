"""The panel of the requests that give no records: a dropdown of them all, and the chosen one below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from tui.running import Run
from tui.running.exchanges import Entry, ExchangeLog
from tui.testing.exchange_text import entry_facts, entry_title
from tui.testing.exchange_view import ExchangeView
from tui.widgets.choice import Choice
from tui.widgets.choice_dialog import ChoiceOption
from tui.widgets.keys import hidden, shown
from tui.widgets.tab_strip import Tab, TabStrip

_TITLE = 28
_NONE_YET = "No other requests yet. What creates and polls a job, logs in and the like shows up here."


class OtherRequests(Vertical):
    """Shows the newest request until a person chooses one; after a failure the first that failed."""

    BINDING_GROUP_TITLE = "Other requests"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("ctrl+n,full_stop", "step(1)", "Next request", "Show the next request", "exchange.next", display="^n"),
        hidden("down", "go_in", "Go in", "Go into the request or the answer", "exchange.enter"),
        hidden("comma", "step(-1)", "Previous request", "Show the previous request", "exchange.previous"),
    ]

    def __init__(self) -> None:
        super().__init__(classes="other-requests")
        self._run: Run | None = None
        self._entries: Sequence[Entry] = ()
        self._chosen: int | None = None
        """The number of the exchange that a person chose."""

    def compose(self) -> ComposeResult:
        """The dropdown, the tabs and the two sides."""
        yield Choice((), title="Other requests", prompt="No other requests yet")
        yield TabStrip((Tab("request", "Request"), Tab("response", "Response")))
        yield ExchangeView("request", id="request")
        yield ExchangeView("response", id="response")

    def on_mount(self) -> None:
        """Answers are what people look for."""
        self.query_one(TabStrip).active = "response"
        self._show_side()

    def show(self, run: Run | None, partition: int | None) -> None:
        """Show the requests of a partition (None: of all) and those that belong to none."""
        if run is not self._run:
            self._run, self._chosen = run, None
        self._entries = run.exchanges.others(partition) if run is not None else ()
        choice = self.query_one(Choice)
        choice.options = [ChoiceOption(_label(entry)) for entry in self._entries]
        self._show_entry()

    def reveal(self, number: int) -> None:
        """Show the answer of an exchange by its number."""
        self._chosen = number
        self.query_one(TabStrip).active = "response"
        self._show_side()
        self._show_entry()

    @property
    def _entry(self) -> Entry | None:
        chosen = next((entry for entry in self._entries if entry.number == self._chosen), None)
        if chosen is not None or not self._entries:
            return chosen
        over = self._run is not None and not self._run.state.running
        return ExchangeLog.to_look_at(self._entries) if over else self._entries[-1]

    def _show_entry(self) -> None:
        entry = self._entry
        self.query_one(Choice).value = _label(entry) if entry else None
        exchange = self._run.exchanges.exchange(entry) if entry and self._run else None
        for view in self.query(ExchangeView):
            if view.display:
                view.show_exchange(exchange, _NONE_YET)

    def _show_side(self) -> None:
        active = self.query_one(TabStrip).active
        for view in self.query(ExchangeView):
            view.display = view.id == active

    @on(TabStrip.Changed)
    def _take_tab(self, event: TabStrip.Changed) -> None:
        event.stop()
        self._show_side()
        self._show_entry()

    @on(Choice.Changed)
    def _choose(self, event: Choice.Changed) -> None:
        event.stop()
        entry = next((entry for entry in self._entries if _label(entry) == event.value), None)
        self._chosen = entry.number if entry else None
        self._show_entry()

    def action_go_in(self) -> None:
        """Go into the side that is shown."""
        next(view for view in self.query(ExchangeView) if view.display).document.focus()

    def action_step(self, step: int) -> None:
        """Show the next or the previous request."""
        entry = self._entry
        if entry is not None:
            index = [one.number for one in self._entries].index(entry.number)
            self._chosen = self._entries[max(0, min(index + step, len(self._entries) - 1))].number
            self._show_entry()


def _label(entry: Entry) -> str:
    return f"{entry_title(entry):<{_TITLE}}  {entry_facts(entry)}"
