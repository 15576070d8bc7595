"""Runs one test read at a time in a task of the app, and tells those who watch at most ten times a second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, aclosing
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from textual.app import App
from textual.signal import Signal
from textual.timer import Timer

from core.command.leaving import fault
from core.components.async_retriever import AsyncRetriever
from core.connector import Connector
from core.errors import LonghaulError, ManifestError
from core.events import Event
from core.jobs.job import KnownJobs
from core.jobs.statuses import JobStatus
from core.reading import Limits, open_reader
from core.runtime.slices import Record
from tui.trials.state import TrialState
from tui.trials.trial import Trial, TrialSettings

SPARE_BODIES = 12_000_000
"""Bytes of large bodies that a test keeps to be looked at. More would halt the screen while they are taken in."""
TICK = 0.1
"""Seconds between two looks at whether there is something to tell."""
_CLOCK_TICKS = 5
"""Ticks after which watchers hear of a running read although nothing happened: its countdowns go on."""
_TURN = 0.02
"""Seconds after which the screen gets its turn although events keep coming."""


_open = partial(open_reader, spare_bodies=SPARE_BODIES)


class EventReader(Protocol):
    """A connector that is open for reading, as `core.reading.Reader`."""

    def read(
        self,
        stream: str,
        state: Mapping[str, Any] | None = None,
        limits: Limits = ...,
        encode: Callable[[list[Record]], bytes] | None = None,
        jobs: KnownJobs | None = None,
    ) -> AsyncIterator[Event]:
        """The events of a read."""

    def cancel(self) -> None:
        """Make the read come to a tidy end."""

    def map_status(self, stream: str, status: str, meaning: JobStatus) -> None:
        """Give a status a meaning, for a read that is running too."""

    def mask(self, text: str) -> str:
        """The text without secrets."""


Opener = Callable[[Connector, Mapping[str, Any]], AbstractAsyncContextManager[EventReader]]


@dataclass(frozen=True, slots=True)
class TrialChanged:
    """Something about a test read changed; `run` is the latest of its stream."""

    stream: str
    run: Trial


class TrialController:
    """Starts, cancels and remembers test reads: the latest of each stream, and how each stream is tested.

    Everything happens on the app's event loop. Subscribe to `changed` to hear of changes.
    """

    def __init__(self, app: App[Any], opener: Opener = _open, clock: Callable[[], float] = time.monotonic) -> None:
        self.changed: Signal[TrialChanged] = Signal(app, "run-changed")
        self.results: dict[str, Trial] = {}
        self.settings: dict[str, TrialSettings] = {}
        self.jobs: dict[str, KnownJobs] = {}
        """The jobs of the latest test of each stream, as far as they are still on the server."""
        self._app = app
        self._open = opener
        self.clock = clock
        """Gives seconds."""
        self._run: Trial | None = None
        self._reader: EventReader | None = None
        self._task: asyncio.Task[None] | None = None
        self._timer: Timer | None = None
        self._told = -1
        self._ticks = 0

    @property
    def running(self) -> Trial | None:
        """The read that goes on."""
        return self._run if self._run is not None and self._run.state.running else None

    def knows_jobs(self, stream: str) -> bool:
        """Whether a test of the stream can follow jobs that are there already."""
        return bool(self.jobs.get(stream)) and self.running is None

    def settings_of(self, stream: str) -> TrialSettings:
        """How a stream is tested."""
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
    ) -> Trial:
        """Begin to read a stream; a read that goes on is cancelled first, and the new one waits for its end.

        `same_jobs` follows the jobs of the test before, where they are known, instead of creating new ones.
        `fingerprint` is whatever tells later whether the stream is still as it was tested. Problems of the
        connector or the inputs end the run with their sentences; nothing is raised.
        """
        settings = settings or self.settings_of(stream)
        if self.running is not None and not self.running.state.cancelling:
            self.cancel()
        jobs = self.jobs.setdefault(stream, KnownJobs()) if same_jobs else KnownJobs()
        self.jobs[stream] = jobs
        run = _new_run(stream, connector, settings, fingerprint, self.clock)
        self._run = run
        self.results[stream] = run
        read = self._read(run, connector, config, settings=settings, jobs=jobs, earlier=self._task)
        self._task = asyncio.create_task(read)
        if self._timer is None:
            self._timer = self._app.set_interval(TICK, self._tick)
        self.tell()
        return run

    def cancel(self) -> None:
        """End the read: stop all requests and abort the jobs on the server. A second call does not wait for that."""
        run = self.running
        if run is None:
            return
        if run.state.cancelling:
            run.state.abandon()
            if self._task is not None:
                self._task.cancel()
        else:
            run.state.cancel()
            if self._reader is not None:
                self._reader.cancel()
        self.tell()

    def map_status(self, stream: str, status: str, meaning: JobStatus) -> None:
        """Give a status of the API a meaning for the read that is running."""
        run = self.results.get(stream)
        if run is None:
            return
        run.answer_status(status, str(meaning))
        if self._reader is not None and run is self.running:
            self._reader.map_status(run.read_as, status, meaning)
        self.tell()

    def rename(self, old: str, new: str) -> None:
        """A stream has another name now; what is known of it goes along, a read that is running too."""
        for kept in (self.results, self.settings, self.jobs):
            _rename_key(kept, old, new)
        if new in self.results:
            self.results[new].state.stream = new

    async def wait(self, patience: float | None = None) -> None:
        """Wait for the end of the read that goes on, at most so many seconds."""
        if self._task is not None:
            await asyncio.wait([self._task], timeout=patience)

    async def close(self, patience: float = 6.0) -> None:
        """End what goes on before the app quits, giving the jobs on the server so many seconds to be aborted."""
        self.cancel()
        await self.wait(patience)

    async def _read(
        self,
        run: Trial,
        connector: Connector,
        config: Mapping[str, Any],
        *,
        settings: TrialSettings,
        jobs: KnownJobs,
        earlier: asyncio.Task[None] | None,
    ) -> None:
        if earlier is not None:
            await asyncio.wait([earlier])
        mask: Callable[[str], str] = str
        try:
            async with self._open(connector, config) as reader:
                mask, self._reader = reader.mask, reader
                run.mask = mask
                if run.state.cancelling:
                    reader.cancel()
                await self._consume(run, reader, settings, jobs)
        except (LonghaulError, ManifestError) as error:
            run.state.fail(str(error))
        except KeyError:
            run.state.fail(f"The manifest has no stream `{run.read_as}` that can be read.")
        except OSError as error:
            run.state.fail(f"What was read can't be kept on this machine: {error.strerror or error}.")
        except Exception as error:  # whatever it is, it is told on the screen and never takes the app down
            run.state.fail(f"The test was {fault(error, mask)}")
        finally:
            self._reader = None
            if run.state.running:
                run.state.abandon()
            self.tell()

    async def _consume(self, run: Trial, reader: EventReader, settings: TrialSettings, jobs: KnownJobs) -> None:
        turn = time.monotonic()
        events = reader.read(run.read_as, settings.state, settings.limits, run.inspector.encode, jobs)
        async with aclosing(events) as following:  # type: ignore[type-var]  # an async generator in fact
            async for event in following:
                run.take(event)
                if not run.state.running:
                    self.tell()
                if time.monotonic() - turn > _TURN:
                    await asyncio.sleep(0)
                    turn = time.monotonic()

    def _tick(self) -> None:
        run = self.running
        if run is None:
            if self._timer is not None:
                self._timer.stop()
                self._timer = None
            return
        self._ticks += 1
        if run.state.version != self._told or self._ticks % _CLOCK_TICKS == 0:
            self.tell()

    def tell(self) -> None:
        """Let everybody who watches hear of the latest read now."""
        if self._run is not None:
            self._told = self._run.state.version
            self.changed.publish(TrialChanged(self._run.state.stream, self._run))


def _rename_key(kept: dict[str, Any], old: str, new: str) -> None:
    if old in kept:
        kept[new] = kept.pop(old)


def _new_run(
    stream: str,
    connector: Connector,
    settings: TrialSettings,
    fingerprint: str,
    clock: Callable[[], float],
) -> Trial:
    state = TrialState(stream, limits=settings.limits, input_state=settings.state, fingerprint=fingerprint, clock=clock)
    try:
        declared = connector.stream(stream)
    except KeyError:
        return Trial(state)
    if isinstance(declared.retriever, AsyncRetriever):
        state.asynchronous = True
        state.can_abort = declared.retriever.abort_requester is not None
    return Trial(state, declared)
