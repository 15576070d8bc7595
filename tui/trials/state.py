"""What a test read is doing and what came of it: events folded into plain data, redrawn as often as one likes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from core.events import (
    BudgetWait,
    DownloadProgress,
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
    StateAdvanced,
    StatusMissing,
    StatusUnmapped,
    StreamFinished,
)
from core.http.exchange import Exchange, Role
from core.levels import Level
from core.progress.plain import slice_name
from core.reading.plan import Limits

CANCELLED = "cancelled"
"""What the engine notes in place of an answer that nobody waited for."""
FINAL_ROLES = frozenset({Role.PAGE, Role.DOWNLOAD})
"""Requests that give records; everything else belongs to the other requests."""
LOGS_KEPT = 2_000

_MEANINGS = {
    JobPhase.RUNNING: "running",
    JobPhase.COMPLETED: "completed",
    JobPhase.FAILED: "failed",
    JobPhase.TIMED_OUT: "timeout",
    JobPhase.SKIPPED: "skipped",
}


class Stage(StrEnum):
    """The three steps of an asynchronous job, as the tabs of its form are called."""

    CREATION = "Creation"
    POLLING = "Polling"
    DOWNLOAD = "Download"


@dataclass(slots=True)
class PageState:
    """One page of a partition: a download target or a page of a paginator; the first records may come before the
    whole answer. `status` is None without an answer.
    """

    number: int
    answered: bool = False
    """Whether a request for it has ended, well or not."""
    status: int | None = None
    error: str | None = None

    @property
    def answered_well(self) -> bool:
        """Whether the last answer is a success."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(slots=True)
class Partition:
    """One slice of the stream and its job, where it has one. Times are those of the run's clock."""

    number: int
    slice: Mapping[str, Any]
    phase: JobPhase | None = None
    stage: Stage = Stage.CREATION
    attempt: int = 1
    job_id: str | None = None
    polls: int = 0
    api_status: str | None = None
    meaning: str | None = None
    """The bucket of the status mapping that `api_status` is in, as the engine took it."""
    known: bool = False
    """Whether its job is one of an earlier test."""
    detail: str | None = None
    elapsed: float = 0.0
    told: float = 0.0
    """When `elapsed` was told."""
    timeout: float = 0.0
    next_poll: float | None = None
    stage_began: dict[Stage, float] = field(default_factory=dict)
    stage_ended: dict[Stage, float] = field(default_factory=dict)
    received: int = 0
    records: int = 0
    state: Mapping[str, Any] | None = None
    outcome: Outcome | None = None
    error: str | None = None
    was_cut: bool = False
    _download: int = 0
    _streamed: int = 0
    _answered: int = 0
    _pages: dict[int, PageState] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The partition as `name=value`, or its number."""
        return slice_name(self.slice) or f"Partition {self.number}"

    def elapsed_at(self, now: float) -> float:
        """Seconds since the job was created."""
        ended = self.stage_ended.get(Stage.POLLING)
        return self.elapsed + max(0.0, (now if ended is None else ended) - self.told)

    def seconds_in(self, stage: Stage, now: float) -> float | None:
        """Seconds that a stage took or has taken so far; None when it has not begun."""
        began = self.stage_began.get(stage)
        return None if began is None else self.stage_ended.get(stage, now) - began

    @property
    def pages(self) -> list[PageState]:
        """The pages that something is known of, in the order of their numbers."""
        return [self._pages[number] for number in sorted(self._pages)]

    def page(self, number: int) -> PageState:
        """A page by its number, added when it is new."""
        return self._pages.setdefault(number, PageState(number))


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of the log; `partition` is the number of the partition it is about."""

    level: Level
    message: str
    seconds: float
    partition: int | None = None


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A status that the API reports and the status mapping does not hold; both texts are for people."""

    status: str
    place: str
    mapping: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that a read which goes on warns of; `refused`: that a request got no good answer."""

    text: str
    refused: bool


