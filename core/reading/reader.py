"""Opens a connector for reading: the run that its streams share, and the way to read each of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

from core.components.async_retriever import JobStatus
from core.components.context import Context, Run
from core.components.partition_routers import ParentRead, ParentRecord
from core.components.roles import Record, Retriever
from core.components.stream import DeclarativeStream
from core.connector import Connector, unsupported_in
from core.errors import InputError, ManifestError
from core.events import Event
from core.http.exchange import BODY_LIMIT, Role
from core.http.secrets import Secrets
from core.http.session import HttpSession
from core.inputs import secret_values
from core.jobs.known import KnownJobs
from core.jobs.meanings import StatusMeanings
from core.reading.job_slice import JobLanes
from core.reading.limits import NO_LIMITS, Limits
from core.reading.parents import ParentProgress
from core.reading.schemas import first_record
from core.reading.stream_read import Encoder, ReadPlan, StreamRead
from core.templates import TemplateError

Sleep = Callable[[float], Awaitable[None]]

PARSERS = 64
"""Threads that may parse at the same time; they are started when needed."""


class Reader:
    """A connector that is open for reading. Streams may be read one after the other or at the same time."""

    def __init__(
        self, connector: Connector, config: Mapping[str, Any], session: HttpSession, executor: Executor, sleep: Sleep
    ) -> None:
        assert connector.source is not None
        self._connector = connector
        self._run = Run(
            config=config,
            session=session,
            executor=executor,
            read_parent=self.read_parent,
            first_record=self.first_record,
            folder=Path(connector.file).parent if connector.file else None,
            sleep=sleep,
        )
        self._secrets = session.secrets
        self._jobs = JobLanes(connector.source.job_budget(config))
        self._lanes = connector.source.concurrency(config)
        self._reads: set[StreamRead] = set()
        self._cancelled = False
        self._statuses: dict[str, StatusMeanings] = {}

    async def read(
        self,
        stream: str,
        state: Mapping[str, Any] | None = None,
        limits: Limits = NO_LIMITS,
        encode: Encoder | None = None,
        jobs: KnownJobs | None = None,
    ) -> AsyncGenerator[Event, None]:
        """Read a stream from `state`. The last event is `StreamFinished`, whatever happens; a stream's failure is no
        exception.

        `encode` turns batches of records into bytes, in the threads that parse; without it records come as they are.
        `jobs` are followed where they are known, so that the phases behind the creation can be tried again.
        Raises `KeyError` for a stream that the connector doesn't have.
        """
        read = self._start(self._connector.stream(stream), state, limits, Role.PAGE, encode=encode, jobs=jobs)
        self._reads.add(read)
        try:
            async with aclosing(read.events()) as events:
                async for event in events:
                    if self._cancelled:
                        read.cancel()
                    yield event
        finally:
            self._reads.discard(read)

    def cancel(self) -> None:
        """End all reads: requests stop at once, jobs are aborted on the server, the state reached is told."""
        self._cancelled = True
        for read in self._reads:
            read.cancel()

    def map_status(self, stream: str, status: str, meaning: JobStatus) -> None:
        """Give a status of the API a meaning for the reads of `stream`, also those that are running."""
        self._statuses.setdefault(stream, StatusMeanings()).say(status, meaning)

    def mask(self, text: str) -> str:
        """The text without secrets."""
        return self._secrets.mask(text)

    def _start(
        self,
        stream: DeclarativeStream,
        state: Mapping[str, Any] | None,
        limits: Limits,
        role: Role,
        *,
        encode: Encoder | None = None,
        jobs: KnownJobs | None = None,
        in_order: bool = False,
    ) -> StreamRead:
        plan = ReadPlan(
            stream=stream,
            state=state,
            limits=limits,
            encode=encode,
            lanes=self._lanes,
            in_order=in_order,
            role=role,
            unsupported=unsupported_in(stream),
            statuses=self._statuses.setdefault(stream.name, StatusMeanings()),
            known=KnownJobs() if jobs is None else jobs,
        )
        return StreamRead(self._run, plan, self._jobs, self.mask)

    def read_parent(self, stream: DeclarativeStream, context: Context) -> ParentRead:
        """The records of a parent stream for its child's `context`."""

        def start(state: Mapping[str, Any] | None) -> tuple[ParentProgress, AsyncIterator[ParentRecord]]:
            read = self._start(stream, state, NO_LIMITS, Role.PARENT, in_order=context.in_order)
            progress = ParentProgress(stream.name, read, context, state)
            return progress, progress.records()

        return ParentRead(start)

    async def first_record(self, retriever: Retriever, context: Context) -> Record | None:
        """The first record that a retriever gives: what describes the schema of a stream. Raises `ReadError`."""
        return await first_record(retriever, context, self._jobs)


@asynccontextmanager
async def open_reader(
    connector: Connector,
    config: Mapping[str, Any],
    *,
    sleep: Sleep = asyncio.sleep,
    body_limit: int = BODY_LIMIT,
    spare_bodies: int = 0,
) -> AsyncIterator[Reader]:
    """Open a connector with its inputs. `sleep` is what waits, between polls and before repeated requests; exchanges
    keep `body_limit` bytes of each body, and `spare_bodies` more in all.

    Raises `ManifestError` when the manifest has errors, `InputError` when an input makes no sense for it, `ReadError`
    when the manifest asks for an API budget that can't be kept.
    """
    if not connector.usable:
        raise ManifestError(connector.problems)
    secrets = Secrets()
    for value in secret_values(connector.connection_specification, config):
        secrets.add(value)
    assert connector.source is not None
    try:
        budget = connector.source.rate_budget(config)
    except TemplateError as error:
        raise InputError(str(error)) from None
    executor = ThreadPoolExecutor(PARSERS, thread_name_prefix="longhaul-parser")
    try:
        async with HttpSession(
            secrets, budget=budget, sleep=sleep, body_limit=body_limit, spare_bodies=spare_bodies
        ) as session:
            try:
                reader = Reader(connector, config, session, executor, sleep)
            except TemplateError as error:
                raise InputError(str(error)) from None
            yield reader
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


async def read(
    connector: Connector,
    stream: str,
    config: Mapping[str, Any],
    state: Mapping[str, Any] | None = None,
    limits: Limits = NO_LIMITS,
) -> AsyncGenerator[Event, None]:
    """Read one stream of a connector: the short way for callers that read nothing else.

    Raises `ManifestError`, `InputError` and `KeyError` before the first event; failures of the stream are events.
    """
    async with open_reader(connector, config) as reader, aclosing(reader.read(stream, state, limits)) as events:
        async for event in events:
            yield event
