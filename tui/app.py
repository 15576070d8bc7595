"""The builder as a Textual app: it paints at once, then loads the engine and what is to be edited."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.content import Content
from textual.widgets import Static

from core.errors import ManifestError
from tui.crash import CrashConsole
from tui.model.settings import Settings
from tui.shell.actions import APP, bindings
from tui.shell.clipboard import CopyingApp
from tui.shell.keys import KeysInTurn
from tui.themes import DARK, LIGHT
from tui.widgets.bars import TitleBar

if TYPE_CHECKING:
    from tui.model.project import Project
    from tui.shell.screen import BuilderScreen

_FUNCTION_KEY = re.compile(r"f\d+")
_PATIENCE_AT_THE_END = 3.0
"""Seconds that a job on the server has to be aborted when the builder is told to end."""


def _commands() -> type[Provider]:
    """The commands, which are not loaded before they are asked for."""
    from tui.shell.palette import Commands

    return Commands


class BuilderApp(KeysInTurn, CopyingApp):
    """The builder. `path` is the manifest to open, `demo`: a sample with an API running behind it. `opened` is called
    when the first project is on the screen.
    """

    TITLE = "Longhaul"
    CSS_PATH: ClassVar = ["css/base.tcss", "css/builder.tcss", "css/forms.tcss", "css/trials.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(APP)]
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_commands}

    def __init__(
        self,
        path: Path | None = None,
        *,
        demo: bool = False,
        settings: Settings | None = None,
        opened: Callable[[], None] | None = None,
    ) -> None:
        super().__init__()
        self._opened = opened
        self._paints_no_more = ExitStack()
        self.settings = settings or Settings()
        self.settings.failed = self._tell_about_folder
        self.error_console = self.crash = CrashConsole()
        self.project: Project | None = None
        """What is open."""
        self.failure: str | None = None
        """Why nothing could be opened."""
        self._path = path
        self._demo = demo
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.animation_level = "none"

    def compose(self) -> ComposeResult:
        """What is there before anything is loaded."""
        yield TitleBar("Longhaul", file=str(self._path or ""))
        yield Static(Content("Opening…"), classes="opening")

    def on_mount(self) -> None:
        """Dress as the person likes it, paint, then load."""
        known = self.settings.theme in self.available_themes
        self.theme = self.settings.theme if self.settings.theme and known else DARK.name
        self.set_keymap(self.settings.keys)
        self.theme_changed_signal.subscribe(self, lambda theme: self._remember_theme(theme.name))
        self._obey_signals()
        self.call_after_refresh(self._load)

    def _load(self) -> None:
        self.run_worker(self._open_first(), name="open")

    async def _open_first(self) -> None:
        """Load the engine in a thread, so that the first picture is there meanwhile, and open what is asked for."""
        await asyncio.to_thread(import_module, "tui.shell.screen")
        from tui.model.project import Project

        make = Project.try_demo if self._demo else Project.new
        try:
            await self.open_project(make if self._path is None else partial(Project.open, self._path))
        except ManifestError as error:
            self.failure = str(error)
            self.exit(return_code=2)
        else:
            self.call_later(self._settle)

    def _settle(self) -> None:
        """What is said and asked once the first project is there."""
        if self._opened is not None:
            self.call_after_refresh(self._opened)
        self._tell_about_settings()
        self.run_worker(self._tell_about_folders(), exit_on_error=False)
        if self.builder is not None:
            self.builder.errand(self.builder.filing.offer_drafts())

    async def open_project(self, make: Callable[[], Project]) -> None:
        """Go on with another project. Raises ManifestError when it can't be made; the present one stays then."""
        self.call_later(self._show, await asyncio.to_thread(make))

    async def _show(self, project: Project) -> None:
        """Put the screen of a project in the place of the one before; that screen must not wait for its own end."""
        from tui.shell.screen import BuilderScreen

        before, self.project = self.builder, project
        screen = BuilderScreen(project, self.settings, self.open_project)
        if before is None:
            await self.push_screen(screen)
        else:
            await before.close_project()
            await self.switch_screen(screen)

    @property
    def builder(self) -> BuilderScreen | None:
        """The screen of what is open."""
        from tui.shell.screen import BuilderScreen

        return next((screen for screen in self.screen_stack if isinstance(screen, BuilderScreen)), None)

    # Settings

    def _remember_theme(self, name: str) -> None:
        if name != self.settings.theme:
            self.settings.theme = name

    def _tell_about_settings(self) -> None:
        from tui.shell.keys import problems

        told = [self.settings.problem] if self.settings.problem else problems(self.settings.keys)
        for problem in told:
            self.notify(problem, title="Settings", severity="warning", timeout=10, markup=False)

    async def _tell_about_folders(self) -> None:
        """Say where nothing can be kept; the builder works all the same."""
        from tui.model.files import troubles

        for told in await asyncio.to_thread(troubles):
            self._tell_about_folder(told)

    def _tell_about_folder(self, told: str) -> None:
        self.notify(told, title="Nothing is kept", severity="warning", timeout=12, markup=False)

    def action_toggle_dark(self) -> None:
        """Switch between the dark and the light theme."""
        self.theme = LIGHT.name if self.current_theme.dark else DARK.name

    def get_key_display(self, binding: Binding) -> str:
        """Keys as they are printed on a keyboard: F5 rather than f5."""
        shown = super().get_key_display(binding)
        return shown.upper() if _FUNCTION_KEY.fullmatch(shown) else shown

    def pop_screen(self) -> AwaitComplete:
        """Close what is on top, but not the builder: the palette asks for that when it gets a second key as it goes."""
        return AwaitComplete() if self.screen is self.builder else super().pop_screen()

    # Leaving

    async def action_quit(self) -> None:
        """Leave, once nothing is lost by that."""
        builder = self.builder
        if builder is None:
            self.exit()
            return
        while self.screen is not builder:
            await self.screen.dismiss(None)
        builder.errand(self._leave(builder))

    async def _leave(self, builder: BuilderScreen) -> None:
        if await builder.trial_actions.may_end("Quit") and await builder.filing.may_leave():
            await builder.close_project()
            self.exit()

    def keep_draft(self) -> bool:
        """Write aside what is not saved, because the builder ends without having been asked to; whether that worked."""
        if self.project is not None:
            try:
                self.project.keep_draft()
            except OSError:
                return False
        return True

    def _obey_signals(self) -> None:
        """End tidily when the terminal is closed or the process is told to end."""
        loop = asyncio.get_running_loop()
        with suppress(NotImplementedError, AttributeError):  # Windows has neither
            for number in (signal.SIGTERM, signal.SIGHUP):
                loop.add_signal_handler(number, self._end, number)

    def _end(self, number: int) -> None:
        self.keep_draft()
        if number == signal.SIGHUP:  # nothing more can be painted: whoever tried would wait for ever
            self._paints_no_more.enter_context(self.batch_update())
        self.run_worker(self._end_test(number), exit_on_error=False)

    async def _end_test(self, number: int) -> None:
        """Leave, once the server was told that nobody waits for its job any more."""
        if self.builder is not None:
            await self.builder.trials.controller.close(_PATIENCE_AT_THE_END)
        self.exit(return_code=128 + number)

    async def on_app_focus(self) -> None:
        """The person comes back from another program, which may have changed the file."""
        builder = self.builder
        if builder is not None and self.screen is builder:
            builder.errand(builder.filing.ask_about_disk())
