"""The read of one stream: its slices run side by side, and everything that happens becomes an event."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from core.components.custom.base import not_run
from core.components.retriever import SliceRead
from core.errors import LonghaulError, ReadError, extension_in
from core.events import (
    Event,
    Log,
    Outcome,
    SchemaLoaded,
    SliceFinished,
    SliceStarted,
    Stage,
    StateAdvanced,
    StreamFinished,
    StreamStarted,
)
from core.failures import Failures, gist
from core.http.exchange import Role
from core.http.request import RequestDraft
from core.jobs.download_turns import DownloadTurn
from core.jobs.fingerprint import fingerprint
from core.jobs.job import JobFailed
from core.jobs.known import KnownJobs, followed_first
from core.jobs.settings import JobConcurrency
from core.levels import Level
from core.manifest.problems import Problem
from core.reading.channel import EventChannel
from core.reading.file_uploads import FileUploads
from core.reading.plan import ReadPlan, RecordBudget
from core.reading.sink import RecordSink, SliceBytes
from core.runtime.context import Context, Run
from core.runtime.cursor import Cursor, Observer
from core.runtime.errands import Errands
from core.runtime.partitions import PartitionRouter
from core.runtime.slices import StreamSlice
from core.templates import TemplateError

PARTITIONS_PER_SLICE = 500
"""Partitions in a state for each slice that may pass before it is made and reported again; the last one always is."""
_NO_PLACE = (
    "No record was read, and the first answer has no place for them: {}. Check the field path of the record selector, "
    "unless the API leaves that out when there is no data."
)


_NO_FOLDER = (
    "The files that belong to the records are not downloaded, as there is no folder for them: longhaul --run names one "
    "with --files FOLDER."
)


class _Stop(Exception):
    """No further slice is read: a limit was reached, or the stream can't go on."""


def not_read(stream: str, problems: Iterable[Problem | str]) -> Iterator[Event]:
    """The events of a stream that can't be read, because of what is wrong with it in the manifest."""
    errors = tuple(map(str, problems))
    yield StreamStarted(stream=stream)
    yield StreamFinished(
        stream=stream,
        outcome=Outcome.FAILED,
        records=0,
        slices=0,
        seconds=0.0,
        errors=errors,
        started=datetime.now(UTC),
    )


class _Sinks:
    """The sinks of one slice, and the downloads of the files that belong to its records."""

    def __init__(self, make: Callable[..., RecordSink], files: FileUploads | None) -> None:
        self._make = make
        self.files = files
        self.made: list[RecordSink] = []

    def make(self, numbers: Iterator[int]) -> RecordSink:
        """One more, with the numbers of its pages."""
        self.made.append(self._make(numbers=numbers))
        return self.made[-1]

    @property
    def emitted(self) -> int:
        """The records that have left the slice."""
        return sum(sink.emitted for sink in self.made)


@dataclass(slots=True)
class _SliceEnd:
    """How the read of a slice ends: until it does, as one that is cancelled.

    `is_last`: no slice is begun after it; `is_final`: since it failed for good. The others as in `SliceFinished`.
    """

    outcome: Outcome = Outcome.CANCELLED
    latest: Any = None
    error: str | None = None
    like: Mapping[str, Any] | None = None
    is_last: bool = False
    is_final: bool = False

    def event(self, stream: str, slice_: StreamSlice, records: int) -> SliceFinished:
        return SliceFinished(
            stream=stream,
            slice=slice_,
            outcome=self.outcome,
            records=records,
            latest=self.latest,
            error=self.error,
            like=self.like,
            final=self.is_final,
        )