@dataclass
class TrialState:
    """The test read of one stream. `seconds` and `limits` are as the read was started; everything else grows.

    `version` grows with every change. `ended` is set once, by the stream's end or by `fail` and `abandon`.
    """

    stream: str
    asynchronous: bool = False
    can_abort: bool = True
    """Whether the stream says how a job is aborted."""
    limits: Limits = field(default_factory=Limits)
    input_state: Mapping[str, Any] | None = None
    fingerprint: str = ""
    clock: Callable[[], float] = time.monotonic
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    started: float = 0.0
    version: int = 0
    partitions: list[Partition] = field(default_factory=list)
    records: int = 0
    exchanges: int = 0
    state: Mapping[str, Any] | None = None
    logs: list[LogLine] = field(default_factory=list)
    severities: Counter[Level] = field(default_factory=Counter)
    unmapped: dict[str, Unmapped] = field(default_factory=dict)
    """What the API reported and nobody has said the meaning of, by status."""
    missing: StatusMissing | None = None
    """Tells that the last answers to polling hold no status."""
    trouble: Trouble | None = None
    """The last warning of the log, until what it is about has passed."""
    held: dict[str, float] = field(default_factory=dict)
    """Until when the API budget holds requests back, on this clock, by the terms of its policies."""
    aborts: list[Exchange] = field(default_factory=list)
    """Abort requests sent after the cancellation."""
    running_when_cancelled: int = 0
    cancelling: bool = False
    abandoned: bool = False
    outcome: Outcome | None = None
    errors: tuple[str, ...] = ()
    ended: float | None = None
    _by_slice: dict[str, Partition] = field(default_factory=dict)
    _refused: bool = False
    """Whether the last request was refused."""

    def __post_init__(self) -> None:
        self.started = self.clock()

    @property
    def running(self) -> bool:
        """Whether the read goes on."""
        return self.ended is None

    @property
    def seconds(self) -> float:
        """How long the read took, or has taken so far."""
        return (self.clock() if self.ended is None else self.ended) - self.started

    def partition(self, slice_: Mapping[str, Any] | None) -> Partition:
        """The partition of a slice, added when it is new."""
        key = repr(slice_ or {})
        if key not in self._by_slice:
            self._by_slice[key] = Partition(len(self.partitions) + 1, slice_ or {}, told=self.clock())
            self.partitions.append(self._by_slice[key])
        return self._by_slice[key]

    @property
    def question(self) -> Unmapped | None:
        """The status to be asked about: one that a job is in now, else the first."""
        current = (self.unmapped.get(one.api_status) for one in self.partitions if one.api_status is not None)
        return next(filter(None, current), next(iter(self.unmapped.values()), None))

    def number_of(self, slice_: Mapping[str, Any] | None) -> int | None:
        """The number of a slice's partition; None for what belongs to no slice."""
        return None if slice_ is None else self.partition(slice_).number

    @property
    def jobs_on_server(self) -> int:
        """How many jobs run on the server now, as far as that is known."""
        return sum(one.outcome is None and one.phase is JobPhase.RUNNING for one in self.partitions)

    def cancel(self) -> None:
        """Note that the read is to end."""
        self.cancelling = True
        self.running_when_cancelled = self.jobs_on_server
        self.version += 1

    def answer_status(self, status: str, meaning: str | None = None) -> None:
        """Note that a person said what a status means; jobs that are in it mean that from now on."""
        self.unmapped.pop(status, None)
        for partition in self.partitions:
            if partition.api_status == status and meaning is not None:
                partition.meaning = meaning
        self.version += 1

    def fail(self, *errors: str) -> None:
        """End the read because of something that is no event: bad inputs, a broken manifest."""
        self.errors = (*self.errors, *errors)
        self.end(Outcome.FAILED)

    def abandon(self) -> None:
        """End the read without waiting for its own end."""
        self.abandoned = True
        self.end(Outcome.CANCELLED)

    def end(self, outcome: Outcome) -> None:
        """Note that the read has ended, and with it every partition that goes on."""
        self.outcome = outcome
        self.ended = self.clock()
        self.trouble = None
        self.held.clear()
        for partition in self.partitions:
            _close_partition(partition, outcome, None, self.ended)
        self.version += 1


def fold(state: TrialState, event: Event) -> None:
    """Take in what happened. Nothing changes any more once the read has ended."""
    if not state.running:
        return
    match event:
        case Records():
            _add_records(state, event)
        case ExchangeFinished():
            _add_exchange(state, event)
        case StatusUnmapped(status=status, place=place, mapping=mapping):
            state.unmapped[status] = Unmapped(status, place, mapping)
        case StatusMissing():
            state.missing = event
        case StateAdvanced():
            _advance(state, event)
        case Log():
            _add_log(state, event)
        case BudgetWait():
            _hold(state, event)
        case StreamFinished(outcome=outcome, errors=errors):
            state.errors = tuple(dict.fromkeys(errors))
            state.end(outcome)
        case SliceStarted() | SliceFinished() | JobChanged() | PollScheduled() | DownloadProgress():
            if isinstance(event, JobChanged) and event.api_status is not None:
                state.missing = None
            _fold_slice(state.partition(event.slice), event, state.clock())
        case _:
            pass
    state.version += 1


