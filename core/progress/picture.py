"""The events of a run folded into a plain picture of it: what each stream and each of its jobs is doing now.

A display redraws from it as often as it likes; folding an event costs next to nothing.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from core.events import (
    DownloadProgress,
    Event,
    JobChanged,
    JobPhase,
    Outcome,
    PollScheduled,
    Records,
    SliceFinished,
    SliceStarted,
    StreamFinished,
    StreamStarted,
)
from core.failures import Failures
from core.progress.plain import slice_values

_WINDOW = 5.0
"""Seconds over which records per second are taken."""

Clock = Callable[[], float]


@dataclass(slots=True)
class JobPicture:
    """A slice that is being worked on, with its job when it has one.

    `slice` holds the values that make it up. Times are those of the clock; `elapsed` was told at `told`;
    `next_poll` is None when none is planned.
    """

    slice: str
    told: float
    phase: JobPhase | None = None
    attempt: int = 1
    job_id: str | None = None
    polls: int = 0
    api_status: str | None = None
    elapsed: float = 0.0
    timeout: float = 0.0
    next_poll: float | None = None
    received: int = 0
    records: int = 0
    _download: int = 0

    def change(self, event: JobChanged, now: float) -> None:
        """Take over what is told of the job."""
        self.told = now
        self.phase = event.phase
        self.attempt = event.attempt
        self.job_id = event.job_id
        self.polls = event.polls
        self.api_status = event.api_status
        self.elapsed = event.elapsed
        self.timeout = event.timeout
        self.next_poll = None

    def download(self, received: int) -> int:
        """Take over how far a download is, and give the bytes that this adds; fewer than before is a new
        download.
        """
        more = received - self._download if received >= self._download else received
        self._download = received
        self.received += more
        return more


@dataclass(slots=True)
class StreamPicture:
    """One stream: what is going on in it and what came of it. `ended` is None while it is read."""

    name: str
    clock: Clock
    started: float = 0.0
    records: int = 0
    received: int = 0
    slices_done: int = 0
    active: dict[str, JobPicture] = field(default_factory=dict)
    failures: Failures = field(default_factory=Failures)
    ended: StreamFinished | None = None
    _samples: deque[tuple[float, int]] = field(default_factory=deque)

    @property
    def slices_failed(self) -> int:
        """How many slices failed."""
        return self.failures.count

    @property
    def seconds(self) -> float:
        """How long the stream has been read."""
        return self.ended.seconds if self.ended else self.clock() - self.started

    @property
    def rate(self) -> float:
        """Records per second over the last seconds."""
        now = self.clock()
        self._drop_old_samples(now)
        span = min(_WINDOW, max(now - self.started, 0.1))
        return sum(number for _, number in self._samples) / span

    def fold(self, event: Event) -> None:
        """Take in an event of this stream."""
        match event:
            case Records(count=count):
                self.records += count
                self._samples.append((self.clock(), count))
                self._drop_old_samples(self._samples[-1][0])
                self._job(event).records += count
            case DownloadProgress(received=received):
                job = self._job(event)
                self.received += job.download(received)
            case JobChanged():
                self._job(event).change(event, self.clock())
            case PollScheduled(wait=wait, polls=polls):
                job = self._job(event)
                job.polls, job.next_poll = polls, self.clock() + wait
            case StreamStarted():
                self.started = self.clock()
            case SliceStarted():
                self._job(event)
            case SliceFinished(outcome=outcome):
                self.active.pop(repr(event.slice), None)
                if outcome is Outcome.FAILED:
                    first = event.slice if event.like is None else event.like
                    self.failures.add(repr(first), event.slice, event.error or "")
                self.slices_done += outcome in (Outcome.COMPLETE, Outcome.SKIPPED)
            case StreamFinished():
                self.active.clear()
                self.ended = event
            case _:
                pass

    def _drop_old_samples(self, now: float) -> None:
        while self._samples and self._samples[0][0] < now - _WINDOW:
            self._samples.popleft()

    def _job(self, event: Event) -> JobPicture:
        key = repr(event.slice)
        if key not in self.active:
            self.active[key] = JobPicture(slice_values(event.slice), self.clock())
        return self.active[key]


class RunPicture:
    """All streams of a run, in the order in which they were asked for."""

    def __init__(self, streams: Iterable[str], clock: Clock = time.monotonic) -> None:
        self.clock = clock
        self.started = clock()
        self.streams: Mapping[str, StreamPicture] = {name: StreamPicture(name, clock) for name in streams}

    def fold(self, event: Event) -> None:
        """Take in an event."""
        self.streams[event.stream].fold(event)

    @property
    def records(self) -> int:
        """Records of all streams."""
        return sum(stream.records for stream in self.streams.values())

    @property
    def seconds(self) -> float:
        """How long the run has taken."""
        return self.clock() - self.started

    @property
    def finished(self) -> int:
        """Streams that are over."""
        return sum(stream.ended is not None for stream in self.streams.values())
