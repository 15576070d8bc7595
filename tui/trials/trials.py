"""Tests the streams of a project: starts reads, keeps what they leave behind, writes what they lead to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from textual.app import App
from textual.dom import DOMNode

from core.connector import Connector
from core.errors import InputError
from core.events import Outcome
from core.inputs import gather_inputs
from core.jobs.statuses import JobStatus
from core.manifest.problems import Path
from core.reading import open_reader
from tui.forms.wording import message_and_hint
from tui.model.declared_schema import declared_schema, import_schema, imports_automatically
from tui.model.editor import Change, ChangeKind
from tui.model.inputs import PROPERTIES
from tui.model.session import BuilderSession
from tui.model.settings import Settings
from tui.model.streams import StreamKind, fingerprint
from tui.model.tokens import TrialTokens
from tui.trials import picks
from tui.trials.controller import SPARE_BODIES, TrialChanged, TrialController
from tui.trials.hints import SchemaReporting
from tui.trials.notices import warnings
from tui.trials.phases import what_ending_does
from tui.trials.remedies import Concern
from tui.trials.trial import TEST_LIMITS, Trial, TrialSettings
from tui.trials.view.panels import no_schema
from tui.trials.view.questions import NodeUse
from tui.trials.view.subject import Subject


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a test was not begun, and where to fix that."""

    path: Path
    message: str


