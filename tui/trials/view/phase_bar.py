"""The phase bar: how far the job of a partition has come, or the jobs of all partitions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from textual.content import Content
from textual.widgets import Static

from core.wording import one_line
from tui.trials.phases import PhaseStep, StepMark, steps, tally
from tui.trials.state import Partition, TrialState

_STYLES = {
    StepMark.WAITING: "$foreground-muted",
    StepMark.ACTIVE: "bold $text-primary",
    StepMark.DONE: "$text-success",
    StepMark.FAILED: "bold $text-error",
    StepMark.STOPPED: "bold $text-warning",
    StepMark.SKIPPED: "$foreground-muted",
}
_ONE_LINE = 108
"""Cells from which on all steps of a partition stand in one line."""
_NAME = 9
_SHORTEST_NAME = 24
"""Cells that the name of a partition may take, however few there are."""
_NUMBER = 6
"""Cells around that name."""
_FACTS = 44
"""Cells that are left to the facts of a partition while it is read, so that names stay as they are while facts come."""
_SEPARATOR = ("  ›  ", "$foreground-muted")

Part = str | Content | tuple[str, str]


class PhaseBar(Static):
    """Draws the steps of one partition, or a line for each of several."""

    def __init__(self) -> None:
        super().__init__(classes="phase-bar", markup=False)
        self._state: TrialState | None = None
        self._partition: int | None = None

    def show(self, state: TrialState | None, partition: int | None) -> None:
        """Show a partition by its number; None: all."""
        self._state, self._partition = state, partition
        self.display = state is not None and bool(state.partitions)
        self._draw()

    def on_resize(self) -> None:
        """Lay the steps out anew."""
        self._draw()

    def _draw(self) -> None:
        if self._state is not None and self._state.partitions:
            self.update(Content("\n").join(self._lines(self._state, self.size.width or 80)))

    def _lines(self, state: TrialState, width: int) -> Iterable[Content]:
        chosen = [one for one in state.partitions if self._partition in (None, one.number)]
        if len(chosen) > 1:
            yield Content.styled(tally(state), "$foreground-muted")
            facts = [_overview(state, partition) for partition in chosen]
            left = max(_FACTS if state.running else 0, *(one.cell_length for one in facts))
            room = width - _NUMBER - left
            names = [one_line(partition.name, max(_SHORTEST_NAME, room)) for partition in chosen]
            longest = max(map(len, names))
            for partition, name, told in zip(chosen, names, facts, strict=True):
                yield Content.assemble(f"{partition.number:>3} {name:{longest}}  ", told)
        elif width >= _ONE_LINE:
            yield _line(steps(state, chosen[0]))
        else:
            for step in steps(state, chosen[0]):
                yield from _rows(step, width)


def _line(all_steps: Iterable[PhaseStep]) -> Content:
    parts: list[Part] = []
    for step in all_steps:
        parts += [_SEPARATOR] if parts else []
        parts += [(f"{step.mark} {step.name}", _STYLES[step.mark]), f" {' · '.join(step.facts)}" if step.facts else ""]
    return Content.assemble(*parts)


def _rows(step: PhaseStep, width: int) -> Iterator[Content]:
    """A step in as many lines as its facts need."""
    lead = Content.styled(f"{step.mark} {step.name:{_NAME}} ", _STYLES[step.mark])
    line = ""
    for fact in step.facts:
        longer = f"{line} · {fact}" if line else fact
        if line and lead.cell_length + len(longer) > width:
            yield Content.assemble(lead, line)
            lead, line = Content(" " * lead.cell_length), fact
        else:
            line = longer
    yield Content.assemble(lead, line)


def _overview(state: TrialState, partition: Partition) -> Content:
    """A partition in few words: the marks of its steps, and the facts of the one that it is in."""
    all_steps = steps(state, partition)
    current = next((step for step in reversed(all_steps) if step.mark is not StepMark.WAITING), all_steps[0])
    parts: list[Part] = [(f"{step.mark} ", _STYLES[step.mark]) for step in all_steps]
    facts = " · ".join(current.facts)
    return Content.assemble(*parts, (f"{current.name} ", _STYLES[current.mark]), facts)
