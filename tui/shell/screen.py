"""The builder's screen: its parts and how they are wired, kept in step with the session."""

from __future__ import annotations

from collections.abc import Callable
from inspect import iscoroutine
from operator import attrgetter
from typing import ClassVar

from textual import events, on
from textual.actions import parse
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal

from tui.forms import FieldFocused
from tui.model.editor import Change, ChangeKind
from tui.model.project import Project
from tui.model.settings import Settings
from tui.shell.actions import ACTIONS, BUILDER, bindings
from tui.shell.background import Background
from tui.shell.begin_actions import BeginActions
from tui.shell.case_actions import CaseActions
from tui.shell.editor_area import EditorArea
from tui.shell.file_actions import FileActions, Replace
from tui.shell.go_to import GoTo
from tui.shell.help import Help, HelpLine
from tui.shell.interaction import Interaction
from tui.shell.key_bar import KeyBar
from tui.shell.key_queue import TypeAhead
from tui.shell.navigation import Navigation
from tui.shell.navigator import Navigator, entries
from tui.shell.selection import GLOBAL
from tui.shell.stream_actions import StreamActions
from tui.shell.tour import Tour
from tui.shell.trial_actions import TrialActions
from tui.shell.welcome import Welcome
from tui.shell.yaml_view import YamlView
from tui.trials.hints import TrialHints
from tui.trials.trials import Trials
from tui.widgets.base import CommitMarker
from tui.widgets.panes import PaneScreen
from tui.widgets.title_bar import TitleBar

_REDRAW_DELAY = 0.05
"""Seconds for which changes are gathered before title and navigator are redrawn."""
WIDE = 150
"""Columns from which the test screen stands beside the form."""


