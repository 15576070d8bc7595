"""A running app around a trial pane: what its tests share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import TypeVar

from textual.app import ComposeResult
from textual.message import Message
from textual.pilot import Pilot

import tui
from core.connector import Connector
from sample_configs import sample
from tests.support.goldens import stays
from tests.tui.trials.support import STREAM, Clock, Gate, ScriptedReader, connector_of
from tui.colours import ColouredApp
from tui.model.session import BuilderSession
from tui.model.settings import Settings
from tui.trials.controller import Opener
from tui.trials.remedies import Remedy
from tui.trials.schema_report import SchemaReport, SchemaReporter
from tui.trials.trial import Trial
from tui.trials.trials import Subject, Trials
from tui.trials.view.pane import TrialPane
from tui.widgets.panes import PaneScreen

CSS = Path(tui.__file__).parent / "css" / "trials.tcss"

Report = Callable[[Trial], SchemaReport]
M = TypeVar("M", bound=Message)


class FixedReporter(SchemaReporter):
    """Reports what a function says."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self._report = report

    def report(self, trial: Trial) -> SchemaReport:
        return self._report(trial)


class PaneHost(ColouredApp):
    """An app that is nothing but a trial pane, and records what the pane asks of the builder around it."""

    CSS_PATH = CSS

    def __init__(
        self,
        session: BuilderSession,
        subject: Subject,
        *,
        opener: Opener,
        clock: Callable[[], float],
        folder: Path,
        report: Report | None,
    ) -> None:
        super().__init__()
        self.animation_level = "none"
        self.said: dict[int, Message] = {}
        self.started: list[tuple[str, bool]] = []
        self.fields: list[Remedy] = []
        self.session = session
        settings = Settings(folder / "no-settings.yaml")
        self.trials = Trials(self, session, settings, lambda: None, opener=opener, clock=clock)
        if report is not None:
            self.trials.reporter = FixedReporter(report)
        self.controller = self.trials.controller
        self.pane = TrialPane(self.trials, self, folder=folder)
        self._subject = subject

    def get_default_screen(self) -> PaneScreen[None]:
        return PaneScreen()

    def compose(self) -> ComposeResult:
        yield self.pane

    async def on_mount(self) -> None:
        await self.pane.show(self._subject)

    def start_trial(self, stream: str, *, same_jobs: bool = False) -> None:
        self.started.append((stream, same_jobs))

    def go_to_field(self, stream: str, place: Remedy) -> None:
        assert stream == self._subject.name
        self.fields.append(place)

    def reporting_errors(self) -> AbstractContextManager[None]:
        return nullcontext()

    def hear(self, message: Message) -> None:
        """A message that bubbles comes by several times."""
        self.said.setdefault(id(message), message)

    def text(self) -> str:
        """The screen as a person reads it."""
        strips = self.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips).rstrip()


class Scene:
    """A running trial pane and its pilot."""

    def __init__(self, app: PaneHost, pilot: Pilot[None], connector: Connector, clock: Clock) -> None:
        self.app = app
        self.pane = app.pane
        self.session = app.session
        self.pilot = pilot
        self.clock = clock
        self._connector = connector

    def start(self, config: dict[str, object] | None = None) -> Trial:
        """Try the stream, as the builder does when it is asked to."""
        subject = self.pane.subject
        assert subject is not None
        return self.app.controller.start(subject.name, self._connector, config or {}, fingerprint=subject.fingerprint)

    async def finish(self) -> str:
        """Wait for the end of the trial; returns the screen."""
        await self.app.controller.wait(10)
        assert self.pane.current is not None
        assert not self.pane.current.state.running
        return await self.settle()

    async def at(self, gate: Gate) -> str:
        """Wait until the trial has come to a gate; returns the screen."""
        await gate.reached.wait()
        self.app.controller.publish()
        return await self.settle()

    async def settle(self) -> str:
        """The screen once it stays as it is."""
        return await stays(self.app.text, self._rest)

    async def _rest(self) -> None:
        await self.pilot.pause()
        workers = [worker for worker in self.app.workers if worker.group != "dialogs"]
        if workers:
            await self.app.workers.wait_for_complete(workers)

    async def press(self, *keys: str) -> str:
        await self.pilot.press(*keys)
        await self.pilot.pause()
        return self.app.text()

    def heard(self, kind: type[M]) -> list[M]:
        return [message for message in self.app.said.values() if isinstance(message, kind)]

    def value(self, *path: str) -> object:
        """A value of the stream in the manifest."""
        return self.session.value(("streams", 0, *path))

    @property
    def notifications(self) -> list[str]:
        return [str(one.message) for one in self.app._notifications]


@asynccontextmanager
async def scene(
    reader: ScriptedReader | Opener,
    size: tuple[int, int] = (80, 24),
    *,
    sample_name: str = "sendgrid_contacts",
    stream: str = STREAM,
    folder: Path = Path("/"),
    clock: Callable[[], float] | None = None,
    report: Report | None = None,
) -> AsyncIterator[Scene]:
    """Run an app with a trial pane that reads with the reader."""
    fake_clock = Clock()
    opener = reader.open if isinstance(reader, ScriptedReader) else reader
    subject = Subject(stream, asynchronous=True, fingerprint="1")
    session = BuilderSession.from_text(sample(sample_name).path.read_text())
    app = PaneHost(session, subject, opener=opener, clock=clock or fake_clock, folder=folder, report=report)
    async with app.run_test(size=size, message_hook=app.hear) as pilot:
        await pilot.pause()
        app.pane.focus_content()
        await pilot.pause()
        yield Scene(app, pilot, connector_of(sample_name), fake_clock)
