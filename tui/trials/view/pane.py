"""The test screen as one widget: it stands beside the form, or fills a screen of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from core.http.exchange import Exchange
from core.jobs.statuses import JobStatus
from tui.trials.controller import TrialChanged, TrialController
from tui.trials.notices import notices
from tui.trials.remedies import Remedy
from tui.trials.trial import Trial
from tui.trials.view.details import Details
from tui.trials.view.dialogs import SettingsDialog, choose, save_body, save_results
from tui.trials.view.exchange_view import ExchangeView
from tui.trials.view.header import RunHeader, Selectors
from tui.trials.view.notice_board import NoticeBoard
from tui.trials.view.panels import SchemaPanel, StatePanel
from tui.trials.view.phase_bar import PhaseBar
from tui.trials.view.questions import NodeUse, StatusQuestion, path_for, template_for, uses
from tui.trials.view.results import TABS, Results
from tui.trials.view.subject import SchemaReport, SchemaReporter, Subject
from tui.widgets.base import WidgetMessage, hidden, shown

_SHORT = 26
"""Rows below which the results and what lies below them take turns."""
_NARROW = 58
"""Columns below which there is room for one button only."""


class TrialPane(Vertical):
    """Shows the latest test of the subject's stream as it happens. Give it the subject with `show`."""

    __test__ = False

    BINDING_GROUP_TITLE = "Test"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            hidden(str(number), f"tab('{tab}')", tab.capitalize(), f"Show the {tab} tab", f"test.{tab}")
            for number, tab in enumerate(TABS, 1)
        ),
        hidden("down,enter", "enter", "Go in", "Go into what the tab shows", "test.enter"),
        hidden("slash", "find", "Find", "Find a text in what the tab shows", "test.find"),
        shown("J", "same_jobs", "Same job", "Test again with the job that is there: no new one is created", "test.job"),
        shown("6", "details('others')", "Other requests", "Show the requests that give no records", "test.others"),
        shown("7", "details('log')", "Log", "Show the log of the test", "test.log"),
        hidden("L", "settings", "Limits", "Set how much a test reads, and from which state", "test.settings"),
        shown("S", "save", "Save…", "Save the records or all requests to a file", "test.save"),
        shown("m", "fix", "Go to field", "Go to the field that the error or warning is about", "test.fix"),
        shown("p", "choose('partition')", "Partition", "Choose the partition to look at", "test.partition"),
        hidden("P", "choose('page')", "Page", "Choose the page to look at", "test.page"),
        shown("escape", "back", "Cancel", "Cancel the test, or close what is open below", "test.back"),
    ]

    @dataclass
    class TrialRequested(WidgetMessage["TrialPane"]):
        """A person wants the stream to be tested; with `same_jobs` without creating new jobs."""

        stream: str
        same_jobs: bool = False

    @dataclass
    class SettingsChanged(WidgetMessage["TrialPane"]):
        """How the stream is tested was changed; the controller knows already."""

        stream: str

    @dataclass
    class StatusMapped(WidgetMessage["TrialPane"]):
        """A person said what a status of the API means; a read that is running knows already."""

        stream: str
        status: str
        bucket: JobStatus

    @dataclass
    class NodePicked(WidgetMessage["TrialPane"]):
        """A node of a captured answer is to be used in the stream; `path` is the field path for that use."""

        stream: str
        use: NodeUse
        path: tuple[str, ...]
        value: object
        exchange: Exchange

    @dataclass
    class FixRequested(WidgetMessage["TrialPane"]):
        """A person wants to go to a field of the stream."""

        stream: str
        place: Remedy

    @dataclass
    class SchemaActionChosen(WidgetMessage["TrialPane"]):
        """The detected schema is to be taken over: "import", "merge" or "overwrite"."""

        stream: str
        action: str
        report: SchemaReport

    @dataclass
    class CopyRequested(WidgetMessage["TrialPane"]):
        """A person wants a text on the clipboard; `what` names it."""

        text: str
        what: str

    def __init__(
        self,
        controller: TrialController,
        *,
        schema_reporter: SchemaReporter | None = None,
        test_key: str = "F5",
        cancel_key: str = "Esc",
        folder: Path | None = None,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=f"test-pane {classes or ''}".strip())
        self._controller = controller
        self._reporter = schema_reporter
        self._keys_shown = (test_key, cancel_key)
        self._folder = folder or Path.cwd()
        self._subject: Subject | None = None
        self._behind = False
        """Whether something happened while this was not to be seen."""

    def compose(self) -> ComposeResult:
        """The parts, from top to bottom."""
        yield RunHeader(*self._keys_shown)
        yield PhaseBar()
        yield NoticeBoard()
        yield StatusQuestion(self._controller.clock)
        yield Selectors()
        yield Results(self._reporter, self._keys_shown[0])
        yield Details()

    async def on_mount(self) -> None:
        """Hear of every change of a run."""
        self._controller.changed.subscribe(self, self._hear)
        await self._refresh_all()

    # What is shown

    @property
    def subject(self) -> Subject | None:
        """The stream that is shown."""
        return self._subject

    @property
    def current(self) -> Trial | None:
        """The latest test of the stream."""
        return self._controller.results.get(self._subject.name) if self._subject is not None else None

    async def show(self, subject: Subject | None) -> None:
        """Show a stream, or what the session knows of it now."""
        if subject != self._subject:
            self._subject = subject
            if self.is_mounted:
                await self._refresh_all()

    async def _hear(self, change: TrialChanged) -> None:
        if self._subject is None or change.stream != self._subject.name:
            return
        if self.display:
            await self._refresh_all()
        else:
            self._behind = True

    async def on_show(self) -> None:
        """Show what happened meanwhile, also when it was a wider terminal that made room."""
        await self.catch_up()

    async def catch_up(self) -> None:
        """Show what happened while this was not to be seen."""
        if self._behind:
            await self._refresh_all()

    async def _refresh_all(self) -> None:
        self._behind = False
        subject, run = self._subject, self.current
        stale = self._is_stale(run)
        state = run.state if run is not None else None
        limits = self._controller.settings_of(subject.name if subject else "").limits
        selectors = self.query_one(Selectors)
        with self.app.batch_update():
            selectors.show(run)
            self.query_one(RunHeader).show(subject, state, limits, stale=stale)
            self.query_one(PhaseBar).show(state, selectors.partition)
            self.query_one(NoticeBoard).show(list(notices(run, stale=stale)) if run is not None else [])
            self._ask(run)
            fingerprint = subject.fingerprint if subject else ""
            await self.query_one(Results).show(run, selectors.partition, selectors.page, fingerprint)
            await self.query_one(Details).show(run, selectors.partition)
        self.refresh_bindings()

    def _is_stale(self, run: Trial | None) -> bool:
        return run is not None and self._subject is not None and run.state.fingerprint != self._subject.fingerprint

    def _ask(self, run: Trial | None) -> None:
        """Ask about a status that is not mapped; the question takes the keys only from within this screen."""
        question = self.query_one(StatusQuestion)
        had_focus, before = question.has_focus, question.asking
        question.ask(run.state if run is not None else None)
        if question.asking is not None and before is None and self.has_focus_within:
            question.focus()
        elif had_focus and question.asking is None:
            self.query_one(Results).strip.focus()

    def on_resize(self) -> None:
        """In few rows the results make room for what is open below; in few columns a button goes."""
        self.set_class(self.size.height < _SHORT, "-short")
        self.set_class(self.size.width < _NARROW, "-narrow")

    # Keys and buttons

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what is possible now."""
        if not self.is_mounted:
            return True
        match action:
            case "back":
                return self._is_testing or self.query_one(Details).open is not None
            case "fix":
                return bool(self.query_one(NoticeBoard).places)
            case "same_jobs":
                return self._subject is not None and self._controller.knows_jobs(self._subject.name)
            case "save" | "find":
                return self.current is not None
            case "enter":
                return self.query_one(Results).strip.has_focus
            case "choose":
                return self.query_one(Selectors).offers(str(parameters[0]))
        return True

    @property
    def _is_testing(self) -> bool:
        return self.current is not None and self.current is self._controller.running

    async def action_tab(self, tab: str) -> None:
        """Go to a tab of the results."""
        if self.has_class("-short"):
            self.query_one(Details).close()
        await self.query_one(Results).take(tab)

    async def action_enter(self) -> None:
        """Go into what the tab shows."""
        await self.query_one(Results).enter()

    async def action_find(self) -> None:
        """Find a text in what the tab shows."""
        await self.query_one(Results).find()

    def action_details(self, panel: str) -> None:
        """Open or close what lies below the results."""
        self.query_one(Details).toggle(panel)

    def action_same_jobs(self) -> None:
        """Test again without creating new jobs."""
        if self._subject is not None:
            self.post_message(self.TrialRequested(self, self._subject.name, same_jobs=True))

    def action_choose(self, which: str) -> None:
        """List the partitions or the pages."""
        self.query_one(Selectors).open(which)

    def action_back(self) -> None:
        """Cancel the test (again: without waiting), else close what is open below."""
        if self._is_testing:
            self._controller.cancel()
        else:
            self.query_one(Details).close()

    def focus_content(self) -> None:
        """Put the cursor where a person looks first: a question, else the results."""
        question = self.query_one(StatusQuestion)
        (question if question.display else self.query_one(Results).strip).focus()

    @on(RunHeader.TestPressed)
    def _test(self, event: RunHeader.TestPressed) -> None:
        event.stop()
        if self._is_testing:
            self._controller.cancel()
        elif self._subject is not None:
            self.post_message(self.TrialRequested(self, self._subject.name))

    @on(Selectors.Changed)
    async def _select(self, event: Selectors.Changed) -> None:
        event.stop()
        await self._refresh_all()

    @on(Details.Toggled)
    def _make_room(self, event: Details.Toggled) -> None:
        event.stop()
        opened = event.widget.open is not None
        if opened and self.has_class("-short") and self.query_one(Results).has_focus_within:
            event.widget.strip.focus()
        self.set_class(opened, "-details")
        self.refresh_bindings()

    # Settings and state

    @on(RunHeader.SettingsPressed)
    def action_settings(self) -> None:
        """Ask how the stream is tested."""
        if self._subject is not None:
            settings = self._controller.settings_of(self._subject.name)
            self._ask_settings(self._subject.name, SettingsDialog(self._subject.name, settings))

    @work(group="dialogs", exit_on_error=False)
    async def _ask_settings(self, stream: str, dialog: SettingsDialog) -> None:
        settings = await self.app.push_screen_wait(dialog)
        if settings is not None:
            self._controller.settings[stream] = settings
            self.post_message(self.SettingsChanged(self, stream))
            await self._refresh_all()

    @on(StatePanel.UseRequested)
    def _use_state(self, event: StatePanel.UseRequested) -> None:
        event.stop()
        if self._subject is not None:
            settings = replace(self._controller.settings_of(self._subject.name), state=event.state)
            self._ask_settings(self._subject.name, SettingsDialog(self._subject.name, settings))

    # What is asked of others

    @on(StatusQuestion.Answered)
    def _map_status(self, event: StatusQuestion.Answered) -> None:
        event.stop()
        self._say_status(event.stream, event.status, event.bucket)

    def _say_status(self, stream: str, status: str, bucket: JobStatus) -> None:
        self._controller.map_status(stream, status, bucket)
        self.post_message(self.StatusMapped(self, stream, status, bucket))

    @on(ExchangeView.NodeChosen)
    @work(group="dialogs", exit_on_error=False)
    async def _pick(self, event: ExchangeView.NodeChosen) -> None:
        event.stop()
        subject, role = self._subject, event.exchange.role
        offered = list(uses(role, asynchronous=subject is not None and subject.asynchronous, value=event.node))
        if subject is None or not offered:
            self.notify("This answer holds nothing that the form asks for.", markup=False)
            return
        path = ".".join(str(step) for step in event.path) or "the whole answer"
        chosen = await choose(self.app, f"Use {path} for", [str(use) for use in offered])
        if chosen is None:
            return
        use = NodeUse(chosen)
        if use is NodeUse.TEMPLATE:
            self.post_message(self.CopyRequested(self, template_for(role, event.path), "template"))
        elif use is NodeUse.STATUS_MAPPING:
            bucket = await choose(self.app, f"What does “{event.node}” mean?", [str(one) for one in JobStatus])
            if bucket is not None:
                self._say_status(subject.name, str(event.node), JobStatus(bucket))
        else:
            path_of_use = path_for(use, event.path)
            self.post_message(self.NodePicked(self, subject.name, use, path_of_use, event.node, event.exchange))

    @on(NoticeBoard.Clicked)
    @work(group="dialogs", exit_on_error=False)
    async def action_fix(self) -> None:
        """Go to the field that the notices are about; asks where they are about several."""
        places, subject = self.query_one(NoticeBoard).places, self._subject
        if subject is None or not places:
            return
        chosen: str | None = str(places[0])
        if len(places) > 1:
            chosen = await choose(self.app, "Go to", [str(place) for place in places])
        for place in places:
            if str(place) == chosen:
                self.post_message(self.FixRequested(self, subject.name, place))

    @on(SchemaPanel.ActionChosen)
    def _take_schema(self, event: SchemaPanel.ActionChosen) -> None:
        event.stop()
        stream = event.run.state.stream
        if self._controller.results.get(stream) is event.run:
            self.post_message(self.SchemaActionChosen(self, stream, event.action, event.report))
        else:
            self.notify(f"There is a newer test of {stream}: look at its schema first.", markup=False)

    @on(ExchangeView.CopyRequested)
    def _copy(self, event: ExchangeView.CopyRequested) -> None:
        event.stop()
        self.post_message(self.CopyRequested(self, event.text, event.what))

    @on(ExchangeView.SaveRequested)
    @work(group="dialogs", exit_on_error=False)
    async def _save_body(self, event: ExchangeView.SaveRequested) -> None:
        event.stop()
        await save_body(self.app, self._folder, event.text, event.suffix)

    @work(group="dialogs", exit_on_error=False)
    async def action_save(self) -> None:
        """Ask what to save and where, and save it."""
        if self.current is not None:
            await save_results(self.app, self._folder, self.current, self.query_one(Results).source)
