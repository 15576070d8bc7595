"""The jobs that run on the demo API: their states go by the clock."""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sample_configs.demo_api.exchange import ApiError, Request

WAITING_SHARE = 0.4
"""The part of a job's life in which it only waits."""


@dataclass(frozen=True)
class States:
    """The names that an API has for the states of a job."""

    waiting: str
    running: str
    done: str
    aborted: str = "aborted"
    held: str = "created"
    """Of a job that waits for a second call before it does anything."""


@dataclass
class Job:
    """One job. `seconds` is how long it takes, `outcome` the status it ends in instead of `states.done`."""

    id: str
    api: str
    states: States
    seconds: float
    details: dict[str, Any]
    outcome: str | None = None
    never_ends: bool = False
    held: bool = False
    aborted: bool = False
    deleted: bool = False
    polls: int = 0
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    _started: float = field(default_factory=time.monotonic)

    @property
    def age(self) -> float:
        """Seconds since it was started."""
        return 0.0 if self.held else time.monotonic() - self._started

    def start(self) -> None:
        """Let a job that is held begin."""
        self.held, self._started = False, time.monotonic()

    @property
    def state(self) -> str:
        """The status as the API tells it now."""
        age = self.age
        if self.aborted:
            return self.states.aborted
        if self.held:
            return self.states.held
        if age < self.seconds * WAITING_SHARE:
            return self.states.waiting
        if self.never_ends or age < self.seconds:
            return self.states.running
        return self.outcome or self.states.done

    @property
    def ready(self) -> bool:
        """Whether the result can be downloaded."""
        return self.state == self.states.done

    @property
    def busy(self) -> bool:
        """Whether the job is waiting or running."""
        return not (self.aborted or self.held) and (self.never_ends or self.age < self.seconds)

    @property
    def progress(self) -> float:
        """The part that is done, 0 to 1."""
        age = self.age
        return 1.0 if age >= self.seconds else age / self.seconds


class JobStore:
    """All jobs of all APIs, in the order of their creation; deleted ones stay in the list, marked."""

    def __init__(self, pace: float) -> None:
        self._pace = pace
        self._lock = threading.Lock()
        self._jobs: list[Job] = []

    def all(self) -> list[Job]:
        """A copy of the list."""
        with self._lock:
            return list(self._jobs)

    def create(
        self, request: Request, api: str, states: States, seconds: float, *, held: bool = False, **details: Any
    ) -> Job:
        """Start a job that takes `seconds` at pace 1, unless it is `held`; the request's fault may spoil it."""
        job = Job(
            id=str(uuid.uuid4()),
            api=api,
            states=states,
            seconds=seconds * self._pace,
            details=details,
            outcome=request.fault.job_status,
            never_ends=request.fault.job_never_ends,
            held=held,
        )
        with self._lock:
            self._jobs.append(job)
        return job

    def find(self, api: str, job_id: str) -> Job:
        """The job of an API by its id.

        Raises:
            ApiError: 404 when there is none, or no longer.

        """
        for job in self.all():
            if job.api == api and job.id == job_id and not job.deleted:
                return job
        raise ApiError(404, f"there is no job {job_id}")

    def busy(self, api: str) -> list[Job]:
        """The jobs of an API that wait or run."""
        return [job for job in self.all() if job.api == api and job.busy]
