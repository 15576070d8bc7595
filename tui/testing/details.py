"""What lies below the results: the other requests and the log, opened on demand."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widget import Widget

from core.events import Outcome
from tui.running import Run
from tui.testing.log_panel import LogPanel, severities
from tui.testing.other_requests import OtherRequests
from tui.widgets.choice import Choice
from tui.widgets.message import WidgetMessage
from tui.widgets.tab_strip import Tab, TabStrip


class Details(Vertical):
    """A strip of titles; the panel of the open one is below it. After a failure without records it opens by itself."""

    @dataclass
    class Toggled(WidgetMessage["Details"]):
        """A panel was opened or closed."""

    def __init__(self) -> None:
        super().__init__(classes="details")
        self._run: Run | None = None
        self._partition: int | None = None
        self._taken = False

    def compose(self) -> ComposeResult:
        """The titles."""
        yield TabStrip([Tab("others", "6 Other requests"), Tab("log", "7 Log")], closable=True)

    @property
    def strip(self) -> TabStrip:
        """The titles."""
        return self.query_one(".details > TabStrip", TabStrip)

    @property
    def open(self) -> str | None:
        """Which panel is open: "others", "log" or none."""
        return self.strip.active

    async def show(self, run: Run | None, partition: int | None) -> None:
        """Show what belongs to a partition (None: to any)."""
        if run is not self._run:
            self._run, self._taken = run, False
        self._partition = partition
        others = run.exchanges.others(partition) if run is not None else []
        log = severities(run.state) if run is not None else ""
        self.strip.tabs = [
            Tab("others", "6 Other requests", f"({len(others)})" if others else ""),
            Tab("log", "7 Log", f"({log})" if log else ""),
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