class BuilderScreen(PaneScreen[None]):
    """Edits and tests one project. `replace` goes on with another one.

    What a person can do is in the table of `tui.shell.actions`, whose targets are the attributes of this screen.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings(BUILDER)]
    HORIZONTAL_BREAKPOINTS = [(0, "-slim"), (72, "-narrow"), (100, "-medium"), (WIDE, "-wide")]  # noqa: RUF012 - as Textual declares it
    AUTO_FOCUS = ""

    def __init__(self, project: Project, settings: Settings, replace: Replace) -> None:
        super().__init__(classes="builder")
        self.project = project
        self.session = session = project.session
        self.settings = settings
        self._replace = replace
        self._type_ahead = TypeAhead(self)
        self._redraw_pending = False
        self._subscriptions: list[Callable[[], None]] = []
        """Functions that end what was subscribed to."""

        self.interaction = Interaction(self)
        self.trials = Trials(self.app, session, settings, self._redraw_later)
        hints = TrialHints(session, self.trials.controller, self.trials.reporter)
        self.navigator = Navigator()
        self.editor = EditorArea(session, settings, hints)
        self.body = Horizontal(self.navigator, self.editor, classes="builder--body")
        help_line = HelpLine()

        self.trial_actions = TrialActions(self)
        self.navigation = Navigation(
            project, self.navigator, self.editor, self.trial_actions, self.interaction, type_ahead=self._type_ahead
        )
        self.files = FileActions(
            project, settings, self.editor, self.navigation, self.interaction, replace=self._replace_project
        )
        self.cases = CaseActions(self)
        self.begin = BeginActions(
            project,
            settings=settings,
            files=self.files,
            navigation=self.navigation,
            editor=self.editor,
            interaction=self.interaction,
        )
        self.streams = StreamActions(
            session, self.navigation, self.editor, self.trials, self.interaction, begin=self.begin.begin
        )
        self.go_to = GoTo(session, self.navigation, self.editor, self.interaction)
        self.help = Help(session, settings, self.navigation, self.editor, help_line)
        self._help_line = help_line
        self._key_bar = KeyBar()
        self.tour = Tour(self, settings)

    def compose(self) -> ComposeResult:
        yield TitleBar("Longhaul", file=self.project.title)
        yield self.body
        yield self._help_line
        yield self._key_bar

    async def on_mount(self) -> None:
        """Show the first stream, and begin to follow the session."""
        self.trials.listen(self)
        self._subscriptions.append(self.session.subscribe(self._session_changed))
        self._redraw()
        if self.session.has_broken_text:
            await self.navigation.show_yaml_problem()
        elif self.project.is_untouched:
            await self.navigation.show_welcome()
        else:
            await self.navigation.show(0 if self.session.view.stream_count else GLOBAL)
        self.call_after_refresh(self._finish_opening)

    def _finish_opening(self) -> None:
        """What can wait until the screen is drawn."""
        background = Background(self, self.project, self.interaction.report_error)
        self._subscriptions.append(background.close)
        self.files.remember()
        for note in self.project.notes:
            self.interaction.notify(note, severity="warning", timeout=12)
        self.trial_actions.fit()
        self.refresh_bindings()  # until now every action counted as possible

    def on_unmount(self) -> None:
        for unsubscribe in self._subscriptions:
            unsubscribe()
        self._subscriptions.clear()

    async def close_project(self) -> None:
        """End everything that runs for the project. What is not saved has been given up, so its draft goes too."""
        self.on_unmount()
        self.project.drop_draft()
        await self.trials.close()
        self.project.close()

    async def _replace_project(self, make: Callable[[], Project]) -> None:
        """Go on with another project, unless a test is running that is to go on."""
        if await self.trial_actions.may_end("Leave"):
            await self._replace(make)

    @property
    def is_wide(self) -> bool:
        """Whether there is room for the test screen beside the form."""
        return self.app.size.width >= WIDE  # a screen learns of its classes only after `on_resize`

    # Actions

    def action_perform(self, action: str) -> None:
        """Do what the table of actions says, if it can be done now, else say why not. Errors are reported."""
        if not self.can_do(action):
            if otherwise := ACTIONS[action].otherwise:
                self.interaction.notify(otherwise)
            return
        if action == "app.back" and self.tour.leave():
            return
        owner, method, arguments = parse(ACTIONS[action].target)
        with self.interaction.reporting_errors():
            work = getattr(attrgetter(owner)(self), method)(*arguments)
            if iscoroutine(work):
                self.interaction.start(work)
            self.tour.performed(action)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether a key does anything now: what can't be done may say why."""
        return action != "perform" or self.can_do(str(parameters[0])) or bool(ACTIONS[str(parameters[0])].otherwise)

    def can_do(self, action: str) -> bool:
        """Whether an action of the table can be done now."""
        when = ACTIONS[action].when
        return not when or not self.is_mounted or bool(attrgetter(when)(self))

    # The session

    def _session_changed(self, change: Change) -> None:
        if change.kind is ChangeKind.VALUES:
            self._follow_streams()
        self._redraw_later()

    def _follow_streams(self) -> None:
        """Where streams were added, deleted, moved or renamed, update everything that refers to them at once: the next
        key must not be about another stream than the one that the person sees.
        """
        renamed = self.navigation.tracker.renamed(self.session.streams.names())
        moves = self.navigation.follow_streams()
        if renamed is not None:
            self.trials.rename(*renamed)
        if moves is not None:
            self.navigator.show(entries(self.session, self.trials.running_stream), moves.selection)
            self.run_worker(self._show_moved())

    async def _show_moved(self) -> None:
        """Show the form of what is selected after streams have moved."""
        if self.editor.form is not None:
            self.navigation.select(self.navigation.selection)
            await self.navigation.show_selected()

    def _redraw_later(self) -> None:
        if not self._redraw_pending and self.is_attached:
            self._redraw_pending = True
            self.set_timer(_REDRAW_DELAY, self._redraw)

    def _redraw(self) -> None:
        """Redraw title and navigator."""
        self._redraw_pending = False
        if not (self._subscriptions and self.navigator.is_attached):
            return  # the screen is being left
        self.navigator.show(entries(self.session, self.trials.running_stream))
        counts = self.session.counts()
        hints = [f"✗ {counts.errors} to fix"] if counts.errors else []
        hints += [f"! {counts.warnings}"] if counts.warnings else []
        hints += [f"⏺ {self.trials.case.name}"] if self.trials.case is not None else []
        if self.project.demo is not None:
            hints.append(f"demo API {self.project.demo.url.partition('//')[2]}")
        self.query_one(TitleBar).show(file=self.project.title, unsaved=self.session.dirty, hint="   ".join(hints))
        self.run_worker(self.trial_actions.show_subject())  # never cancelled: the pane would stay half drawn

    # What the parts say

    def on_key(self, event: events.Key) -> None:
        if self._type_ahead.keeps(event):
            event.stop()
            event.prevent_default()

    def on_screen_suspend(self) -> None:
        self._key_bar.show_behind(behind=True)

    def on_screen_resume(self) -> None:
        self._key_bar.show_behind(behind=False)

    def on_resize(self) -> None:
        self.trial_actions.fit()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        self.help.explain_widget(event.widget)

    @on(FieldFocused)
    def _field_focused(self, event: FieldFocused) -> None:
        event.stop()
        self.navigation.field_focused(event)
        self.help.explain_field(event)

    @on(Navigator.CursorMoved)
    def _cursor_moved(self, event: Navigator.CursorMoved) -> None:
        event.stop()
        self.help.explain_entry(event.entry)

    @on(Navigator.Selected)
    def _selected(self, event: Navigator.Selected) -> None:
        event.stop()
        self.navigation.open(event.selection)

    @on(events.Click, "TitleBar")
    def _title_clicked(self) -> None:
        """The title shows how many problems there are; a click goes to the next one."""
        self.action_perform("go.problem")

    @on(Welcome.ActionChosen)
    @on(Navigator.ActionChosen)
    def _action_chosen(self, event: Welcome.ActionChosen | Navigator.ActionChosen) -> None:
        event.stop()
        self.action_perform(event.action)

    @on(Welcome.FileChosen)
    def _file_chosen(self, event: Welcome.FileChosen) -> None:
        event.stop()
        self.interaction.start(self.files.open_file(event.path))

    @on(Welcome.TextGiven)
    def _text_given(self, event: Welcome.TextGiven) -> None:
        event.stop()
        self.interaction.start(self.begin.begin(event.text))

    @on(YamlView.Broken)
    def _text_broken(self, event: YamlView.Broken) -> None:
        event.stop()
        self.refresh_bindings()

    @on(CommitMarker)
    def _edits_committed(self, event: CommitMarker) -> None:
        event.stop()
        event.received.set()
