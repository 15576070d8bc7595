"""The top of the trial pane: how the trial is going, its steps, and its errors, warnings and remarks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Static

from core.cases.case import Case
from core.events import Outcome, Stage
from core.reading import Limits
from core.units import count
from core.wording import one_line
from tui.trials.notices import Notice, Weight
from tui.trials.phases import PhaseStep, StepMark, headline, steps, tally
from tui.trials.remedies import Remedy
from tui.trials.state import Partition, TrialState
from tui.trials.trials import Subject
from tui.widgets.base import WidgetMessage

_Part = str | Content | tuple[str, str]
"""What Textual assembles a line from."""

_CASE_SHOWN = 30
_OUTCOME_STYLES = {
    Outcome.COMPLETE: "$text-success",
    Outcome.LIMITED: "$text-success",
    Outcome.SKIPPED: "$foreground-muted",
    Outcome.FAILED: "bold $text-error",
    Outcome.CANCELLED: "bold $text-warning",
}


class TrialHeader(Horizontal):
    """The headline, and the buttons to start or cancel a trial and to set its limits."""

    def __init__(self, test_key: str, cancel_key: str) -> None:
        super().__init__(classes="trial-header")
        self._keys = (test_key, cancel_key)
        self._shows_running: bool | None = None

    def compose(self) -> ComposeResult:
        yield _Headline()
        yield Button("Limits L", compact=True, classes="trial-header--limits")
        yield Button("Test", "primary", compact=True, classes="trial-header--start")

    def show(self, subject: Subject | None, state: TrialState | None, limits: Limits, *, stale: bool) -> None:
        """Show how the latest trial of a stream is going."""
        self.query_one(_Headline).show(_headline(subject, state, stale=stale), _limits(limits) if subject else "")
        button = self.query_one(".trial-header--start", Button)
        button.disabled = subject is None
        running = state is not None and state.running
        if running != self._shows_running:
            self._shows_running = running
            button.label = Content(f"Cancel {self._keys[1]}" if running else f"Test {self._keys[0]}")
            button.variant = "warning" if running else "primary"


class CaseLine(Static):
    """Says that tests are answered from a recording."""

    def __init__(self, leave_key: str) -> None:
        super().__init__(classes="case-line", markup=False)
        self._key = leave_key
        self.display = False

    def show(self, case: Case | None) -> None:
        """Show the case that answers; None: the API does."""
        self.display = case is not None
        if case is not None:
            requests = count(len(case.exchanges), "request")
            self.update(
                Content.assemble(
                    ("⏺ Recorded answers ", "bold $text-warning"),
                    f"{one_line(case.name, _CASE_SHOWN)} ({requests})  ",
                    (f"{self._key} asks the API again", "$foreground-muted"),
                )
            )


class _Headline(Widget):
    """One line of text, followed by the limits where there is room for them."""

    def __init__(self) -> None:
        super().__init__(classes="trial-header--headline")
        self._text, self._limits = Content(""), ""

    def show(self, text: Content, limits: str) -> None:
        if (text, limits) != (self._text, self._limits):
            self._text, self._limits = text, limits
            self.refresh()

    def render(self) -> Content:
        whole = Content.assemble(self._text, "  ", (self._limits, "$foreground-muted"))
        return whole if whole.cell_length <= self.size.width else self._text


def _headline(subject: Subject | None, state: TrialState | None, *, stale: bool) -> Content:
    if subject is None:
        return Content.styled("No stream. Add a stream to test it here.", "$foreground-muted")
    running = "bold $text-primary" if state is not None else "$foreground-muted"
    style = _OUTCOME_STYLES[state.outcome] if state is not None and state.outcome else running
    parts: list[_Part] = [(subject.name or "(no name)", "bold"), "  ", (headline(state), style)]
    if stale:
        parts.append(("  ⟳ stale", "bold $text-warning"))
    if subject.problems:
        parts.append((f"  ✗ {count(subject.problems, 'problem')} to fix first", "$text-error"))
    return Content.assemble(*parts)


def _limits(limits: Limits) -> str:
    given = ((limits.records, "record"), (limits.pages, "page"), (limits.slices, "partition"))
    texts = [count(limit, unit) for limit, unit in given if limit is not None]
    return f"up to {', '.join(texts)}" if texts else "no limits"


# The steps

_MARK_STYLES = {
    StepMark.WAITING: "$foreground-muted",
    StepMark.ACTIVE: "bold $text-primary",
    StepMark.DONE: "$text-success",
    StepMark.FAILED: "bold $text-error",
    StepMark.STOPPED: "bold $text-warning",
    StepMark.SKIPPED: "$foreground-muted",
}
_ONE_LINE = 108
"""Cells from which all steps of a partition share one line."""
_STEP_NAME = 9
_SHORTEST_NAME = 24
"""Cells that the name of a partition may always take."""
_NUMBER = 6
"""Cells around that name."""
_FACTS = 44
"""Cells reserved for the facts of a partition while it is read, so that names keep their width as facts come."""
_SEPARATOR = ("  ›  ", "$foreground-muted")


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
        self._draw()

    def _draw(self) -> None:
        if self._state is not None and self._state.partitions:
            self.update(Content("\n").join(self._lines(self._state, self.size.width or 80)))

    def _lines(self, state: TrialState, width: int) -> Iterable[Content]:
        chosen = [one for one in state.partitions if self._partition in (None, one.number)]
        if len(chosen) > 1:
            yield Content.styled(tally(state), "$foreground-muted")
            summaries = [_summary(state, partition) for partition in chosen]
            left = max(_FACTS if state.running else 0, *(one.cell_length for one in summaries))
            room = width - _NUMBER - left
            names = [one_line(partition.name, max(_SHORTEST_NAME, room)) for partition in chosen]
            longest = max(map(len, names))
            for partition, name, summary in zip(chosen, names, summaries, strict=True):
                yield Content.assemble(f"{partition.number:>3} {name:{longest}}  ", summary)
        elif width >= _ONE_LINE:
            yield _line(steps(state, chosen[0]))
        else:
            for step in steps(state, chosen[0]):
                yield from _rows(step, width)


def _line(all_steps: Iterable[PhaseStep]) -> Content:
    parts: list[_Part] = []
    for step in all_steps:
        parts += [_SEPARATOR] if parts else []
        facts = f" {' · '.join(step.facts)}" if step.facts else ""
        parts += [(f"{step.mark} {step.name}", _MARK_STYLES[step.mark]), facts]
    return Content.assemble(*parts)


def _rows(step: PhaseStep, width: int) -> Iterator[Content]:
    """A step in as many lines as its facts need."""
    lead = Content.styled(f"{step.mark} {step.name:{_STEP_NAME}} ", _MARK_STYLES[step.mark])
    line = ""
    for fact in step.facts:
        longer = f"{line} · {fact}" if line else fact
        if line and lead.cell_length + len(longer) > width:
            yield Content.assemble(lead, line)
            lead, line = Content(" " * lead.cell_length), fact
        else:
            line = longer
    yield Content.assemble(lead, line)


def _summary(state: TrialState, partition: Partition) -> Content:
    """A partition in a line: the marks of its steps, and the facts of the current one."""
    all_steps = steps(state, partition)
    tried = all_steps[: list(Stage).index(state.limits.last) + 1]
    current = next((step for step in reversed(tried) if step.mark is not StepMark.WAITING), all_steps[0])
    parts: list[_Part] = [(f"{step.mark} ", _MARK_STYLES[step.mark]) for step in all_steps]
    facts = " · ".join(current.facts)
    return Content.assemble(*parts, (f"{current.name} ", _MARK_STYLES[current.mark]), facts)


# Errors, warnings and remarks

_NOTICE_STYLES = {Weight.ERROR: "$text-error", Weight.WARNING: "$text-warning", Weight.REMARK: "$foreground-muted"}


class Notices(VerticalScroll):
    """One notice below the other; hidden while there are none."""

    @dataclass
    class Clicked(WidgetMessage["Notices"]):
        """A person wants to go to a field that the notices are about."""

    def __init__(self) -> None:
        super().__init__(classes="notices")
        self._notices: tuple[Notice, ...] = ()
        self.display = False

    def compose(self) -> ComposeResult:
        yield Static(markup=False)

    @property
    def places(self) -> list[Remedy]:
        """The fields that the notices lead to, each once."""
        return list(dict.fromkeys(notice.remedy for notice in self._notices if notice.remedy is not None))

    def show(self, notices: Sequence[Notice]) -> None:
        if tuple(notices) == self._notices:
            return
        self._notices = tuple(notices)
        self.display = bool(notices)
        self.query_one(Static).update(Content("\n").join(self._lines()))
        self.scroll_home(animate=False)

    def _lines(self) -> list[Content]:
        """The fields come first, so that they stay in view where there is little room."""
        lines = []
        if self.places:
            leads = "; ".join(str(place) for place in self.places)
            lines.append(
                Content.assemble(("m ", "bold $text-accent"), ("Go to ", "$foreground-muted"), (leads, "bold"))
            )
        return lines + [Content.styled(f"{one.weight} {one.text}", _NOTICE_STYLES[one.weight]) for one in self._notices]

    def on_click(self) -> None:
        if self.places:
            self.post_message(self.Clicked(self))
