"""The events of a read folded into a picture of it: what each stream, slice and job is doing now.

A display redraws from it as often as it likes; folding an event costs next to nothing. The command keeps only the
slices at work, a trial in the builder (`tui.trials.state`) adds what its screen shows.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from core.events import (
    BudgetWait,
    DownloadProgress,
    Event,
    ExchangeFinished,
    JobChanged,
    JobPhase,
    Outcome,
    PollScheduled,
    Records,
    SliceFinished,
    SliceStarted,
    Stage,
    StatusUnmapped,
    StreamFinished,
    StreamStarted,
)
from core.failures import Failures
from core.http.exchange import Role
from core.progress.timeline import Kind, Mark, Pace, Timeline

_RATE_WINDOW = 5.0
"""Seconds over which records per second are counted."""
_MEANINGS = {
    JobPhase.RUNNING: "running",
    JobPhase.COMPLETED: "completed",
    JobPhase.FAILED: "failed",
    JobPhase.TIMED_OUT: "timeout",
    JobPhase.SKIPPED: "skipped",
}

Clock = Callable[[], float]
"""Gives seconds, from any start."""


_STAGES = {
    JobPhase.CREATING: Stage.CREATION,
    JobPhase.STARTING: Stage.CREATION,
    JobPhase.RUNNING: Stage.POLLING,
    JobPhase.DOWNLOADING: Stage.DOWNLOAD,
}
_KINDS = {
    JobPhase.RUNNING: Kind.RUNNING,
    JobPhase.COMPLETED: Kind.COMPLETED,
    JobPhase.FAILED: Kind.FAILED,
    JobPhase.TIMED_OUT: Kind.FAILED,
    JobPhase.SKIPPED: Kind.SKIPPED,
}


@dataclass
class SlicePicture:
    """A slice of a stream and its job, where it has one. Times are those of the clock, `number` counts from 1."""

    number: int
    slice: Mapping[str, Any]
    phase: JobPhase | None = None
    stage: Stage = Stage.CREATION
    attempt: int = 1
    job_id: str | None = None
    known: bool = False
    """Whether the job was created by an earlier read."""
    polls: int = 0
    api_status: str | None = None
    meaning: str | None = None
    """The bucket of the status mapping that `api_status` is in, as the engine took it."""
    detail: str | None = None
    elapsed: float = 0.0
    """How long the job had existed at `updated`."""
    updated: float = 0.0
    timeout: float = 0.0
    next_poll: float | None = None
    stage_began: dict[Stage, float] = field(default_factory=dict)
    stage_ended: dict[Stage, float] = field(default_factory=dict)
    received: int = 0
    share: float | None = None
    """How much of the download there is, from 0 to 1; None where its length is not known."""
    records: int = 0
    pages_read: int = 0
    """How many requests for a page were answered with one."""
    outcome: Outcome | None = None
    error: str | None = None
    started: float = 0.0
    """When the slice was first heard of."""
    timeline: Timeline = field(default_factory=Timeline)
    bytes_pace: Pace = field(default_factory=Pace)
    records_pace: Pace = field(default_factory=Pace)
    _download: int = 0

    def elapsed_at(self, now: float) -> float:
        """Seconds since the job was created; they stand still once polling is over."""
        ended = self.stage_ended.get(Stage.POLLING)
        return self.elapsed + max(0.0, (now if ended is None else ended) - self.updated)

    @property
    def transferred(self) -> int:
        """Bytes received, as far as they are counted."""
        return self.received

    @property
    def limit(self) -> float | None:
        """When polling is given up; None where that is not known."""
        return self.updated - self.elapsed + self.timeout if self.timeout else None

    def add_records(self, event: Records, now: float) -> None:
        self._begin_reading()
        self.records += event.count
        self.records_pace.add(now, event.count)

    def add_bytes(self, event: DownloadProgress, now: float) -> int:
        """Take over how far a download is, and give the bytes that this adds; fewer than before is a new download."""
        self._begin_reading()
        received, self.share = event.received, event.share
        more = received - self._download if received >= self._download else received
        self._download = received
        self.received += more
        self.bytes_pace.add(now, more)
        return more

    def add_page(self, event: ExchangeFinished, now: float) -> None:
        """Note the answer to a request for a page."""
        status = event.exchange.status
        succeeded = status is not None and status < 400
        self.pages_read += succeeded
        self._begin_reading()
        self.timeline.add(Mark(now, Kind.PAGE if succeeded else Kind.FAILED, None if status is None else str(status)))

    def _begin_reading(self) -> None:
        """The requests of a synchronous stream begin with its slice."""
        if self.phase is None:
            self.timeline.begin(self.started)

    def change_job(self, event: JobChanged, now: float) -> None:
        """Take over what an event says about the job."""
        self._mark(event, now)
        if event.attempt > self.attempt:
            self.stage_began.clear()
            self.stage_ended.clear()
            self.api_status = self.meaning = None
            self.polls = 0
        if event.polls > self.polls:
            self.api_status = event.api_status
            self.meaning = _MEANINGS.get(event.phase, self.meaning)
        self.phase, self.attempt, self.detail = event.phase, max(1, event.attempt), event.detail
        self.job_id, self.polls, self.known = event.job_id, event.polls, event.known
        stage = _STAGES.get(event.phase)
        if stage is not None:
            self._enter(stage, now)
        elif event.phase is JobPhase.WAITING:
            self.stage = Stage.CREATION
        if Stage.POLLING not in self.stage_ended:
            self.elapsed, self.updated = event.elapsed, now
        if stage is None and event.phase is not JobPhase.WAITING:
            self.stage_ended.setdefault(self.stage, now)
        self.timeout = event.timeout
        self.next_poll = None

    def _mark(self, event: JobChanged, now: float) -> None:
        """Put what an event says on the line, where it is something new."""
        line, kind = self.timeline, _KINDS.get(event.phase)
        if event.phase in _STAGES and line.began is None:
            line.began, line.earlier = now, event.elapsed if event.known else 0.0
        polled = event.polls > (self.polls if event.attempt <= self.attempt else 0)
        last = line.marks[-1].kind if line.marks else None
        if event.phase is JobPhase.RUNNING and not event.polls and Stage.POLLING not in self._begun(event):
            line.add(Mark(now, Kind.FOLLOWED if event.known else Kind.CREATED))
        elif kind is not None and polled:
            line.add(Mark(now, kind, event.api_status))
        elif kind not in (None, Kind.RUNNING) and last is Kind.RUNNING and event.phase is not JobPhase.TIMED_OUT:
            line.settle(kind)
        elif kind is Kind.FAILED and last is not Kind.FAILED:
            line.add(Mark(now, kind, event.api_status))

    def _begun(self, event: JobChanged) -> Mapping[Stage, float]:
        """The stages that this attempt has begun."""
        return self.stage_began if event.attempt <= self.attempt else {}

    def _enter(self, stage: Stage, now: float) -> None:
        if stage is not self.stage:
            self.stage_ended.setdefault(self.stage, now)
        self.stage = stage
        self.stage_began.setdefault(stage, now)
        if stage is Stage.POLLING:  # a completed job is polled again for fresh download targets
            self.stage_ended.pop(stage, None)

    def finish(self, outcome: Outcome, error: str | None, now: float) -> None:
        """Note how the slice ended, unless it has ended before."""
        if self.outcome is None:
            self.outcome, self.error = outcome, error
            self.next_poll = None
            self.stage_ended.setdefault(self.stage, now)
            self.timeline.ended = now


SliceT = TypeVar("SliceT", bound=SlicePicture)


class StreamPicture(Generic[SliceT]):
    """One stream: what is going on in it and what came of it.

    `new_slice` makes the picture of a slice from its number and its values. Finished slices are dropped, so that the
    picture stays small however many there are, unless `keep_finished` says otherwise.
    """

    def __init__(
        self,
        stream: str,
        new_slice: Callable[[int, Mapping[str, Any]], SliceT],
        clock: Clock = time.monotonic,
        *,
        keep_finished: bool = False,
    ) -> None:
        self.stream = stream
        self.clock = clock
        self.started: float | None = None
        self.ended: float | None = None
        self.result: StreamFinished | None = None
        """How the stream ended; None while it is read."""
        self.records = 0
        self.loads = False
        """Whether its records are loaded into a database, in portions: so many are `loaded`, so many on their way."""
        self.loaded = self.loading = 0
        self.received = 0
        self.slices: dict[str, SliceT] = {}
        self.slices_done = 0
        self.detached_jobs = 0
        """How many jobs run on the server for a later run."""
        self.detached_slices = 0
        """How many slices have no job yet, and are left to a later run."""
        self.failures = Failures()
        self.unmapped_statuses: set[str] = set()
        """Statuses that the API reported and the mapping does not hold."""
        self.budget_waits: dict[str, float] = {}
        """Until when the API budget holds requests back, by the terms of its policies."""
        self._new_slice = new_slice
        self._keep_finished = keep_finished
        self._slices_seen = 0
        self._samples: deque[tuple[float, int]] = deque()

    @property
    def running(self) -> bool:
        return self.result is None

    @property
    def outcome(self) -> Outcome | None:
        return self.result.outcome if self.result else None

    @property
    def errors(self) -> tuple[str, ...]:
        """The errors of a stream that has ended, each once."""
        return tuple(dict.fromkeys(self.result.errors)) if self.result else ()

    @property
    def seconds(self) -> float:
        """How long the read took, or has taken so far."""
        if self.started is None:
            return 0.0
        return (self.clock() if self.ended is None else self.ended) - self.started

    @property
    def rate(self) -> float:
        """Records per second over the last seconds."""
        self._drop_old_samples(self.clock())
        span = min(_RATE_WINDOW, max(self.seconds, 0.1))
        return sum(number for _, number in self._samples) / span

    def fold(self, event: Event) -> None:
        """Take in an event of this stream."""
        match event:
            case Records(count=count):
                now = self.clock()
                self.records += count
                self._samples.append((now, count))
                self._drop_old_samples(now)
                self.slice(event.slice).add_records(event, now)
            case StatusUnmapped(status=status):
                self.unmapped_statuses.add(status)
            case BudgetWait(wait=budget):
                self.budget_waits.pop(budget.terms, None)
                if budget.seconds:
                    self.budget_waits[budget.terms] = self.clock() + budget.seconds
            case StreamStarted() if self.started is None:
                self.started = self.clock()
            case StreamFinished():
                self.finish(event)
            case _:
                self._fold_into_slice(event)

    def _fold_into_slice(self, event: Event) -> None:
        match event:
            case DownloadProgress():
                self.received += self.slice(event.slice).add_bytes(event, self.clock())
            case JobChanged():
                self.slice(event.slice).change_job(event, self.clock())
            case PollScheduled(wait=wait, polls=polls):
                job = self.slice(event.slice)
                job.polls, job.next_poll = polls, self.clock() + wait
            case ExchangeFinished() if event.exchange.role is Role.PAGE and event.slice is not None:
                if event.parent is None:
                    self.slice(event.slice).add_page(event, self.clock())
            case SliceStarted():
                self.slice(event.slice)
            case SliceFinished():
                self._finish_slice(event)
            case _:
                pass

    def slice(self, slice_: Mapping[str, Any] | None) -> SliceT:
        """The picture of a slice, added when it is new."""
        key = repr(slice_ or {})
        found = self.slices.get(key)
        if found is None:
            self._slices_seen += 1
            found = self.slices[key] = self._new_slice(self._slices_seen, slice_ or {})
            found.started = self.clock()
        return found

    def take_load(self, records: int, *, complete: bool) -> None:
        """A load into a database has this many records so far; `complete`: they are all there."""
        self.loading = 0 if complete else records
        self.loaded += records if complete else 0
        self.loads = True

    def end(self, outcome: Outcome, *errors: str) -> None:
        """End the stream for a reason that is no event; its errors are added to those that there are."""
        self.finish(
            StreamFinished(
                stream=self.stream,
                outcome=outcome,
                records=self.records,
                slices=self.slices_done + self.failures.count,
                seconds=self.seconds,
                errors=(*self.errors, *errors),
            )
        )

    def _finish_slice(self, event: SliceFinished) -> None:
        slice_ = self.slice(event.slice)
        slice_.finish(event.outcome, event.error, self.clock())
        if event.outcome is Outcome.DETACHED:
            self.detached_jobs += slice_.phase is JobPhase.RUNNING
            self.detached_slices += slice_.phase is not JobPhase.RUNNING
        if not self._keep_finished:
            del self.slices[repr(event.slice or {})]
        if event.outcome is Outcome.FAILED:
            first = event.slice if event.like is None else event.like
            self.failures.add(repr(first), event.slice, event.error or "")
        self.slices_done += event.outcome in (Outcome.COMPLETE, Outcome.SKIPPED)

    def finish(self, event: StreamFinished) -> None:
        """Note how the stream ended, and with it every slice at work."""
        self.result, self.ended = event, self.clock()
        self.budget_waits.clear()
        for slice_ in self.slices.values():
            slice_.finish(event.outcome, None, self.ended)
        if not self._keep_finished:
            self.slices.clear()

    def _drop_old_samples(self, now: float) -> None:
        while self._samples and self._samples[0][0] < now - _RATE_WINDOW:
            self._samples.popleft()


class RunPicture:
    """All streams of a run, in the order in which they were asked for."""

    def __init__(self, streams: Iterable[str], clock: Clock = time.monotonic) -> None:
        self.clock = clock
        self.started = clock()
        self.streams: Mapping[str, StreamPicture[SlicePicture]] = {
            name: StreamPicture(name, SlicePicture, clock) for name in streams
        }

    def fold(self, event: Event) -> None:
        """Take in an event of any stream."""
        self.streams[event.stream].fold(event)

    @property
    def records(self) -> int:
        return sum(stream.records for stream in self.streams.values())

    @property
    def seconds(self) -> float:
        """How long the run has taken."""
        return self.clock() - self.started

    @property
    def results(self) -> list[StreamFinished]:
        """How the streams that are over have ended."""
        return [stream.result for stream in self.streams.values() if stream.result]
