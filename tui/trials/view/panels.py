"""The Schema and State tabs of the results."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from textual.binding import BindingType

from tui.trials.schema_report import SchemaReport, SchemaReporter, why_not_detected
from tui.trials.trial import Trial
from tui.widgets.base import WidgetMessage, shown
from tui.widgets.choice_dialog import ChoiceDialog, ChoiceOption
from tui.widgets.doc_panel import DocPanel

_ACTIONS = {
    "import": "Import the detected schema",
    "merge": "Merge: add what is new, keep what is declared",
    "overwrite": "Overwrite the declared schema",
}


@dataclass(frozen=True, slots=True)
class _Basis:
    """What a report was made from: a trial with so many records, and the stream as it was declared then."""

    trial: Trial
    records: int
    running: bool
    declared: str


class SchemaPanel(DocPanel):
    """The detected schema, made in a thread once it is looked at: the whole, or only what differs."""

    BINDING_GROUP_TITLE = "Schema"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("i", "import", "Import", "Take the detected schema over into the stream", "schema.import"),
        shown("v", "toggle_whole", "Differences", "Show the whole schema, or what differs", "schema.toggle"),
    ]

    @dataclass
    class ImportRequested(WidgetMessage["SchemaPanel"]):
        """A person wants the schema detected in a trial in the manifest: "import", "merge" or "overwrite"."""

        trial: Trial
        action: str
        report: SchemaReport

    def __init__(self, reporter: SchemaReporter) -> None:
        super().__init__(classes="schema-panel")
        self._reporter = reporter
        self._basis: _Basis | None = None
        self._report: SchemaReport | None = None
        """None until the schema is detected."""
        self._whole = False

    def show_trial(self, trial: Trial | None, empty: str, declared: str = "") -> None:
        """Show the schema of a trial's records; without records the sentence `empty`. `declared` is whatever tells one
        version of the stream from another.
        """
        if trial is None or not len(trial.records):
            self._basis = self._report = None
            self.show(empty, "", "text")
            return
        basis = _Basis(trial, len(trial.records), trial.state.running, declared)
        known = self._basis is not None and self._basis.trial is trial
        if known and (basis == self._basis or trial.state.running):
            return
        if not known:
            self._report = None
            self.show("Detecting the schema…", "", "text")
        self._basis = basis
        self.run_worker(self._detect(basis), group="schema", exclusive=True, exit_on_error=False)

    async def _detect(self, basis: _Basis) -> None:
        try:
            report = await asyncio.to_thread(self._reporter.report, basis.trial)
        except Exception as error:  # whatever the records hold, it is reported here
            report = SchemaReport("", f"✗ No schema could be detected: {why_not_detected(error)}")
        if basis is self._basis:
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

    def action_import(self) -> None:
        """Ask how the detected schema is to be imported, where there is a choice."""
        report, basis = self._report, self._basis
        if report is None or basis is None or not report.actions:
            self.app.notify("There is nothing to import.", markup=False)
            return

        def choose(label: str | None) -> None:
            action = next((action for action, title in _ACTIONS.items() if title == label), None)
            if action is not None:
                self.post_message(self.ImportRequested(self, basis.trial, action, report))

        if len(report.actions) == 1:
            choose(_ACTIONS[report.actions[0]])
        else:
            options = [ChoiceOption(_ACTIONS[action]) for action in report.actions]
            self.app.push_screen(ChoiceDialog("Detected schema", options), choose)


class StatePanel(DocPanel):
    """A state as JSON."""

    BINDING_GROUP_TITLE = "State"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("i", "use", "Use as input state", "Start the next test where this one ended", "state.use"),
    ]

    @dataclass
    class UseRequested(WidgetMessage["StatePanel"]):
        """A person wants the next trial to start from this state."""

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
        """Start the next trial from this state."""
        if self._state is not None:
            self.post_message(self.UseRequested(self, self._state))
