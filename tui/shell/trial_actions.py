"""The test screen's place in the builder: when it is there, what it shows, and what it leads to in the manifest."""

from __future__ import annotations

import asyncio
from pathlib import Path as FilePath
from typing import Protocol

from textual.containers import Horizontal

from core.errors import ManifestError
from tui.forms.schema_pane import replace_loader
from tui.model.declared_schema import imports_by_itself, loaded_from
from tui.model.project import Project
from tui.model.session import BuilderSession
from tui.model.settings import Settings
from tui.shell.editor_area import EditorArea
from tui.shell.interaction import Interaction
from tui.shell.keys import key_of
from tui.shell.navigation import Navigation
from tui.shell.navigator import Navigator
from tui.shell.selection import StreamHandle
from tui.trials.trials import Trials
from tui.trials.view.pane import TrialPane
from tui.trials.view.questions import NodeUse
from tui.trials.view.subject import Subject
from tui.widgets.dialog import Answer, ConfirmDialog, QuestionDialog


class Builder(Protocol):
    """What the actions on trials need of the screen; all of it is there by the time that the screen is mounted."""

    project: Project
    session: BuilderSession
    settings: Settings
    interaction: Interaction
    trials: Trials
    navigation: Navigation
    navigator: Navigator
    editor: EditorArea
    body: Horizontal
    """Holds navigator, editor area and trial pane side by side."""

    @property
    def is_wide(self) -> bool:
        """Whether there is room for the trial pane beside the form."""


