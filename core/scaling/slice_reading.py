"""Reads planned slices, each into a file of its own that is there when it is whole."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, aclosing, suppress
from dataclasses import dataclass, replace
from typing import Any, Literal

from core.events import (
    Event,
    Log,
    Outcome,
    Records,
    SchemaLoaded,
    SliceFinished,
    StateAdvanced,
    StreamFinished,
    StreamStarted,
)
from core.levels import Level
from core.outputs.destination import Destination, named_format
from core.outputs.durable import OutputError
from core.outputs.job_journal import JobJournal
from core.outputs.sinks import OutputSink
from core.outputs.slice_buffer import FULL
from core.reading import Reader
from core.scaling.plan import PlannedSlice
from core.scaling.slice_files import DoneSlice, SliceFiles, SliceFolder, SliceInUse

_OF_THE_STREAM = (StreamStarted, StreamFinished, SchemaLoaded, StateAdvanced, SliceFinished)
"""Events that whoever reads all slices of the stream makes, of their results."""
_AGAIN = 0.5
"""Seconds between two attempts to have a slice that another process reads."""
Nested = Literal["json", "struct"]
"""What becomes of objects and lists in Parquet."""
READ = (Outcome.COMPLETE, Outcome.SKIPPED)
"""How a slice ends that is done."""


@dataclass(frozen=True, slots=True)
class SliceResult:
    """How the read of a slice ended, as `SliceFinished` has it; `known`: it was done before."""

    planned: PlannedSlice
    outcome: Outcome
    records: int = 0
    latest: Any = None
    error: str | None = None
    final: bool = False
    known: bool = False


@dataclass(frozen=True, slots=True)
class SliceReader:
    """Reads slices of one stream for one plan, from the state that the plan was made from.

    `schema` is that of the records. `emit` takes what happens, without records; the end of a slice is its result.
    `patience` is how many seconds are waited for another process that reads the slice, such as one that is about to be
    found dead.
    """

    reader: Reader
    stream: str
    state: Mapping[str, Any] | None
    folder: SliceFolder
    plan: str
    schema: Mapping[str, Any]
    emit: Callable[[Event], None]
    nested: Nested = "json"
    patience: float = 0.0

    async def read(self, planned: PlannedSlice) -> SliceResult:
        """Read a slice, unless it is done already. Failures are results, as far as they are no faults of Longhaul."""
        files = self.folder.files(planned, self.plan)
        try:
            done = await asyncio.to_thread(files.done)
            if done is None:
                with ExitStack() as locks:
                    await self._lock(files, locks)
                    done = await asyncio.to_thread(files.done)  # somebody else may just have finished it
                    if done is None:
                        return await _SliceRead(self, planned, files).result()
        except OutputError as error:
            return failed(planned, str(error), final=not isinstance(error, SliceInUse))
        except OSError as error:
            return failed(planned, str(OutputError.of(files.records, error)), final=True)
        return SliceResult(planned, Outcome.COMPLETE, done.records, done.latest, known=True)

    async def _lock(self, files: SliceFiles, locks: ExitStack) -> None:
        waited = 0.0
        while True:
            try:
                locks.enter_context(files.locked())
            except SliceInUse:
                if waited >= self.patience:
                    raise
                await asyncio.sleep(_AGAIN)
                waited += _AGAIN
            else:
                return


def failed(planned: PlannedSlice, error: str, *, final: bool = False) -> SliceResult:
    """The result of a slice that failed."""
    return SliceResult(planned, Outcome.FAILED, error=error, final=final)


class _SliceRead:
    """One read of a slice; its lock is held."""

    def __init__(self, of: SliceReader, planned: PlannedSlice, files: SliceFiles) -> None:
        self._of = of
        self._planned = planned
        self._files = files
        self._records = 0
        self._done = False
        self._finished: SliceFinished | None = None
        self._errors: Sequence[str] = ()

    async def result(self) -> SliceResult:
        """Raises `OutputError`, `OSError`."""
        of, stream = self._of, self._of.stream
        loop = asyncio.get_running_loop()

        def warn(text: str) -> None:
            log = Log(stream=stream, slice=self._planned.slice, level=Level.WARNING, message=text)
            loop.call_soon_threadsafe(of.emit, log)

        path = self._files.records
        destination = Destination(path, format=named_format(path) or "jsonl", nested=of.nested)
        sink = destination.sink(stream, [stream], of.schema, warn=warn)
        note = await asyncio.to_thread(sink.open)
        if note:
            warn(note)
        journal = JobJournal(self._files.jobs, lambda _: of.state)
        try:
            read = of.reader.read(
                stream,
                of.state,
                encode=sink.encoder.encode,
                jobs=journal.of(stream),
                slices=[self._planned.slice],
                schema=of.schema,
            )
            async with aclosing(read) as events:
                async for event in events:
                    await self._handle(sink, event)
        finally:
            if not self._done:
                with suppress(OSError):
                    await asyncio.to_thread(lambda: sink.finish(succeeded=False))
            await asyncio.to_thread(self._close, journal)
        return self._what_came_of_it()

    async def _handle(self, sink: OutputSink, event: Event) -> None:
        match event:
            case Records(count=count, data=data):
                self._records += count
                sink.add(data)
                if len(sink.waiting) >= FULL:
                    await asyncio.to_thread(sink.write)
                event = replace(event, data=b"")
            case StateAdvanced(slice=slice_, latest=latest) if slice_ is not None:
                await asyncio.to_thread(self._finish, sink, latest)
            case SliceFinished():
                self._finished = event
            case StreamFinished(errors=errors):
                self._errors = errors
        if not isinstance(event, _OF_THE_STREAM):
            self._of.emit(event)

    def _finish(self, sink: OutputSink, latest: Any) -> None:
        """All records of the slice are there: they are made safe before the slice is said to be done, and before its
        job is deleted on the server.
        """
        sink.finish(succeeded=True)
        self._files.finish(DoneSlice(self._records, latest))
        self._done = True

    def _close(self, journal: JobJournal) -> None:
        with suppress(OSError):
            journal.close()
            if self._done:
                self._files.jobs.unlink(missing_ok=True)

    def _what_came_of_it(self) -> SliceResult:
        finished, planned = self._finished, self._planned
        if finished is None:  # it did not begin
            text = " ".join(self._errors)
            return failed(planned, text, final=True) if text else SliceResult(planned, Outcome.CANCELLED)
        outcome = finished.outcome
        if outcome in READ and not self._done:
            return failed(planned, "The slice was read, but what came of it was not written. Run again.")
        return SliceResult(planned, outcome, self._records, finished.latest, finished.error, finished.final)
