"""Below the results, opened on demand: the requests that give no records, and the log."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
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
from core.units import count
from core.wording import clean
from tui.trials.exchanges import ExchangeEntry, ExchangeLog
from tui.trials.state import LogLine, TrialState
from tui.trials.trial import Trial
from tui.trials.view.exchange_view import ExchangeView, Side, entry_facts, entry_title
from tui.widgets.base import WidgetMessage, hidden, shown
from tui.widgets.choice import Choice
from tui.widgets.choice_dialog import ChoiceOption
from tui.widgets.tab_strip import StripTab, TabStrip

_LINES = 300
"""How many of the latest lines of the log are shown."""

_GLYPHS = {
    Level.ERROR: ("✗", "$text-error"),
    Level.WARNING: ("▲", "$text-warning"),
    Level.INFO: ("·", "$foreground"),
    Level.DEBUG: ("·", "$foreground-muted"),
}


class LogPanel(VerticalScroll):
    """The lines of the log, the newest at the end, followed while the end is in view; as high as they are."""

    BINDING_GROUP_TITLE = "Log"

    def __init__(self) -> None:
        super().__init__(classes="log-panel")
        self._shown: tuple[int, int, int | None] | None = None

    def compose(self) -> ComposeResult:
        yield Static(markup=False)

    def show(self, state: TrialState | None, partition: int | None) -> None:
        """Show the lines of a partition (None: of all), and those that belong to no partition."""
        mark = (id(state), len(state.logs) if state else 0, partition)
        if mark == self._shown:
            return
        self._shown = mark
        at_end = self.max_scroll_y - self.scroll_offset.y <= 1
        logs = state.logs if state else []
        lines = [line for line in logs if partition is None or line.partition in (None, partition)]
        text = Content("\n").join(_line(line) for line in lines[-_LINES:])
        self.query_one(Static).update(text if lines else Content.styled("Nothing was logged.", "$foreground-muted"))
        if at_end:
            self.scroll_end(animate=False)


def _severities(state: TrialState) -> str:
    """How many lines there are of each severity, the most severe first."""
    counts = state.severities
    severe = (Level.ERROR, Level.WARNING)
    texts = [f"{_GLYPHS[level][0]} {count(counts[level], level)}" for level in severe if counts[level]]
    others = counts[Level.INFO] + counts[Level.DEBUG]
    return " ".join([*texts, *([f"{others} info"] if others else [])])


def _line(line: LogLine) -> Content:
    glyph, style = _GLYPHS[line.level]
    return Content.assemble(
        (f"{line.seconds:6.1f} s  ", "$foreground-muted"), (f"{glyph} {clean(line.message)}", style)
    )


_LABEL = 28
_NONE_YET = "No other requests yet. What creates and polls a job, logs in and the like shows up here."


class OtherRequests(Vertical):
    """Shows the latest request until a person chooses one; after a failure the first that failed."""

    BINDING_GROUP_TITLE = "Other requests"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("ctrl+n,full_stop", "step(1)", "Next request", "Show the next request", "exchange.next", display="^n"),
        hidden("down", "enter", "Go in", "Go into the request or the answer", "exchange.enter"),
        hidden("comma", "step(-1)", "Previous request", "Show the previous request", "exchange.previous"),
    ]

    def __init__(self) -> None:
        super().__init__(classes="other-requests")
        self._trial: Trial | None = None
        self._entries: Sequence[ExchangeEntry] = ()
        self._chosen: int | None = None
        """The number of the exchange that a person chose."""

    def compose(self) -> ComposeResult:
        yield Choice((), title="Other requests", prompt="No other requests yet")
        yield TabStrip((StripTab("request", "Request"), StripTab("response", "Response")))
        yield ExchangeView("request", id="request")
        yield ExchangeView("response", id="response")

    def on_mount(self) -> None:
        self.query_one(TabStrip).active = "response"
        self._show_side()

    def show(self, trial: Trial | None, partition: int | None) -> None:
        """Show the requests of a partition (None: of all), and those that belong to no partition."""
        if trial is not self._trial:
            self._trial, self._chosen = trial, None
        self._entries = trial.exchanges.others(partition) if trial is not None else ()
        choice = self.query_one(Choice)
        choice.options = [ChoiceOption(_label(entry)) for entry in self._entries]
        self._show_entry()

    @property
    def _entry(self) -> ExchangeEntry | None:
        chosen = next((entry for entry in self._entries if entry.number == self._chosen), None)
        if chosen is not None or not self._entries:
            return chosen
        over = self._trial is not None and not self._trial.state.running
        return ExchangeLog.to_look_at(self._entries) if over else self._entries[-1]

    def _show_entry(self) -> None:
        entry = self._entry
        self.query_one(Choice).value = _label(entry) if entry else None
        exchange = self._trial.exchanges.exchange(entry) if entry and self._trial else None
        for view in self.query(ExchangeView):
            if view.display:
                view.show_exchange(exchange, _NONE_YET)

    def _show_side(self) -> None:
        active = self.query_one(TabStrip).active
        for view in self.query(ExchangeView):
            view.display = view.id == active

    @on(TabStrip.Changed)
    def _change_tab(self, event: TabStrip.Changed) -> None:
        event.stop()
        self._show_side()
        self._show_entry()

    @on(Choice.Changed)
    def _choose(self, event: Choice.Changed) -> None:
        event.stop()
        entry = next((entry for entry in self._entries if _label(entry) == event.value), None)
        self._chosen = entry.number if entry else None
        self._show_entry()

    def go_to(self, number: int, side: Side) -> ExchangeView:
        """Go to a side of an exchange, by its number."""
        self._chosen = number
        self.query_one(TabStrip).active = side
        self._show_side()
        self._show_entry()
        self.action_enter()
        return self.query_one(f"#{side}", ExchangeView)

    def action_enter(self) -> None:
        """Put the focus into the side that is shown."""
        next(view for view in self.query(ExchangeView) if view.display).document.focus()

    def action_step(self, step: int) -> None:
        """Show the next or the previous request."""
        entry = self._entry
        if entry is not None:
            index = [one.number for one in self._entries].index(entry.number)
            self._chosen = self._entries[max(0, min(index + step, len(self._entries) - 1))].number
            self._show_entry()


def _label(entry: ExchangeEntry) -> str:
    return f"{entry_title(entry):<{_LABEL}}  {entry_facts(entry)}"


_PANELS: Mapping[str, type[OtherRequests | LogPanel]] = {"others": OtherRequests, "log": LogPanel}


class Details(Vertical):
    """A strip of titles, and the open panel below it. After a failure before any request for records, the other
    requests open automatically.
    """

    @dataclass
    class Toggled(WidgetMessage["Details"]):
        """A panel was opened or closed."""

    def __init__(self) -> None:
        super().__init__(classes="details")
        self._trial: Trial | None = None
        self._partition: int | None = None
        self._toggled = False
        """Whether a person has opened or closed a panel since the trial started."""
        self._showing = asyncio.Lock()

    def compose(self) -> ComposeResult:
        yield TabStrip([StripTab("others", "6 Other requests"), StripTab("log", "7 Log")], closable=True)

    @property
    def strip(self) -> TabStrip:
        return self.query_one(".details > TabStrip", TabStrip)

    @property
    def open(self) -> str | None:
        """The open panel: "others" or "log"; None without one."""
        return self.strip.active

    async def show(self, trial: Trial | None, partition: int | None) -> None:
        """Show what belongs to a partition (None: to any), and to none."""
        if trial is not self._trial:
            self._trial, self._toggled = trial, False
        self._partition = partition
        others = trial.exchanges.others(partition) if trial is not None else []
        log = _severities(trial.state) if trial is not None else ""
        self.strip.tabs = [
            StripTab("others", "6 Other requests", f"({len(others)})" if others else ""),
            StripTab("log", "7 Log", f"({log})" if log else ""),
        ]
        failed = trial is not None and trial.state.outcome is Outcome.FAILED and not trial.exchanges.finals(None)
        if failed and others and not self._toggled and self.open is None:
            self.strip.active = "others"
            self.post_message(self.Toggled(self))
        await self._show_open()

    def toggle(self, panel: str) -> None:
        """Open a panel and put the focus into it; close it if the focus is there already."""
        view = self._view_of(panel) if self.open == panel else None
        if view is None or self.has_focus_within:
            self.strip.take(panel)
        else:
            _focus_into(view)

    async def go_to_exchange(self, number: int, side: Side) -> ExchangeView | None:
        """Open the other requests and go to a side of one of them, by its number; None where a person has closed them
        meanwhile.
        """
        self._toggled = True
        if self.open != "others":
            self.strip.active = "others"
            self.post_message(self.Toggled(self))
        view = await self._show_open()
        return view.go_to(number, side) if isinstance(view, OtherRequests) else None

    def close(self) -> None:
        if self.open is not None:
            self.strip.take(self.open)

    @on(TabStrip.Changed)
    async def _toggle(self, event: TabStrip.Changed) -> None:
        event.stop()
        self._toggled = True
        view = await self._show_open()
        self.post_message(self.Toggled(self))
        if view is not None:
            _focus_into(view)

    def _view_of(self, panel: str | None) -> Widget | None:
        """The view of a panel, once it is built."""
        wanted = _PANELS.get(panel or "")
        return self.query_one_optional(wanted) if wanted is not None else None

    async def _show_open(self) -> Widget | None:
        """Bring the open panel up to date and to the front; whoever comes while one is being built waits for it."""
        async with self._showing:
            self.set_class(self.open is not None, "-open")
            self.set_class(self.open == "log", "-log")
            wanted = _PANELS.get(self.open or "")
            view = self._view_of(self.open)
            if wanted is not None and view is None:
                view = wanted()
                await self.mount(view)
            for child in self.children:
                if child is not self.strip:
                    child.display = child is view
            match view:
                case OtherRequests():
                    view.show(self._trial, self._partition)
                case LogPanel():
                    view.show(self._trial.state if self._trial else None, self._partition)
            return view


def _focus_into(view: Widget) -> None:
    """Put the focus where keys do something: among the requests on the choice of one."""
    (view.query_one(Choice) if isinstance(view, OtherRequests) else view).focus()
