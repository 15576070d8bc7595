"""How the jobs of a stream are run: how many side by side, how often each is tried, and what is known of them."""

from __future__ import annotations

import asyncio
from copy import copy
from dataclasses import dataclass, field

from core.events import Stage
from core.jobs.known import KnownJobs
from core.jobs.slots import JobSlots, Leases
from core.jobs.statuses import StatusMeanings

ATTEMPTS = 3
"""How often a job is created for one slice, in all (Airbyte's number)."""
DOWNLOADS = 8
"""Targets that are downloaded side by side, over all streams of a run."""


class JobConcurrency:
    """How many jobs and downloads run side by side, over all streams of a run."""

    def __init__(self, jobs: int, leases: Leases | None = None) -> None:
        self.slots = JobSlots(jobs, leases)
        self.downloads = asyncio.Semaphore(DOWNLOADS)
        self.in_flight = jobs + DOWNLOADS
        """Slices of one stream that may be begun: jobs never run far ahead of the downloads."""

    def for_parent(self) -> JobConcurrency:
        """The same slots, and downloads of its own: what they give waits for a child that downloads as well."""
        own = copy(self)
        own.downloads = asyncio.Semaphore(DOWNLOADS)
        return own


@dataclass(frozen=True)
class JobSettings:
    """How the jobs of a stream are run: where, how often, and what is known of them already.

    The job of a slice is created `attempts` times at most, and not at first if it is one of the `known`. `mapped` may
    grow while jobs run; `warned` holds the statuses that were already warned of. Without `known`, the jobs are
    not needed later, so that each is dropped with its slice. `detach`: a job that is not complete when it is first
    asked for is left to a later run. `first` and `last` are the stages that are gone through (see
    `core.reading.plan.Limits`).
    """

    concurrency: JobConcurrency
    mapped: StatusMeanings = field(default_factory=StatusMeanings)
    warned: set[str] = field(default_factory=set)
    attempts: int = ATTEMPTS
    known: KnownJobs | None = None
    detach: bool = False
    first: Stage = Stage.CREATION
    last: Stage = Stage.DOWNLOAD

    @property
    def keeps_jobs(self) -> bool:
        """Whether jobs stay on the server for a later read of their other stages."""
        return self.last is not Stage.DOWNLOAD or self.first is Stage.DOWNLOAD
