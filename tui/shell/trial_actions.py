"""The test screen's place in the builder: when it is there, what it shows, and what it leads to in the manifest."""

from __future__ import annotations

import asyncio
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from core.errors import ManifestError
from tui.forms.schema_pane import replace_loader
from tui.model.declared_schema import imports_automatically, loaded_from
from tui.shell.keys import key_of
from tui.trials.view.pane import TrialPane
from tui.trials.view.questions import NodeUse
from tui.trials.view.subject import Subject
from tui.widgets.dialog import ConfirmDialog, DialogButton, QuestionDialog

if TYPE_CHECKING:
    from tui.shell.frame import BuilderFrame
    from tui.shell.places import Held


class Testing:
    """What a builder screen does about tests."""

    __test__ = False

    def __init__(self, frame: BuilderFrame) -> None:
        self._frame = frame
        self._turn = asyncio.Lock()
        self._alone = False
        """Whether it takes the room of the form where there is none for both."""
        self._last = frame.places.hold(0)
        """The stream that was shown last, which is still tested while no stream is shown."""
        self._beginning = asyncio.Lock()

    @property
    def pane(self) -> TrialPane | None:
        """The test screen, once it was needed."""
        return self._frame.query_one_optional(TrialPane)

    @property
    def stream(self) -> int | None:
        """The stream that a test is about when one is asked for: the one that a person is at, else the one shown."""
        return self._frame.stream if self._frame.stream is not None else self.shown

    @property
    def shown(self) -> int | None:
        """The stream of the form, or while there is none that of the last one."""
        spot, count = self._frame.spot, self._frame.session.view.stream_count
        if isinstance(spot, int) and spot != self._last.index:
            self._last = self._frame.places.hold(spot)
        last = self._last.index if self._last.index is not None else 0
        return min(last, count - 1) if count else None

    # Being there

    def fit(self) -> None:
        """Have it beside the form where there is room."""
        if self._frame.is_mounted:
            self._arrange()
            if self._frame.has_class("-wide"):
                self._frame.errand(self._ensure())

    def _arrange(self) -> None:
        """Show what there is room for. It is said to each part: a class of the screen would dress everything anew."""
        wide = self._frame.has_class("-wide")
        self._frame.navigator.display = self._frame.middle.display = wide or not self._alone
        if self.pane is not None:
            self.pane.display = wide or self._alone

    async def _ensure(self) -> TrialPane:
        async with self._turn:  # who finds it half built waits until it is whole
            return await self._built()

    async def _built(self) -> TrialPane:
        pane = self.pane
        if pane is None:
            frame = self._frame
            pane = TrialPane(
                frame.trials.controller,
                schema_reporter=frame.trials.reporter,
                test_key=key_of(frame.app, frame.settings, "test.run"),
                folder=frame.project.path.parent if frame.project.path else FilePath.cwd(),
            )
            pane.display = frame.has_class("-wide") or self._alone
            await frame.query_one(".builder--body").mount(pane)
            await self.show_subject()
        return pane

    async def show_subject(self) -> None:
        """Show what is known of the stream now."""
        pane, subject = self.pane, self._subject()
        if pane is not None:
            await pane.show(subject)

    def _subject(self) -> Subject | None:
        return self._frame.trials.subject(self.shown) if self.shown is not None else None

    @property
    def is_shown(self) -> bool:
        """Whether a person is at the test screen."""
        pane = self.pane
        if pane is None:
            return False
        return pane.has_focus_within if self._frame.has_class("-wide") else self._alone

    async def toggle(self) -> None:
        """Go there, or back to the form."""
        if self.is_shown:
            with self._frame.app.batch_update():
                self.leave()
                self._frame.tour.go_to_form()
        else:
            await self.show()

    async def show(self) -> None:
        """Go there."""
        with self._frame.app.batch_update():
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
        index = self.stream
        return index is not None and self._frame.trials.controller.knows_jobs(self._frame.session.streams.name(index))

    def run(self, index: int | None, *, same_jobs: bool = False) -> None:
        """Test a stream, or go to what must be fixed first; a test that is running is ended only if a person says so.
        `same_jobs`: without creating new jobs.
        """
        self._frame.errand(self._run(self._frame.places.hold(index), same_jobs=same_jobs))

    async def _run(self, stream: Held, *, same_jobs: bool) -> None:
        async with self._beginning:  # a second key finds a test that is running
            if await self._can_begin(stream) and await self.may_end("Test"):
                await self._begin(stream, same_jobs=same_jobs)

    async def _can_begin(self, stream: Held) -> bool:
        """Whether a stream can be tested; what must be fixed first is gone to."""
        frame = self._frame
        await frame.flush()
        if frame.session.has_broken_text:
            await frame.show_yaml_problem()
            frame.complain("The YAML can't be read. Fix it, then test.")
            return False
        for _ in frame.session.checking():
            await asyncio.sleep(0)
        if stream.index is None:
            frame.notify("Add a stream first: there is nothing to test yet.", markup=False)
            return False
        refusal = frame.trials.refusal(stream.index)
        if refusal is None:
            return True
        frame.complain(f"Fix this first, then test: {refusal.message}")
        await frame.show_path(refusal.path)
        return False

    async def _begin(self, stream: Held, *, same_jobs: bool) -> None:
        if stream.index is not None and self._frame.spot != stream.index:
            await self._frame.show(stream.index, focus=False)
        await self.show()
        if stream.index is not None:
            self._frame.trials.start(stream.index, same_jobs=same_jobs)

    async def may_end(self, what: str) -> bool:
        """Whether the test that is running may be ended for something else, which `what` names; True without one."""
        trials = self._frame.trials
        if trials.testing is None or trials.is_ending:
            return True
        question = ConfirmDialog(
            "A test is running", trials.what_ending_does(), confirm=f"End it and {what.lower()}", destructive=True
        )
        return await self._frame.app.push_screen_wait(question) is True

    async def ask_limits(self) -> None:
        """Set how much a test of the stream reads that a person is at."""
        stream = self._frame.places.hold(self.stream)
        pane = await self._ensure()
        if stream.index is not None and stream.index != self._frame.spot:
            await self._frame.show(stream.index, focus=False)
        pane.action_settings()

    def keep_settings(self, stream: str) -> None:
        """Remember how a stream is tested."""
        try:
            self._frame.trials.remember_limits(stream)
        except ManifestError as error:
            self._frame.complain(f"The limits can't be saved: {error}")

    # What a test leads to

    async def map_status(self, event: TrialPane.StatusMapped) -> None:
        """Write into the manifest what a status means."""
        self._frame.trials.map_status(event.stream, event.status, event.bucket)
        self._frame.notify(f"“{event.status}” means {event.bucket} from now on.", markup=False)

    async def use_node(self, event: TrialPane.NodePicked) -> None:
        """Write a picked node into the stream."""
        trials, add = self._frame.trials, False
        if event.use is NodeUse.PRIMARY_KEY:
            answer = await self._ask_about_key(trials.primary_key(event.stream), list(event.path))
            if answer is None:
                return
            add = answer == "add"
        place = trials.use_node(event.stream, event.use, event.path, add=add)
        if place is not None:
            path = ".".join(event.path) or "the whole answer"
            self._frame.notify(f"{event.use}: {path}", title="Written into the stream", markup=False)

    async def _ask_about_key(self, present: list[list[str]], path: list[str]) -> str | None:
        if not present or present == [path]:
            return "replace"
        key = ", ".join(".".join(field) for field in present)
        text = f"The primary key is {key}. Should {'.'.join(path)} take its place, or be one more field of it?"
        answers = [DialogButton("replace", "Replace", "primary"), DialogButton("add", "Add to it")]
        return await self._frame.app.push_screen_wait(QuestionDialog("Primary key", text, answers))

    async def fix(self, event: TrialPane.FixRequested) -> None:
        """Go to a field of the stream."""
        index = self._frame.trials.index_of(event.stream)
        if index is not None:
            await self._frame.show_path(("streams", index, *event.place.path))

    async def take_schema(self, event: TrialPane.SchemaActionChosen) -> None:
        """Declare the detected schema; ask first when it takes the place of a loader."""
        index = self._frame.trials.index_of(event.stream)
        source = loaded_from(self._frame.session, index) if index is not None else ""
        if source and not await self._frame.app.push_screen_wait(replace_loader(source)):
            return
        self._frame.trials.take_schema(event.stream, event.report.detected, merge=event.action == "merge")
        by_itself = index is not None and imports_automatically(self._frame.session, index)
        hint = "" if by_itself else " It can follow each test: see the commands for the schema."
        self._frame.notify(f"The schema is in the manifest.{hint}", markup=False)
