"""What runs on the workers of a Dask cluster: slices are read in one event loop for each run, however many they are.

A task is one slice. It leaves the pool of its worker at once, so that waiting for jobs keeps no other slice from being
read. The first task of a run opens the connector, the others share it: its connections, tokens, and part of the API
budget. A message to the process that conducts the run goes through a topic of the scheduler: events in batches, without
records, and who needs the lease of a job. Its answers are calls of the functions at the end.
"""

from __future__ import annotations

import asyncio
import pickle
import signal
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

from core.connector import Connector, load_connector
from core.connector.templates import Made
from core.errors import LonghaulError, fault_text
from core.events import Event, ExchangeFinished, Outcome
from core.http.secrets import Secrets
from core.inputs import secret_values
from core.manifest.document import Document
from core.outputs.token_file import TokenFile
from core.reading import Reader, open_reader
from core.reading.surroundings import Surroundings
from core.scaling.plan import PlannedSlice
from core.scaling.slice_files import SliceFolder
from core.scaling.slice_reading import Nested, SliceReader, SliceResult, failed
from core.version import VERSION

FLUSH = 0.1
"""Seconds between two batches of events."""
FORSAKEN_AFTER = 60.0
"""Seconds after which a worker that hears nothing of the conducting process gives the run up."""
GRACE = 5.0
"""Seconds that reads have to end when the run is over."""
LOCKED_FOR = 40.0
"""Seconds that the slice of a worker that is gone may stay locked."""
_TOKENS = ".longhaul.tokens.json"


@dataclass(frozen=True)
class StreamWork:
    """What the slices of a stream have in common."""

    stream: str
    plan: str
    state: Mapping[str, Any] | None
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class RunWork:
    """What the slices of a run have in common. It holds secrets, which is why it has no text that could be logged.

    `parts` processes share the API budget; `verbose`: every exchange is reported. `made` is what came of the templates
    of the connector, where it has some.
    """

    id: str
    manifest: str = field(repr=False)
    file: str
    config: Mapping[str, Any] = field(repr=False)
    output: str
    ending: str
    nested: Nested
    parts: int
    verbose: bool
    made: Made | None = field(default=None, repr=False)


def shared_tokens(output: Path) -> TokenFile:
    """The renewed tokens, in the output directory: all workers share them."""
    return TokenFile(output / _TOKENS)


class Sealed:
    """Something that travels to a worker, and that no log or dashboard shows."""

    def __init__(self, content: Any) -> None:
        self._data = content if isinstance(content, bytes) else zlib.compress(pickle.dumps(content), 1)

    def __repr__(self) -> str:
        return "..."

    def open(self) -> Any:
        return pickle.loads(zlib.decompress(self._data))


def read_slice(run: str, work: Sealed, stream: Sealed, planned: Sealed) -> SliceResult:
    """The task: read a slice. Failures are results, so that no log of Dask holds what they say."""
    distributed: Any = import_module("distributed")
    worker = distributed.get_worker()
    distributed.secede()
    return RunOnWorker.of(run, work, worker).read(stream.open(), planned.open())


