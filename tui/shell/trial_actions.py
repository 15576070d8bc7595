"""What the builder does about trials: starts and ends them, asking first where a job is lost, and shows their pane."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from pathlib import Path as FilePath
from typing import Any, Protocol

from textual.app import App
from textual.widget import Widget

from core.manifest.problems import Path
from tui.model.settings import Settings
from tui.shell.keys import key_of
from tui.shell.navigator import Spot
from tui.shell.places import Held, StreamPlaces
from tui.trials.remedies import Place
from tui.trials.trials import Trials
from tui.trials.view.pane import TrialPane
from tui.widgets.dialog import ConfirmDialog


class Builder(Protocol):
    """What trials need of the screen around them."""

    @property
    def app(self) -> App[Any]: ...

    @property
    def is_mounted(self) -> bool: ...

    @property
    def is_wide(self) -> bool:
        """Whether there is room for the pane beside the form."""

    @property
    def body(self) -> Widget:
        """Where the pane is mounted, beside what else is in there."""

    @property
    def spot(self) -> Spot:
        """What is shown in the editor area."""

    @property
    def stream(self) -> int | None:
        """The stream that a person is at."""

    async def show(self, spot: Spot, *, focus: bool = True) -> None:
        """Show the form of a spot."""

    async def show_path(self, path: Path) -> None:
        """Go to the field at a path of the document."""

    async def show_yaml_problem(self) -> None:
        """Go to where the YAML can't be read."""

    async def flush(self) -> None:
        """Take over what is being typed."""

    def complain(self, text: str) -> None:
        """Report an error."""

    def errand(self, work: Coroutine[Any, Any, object]) -> None:
        """Do something in a worker, and report what can't be done."""

    def guarded(self) -> AbstractContextManager[None]:
        """Reports what can't be done."""


