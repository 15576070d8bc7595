"""A headless run: streams are read side by side, their events written, shown and traced, signals obeyed."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.command.leaving import Leaving
from core.connector import Connector
from core.errors import fault_text
from core.events import (
    Event,
    ExchangeFinished,
    Outcome,
    Records,
    SliceFinished,
    StateAdvanced,
    StreamFinished,
)
from core.http.exchange import BODY_LIMIT
from core.levels import Level
from core.outputs.destination import Destination
from core.outputs.durable import OutputError
from core.outputs.har import HarTrace
from core.outputs.sinks import OutputSink
from core.outputs.slice_buffer import SliceBuffer
from core.outputs.state import StateFile
from core.outputs.token_file import TokenFile
from core.progress.picture import RunPicture
from core.progress.plain import Progress
from core.progress.sentences import run_summary, stream_summary
from core.reading import THREADS, Limits, Reader, open_reader

STREAMS_AT_ONCE = 4
_REDRAW = 0.1
_CANCELLING = (
    "Cancelling: requests are stopped, jobs that run on the server are aborted. Press Ctrl-C again to leave at once."
)

_UNKEPT = (
    "A refresh token that the API replaced could not be kept there, and the one in the inputs may not work any more: "
    "make room for that file, then sign in again and put the new refresh token into the inputs before the next run."
)


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a run reads and where it goes; `limit` is the number of records per stream."""

    connector: Connector
    config: Mapping[str, Any]
    streams: tuple[str, ...]
    destination: Destination
    state: StateFile | None = None
    trace: HarTrace | None = None
    tokens: TokenFile | None = None
    limit: int | None = None