class StreamRead:
    """Reads a stream once. `events` may be iterated once; `cancel` makes it come to a tidy end."""

    def __init__(self, run: Run, plan: ReadPlan, jobs: JobConcurrency, mask: Callable[[str], str]) -> None:
        self._run = run
        self._plan = plan
        self._jobs = plan.job_settings(jobs)
        self._channel = EventChannel(mask)
        self._errands = Errands()
        self._budget = RecordBudget(plan.limits.records)
        self._main: asyncio.Task[None] | None = None
        self._cancelling = False
        self._errors: list[str] = []
        self._failures = Failures()
        self._limited = False
        self._detached = False
        self._slices = 0
        self._records = 0
        self._cursor: Cursor | None = None
        self._schema: Mapping[str, Any] = {}
        self._no_place: str | None = None
        self._unreported = 0
        self._listed = 0
        self._last_turn: DownloadTurn | None = None

    def cancel(self) -> None:
        """Stop all requests, abort the jobs on the server, then end the events."""
        if self._main is not None and not self._cancelling:
            self._cancelling = True
            self._errands.cancel()
            self._main.cancel()

    async def events(self) -> AsyncGenerator[Event, None]:
        """Everything that happens, ending with `StreamFinished`; failures of the stream are events, not exceptions."""
        self._main = asyncio.create_task(self._read())
        try:
            async for event in self._channel.events():
                yield event
        finally:
            self._channel.abandon()
            self.cancel()
            await asyncio.wait([self._main])

    async def _read(self) -> None:
        started, clock = datetime.now(UTC), time.monotonic()
        name = self._plan.stream.name
        self._channel.emit(StreamStarted(stream=name))
        self._tell_choice()
        cancelled = False
        try:
            await self._read_slices()
        except asyncio.CancelledError:
            cancelled = True
        except Exception as error:  # also a mistake of ours: it must not take the other streams down
            self._errors.append(self._message_for(error))
        finally:
            self._errands.cancel()
        if self._cursor is not None:
            self._channel.emit(StateAdvanced(stream=name, state=self._cursor.state()))
        if self._no_place is not None and not self._records and self._outcome(cancelled) is not Outcome.FAILED:
            self._channel.emit(Log(stream=name, level=Level.WARNING, message=_NO_PLACE.format(self._no_place)))
        self._channel.emit(
            StreamFinished(
                stream=name,
                outcome=self._outcome(cancelled),
                records=self._records,
                slices=self._slices,
                seconds=time.monotonic() - clock,
                errors=(*self._failures.texts(self._slices), *self._errors),
                started=started,
            )
        )
        self._channel.close()

    def _tell_choice(self) -> None:
        """Say why it is this stream that is read, and that a state is dropped for that."""
        name, choice = self._plan.stream.name, self._plan.choice
        if choice is None or not choice.reason:
            return
        self._channel.emit(Log(stream=name, level=choice.level, message=choice.reason))
        if choice.drops_state:
            self._channel.emit(StateAdvanced(stream=name, state={}))

    def _outcome(self, cancelled: bool) -> Outcome:
        if cancelled:
            return Outcome.CANCELLED
        if self._errors or self._failures.count:
            return Outcome.FAILED
        if self._detached:
            return Outcome.DETACHED
        return Outcome.LIMITED if self._limited or self._budget.cut else Outcome.COMPLETE

    async def _read_slices(self) -> None:
        stream = self._plan.stream
        if self._plan.unsupported:
            raise ReadError(not_run(f"The stream `{stream.name}`", self._plan.unsupported))
        context = Context(
            self._run, stream.name, self._channel.emit, in_order=self._plan.in_order, errands=self._errands
        )
        if stream.file_uploader is not None and self._run.files is None and self._plan.role is not Role.PARENT:
            context.log(Level.WARNING, _NO_FOLDER)
        known = self._plan.schema
        self._schema = await stream.load_schema(context) if known is None else known
        if known is None and self._schema != stream.json_schema:
            self._channel.emit(SchemaLoaded(stream=stream.name, schema=self._schema))
        if self._plan.role is not Role.PARENT:
            context = context.with_schema(self._schema)
        retriever = stream.retriever
        context = self._resumed(context)
        self._cursor = await stream.open_cursor(self._plan.state, context)
        concurrency = 1 if self._plan.in_order else self._plan.concurrency
        gate = asyncio.Semaphore(retriever.max_slices(concurrency, self._jobs.concurrency))
        try:
            async with asyncio.TaskGroup() as tasks:
                try:
                    await self._begin_slices(self._cursor, context, gate, tasks)
                except (ReadError, TemplateError) as error:  # of a parent, say: the slices that were begun go on
                    self._errors.append(self._message_for(error))
        except* _Stop:
            pass
        except* Exception as group:
            self._errors.extend(self._message_for(error) for error in group.exceptions)

    def _resumed(self, context: Context) -> Context:
        """The context, with what an earlier run has left of a stream of jobs. Raises `ReadError`."""
        stream, known = self._plan.stream, self._plan.known
        steps, router = stream.retriever.job_steps, stream.retriever.router
        if known is None or not known.lasting or steps is None:
            return context
        reuse = steps.reuse_limit(context)
        if self._jobs.detach and (steps.takes_records or not reuse):
            why = "their records come with their polls" if steps.takes_records else "`reuse_jobs_for` is 0"
            context.log(Level.WARNING, f"The jobs can't be left to a later run, since {why}: this run waits for them.")
            self._jobs = replace(self._jobs, detach=False)
        if not reuse:
            self._jobs = replace(self._jobs, known=None)
            return context
        routers = [router] if router is None or isinstance(router, PartitionRouter) else [*router]
        cut = fingerprint([stream.incremental_sync, *routers], {"config": context.config})
        return replace(context, resumption=known.resume(cut, reuse))

    async def _begin_slices(
        self, cursor: Cursor, context: Context, gate: asyncio.Semaphore, tasks: asyncio.TaskGroup
    ) -> None:
        async for slice_ in self._slices_to_read(cursor):
            if self._plan.limits.slices is not None and self._slices >= self._plan.limits.slices:
                self._limited = True
                break
            await gate.acquire()
            self._slices += 1
            if self._plan.limits.records is not None:
                self._last_turn = DownloadTurn(lambda: self._budget.cut, self._last_turn)
            tasks.create_task(self._read_slice(cursor, slice_, context, gate, self._last_turn))

    async def _slices_to_read(self, cursor: Cursor) -> AsyncGenerator[StreamSlice, None]:
        """The slices that were asked for; else those of the stream, those with the job of an earlier run first; when no
        job is created, the slices of the known jobs. Raises `ReadError`.
        """
        if self._plan.slices is not None:
            for slice_ in self._plan.slices:
                yield cursor.adopt(slice_)
            return
        if self._plan.limits.first is Stage.CREATION:
            followed = self._jobs.known if self._jobs.known is not None and self._jobs.known.lasting else KnownJobs()
            async for slice_ in followed_first(cursor.slices(), followed):
                yield slice_
            return
        known = [] if self._plan.known is None else self._plan.known.slices
        if not known:
            raise ReadError("There is no job yet: the creation has to be read before the stages that follow it.")
        for slice_ in known:
            yield slice_

    async def _read_slice(
        self, cursor: Cursor, slice_: StreamSlice, context: Context, gate: asyncio.Semaphore, turn: DownloadTurn | None
    ) -> None:
        context = context.for_slice(slice_).remembering()
        self._channel.emit(SliceStarted(stream=self._plan.stream.name, slice=slice_))
        sinks, end = self._sinks(cursor, context), _SliceEnd()
        try:
            await self._retrieve_to_end(cursor, context, sinks, turn, end)
        except Exception as failure:  # also a mistake of ours: the other slices go on
            error = self._message_for(failure)
            end.outcome, end.error = Outcome.FAILED, error
            end.like = self._failures.add(_cause(failure, error, slice_), slice_, error)
            end.is_last = end.is_final = isinstance(failure, JobFailed) and failure.final
        finally:
            self._no_place = self._no_place or context.memory.no_place
            self._records += sinks.emitted
            self._channel.emit(end.event(self._plan.stream.name, slice_, sinks.emitted))
            gate.release()
            if turn is not None and not end.is_last:
                turn.end()
        if end.is_last:
            raise _Stop

    async def _retrieve_to_end(
        self, cursor: Cursor, context: Context, sinks: _Sinks, turn: DownloadTurn | None, end: _SliceEnd
    ) -> None:
        """Read the slice and pass it: what it was, `end` knows. Raises what the read raises."""
        slice_ = context.slice
        assert slice_ is not None
        async with AsyncExitStack() as after:
            if sinks.files is not None:
                after.callback(sinks.files.cancel)
            end.outcome = await self._retrieve(cursor, context, sinks.make, after, turn)
            if end.outcome is Outcome.DETACHED:
                self._detached = True
            elif end.outcome is Outcome.LIMITED or any(sink.cut for sink in sinks.made):
                end.outcome, self._limited = Outcome.LIMITED, True
                end.is_last = self._budget.cut
            elif self._plan.limits.whole:
                observer = Observer.merged(sink.observer for sink in sinks.made)
                end.latest = cursor.latest(observer)
                cursor.close(slice_, observer)
                self._report_state(cursor, slice_, end.latest)
                await self._until_safe()

    def _sinks(self, cursor: Cursor, context: Context) -> _Sinks:
        """What takes the records of a slice."""
        files = self._files(context)
        make = partial(
            RecordSink,
            self._plan,
            context,
            cursor,
            self._channel,
            schema=self._schema,
            budget=self._budget,
            received=SliceBytes(context),
            files=files,
        )
        return _Sinks(make, files)

    def _files(self, context: Context) -> FileUploads | None:
        """What downloads the files of a slice; None where the stream has none, or they are of no interest."""
        stream, store = self._plan.stream, self._run.files
        if stream.file_uploader is None or store is None or self._plan.role is Role.PARENT:
            return None
        return FileUploads(stream, stream.file_uploader, store, context)

    async def _retrieve(
        self,
        cursor: Cursor,
        context: Context,
        make_sink: Callable[[Iterator[int]], RecordSink],
        after: AsyncExitStack,
        turn: DownloadTurn | None,
    ) -> Outcome:
        slice_ = context.slice
        assert slice_ is not None

        additions = await cursor.additions(slice_)

        def fill(draft: RequestDraft, context: Context) -> None:
            cursor.fill(draft, context.slice or slice_, {"config": context.config, **context.variables}, additions)

        read = SliceRead(context, make_sink, fill, self._jobs, after, self._plan.role, cursor, turn)
        return await self._plan.stream.retriever.read(read)

    async def _until_safe(self) -> None:
        """Wait until the state that was reported is saved: a job that a later run may follow is not deleted before."""
        known = self._jobs.known
        if self._deletes_jobs and known is not None and known.lasting:
            await self._channel.handled()

    @property
    def _deletes_jobs(self) -> bool:
        """Whether a slice goes on after its records were read, since its job is then deleted on the server."""
        steps = self._plan.stream.retriever.job_steps
        return steps is not None and steps.can_delete

    def _message_for(self, error: Exception) -> str:
        """The sentence for a failure; one that is Longhaul's own fault also leaves its traceback in the debug log."""
        if isinstance(error, (LonghaulError, TemplateError)):
            return str(error)
        if isinstance(error, RecursionError):
            return "Something that the API has sent is nested too deeply for this manifest to be read."
        trace = "".join(traceback.format_exception(error))
        self._channel.emit(Log(stream=self._plan.stream.name, level=Level.DEBUG, message=trace))
        what = f"{type(error).__name__}: {error}"
        if extension := extension_in(error):
            return f"The component {extension} went wrong here ({what}). Please report it to its authors."
        return f"Longhaul itself went wrong here ({what}). Please report it."

    def _report_state(self, cursor: Cursor, slice_: StreamSlice, latest: Any) -> None:
        """Report the state after every slice; when it lists hundreds of partitions, after every few.

        Only slices that end right here may be passed over: the state of another one would cover those that go on.
        """
        self._unreported += 1
        if self._unreported <= self._listed // PARTITIONS_PER_SLICE and not self._deletes_jobs:
            return
        state = cursor.state()
        self._unreported, self._listed = 0, len(state.get("states", ()))
        name = self._plan.stream.name
        self._channel.emit(StateAdvanced(stream=name, slice=slice_, state=state, latest=latest))


def _cause(failure: Exception, error: str, slice_: StreamSlice) -> str:
    """The cause of a slice's failure, without what other slices don't share."""
    if isinstance(failure, JobFailed):
        return gist(failure.reason, [*slice_.values(), failure.job_id])
    return gist(error, slice_.values())
