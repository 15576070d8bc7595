"""What is read of a stream, how, and how much of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.components.stream import DeclarativeStream, StreamChoice
from core.events import Stage
from core.http.exchange import Role
from core.jobs.known import KnownJobs
from core.jobs.settings import ATTEMPTS, JobConcurrency, JobSettings
from core.jobs.statuses import StatusMeanings
from core.runtime.slices import Record, StreamSlice

Encoder = Callable[[Sequence[Record]], bytes]


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper limits for the read of one stream; None: no limit. `pages` counts within one slice.

    The `records` of jobs are the first ones in the order of slices and download targets, whichever come first.
    `attempts` is how often the job of one slice is created, in all; None: as often as in a run (`ATTEMPTS`).
    `first` and `last` are the stages of a job that are gone through. A read that begins after the creation reads the
    slices of the known jobs; one of the polling alone polls once; one of the download alone polls only a job that is
    not known to be completed. Jobs whose read ends before the download, or is one of the download alone, are kept on
    the server.
    """

    records: int | None = None
    pages: int | None = None
    slices: int | None = None
    attempts: int | None = None
    first: Stage = Stage.CREATION
    last: Stage = Stage.DOWNLOAD

    @property
    def whole(self) -> bool:
        """Whether jobs are gone through from their creation to their download."""
        return (self.first, self.last) == (Stage.CREATION, Stage.DOWNLOAD)


NO_LIMITS = Limits()


class RecordBudget:
    """The records that a stream may still emit, shared by the threads of its slices."""

    def __init__(self, limit: int | None) -> None:
        self._left = limit
        self._lock = threading.Lock()
        self.cut = False
        """Whether a record was refused."""

    def take(self, wanted: int) -> int:
        """How many of the wanted records may be emitted."""
        if self._left is None:
            return wanted
        with self._lock:
            allowed = min(wanted, self._left)
            self._left -= allowed
            self.cut = self.cut or allowed < wanted
            return allowed


@dataclass(frozen=True)
class ReadPlan:
    """What to read and how: the stream with what it starts from and how far it goes.

    `choice` says why it is this stream, where that is to be told.
    `concurrency` bounds the slices of a synchronous stream that are read side by side.
    `role` is that of page requests (a parent stream's differ). `unsupported` names component types that can't be run.
    `slices`, where they are given, are read instead of those that the stream is divided into now. `schema` is that of
    the records, where it was loaded before.
    `known` are jobs that are followed instead of creating new ones; those that are created are added. None: they are
    not needed later, so that each is dropped with its slice. `detach`: those that run are left to a later run.
    `in_order`: the slices of a synchronous stream, and of its parents, are read one after the other.
    """

    stream: DeclarativeStream
    state: Mapping[str, Any] | None = None
    choice: StreamChoice | None = None
    limits: Limits = NO_LIMITS
    encode: Encoder | None = None
    concurrency: int = 1
    in_order: bool = False
    role: Role = Role.PAGE
    unsupported: tuple[str, ...] = ()
    statuses: StatusMeanings = field(default_factory=StatusMeanings)
    slices: Sequence[StreamSlice] | None = None
    schema: Mapping[str, Any] | None = None
    known: KnownJobs | None = None
    detach: bool = False

    def job_settings(self, concurrency: JobConcurrency) -> JobSettings:
        """How the jobs of one read are run."""
        return JobSettings(
            concurrency,
            self.statuses,
            set(),
            self.limits.attempts or ATTEMPTS,
            self.known,
            self.detach,
            self.limits.first,
            self.limits.last,
        )
