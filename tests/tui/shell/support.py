"""A running builder: what the tests of the shell and the journeys share."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.widget import Widget

from core.manifest.problems import Path as ManifestPath
from sample_configs import sample
from sample_configs.demo_api import DemoApi
from tui.app import BuilderApp
from tui.model.session import BuilderSession
from tui.shell.actions import ACTIONS
from tui.shell.navigator import NavigatorEntry
from tui.shell.screen import BuilderScreen
from tui.trials.trial import Trial

PATIENCE = 20.0
W = TypeVar("W", bound=Widget)


class Shell:
    """The builder and a person in front of it."""

    def __init__(self, app: BuilderApp, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def builder(self) -> BuilderScreen:
        found = self.app.builder
        assert found is not None, "nothing is open"
        return found

    @property
    def session(self) -> BuilderSession:
        return self.builder.session

    @property
    def dialog(self) -> str | None:
        """The name of the dialog that is open."""
        return type(self.app.screen).__name__ if isinstance(self.app.screen, ModalScreen) else None

    @property
    def dialogs(self) -> list[str]:
        """The names of all dialogs that are open, one over the other."""
        return [type(screen).__name__ for screen in self.app.screen_stack if isinstance(screen, ModalScreen)]

    @property
    def lines(self) -> list[str]:
        """The screen as a person reads it."""
        return [strip.text.rstrip() for strip in self.app.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def notes(self) -> list[str]:
        """What was said in passing."""
        return [str(note.message) for note in self.app._notifications]

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.until(lambda: self._keys_handled, f"the end of {keys}")

    @property
    def _keys_handled(self) -> bool:
        """Whether each key has been handled, or ended the app; a busy machine takes longer for it than Pilot waits."""
        return self.app._exit or (not self.app._keys and self.app._timeout is None)

    async def burst(self, *keys: str) -> None:
        """Press keys faster than anything can follow, then wait until all is done."""
        self._post(*keys)
        await self.settled()

    async def type(self, text: str) -> None:
        """Type into what has the focus; nobody looks at the screen between two letters."""
        self._post(*text)
        await self.pilot.pause()

    def _post(self, *keys: str) -> None:
        for key in keys:
            one = len(key) == 1
            self.app.post_message(events.Key(_character_to_key(key) if one else key, key if one else None))

    async def paste(self, text: str) -> None:
        """Paste into what has the focus, as terminals do."""
        self.app.post_message(events.Paste(text))
        await self.pilot.pause()

    async def perform(self, action: str) -> None:
        """Do what an action of the table does, by its id."""
        await self.builder.run_action(ACTIONS[action].binding.action)

    async def until(self, holds: Callable[[], object], what: str = "") -> None:
        """Wait until something holds; it is looked at whenever the app is idle."""
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end, f"{what or 'it'} did not come about:\n{self.text}\n{self.notes}"
            await self.pilot.pause()
            await asyncio.sleep(0.01)
        await self.pilot.pause()

    async def until_dialog(self, name: str) -> None:
        await self.until(lambda: self.dialog == name, name)

    async def until_said(self, words: str) -> None:
        await self.until(lambda: any(words in note for note in self.notes), f"the words {words!r}")

    async def until_shown(self, words: str) -> None:
        await self.until(lambda: words in self.text, f"the words {words!r}")

    async def checked(self) -> None:
        """Wait until the manifest is checked and its marks are drawn."""
        for _ in self.session.checking():
            pass
        await self.until(lambda: not self.builder._redraw_pending)

    async def settled(self) -> str:
        """The screen once it stays as it is, and all rows of the form are built: its scroll bar shows how many."""
        pane = getattr(self.builder.editor.form, "pane", None)
        await self.until(lambda: pane is None or pane._is_complete or not pane.is_attached)
        last: list[str] = []

        def stays() -> bool:
            nonlocal last
            before, last = last, self.lines
            return before == last

        await self.until(stays)
        await self.until(lambda: not self.builder._redraw_pending)
        return self.text.rstrip()

    async def choose(self, words: str) -> None:
        """Type into a list that filters, and take the first."""
        await self.type(words)
        await self.press("enter")

    async def answer(self, label: str) -> None:
        """Press the button of a dialog."""
        from textual.widgets import Button

        button = next(one for one in self.app.screen.query(Button) if str(one.label) == label)
        button.focus()
        await self.press("enter")

    async def go_to(self, *path: str | int) -> None:
        """Go to a field."""
        await self.builder.navigation.show_path(path)
        await self.pilot.pause()

    @property
    def field(self) -> ManifestPath | None:
        """The field that has the focus."""
        known = self.builder.navigation.field
        return known.path if known is not None else None

    def entry(self, title: str) -> NavigatorEntry:
        """A line of the navigator; an empty one while there is none of this title."""
        return next((one for one in self.builder.navigator.entries if one.title == title), NavigatorEntry(""))

    def run(self, stream: str) -> Trial | None:
        """The latest test of a stream."""
        return self.builder.trials.controller.results.get(stream)

    async def tested(self, stream: str) -> Trial:
        """Wait for the end of the test of a stream."""

        def ended() -> bool:
            run = self.run(stream)
            return run is not None and not run.state.running

        await self.until(ended, f"the end of the test of {stream}")
        await self.until(lambda: self.builder.trials._running is None)
        run = self.run(stream)
        assert run is not None
        return run


def quickly_polled(folder: Path) -> Path:
    """The sample of an asynchronous stream in a file of its own, polled at short intervals."""
    path = folder / "sendgrid.yaml"
    text = sample("sendgrid_contacts").path.read_text()
    path.write_text(text.replace("polling_job_timeout: 30", "polling_interval: 0.05\n      polling_job_timeout: 30"))
    return path


@asynccontextmanager
async def opened(
    path: Path | None = None, *, size: tuple[int, int] = (120, 40), values: dict[str, Any] | None = None, **more: Any
) -> AsyncIterator[Shell]:
    """The builder on a file, on nothing or on the demo; `values` are lent as test values."""
    app = BuilderApp(path, **more)
    async with app.run_test(size=size) as pilot:
        shell = Shell(app, pilot)
        await shell.until(lambda: app.builder is not None and app.builder.is_mounted, "the builder")
        await shell.until(lambda: len(app.screen_stack) > 1 and bool(shell.builder._subscriptions), "the builder")
        if values:
            shell.session.values.lend(values)
        await pilot.pause()
        yield shell
        for stop in list(shell.builder._subscriptions):
            stop()
        shell.builder._subscriptions.clear()
        await shell.builder.trials.controller.close(2)
        shell.builder.project.close()


ABORT = {
    "type": "HttpRequester",
    "url": "{{ config['api_url'] }}/v3/marketing/contacts/exports/{{ creation_response['id'] }}/abort",
    "http_method": "POST",
}


async def polling(shell: Shell, api: DemoApi, *, abort: bool = True) -> Trial:
    """A trial with a job that is polled; with `abort` it can be aborted."""
    if abort:
        shell.session.set(("streams", 0, "retriever", "abort_requester"), ABORT)
        shell.session.save()
        await shell.checked()
    await shell.press("f5")
    await shell.until(lambda: any(one.method == "GET" for one in api.requests))
    trial = shell.run("contacts")
    assert trial is not None
    await shell.until(lambda: trial.state.jobs_on_server == 1)
    return trial
