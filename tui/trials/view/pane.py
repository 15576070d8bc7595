"""The trial pane: one widget that shows the latest trial of a stream, and does what a person wants done with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Protocol

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Button

from core.cases.case import Case
from core.errors import ManifestError
from tui.trials.controller import TrialChanged
from tui.trials.export import Selection
from tui.trials.notices import notices
from tui.trials.phases import facts
from tui.trials.picks import NodeUse
from tui.trials.remedies import Remedy
from tui.trials.trial import Trial, TrialSettings
from tui.trials.trials import Subject, Trials
from tui.trials.view.details import Details
from tui.trials.view.exchange_search import ExchangeSearch
from tui.trials.view.exchange_view import ExchangeView, Side
from tui.trials.view.header import CaseLine, TrialHeader
from tui.trials.view.job_area import JobArea
from tui.trials.view.notice_cards import Notices
from tui.trials.view.pane_keys import KEYS
from tui.trials.view.panels import SchemaPanel, StatePanel
from tui.trials.view.profile_panel import ProfilePanel
from tui.trials.view.results import Results, Selectors
from tui.trials.view.saving import Exports, save_body, save_results, selection_of
from tui.trials.view.settings_dialog import SettingsDialog
from tui.trials.view.slice_map import SliceMap
from tui.trials.view.status_question import StatusQuestion
from tui.trials.view.stream_edits import Reporter, StreamEdits
from tui.widgets.choice_dialog import choose
from tui.widgets.search_bar import SearchBar

_SHORT = 26
"""Rows below which the results and the details share one place."""
_LOW = 19
"""Rows below which jobs and notices are brief, so that records are in view."""
_MOST_JOB_LINES = 12
_NARROW = 58
"""Columns below which there is room for one button only."""


class TrialHost(Reporter, Protocol):
    """What the pane needs of the builder around it."""

    def start_trial(self, stream: str, *, same_jobs: bool = False) -> None:
        """Start a trial of a stream, after asking what must be asked; `same_jobs` creates no new jobs."""

    def go_to_field(self, stream: str, place: Remedy) -> None:
        """Go to a field of a stream."""


class TrialPane(Vertical):
    """Give it the stream to show with `show`. Everything that its parts ask for is done here, on `trials`."""

    BINDING_GROUP_TITLE = "Test"
    BINDINGS: ClassVar[list[BindingType]] = KEYS

    def __init__(
        self,
        trials: Trials,
        host: TrialHost,
        *,
        test_key: str = "F5",
        cancel_key: str = "Esc",
        leave_key: str = "F12",
        folder: Path | None = None,
    ) -> None:
        super().__init__(classes="trial-pane pane -titled")
        self.border_title = "Test"
        self._trials = trials
        self._controller = trials.controller
        self._host = host
        self._keys = (test_key, cancel_key)
        self._leave_key = leave_key
        self._folder = folder or Path.cwd()
        self._exports = Exports(self._folder)
        self._edits = StreamEdits(self, trials, host)
        self._subject: Subject | None = None
        self._searched = ""
        """What was searched last in all requests."""
        self._outdated = False
        """Whether something happened while the pane was hidden."""

    def compose(self) -> ComposeResult:
        yield TrialHeader(*self._keys)
        yield CaseLine(self._leave_key)
        yield JobArea()
        yield Notices()
        yield StatusQuestion(self._controller.clock)
        yield Selectors()
        yield Results(self._trials.reporter, self._keys[0])
        yield Details()

    async def on_mount(self) -> None:
        self._controller.changed.subscribe(self, self._follow)
        await self._refresh_all()

    # What is shown

    @property
    def explanation(self) -> str:
        """What the line of help says of the pane."""
        map_key = ", 9 map" if self.query_one(Results).has("map") else ""
        return (
            "/ finds in the tab, F in all requests. Enter goes in, Esc out. L sets the limits. Tabs: 1 records, "
            f"2 request, 3 response, 4 schema, 5 state, 6 other requests, 7 log, 8 profile{map_key}."
        )

    @property
    def subject(self) -> Subject | None:
        """The stream that is shown."""
        return self._subject

    @property
    def current(self) -> Trial | None:
        """The latest trial of the stream."""
        return self._trials.latest(self._subject.name) if self._subject is not None else None

    async def show(self, subject: Subject | None) -> None:
        """Show a stream, or what the session says of it now."""
        if subject != self._subject:
            self._subject = subject
            if self.is_mounted:
                await self._refresh_all()

    def show_case(self, case: Case | None) -> None:
        """Show whether a recording answers in place of the API."""
        if self.is_running:
            self.query_one(CaseLine).show(case)
            self.refresh_bindings()

    async def _follow(self, change: TrialChanged) -> None:
        if self._subject is None or change.stream != self._subject.name:
            return
        if self.display:
            await self._refresh_all()
        else:
            self._outdated = True

    async def on_show(self) -> None:
        """A wider terminal may have made room."""
        await self.catch_up()

    async def catch_up(self) -> None:
        """Show what happened while the pane was hidden."""
        if self._outdated:
            await self._refresh_all()

    async def _refresh_all(self) -> None:
        if not self.is_running:  # the builder is closing: the parts of the pane may be gone
            return
        self._outdated = False
        subject, trial = self._subject, self.current
        stale = trial is not None and subject is not None and trial.state.fingerprint != subject.fingerprint
        state = trial.state if trial is not None else None
        limits = self._controller.settings_of(subject.name if subject else "").limits
        selectors = self.query_one(Selectors)
        self.border_subtitle = facts(trial.state, len(trial.exchanges.others(None))) if trial is not None else ""
        with self.app.batch_update():
            selectors.show(trial)
            self.query_one(TrialHeader).show(subject, state, limits, stale=stale)
            self.query_one(CaseLine).show(self._trials.case)
            self.query_one(JobArea).show(state, selectors.partition, self._job_lines)
            missing = subject.missing if subject is not None else None
            said = list(notices(trial, stale=stale, missing=missing)) if trial is not None else []
            await self.query_one(Notices).show(said)
            self._ask(trial)
            fingerprint = subject.fingerprint if subject else ""
            await self.query_one(Results).show(trial, selectors.partition, selectors.page, fingerprint)
            await self.query_one(Details).show(trial, selectors.partition)
        self.refresh_bindings()

    def _ask(self, trial: Trial | None) -> None:
        """Ask about a status that is not mapped; the question takes the focus only from within this pane."""
        question = self.query_one(StatusQuestion)
        strip, before = self.query_one(Results).strip, question.asking
        had_focus = self.screen.focused in (None, question, strip)  # who goes to it now may be on the way only
        question.ask(trial.state if trial is not None else None)
        if question.asking is not None and before is None and self.has_focus_within:
            question.focus()
        elif had_focus and question.asking is None and before is not None:
            strip.focus()

    def on_resize(self) -> None:
        """In few rows the results make room for open details; in few columns a button is hidden."""
        self.set_class(self.size.height < _SHORT, "-short")
        self.set_class(self.size.height < _LOW, "-low")
        self.set_class(self.size.width < _NARROW, "-narrow")
        self._keep_focus_in_view()

    @property
    def _job_lines(self) -> int:
        """How many lines the jobs may have."""
        if self.size.height < _LOW:
            return 1
        return 2 if self.size.height < _SHORT else min(_MOST_JOB_LINES, self.size.height // 4)

    @on(JobArea.Opened)
    async def _open_job(self, event: JobArea.Opened) -> None:
        """Show one partition, or all again: its job line, its records and requests."""
        event.stop()
        self.query_one(Selectors).choose(event.partition)
        await self._refresh_all()

    @on(SliceMap.Chosen)
    async def _choose_partition(self, event: SliceMap.Chosen) -> None:
        """Show the records of one partition, or all again."""
        event.stop()
        self.query_one(Selectors).choose(event.partition)
        await self._refresh_all()
        if event.partition is not None:
            await self.query_one(Results).go_to("records")

    @on(Selectors.Changed)
    async def _select(self, event: Selectors.Changed) -> None:
        event.stop()
        await self._refresh_all()

    @on(Details.Toggled)
    def _make_room(self, event: Details.Toggled) -> None:
        event.stop()
        self._keep_focus_in_view()
        self.set_class(event.widget.open is not None, "-details")
        self.refresh_bindings()

    def _keep_focus_in_view(self) -> None:
        """In few rows open details take the place of the results, and their focus."""
        details = self.query_one(Details)
        if details.open is not None and self.has_class("-short") and self.query_one(Results).has_focus_within:
            details.strip.focus()

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer only what is possible now."""
        if not self.is_running:
            return True
        match action:
            case "back":
                return self._is_running or self.query_one(Details).open is not None
            case "go_to_field":
                return bool(self.query_one(Notices).places)
            case "show_exchange":
                return self.query_one(Notices).exchange is not None
            case "same_jobs":
                return self._subject is not None and self._controller.knows_jobs(self._subject.name)
            case "export" | "query":
                return self.has_records
            case "compare":
                return self._subject is not None and bool(self._controller.history.ended(self._subject.name))
            case "save" | "find" | "search":
                return self.current is not None
            case "enter":
                return self.query_one(Results).strip.has_focus
            case "tab":
                return self.query_one(Results).has(str(parameters[0]))
            case "choose":
                return self.query_one(Selectors).offers(str(parameters[0]))
        return True

    @property
    def _is_running(self) -> bool:
        return self.current is not None and self.current is self._controller.running

    async def action_tab(self, tab: str) -> None:
        """Go to a tab of the results."""
        if not self.query_one(Results).has(tab):
            self.notify("The map shows the records of each partition: here there is only one.", markup=False)
            return
        if self.has_class("-short"):
            self.query_one(Details).close()
        await self.query_one(Results).go_to(tab)

    async def action_enter(self) -> None:
        """Put the focus into the active tab."""
        await self.query_one(Results).enter()

    async def action_compare(self) -> None:
        """Compare two of the last tests of the stream."""
        await self.run_action("screen.perform('test.compare')")

    async def action_find(self) -> None:
        """Find a text in the active tab."""
        await self.query_one(Results).find()

    @work(group="dialogs", exit_on_error=False)
    async def action_search(self) -> None:
        """Ask for a text to find in all requests and answers, and go to one of the places."""
        trial = self.current
        if trial is None:
            self.notify("There are no requests to search yet: test the stream first.", markup=False)
            return
        here = [bar.query_text for bar in self.query(SearchBar) if bar.query_text and bar.is_on_screen]
        search = ExchangeSearch(trial.exchanges, here[0] if here else self._searched)
        chosen = await self.app.push_screen_wait(search)
        self._searched = search.query_text
        if chosen is not None and trial is self.current:
            hit = search.hit(chosen)
            view = await self._go_to_exchange(trial, hit.number, hit.side)
            if view is not None:
                await view.show_found(search.query_text, headers=hit.headers)

    async def action_show_exchange(self) -> None:
        """Show the request that an error is about, and its answer."""
        number, trial = self.query_one(Notices).exchange, self.current
        if number is not None and trial is not None:
            await self._go_to_exchange(trial, number, "response")

    async def _go_to_exchange(self, trial: Trial, number: int, side: Side) -> ExchangeView | None:
        """Go to a side of an exchange: to a tab of the results where it is shown there, else below them."""
        entry = trial.exchanges.entries[number - 1]
        selectors, details = self.query_one(Selectors), self.query_one(Details)
        if trial.exchanges.is_answer(entry):
            if self.has_class("-short"):
                details.close()
            selectors.choose(entry.partition, entry.page)
            await self._refresh_all()
            return await self.query_one(Results).go_to_exchange(side)
        if entry.partition not in (None, selectors.partition):
            selectors.choose(entry.partition)
            await self._refresh_all()
        return await details.go_to_exchange(number, side)

    def action_details(self, panel: str) -> None:
        """Open or close a panel below the results."""
        self.query_one(Details).toggle(panel)

    def action_choose(self, which: str) -> None:
        """List the partitions or the pages."""
        self.query_one(Selectors).open(which)

    def action_back(self) -> None:
        """Cancel the trial (a second time: without waiting for its end), else close the details."""
        if self._is_running:
            self._controller.cancel_or_abandon()
        else:
            self.query_one(Details).close()

    def focus_content(self) -> None:
        """Put the focus where a person looks first: on a question, else on the results."""
        question = self.query_one(StatusQuestion)
        (question if question.display else self.query_one(Results).strip).focus()

    # Trials and their settings

    @on(Button.Pressed, ".trial-header--start")
    def _start_or_cancel(self, event: Button.Pressed) -> None:
        event.stop()
        if self._is_running:
            self._controller.cancel_or_abandon()
        elif self._subject is not None:
            self._host.start_trial(self._subject.name)

    def action_same_jobs(self) -> None:
        """Start a trial with the jobs that are there."""
        if self._subject is not None:
            self._host.start_trial(self._subject.name, same_jobs=True)

    @on(Button.Pressed, ".trial-header--limits")
    def _press_limits(self, event: Button.Pressed) -> None:
        event.stop()
        self.action_settings()

    def action_settings(self) -> None:
        """Ask how the stream is tried."""
        if self._subject is not None:
            self._configure(self._subject.name, self._controller.settings_of(self._subject.name))

    @on(StatePanel.UseRequested)
    def _use_state(self, event: StatePanel.UseRequested) -> None:
        event.stop()
        if self._subject is not None:
            settings = replace(self._controller.settings_of(self._subject.name), state=event.state)
            self._configure(self._subject.name, settings)

    @work(group="dialogs", exit_on_error=False)
    async def _configure(self, stream: str, offered: TrialSettings) -> None:
        settings = await self.app.push_screen_wait(SettingsDialog(stream, offered, self._made(stream)))
        if settings is None:
            return
        try:
            self._trials.configure(stream, settings)
        except ManifestError as error:
            self.notify(f"The limits can't be saved: {error}", severity="error", timeout=8, markup=False)
        await self._refresh_all()

    def _made(self, stream: str) -> tuple[str, ...] | None:
        """The streams to choose from of those that a template makes; None for a stream that is no template."""
        return self._trials.made_streams(stream) if self._trials.is_template(stream) else None

    # What a trial leads to in the stream

    @on(StatusQuestion.Answered)
    def _answer_question(self, event: StatusQuestion.Answered) -> None:
        event.stop()
        self._edits.map_status(event.stream, event.status, event.meaning)

    @on(ExchangeView.NodePicked)
    @work(group="dialogs", exit_on_error=False)
    async def _use_node(self, event: ExchangeView.NodePicked) -> None:
        """Use a picked node of an answer in the stream, or on the clipboard."""
        event.stop()
        template = await self._edits.use_node(self._subject, event.exchange.role, event.path, event.value)
        if template:
            self.post_message(ExchangeView.CopyRequested(event.widget, template, "template"))

    @on(ProfilePanel.KeyChosen)
    @work(group="dialogs", exit_on_error=False)
    async def _use_as_key(self, event: ProfilePanel.KeyChosen) -> None:
        """Make a column of the records the primary key, or a part of it."""
        event.stop()
        if self._subject is not None:
            await self._edits.write(self._subject.name, NodeUse.PRIMARY_KEY, (event.column,))

    @on(SchemaPanel.ImportRequested)
    @work(group="dialogs", exit_on_error=False)
    async def _import_schema(self, event: SchemaPanel.ImportRequested) -> None:
        """Write a detected schema into the manifest."""
        event.stop()
        await self._edits.import_schema(event)

    @on(Notices.Clicked)
    @work(group="dialogs", exit_on_error=False)
    async def action_go_to_field(self) -> None:
        """Go to the field that the notices are about; asks where they are about several."""
        places, subject = {str(place): place for place in self.query_one(Notices).places}, self._subject
        if subject is None or not places:
            return
        chosen = next(iter(places)) if len(places) == 1 else await choose(self.app, "Go to", list(places))
        if chosen is not None:
            self._host.go_to_field(subject.name, places[chosen])

    # Files

    @on(ExchangeView.SaveRequested)
    @work(group="dialogs", exit_on_error=False)
    async def _save_body(self, event: ExchangeView.SaveRequested) -> None:
        event.stop()
        await save_body(self.app, self._folder, event.text, event.suffix)

    @work(group="dialogs", exit_on_error=False)
    async def action_save(self) -> None:
        """Ask what to save and where, and save it."""
        if self.current is not None:
            await save_results(self.app, self._folder, self.current, self._exports, self._selection)

    async def export(self, selection: Selection) -> None:
        """Ask where records go, and write them there; from within a worker."""
        await self._exports.export(self.app, selection)

    @property
    def has_records(self) -> bool:
        """Whether there are records to be exported."""
        return self._selection is not None

    @property
    def _selection(self) -> Selection | None:
        """The records that are shown; None without any."""
        if self.current is None or not self.is_running:
            return None
        return selection_of(self.current, self.query_one(Results), self.query_one(Selectors))

    async def action_query(self) -> None:
        """Open a prompt for SQL over the records."""
        await self.run_action("screen.perform('test.query')")

    @work(group="dialogs", exit_on_error=False)
    async def action_export(self) -> None:
        """Ask where the records that are shown go, and write them there."""
        if self._selection is not None:
            await self.export(self._selection)
        else:
            self.notify("There are no records to export yet: test the stream first.", markup=False)
