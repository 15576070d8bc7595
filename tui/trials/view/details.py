"""What lies below the results, opened on demand: the requests that give no records, and the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from core.events import Outcome
from core.levels import Level
from core.wording import clean, count
from tui.trials.exchanges import ExchangeEntry, ExchangeLog
from tui.trials.state import LogLine, TrialState
from tui.trials.trial import Trial
from tui.trials.view.exchange_view import ExchangeView, entry_facts, entry_title
from tui.widgets.base import WidgetMessage, hidden, shown
from tui.widgets.choice import Choice
from tui.widgets.choice_dialog import ChoiceOption
from tui.widgets.tab_strip import StripTab, TabStrip

LINES = 300
"""The last lines of the log, which are shown."""

_GLYPHS = {
    Level.ERROR: ("✗", "$text-error"),
    Level.WARNING: ("▲", "$text-warning"),
    Level.INFO: ("·", "$foreground"),
    Level.DEBUG: ("·", "$foreground-muted"),
}


class LogPanel(VerticalScroll):
    """The lines of the log, the newest at the end, followed as long as the end is in view."""

    BINDING_GROUP_TITLE = "Log"

    def __init__(self) -> None:
        super().__init__(classes="log-panel")
        self._shown: tuple[int, int, int | None] | None = None

    def compose(self) -> ComposeResult:
        """The text."""
        yield Static(markup=False)

    def show(self, state: TrialState | None, partition: int | None) -> None:
        """Show the lines of a partition (None: of all) and those that belong to none."""
        mark = (id(state), len(state.logs) if state else 0, partition)
        if mark == self._shown:
            return
        self._shown = mark
        at_end = self.max_scroll_y - self.scroll_offset.y <= 1
        logs = state.logs if state else []
        lines = [line for line in logs if partition is None or line.partition in (None, partition)]
        text = Content("\n").join(_line(line) for line in lines[-LINES:])
        self.query_one(Static).update(text if lines else Content.styled("Nothing was logged.", "$foreground-muted"))
        if at_end:
            self.scroll_end(animate=False)


def severities(state: TrialState | None) -> str:
    """How many lines there are of each severity, the gravest first."""
    if state is None:
        return ""
    counts = state.severities
    grave = (Level.ERROR, Level.WARNING)
    told = [f"{_GLYPHS[level][0]} {count(counts[level], level)}" for level in grave if counts[level]]
    calm = counts[Level.INFO] + counts[Level.DEBUG]
    return " ".join([*told, *([f"{calm} info"] if calm else [])])


def _line(line: LogLine) -> Content:
    glyph, style = _GLYPHS[line.level]
    return Content.assemble(
        (f"{line.seconds:6.1f} s  ", "$foreground-muted"), (f"{glyph} {clean(line.message)}", style)
    )


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
        self._run: Trial | None = None
        self._entries: Sequence[ExchangeEntry] = ()
        self._chosen: int | None = None
        """The number of the exchange that a person chose."""

    def compose(self) -> ComposeResult:
        """The dropdown, the tabs and the two sides."""
        yield Choice((), title="Other requests", prompt="No other requests yet")
        yield TabStrip((StripTab("request", "Request"), StripTab("response", "Response")))
        yield ExchangeView("request", id="request")
        yield ExchangeView("response", id="response")

    def on_mount(self) -> None:
        """Answers are what people look for."""
        self.query_one(TabStrip).active = "response"
        self._show_side()

    def show(self, run: Trial | None, partition: int | None) -> None:
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
    def _entry(self) -> ExchangeEntry | None:
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


def _label(entry: ExchangeEntry) -> str:
    return f"{entry_title(entry):<{_TITLE}}  {entry_facts(entry)}"


class Details(Vertical):
    """A strip of titles; the panel of the open one is below it. After a failure without records it opens by itself."""

    @dataclass
    class Toggled(WidgetMessage["Details"]):
        """A panel was opened or closed."""

    def __init__(self) -> None:
        super().__init__(classes="details")
        self._run: Trial | None = None
        self._partition: int | None = None
        self._taken = False

    def compose(self) -> ComposeResult:
        """The titles."""
        yield TabStrip([StripTab("others", "6 Other requests"), StripTab("log", "7 Log")], closable=True)

    @property
    def strip(self) -> TabStrip:
        """The titles."""
        return self.query_one(".details > TabStrip", TabStrip)

    @property
    def open(self) -> str | None:
        """Which panel is open: "others", "log" or none."""
        return self.strip.active

    async def show(self, run: Trial | None, partition: int | None) -> None:
        """Show what belongs to a partition (None: to any)."""
        if run is not self._run:
            self._run, self._taken = run, False
        self._partition = partition
        others = run.exchanges.others(partition) if run is not None else []
        log = severities(run.state) if run is not None else ""
        self.strip.tabs = [
            StripTab("others", "6 Other requests", f"({len(others)})" if others else ""),
            StripTab("log", "7 Log", f"({log})" if log else ""),
        ]
        failed = run is not None and run.state.outcome is Outcome.FAILED and not run.exchanges.finals(None)
        if failed and others and not self._taken and self.open is None:
            self.strip.active = "others"
            self.post_message(self.Toggled(self))
        await self._show_open()

    def toggle(self, panel: str) -> None:
        """Open a panel and go into it, or close it."""
        self.strip.take(panel)

    def close(self) -> None:
        """Close what is open."""
        if self.open is not None:
            self.strip.take(self.open)

    @on(TabStrip.Changed)
    async def _take(self, event: TabStrip.Changed) -> None:
        event.stop()
        self._taken = True
        view = await self._show_open()
        self.post_message(self.Toggled(self))
        if view is not None:
            (view.query_one(Choice) if isinstance(view, OtherRequests) else view).focus()

    async def _show_open(self) -> Widget | None:
        self.set_class(self.open is not None, "-open")
        wanted = {"others": OtherRequests, "log": LogPanel}.get(self.open or "")
        view: Widget | None = None
        if wanted is not None:
            view = self.query_one_optional(wanted)
            if view is None:
                view = wanted()
                await self.mount(view)
        for child in self.children:
            if child is not self.strip:
                child.display = child is view
        match view:
            case OtherRequests():
                view.show(self._run, self._partition)
            case LogPanel():
                view.show(self._run.state if self._run else None, self._partition)
        return view
