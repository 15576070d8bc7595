"""Which partition and which page the test screen shows: two dropdowns, there only where there is a choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal

from core.progress.words import count
from tui.running import Run
from tui.widgets.choice import Choice
from tui.widgets.choice_dialog import ChoiceOption
from tui.widgets.message import WidgetMessage

_ALL = 0


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

    def _offer(self, which: str, labels: Sequence[str], chosen: int | None) -> None:
        choice = self.query_one(f"#{which}", Choice)
        choice.display = len(labels) > 2
        if [option.value for option in choice.options] != labels:
            choice.options = [ChoiceOption(label) for label in labels]
        if labels and choice.value != labels[chosen or _ALL]:
            choice.value = labels[chosen or _ALL]

    def _partitions(self) -> list[str]:
        """What is offered, "all" first; the place of a label is the number of its partition."""
        partitions = self._run.state.partitions if self._run else []
        return [f"All {count(len(partitions), 'partition')}", *(f"{one.number}  {one.name}" for one in partitions)]

    def _pages(self) -> list[str]:
        if self._run is None:
            return []
        partitions = self._run.state.partitions
        owner = self.partition or (1 if len(partitions) == 1 else None)
        pages = partitions[owner - 1].pages if owner else []
        return [f"All {count(len(pages), 'page')}", *(f"Page {page.number}" for page in pages)]

    @on(Choice.Changed)
    def _choose(self, event: Choice.Changed) -> None:
        event.stop()
        labels = [option.value for option in event.widget.options]
        number = (labels.index(event.value) if event.value in labels else _ALL) or None
        if event.widget.id == "partition":
            self.partition, self.page = number, None
        else:
            self.page = number
        self.post_message(self.Changed(self))
