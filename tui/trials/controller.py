"""Runs one trial at a time in a task of the app, and notifies subscribers at most ten times a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, suppress
from dataclasses import dataclass, replace
from typing import Any, Protocol

from textual.app import App
from textual.signal import Signal
from textual.timer import Timer

from core.components.stream import ReadableStream, Stream
from core.connector import Connector
from core.connector.templates import StreamTemplate
from core.errors import LonghaulError, ManifestError, ReadError, fault_text
from core.events import BudgetWait, Event, ExchangeFinished, JobChanged, JobPhase, Log, Outcome, Stage
from core.jobs.known import KnownJobs
from core.jobs.statuses import JobStatus
from core.levels import Level
from core.progress.sentences import phase_line
from core.reading import Limits
from core.runtime.slices import Record, slice_key
from tui.trials.history import History
from tui.trials.state import TrialState
from tui.trials.trial import Listing, Trial, TrialSettings

PATIENCE = 6.0
"""Seconds that jobs may take to be aborted when the builder closes, or goes on with something else."""
TICK = 0.1
"""Seconds between two checks whether there is something to publish."""
_CLOCK_TICKS = 5
"""Ticks after which a running trial is published although nothing happened: its countdowns go on."""
_YIELD_AFTER = 0.02
"""Seconds after which control is yielded to the screen although events keep coming."""


class EventReader(Protocol):
    """A connector that is open for reading, as `core.reading.Reader`."""

    def read(
        self,
        stream: str,
        state: Mapping[str, Any] | None = None,
        limits: Limits = ...,
        encode: Callable[[Sequence[Record]], bytes] | None = None,
        jobs: KnownJobs | None = None,
    ) -> AsyncIterator[Event]:
        """The events of a read."""

    def cancel(self) -> None:
        """Make the read end in an orderly way."""

    def clear_away_kept(self, stream: str, jobs: KnownJobs) -> AsyncIterator[Event]:
        """Abort and delete jobs that were kept on the server."""

    def map_status(self, stream: str, status: str, meaning: JobStatus | None) -> None:
        """Give a status a meaning, also for a read that is running; None: it has none any more."""

    async def make_streams(self, report: Callable[[Event], None]) -> Connector:
        """The connector with the streams that are made of its templates, which can be read from then on."""

    def mask(self, text: str) -> str:
        """The text without secrets."""


Opener = Callable[[Connector, Mapping[str, Any]], AbstractAsyncContextManager[EventReader]]


@dataclass(frozen=True, slots=True)
class TrialChanged:
    """Something about a trial changed; `trial` is the latest of its stream."""

    stream: str
    trial: Trial


@dataclass(frozen=True, slots=True)
class _Use:
    """What a trial was started with; by this its jobs can be reached again. `stream` is its name in the connector."""

    connector: Connector
    config: Mapping[str, Any]
    stream: str
    opener: Opener


class TrialController:
    """Starts, cancels and remembers trials: the latest of each stream and some before it, and how each is tested.

    Everything happens on the app's event loop. Subscribe to `changed` to be notified of changes.
    """

    def __init__(self, app: App[Any], opener: Opener, clock: Callable[[], float] = time.monotonic) -> None:
        self.changed: Signal[TrialChanged] = Signal(app, "trial-changed")
        self.results: dict[str, Trial] = {}
        """The latest trial of each stream."""
        self.history = History()
        self.settings: dict[str, TrialSettings] = {}
        self.jobs: dict[str, KnownJobs] = {}
        """The jobs of the latest trial of each stream, as far as they are still on the server."""
        self._used: dict[str, _Use] = {}
        """What the jobs of each stream are reached by."""
        self._made: dict[str, str] = {}
        """Of a template, the stream made of it that its jobs are of."""
        self._app = app
        self._open = opener
        self.clock = clock
        self._trial: Trial | None = None
        self._reader: EventReader | None = None
        self._task: asyncio.Task[None] | None = None
        self._timer: Timer | None = None
        self._published = -1
        self._ticks = 0

    @property
    def running(self) -> Trial | None:
        """The trial whose read goes on."""
        return self._trial if self._trial is not None and self._trial.state.running else None

    def knows_jobs(self, stream: str) -> bool:
        """Whether a trial of the stream can follow existing jobs."""
        return bool(self.jobs.get(stream)) and self.running is None

    def settings_of(self, stream: str) -> TrialSettings:
        return self.settings.get(stream, TrialSettings())

    def start(
        self,
        stream: str,
        connector: Connector,
        config: Mapping[str, Any],
        settings: TrialSettings | None = None,
        *,
        fingerprint: str = "",
        same_jobs: bool = False,
        only: Stage | None = None,
        opener: Opener | None = None,
        template: StreamTemplate | None = None,
        listing: Listing | None = None,
    ) -> Trial:
        """Begin to read a stream; a read that goes on is cancelled first, and the new one waits for its end.

        `same_jobs` follows the jobs of the previous trial, where they are known, instead of creating new ones.
        Jobs that were kept for a later stage are cleared away when they are not followed. `only` is the stage that a
        person wanted to try, where the limits say so. `opener` opens the connector for this trial. `template`: what is
        read is one of the streams that are made from it. `listing`: what is read is what they are made of.
        `fingerprint` is whatever shows later that the stream is still as it was tested. Problems of the connector or
        the inputs end the trial with their messages; nothing is raised.
        """
        settings = settings or self.settings_of(stream)
        self.cancel()
        before = self.jobs.get(stream, KnownJobs())
        jobs = self.jobs[stream] = before if same_jobs else KnownJobs()
        declared = _declared(connector, stream) if template is None else template.definition.stream_template
        trial = _new_trial(stream, declared, settings, fingerprint, self.clock, only=only)
        source = template or listing
        trial.template, trial.listing = source.definition if source is not None else None, listing
        self._used[stream] = _Use(connector, config, stream, opener or self._open)
        self._trial = trial
        self.results[stream] = trial
        self.history.add(stream, trial)
        read = self._read(
            trial,
            connector,
            config,
            opener or self._open,
            settings=settings,
            jobs=jobs,
            unwanted=before,
            earlier=self._task,
            template=template,
        )
        self._task = asyncio.create_task(read)
        if self._timer is None:
            self._timer = self._app.set_interval(TICK, self._tick)
        self.publish()
        return trial

    def cancel(self) -> None:
        """End the read: stop all requests and abort the jobs on the server."""
        trial = self.running
        if trial is None or trial.state.cancelling:
            return
        trial.state.cancel()
        if self._reader is not None:
            self._reader.cancel()
        self.publish()

    def cancel_or_abandon(self) -> None:
        """What a key or a button does: cancel; a second time, do not wait for the jobs to be aborted."""
        trial = self.running
        if trial is None or not trial.state.cancelling:
            self.cancel()
            return
        trial.state.abandon()
        if self._task is not None:
            self._task.cancel()
        self.publish()

    def map_status(self, stream: str, status: str, meaning: JobStatus | None) -> None:
        """Give a status of the API a meaning for the read that is running; None: it has none any more."""
        trial = self.results.get(stream)
        if trial is None:
            return
        if meaning is not None:
            trial.answer_status(status, str(meaning))
        if self._reader is not None and trial is self.running:
            self._reader.map_status(trial.read_as, status, meaning)
        self.publish()

    def rename(self, old: str, new: str) -> None:
        """Move what is known about a stream to its new name, also while it is read."""
        self.history.rename(old, new)
        for by_stream in (self.results, self.settings, self.jobs, self._used, self._made):
            _rename_key(by_stream, old, new)
        if new in self.results:
            self.results[new].state.stream = new

    async def wait(self, patience: float | None = None) -> None:
        """Wait for the end of the read that goes on, for `patience` seconds at most."""
        if self._task is not None:
            await asyncio.wait([self._task], timeout=patience)

    def reach_jobs_by(self, stream: str, connector: Connector, config: Mapping[str, Any]) -> None:
        """Clear the jobs of a stream away as a connector says, rather than as the one that they were created with."""
        if stream in self._used:
            self._used[stream] = replace(self._used[stream], connector=connector, config=config, stream=stream)

    async def close(self, patience: float = PATIENCE) -> None:
        """End the trial, and clear away the jobs that were kept for later stages; each takes `patience` seconds at
        most.
        """
        self.cancel()
        await self.wait(patience)
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await asyncio.gather(*(self._clear_away_unseen(stream) for stream in [*self.jobs]))
        self.jobs.clear()

    async def _clear_away_unseen(self, stream: str) -> None:
        """Clear away the jobs that were kept for a later stage of a stream; nobody is there to see how that goes."""
        use = self._used.get(stream)
        if use is None or not self.jobs[stream].kept:
            return
        with suppress(LonghaulError, ManifestError, KeyError, OSError):
            async with use.opener(use.connector, use.config) as reader:
                made = self._made.get(stream)
                if made is not None:
                    await reader.make_streams(lambda event: None)
                async for _ in reader.clear_away_kept(made or use.stream, self.jobs[stream]):
                    pass

    async def _read(
        self,
        trial: Trial,
        connector: Connector,
        config: Mapping[str, Any],
        opener: Opener,
        *,
        settings: TrialSettings,
        jobs: KnownJobs,
        unwanted: KnownJobs,
        earlier: asyncio.Task[None] | None,
        template: StreamTemplate | None,
    ) -> None:
        if earlier is not None:
            await asyncio.wait([earlier])
        mask: Callable[[str], str] = str
        try:
            await self.history.put_away(trial)
            if template is None:
                connector.require([trial.read_as])
            async with opener(connector, config) as reader:
                mask, self._reader = reader.mask, reader
                trial.mask = mask
                for doubt in _doubts(connector, trial.read_as):
                    trial.take(Log(stream=trial.read_as, level=Level.WARNING, message=mask(doubt)))
                if trial.state.cancelling:
                    reader.cancel()
                await self._begin(trial, reader, settings, jobs=jobs, unwanted=unwanted, template=template)
                await self._consume(trial, reader, settings, jobs)
        except (LonghaulError, ManifestError) as error:
            trial.state.end(Outcome.FAILED, str(error))
        except KeyError:
            trial.state.end(Outcome.FAILED, f"The manifest has no stream `{trial.read_as}` that can be read.")
        except OSError as error:
            trial.state.end(Outcome.FAILED, f"What was read can't be kept on this machine: {error.strerror or error}.")
        except Exception as error:  # whatever it is, it is shown on the screen and never takes the app down
            trial.state.end(Outcome.FAILED, f"The test was {fault_text(error, mask)}")
        finally:
            self._reader = None
            if unwanted.kept and self.jobs.get(trial.state.stream) is jobs and not len(jobs):
                self.jobs[trial.state.stream] = unwanted  # nothing came of this trial, so they still have to go
            if trial.state.running:
                trial.state.abandon()
            self.publish()

    async def _begin(
        self,
        trial: Trial,
        reader: EventReader,
        settings: TrialSettings,
        *,
        jobs: KnownJobs,
        unwanted: KnownJobs,
        template: StreamTemplate | None,
    ) -> None:
        """Choose among the streams of a template, and clear jobs away that are not followed; a test of what streams are
        made of leaves those of the streams alone. Raises `ReadError`.
        """
        if trial.listing is not None:
            return
        owner = trial.read_as
        if template is not None:
            await _choose_made(reader, trial, template, settings.made)
            owner = self._made.get(trial.state.stream, trial.read_as)
        if unwanted is not jobs:
            await _clear_away(reader, trial, unwanted, owner if owner in trial.made else trial.read_as)
        elif len(jobs):
            _check_followed(trial, owner)
        if template is not None:
            self._made[trial.state.stream] = trial.read_as

    async def _consume(self, trial: Trial, reader: EventReader, settings: TrialSettings, jobs: KnownJobs) -> None:
        yielded = time.monotonic()
        events = reader.read(trial.read_as, settings.state, settings.limits, trial.inspector.encode, jobs)
        async with aclosing(events) as following:  # type: ignore[type-var]  # an async generator in fact
            async for event in following:
                trial.take(event)
                if not trial.state.running:
                    self.publish()
                if time.monotonic() - yielded > _YIELD_AFTER:
                    await asyncio.sleep(0)
                    yielded = time.monotonic()

    def _tick(self) -> None:
        trial = self.running
        if trial is None:
            if self._timer is not None:
                self._timer.stop()
                self._timer = None
            return
        self._ticks += 1
        if trial.state.version != self._published or self._ticks % _CLOCK_TICKS == 0:
            self.publish()

    def publish(self) -> None:
        """Notify all subscribers of the latest trial now."""
        if self._trial is not None:
            self._published = self._trial.state.version
            self.changed.publish(TrialChanged(self._trial.state.stream, self._trial))


async def _choose_made(reader: EventReader, trial: Trial, template: StreamTemplate, wanted: str) -> None:
    """Make the streams of a template, and let the trial be of the wanted one, or of the first that can be read.

    Raises `ReadError`.
    """
    phases: dict[bytes, JobPhase] = {}

    def take(event: Event) -> None:
        """Take in an event of the list: the slices of a trial are those of the stream, so jobs are only told of."""
        if isinstance(event, ExchangeFinished | Log | BudgetWait):
            trial.take(event)
        elif isinstance(event, JobChanged) and phases.get(slice_key(event.slice)) is not event.phase:
            phases[slice_key(event.slice)] = event.phase
            level, text = phase_line(event)
            trial.take(Log(stream=event.stream, level=level, message=text))

    connector = await reader.make_streams(take)
    names = connector.made_streams.get(template.name, ())
    trial.made = tuple(name for name in names if name not in connector.unmade)
    can_be_read = [name for name in names if name not in connector.broken]
    name = wanted if wanted in names else next(iter(can_be_read or names), "")
    if not name:
        raise ReadError("No stream is made from this template: what it is made from has nothing in it.")
    if name in connector.broken:
        said = " ".join(one.message.rstrip(".") + "." for one in connector.broken[name])
        raise ReadError(said[:1].upper() + said[1:] if name in connector.unmade else f"{name} can't be read: {said}")
    trial.read_made(name, connector.stream(name).described, names)


def _doubts(connector: Connector, stream: str) -> list[str]:
    """What is said of the condition around a stream where that only counts as true."""
    around = {one.path[:2] for one in connector.entries if one.name == stream}
    return [doubt.message for doubt in connector.doubts if doubt.path[:2] in around]


def _declared(connector: Connector, stream: str) -> Stream | None:
    try:
        return connector.stream(stream)
    except KeyError:
        return None


def _check_followed(trial: Trial, owner: str) -> None:
    """Whether the jobs that are there, of the stream `owner`, are those of the stream that is read. Raises
    `ReadError`.
    """
    if owner != trial.read_as:
        raise ReadError(
            f"The job that is there is one of `{owner}`, not of `{trial.read_as}`. Choose `{owner}` in the settings of "
            "the test, or test with a new job."
        )


async def _clear_away(reader: EventReader, trial: Trial, jobs: KnownJobs, owner: str) -> None:
    """Clear away jobs of the stream `owner`."""
    if jobs.kept:
        async for event in reader.clear_away_kept(owner, jobs):
            trial.take(replace(event, slice=None))  # its slice is none of this trial


def _rename_key(by_stream: dict[str, Any], old: str, new: str) -> None:
    if old in by_stream:
        by_stream[new] = by_stream.pop(old)


def _new_trial(
    stream: str,
    declared: Stream | None,
    settings: TrialSettings,
    fingerprint: str,
    clock: Callable[[], float],
    *,
    only: Stage | None,
) -> Trial:
    readable = declared if isinstance(declared, ReadableStream) else None
    jobs = [way.retriever.job_steps for way in readable.ways] if readable is not None else []
    state = TrialState(
        stream,
        asynchronous=any(steps is not None for steps in jobs),
        can_abort=all(steps is None or steps.can_abort for steps in jobs),
        limits=settings.limits,
        input_state=settings.state,
        fingerprint=fingerprint,
        clock=clock,
        only=only,
    )
    return Trial(state, readable.described if readable is not None else None)