def _fold_slice(partition: Partition, event: Event, now: float) -> None:
    match event:
        case JobChanged():
            _change_job(partition, event, now)
        case PollScheduled(wait=wait):
            partition.next_poll = now + wait
        case DownloadProgress(received=received):
            _add_bytes(partition, received)
        case SliceFinished(outcome=outcome, error=error):
            _close_partition(partition, outcome, error, now)
        case _:
            pass


def gives_records(event: ExchangeFinished) -> bool:
    """Whether the records of the stream itself come from an exchange."""
    return event.exchange.role in FINAL_ROLES and event.parent is None


def _add_records(state: TrialState, event: Records) -> None:
    partition = state.partition(event.slice)
    state.records += event.count
    partition.records += event.count
    partition.page(event.page)
    state.trouble = None


def _add_exchange(state: TrialState, event: ExchangeFinished) -> None:
    exchange = event.exchange
    state.exchanges += 1
    if exchange.error == CANCELLED:
        return
    state._refused = exchange.status is None or exchange.status >= 400
    if state.trouble is not None and state.trouble.refused and not state._refused:
        state.trouble = None
    if gives_records(event):
        page = state.partition(event.slice).page(event.page or 1)
        page.answered, page.status, page.error = True, exchange.status, exchange.error
        if not state.asynchronous:
            _add_answer(state.partition(event.slice), exchange)
    elif exchange.role is Role.ABORT and state.cancelling:
        state.aborts.append(exchange)


def _add_bytes(partition: Partition, received: int) -> None:
    """Fewer bytes than before are those of a new download."""
    last, partition._download = partition._download, received
    partition._streamed += received - last if received >= last else received
    partition.received = max(partition._streamed, partition._answered)


def _add_answer(partition: Partition, exchange: Exchange) -> None:
    """Count an answer as a whole where its bytes were not told while they came."""
    partition._answered += exchange.response_size or 0
    partition.received = max(partition._streamed, partition._answered)


def _change_job(partition: Partition, event: JobChanged, now: float) -> None:
    if event.attempt > partition.attempt:
        partition.stage_began.clear()
        partition.stage_ended.clear()
        partition.api_status = partition.meaning = None
        partition.polls = 0
    if event.polls > partition.polls:
        partition.api_status = event.api_status
        partition.meaning = _MEANINGS.get(event.phase, partition.meaning)
    partition.phase, partition.attempt, partition.detail = event.phase, max(1, event.attempt), event.detail
    partition.job_id, partition.polls, partition.known = event.job_id, event.polls, event.known
    if Stage.POLLING not in partition.stage_ended:
        partition.elapsed, partition.told = event.elapsed, now
    partition.timeout = event.timeout
    partition.next_poll = None
    match event.phase:
        case JobPhase.CREATING:
            _enter(partition, Stage.CREATION, now)
        case JobPhase.RUNNING:
            _enter(partition, Stage.POLLING, now)
        case JobPhase.DOWNLOADING:
            _enter(partition, Stage.DOWNLOAD, now)
        case JobPhase.WAITING:
            partition.stage = Stage.CREATION
        case _:
            partition.stage_ended.setdefault(partition.stage, now)


def _enter(partition: Partition, stage: Stage, now: float) -> None:
    if stage is not partition.stage:
        partition.stage_ended.setdefault(partition.stage, now)
    partition.stage = stage
    partition.stage_began.setdefault(stage, now)


def _advance(state: TrialState, event: StateAdvanced) -> None:
    state.state = event.state
    if event.slice is not None:
        state.partition(event.slice).state = event.state


def _add_log(state: TrialState, event: Log) -> None:
    state.severities[event.level] += 1
    told = event.level in (Level.WARNING, Level.ERROR) and state.missing is None and not state.unmapped
    if told:  # else there is a notice or a question about it already
        state.trouble = Trouble(event.message, state._refused)
    if len(state.logs) < LOGS_KEPT:
        number = state.number_of(event.slice)
        state.logs.append(LogLine(event.level, event.message, state.seconds, number))


def _hold(state: TrialState, event: BudgetWait) -> None:
    state.held.pop(event.wait.terms, None)
    if event.wait.seconds:
        state.held[event.wait.terms] = state.clock() + event.wait.seconds


def _close_partition(partition: Partition, outcome: Outcome, error: str | None, now: float) -> None:
    if partition.outcome is None:
        partition.outcome, partition.error = outcome, error
        partition.was_cut = outcome is Outcome.LIMITED
        partition.next_poll = None
        partition.stage_ended.setdefault(partition.stage, now)