class RunOnWorker:
    """One run on this worker: a thread with an event loop and an open connector."""

    runs: ClassVar[dict[str, RunOnWorker]] = {}
    _lock: ClassVar[threading.Lock] = threading.Lock()

    @classmethod
    def of(cls, run: str, work: Sealed, worker: Any) -> RunOnWorker:
        """The run, begun with its first slice."""
        with cls._lock:
            if run not in cls.runs:
                cls.runs[run] = cls(work.open(), worker)
            return cls.runs[run]

    def __init__(self, work: RunWork, worker: Any) -> None:
        self._work = work
        self._worker = worker
        self._events: list[Event] = []
        self._heard = time.monotonic()
        self._cancelled = False
        self._reading = 0
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._opened: Future[tuple[Connector, Reader]] = Future()
        self.leases = WorkerLeases(self._send)
        threading.Thread(target=self._run, name=f"longhaul-run-{work.id}", daemon=True).start()

    def read(self, stream: StreamWork, planned: PlannedSlice) -> SliceResult:
        """Read a slice; any thread may call, which waits."""
        try:
            connector, reader = self._opened.result()
        except LonghaulError as error:
            return failed(planned, str(error), final=True)
        reading = self._read(connector, reader, stream, planned)
        try:
            return asyncio.run_coroutine_threadsafe(reading, self._loop).result()
        except Exception as error:
            return failed(planned, self._fault(error))

    async def _read(
        self, connector: Connector, reader: Reader, stream: StreamWork, planned: PlannedSlice
    ) -> SliceResult:
        if self._cancelled or self._over.is_set():
            return SliceResult(planned, Outcome.CANCELLED)
        folder = SliceFolder(Path(self._work.output), stream.stream, connector.stream_names, self._work.ending)
        nested = self._work.nested
        slices = SliceReader(
            reader, stream.stream, stream.state, folder, stream.plan, stream.schema, self._emit, nested, LOCKED_FOR
        )
        self._reading += 1
        try:
            return await slices.read(planned)
        finally:
            self._reading -= 1
            self._flush()

    # The thread

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._keep_open())
        except Exception as error:
            failure = error if isinstance(error, LonghaulError) else LonghaulError(self._fault(error))
            if not self._opened.done():
                self._opened.set_exception(failure)
        finally:
            self._loop.close()
            self.runs.pop(self._work.id, None)

    async def _keep_open(self) -> None:
        work = self._work
        connector = load_connector(Document.parse(work.manifest, work.file)).for_inputs(work.config)
        if work.made is not None:
            secrets = Secrets(secret_values(connector.connection_specification, work.config))
            connector = connector.with_made(work.made, secrets.mask)
        tokens = shared_tokens(Path(work.output))
        around = Surroundings(parts=work.parts, leases=self.leases)
        async with open_reader(connector, work.config, body_limit=0, tokens=tokens, around=around) as reader:
            self._opened.set_result((connector, reader))
            while not self._over.is_set():
                if time.monotonic() - self._heard > FORSAKEN_AFTER:
                    self._cancelled = True
                if self._cancelled:
                    reader.cancel()
                    self.leases.end()
                self._flush()
                try:
                    await asyncio.wait_for(self._over.wait(), FLUSH)
                except TimeoutError:
                    if self._cancelled and time.monotonic() - self._heard > 2 * FORSAKEN_AFTER:
                        break
            reader.cancel()
            until = time.monotonic() + GRACE
            while self._reading and time.monotonic() < until:
                self.leases.end()
                await asyncio.sleep(FLUSH)

    def _fault(self, error: Exception) -> str:
        """What is said of a mistake of ours."""
        specification: Mapping[str, Any] = {}
        if self._opened.done() and not self._opened.exception():
            specification = self._opened.result()[0].connection_specification
        values = [*secret_values(specification, self._work.config), *_texts(self._work.config)]
        return fault_text(error, Secrets(values).mask)

    # Messages

    def _emit(self, event: Event) -> None:
        if self._work.verbose or not isinstance(event, ExchangeFinished):
            self._events.append(event)

    def _flush(self) -> None:
        events, self._events = self._events, []
        if events:
            self._send({"events": pickle.dumps(events)})

    def _send(self, message: dict[str, Any]) -> None:
        self._worker.log_event(topic_of(self._work.id), {**message, "worker": self._worker.address})

    def hear(self) -> None:
        """The conducting process is there; any thread may call."""
        self._heard = time.monotonic()

    def cancel(self) -> None:
        """End all reads; any thread may call."""
        self._cancelled = True

    def close(self) -> None:
        """The run is over; any thread may call."""
        self._loop.call_soon_threadsafe(self._over.set)

    def granted(self, key: str) -> None:
        """A slice may have a job; any thread may call."""
        self._loop.call_soon_threadsafe(self.leases.grant, key)


class WorkerLeases:
    """Asks the conducting process for the leases of jobs. `send` passes a message on."""

    def __init__(self, send: Callable[[dict[str, Any]], None]) -> None:
        self._send = send
        self._waiting: dict[str, asyncio.Future[None]] = {}

    async def take(self, key: str) -> None:
        """Wait for the lease of a slice."""
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[key] = granted
        self._send({"take": key})
        try:
            await granted
        finally:
            self._waiting.pop(key, None)

    def give_back(self, key: str) -> None:
        self._send({"give": key})

    def grant(self, key: str) -> None:
        """The conducting process says that a slice may have a job."""
        granted = self._waiting.get(key)
        if granted is not None and not granted.done():
            granted.set_result(None)

    def end(self) -> None:
        """Nobody grants anything any more: those who wait are cancelled with their reads."""
        for granted in self._waiting.values():
            granted.cancel()


def _texts(value: Any) -> list[str]:
    """All texts of the inputs: any of them may be a secret."""
    if isinstance(value, Mapping):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [value] if isinstance(value, str) else []


def topic_of(run: str) -> str:
    """The topic of the messages of a run."""
    return f"longhaul-{run}"


def interrupts_ignored() -> Any:
    """A plugin for workers that have the terminal of the conducting process, which tells them what Ctrl-C means."""
    distributed: Any = import_module("distributed")

    class InterruptsIgnored(distributed.WorkerPlugin):  # type: ignore[misc]  # Dask is loaded when it is used
        def setup(self, worker: Any) -> None:
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGINT, signal.SIG_IGN)

    return InterruptsIgnored()


# What the conducting process calls on a worker


def version() -> str:
    return VERSION


def sees(path: str, content: str) -> bool:
    """Whether the worker sees a file with this content."""
    try:
        return Path(path).read_text(encoding="utf-8") == content
    except OSError:
        return False


def hear(run: str) -> None:
    if run in RunOnWorker.runs:
        RunOnWorker.runs[run].hear()


def grant(run: str, key: str) -> None:
    if run in RunOnWorker.runs:
        RunOnWorker.runs[run].granted(key)


def cancel(run: str) -> None:
    if run in RunOnWorker.runs:
        RunOnWorker.runs[run].cancel()


def close(run: str) -> None:
    if run in RunOnWorker.runs:
        RunOnWorker.runs[run].close()
