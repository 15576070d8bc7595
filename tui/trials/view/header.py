"""The top of the trial pane: how the trial is going, and its errors, warnings and remarks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Static

from core.cases.case import Case
from core.events import Outcome
from core.reading import Limits
from core.units import count
from core.wording import one_line
from tui.trials.notices import Notice, Weight
from tui.trials.phases import headline
from tui.trials.remedies import Remedy
from tui.trials.state import TrialState
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
