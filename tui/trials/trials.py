"""The trials of a session: starts them with what the session holds, marks the streams they leave, and writes into the
manifest what they lead to.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any
from weakref import WeakKeyDictionary

from textual.app import App
from textual.dom import DOMNode

from core.cases.case import Case
from core.connector import Connector
from core.connector.templates import StreamTemplate
from core.errors import InputError, ManifestError
from core.events import Outcome, Stage
from core.http.tape import Tape
from core.inputs import gather_inputs
from core.jobs.statuses import JobStatus
from core.manifest.problems import Path
from core.reading import open_reader
from tui.model import stages
from tui.model.declared_schema import declared_schema, import_schema, imports_automatically
from tui.model.editor import Change, ChangeKind
from tui.model.inputs import PROPERTIES
from tui.model.layout import tab_of
from tui.model.problems import Finding
from tui.model.session import BuilderSession
from tui.model.settings import Settings
from tui.model.streams import StreamKind, fingerprint
from tui.model.tokens import TrialTokens
from tui.trials import picks
from tui.trials.controller import PATIENCE, Opener, TrialChanged, TrialController
from tui.trials.custom_code import CodeQuestion, with_allowed_code
from tui.trials.limits import ChosenSettings
from tui.trials.listing import labelled, listing_of, with_list
from tui.trials.notices import warnings
from tui.trials.phases import what_ending_does
from tui.trials.recording import OpenCase, RecordedRun
from tui.trials.remedies import Concern, Remedy
from tui.trials.schema_report import SchemaReport, SchemaReporter, why_not_detected
from tui.trials.trial import Trial, TrialSettings


@dataclass(frozen=True, slots=True)
class Subject:
    """A stream as the trial pane shows it.

    `fingerprint` changes with everything that matters to a trial: a result with another one is stale. `problems` is
    the number of errors that must be fixed before a trial makes sense. `missing` is what the stage lacks that its
    latest trial did not come to.
    """

    name: str
    asynchronous: bool = False
    fingerprint: str = ""
    problems: int = 0
    settings: TrialSettings = field(default_factory=TrialSettings)
    missing: Remedy | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a trial can't start, and where to fix that."""

    path: Path
    message: str
    is_mistake: bool = True
    """Whether something in the manifest has to be fixed."""


