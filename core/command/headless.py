"""A headless run: reads streams side by side, and writes and shows what comes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.cases.case import CaseError
from core.cases.recorder import CaseRecorder
from core.command.conduct import Conduct
from core.command.shutdown import GRACE
from core.connector import Connector
from core.errors import ManifestError, ReadError, fault_text
from core.events import (
    Event,
    Outcome,
    Records,
    SchemaLoaded,
    SliceFinished,
    SliceStarted,
    StateAdvanced,
    StreamFinished,
)
from core.http.exchange import BODY_LIMIT
from core.levels import Level
from core.loading import LoadBuffer, Loads
from core.outputs.destination import Destination
from core.outputs.durable import OutputError
from core.outputs.file_folder import FileFolder
from core.outputs.har import HarTrace
from core.outputs.job_journal import JobJournal, SavedSlices
from core.outputs.sinks import OutputSink
from core.outputs.slice_buffer import SliceBuffer
from core.outputs.state import StateFile
from core.outputs.token_file import TokenFile
from core.progress.picture import RunPicture
from core.progress.plain import Progress
from core.progress.sentences import load_line, run_summary, stream_summary
from core.reading import Carried, Limits, Reader, open_reader

STREAMS_AT_ONCE = 4
LOAD_GRACE = 25.0
"""Seconds that a run has for an orderly end when it loads into a database: what is complete is loaded first."""
STILL_RUNNING = 75
"""The exit code when jobs are left to a later run: EX_TEMPFAIL of sysexits.h, "try again later"."""

Buffer = SliceBuffer | LoadBuffer
"""What takes the records of a stream, for files or for a destination of loads: both are used in the same way."""

_TOKEN_LOST = (
    "A refresh token that the API replaced could not be kept there, and the one in the inputs may not work any more: "
    "make room for that file, then sign in again and put the new refresh token into the inputs before the next run."
)


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a run reads and where the results go; `limit` is the number of records per stream.

    `loads` take the records in place of the destination, and keep the state in place of the file.
    `jobs` is the journal beside the state; `detach`: jobs that run are left to a later run, which finds them there.
    `before` are requests from before, which were shown then; `carried` is what they have left.
    """

    connector: Connector
    config: Mapping[str, Any]
    streams: tuple[str, ...]
    destination: Destination
    state: StateFile | None = None
    loads: Loads | None = None
    trace: HarTrace | None = None
    tokens: TokenFile | None = None
    files: FileFolder | None = None
    case: CaseRecorder | None = None
    limit: int | None = None
    jobs: JobJournal | None = None
    detach: bool = False
    before: Iterable[Event] = ()
    carried: Carried = field(default_factory=Carried)