class Trials:
    """Owns the run controller of a session. `told` is called when a test begins or ends."""

    __test__ = False

    def __init__(self, app: App[Any], session: BuilderSession, settings: Settings, told: Callable[[], None]) -> None:
        opener = partial(open_reader, spare_bodies=SPARE_BODIES, tokens=TrialTokens(session))
        self.controller = TrialController(app, opener)
        self.reporter = SchemaReporting()
        self._app = app
        self._session = session
        self._settings = settings
        self._told = told
        self._running: Trial | None = None
        self._tested: Any = None
        """The stream as it was when its test began."""
        self._recall_limits()

    def listen(self, node: DOMNode) -> None:
        """Hear of what happens to tests as long as a node is there."""
        self.controller.changed.subscribe(node, self._hear, immediate=True)

    @property
    def testing(self) -> str | None:
        """The stream whose test is running."""
        run = self.controller.running
        return run.state.stream if run is not None else None

    @property
    def is_ending(self) -> bool:
        """Whether the test that is running was cancelled already."""
        run = self.controller.running
        return run is not None and run.state.cancelling

    def what_ending_does(self) -> str:
        """What happens when the test that is running is ended, in sentences; empty without one."""
        run = self.controller.running
        return what_ending_does(run.state) if run is not None else ""

    def subject(self, index: int) -> Subject:
        """What the test screen must know of a stream."""
        session, path = self._session, ("streams", index)
        self._look_at(index)
        return Subject(
            session.streams.name(index),
            session.streams.kind(index) is StreamKind.ASYNC,
            fingerprint(session.value(path)).hex(),
            session.counts(path).errors,
        )

    # Testing

    def refusal(self, index: int) -> Refusal | None:
        """What must be fixed before a stream can be tested; from now on its problems are shown. Check it before."""
        session, path = self._session, ("streams", index)
        session.reveal(path)
        first = self._first_error(path)
        if first is not None:
            return first
        try:
            self._config()
        except InputError as error:
            return Refusal(self._missing_input(), str(error))
        return None

    def start(self, index: int, *, same_jobs: bool = False) -> None:
        """Begin to test a stream that nothing refuses; a test that runs is cancelled.

        `same_jobs` follows the jobs of the test before instead of creating new ones.
        """
        session, other = self._session, self.testing
        self._tested = session.value(("streams", index))
        mark = fingerprint(self._tested).hex()
        name = session.streams.name(index)
        if other not in (None, name):
            self._app.notify(f"The test of {other} was cancelled: one test runs at a time.", markup=False)
        self._running = self.controller.start(
            name, self._connector, self._config(), fingerprint=mark, same_jobs=same_jobs
        )
        self._told()

    @property
    def _connector(self) -> Connector:
        """The connector; its file is where it was saved last, for a schema that is in a file beside it."""
        return replace(self._session.connector, file=self._session.document.file)

    def _config(self) -> dict[str, Any]:
        connector = self._session.connector
        given = self._session.values.config()
        return gather_inputs(connector.connection_specification, given=given, rules=connector.input_rules)

    def _first_error(self, path: Path) -> Refusal | None:
        """The first error of a stream in the order of its form."""
        session = self._session
        errors = [one for one in session.problems(path) if one.is_error]
        after = path
        for _ in session.problems():
            found = session.next_problem(after)
            if found is not None and found in errors:
                return Refusal(found.path, message_and_hint(session, found)[0])
            after = found.path if found is not None else after
        return Refusal(errors[0].path, message_and_hint(session, errors[0])[0]) if errors else None

    def _missing_input(self) -> Path:
        values = self._session.values
        for one in self._session.inputs.all():
            if one.required and one.default is None and not values.has(one.key):
                return (*PROPERTIES, one.key)
        return PROPERTIES

    # What a test leaves behind

    def _hear(self, change: TrialChanged) -> None:
        if change.trial is self._running and not change.trial.state.running:
            self._running = None
            self._finish(change.trial)
            self._told()

    def _finish(self, run: Trial) -> None:
        """Remember that the stream was tested; take its schema over where that happens by itself."""
        if run.state.outcome is Outcome.CANCELLED:
            return
        session, name = self._session, run.state.stream
        told = [one.text for one in warnings(run) if one.concern is not Concern.STALE]
        session.trial_marks.put(name, self._tested, [*run.state.errors, *told])
        index = self.index_of(name)
        if index is None:
            return
        session.notify(Change(ChangeKind.TESTS, (("streams", index),)))
        if imports_automatically(session, index) and len(run.records):
            self._app.run_worker(self._import_by_itself(run), exit_on_error=False)

    async def _import_by_itself(self, run: Trial) -> None:
        """Take over what the records of a run show, unless there is a newer test of the stream by then."""
        index = self.index_of(run.state.stream)
        if index is not None:
            self._look_at(index)
        try:
            found = await asyncio.to_thread(self.reporter.detect, run)
        except Exception as error:
            self._app.notify(f"The schema was not imported: {no_schema(error)}", severity="warning", markup=False)
            return
        index = self.index_of(run.state.stream)
        if index is not None and found is not None and self.is_latest(run):
            with self._still_tested(index):
                import_schema(self._session, index, found)

    def is_latest(self, run: Trial) -> bool:
        """Whether there is no newer test of the stream of a run."""
        return self.controller.results.get(run.state.stream) is run

    def _look_at(self, index: int) -> None:
        session = self._session
        self.reporter.look_at(session.streams.name(index), declared_schema(session, index), self._keys(index))

    def index_of(self, name: str) -> int | None:
        """The index of a stream by its name."""
        names = self._session.streams.names()
        return names.index(name) if name in names else None

    def rename(self, old: str, new: str) -> None:
        """Keep what is known of a stream that has another name now."""
        self.controller.rename(old, new)
        self.remember_limits(new)

    # What a test leads to

    def map_status(self, name: str, status: str, meaning: JobStatus) -> None:
        """Write into the manifest what a status means; the test that asked for it knows already."""
        index = self.index_of(name)
        if index is not None:
            with self._still_tested(index):
                picks.map_status(self._session, index, status, meaning)

    def use_node(self, name: str, use: NodeUse, path: tuple[str, ...], *, add: bool = False) -> Path | None:
        """Write a picked node into the stream; gives the place."""
        index = self.index_of(name)
        return picks.use_node(self._session, index, use, path, add=add) if index is not None else None

    def primary_key(self, name: str) -> list[list[str]]:
        """The fields of a stream's primary key."""
        index = self.index_of(name)
        return picks.primary_key(self._session, index) if index is not None else []

    def take_schema(self, name: str, detected: str, *, merge: bool) -> None:
        """Declare a detected schema."""
        index = self.index_of(name)
        if index is not None:
            with self._still_tested(index):
                import_schema(self._session, index, json.loads(detected), merge=merge)

    @contextmanager
    def _still_tested(self, index: int) -> Iterator[None]:
        """Edits that follow from a test, so that it is not stale after them."""
        session = self._session
        name, path = session.streams.name(index), ("streams", index)
        before = fingerprint(session.value(path))
        yield
        after = session.value(path)
        run, mark = self.controller.results.get(name), session.trial_marks.get(name)
        if run is not None and run.state.fingerprint == before.hex():
            run.state.fingerprint = fingerprint(after).hex()
        if run is not None and run is self._running and fingerprint(self._tested) == before:
            self._tested = after
        if mark is not None and mark.fingerprint == before:
            session.trial_marks.put(name, after, mark.warnings)
        session.notify(Change(ChangeKind.TESTS, (path,)))

    def _keys(self, index: int) -> list[list[str]]:
        cursor = picks.cursor_field(self._session, index)
        return [*picks.primary_key(self._session, index), *([[cursor]] if cursor else [])]

    # Limits

    def remember_limits(self, name: str) -> None:
        """Keep how a stream is tested for the next time. Raises ManifestError."""
        if self._session.path is not None and name in self.controller.settings:
            chosen = self.controller.settings[name]
            limits = {"records": chosen.limits.records, "pages": chosen.limits.pages, "slices": chosen.limits.slices}
            state = {"state": dict(chosen.state)} if chosen.state is not None else {}
            self._settings.set_limits(self._session.path, name, {**limits, **state})

    def _recall_limits(self) -> None:
        for name in self._session.streams.names() if self._session.path is not None else ():
            assert self._session.path is not None
            kept = self._settings.limits(self._session.path, name)
            if kept:
                self.controller.settings[name] = _settings_of(kept)


def _settings_of(kept: dict[str, Any]) -> TrialSettings:
    """Test settings as they were written; what makes no sense counts as no limit."""
    numbers = {name: kept.get(name) for name in ("records", "pages", "slices")}
    limits = {name: number if isinstance(number, int) and number > 0 else None for name, number in numbers.items()}
    state = kept.get("state")
    return TrialSettings(replace(TEST_LIMITS, **limits), state if isinstance(state, dict) else None)
