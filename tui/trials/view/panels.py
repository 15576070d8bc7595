"""The Schema and State tabs of the results."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from textual.binding import BindingType

from tui.trials.trial import Trial
from tui.trials.view.subject import SchemaReport, SchemaReporter
from tui.widgets.base import WidgetMessage, shown
from tui.widgets.choice_dialog import ChoiceDialog, ChoiceOption
from tui.widgets.doc_panel import DocPanel

_ACTIONS = {
    "import": "Import the detected schema",
    "merge": "Merge: add what is new, keep what is declared",
    "overwrite": "Overwrite the declared schema",
}


def no_schema(error: Exception) -> str:
    """Why no schema could be detected, in a sentence."""
    if isinstance(error, RecursionError):
        return "the records are nested too deeply."
    return f"the records can't be looked at ({type(error).__name__}: {error})."


@dataclass(frozen=True, slots=True)
class _Subject:
    """What a report is about: a run with so many records, and the stream as it was declared then."""

    run: Trial
    records: int
    running: bool
    declared: str


class SchemaPanel(DocPanel):
    """Made in a thread when it is looked at; `v` shows the whole schema or only what differs."""

    BINDING_GROUP_TITLE = "Schema"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("i", "take_over", "Import", "Take the detected schema over into the stream", "schema.import"),
        shown("v", "toggle_whole", "Differences", "Show the whole schema, or what differs", "schema.toggle"),
    ]

    @dataclass
    class ActionChosen(WidgetMessage["SchemaPanel"]):
        """A person wants the schema that was detected in a run in the manifest: "import", "merge" or "overwrite"."""

        run: Trial
        action: str
        report: SchemaReport

    def __init__(self, reporter: SchemaReporter | None) -> None:
        super().__init__(classes="schema-panel")
        self._reporter = reporter
        self._about: _Subject | None = None
        self._report: SchemaReport | None = None
        """What was detected in the run that this is about; None until then."""
        self._whole = False

    def show_run(self, run: Trial | None, empty: str, declared: str = "") -> None:
        """Show the schema of a run's records; without records the sentence `empty`. `declared` is whatever tells one
        state of the stream from another.
        """
        if run is None or not len(run.records) or self._reporter is None:
            self._about = self._report = None
            self.show(empty, "", "text")
            return
        about = _Subject(run, len(run.records), run.state.running, declared)
        if self._about is not None and self._about.run is run and (about == self._about or run.state.running):
            return
        if self._about is None or self._about.run is not run:
            self._report = None
            self.show("Detecting the schema…", "", "text")
        self._about = about
        self.run_worker(self._make(about, self._reporter), group="schema", exclusive=True, exit_on_error=False)

    async def _make(self, about: _Subject, reporter: SchemaReporter) -> None:
        try:
            report = await asyncio.to_thread(reporter, about.run)
        except Exception as error:  # whatever is in the records, it is said here
            report = SchemaReport("", f"✗ No schema could be detected: {no_schema(error)}")
        if about is self._about:
            self._report = report
            self._show_report()

    def _show_report(self) -> None:
        report = self._report
        if report is None:
            return
        if report.differences and not self._whole:
            self.show(f"{report.note} v: whole schema", report.differences, "diff")
        else:
            self.show(report.note, report.detected, "json" if report.detected else "text")

    def action_toggle_whole(self) -> None:
        """Show the whole schema, or only what differs."""
        self._whole = not self._whole
        self._show_report()

    def action_take_over(self) -> None:
        """Ask how the detected schema is to be taken over, where there is a choice."""
        report, about = self._report, self._about
        if report is None or about is None or not report.actions:
            self.app.notify("There is nothing to import.", markup=False)
            return

        def choose(label: str | None) -> None:
            action = next((action for action, told in _ACTIONS.items() if told == label), None)
            if action is not None:
                self.post_message(self.ActionChosen(self, about.run, action, report))

        if len(report.actions) == 1:
            choose(_ACTIONS[report.actions[0]])
        else:
            options = [ChoiceOption(_ACTIONS[action]) for action in report.actions]
            self.app.push_screen(ChoiceDialog("Detected schema", options), choose)


class StatePanel(DocPanel):
    """Shows a state as JSON."""

    BINDING_GROUP_TITLE = "State"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("i", "use", "Use as input state", "Begin the next test where this one ended", "state.use"),
    ]

    @dataclass
    class UseRequested(WidgetMessage["StatePanel"]):
        """A person wants the next test to begin with this state."""

        state: Mapping[str, Any]

    def __init__(self) -> None:
        super().__init__(classes="state-panel")
        self._state: Mapping[str, Any] | None = None

    def show_state(self, state: Mapping[str, Any] | None, empty: str) -> None:
        """Show a state; without one the sentence `empty`."""
        self._state = state
        if state is None:
            self.show(empty, "", "text")
        else:
            text = json.dumps(state, ensure_ascii=False, default=str)
            self.show("i: use as input state of the next test", text, "json")

    def action_use(self) -> None:
        """Ask for the state to be used."""
        if self._state is not None:
            self.post_message(self.UseRequested(self, self._state))