class TrialActions:
    """The actions on trials, and the pane that shows them."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._trials = builder.trials
        self._interaction = builder.interaction
        self._turn = asyncio.Lock()
        self._alone = False
        """Whether it takes the room of the form where there is none for both."""
        self._beginning = asyncio.Lock()

    @property
    def pane(self) -> TrialPane | None:
        """The test screen, once it was needed."""
        return self._builder.body.query_one_optional(TrialPane)

    @property
    def is_running(self) -> bool:
        return self._trials.testing is not None

    # Being there

    def fit(self) -> None:
        """Have it beside the form where there is room."""
        if self._builder.body.is_mounted:
            self._arrange()
            if self._builder.is_wide:
                self._interaction.start(self._ensure())

    def _arrange(self) -> None:
        """Show what there is room for. It is said to each part: a class of the screen would dress everything anew."""
        wide = self._builder.is_wide
        self._builder.navigator.display = self._builder.editor.display = wide or not self._alone
        if self.pane is not None:
            self.pane.display = wide or self._alone

    async def _ensure(self) -> TrialPane:
        async with self._turn:  # who finds it half built waits until it is whole
            return await self._built()

    async def _built(self) -> TrialPane:
        pane = self.pane
        if pane is None:
            builder = self._builder
            pane = TrialPane(
                self._trials.controller,
                schema_reporter=self._trials.reporter,
                test_key=key_of(builder.body.app, builder.settings, "test.run"),
                folder=builder.project.path.parent if builder.project.path else FilePath.cwd(),
            )
            pane.display = builder.is_wide or self._alone
            await builder.body.mount(pane)
            await self.show_subject()
        return pane

    async def show_subject(self) -> None:
        """Show what is known of the stream now."""
        pane, subject = self.pane, self._subject()
        if pane is not None:
            await pane.show(subject)

    def _subject(self) -> Subject | None:
        stream = self._builder.navigation.shown_stream
        return self._trials.subject(stream) if stream is not None else None

    @property
    def is_shown(self) -> bool:
        """Whether a person is at the test screen."""
        pane = self.pane
        if pane is None:
            return False
        return pane.has_focus_within if self._builder.is_wide else self._alone

    async def toggle(self) -> None:
        """Go there, or back to the form."""
        if self.is_shown:
            with self._builder.body.app.batch_update():
                self.leave()
                self._builder.navigation.go_to_form()
        else:
            await self.show()

    async def show(self) -> None:
        """Go there."""
        with self._builder.body.app.batch_update():
            self._alone = True
            pane = await self._ensure()
            self._arrange()
            await pane.catch_up()
        pane.focus_content()

    def leave(self) -> None:
        """Make room for the form."""
        if self._alone:
            self._alone = False
            self._arrange()

    # Testing

    @property
    def can_follow(self) -> bool:
        """Whether jobs of the test before are there to be followed."""
        index = self._builder.navigation.current_or_last_stream
        return index is not None and self._trials.controller.knows_jobs(self._builder.session.streams.name(index))

    def start(self) -> None:
        """Test the stream that the person is at."""
        self.start_at(self._builder.navigation.current_or_last_stream)

    def follow_jobs(self) -> None:
        """Test the stream again with the jobs that are there."""
        self.start_at(self._builder.navigation.current_or_last_stream, same_jobs=True)

    def cancel(self) -> None:
        self._trials.controller.cancel()

    def start_at(self, index: int | None, *, same_jobs: bool = False) -> None:
        """Test a stream, or go to what must be mended first; a test that is running is ended only if a person says so.
        `same_jobs`: without creating new jobs.
        """
        self._interaction.start(self._run(self._builder.navigation.tracker.handle(index), same_jobs=same_jobs))

    async def _run(self, stream: StreamHandle, *, same_jobs: bool) -> None:
        async with self._beginning:  # a second key finds a test that is running
            if await self._can_begin(stream) and await self.may_end("Test"):
                await self._begin(stream, same_jobs=same_jobs)

    async def _can_begin(self, stream: StreamHandle) -> bool:
        """Whether a stream can be tested; what must be mended first is gone to."""
        builder = self._builder
        await builder.editor.flush()
        if builder.session.has_broken_text:
            await builder.navigation.show_yaml_problem()
            self._interaction.report_error("The YAML can't be read. Mend it, then test.")
            return False
        for _ in builder.session.checking():
            await asyncio.sleep(0)
        if stream.index is None:
            self._interaction.notify("Add a stream first: there is nothing to test yet.")
            return False
        refusal = self._trials.refusal(stream.index)
        if refusal is None:
            return True
        self._interaction.report_error(f"Mend this first, then test: {refusal.message}")
        await builder.navigation.show_path(refusal.path)
        return False

    async def _begin(self, stream: StreamHandle, *, same_jobs: bool) -> None:
        if stream.index is not None and self._builder.navigation.selection != stream.index:
            await self._builder.navigation.show(stream.index, focus=False)
        await self.show()
        if stream.index is not None:
            self._trials.start(stream.index, same_jobs=same_jobs)

    async def may_end(self, what: str) -> bool:
        """Whether the test that is running may be ended for something else, which `what` names; True without one."""
        trials = self._trials
        if trials.testing is None or trials.is_ending:
            return True
        question = ConfirmDialog(
            "A test is running", trials.what_ending_does(), confirm=f"End it and {what.lower()}", destructive=True
        )
        return await self._interaction.ask(question) is True

    async def ask_limits(self) -> None:
        """Set how much a test of the stream reads that a person is at."""
        stream = self._builder.navigation.tracker.handle(self._builder.navigation.current_or_last_stream)
        pane = await self._ensure()
        if stream.index is not None and stream.index != self._builder.navigation.selection:
            await self._builder.navigation.show(stream.index, focus=False)
        pane.action_settings()

    def keep_settings(self, stream: str) -> None:
        """Remember how a stream is tested."""
        try:
            self._trials.remember_limits(stream)
        except ManifestError as error:
            self._interaction.report_error(f"The limits can't be saved: {error}")

    # What a test leads to

    async def map_status(self, event: TrialPane.StatusMapped) -> None:
        """Write into the manifest what a status means."""
        self._trials.map_status(event.stream, event.status, event.bucket)
        self._interaction.notify(f"“{event.status}” means {event.bucket} from now on.")

    async def use_node(self, event: TrialPane.NodePicked) -> None:
        """Write a picked node into the stream."""
        trials, add = self._trials, False
        if event.use is NodeUse.PRIMARY_KEY:
            answer = await self._ask_about_key(trials.primary_key(event.stream), list(event.path))
            if answer is None:
                return
            add = answer == "add"
        place = trials.use_node(event.stream, event.use, event.path, add=add)
        if place is not None:
            path = ".".join(event.path) or "the whole answer"
            self._interaction.notify(f"{event.use}: {path}", title="Written into the stream")

    async def _ask_about_key(self, present: list[list[str]], path: list[str]) -> str | None:
        if not present or present == [path]:
            return "replace"
        key = ", ".join(".".join(field) for field in present)
        text = f"The primary key is {key}. Should {'.'.join(path)} take its place, or be one more field of it?"
        answers = [Answer("replace", "Replace", "primary"), Answer("add", "Add to it")]
        return await self._interaction.ask(QuestionDialog("Primary key", text, answers))

    async def mend(self, event: TrialPane.MendRequested) -> None:
        """Go to a field of the stream."""
        index = self._trials.index_of(event.stream)
        if index is not None:
            await self._builder.navigation.show_path(("streams", index, *event.place.path))

    async def take_schema(self, event: TrialPane.SchemaActionChosen) -> None:
        """Declare the detected schema; ask first when it takes the place of a loader."""
        index = self._trials.index_of(event.stream)
        source = loaded_from(self._builder.session, index) if index is not None else ""
        if source and not await self._interaction.ask(replace_loader(source)):
            return
        self._trials.take_schema(event.stream, event.report.detected, merge=event.action == "merge")
        by_itself = index is not None and imports_by_itself(self._builder.session, index)
        hint = "" if by_itself else " It can follow each test: see the commands for the schema."
        self._interaction.notify(f"The schema is in the manifest.{hint}")
