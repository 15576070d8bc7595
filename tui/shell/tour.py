"""The tour: seven steps that point at real things on the builder's screen. Everything works meanwhile."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from textual import events
from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Offset, Region, Size
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from tui.forms.field_row import FieldRow
from tui.model.project import Project
from tui.model.settings import Settings
from tui.shell.editor_area import EditorArea
from tui.shell.file_actions import FileActions
from tui.shell.interaction import Interaction
from tui.shell.key_bar import KeyBar
from tui.shell.key_queue import KeyQueueApp
from tui.shell.keys import key_of
from tui.shell.navigation import Navigation
from tui.shell.navigator import Navigator
from tui.shell.trial_actions import TrialActions
from tui.trials.trials import Trials
from tui.trials.view.job_area import JobArea
from tui.trials.view.results import Results
from tui.widgets.base import hidden
from tui.widgets.tab_strip import TabStrip

_LOOK = 0.2
"""Seconds after which the card follows what it points at."""
_CLAIMS = 6
"""Looks for which the card takes the focus back after a step has begun."""
_PATIENCE = 2.0
"""Seconds that a test has to begin."""
_TEST = "test.run"


class Place(Protocol):
    """What the tour needs of the screen that it leads through."""

    project: Project
    trials: Trials
    trial_actions: TrialActions
    navigation: Navigation
    files: FileActions
    editor: EditorArea
    interaction: Interaction


@dataclass(frozen=True, slots=True)
class Step:
    """A stop. `target` says what it points at, `in_test` that this is on the test screen, not in the form.

    `action` is the id of what its key does, and `{key}` in the text that key; one that only works in the target is
    named by `key` instead.
    """

    title: str
    text: str
    action: str
    target: type[Widget]
    in_test: bool = False
    key: str = ""


STEPS = (
    Step(
        "Streams",
        "What a connector reads, one line each. ASYNC, in short A: a job is created, polled, downloaded. SYNC, in "
        "short S: the answer comes at once. {key} goes here and back.",
        "go.navigator",
        Navigator,
    ),
    Step(
        "The life of a job",
        "Creation, Polling, Download: a tab for each. A dot says that a tab has values. {key} goes to the next tab.",
        "go.next-tab",
        TabStrip,
    ),
    Step(
        "A field",
        "Type {{ for inputs such as a key, and for what earlier answers hold. {key} explains the field you are in.",
        "help.show",
        FieldRow,
    ),
    Step(
        "Test",
        "{key} reads the stream, from wherever you are. Here it creates a real job, on the demo API of this machine. "
        "Try it.",
        _TEST,
        KeyBar,
    ),
    Step(
        "A job is a line in time",
        "Created, then a mark for each poll, and the download. You are asked about a status that is not known. "
        "{key} goes between form and test.",
        "test.show",
        JobArea,
        in_test=True,
    ),
    Step(
        "What came",
        "The records as a table; 1 to 5 show request, response, schema and state, too. {key} lists all requests of the "
        "job, so that you see each poll.",
        "",
        Results,
        in_test=True,
        key="6",
    ),
    Step(
        "Save and run",
        "{key} saves a YAML file, which runs without a screen: longhaul --run connector.yaml. To begin your own, paste "
        "a curl command on the first screen.",
        "file.save",
        KeyBar,
    ),
)


class TourCard(Static, can_focus=True):
    """A step, beside what it is about. Keys that are not its own go to what it points at."""

    BINDING_GROUP_TITLE = "Tour"
    HELP = "Enter goes to the next step, the left arrow to the one before, Esc leaves the tour."
    BINDINGS: ClassVar[list[BindingType]] = [
        hidden("enter,right", "next", "Next", "Go to the next step", "tour.next"),
        hidden("left", "previous", "Back", "Go to the step before", "tour.previous"),
        hidden("escape", "leave", "Leave", "Leave the tour", "tour.leave"),
    ]

    DEFAULT_CSS = """
    TourCard {
        overlay: screen;
        position: absolute;
        constrain: inside;
        width: 44;
        max-width: 100%;
        height: auto;
        padding: 0 1;
        background: $surface;
        border: round $accent;
        border-title-color: $text-accent;
        border-title-style: bold;
        border-subtitle-color: $text-muted;
    }
    """

    def __init__(self, tour: Tour) -> None:
        super().__init__()
        self._tour = tour
        self._title = ""

    def show(self, number: int, step: Step, key: str) -> None:
        """Show a step by its number, from 1."""
        self._title = f"{number} of {len(STEPS)}  {step.title}"
        last = number == len(STEPS)
        self.border_subtitle = f"Enter {'ends it' if last else 'next'}{'  ← back' if number > 1 else ''}  Esc leaves"
        before, _, behind = step.text.partition("{key}")
        self.update(Content.assemble(before, (key, "bold $text-accent"), behind))

    def point(self, target: Region | None, screen: Size) -> None:
        """Go beside a region, or into the middle."""
        place, arrow = beside(target, self.outer_size, screen)
        self.border_title = Content(f"{arrow} {self._title}").markup
        if place != self.absolute_offset:
            self.absolute_offset = place
            self.refresh(layout=True)

    def action_next(self) -> None:
        """Go to the next step."""
        self._tour.next()

    def action_previous(self) -> None:
        """Go to the step before."""
        self._tour.previous()

    def action_leave(self) -> None:
        """Leave the tour."""
        self._tour.leave()

    def on_click(self) -> None:
        self._tour.next()

    def on_key(self, event: events.Key) -> None:
        if event.key not in self.screen.active_bindings:
            event.stop()
            self._tour.hand_over(event)


def beside(target: Region | None, card: Size, screen: Size) -> tuple[Offset, str]:
    """Where a card goes, and the arrow from there to the target: to the right of it, to its left, below or above it, as
    there is room; else into its lower right corner. Without a target it goes into the middle.
    """
    if target is None:
        return Offset((screen.width - card.width) // 2, (screen.height - card.height) // 2), "·"
    x = max(0, min(target.x + 2, screen.width - card.width))
    y = max(0, min(target.y, screen.height - card.height))
    if target.right + card.width <= screen.width:
        return Offset(target.right, y), "◀"
    if card.width <= target.x:
        return Offset(target.x - card.width, y), "▶"
    if target.bottom + card.height <= screen.height:
        return Offset(x, target.bottom), "▲"
    if card.height <= target.y:
        return Offset(min(target.right, screen.width) - card.width, target.y - card.height), "▼"
    return Offset(max(0, target.right - card.width), max(0, target.bottom - card.height)), "▲"


class Tour:
    """Leads through a screen. It never waits for a person: what it shows follows what they do."""

    def __init__(self, place: Place, settings: Settings) -> None:
        self._place = place
        self._settings = settings
        self._card: TourCard | None = None
        self._number = 0
        self._target: Widget | None = None
        self._following: Timer | None = None
        self._showing = asyncio.Lock()
        self._claims = 0
        """How often the card still takes the focus back from what its step has set going."""
        self._tested = False
        """Whether a test was begun since the tour is shown."""

    @property
    def _screen(self) -> Screen[Any]:
        return self._place.editor.screen

    @property
    def is_shown(self) -> bool:
        return self._card is not None

    @property
    def is_settling(self) -> bool:
        """Whether a step has just begun."""
        return self._claims > 0

    @property
    def step(self) -> Step:
        return STEPS[self._number]

    async def start(self) -> None:
        """Begin, with a sample; go on with one first when something else is open."""
        if self._place.project.demo is None:
            await self._place.files.tour_demo()
            return
        self._settings.toured, self._tested = True, False
        if self._card is None:
            self._card = TourCard(self)
            await self._screen.mount(self._card)
            self._following = self._screen.set_interval(_LOOK, self._follow)
        self._go_to(0)

    def next(self) -> None:
        """Go to the next step; the last one ends the tour. A test that the next step is about is run."""
        if self._number + 1 == len(STEPS):
            self.leave()
        else:
            self._go_to(self._number + 1)

    def previous(self) -> None:
        """Go to the step before."""
        self._go_to(max(0, self._number - 1))

    def leave(self) -> bool:
        """End the tour; whether there was one."""
        card, self._card = self._card, None
        if card is None:
            return False
        if self._following is not None:
            self._following.stop()
        self._mark(None)
        had_focus = card.has_focus
        card.remove()
        if had_focus:
            self._focus_content()
        return True

    def performed(self, action: str) -> None:
        """A person did something, maybe what the step is about: then the next one follows."""
        self._tested |= action == _TEST
        if self._card is not None and action == self.step.action:
            self.next()

    def hand_over(self, event: events.Key) -> None:
        """Let what the tour points at have a key."""
        self._claims = 0
        self._focus_content()
        self._screen.app.call_later(self._press, event)  # Textual moves the focus by call_later, too

    def _press(self, event: events.Key) -> None:
        app = self._screen.app
        if isinstance(app, KeyQueueApp) and self._screen.focused not in (None, self._card):
            app.press_first([events.Key(event.key, event.character)])
            if event.key == self.step.key:
                self.next()

    def _focus_content(self) -> None:
        pane = self._place.trial_actions.pane
        if self._place.trial_actions.is_shown or (self.step.in_test and pane is not None):
            if pane is not None:
                pane.focus_content()
        elif self._place.editor.form is not None:
            self._place.editor.form.focus_first()

    def _go_to(self, number: int) -> None:
        if self._card is None:
            return
        self._number = number
        key = self.step.key or key_of(self._screen.app, self._settings, self.step.action)
        self._card.show(number + 1, self.step, key)
        self._place.interaction.start(self._show(self.step))

    async def _show(self, step: Step) -> None:
        """Show what a step is about, and its card beside it; who goes fast gets the last one."""
        async with self._showing:
            if step is self.step:
                await self._prepare()
            if step is self.step and self._card is not None:
                self._claims = _CLAIMS
                self._follow()

    async def _prepare(self) -> None:
        place = self._place
        stream = place.navigation.shown_stream
        if self.step.in_test:
            if not self._tested:
                self._tested = True
                place.trial_actions.start()
            await self._until_running()
            await place.trial_actions.show()
        elif self.step is not STEPS[-1]:  # which is about whatever is there
            place.trial_actions.leave()
            if stream is not None:
                await place.navigation.show(stream, focus=False)

    async def _until_running(self) -> None:
        """Wait for a test that was just begun, which takes the focus; not for ever, since it may be refused."""
        results = self._place.trials.controller.results
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                while not results:  # noqa: ASYNC110 - the controller has no event for it
                    await asyncio.sleep(_LOOK / 10)

    def _follow(self) -> None:
        """Keep the card beside what it points at, wherever that goes."""
        if self._card is None:
            return
        target = self._find()
        if target is not self._target:
            self._mark(target)
        if self.is_settling:
            self._claims -= 1
            if not self._card.has_focus:
                self._card.focus()
        self._card.point(target.region if target is not None else None, self._screen.size)

    def _find(self) -> Widget | None:
        """The first widget in view that the step is about."""
        found = self._screen.query(self.step.target).results(Widget)
        return next((one for one in found if one.is_on_screen and one.region.area), None)

    def _mark(self, target: Widget | None) -> None:
        if self._target is not None and self._target.is_attached:
            self._target.remove_class("-toured")
        self._target = target
        if target is not None:
            target.add_class("-toured")
