"""The first line of the test screen: what is tested, how it stands, and the buttons."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button

from core.events import Outcome
from core.progress.words import count
from core.reading import Limits
from tui.running import RunState
from tui.running.headline import headline
from tui.testing.subject import Subject
from tui.widgets.message import WidgetMessage

_STYLES = {
    Outcome.COMPLETE: "$text-success",
    Outcome.LIMITED: "$text-success",
    Outcome.SKIPPED: "$foreground-muted",
    Outcome.FAILED: "bold $text-error",
    Outcome.CANCELLED: "bold $text-warning",
}


class RunHeader(Horizontal):
    """Says how the test of a stream stands; asks to test, to cancel, or to set how much is read."""

    @dataclass
    class TestPressed(WidgetMessage["RunHeader"]):
        """A person wants the stream to be tested, or the test to be cancelled."""

    @dataclass
    class SettingsPressed(WidgetMessage["RunHeader"]):
        """A person wants to set how much a test reads."""

    def __init__(self, test_key: str, cancel_key: str) -> None:
        super().__init__(classes="run-header")
        self._keys = (test_key, cancel_key)
        self._shows_running: bool | None = None

    def compose(self) -> ComposeResult:
        """The words and the buttons."""
        yield _Words()
        yield Button("Limits L", compact=True, classes="run-header--limits")
        yield Button("Test", "primary", compact=True, classes="run-header--test")

    def show(self, subject: Subject | None, state: RunState | None, limits: Limits, *, stale: bool) -> None:
        """Show how the test of a stream stands."""
        self.query_one(_Words).show(_words(subject, state, stale=stale), _limit_words(limits) if subject else "")
        button = self.query_one(".run-header--test", Button)
        button.disabled = subject is None
        running = state is not None and state.running
        if running != self._shows_running:
            self._shows_running = running
            button.label = Content(f"Cancel {self._keys[1]}" if running else f"Test {self._keys[0]}")
            button.variant = "warning" if running else "primary"

    @on(Button.Pressed)
    def _press(self, event: Button.Pressed) -> None:
        event.stop()
        limits = event.button.has_class("run-header--limits")
        self.post_message(self.SettingsPressed(self) if limits else self.TestPressed(self))


class _Words(Widget):
    """The words of the header; the limits are among them where there is room."""

    def __init__(self) -> None:
        super().__init__(classes="run-header--words")
        self._words, self._limits = Content(""), ""

    def show(self, words: Content, limits: str) -> None:
        """Say how the test stands."""
        if (words, limits) != (self._words, self._limits):
            self._words, self._limits = words, limits
            self.refresh()

    def render(self) -> Content:
        """The words in one line."""
        whole = Content.assemble(self._words, "  ", (self._limits, "$foreground-muted"))
        return whole if whole.cell_length <= self.size.width else self._words


def _words(subject: Subject | None, state: RunState | None, *, stale: bool) -> Content:
    if subject is None:
        return Content.styled("No stream. Add a stream to test it here.", "$foreground-muted")
    running = "bold $text-primary" if state is not None else "$foreground-muted"
    style = _STYLES[state.outcome] if state is not None and state.outcome else running
    parts: list[str | tuple[str, str]] = [(subject.name or "(no name)", "bold"), "  ", (headline(state), style)]
    if stale:
        parts.append(("  ⟳ stale", "bold $text-warning"))
    if subject.problems:
        parts.append((f"  ✗ {count(subject.problems, 'problem')} to mend first", "$text-error"))
    return Content.assemble(*parts)


def _limit_words(limits: Limits) -> str:
    told = [
        count(limit, unit)
        for limit, unit in ((limits.records, "record"), (limits.pages, "page"), (limits.slices, "partition"))
        if limit is not None
    ]
    return f"up to {', '.join(told)}" if told else "no limits"
