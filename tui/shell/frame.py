"""The frame of the builder: navigator, middle, test screen; what is shown where, and kept in step with the session."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widget import Widget

from core.errors import LonghaulError, ManifestError
from core.manifest.problems import Path
from tui.model.editor import Change, ChangeKind
from tui.model.problems import stream_of
from tui.model.project import Project
from tui.model.settings import Settings
from tui.shell.background import Background
from tui.shell.editor_area import Middle
from tui.shell.file_actions import Filing
from tui.shell.help import HelpLine
from tui.shell.key_bar import KeyBar
from tui.shell.keys import TypedAhead
from tui.shell.navigation import Tour
from tui.shell.navigator import GLOBAL, INPUTS, Navigator, Spot, entries
from tui.shell.places import StreamPlaces
from tui.shell.stream_actions import StreamErrands
from tui.shell.trial_actions import TrialActions
from tui.trials.hints import TrialHints
from tui.trials.trials import Trials
from tui.widgets.bars import TitleBar
from tui.widgets.item_list import AllSaid, take_typed

_REDRAWN_AFTER = 0.05
"""Seconds that changes are gathered before the marks are drawn anew."""
Replace = Callable[[Callable[[], Project]], Awaitable[None]]
"""Goes on with the project that a function makes. Raises ManifestError when it can't."""
WIDE = 150
"""Columns from which the test screen stands beside the form."""


