"""A connector that is open for reading: the run that its streams share, and the way to read each of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractAsyncContextManager, aclosing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from weakref import WeakSet

from core.components.family import parent_requesters
from core.components.retriever import Retriever
from core.components.stream import ReadableStream, StreamChoice
from core.connector import Connector, unsupported_in
from core.connector.templates import Made
from core.custom.host import CustomHost
from core.errors import ManifestError, ReadError
from core.events import Event
from core.http.exchange import Role
from core.http.secrets import Secrets
from core.http.session import HttpSession
from core.jobs.cleanup import clear_away, clear_away_kept
from core.jobs.known import KnownJob, KnownJobs
from core.jobs.settings import JobConcurrency
from core.jobs.statuses import JobStatus, StatusMeanings
from core.levels import Level
from core.reading.channel import EventChannel
from core.reading.making import StreamMaker
from core.reading.masking import masked
from core.reading.plan import NO_LIMITS, Encoder, Limits, ReadPlan
from core.reading.side_reads import ParentProgress, first_record
from core.reading.slices import SliceWalk, merged_state
from core.reading.stream_read import StreamRead, not_read
from core.reading.surroundings import Surroundings
from core.reading.turns import Turns
from core.runtime.component import Component
from core.runtime.context import Context, ParentRead, ParentRecord, Run
from core.runtime.files import FileStore
from core.runtime.slices import Record, StreamSlice
from core.runtime.tokens import TokenStore

Sleep = Callable[[float], Awaitable[None]]
Emit = Callable[[Event], None]


class Reader:
    """A connector that is open for reading. Streams may be read one after the other or at the same time."""

    def __init__(
        self,
        connector: Connector,
        config: Mapping[str, Any],
        session: HttpSession,
        executor: Executor,
        sleep: Sleep,
        *,
        asking: Executor,
        tokens: TokenStore,
        around: Surroundings,
        custom: CustomHost | None = None,
        files: FileStore | None = None,
    ) -> None:
        assert connector.source is not None
        self._connector = connector
        self._run = Run(
            config=config,
            session=session,
            executor=executor,
            asking=asking,
            read_parent=self.read_parent,
            first_record=self.first_record,
            folder=Path(connector.file).parent if connector.file else None,
            files=files,
            tokens=tokens,
            sleep=sleep,
            now=around.now,
            monotonic=around.monotonic,
            custom=custom,
            parent_requesters=parent_requesters(connector.streams),
        )
        self._secrets = session.secrets
        self._jobs = JobConcurrency(connector.source.job_budget(config), around.leases)
        self._concurrency = connector.source.concurrency(config)
        self._turns = Turns(connector.source.stream_groups, connector.streams)
        self._reads: set[StreamRead] = set()
        self._parents: WeakSet[AsyncGenerator[ParentRecord, None]] = WeakSet()
        self._shown: WeakSet[StreamRead] = WeakSet()
        self._making: asyncio.Task[Made] | None = None
        self._cancelled = False
        self._statuses: dict[str, StatusMeanings] = {}

    async def make_streams(self, report: Callable[[Event], None] = lambda event: None) -> Connector:
        """Make the streams of the templates of the connector, which can be read from then on; gives the connector with
        them.

        `report` takes what happens meanwhile, requests above all, each as of the template that it is for.
        Raises `ReadError` when it is cancelled.
        """
        connector = self._connector
        if not connector.to_be_made:
            return connector
        maker = StreamMaker(lambda name: self._context(name, report), connector.custom)
        self._making = asyncio.create_task(maker.make(connector.to_be_made))
        try:
            made = await self._making
        except asyncio.CancelledError:
            if not self._cancelled:
                raise
        finally:
            self._making.cancel()
        if self._cancelled:
            raise ReadError("It was cancelled while streams were made from templates.")
        self._connector = await asyncio.to_thread(connector.with_made, made, self.mask)
        assert self._connector.source is not None
        self._turns = Turns(self._connector.source.stream_groups, self._connector.streams)
        self._run.parent_requesters = parent_requesters(self._connector.streams)
        return self._connector

    async def read(
        self,
        stream: str,
        state: Mapping[str, Any] | None = None,
        limits: Limits = NO_LIMITS,
        encode: Encoder | None = None,
        jobs: KnownJobs | None = None,
        *,
        slices: Sequence[StreamSlice] | None = None,
        schema: Mapping[str, Any] | None = None,
        detach: bool = False,
    ) -> AsyncGenerator[Event, None]:
        """Read a stream from `state`. The last event is `StreamFinished`, whatever happens; a stream's failure is no
        exception.

        `encode` turns batches of records into bytes, in the threads that parse; without it records come as they are.
        `slices`: read these, which `slices` of this class gave to somebody, from the same state, instead of all. The
        state then covers them only; `merged_state` puts several reads together. `schema` is what `schema` of this class
        gave: it need not be loaded again.
        `jobs` are followed where they are known, so that the phases after the creation can be tried again. `detach`:
        jobs are asked for once, and those that still run are left to a later read that is given the `jobs`.
        Raises `KeyError` for a stream that the connector doesn't have.
        """
        if problems := self._connector.broken.get(stream):
            for event in not_read(stream, problems):
                yield event
            return
        try:
            choice = self.choice(stream, state, fresh=slices is None)
        except ReadError as error:
            for event in not_read(stream, [str(error)]):
                yield event
            return
        if slices is not None:
            choice = replace(choice, reason="")  # whoever has planned them told it
        plan = choice, limits, Role.PAGE
        read = self._start(*plan, encode=encode, jobs=jobs, detach=detach, slices=slices, schema=schema)
        self._reads.add(read)
        try:
            async with aclosing(read.events()) as events:
                async for event in events:
                    if self._cancelled:
                        read.cancel()
                    yield event
        finally:
            self._reads.discard(read)

    def turn(self, stream: str, report: Callable[[Event], None]) -> AbstractAsyncContextManager[None]:
        """Whoever reads streams side by side reads each in its turn: of a stream group, one is read at a time.

        `report` takes what a stream waits for.
        """
        return self._turns.of(stream, lambda why: self._context(stream, report).log(Level.INFO, f"`{stream}` {why}."))

    def slices(
        self, stream: str, state: Mapping[str, Any] | None = None, report: Callable[[Event], None] = lambda event: None
    ) -> SliceWalk:
        """The slices that a read of the stream from `state` would read: each can be read by itself, by another process
        too. `report` takes what happens meanwhile: requests for parents and what they log.

        Raises `ManifestError` for a stream that can't be read, `KeyError` for one that the connector doesn't have.
        """
        choice = self.choice(stream, state, fresh=False)
        return SliceWalk(choice.stream, choice.state, self._context(stream, report))

    def choice(self, stream: str, state: Mapping[str, Any] | None, *, fresh: bool = True) -> StreamChoice:
        """What a read of a stream from `state` on reads; `fresh` as for the stream itself.

        Raises `ReadError`, `ManifestError`, `KeyError`.
        """
        return self._whole(stream).chosen(state, self._context(stream, lambda event: None), fresh=fresh)

    def planned_state(
        self, stream: str, state: Mapping[str, Any] | None, report: Callable[[Event], None]
    ) -> Mapping[str, Any] | None:
        """The state from which slices are planned and read that are to go on from `state`; `report` takes why.

        Raises `ReadError`, `ManifestError`, `KeyError`.
        """
        choice = self.choice(stream, state)
        if choice.reason:
            self._context(stream, report).log(choice.level, choice.reason)
        return choice.state

    def merged_state(
        self,
        stream: str,
        state: Mapping[str, Any] | None,
        read: Iterable[tuple[StreamSlice, Any]],
        *,
        parents: Mapping[str, Any] | None = None,
        seconds: float = 0.0,
        report: Callable[[Event], None] = lambda event: None,
    ) -> dict[str, Any]:
        """The state after all `slices` were read from `state` on, each with the `latest` of its `SliceFinished`.

        `parents` are those of the walk over the slices, `seconds` is how long ago that began. Raises `ReadError`,
        `ManifestError`, `KeyError`.
        """
        whole = self.choice(stream, state, fresh=False).stream
        return merged_state(whole, state, read, self._context(stream, report), parents=parents, seconds=seconds)

    async def schema(
        self,
        stream: str,
        report: Callable[[Event], None] = lambda event: None,
        *,
        state: Mapping[str, Any] | None = None,
    ) -> Mapping[str, Any]:
        """The JSON Schema of the records of a stream that is read from `state`, loaded from where the manifest says.

        Raises `ReadError`, `ManifestError`, `KeyError`.
        """
        return await self.choice(stream, state, fresh=False).stream.load_schema(self._context(stream, report))

    def slices_at_once(self, stream: str, state: Mapping[str, Any] | None = None) -> int:
        """How many slices of a stream that is read from `state` are read side by side."""
        chosen = self.choice(stream, state, fresh=False).stream
        return chosen.retriever.max_slices(self._concurrency, self._jobs)

    def _whole(self, stream: str) -> ReadableStream:
        if problems := self._connector.broken.get(stream):
            raise ManifestError(problems)
        return self._connector.stream(stream)

    def _context(self, stream: str, report: Callable[[Event], None]) -> Context:
        return Context(self._run, stream, lambda event: report(masked(event, self.mask)))

    def context(self, stream: str, emit: Emit) -> Context:
        """What the components of a stream see that are asked something outside of its reads; `emit` takes events, from
        which secrets are not yet removed.
        """
        return Context(self._run, stream, emit)

    async def clear_away_kept(self, stream: str, jobs: KnownJobs) -> AsyncGenerator[Event, None]:
        """Abort and delete the jobs that earlier reads of a stream have kept on the server; gives what happens.

        Raises `KeyError` for a stream that the connector doesn't have.
        """
        steps_of = self._connector.stream(stream).job_steps
        if not jobs.kept:
            return
        channel = EventChannel(self.mask)
        work = asyncio.create_task(clear_away_kept(jobs, steps_of, Context(self._run, stream, channel.emit)))
        work.add_done_callback(lambda _: channel.close())
        try:
            async for event in channel.events():
                yield event
        finally:
            work.cancel()
            await asyncio.wait([work])

    def cancel(self) -> None:
        """End all reads: requests stop at once, jobs are aborted on the server, the state reached is reported."""
        self._cancelled = True
        if self._making is not None and not self._shown:
            self._making.cancel()
        for read in (*self._reads, *self._shown):  # their events tell how they end
            read.cancel()

    async def clear_away(self, stream: str, slice_: StreamSlice, job: KnownJob) -> str:
        """Abort and delete a job of an earlier run on the server; what came of it, as a clause.

        Raises `ReadError` when the job may still run.
        """
        if stream not in self._connector.stream_names or self._connector.broken.get(stream):
            raise ReadError("the manifest has no stream of this name that can be read")
        steps = self._connector.stream(stream).job_steps(job.way)
        if steps is None:
            raise ReadError("the manifest reads the stream without jobs")
        context = Context(self._run, stream, lambda event: None)
        return await clear_away(steps, context.for_slice(slice_), job)

    async def close(self) -> None:
        """End the reads of parents that their children have left in the middle: their jobs are aborted, too."""
        for records in [*self._parents]:
            with suppress(RuntimeError):  # somebody else is closing it
                await records.aclose()

    def map_status(self, stream: str, status: str, meaning: JobStatus | None) -> None:
        """Give a status of the API a meaning for the reads of `stream`, also those that are running; None: it has none
        any more.
        """
        self._statuses.setdefault(stream, StatusMeanings()).set(status, meaning)

    @property
    def secrets(self) -> Secrets:
        """The secrets that are known by now."""
        return self._secrets

    def mask(self, text: str) -> str:
        """The text without secrets."""
        return self._secrets.mask(text)

    def _start(
        self,
        choice: StreamChoice,
        limits: Limits,
        role: Role,
        *,
        encode: Encoder | None = None,
        jobs: KnownJobs | None = None,
        detach: bool = False,
        slices: Sequence[StreamSlice] | None = None,
        schema: Mapping[str, Any] | None = None,
        in_order: bool = False,
    ) -> StreamRead:
        stream = choice.stream
        plan = ReadPlan(
            stream=stream,
            state=choice.state,
            choice=choice,
            limits=limits,
            encode=encode,
            concurrency=self._concurrency,
            in_order=in_order,
            role=role,
            unsupported=unsupported_in(stream, self._connector.custom),
            statuses=self._statuses.setdefault(stream.name, StatusMeanings()),
            slices=slices,
            schema=schema,
            known=jobs,
            detach=detach,
        )
        if jobs is not None:
            jobs.way = choice.way
        jobs_beside = self._jobs.for_parent() if role is Role.PARENT else self._jobs
        return StreamRead(self._run, plan, jobs_beside, self.mask)

    def read_parent(
        self, stream: ReadableStream, context: Context, what: str = "parent stream", *, shown: bool = False
    ) -> ParentRead:
        """The records of a parent stream for its child's `context`."""

        def start(state: Mapping[str, Any] | None) -> tuple[ParentProgress, AsyncIterator[ParentRecord]]:
            if shown and self._cancelled:
                raise ReadError("It was cancelled.")
            choice = stream.chosen(state, context)
            read = self._start(choice, NO_LIMITS, Role.PARENT, in_order=context.in_order)
            progress = ParentProgress(stream.name, read, context, choice.state, what, shown=shown)
            records = progress.records()
            self._parents.add(records)
            if shown:
                self._shown.add(read)
            return progress, records

        return ParentRead(start)

    async def first_record(self, retriever: Component, context: Context) -> Record | None:
        """The first record that a retriever gives: what describes the schema of a stream. Raises `ReadError`."""
        assert isinstance(retriever, Retriever)
        return await first_record(retriever, context, self._jobs)
