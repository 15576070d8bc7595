"""A running app around a test screen: what its tests share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from textual.app import App, ComposeResult
from textual.message import Message
from textual.pilot import Pilot

import tui
from core.connector import Connector
from tests.support.goldens import stays
from tests.tui.trials.support import STREAM, Clock, Gate, ScriptedReader, connector_of
from tui.trials.controller import Opener, TrialController
from tui.trials.trial import Trial
from tui.trials.view.pane import TrialPane
from tui.trials.view.subject import SchemaReporter, Subject

CSS = Path(tui.__file__).parent / "css" / "trials.tcss"

M = TypeVar("M", bound=Message)


class PaneHost(App[None]):
    """An app that is nothing but a test screen, and keeps what was said in it."""

    CSS_PATH = CSS

    def __init__(
        self,
        opener: Opener,
        clock: Callable[[], float],
        subject: Subject,
        folder: Path,
        reporter: SchemaReporter | None,
    ) -> None:
        super().__init__()
        self.animation_level = "none"
        self.said: dict[int, Message] = {}
        self.controller = TrialController(self, opener, clock)
        self.pane = TrialPane(self.controller, folder=folder, schema_reporter=reporter)
        self._subject = subject

    def compose(self) -> ComposeResult:
        yield self.pane

    async def on_mount(self) -> None:
        await self.pane.show(self._subject)

    def hear(self, message: Message) -> None:
        """A message that bubbles comes by several times."""
        self.said.setdefault(id(message), message)

    def text(self) -> str:
        """The screen as a person reads it."""
        strips = self.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips).rstrip()


class Scene:
    """A running test screen and its pilot."""

    def __init__(self, app: PaneHost, pilot: Pilot[None], connector: Connector, clock: Clock) -> None:
        self.app = app
        self.pane = app.pane
        self.pilot = pilot
        self.clock = clock
        self._connector = connector

    def start(self, config: dict[str, object] | None = None) -> Trial:
        """Test the stream, as the shell does when it is asked to."""
        subject = self.pane.subject
        assert subject is not None
        return self.app.controller.start(subject.name, self._connector, config or {}, fingerprint=subject.fingerprint)

    async def finish(self) -> str:
        """Wait for the end of the read, and give the screen."""
        await self.app.controller.wait(10)
        assert self.pane.current is not None
        assert not self.pane.current.state.running
        return await self.settle()

    async def at(self, gate: Gate) -> str:
        """Wait until the read stands at a gate, and give the screen."""
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


@asynccontextmanager
async def scene(
    reader: ScriptedReader | Opener,
    size: tuple[int, int] = (80, 24),
    *,
    sample: str = "sendgrid_contacts",
    stream: str = STREAM,
    folder: Path = Path("/"),
    clock: Callable[[], float] | None = None,
    schema_reporter: SchemaReporter | None = None,
) -> AsyncIterator[Scene]:
    """Run an app with a test screen that reads with the reader."""
    hand = Clock()
    opener = reader.open if isinstance(reader, ScriptedReader) else reader
    subject = Subject(stream, asynchronous=True, fingerprint="1")
    app = PaneHost(opener, clock or hand, subject, folder, schema_reporter)
    async with app.run_test(size=size, message_hook=app.hear) as pilot:
        await pilot.pause()
        app.pane.focus_content()
        await pilot.pause()
        yield Scene(app, pilot, connector_of(sample), hand)
