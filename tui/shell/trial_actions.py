"""What the builder does about trials: starts and ends them, asking first where a job is lost, and shows their pane."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager
from pathlib import Path as FilePath
from typing import Protocol

from textual.containers import Horizontal

from core.events import Stage
from tui.model.settings import Settings
from tui.model.stages import stage_of_tab
from tui.model.streams import StreamKind
from tui.shell.compare_screen import CompareScreen
from tui.shell.editor_area import EditorArea
from tui.shell.interaction import Interaction
from tui.shell.keys import key_of
from tui.shell.navigation import Navigation
from tui.shell.query_screen import QueryScreen
from tui.shell.selection import StreamHandle
from tui.trials.query import Source, why_not
from tui.trials.remedies import Remedy
from tui.trials.trials import Trials
from tui.trials.view.pane import TrialPane
from tui.widgets.dialog import ConfirmDialog

_COMPARED = 2
"""Tests that are compared with each other."""


class Builder(Protocol):
    """What the actions on trials need of the screen; all of it is there by the time that the screen is mounted."""

    settings: Settings
    interaction: Interaction
    trials: Trials
    navigation: Navigation
    editor: EditorArea
    body: Horizontal
    """Holds navigator, editor area and trial pane side by side."""

    @property
    def is_wide(self) -> bool:
        """Whether there is room for the pane beside the form."""


class TrialActions:
    """Starts and ends trials, and shows their pane beside the form or in its place."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._trials = builder.trials
        self._interaction = builder.interaction
        self.pane: TrialPane | None = None
        """None until it is first needed."""
        self._building = asyncio.Lock()
        self._starting = asyncio.Lock()
        self._in_front = False
        """Whether the pane takes the place of the form where there is no room for both."""
        self._queries: list[str] = []
        """The queries that were run over records."""
        self._last_stage: Stage | None = None
        """The stage that a person wanted to try last."""

    # The pane

    @property
    def is_shown(self) -> bool:
        """Whether a person is at the pane."""
        if self.pane is None:
            return False
        return self.pane.has_focus_within if self._builder.is_wide else self._in_front

    async def toggle(self) -> None:
        """Go to the pane, or back to the form."""
        if self.is_shown:
            with self._builder.body.app.batch_update():
                self.leave()
                self._builder.navigation.go_to_form()
        else:
            await self.show()

    async def show(self) -> None:
        """Go to the pane."""
        with self._builder.body.app.batch_update():
            self._in_front = True
            pane = await self.ensure_pane()
            self._arrange()
            await pane.catch_up()
        pane.focus_content()

    def leave(self) -> None:
        """Make room for the form."""
        if self._in_front:
            self._in_front = False
            self._arrange()

    def fit(self) -> None:
        """Show the pane beside the form where there is room."""
        if self._builder.body.is_mounted:
            self._arrange()
            if self._builder.is_wide:
                self._interaction.start(self.ensure_pane())

    def _arrange(self) -> None:
        """Show what there is room for. It is set on each part: a class of the screen would restyle every widget."""
        wide, parts = self._builder.is_wide, {*self._builder.body.children}
        for part in parts - {self.pane}:
            part.display = wide or not self._in_front
        if self.pane is not None:
            self.pane.display = wide or self._in_front

    async def ensure_pane(self) -> TrialPane:
        """The pane; a caller that comes while it is being built waits until it is complete."""
        async with self._building:
            if self.pane is None:
                path = self._trials.session.path
                self.pane = TrialPane(
                    self._trials,
                    self,
                    test_key=key_of(self._builder.body.app, self._builder.settings, "test.run"),
                    leave_key=key_of(self._builder.body.app, self._builder.settings, "test.leave-case"),
                    folder=path.parent if path else FilePath.cwd(),
                )
                self.pane.display = self._builder.is_wide or self._in_front
                await self._builder.body.mount(self.pane)
                self._arrange()  # only now: until the pane is there, keys go to the form
                await self.show_subject()
            return self.pane

    async def show_subject(self) -> None:
        """Show in the pane what the session says of the stream now."""
        if self.pane is not None:
            stream = self._builder.navigation.shown_stream
            await self.pane.show(self._trials.subject(stream) if stream is not None else None)
            self.pane.show_case(self._trials.case)

    # Starting and ending

    @property
    def is_running(self) -> bool:
        return self._trials.running_stream is not None

    def cancel_or_abandon(self) -> None:
        self._trials.controller.cancel_or_abandon()

    @property
    def can_follow(self) -> bool:
        """Whether jobs of the trial before are there to be followed."""
        index = self._builder.navigation.current_or_last_stream
        return index is not None and self._trials.controller.knows_jobs(self._trials.session.streams.name(index))

    def start(self) -> None:
        """Start a trial of the stream that a person is at, or go to what must be fixed first. A running trial is ended
        only if the person agrees.
        """
        self._start(self._builder.navigation.current_or_last_stream, same_jobs=False)

    @property
    def stage_of_tab(self) -> Stage | None:
        """The stage that the open tab describes."""
        form = self._builder.editor.stream_form
        return stage_of_tab(form.active_tab) if form is not None else None

    @property
    def has_stages(self) -> bool:
        """Whether the stream that a person is at goes through the stages of a job."""
        index = self._builder.navigation.current_or_last_stream
        return index is not None and self._trials.session.streams.kind(index) is StreamKind.ASYNC

    def start_stage(self, stage: str = "") -> None:
        """Start a trial of one stage only, with the job that is there; by default of the stage of the open tab.

        Where no tab is open (an input had to be given first), it is the stage that was wanted before.
        """
        only = Stage(stage) if stage else self.stage_of_tab
        if only is None and self._builder.editor.stream_form is None:
            only = self._last_stage
        if only is None or not self.has_stages:
            self._interaction.notify("Go to the tab Creation, Polling or Download of an asynchronous stream first.")
            return
        self._last_stage = only
        self._start(self._builder.navigation.current_or_last_stream, same_jobs=False, only=only)

    def follow_jobs(self) -> None:
        """Start it without creating new jobs: with those of the trial before."""
        self._start(self._builder.navigation.current_or_last_stream, same_jobs=True)

    def start_trial(self, stream: str, *, same_jobs: bool = False) -> None:
        """Start a trial of a stream by its name."""
        self._start(self._trials.index_of(stream), same_jobs=same_jobs)

    def _start(self, index: int | None, *, same_jobs: bool, only: Stage | None = None) -> None:
        self._interaction.start(
            self._start_when_possible(self._builder.navigation.tracker.handle(index), same_jobs=same_jobs, only=only)
        )

    async def _start_when_possible(self, stream: StreamHandle, *, same_jobs: bool, only: Stage | None) -> None:
        async with self._starting:  # a second key finds a trial that is running
            if not await self._can_start(stream, only) or not await self.may_end("Test"):
                return
            await self._ask_about_code()
            if stream.index is not None and self._builder.navigation.selection != stream.index:
                await self._builder.navigation.show(stream.index, focus=False)
            await self.show()
            if stream.index is not None:
                self._trials.start(stream.index, same_jobs=same_jobs, only=only)

    async def _can_start(self, stream: StreamHandle, only: Stage | None) -> bool:
        """Whether a stream, or one stage of it, can be tried; else goes to what must be fixed first."""
        builder, session = self._builder, self._trials.session
        await builder.editor.flush()
        if session.has_broken_text:
            await builder.navigation.show_yaml_problem()
            self._interaction.report_error("The YAML can't be read. Fix it, then test.")
            return False
        for _ in session.checking():
            await asyncio.sleep(0)
        if stream.index is None:
            self._interaction.notify("Add a stream first: there is nothing to test yet.")
            return False
        refusal = self._trials.refusal(stream.index, only)
        if refusal is None:
            return True
        if not refusal.is_mistake:
            self._interaction.report_error(refusal.message)
            return False
        self._interaction.report_error(f"Fix this first, then test: {refusal.message}")
        await builder.navigation.show_path(refusal.path)
        return False

    async def _ask_about_code(self) -> None:
        """Let people decide about Python code that was not allowed yet; without it, the test says what is missing."""
        asked = self._trials.code_question()
        if asked is None:
            return
        dialog = ConfirmDialog("Run Python code?", asked.text, confirm="Run it", destructive=True)
        if await self._interaction.ask(dialog):
            asked.allow()

    async def may_end(self, what: str) -> bool:
        """Whether the running trial may be ended for something else, which `what` names; True without one."""
        if self._trials.running_stream is None or self._trials.is_ending:
            return True
        question = ConfirmDialog(
            "A test is running", self._trials.what_ending_does(), confirm=f"End it and {what.lower()}", destructive=True
        )
        withdrawing = asyncio.create_task(self._withdraw_at_end(question))
        try:
            return await self._interaction.ask(question) is True
        finally:
            withdrawing.cancel()

    async def _withdraw_at_end(self, question: ConfirmDialog) -> None:
        """Cancel a question about the running trial when that ends; what would have followed is not done unasked."""
        await self._trials.controller.wait()
        question.call_later(question.action_cancel)
        self._interaction.notify("The test has ended meanwhile.")

    async def ask_limits(self) -> None:
        """Set how much a trial of the stream reads that a person is at."""
        stream = self._builder.navigation.tracker.handle(self._builder.navigation.current_or_last_stream)
        pane = await self.ensure_pane()
        if stream.index is not None and stream.index != self._builder.navigation.selection:
            await self._builder.navigation.show(stream.index, focus=False)
        pane.action_settings()

    async def export(self) -> None:
        """Write the records of the latest trial to a file."""
        (await self._pane_of_stream()).action_export()

    async def search(self) -> None:
        """Find a text in all requests and answers of the latest trial."""
        await self._pane_of_stream()
        await self.show()
        if self.pane is not None:
            self.pane.action_search()

    async def query(self) -> None:
        """Open a prompt for SQL over the records of the latest trial."""
        missing = why_not()
        if missing:
            self._interaction.report_error(missing)
            return
        pane = await self._pane_of_stream()
        if not pane.has_records or pane.subject is None:
            self._interaction.notify("There are no records to query yet: test the stream first.")
        else:
            stream = pane.subject.name
            screen = QueryScreen(
                stream,
                lambda: self._sources(stream),
                self._queries,
                changed=self._trials.controller.changed,
                test=lambda: self.start_trial(stream),
                export=pane.export,
            )
            await self._interaction.ask(screen)

    async def compare(self) -> None:
        """Compare two tests of the stream that a person is at, at first the last two."""
        index = self._builder.navigation.current_or_last_stream
        stream = self._trials.session.streams.name(index) if index is not None else ""
        history = self._trials.controller.history
        if len(history.ended(stream)) < _COMPARED:
            self._interaction.notify("There are no two tests to compare yet: test the stream again first.")
            return
        changed = self._trials.controller.changed
        await self._interaction.ask(CompareScreen(stream, lambda: history.ended(stream), changed))

    def _sources(self, stream: str) -> list[Source]:
        """The records of the latest trial of a stream, and of those of others."""
        trials = [self._trials.latest(stream), *self._trials.controller.results.values()]
        found = {trial.state.stream: trial for trial in trials if trial is not None}
        return [
            Source(name, trial.records, trial.schema)
            for name, trial in found.items()
            if name == stream or len(trial.records)
        ]

    async def _pane_of_stream(self) -> TrialPane:
        """The pane, with the stream that a person is at."""
        pane = await self.ensure_pane()
        index = self._builder.navigation.current_or_last_stream
        if index is not None and index != self._builder.navigation.selection:
            await self._builder.navigation.show(index, focus=False)
        await self.show_subject()
        await pane.catch_up()
        return pane

    # What the pane asks for

    def go_to_field(self, stream: str, place: Remedy) -> None:
        """Go to a field of a stream."""
        index = self._trials.index_of(stream)
        if index is not None:
            streams = self._trials.session.streams
            root = streams.around(index) if place.of_template else streams.path(index)
            self._interaction.start(self._builder.navigation.show_path((*root, *place.path)))

    def reporting_errors(self) -> AbstractContextManager[None]:
        """Reports what can't be done."""
        return self._interaction.reporting_errors()
