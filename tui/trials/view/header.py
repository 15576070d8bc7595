"""The first lines of the trial pane: what is tried, how it stands, the buttons, the partition and page in view."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button

from core.events import Outcome
from core.reading import Limits
from core.wording import count
from tui.trials.phases import headline
from tui.trials.state import TrialState
from tui.trials.trial import Trial
from tui.trials.view.subject import Subject
from tui.widgets.base import WidgetMessage
from tui.widgets.choice import Choice
from tui.widgets.choice_dialog import ChoiceOption

Labels = dict[int | None, str]
"""What can be chosen, by number; None: all."""


class Selectors(Horizontal):
    """Remembers what was chosen for a run; a new run begins with everything."""

    @dataclass
    class Changed(WidgetMessage["Selectors"]):
        """A person chose a partition or a page."""

    def __init__(self) -> None:
        super().__init__(classes="selectors")
        self._run: Trial | None = None
        self.partition: int | None = None
        """The number of the chosen partition; None: all."""
        self.page: int | None = None
        """The number of the chosen page; None: all."""

    def compose(self) -> ComposeResult:
        """The dropdowns."""
        yield Choice((), title="Partition", id="partition")
        yield Choice((), title="Page", id="page")

    def show(self, run: Trial | None) -> None:
        """Offer the partitions of a run and the pages of the chosen one."""
        if run is not self._run:
            self._run, self.partition, self.page = run, None, None
        partitions = self._partitions()
        pages = self._pages()
        self._offer("partition", partitions, self.partition)
        self._offer("page", pages, self.page)
        self.display = max(len(partitions), len(pages)) > 2

    def open(self, which: str) -> None:
        """List the partitions ("partition") or the pages ("page")."""
        if self.offers(which):
            self.query_one(f"#{which}", Choice).action_open()

    def offers(self, which: str) -> bool:
        """Whether there is a choice of partitions ("partition") or pages ("page")."""
        return self.display and self.query_one(f"#{which}", Choice).display

    def _offer(self, which: str, labels: Labels, chosen: int | None) -> None:
        choice = self.query_one(f"#{which}", Choice)
        choice.display = len(labels) > 2
        if [option.value for option in choice.options] != list(labels.values()):
            choice.options = [ChoiceOption(label) for label in labels.values()]
        if choice.value != labels.get(chosen):
            choice.value = labels.get(chosen)

    def _partitions(self) -> Labels:
        partitions = self._run.state.partitions if self._run else []
        labels: Labels = {None: f"All {count(len(partitions), 'partition')}"}
        return labels | {one.number: f"{one.number}  {one.name}" for one in partitions}

    def _pages(self) -> Labels:
        partitions = self._run.state.partitions if self._run else []
        owner = self.partition or (1 if len(partitions) == 1 else None)
        pages = partitions[owner - 1].pages if owner else []
        labels: Labels = {None: f"All {count(len(pages), 'page')}"}
        return labels | {page.number: f"Page {page.number}" for page in pages}

    @on(Choice.Changed)
    def _choose(self, event: Choice.Changed) -> None:
        event.stop()
        labels = self._partitions() if event.widget.id == "partition" else self._pages()
        number = next((number for number, label in labels.items() if label == event.value), None)
        if event.widget.id == "partition":
            self.partition, self.page = number, None
        else:
            self.page = number
        self.post_message(self.Changed(self))


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

    def show(self, subject: Subject | None, state: TrialState | None, limits: Limits, *, stale: bool) -> None:
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


def _words(subject: Subject | None, state: TrialState | None, *, stale: bool) -> Content:
    if subject is None:
        return Content.styled("No stream. Add a stream to test it here.", "$foreground-muted")
    running = "bold $text-primary" if state is not None else "$foreground-muted"
    style = _STYLES[state.outcome] if state is not None and state.outcome else running
    parts: list[str | tuple[str, str]] = [(subject.name or "(no name)", "bold"), "  ", (headline(state), style)]
    if stale:
        parts.append(("  ⟳ stale", "bold $text-warning"))
    if subject.problems:
        parts.append((f"  ✗ {count(subject.problems, 'problem')} to fix first", "$text-error"))
    return Content.assemble(*parts)


def _limit_words(limits: Limits) -> str:
    told = [
        count(limit, unit)
        for limit, unit in ((limits.records, "record"), (limits.pages, "page"), (limits.slices, "partition"))
        if limit is not None
    ]
    return f"up to {', '.join(told)}" if told else "no limits"
