"""The builder as a Textual app. It draws its first screen at once, then loads the engine and the manifest."""

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
from tui.colours import ColouredApp
from tui.crash import CrashConsole
from tui.model.settings import Settings
from tui.shell.actions import APP, bindings
from tui.shell.clipboard import CopyingApp
from tui.shell.key_queue import KeyQueueApp
from tui.themes import DARK, LIGHT
from tui.widgets.title_bar import TitleBar

if TYPE_CHECKING:
    from tui.model.project import Project
    from tui.shell.screen import BuilderScreen

_FUNCTION_KEY = re.compile(r"f\d+")
_ALT_IN_BROWSERS = frozenset({"ctrl+n", "ctrl+q", "ctrl+t", "ctrl+w", "ctrl+pagedown", "ctrl+pageup"})
"""Keys that browsers keep for themselves; the page takes them with Alt (tui/web/page/page.js)."""
_ABORT_TIMEOUT = 3.0
"""Seconds for aborting a job on the server when the process is told to end."""


def _commands() -> type[Provider]:
    """The provider of the command palette, which is loaded when the palette is first opened."""
    from tui.shell.palette import Commands

    return Commands


class BuilderApp(KeyQueueApp, CopyingApp, ColouredApp):
    """The builder. `path` is the manifest to open; `demo` opens a sample with an API running behind it instead: the
    simplest one, or that of the name `sample`, with `choose` a choice of samples over it. `opened` is called when the
    first project is on the screen.
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
        sample: str | None = None,
        choose: bool = False,
        settings: Settings | None = None,
        opened: Callable[[], None] | None = None,
    ) -> None:
        super().__init__()
        self._opened = opened
        self._drawing_stopped = ExitStack()
        self.settings = settings or Settings()
        self.settings.on_failure = self._warn_about_folder
        self.error_console = self.crash = CrashConsole()
        self.project: Project | None = None
        """What is open."""
        self.failure: str | None = None
        """Why nothing could be opened."""
        self._path = path
        self._demo = demo
        self._sample = sample
        self._choose = choose
        self._theme_faults: list[str] = []
        self._is_open = False
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.animation_level = "none"

    def compose(self) -> ComposeResult:
        """What is shown until the engine is loaded."""
        yield TitleBar("Longhaul", file=str(self._path or ""))
        yield Static(Content("Opening…"), classes="opening")

    def on_mount(self) -> None:
        self._register_theme_files()
        known = self.settings.theme in self.available_themes
        self.theme = self.settings.theme if self.settings.theme and known else DARK.name
        self.set_keymap(self.settings.keys)
        self.theme_changed_signal.subscribe(self, lambda theme: self._remember_theme(theme.name))
        self._handle_signals()
        self.call_after_refresh(self._load)

    def _load(self) -> None:
        self.run_worker(self._open_first(), name="open")

    async def _open_first(self) -> None:
        """Load the engine in a thread, so that the first screen is drawn meanwhile, and open what was asked for."""
        await asyncio.to_thread(import_module, "tui.shell.screen")
        from tui.model.project import Project
        from tui.shell.opening import project_at

        then = "file.demo" if self._choose else ""
        make = partial(Project.try_demo, self._sample, then=then) if self._demo else Project.new
        if self._path is not None:
            make = partial(project_at, self._path)
        try:
            await self.open_project(partial(make, modeline=self.settings.modeline))
        except ManifestError as error:
            self.failure = str(error)
            self.exit(return_code=2)
        else:
            self.call_later(self._first_opened)

    def _first_opened(self) -> None:
        """Report problems and offer drafts once the first project is there."""
        if self._opened is not None:
            self.call_after_refresh(self._opened)
        self._warn_about_settings()
        self.run_worker(self._look_after_folders(), exit_on_error=False)
        if self.builder is not None:
            self.builder.interaction.start(self.builder.files.offer_drafts())

    async def open_project(self, make: Callable[[], Project]) -> None:
        """Go on with another project. Raises ManifestError when it can't be made; the present one stays open then."""
        self.call_later(self._show, await asyncio.to_thread(make))

    async def _show(self, project: Project) -> None:
        """Replace the screen by that of another project. The app does it, since no screen may wait for its own end."""
        from tui.shell.screen import BuilderScreen

        before, self.project = self.builder, project
        screen = BuilderScreen(project, self.settings, self.open_project)
        if before is None:
            await self.push_screen(screen)
            self._begin(screen)
            self._is_open = True
            self.call_after_refresh(self.take_kept_keys)
        else:
            await before.close_project()
            await self.switch_screen(screen)
            self._begin(screen)

    def _begin(self, screen: BuilderScreen) -> None:
        """Do what a project is opened for."""
        if screen.project.then:
            screen.action_perform(screen.project.then)
        if screen.project.begins_from is not None:
            screen.interaction.start(screen.begin.begin(str(screen.project.begins_from)))

    @property
    def takes_keys(self) -> bool:
        """Not before the first project is there: what is pressed until then is meant for it."""
        return self._is_open

    @property
    def builder(self) -> BuilderScreen | None:
        """The screen of what is open."""
        from tui.shell.screen import BuilderScreen

        return next((screen for screen in self.screen_stack if isinstance(screen, BuilderScreen)), None)

    # Settings

    def _register_theme_files(self) -> None:
        """Offer the themes of the user, whose folder few have."""
        folder = self.settings.file.parent / "themes"
        if folder.is_dir():
            from tui.theme_files import read_themes

            themes, self._theme_faults = read_themes(folder)
            for theme in themes:
                self.register_theme(theme)

    def _remember_theme(self, name: str) -> None:
        if name != self.settings.theme:
            self.settings.theme = name

    def _warn_about_settings(self) -> None:
        from tui.shell.keys import unknown_ids

        problems = [self.settings.problem] if self.settings.problem else unknown_ids(self.settings.keys)
        for fault in self._theme_faults:
            self.notify(fault, title="Theme", severity="warning", timeout=10, markup=False)
        for problem in problems:
            self.notify(problem, title="Settings", severity="warning", timeout=10, markup=False)

    async def _look_after_folders(self) -> None:
        """Clear what a killed builder has left, and warn about folders that can't be written to: it works without."""
        from tui.model.files import folder_problems
        from tui.trials.scratch import clear_scratch

        await asyncio.to_thread(clear_scratch)
        for problem in await asyncio.to_thread(folder_problems):
            self._warn_about_folder(problem)

    def _warn_about_folder(self, problem: str) -> None:
        self.notify(problem, title="Nothing is kept", severity="warning", timeout=12, markup=False)

    def action_toggle_dark(self) -> None:
        """Switch between the dark and the light theme."""
        self.theme = LIGHT.name if self.current_theme.dark else DARK.name

    def get_key_display(self, binding: Binding) -> str:
        """Keys as they are printed on a keyboard: F5 rather than f5."""
        if self.is_web and binding.key in _ALT_IN_BROWSERS:
            binding = binding.with_key(binding.key.replace("ctrl", "alt"))
        shown = super().get_key_display(binding)
        return shown.upper() if _FUNCTION_KEY.fullmatch(shown) else shown

    def pop_screen(self) -> AwaitComplete:
        """Close the topmost screen, but never the builder: a palette that gets a second key as it closes pops twice."""
        return AwaitComplete() if self.screen is self.builder else super().pop_screen()

    # Leaving

    async def action_quit(self) -> None:
        """Leave; ask first if something would be lost."""
        builder = self.builder
        if builder is None:
            self.exit()
            return
        while self.screen is not builder:
            await self.screen.dismiss(None)
        builder.interaction.start(self._leave(builder))

    async def _leave(self, builder: BuilderScreen) -> None:
        if await builder.trial_actions.may_end("Quit") and await builder.files.may_leave():
            self.project = None  # a signal that comes now must not keep a draft of what is given up
            await builder.close_project()
            self.exit()

    def keep_draft(self) -> bool:
        """Keep a draft of what is not saved, because the builder ends unasked. Returns False if that failed."""
        if self.project is not None:
            try:
                self.project.keep_draft()
            except OSError:
                return False
        return True

    def _handle_signals(self) -> None:
        """End cleanly when the terminal is closed or the process is told to end."""
        loop = asyncio.get_running_loop()
        with suppress(NotImplementedError, AttributeError):  # Windows has neither
            for number in (signal.SIGTERM, signal.SIGHUP):
                loop.add_signal_handler(number, self._signalled, number)

    def _signalled(self, number: int) -> None:
        self.keep_draft()
        if number == signal.SIGHUP:  # nothing more can be drawn: trying would block for ever
            self._drawing_stopped.enter_context(self.batch_update())
        self.run_worker(self._abort_and_exit(number), exit_on_error=False)

    async def _abort_and_exit(self, number: int) -> None:
        """Abort the job of a running test on the server, then leave."""
        if self.builder is not None:
            await self.builder.trials.close(_ABORT_TIMEOUT)
        self.exit(return_code=128 + number)

    async def on_app_focus(self) -> None:
        """The terminal has the focus again; another program may have changed the file meanwhile."""
        builder = self.builder
        if builder is not None and self.screen is builder:
            builder.interaction.start(builder.files.check_disk())