class Trials:
    """Between a session and the controller of its trials. `on_change` is called when a trial starts or ends."""

    def __init__(
        self,
        app: App[Any],
        session: BuilderSession,
        settings: Settings,
        on_change: Callable[[], None],
        *,
        opener: Opener | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.session = session
        self.case: Case | None = None
        """The recording that answers in place of the API."""
        self.controller = TrialController(app, opener or open_reader, clock)
        self._opener = opener
        self._runs: WeakKeyDictionary[Trial, RecordedRun] = WeakKeyDictionary()
        self.reporter = SchemaReporter()
        self._app = app
        self._on_change = on_change
        self._running: Trial | None = None
        self._tried: Any = None
        """The stream as it was when its trial started."""
        self._meanings: Mapping[str, JobStatus] = {}
        """What the statuses of the stream mean whose trial was started last, as far as its read has heard."""
        self._chosen = ChosenSettings(session, settings, self.controller.settings)
        self._chosen.recall()
        session.subscribe(self._pass_on_meanings)

    def listen(self, node: DOMNode) -> None:
        """Follow the trials for as long as a node is mounted."""
        self.controller.changed.subscribe(node, self._follow, immediate=True)

    @property
    def running_stream(self) -> str | None:
        """The stream whose trial is running."""
        trial = self.controller.running
        return trial.state.stream if trial is not None else None

    @property
    def is_ending(self) -> bool:
        """Whether the running trial was cancelled already."""
        trial = self.controller.running
        return trial is not None and trial.state.cancelling

    def what_ending_does(self) -> str:
        """What happens when the running trial is ended, in sentences; empty without one."""
        trial = self.controller.running
        return what_ending_does(trial.state) if trial is not None else ""

    def subject(self, index: int) -> Subject:
        """A stream as the trial pane shows it."""
        session = self.session
        self._declare_schema(index)
        return Subject(
            session.streams.name(index),
            session.streams.kind(index) is StreamKind.ASYNC,
            fingerprint(session.streams.written(index)).hex(),
            self._in_the_way(index),
            self.controller.settings_of(session.streams.name(index)),
            self._missing(index),
        )

    def _missing(self, index: int) -> Remedy | None:
        """What has to be filled in before a trial of the stream gets further than the latest one did."""
        session = self.session
        trial = self.latest(session.streams.name(index))
        stage = trial.state.next_stage if trial is not None else None
        path = stages.missing_field(session, index, stage) if stage is not None else None
        tabs = session.tabs(index)
        if path is None or not tabs:
            return None
        tab, entry = tab_of(tabs, path)
        return Remedy(tabs[tab].title, list(tabs[tab])[entry].title, path)

    def _in_the_way(self, index: int) -> int:
        """How many of the errors that are shown keep the stream from being tried at all."""
        session = self.session
        has_stages = session.streams.kind(index) is StreamKind.ASYNC and not stages.are_one(session, index)
        last = stages.described(session, index) if has_stages else Stage.DOWNLOAD
        if last is Stage.DOWNLOAD:
            return session.stream_counts(index).errors
        shown = session.visibility.is_visible
        return 0 if last else sum(shown(one.path) for one in stages.errors_up_to(session, index, Stage.CREATION))

    def latest(self, name: str) -> Trial | None:
        """The latest trial of a stream."""
        return self.controller.results.get(name)

    def is_latest(self, trial: Trial) -> bool:
        """Whether there is no newer trial of the same stream."""
        return self.latest(trial.state.stream) is trial

    def index_of(self, name: str) -> int | None:
        """The index of a stream by its name."""
        names = self.session.streams.names()
        return names.index(name) if name in names else None

    def rename(self, old: str, new: str) -> None:
        """Keep what is known of a stream under its new name."""
        self.controller.rename(old, new)
        self._chosen.remember(new)

    # Starting

    def refusal(self, index: int, only: Stage | None = None) -> Refusal | None:
        """What must be fixed before a stream can be tried, or only one stage of its job; the problems of what is tried
        are shown from now on. The session must have been checked.

        An asynchronous stream is tried up to the first stage that is not described yet. Of a template that is not
        complete, what its streams are made of is tried where that is described.
        """
        session, path = self.session, self.session.streams.around(index)
        last = only or self._last_stage(index)
        if stages.are_one(session, index) or (only is None and last is Stage.DOWNLOAD):
            session.reveal(path)
            first = self._first_error(session.in_order(path))
            if only is None and listing_of(session, index) is not None:
                first = None
        else:
            stages.reveal_up_to(session, index, last)
            first = self._first_error(stages.errors_up_to(session, index, last))
        if first is not None:
            return first
        if only not in (None, Stage.CREATION) and not self.controller.jobs.get(session.streams.name(index)):
            message = f"There is no job yet for a test of the {str(only).lower()} alone: test the creation first."
            return Refusal(path, message, is_mistake=False)
        try:
            self._config()
        except InputError as error:
            return Refusal(self._missing_input(), self._wanted_input() or str(error))
        return None

    def start(self, index: int, *, same_jobs: bool = False, only: Stage | None = None) -> None:
        """Start a trial of a stream that has no `refusal`; a running trial is cancelled.

        `same_jobs` follows the jobs of the trial before instead of creating new ones, and so does a trial of `only`
        one stage after the creation. Raises `ManifestError` when the manifest as a whole keeps it from that.
        """
        session, other = self.session, self.running_stream
        self._tried = session.streams.written(index)
        mark = fingerprint(self._tried).hex()
        name = session.streams.name(index)
        if self.is_ending and other != name:
            self._app.notify(f"The test of {other} is still being cancelled: one test runs at a time.", markup=False)
        last = only or self._last_stage(index)
        config, settings = self._config(), self.controller.settings_of(name)
        connector = self._connector(index, last).for_inputs(config)
        listing = listing_of(session, index) if only is None else None
        if listing is not None:
            connector = with_list(connector, session.streams.around(index), listing)
        is_whole = only is None and last is Stage.DOWNLOAD and listing is None
        run, recorded = None, None
        if self.case is not None:
            recorded = OpenCase(self.case)
            settings = recorded.settings(name, settings)
        elif self._opener is None and is_whole:
            run = RecordedRun(connector, config, Tape(), TrialTokens(session), follows=same_jobs)
        limits = replace(settings.limits, first=only or Stage.CREATION, last=last)
        if last is not Stage.DOWNLOAD:
            limits = replace(limits, slices=1)  # one job shows it all, and stays on the server for the next stages
        source = recorded or run
        before = self.latest(name)
        self._running = self.controller.start(
            name,
            connector,
            config,
            replace(settings, limits=limits),
            fingerprint=mark,
            same_jobs=same_jobs or only in (Stage.POLLING, Stage.DOWNLOAD),
            only=only,
            opener=source.open if source is not None else None,
            template=self._template(index, connector),
            listing=listing,
        )
        self._meanings = picks.meanings(session, index)
        if run is not None:
            self._runs[self._running] = run
        if before is not None:
            self._runs.pop(before, None)  # only the latest can be kept as a case
        self._on_change()

    def _template(self, index: int, connector: Connector) -> StreamTemplate | None:
        """The template that a stream is, None for one that is read as it is."""
        around = self.session.streams.around(index)
        return next((one for one in connector.templates if one.path == around), None)

    def made_streams(self, name: str) -> tuple[str, ...]:
        """The streams that the latest trial of a template has made; empty for other streams."""
        trial = self.latest(name)
        return trial.made if trial is not None else ()

    def shows_list(self, name: str) -> bool:
        """Whether the latest trial of a stream is of what its streams are made of, none of which has been made."""
        trial = self.latest(name)
        return trial is not None and trial.listing is not None

    def is_template(self, name: str) -> bool:
        """Whether a stream is a template."""
        index = self.index_of(name)
        return index is not None and self.session.view.place(index).is_template

    def recorded_run(self, stream: str) -> RecordedRun | None:
        """The traffic of the latest trial of a stream; None while it runs, and where there is none to keep."""
        trial = self.latest(stream)
        return self._runs.get(trial) if trial is not None and not trial.state.running else None

    async def open_case(self, case: Case | None) -> None:
        """Let a recording answer in place of the API; None: the API again.

        A running trial ends. Jobs of the one are none of the other: those that were kept on a server are cleared away.
        """
        await self.close()
        self.case = case
        self._on_change()

    async def close(self, patience: float = PATIENCE) -> None:
        """End the trial that is running, and clear away what was kept on the server, as the streams say now how to."""
        if self.case is not None:
            self.controller.jobs.clear()  # recorded ones: no server has them
        for name, jobs in self.controller.jobs.items():
            index = self.index_of(name)
            if jobs.kept and index is not None:
                with suppress(ManifestError, InputError):
                    config = self._config()
                    connector = self._connector(index, Stage.CREATION).for_inputs(config)
                    self.controller.reach_jobs_by(name, connector, config)
        await self.controller.close(patience)

    def _last_stage(self, index: int) -> Stage:
        """The last stage that a trial of a stream goes through; that of the creation says what is wrong with it."""
        session = self.session
        if session.streams.kind(index) is not StreamKind.ASYNC or stages.are_one(session, index):
            return Stage.DOWNLOAD
        return stages.described(session, index) or Stage.CREATION

    def _connector(self, index: int, last: Stage) -> Connector:
        """The connector; its file is where it was saved last, for a schema that is in a file beside it."""
        session = self.session
        connector = session.connector if last is Stage.DOWNLOAD else stages.connector_up_to(session, index, last)
        file = session.document.file
        return with_allowed_code(replace(connector, file=file), file)

    def code_question(self) -> CodeQuestion | None:
        """What is to be asked before a trial, as it would run Python code; None: nothing. Raises `InputError`."""
        return CodeQuestion.about(self.session.connector, self.session.document.file)

    def _config(self) -> dict[str, Any]:
        connector = self.session.connector
        given = self.session.values.config()
        if self.case is not None:
            return dict(OpenCase(self.case).config(given))
        return gather_inputs(connector.connection_specification, given=given, rules=connector.input_rules)

    def _first_error(self, findings: Iterable[Finding]) -> Refusal | None:
        """The first error of a stream, whose findings are in the order of its form."""
        first = next((one for one in findings if one.is_error), None)
        return Refusal(first.path, labelled(self.session, first)) if first is not None else None

    def _wanted_input(self) -> str:
        """What to do about the first input that is missing; empty when none is."""
        missing = self.session.inputs.missing()
        if not missing:
            return ""
        title = f" ({missing[0].title})" if missing[0].title else ""
        return f"The input `{missing[0].key}`{title} has no test value yet: give it one."

    def _missing_input(self) -> Path:
        missing = self.session.inputs.missing()
        return (*PROPERTIES, missing[0].key) if missing else PROPERTIES

    # What a trial leaves behind

    def _follow(self, change: TrialChanged) -> None:
        if change.trial is self._running and not change.trial.state.running:
            self._running = None
            self._finish(change.trial)
            self._on_change()

    def _finish(self, trial: Trial) -> None:
        """Mark the stream as tried, and import its schema where that happens after each trial."""
        if trial.state.outcome is Outcome.CANCELLED:
            return
        session, name = self.session, trial.state.stream
        if trial.state.limits.last is not Stage.DOWNLOAD or trial.listing is not None:
            return
        warned = [one.text for one in warnings(trial) if one.concern is not Concern.STALE]
        if trial.state.only is None:
            session.trial_marks.put(name, self._tried, [*trial.state.errors, *warned])
        index = self.index_of(name)
        if index is None:
            return
        session.notify(Change(ChangeKind.TESTS, (session.streams.path(index),)))
        if imports_automatically(session, index) and len(trial.records):
            self._app.run_worker(self._import_automatically(trial), exit_on_error=False)

    async def _import_automatically(self, trial: Trial) -> None:
        """Declare what the records of a trial show, unless there is a newer trial of the stream by then."""
        index = self.index_of(trial.state.stream)
        if index is not None:
            self._declare_schema(index)
        try:
            detected = await asyncio.to_thread(self.reporter.detect, trial)
        except Exception as error:
            why = why_not_detected(error)
            self._app.notify(f"The schema was not imported: {why}", severity="warning", markup=False)
            return
        index = self.index_of(trial.state.stream)
        if index is not None and detected is not None and self.is_latest(trial):
            with self._stays_fresh(index):
                import_schema(self.session, index, detected)

    def _declare_schema(self, index: int) -> None:
        session = self.session
        cursor = picks.cursor_field(session, index)
        required = [*picks.primary_key(session, index), *([[cursor]] if cursor else [])]
        self.reporter.declare(session.streams.name(index), declared_schema(session, index), required)

    # What a trial leads to in the manifest

    def map_status(self, name: str, status: str, meaning: JobStatus) -> None:
        """Give a status of the API a meaning: in the trial that is running, and in the manifest."""
        self.controller.map_status(name, status, meaning)
        self._meanings = {**self._meanings, status: meaning}
        index = self.index_of(name)
        if index is not None:
            with self._stays_fresh(index):
                picks.map_status(self.session, index, status, meaning)

    def _pass_on_meanings(self, change: Change) -> None:
        """Let the trial that is running hear of the statuses whose meaning was changed in the form."""
        running = self._running
        if change.kind is not ChangeKind.VALUES or running is None:
            return
        name = running.state.stream
        index = self.index_of(name)
        if index is None or not running.state.asynchronous:
            return
        before, self._meanings = self._meanings, picks.meanings(self.session, index)
        for status in {**before, **self._meanings}:
            meaning = self._meanings.get(status)
            if before.get(status) is not meaning:
                self.controller.map_status(name, status, meaning)
        present = self.session.streams.written(index)
        if present != self._tried and picks.without_mapping(present) == picks.without_mapping(self._tried):
            self._tried = present  # the trial goes by the new mapping, too
            running.state.fingerprint = fingerprint(present).hex()

    def import_schema(self, name: str, report: SchemaReport, *, merge: bool) -> None:
        """Declare a detected schema, or merge it into the declared one."""
        index = self.index_of(name)
        if index is not None:
            with self._stays_fresh(index):
                import_schema(self.session, index, json.loads(report.detected), merge=merge)

    @contextmanager
    def _stays_fresh(self, index: int) -> Iterator[None]:
        """Around edits that follow from a trial, which do not make it stale."""
        session = self.session
        name = session.streams.name(index)
        before = fingerprint(session.streams.written(index))
        yield
        after = session.streams.written(index)
        trial, mark = self.latest(name), session.trial_marks.get(name)
        if trial is not None and trial.state.fingerprint == before.hex():
            trial.state.fingerprint = fingerprint(after).hex()
        if trial is not None and trial is self._running and fingerprint(self._tried) == before:
            self._tried = after
        if mark is not None and mark.fingerprint == before:
            session.trial_marks.put(name, after, mark.warnings)
        session.notify(Change(ChangeKind.TESTS, (session.streams.path(index),)))

    def configure(self, name: str, settings: TrialSettings) -> None:
        """Set how a stream is tried, now and in later sessions, as a step to undo. Raises ManifestError when that can't
        be saved.
        """
        before = self.controller.settings_of(name)
        if settings != before:
            self._chosen.choose(name, before, settings)
