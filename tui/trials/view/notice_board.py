"""Errors, warnings and remarks about a trial, and what stands where there is nothing to be shown yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from core.events import Outcome
from tui.trials.notices import Notice, Weight
from tui.trials.remedies import Remedy
from tui.trials.trial import Trial
from tui.widgets.base import WidgetMessage


def no_records(run: Trial | None, test_key: str) -> str:
    """Why there are no records."""
    if run is None:
        return f"Not tested yet. Press {test_key} to read the first records."
    if run.state.running:
        return "Cancelling…" if run.state.cancelling else "Waiting for records…"
    match run.state.outcome:
        case Outcome.FAILED:
            return f"No records. Fix what is said above, then press {test_key}."
        case Outcome.CANCELLED:
            return f"Cancelled before there were records. {test_key}: test again"
        case Outcome.SKIPPED:
            return "The API has no data: its status says to skip the job."
    return "No records. The Response tab shows what the API answered."


def no_exchange(run: Trial | None, test_key: str) -> str:
    """Why there is no request for records."""
    if run is None:
        return f"Not tested yet. Press {test_key}: requests and answers show up here as they happen."
    if run.state.running:
        return "No request for records yet. Other requests are under 6."
    return "The test ended before records were requested. The requests that were made are under 6, Other requests."


def no_state(run: Trial | None, test_key: str) -> str:
    """Why there is no state."""
    if run is None:
        return f"Not tested yet. Press {test_key}: the state that a test reaches shows up here."
    return "No state yet: it is told when a partition has been read."


def no_schema(run: Trial | None, test_key: str) -> str:
    """Why there is no schema."""
    if run is None:
        return f"Not tested yet. Press {test_key}: the schema of the records shows up here."
    return "No schema yet: there are no records to detect it from."


_STYLES = {Weight.ERROR: "$text-error", Weight.WARNING: "$text-warning", Weight.REMARK: "$foreground-muted"}


class NoticeBoard(VerticalScroll):
    """Notices one below the other; it takes no room while there are none. A click asks to go to the field."""

    @dataclass
    class Clicked(WidgetMessage["NoticeBoard"]):
        """A person wants to go where the notices lead."""

    def __init__(self) -> None:
        super().__init__(classes="notice-board")
        self._notices: tuple[Notice, ...] = ()
        self.display = False

    def compose(self) -> ComposeResult:
        """The text."""
        yield Static(markup=False)

    @property
    def places(self) -> list[Remedy]:
        """The fields that the notices lead to, each once."""
        return list(dict.fromkeys(notice.remedy for notice in self._notices if notice.remedy is not None))

    def show(self, notices: Sequence[Notice]) -> None:
        """Show notices."""
        if tuple(notices) == self._notices:
            return
        self._notices = tuple(notices)
        self.display = bool(notices)
        self.query_one(Static).update(Content("\n").join(self._lines()))
        self.scroll_home(animate=False)

    def _lines(self) -> list[Content]:
        """The fields come first: they stay in view where there is room for little."""
        lines = []
        if self.places:
            leads = "; ".join(str(place) for place in self.places)
            lines.append(
                Content.assemble(("m ", "bold $text-accent"), ("Go to ", "$foreground-muted"), (leads, "bold"))
            )
        return lines + [Content.styled(f"{one.weight} {one.text}", _STYLES[one.weight]) for one in self._notices]

    def on_click(self) -> None:
        """Ask to go to the field."""
        if self.places:
            self.post_message(self.Clicked(self))
