"""The top of the trial pane: how the trial is going."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Static

from core.cases.case import Case
from core.events import Outcome
from core.reading import Limits
from core.units import count
from core.wording import one_line
from tui.trials.phases import headline
from tui.trials.state import TrialState
from tui.trials.trials import Subject

_Part = str | Content | tuple[str, str]
"""What Textual assembles a line from."""

_CASE_SHOWN = 30
_MADE_SHOWN = 40
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
    made = f" › {one_line(state.made, _MADE_SHOWN)}" if state is not None and state.made else ""
    parts: list[_Part] = [(subject.name or "(no name)", "bold"), made, "  ", (headline(state), style)]
    if stale:
        parts.append(("  ⟳ stale", "bold $text-warning"))
    if subject.problems:
        parts.append((f"  ✗ {count(subject.problems, 'problem')} to fix first", "$text-error"))
    return Content.assemble(*parts)


def _limits(limits: Limits) -> str:
    given = ((limits.records, "record"), (limits.pages, "page"), (limits.slices, "partition"))
    texts = [count(limit, unit) for limit, unit in given if limit is not None]
    return f"up to {', '.join(texts)}" if texts else "no limits"