class HeadlessRun:
    """Reads the streams of a plan, once."""

    def __init__(self, plan: RunPlan, picture: RunPicture, progress: Progress) -> None:
        self._plan = plan
        self._picture = picture
        self._progress = progress
        self._conduct = Conduct(picture, progress, plan.trace, LOAD_GRACE if plan.loads else GRACE)
        self._output_closed = False
        self._saved: dict[str, SavedSlices] = {}
        jobs = plan.jobs
        self._following = {name for name in plan.streams if jobs is not None and len(jobs.of(name))}
        """Streams with jobs of an earlier run that take their slots, since the API counts them, before others begin."""
        self._others_may_begin = asyncio.Event()

    def __call__(self) -> int:
        """Read everything and return the exit code: 0, 1 when a stream failed, 75 when jobs are left to a later run, or
        128 plus the signal that ended it.
        """
        return self._conduct.run(self.run)

    async def run(self) -> int:
        """The same on the running event loop, without ending the process."""
        plan = self._plan
        bodies = BODY_LIMIT if plan.trace else 0
        tape = plan.case.tape if plan.case else None
        opened = open_reader(
            plan.connector,
            plan.config,
            body_limit=bodies,
            tokens=plan.tokens,
            tape=tape,
            carried=plan.carried,
            files=plan.files,
        )
        async with opened as reader:
            self._conduct.cancel = reader.cancel
            try:
                async with self._conduct.shown():
                    for event in plan.before:
                        self._conduct.trace(event)
                    gate = asyncio.Semaphore(STREAMS_AT_ONCE)
                    await asyncio.gather(*(self._read(reader, name, gate) for name in plan.streams))
            finally:
                self._close_journal()
            case_is_kept = self._keep_case(reader)
        return self._close() or int(not case_is_kept)

    def _keep_case(self, reader: Reader) -> bool:
        """Keep the run as a case where that is wanted; whether there is nothing left to be wished."""
        case = self._plan.case
        if case is None:
            return True
        failed = [result.stream for result in self._picture.results if result.outcome is Outcome.FAILED]
        if failed:
            self._progress.log(Level.ERROR, f"No case is kept, because {', '.join(failed)} failed.")
            return False
        try:
            case.keep(reader.secrets)
        except (CaseError, OutputError) as error:
            self._progress.log(Level.ERROR, str(error))
            return False
        self._progress.log(Level.INFO, f"The case is kept in {case.file}.")
        return True

    def _close(self) -> int:
        problem = self._plan.tokens.settle() if self._plan.tokens else None
        if problem:
            self._progress.log(Level.WARNING, f"{problem} {_TOKEN_LOST}")
        if len(self._plan.streams) > 1 and not self._output_closed:
            self._progress.log(*run_summary(self._picture))
        if self._conduct.signal:
            return 128 + self._conduct.signal
        outcomes = {result.outcome for result in self._picture.results}
        if Outcome.FAILED in outcomes:
            return 1
        return STILL_RUNNING if Outcome.DETACHED in outcomes else 0

    def _close_journal(self) -> None:
        """It is as good as it is when that fails."""
        if self._plan.jobs:
            try:
                self._plan.jobs.close()
            except OSError as error:
                self._progress.log(Level.WARNING, str(OutputError.of(self._plan.jobs.path, error)))

    # One stream

    def _has_begun(self, name: str) -> None:
        """A stream has begun its first slices, or is over: the others begin when all have that follow jobs."""
        self._following.discard(name)
        if not self._following:
            self._others_may_begin.set()

    async def _read(self, reader: Reader, name: str, gate: asyncio.Semaphore) -> None:
        if name not in self._following:
            self._has_begun(name)
            await self._others_may_begin.wait()
        async with reader.turn(name, self._conduct.emit), gate:
            if self._conduct.signal or self._output_closed:
                self._has_begun(name)
                return
            buffer = self._buffer(reader, name)
            try:
                await self._read_into(reader, name, buffer)
            except Exception as error:
                expected = isinstance(error, OutputError)
                text = str(error) if expected else fault_text(error, reader.mask)
                self._picture.streams[name].end(Outcome.FAILED, text)
                with suppress(Exception):
                    await asyncio.to_thread(buffer.finish, succeeded=False)
            finally:
                self._has_begun(name)
            if not self._output_closed:
                self._summarize(name, buffer.sink)

    def _buffer(self, reader: Reader, name: str) -> Buffer:
        """What takes the records of a stream."""
        plan, loop = self._plan, asyncio.get_running_loop()
        if plan.loads is not None:

            def report(records: int, complete: bool) -> None:
                loop.call_soon_threadsafe(self._show_load, name, records, complete)

            return plan.loads.stream(name, report)

        def warn(text: str) -> None:
            loop.call_soon_threadsafe(self._progress.log, Level.WARNING, f"{name}: {text}")

        state = plan.state.of(name) if plan.state else None
        sink = plan.destination.sink(
            name,
            plan.connector.stream_names,
            plan.connector.schema(name),
            key=plan.connector.primary_key(name) if plan.destination.write == "merge" else (),
            goes_on=_goes_on(reader, name, state),
            warn=warn,
        )
        return SliceBuffer(sink, until_state=plan.state is not None)

    def _show_load(self, name: str, records: int, complete: bool) -> None:
        stream = self._picture.streams[name]
        stream.take_load(records, complete=complete)
        if complete and records and self._plan.loads is not None:
            self._progress.log(*load_line(stream, records, self._plan.loads.place(name)))

    def _summarize(self, name: str, sink: OutputSink | LoadBuffer) -> None:
        stream = self._picture.streams[name]
        for level, text in stream_summary(stream, sink.place, sink.remains):
            self._progress.log(level, text)
        if self._plan.state and stream.outcome is Outcome.CANCELLED:
            self._progress.log(Level.WARNING, f"{name}: the state reached is saved in {self._plan.state.path}.")

    async def _read_into(self, reader: Reader, name: str, buffer: Buffer) -> None:
        """Raises `OutputError` when the records can't be written."""
        sink = buffer.sink
        note = await _in_thread(sink.open, sink.place)
        if note:
            self._progress.log(Level.WARNING, note)
        state = await self._state_of(name)
        jobs = self._plan.jobs.of(name) if self._plan.jobs else None
        self._saved[name] = SavedSlices(jobs)
        limits, detach = Limits(records=self._plan.limit), self._plan.detach
        case = self._plan.case
        encode = case.begin(name, limits, state, sink.encoder.encode) if case else sink.encoder.encode
        async with aclosing(reader.read(name, state, limits, encode, jobs, detach=detach)) as events:
            async for event in events:
                if case is not None:
                    case.take(event)
                await self._handle(reader, buffer, event)

    async def _state_of(self, name: str) -> Mapping[str, Any] | None:
        """The state that a stream is read from."""
        states = self._plan.loads or self._plan.state
        return await asyncio.to_thread(states.of, name) if states is not None else None

    async def _handle(self, reader: Reader, buffer: Buffer, event: Event) -> None:
        if self._output_closed:
            self._picture.fold(event)
            return
        try:
            await self._write(buffer, event)
        except BrokenPipeError:
            self._output_closed = True
            reader.cancel()
            return
        self._conduct.emit(event)
        if isinstance(event, SliceStarted):
            self._has_begun(event.stream)

    async def _write(self, buffer: Buffer, event: Event) -> None:
        """Pass records to the sink and save the state that covers them once they are safe.

        Raises `OutputError`, `BrokenPipeError`.
        """
        place, saved = buffer.sink.place, self._saved[event.stream]
        match event:
            case Records(data=data):
                buffer.add(event.slice, data)
                if buffer.full:
                    await _in_thread(buffer.write, place)
            case SchemaLoaded(schema=schema):
                buffer.sink.declare(schema)
            case SliceFinished(outcome=outcome):
                await _in_thread(lambda: buffer.end(event.slice, succeeded=_succeeded(outcome)), place)
                if outcome in _READ:
                    saved.add(event.slice)
            case StateAdvanced(state=state):
                covered = await _in_thread(lambda: buffer.commit(event.slice, state), place)
                await self._save(event.stream, event.slice, covered)
            case StreamFinished(outcome=outcome):
                covered = await _in_thread(lambda: buffer.finish(succeeded=_succeeded(outcome)), place)
                await self._save(event.stream, None, covered)
                await _in_thread(lambda: saved.end(complete=outcome in _READ), saved.place)
            case _ if buffer.waiting:
                await _in_thread(buffer.write, place)

    async def _save(self, stream: str, slice_: Mapping[str, Any] | None, state: Mapping[str, Any] | None) -> None:
        """Note that all that was read and this slice are safe, and save the state that covers them, if there is one; a
        load has brought it into the destination already.
        """
        if state is None:
            return
        saved, file = self._saved[stream], self._plan.state
        await _in_thread(lambda: saved.cover(slice_, state), saved.place)
        if file is not None:
            await _in_thread(lambda: file.save(stream, state), str(file.path))


def _goes_on(reader: Reader, name: str, state: Mapping[str, Any] | None) -> bool:
    """Whether a read adds to what earlier ones gave; one that can't begin takes nothing away."""
    try:
        return reader.choice(name, state).goes_on
    except (ReadError, ManifestError):
        return state is not None


_READ = (Outcome.COMPLETE, Outcome.SKIPPED)
"""How a slice or stream ends that was read completely."""


def _succeeded(outcome: Outcome) -> bool:
    return outcome not in (Outcome.FAILED, Outcome.CANCELLED, Outcome.DETACHED)


async def _in_thread(call: Callable[[], Any], place: str) -> Any:
    """Call in a thread what may wait for a disk or a pipe. Raises `OutputError`, `BrokenPipeError`."""
    try:
        return await asyncio.to_thread(call)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError.of(Path(place), error) from error
