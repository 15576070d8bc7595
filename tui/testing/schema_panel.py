"""The schema that the records show, how it differs from the declared one, and keys to take it over."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import BindingType

from tui.running import Run
from tui.testing.subject import SchemaReport, SchemaReporter
from tui.widgets.choice_dialog import ChoiceDialog, ChoiceOption
from tui.widgets.doc_panel import DocPanel
from tui.widgets.keys import shown
from tui.widgets.message import WidgetMessage

_ACTIONS = {
    "import": "Import the detected schema",
    "merge": "Merge: add what is new, keep what is declared",
    "overwrite": "Overwrite the declared schema",
}


class SchemaPanel(DocPanel):
    """Made in a thread when it is looked at; `v` shows the whole schema or only what differs."""

    BINDING_GROUP_TITLE = "Schema"
    BINDINGS: ClassVar[list[BindingType]] = [
        shown("i", "take_over", "Import", "Take the detected schema over into the stream", "schema.import"),
        shown("v", "toggle_whole", "Differences", "Show the whole schema, or what differs", "schema.toggle"),
    ]

    @dataclass
    class ActionChosen(WidgetMessage["SchemaPanel"]):
        """A person wants the detected schema in the manifest: "import", "merge" or "overwrite"."""

        action: str
        report: SchemaReport

    def __init__(self, reporter: SchemaReporter | None) -> None:
        super().__init__(classes="schema-panel")
        self._reporter = reporter
        self._made_for: tuple[int, int, bool] | None = None
        self._report: SchemaReport | None = None
        self._whole = False

    def show_run(self, run: Run | None, empty: str) -> None:
        """Show the schema of a run's records; without records the sentence `empty`."""
        if run is None or not len(run.records) or self._reporter is None:
            self._made_for = self._report = None
            self.show(empty, "", "text")
            return
        made_for = (id(run), len(run.records), run.state.running)
        if self._made_for is None or (made_for != self._made_for and not run.state.running):
            self._made_for = made_for
            self.run_worker(self._make(run, self._reporter), group="schema", exclusive=True, exit_on_error=False)

    async def _make(self, run: Run, reporter: SchemaReporter) -> None:
        self._report = await asyncio.to_thread(reporter, run)
        self._show_report()

    def _show_report(self) -> None:
        report = self._report
        if report is None:
            return
        if report.differences and not self._whole:
            self.show(f"{report.note} v: whole schema", report.differences, "diff")
        else:
            self.show(report.note, report.detected, "json")

    def action_toggle_whole(self) -> None:
        """Show the whole schema, or only what differs."""
        self._whole = not self._whole
        self._show_report()

    def action_take_over(self) -> None:
        """Ask how the detected schema is to be taken over, where there is a choice."""
        report = self._report
        if report is None or not report.actions:
            return
        if len(report.actions) == 1:
            self._choose(report.actions[0])
        else:
            options = [ChoiceOption(_ACTIONS[action]) for action in report.actions]
            self.app.push_screen(ChoiceDialog("Detected schema", options), self._chosen)

    def _chosen(self, label: str | None) -> None:
        action = next((action for action, told in _ACTIONS.items() if told == label), None)
        if action is not None:
            self._choose(action)

    def _choose(self, action: str) -> None:
        if self._report is not None:
            self.post_message(self.ActionChosen(self, action, self._report))
