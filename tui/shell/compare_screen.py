"""The screen on which two tests of a stream are compared: which two, and below them what is different."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.signal import Signal
from textual.widgets import Static

from core.errors import fault_text
from tui.shell.help_dialog import HelpDialog, Topic, keys_on
from tui.shell.key_bar import KeyBar
from tui.trials.comparison.records import compare_records
from tui.trials.comparison.report import ComparisonStopped, Report, Stopped
from tui.trials.comparison.requests import compare_requests
from tui.trials.comparison.schemas import compare_schemas
from tui.trials.controller import TrialChanged
from tui.trials.phases import headline
from tui.trials.trial import Trial
from tui.widgets.base import hidden, shown
from tui.widgets.choice import Choice
from tui.widgets.choice_dialog import ChoiceOption
from tui.widgets.dialog import Overlay
from tui.widgets.display_text import escape
from tui.widgets.doc_panel import DocPanel
from tui.widgets.panes import is_plain
from tui.widgets.tab_strip import StripTab, TabStrip
from tui.widgets.title_bar import TitleBar

Comparer = Callable[[Trial, Trial, Stopped], Report]

_COMPARERS: Mapping[str, Comparer] = {"requests": compare_requests, "schema": compare_schemas}
"""What is compared before the records, which take the longest."""
TABS = ("records", "requests", "schema")
_WAITING = Report("", "Comparing…")
_ABOUT = (
    "Any two of the last ten tests of the stream: Before is what was, After what is. Records go by the primary key, "
    "where there is one, else as a whole; their order makes no difference. In requests, what is different in every "
    "test is passed over: ids, tokens and links that answers of both tests gave at the same place, signatures, a time "
    "within a minute of its request, how often a job was polled, whether a token was asked for. "
    "+ is new, - is gone, ~ has changed."
)
_PROGRESS_EVERY = 0.25
"""Seconds."""


class CompareScreen(Overlay[None]):
    """Compares two of the tests that `trials` gives, at first the last two, in a thread."""

    BINDING_GROUP_TITLE = "Compare"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("b", "choose('before')", "Before", "Choose the test to compare with", "compare.before"),
        shown("a", "choose('after')", "After", "Choose the test that is compared", "compare.after"),
        *(
            hidden(str(number), f"tab('{tab}')", tab.capitalize(), f"Show what differs in the {tab}", f"compare.{tab}")
            for number, tab in enumerate(TABS, 1)
        ),
        hidden("down,enter", "enter", "Go in", "Put the focus into the differences", "compare.enter"),
        shown("escape", "leave", "Close", "Go back to the test", "compare.leave"),
        shown("f1", "help", "Help", "How tests are compared, and all keys", "compare.help"),
    ]

    def __init__(self, stream: str, trials: Callable[[], Sequence[Trial]], changed: Signal[TrialChanged]) -> None:
        super().__init__(classes="compare")
        self._stream = stream
        self._trials = trials
        self._changed = changed
        before, after = trials()[-2:]
        self._chosen = {"before": before, "after": after}
        self._reports: dict[str, Report] = {}
        self._stop = threading.Event()
        """Set when nobody waits any more for the comparison that runs."""
        self._done = 0, 0
        """How many of how many records were looked at."""

    def compose(self) -> ComposeResult:
        yield TitleBar("Compare", file=escape(self._stream))
        with Vertical(classes="compare--tests"):
            for side in self._chosen:
                with Horizontal(classes="compare--test"):
                    yield Static(side.capitalize(), classes="compare--label")
                    yield Choice((), title=side.capitalize(), id=side)
        with Vertical(classes="pane compare--differences") as pane:
            pane.border_title = "Differences"
            yield TabStrip([StripTab(tab, tab.capitalize()) for tab in TABS])
            yield DocPanel()
        yield KeyBar()

    def on_mount(self) -> None:
        self._changed.subscribe(self, self._follow)
        self._offer()
        self.query_one(TabStrip).focus()
        self._compare()
        self.set_interval(_PROGRESS_EVERY, self._show_progress)

    def on_unmount(self) -> None:
        self._changed.unsubscribe(self)
        self._stop.set()

    def on_resize(self) -> None:
        self.set_class(is_plain(self.size), "-plain")

    # Which two

    def _offer(self) -> None:
        labels = [ChoiceOption(_label(trial)) for trial in reversed(self._trials())]
        for side, trial in self._chosen.items():
            choice = self.query_one(f"#{side}", Choice)
            choice.options, choice.value = labels, _label(trial)

    def _follow(self, change: TrialChanged) -> None:
        """Offer a test that has ended."""
        if change.stream == self._stream and not change.trial.state.running:
            self._offer()

    @on(Choice.Changed)
    def _choose(self, event: Choice.Changed) -> None:
        event.stop()
        found = next((trial for trial in self._trials() if _label(trial) == event.value), None)
        if found is not None:
            self._chosen[event.widget.id or ""] = found
            self._compare()

    # What is different

    def _compare(self) -> None:
        """Compare the two, in place of the comparison that runs."""
        self._stop.set()
        self._stop = threading.Event()
        self._reports = {}
        self._done = 0, 0
        self._show()
        self.run_worker(self._work(self._stop), group="compare", exit_on_error=False)

    async def _work(self, stop: threading.Event) -> None:
        before, after = self._chosen["before"], self._chosen["after"]

        def tell(done: int, of: int) -> None:
            if not stop.is_set():
                self._done = done, of

        comparers: dict[str, Comparer] = {**_COMPARERS, "records": partial(compare_records, tell=tell)}
        for tab, compare in comparers.items():
            try:
                report = await asyncio.to_thread(compare, before, after, stop.is_set)
            except ComparisonStopped:
                return
            except OSError as error:
                report = Report("✗", f"✗ This can't be compared: {error.strerror or error}.")
            except Exception as error:  # whatever the records hold, the builder goes on
                report = Report("✗", f"✗ The comparison was {fault_text(error, after.mask)}")
            if stop.is_set():
                return
            self._reports[tab] = report
            self._show()

    @on(TabStrip.Changed)
    def _change_tab(self, event: TabStrip.Changed) -> None:
        event.stop()
        self._show()

    def _show(self) -> None:
        strip = self.query_one(TabStrip)
        strip.tabs = [StripTab(tab, tab.capitalize(), self._report(tab).note) for tab in TABS]
        report = self._report(strip.active or TABS[0])
        self.query_one(DocPanel).show(report.summary, report.lines, "diff")

    def _report(self, tab: str) -> Report:
        return self._reports.get(tab, self._progress if tab == "records" else _WAITING)

    @property
    def _progress(self) -> Report:
        """How far the comparison of the records is."""
        done, of = self._done
        if not of:
            return _WAITING
        return Report("…", f"Comparing… {done:,} of {of:,} records so far. Esc stops it.")

    def _show_progress(self) -> None:
        if "records" not in self._reports and self._done[1]:
            self._show()

    # Keys

    def action_choose(self, side: str) -> None:
        """List the tests that there are."""
        self.query_one(f"#{side}", Choice).action_open()

    def action_tab(self, tab: str) -> None:
        """Show another kind of difference."""
        self.query_one(TabStrip).take(tab)

    def action_enter(self) -> None:
        """Put the focus into the differences."""
        self.query_one(DocPanel).document.focus()

    def action_help(self) -> None:
        """Say what is compared and how."""
        self.app.push_screen(HelpDialog("Compare", [Topic("", (("", _ABOUT),)), *keys_on(self)]))

    def action_leave(self) -> None:
        """Go back to the test."""
        self.dismiss(None)


def _label(trial: Trial) -> str:
    began = trial.state.began.astimezone()
    return f"Test {trial.number} at {began:%H:%M:%S}  {headline(trial.state)}"
