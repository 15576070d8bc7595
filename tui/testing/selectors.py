"""Which partition and which page the test screen shows: two dropdowns, there only where there is a choice."""

from __future__ import annotations

from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal

from core.progress.words import count
from tui.running import Run
from tui.widgets.choice import Choice
from tui.widgets.choice_dialog import ChoiceOption
from tui.widgets.message import WidgetMessage

Labels = dict[int | None, str]
"""What can be chosen, by number; None: all."""


class Selectors(Horizontal):
    """Remembers what was chosen for a run; a new run begins with everything."""

    @dataclass
    class Changed(WidgetMessage["Selectors"]):
        """A person chose a partition or a page."""

    def __init__(self) -> None:
        super().__init__(classes="selectors")
        self._run: Run | None = None
        self.partition: int | None = None
        """The number of the chosen partition; None: all."""
        self.page: int | None = None
        """The number of the chosen page; None: all."""

    def compose(self) -> ComposeResult:
        """The dropdowns."""
        yield Choice((), title="Partition", id="partition")
        yield Choice((), title="Page", id="page")

    def show(self, run: Run | None) -> None:
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
