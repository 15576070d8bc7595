"""What comes out of a read: the typed, immutable events that screen, files and protocols consume.

Nothing else leaves a read. Texts in events are free of secrets. Times are aware UTC datetimes, durations are seconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.http.budget import Wait
from core.http.exchange import Exchange
from core.levels import Level


class JobPhase(StrEnum):
    """The phases of an asynchronous job."""

    WAITING = "waiting"
    CREATING = "creating"
    STARTING = "starting"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    SKIPPED = "skipped"
    DOWNLOADING = "downloading"
    DONE = "done"
    ABORTED = "aborted"


class Stage(StrEnum):
    """The three steps of an asynchronous job, as the tabs of its form are called."""

    CREATION = "Creation"
    POLLING = "Polling"
    DOWNLOAD = "Download"


class Outcome(StrEnum):
    """How a slice or a stream ended."""

    COMPLETE = "complete"
    SKIPPED = "skipped"
    LIMITED = "limited"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DETACHED = "detached"
    """Jobs are left to a later run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened while `stream` was read; `slice` is the slice it belongs to."""

    stream: str
    slice: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamStarted(Event):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaLoaded(Event):
    """The JSON Schema of the records was loaded; not emitted for one that is part of the manifest."""

    schema: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceStarted(Event):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeFinished(Event):
    """An HTTP request was answered, or failed for good; secrets are masked.

    `page` is the page of the slice that it belongs to, counted from 1 over all download targets of a job; None where
    there are no pages. `portion` counts the requests for one page from 1, where its properties are requested in chunks.
    `parent` names the parent stream that was read with it.
    """

    exchange: Exchange
    page: int | None = None
    portion: int | None = None
    parent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobChanged(Event):
    """A job entered a phase or was polled.

    `job_id` is the API's own id where it is known, `attempt` counts from 1, `api_status` is the last status that the
    API reported, `elapsed` counts from the creation, `timeout` is the time limit for polling. A `known` job was created
    by an earlier read.
    """

    phase: JobPhase
    attempt: int
    job_id: str | None = None
    polls: int = 0
    api_status: str | None = None
    elapsed: float = 0.0
    timeout: float = 0.0
    known: bool = False
    detail: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PollScheduled(Event):
    """The job will be polled again in `wait` seconds."""

    attempt: int
    polls: int
    wait: float


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetWait(Event):
    """The API budget holds requests back: the next one goes out in `wait.seconds`, or went out just now when that is 0.

    Emitted for waits of a few seconds or more; `wait.terms` describes the limit for people.
    """

    wait: Wait


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusUnmapped(Event):
    """The API reports a status that is not in the status mapping; emitted once for each status.

    `place` says where it was found, `mapping` what the mapping contains, both for people.
    """

    status: str
    place: str
    mapping: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusMissing(Event):
    """There is no status in an answer to polling; emitted once.

    `place` says where it was expected, `found` what was there instead, both for people.
    """

    place: str
    found: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadProgress(Event):
    """Bytes received so far for the slice: a gzip file as it is, a compressed transfer after decompression.

    `share` is how much that is of everything, from 0 to 1; files that have not begun are taken to be as long as the
    others. None where the server does not say how long they are, or how many pages there are.
    """

    received: int
    share: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Records(Event):
    """A batch of records, in order.

    When the caller of the read passed an encoder, the records are encoded in `data`, by the thread that parsed them,
    and `records` is empty; `count` counts either. `page` is the page of the slice that they are from.
    """

    count: int
    page: int = 1
    records: Sequence[Mapping[str, Any]] = ()
    data: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class StateAdvanced(Event):
    """The state that covers all records emitted before it: it may be saved once those are safe.

    When it covers a further slice, `latest` is the latest cursor value that was seen in that, as the state has it.
    """

    state: Mapping[str, Any]
    latest: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Log(Event):
    """A line for people."""

    level: Level
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceFinished(Event):
    """A slice is over; `error` says to people why it failed.

    `like` is the first slice that failed for the same cause, unless this is the first one. `latest` is the latest
    cursor value that was seen in a slice that was read, as the state has it. `final`: the other slices would fail, too.
    """

    outcome: Outcome
    records: int
    latest: Any = None
    error: str | None = None
    like: Mapping[str, Any] | None = None
    final: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFinished(Event):
    """A stream is over; always the last event of its read."""

    outcome: Outcome
    records: int
    slices: int
    seconds: float
    errors: Sequence[str] = field(default=())
    started: datetime | None = None