class TrialActions:
    """Starts and ends trials, and shows their pane beside the form or in its place. `go_to_form` puts the focus
    back to where a person edited last.
    """

    def __init__(
        self,
        builder: Builder,
        trials: Trials,
        places: StreamPlaces,
        settings: Settings,
        go_to_form: Callable[[], None],
    ) -> None:
        self._builder = builder
        self._trials = trials
        self._places = places
        self._settings = settings
        self._go_to_form = go_to_form
        self.pane: TrialPane | None = None
        """None until it is first needed."""
        self._building = asyncio.Lock()
        self._starting = asyncio.Lock()
        self._in_front = False
        """Whether the pane takes the place of the form where there is no room for both."""
        self._last = places.hold(0)
        """The stream that was shown last, which is still tried while no stream is shown."""

    @property
    def stream(self) -> int | None:
        """The stream that a trial is about: the one that a person is at, else the one shown."""
        return self._builder.stream if self._builder.stream is not None else self.shown

    @property
    def shown(self) -> int | None:
        """The stream of the form, or while there is none that of the last one."""
        spot, count = self._builder.spot, self._trials.session.view.stream_count
        if isinstance(spot, int) and spot != self._last.index:
            self._last = self._places.hold(spot)
        last = self._last.index if self._last.index is not None else 0
        return min(last, count - 1) if count else None

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
            with self._builder.app.batch_update():
                self.leave()
                self._go_to_form()
        else:
            await self.show()

    async def show(self) -> None:
        """Go to the pane."""
        with self._builder.app.batch_update():
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
        if self._builder.is_mounted:
            self._arrange()
            if self._builder.is_wide:
                self._builder.errand(self.ensure_pane())

    def _arrange(self) -> None:
        """Show what there is room for. It is set on each part: a class of the screen would restyle every widget."""
        wide, parts = self._builder.is_wide, {*self._builder.body.children}
        for part in parts - {self.pane}:
            part.display = wide or not self._in_front
        if self.pane is not None:
            self.pane.display = wide or self._in_front

    async def ensure_pane(self) -> TrialPane:
        """The pane; whoever comes while it is being built waits until it is complete."""
        async with self._building:
            if self.pane is None:
                path = self._trials.session.path
                self.pane = TrialPane(
                    self._trials,
                    self,
                    test_key=key_of(self._builder.app, self._settings, "test.run"),
                    folder=path.parent if path else FilePath.cwd(),
                )
                self._arrange()
                await self._builder.body.mount(self.pane)
                await self.show_subject()
            return self.pane

    async def show_subject(self) -> None:
        """Show in the pane what the session says of the stream now."""
        if self.pane is not None:
            await self.pane.show(self._trials.subject(self.shown) if self.shown is not None else None)

    # Starting and ending

    @property
    def can_follow(self) -> bool:
        """Whether jobs of the trial before are there to be followed."""
        index = self.stream
        return index is not None and self._trials.controller.knows_jobs(self._trials.session.streams.name(index))

    def start(self) -> None:
        """Start a trial of the stream that a person is at, or go to what must be fixed first. A running trial is ended
        only if the person agrees.
        """
        self._start(self.stream, same_jobs=False)

    def follow_jobs(self) -> None:
        """Start it without creating new jobs: with those of the trial before."""
        self._start(self.stream, same_jobs=True)

    def start_trial(self, stream: str, *, same_jobs: bool = False) -> None:
        """Start a trial of a stream by its name."""
        self._start(self._trials.index_of(stream), same_jobs=same_jobs)

    def _start(self, index: int | None, *, same_jobs: bool) -> None:
        self._builder.errand(self._start_when_possible(self._places.hold(index), same_jobs=same_jobs))

    async def _start_when_possible(self, stream: Held, *, same_jobs: bool) -> None:
        async with self._starting:  # a second key finds a trial that is running
            if not await self._can_start(stream) or not await self.may_end("Test"):
                return
            if stream.index is not None and self._builder.spot != stream.index:
                await self._builder.show(stream.index, focus=False)
            await self.show()
            if stream.index is not None:
                self._trials.start(stream.index, same_jobs=same_jobs)

    async def _can_start(self, stream: Held) -> bool:
        """Whether a stream can be tried; else goes to what must be fixed first."""
        builder, session = self._builder, self._trials.session
        await builder.flush()
        if session.has_broken_text:
            await builder.show_yaml_problem()
            builder.complain("The YAML can't be read. Mend it, then test.")
            return False
        for _ in session.checking():
            await asyncio.sleep(0)
        if stream.index is None:
            builder.app.notify("Add a stream first: there is nothing to test yet.", markup=False)
            return False
        refusal = self._trials.refusal(stream.index)
        if refusal is None:
            return True
        builder.complain(f"Mend this first, then test: {refusal.message}")
        await builder.show_path(refusal.path)
        return False

    async def may_end(self, what: str) -> bool:
        """Whether the running trial may be ended for something else, which `what` names; True without one."""
        if self._trials.running_stream is None or self._trials.is_ending:
            return True
        question = ConfirmDialog(
            "A test is running", self._trials.what_ending_does(), confirm=f"End it and {what.lower()}", destructive=True
        )
        return await self._builder.app.push_screen_wait(question) is True

    async def ask_limits(self) -> None:
        """Set how much a trial of the stream reads that a person is at."""
        stream = self._places.hold(self.stream)
        pane = await self.ensure_pane()
        if stream.index is not None and stream.index != self._builder.spot:
            await self._builder.show(stream.index, focus=False)
        pane.action_settings()

    # What the pane asks for

    def go_to_field(self, stream: str, place: Place) -> None:
        """Go to a field of a stream."""
        index = self._trials.index_of(stream)
        if index is not None:
            self._builder.errand(self._builder.show_path(("streams", index, *place.path)))

    def reporting_errors(self) -> AbstractContextManager[None]:
        """Reports what can't be done."""
        return self._builder.guarded()