class HeadlessRun:
    """Reads the streams of a plan, once."""

    def __init__(self, plan: RunPlan, picture: RunPicture, progress: Progress) -> None:
        self._plan = plan
        self._picture = picture
        self._progress = progress
        self._trace = plan.trace
        self._signal: int | None = None
        self._hung_up = False
        self._leaving = Leaving(THREADS, progress.stop)

    def __call__(self) -> int:
        """Read everything and give the exit code: 0, 1 when a stream failed, 128 and the signal that ended
        the run.
        """
        try:
            return asyncio.run(self.run())
        finally:
            self._leaving.over()

    async def run(self) -> int:
        """The same on the event loop at hand; who calls it sees to the end of the process."""
        bodies = BODY_LIMIT if self._trace else 0
        plan = self._plan
        async with open_reader(plan.connector, plan.config, body_limit=bodies, tokens=plan.tokens) as reader:
            self._obey_signals(reader)
            self._progress.start()
            ticker = asyncio.create_task(self._redraw())
            try:
                gate = asyncio.Semaphore(STREAMS_AT_ONCE)
                await asyncio.gather(*(self._read(reader, name, gate) for name in self._plan.streams))
            finally:
                ticker.cancel()
                self._progress.stop()
                if self._plan.trace:
                    self._plan.trace.close()
        return self._close()

    def _close(self) -> int:
        unkept = self._plan.tokens.settle() if self._plan.tokens else None
        if unkept:
            self._progress.log(Level.WARNING, f"{unkept} {_UNKEPT}")
        if len(self._plan.streams) > 1 and not self._hung_up:
            self._progress.log(*run_summary(self._picture))
        if self._signal:
            return 128 + self._signal
        return int(any(result.outcome is Outcome.FAILED for result in self._picture.results))

    async def _redraw(self) -> None:
        while True:
            self._progress.refresh()
            await asyncio.sleep(_REDRAW)

    # Signals

    def _obey_signals(self, reader: Reader) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                loop.add_signal_handler(number, self._interrupt, reader, number)
            except NotImplementedError:  # Windows

                def handle(number: int, _frame: Any) -> None:
                    loop.call_soon_threadsafe(self._interrupt, reader, number)

                signal.signal(number, handle)

    def _interrupt(self, reader: Reader, number: int) -> None:
        """The first signal ends the run tidily, the second one at once."""
        if self._signal:
            self._progress.stop()
            os._exit(128 + number)
        self._signal = number
        self._leaving.begin(128 + number)
        self._progress.log(Level.WARNING, _CANCELLING)
        reader.cancel()

    # One stream

    async def _read(self, reader: Reader, name: str, gate: asyncio.Semaphore) -> None:
        async with gate:
            if self._signal or self._hung_up:
                return
            columns = tuple(self._plan.connector.schema(name).get("properties") or ())
            sink = self._plan.destination.sink(name, self._plan.connector.stream_names, columns)
            turns = SliceBuffer(sink, apart=self._plan.state is not None)
            try:
                await self._read_into(reader, name, turns)
            except Exception as error:
                expected = isinstance(error, OutputError)
                text = str(error) if expected else fault_text(error, reader.mask)
                self._picture.streams[name].end(Outcome.FAILED, text)
                with suppress(Exception):
                    await asyncio.to_thread(turns.finish, succeeded=False)
            if not self._hung_up:
                self._sum_up(name, sink)

    def _sum_up(self, name: str, sink: OutputSink) -> None:
        stream = self._picture.streams[name]
        for level, text in stream_summary(stream, sink.place, sink.remains):
            self._progress.log(level, text)
        if self._plan.state and stream.outcome is Outcome.CANCELLED:
            self._progress.log(Level.WARNING, f"{name}: the state reached is saved in {self._plan.state.path}.")

    async def _read_into(self, reader: Reader, name: str, turns: SliceBuffer) -> None:
        """Raises `OutputError` when the records can't be written."""
        sink = turns.sink
        note = await _out(sink.open, sink.place)
        if note:
            self._progress.log(Level.WARNING, note)
        state = self._plan.state.of(name) if self._plan.state else None
        limits = Limits(records=self._plan.limit)
        async with aclosing(reader.read(name, state, limits, sink.encoder.encode)) as events:
            async for event in events:
                await self._take(reader, turns, event)

    async def _take(self, reader: Reader, turns: SliceBuffer, event: Event) -> None:
        if self._hung_up:
            self._picture.fold(event)
            return
        try:
            await self._write(turns, event)
        except BrokenPipeError:
            self._hung_up = True
            reader.cancel()
            return
        self._picture.fold(event)
        self._progress.show(event)
        if isinstance(event, ExchangeFinished):
            self._record(event)

    async def _write(self, turns: SliceBuffer, event: Event) -> None:
        """Records to the sink; the state that covers them when they are safe. Raises `OutputError`,
        `BrokenPipeError`.
        """
        place = turns.sink.place
        match event:
            case Records(data=data):
                turns.add(event.slice, data)
                if turns.full:
                    await _out(turns.write, place)
            case SliceFinished(outcome=outcome):
                await _out(lambda: turns.end(event.slice, succeeded=_well(outcome)), place)
            case StateAdvanced(state=state) if self._plan.state:
                await _out(lambda: turns.commit(event.slice), place)
                await self._save(self._plan.state, event.stream, state)
            case StreamFinished(outcome=outcome):
                await _out(lambda: turns.finish(succeeded=_well(outcome)), place)
            case _ if turns.waiting:
                await _out(turns.write, place)

    async def _save(self, file: StateFile, stream: str, state: Mapping[str, Any]) -> None:
        await _out(lambda: file.save(stream, state), str(file.path))

    def _record(self, event: ExchangeFinished) -> None:
        if self._trace is None:
            return
        try:
            self._trace.add(event)
        except OSError as error:
            self._progress.log(Level.WARNING, f"{OutputError.of(self._trace.path, error)} The trace ends here.")
            self._trace = None


def _well(outcome: Outcome) -> bool:
    return outcome not in (Outcome.FAILED, Outcome.CANCELLED)


async def _out(call: Callable[[], Any], place: str) -> Any:
    """Do in a thread what may wait for a disk or a pipe. Raises `OutputError`, `BrokenPipeError`."""
    try:
        return await asyncio.to_thread(call)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError.of(Path(place), error) from error
