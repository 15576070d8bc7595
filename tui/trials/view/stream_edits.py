"""What a trial leads to in its stream: statuses, picked values, keys and schemas that are written into the manifest."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from textual.widget import Widget

from core.http.exchange import Role
from core.jobs.statuses import JobStatus
from tui.forms.schema_pane import replace_loader
from tui.model.declared_schema import imports_automatically, loaded_from
from tui.trials.picks import NodeUse, path_for, primary_key, template_for, template_of_list, use_node, uses
from tui.trials.trials import Subject, Trials
from tui.trials.view.panels import SchemaPanel
from tui.widgets.choice_dialog import choose
from tui.widgets.dialog import DialogButton, QuestionDialog
from tui.widgets.doc_text import NodePath


class Reporter(Protocol):
    """Reports what can't be done."""

    def reporting_errors(self) -> AbstractContextManager[None]:
        """Around an edit: reports what can't be done instead of raising it."""


class StreamEdits:
    """Asks what must be asked, and writes. What asks must be called in a worker."""

    def __init__(self, widget: Widget, trials: Trials, reporter: Reporter) -> None:
        self._widget = widget
        self._trials = trials
        self._reporter = reporter

    def map_status(self, stream: str, status: str, meaning: JobStatus) -> None:
        """Give a status of the API a meaning."""
        with self._reporter.reporting_errors():
            self._trials.map_status(stream, status, meaning)
            self._widget.notify(f"“{status}” means {meaning} from now on.", markup=False)

    async def use_node(self, subject: Subject | None, role: Role, node: NodePath, value: object) -> str:
        """Ask what a picked node of an answer is used for, and write it there; a template, which can be used anywhere,
        is returned instead, and always for what streams are made of.
        """
        if subject is not None and self._trials.shows_list(subject.name):
            return template_of_list(node)
        offered = list(uses(role, asynchronous=subject is not None and subject.asynchronous, value=value))
        if subject is None or not offered:
            self._widget.notify("Nothing in this answer can be used in the stream.", markup=False)
            return ""
        path = ".".join(str(step) for step in node) or "the whole answer"
        chosen = await choose(self._widget.app, f"Use {path} for", offered)
        match NodeUse(chosen) if chosen is not None else None:
            case None:
                pass
            case NodeUse.TEMPLATE:
                return template_for(role, node)
            case NodeUse.STATUS_MAPPING:
                meaning = await choose(self._widget.app, f"What does “{value}” mean?", list(JobStatus))
                if meaning is not None:
                    self.map_status(subject.name, str(value), JobStatus(meaning))
            case use:
                await self.write(subject.name, use, path_for(use, node))
        return ""

    async def write(self, stream: str, use: NodeUse, path: tuple[str, ...]) -> None:
        """Write a path to where it is used; asks first when it may replace a primary key."""
        if self._refuses_list(stream):
            return
        index, add = self._trials.index_of(stream), False
        if use is NodeUse.PRIMARY_KEY and index is not None:
            key = primary_key(self._trials.session, index)
            answer = await self._ask_about_key(key, list(path)) if key and key != [list(path)] else "replace"
            if answer is None:
                return
            index, add = self._trials.index_of(stream), answer == "add"
        if index is None:
            return
        with self._reporter.reporting_errors():
            use_node(self._trials.session, index, use, path, add=add)
            written = f"{use}: {'.'.join(path) or 'the whole answer'}"
            self._widget.notify(written, title="Written into the stream", markup=False)

    def _refuses_list(self, stream: str) -> bool:
        """Whether the records are none of the stream, which has no use for their keys and their schema; says so."""
        is_list = self._trials.shows_list(stream)
        if is_list:
            self._widget.notify("These are not the records of the streams, but what the streams are made of.")
        return is_list

    async def _ask_about_key(self, key: list[list[str]], path: list[str]) -> str | None:
        """Whether a field replaces the primary key or is added to it."""
        present = ", ".join(".".join(field) for field in key)
        text = f"The primary key is {present}. Should {'.'.join(path)} replace it, or be added to it?"
        answers = [DialogButton("replace", "Replace", "primary"), DialogButton("add", "Add to it")]
        return await self._widget.app.push_screen_wait(QuestionDialog("Primary key", text, answers))

    async def import_schema(self, wanted: SchemaPanel.ImportRequested) -> None:
        """Write a detected schema into the manifest; asks first when it replaces a loader."""
        stream = wanted.trial.state.stream
        if not self._trials.is_latest(wanted.trial):
            self._widget.notify(f"There is a newer test of {stream}: look at its schema first.", markup=False)
            return
        session, index = self._trials.session, self._trials.index_of(stream)
        if self._refuses_list(stream):
            return
        source = loaded_from(session, index) if index is not None else ""
        if source and not await self._widget.app.push_screen_wait(replace_loader(source)):
            return
        index = self._trials.index_of(stream)
        if index is None:
            return
        with self._reporter.reporting_errors():
            self._trials.import_schema(stream, wanted.report, merge=wanted.action == "merge")
            automatic = imports_automatically(session, index)
            hint = "" if automatic else " It can be imported after each test: see the schema commands in the palette."
            self._widget.notify(f"The schema is in the manifest.{hint}", markup=False)
