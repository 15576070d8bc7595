"""A reader that plays back events, and events as the engine emits them: shared by the tests of trials."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from core.connector import Connector, load_connector
from core.events import (
    Event,
    ExchangeFinished,
    JobChanged,
    JobPhase,
    Log,
    Outcome,
    PollScheduled,
    Records,
    SliceFinished,
    SliceStarted,
    StatusUnmapped,
    StreamFinished,
    StreamStarted,
)
from core.http.exchange import Exchange, Role
from core.jobs.known import KnownJobs
from core.jobs.statuses import JobStatus
from core.levels import Level
from core.manifest.document import Document
from core.reading import Limits
from core.runtime.slices import Record
from sample_configs import sample

STREAM = "contacts"
BEGAN = datetime(2024, 1, 5, 12, 0, tzinfo=UTC)
API = "https://api.example.com/v3/exports"
JSON = (("Content-Type", "application/json"),)
NO_LIMITS = Limits()
ONLY: Mapping[str, Any] = {}
"""The slice of a stream that has one."""


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def connector_of(name: str = "sendgrid_contacts") -> Connector:
    """The connector of a sample."""
    return load_connector(Document.load(sample(name).path))


def exchange(role: Role, status: int | None = 200, body: str = "{}", **more: Any) -> Exchange:
    """An exchange as the engine records it."""
    given: dict[str, Any] = {
        "role": role,
        "method": "POST" if role in (Role.CREATE, Role.ABORT) else "GET",
        "url": API if role is Role.CREATE else f"{API}/7",
        "request_headers": (("Authorization", "Bearer ****"), ("User-Agent", "longhaul/0.1.0")),
        "request_body": None,
        "started": BEGAN + timedelta(seconds=1),
        "seconds": 0.04,
        "status": status,
        "reason": {200: "OK", 202: "Accepted", 401: "Unauthorized", 404: "Not Found"}.get(status or 0, ""),
        "response_headers": JSON,
        "response_body": body,
        "response_size": len(body),
    }
    return Exchange(**{**given, **more})


def asked(
    role: Role,
    status: int | None = 200,
    body: str = "{}",
    slice_: Any = ONLY,
    *,
    page: int | None = None,
    portion: int | None = None,
    parent: str | None = None,
    **more: Any,
) -> ExchangeFinished:
    asked_for = exchange(role, status, body, **more)
    return ExchangeFinished(stream=STREAM, slice=slice_, exchange=asked_for, page=page, portion=portion, parent=parent)


def job(phase: JobPhase, polls: int = 0, status: str | None = None, slice_: Any = ONLY, **more: Any) -> JobChanged:
    given: dict[str, Any] = {"job_id": "7", "elapsed": float(polls), "timeout": 1800.0, "attempt": 1}
    return JobChanged(stream=STREAM, slice=slice_, phase=phase, polls=polls, api_status=status, **{**given, **more})


def wait(seconds: float, polls: int = 0, slice_: Any = ONLY) -> PollScheduled:
    return PollScheduled(stream=STREAM, slice=slice_, attempt=1, polls=polls, wait=seconds)


def batch(*records: Mapping[str, Any], slice_: Any = ONLY, page: int = 1) -> Records:
    return Records(stream=STREAM, slice=slice_, count=len(records), records=records, page=page)


def contact(number: int) -> dict[str, Any]:
    return {"CONTACT_ID": f"c{number:03}", "EMAIL": f"user{number}@example.com", "CITY": "Porto", "ORDERS": number}


def started(slice_: Any = ONLY) -> list[Event]:
    return [StreamStarted(stream=STREAM), SliceStarted(stream=STREAM, slice=slice_)]


def ended(outcome: Outcome, records: int = 0, error: str | None = None, slice_: Any = ONLY) -> list[Event]:
    """The slice and the stream are over."""
    errors = (error,) if error else ()
    return [
        SliceFinished(stream=STREAM, slice=slice_, outcome=outcome, records=records, error=error),
        StreamFinished(stream=STREAM, outcome=outcome, records=records, slices=1, seconds=3.0, errors=errors),
    ]


def created(slice_: Any = ONLY) -> list[Event]:
    return [
        job(JobPhase.WAITING, attempt=0, job_id=None, timeout=0.0, slice_=slice_),
        job(JobPhase.CREATING, job_id=None, timeout=0.0, slice_=slice_),
        asked(Role.CREATE, 202, '{"id": "7", "status": "pending"}', slice_),
        job(JobPhase.RUNNING, slice_=slice_),
        wait(1.0, slice_=slice_),
    ]


def polled(number: int, status: str, phase: JobPhase, body: str | None = None, slice_: Any = ONLY) -> list[Event]:
    answer = body or f'{{"id": "7", "status": "{status}"}}'
    return [asked(Role.POLL, 200, answer, slice_), job(phase, number, status, slice_)]


READY = '{"id": "7", "status": "ready", "urls": ["https://files.example.com/1.csv"]}'


def downloaded(*records: Mapping[str, Any], slice_: Any = ONLY) -> list[Event]:
    body = "CONTACT_ID,EMAIL\n" + "".join(f"{one['CONTACT_ID']},{one['EMAIL']}\n" for one in records)
    answer = asked(
        Role.DOWNLOAD,
        200,
        body,
        slice_,
        url="https://files.example.com/1.csv",
        response_headers=(("Content-Type", "text/csv"),),
    )
    return [
        job(JobPhase.DOWNLOADING, 2, "ready", slice_),
        answer,
        batch(*records, slice_=slice_),
        job(JobPhase.DONE, 2, "ready", slice_),
    ]


def success(count: int = 40) -> list[Event]:
    """A job that is pending once, then ready, and downloaded."""
    return [
        *started(),
        *created(),
        *polled(1, "pending", JobPhase.RUNNING),
        wait(1.4, 1),
        *polled(2, "ready", JobPhase.COMPLETED, READY),
        *downloaded(*(contact(number) for number in range(count))),
        *ended(Outcome.COMPLETE, count),
    ]


def unmapped(status: str) -> StatusUnmapped:
    return StatusUnmapped(
        stream=STREAM,
        slice=ONLY,
        status=status,
        place="`status`",
        mapping="running: pending; completed: ready; failed: failed; timeout: timeout; skipped: -",
    )


def warned(message: str) -> Log:
    return Log(stream=STREAM, slice=ONLY, level=Level.WARNING, message=message)


@dataclass
class Gate:
    """Where a script waits until the test lets it go on."""

    reached: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)


Script = Sequence[Event | Gate]


class ScriptedReader:
    """Plays events back as `core.reading.Reader` emits them; it waits at gates, a cancellation ends the script."""

    def __init__(self, script: Script, when_cancelled: Sequence[Event] = ()) -> None:
        self.script = script
        self.when_cancelled = when_cancelled
        self.cancelled = asyncio.Event()
        self.mapped: list[tuple[str, str, JobStatus | None]] = []
        self.asked_for: tuple[str, Mapping[str, Any] | None, Limits] | None = None
        self.jobs: KnownJobs | None = None
        self.cleared: list[tuple[str, KnownJobs]] = []
        self.when_cleared: Sequence[Event] = ()
        self.closed = False

    async def read(
        self,
        stream: str,
        state: Mapping[str, Any] | None = None,
        limits: Limits = NO_LIMITS,
        encode: Callable[[Sequence[Record]], bytes] | None = None,
        jobs: KnownJobs | None = None,
    ) -> AsyncIterator[Event]:
        self.asked_for = (stream, state, limits)
        self.jobs = jobs
        for item in self.script:
            if isinstance(item, Gate):
                item.reached.set()
                await self._at(item)
                if self.cancelled.is_set():
                    break
                continue
            yield _encoded(item, encode)
        if self.cancelled.is_set():
            for event in self.when_cancelled:
                yield event

    async def _at(self, gate: Gate) -> None:
        waits = [asyncio.create_task(one.wait()) for one in (gate.opened, self.cancelled)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()

    async def make_streams(self, report: Callable[[Event], None]) -> Connector:
        raise NotImplementedError("the script has no templates")

    async def clear_away_kept(self, stream: str, jobs: KnownJobs) -> AsyncIterator[Event]:
        self.cleared.append((stream, jobs))
        for event in self.when_cleared:
            yield event

    def cancel(self) -> None:
        self.cancelled.set()

    def map_status(self, stream: str, status: str, meaning: JobStatus | None) -> None:
        self.mapped.append((stream, status, meaning))

    def mask(self, text: str) -> str:
        return text

    @asynccontextmanager
    async def open(self, connector: Connector, config: Mapping[str, Any]) -> AsyncIterator[ScriptedReader]:
        """Takes the place of `open_reader`."""
        del connector, config
        try:
            yield self
        finally:
            self.closed = True


def _encoded(event: Event, encode: Callable[[Sequence[Record]], bytes] | None) -> Event:
    if isinstance(event, Records) and encode is not None and event.records:
        return replace(event, data=encode([dict(record) for record in event.records]), records=())
    return event