class BuilderFrame(Screen[None]):
    """Shows one project. `replace` goes on with another one."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-medium"), (WIDE, "-wide")]  # noqa: RUF012 - as Textual declares it
    AUTO_FOCUS = ""

    def __init__(self, project: Project, settings: Settings, replace: Replace) -> None:
        super().__init__(classes="builder")
        self.project = project
        self.session = project.session
        self.settings = settings
        self._replace = replace
        self.places = StreamPlaces(self.session.streams.names())
        self.spot: Spot = GLOBAL
        """What is shown in the middle."""
        self.trials = Trials(self.app, self.session, settings, self._redraw_later)
        self.filing = Filing(self, project, settings)
        self.streams = StreamErrands(self)
        self.tour = Tour(self)
        self.trial_actions = TrialActions(self, self.trials, self.places, settings, self.tour.go_to_form)
        self._hints = TrialHints(self.session, self.trials.controller, self.trials.reporter)
        self._typed_ahead = TypedAhead(self)
        self._redraw_asked = False
        self._stop: list[Callable[[], None]] = []

    def compose(self) -> ComposeResult:
        """The parts, from top to bottom."""
        yield TitleBar("Longhaul", file=self.project.title)
        with Horizontal(classes="builder--body"):
            yield Navigator()
            yield Middle(self.session, self._hints, self.project.broken)
        yield HelpLine()
        yield KeyBar()

    async def on_mount(self) -> None:
        """Show the first stream, and begin to follow the session."""
        self.trials.listen(self)
        self._stop.append(self.session.subscribe(self._hear))
        self._redraw()
        if self.project.broken:
            await self.show_yaml_problem()
        elif self.project.is_untouched:
            await self.show_welcome()
        else:
            await self.show(0 if self.session.view.stream_count else GLOBAL)
        self.call_after_refresh(self._settle)

    def _settle(self) -> None:
        """What can wait until the first picture is there."""
        background = Background(self, self.project, self.complain)
        self._stop.append(background.close)
        self.filing.remember()
        self.trial_actions.fit()

    def on_unmount(self) -> None:
        """Follow the session no more."""
        for stop in self._stop:
            stop()
        self._stop.clear()

    async def close_project(self) -> None:
        """End everything that goes on for the project."""
        self.on_unmount()
        await self.trials.controller.close()
        self.project.close()

    def on_key(self, event: events.Key) -> None:
        """Keep what is typed on the way to a field."""
        if self._typed_ahead.keeps(event):
            event.stop()
            event.prevent_default()

    # Parts

    @property
    def navigator(self) -> Navigator:
        """The list at the left."""
        return self.query_one(Navigator)

    @property
    def middle(self) -> Middle:
        """What is edited."""
        return self.query_one(Middle)

    @property
    def body(self) -> Widget:
        """Everything between the title and the help."""
        return self.query_one(".builder--body")

    @property
    def is_wide(self) -> bool:
        """Whether there is room for the trial pane beside the form."""
        return self.has_class("-wide")

    @property
    def stream(self) -> int | None:
        """The stream that actions are about: the one under the navigator's cursor, else the one in the middle."""
        spot = self.navigator.current.spot if self.navigator.has_focus else self.spot
        return spot if isinstance(spot, int) and spot < self.session.view.stream_count else None

    # Showing

    def select(self, spot: Spot) -> None:
        """Let a spot be the one that everything is about; what is shown of it follows."""
        self.spot = spot
        self.navigator.mark_open(spot)
        self.refresh_bindings()

    async def show(self, spot: Spot, *, focus: bool = True) -> None:
        """Show the form of a spot."""
        self.select(spot)
        await self.follow(focus=focus)

    async def follow(self, *, focus: bool = False) -> None:
        """Show the form of what is selected, unless the text is in view; the last that was selected stays."""
        asked = self.spot
        held = self.places.hold(asked if isinstance(asked, int) else None)
        form = await self.middle.show_form(lambda: self.spot, over_text=False)
        if form is not None and focus and self.spot == (held.index if isinstance(asked, int) else asked):
            form.focus_first()
        await self.trial_actions.show_subject()
        self.refresh_bindings()

    async def show_path(self, path: Path) -> None:
        """Go to the field at a path, wherever that is; in the text, to the line where it is written."""
        self.trial_actions.leave()
        yaml = self.middle.yaml
        if yaml is not None:
            yaml.go_to(path)
            return
        stream = stream_of(path)
        spot: Spot = stream if stream is not None else INPUTS if path[:1] == ("spec",) else GLOBAL
        if isinstance(spot, int) and spot >= self.session.view.stream_count:
            spot = GLOBAL
        with self._typed_ahead.on_the_way():
            await self.show(spot, focus=False)
            form = self.middle.form
            if form is not None:
                await form.focus_path(path)

    async def show_welcome(self) -> None:
        """Show ways to begin."""
        welcome = await self.middle.show_welcome(self.settings.recent)
        welcome.focus_list()

    async def show_yaml_problem(self) -> None:
        """Go to where the text can't be read."""
        self.trial_actions.leave()
        view = await self.middle.show_yaml()
        view.go_to_problem()

    def explain(self, title: str, text: str) -> None:
        """Say in a line what has the focus."""
        self.query_one(HelpLine).show(title, text)

    def complain(self, text: str) -> None:
        """Say what went wrong."""
        self.notify(text, severity="error", timeout=8, markup=False)

    # Following the session

    def _hear(self, change: Change) -> None:
        if change.kind is ChangeKind.VALUES:
            self._go_along()
        self._redraw_later()

    def _go_along(self) -> None:
        """Where streams came, went, moved or got another name, let all that is about them go along at once: no key
        that comes next may be about another stream than the one that a person sees it to be about.
        """
        names = self.session.streams.names()
        renamed = self.places.renamed(names)
        journey = self.places.follow(names)
        if renamed is not None:
            self.trials.rename(*renamed)
        if journey is not None:
            self.spot = journey.spot(self.spot)
            self.middle.go_along(journey.stream)
            self.navigator.show(entries(self.session, self.trials.running_stream), journey.spot)
            self.run_worker(self.follow_streams())

    async def follow_streams(self) -> None:
        """Streams came, went or moved: show the one that is selected now."""
        if self.middle.form is not None:
            self.select(self.spot)
            await self.follow()

    def _redraw_later(self) -> None:
        if not self._redraw_asked and self.is_attached:
            self._redraw_asked = True
            self.set_timer(_REDRAWN_AFTER, self._redraw)

    def _redraw(self) -> None:
        """Draw title and marks anew."""
        self._redraw_asked = False
        if not (self._stop and self.query(Navigator)):
            return  # the screen is being left
        self.navigator.show(entries(self.session, self.trials.running_stream))
        counts = self.session.counts()
        told = [f"✗ {counts.errors} to mend"] if counts.errors else []
        told += [f"▲ {counts.warnings}"] if counts.warnings else []
        self.query_one(TitleBar).show(file=self.project.title, unsaved=self.session.dirty, hint="  ".join(told))
        self.run_worker(self.trial_actions.show_subject(), group="subject", exclusive=True)

    # Doing

    async def replace(self, make: Callable[[], Project]) -> None:
        """Go on with another project, unless a test is running that a person wants to go on."""
        if await self.trial_actions.may_end("Leave"):
            await self._replace(make)
        else:
            self.project.keep_draft()  # whoever asked may have dropped it already

    def errand(self, work: Coroutine[Any, Any, object]) -> None:
        """Do something that may ask; what it can't do is said."""
        self.run_worker(self._guarded(work))

    async def _guarded(self, work: Coroutine[Any, Any, object]) -> None:
        with self.guarded():
            await work

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Say what can't be done."""
        try:
            yield
        except (LonghaulError, ManifestError, OSError, LookupError, ValueError) as error:
            self.complain(str(error))

    def can_edit(self) -> bool:
        """Whether the manifest can be edited from here: not while there is text that can't be read, which is said."""
        if self.middle.yaml is not None:
            self.middle.yaml.flush()
        if self.session.has_broken_text:
            self.complain("The YAML can't be read. Mend it first: it would be lost otherwise.")
            return False
        return True

    async def flush(self) -> None:
        """Take over what is being typed."""
        if self.focused is not None:
            await take_typed(self.focused)
        if self.middle.yaml is not None:
            self.middle.yaml.flush()

    @on(AllSaid)
    def _hear_all(self, event: AllSaid) -> None:
        event.stop()
        event.heard.set()
