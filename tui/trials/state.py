"""What a trial is doing and what came of it: the picture of its read, and what only the trial screen shows."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from core.events import (
    Event,
    ExchangeFinished,
    JobChanged,
    JobPhase,
    Log,
    Outcome,
    Records,
    Stage,
    StateAdvanced,
    StatusMissing,
    StatusUnmapped,
    StreamFinished,
)
from core.http.exchange import Exchange, Role
from core.levels import Level
from core.progress.picture import Clock, SlicePicture, StreamPicture
from core.reading.plan import Limits
from core.wording import slice_name

CANCELLED = "cancelled"
"""The error of an exchange that the engine cancelled before it was answered."""
FINAL_ROLES = frozenset({Role.PAGE, Role.DOWNLOAD})
"""Requests that give records; everything else belongs to the other requests."""
ROLES_OF_STAGE = {
    Stage.CREATION: frozenset({Role.CREATE, Role.START}),
    Stage.POLLING: frozenset({Role.POLL}),
    Stage.DOWNLOAD: FINAL_ROLES,
}
"""Requests whose answers are what a trial is about that ends with this stage."""
LOGS_KEPT = 2_000


@dataclass(slots=True)
class PageState:
    """One page of a partition: a download target or a page of a paginator.

    Its first records may come before the whole answer. `status` is None without an answer.
    """

    number: int
    answered: bool = False
    """Whether a request for it has ended, successfully or not."""
    status: int | None = None
    error: str | None = None

    @property
    def succeeded(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


@dataclass
class Partition(SlicePicture):
    """A slice of the stream with the pages that were read for it."""

    answered: int = 0
    """Bytes of the answers that a synchronous stream received as a whole."""
    state: Mapping[str, Any] | None = None
    _pages: dict[int, PageState] = field(default_factory=dict)

    @cached_property
    def name(self) -> str:
        """The partition as `name=value`, or its number."""
        return slice_name(self.slice) or f"Partition {self.number}"

    @property
    def transferred(self) -> int:
        """Bytes received, whether they were counted while they came or as a whole."""
        return max(self.received, self.answered)

    @property
    def was_cut(self) -> bool:
        return self.outcome is Outcome.LIMITED

    @property
    def pages(self) -> list[PageState]:
        """The known pages, in the order of their numbers."""
        return [self._pages[number] for number in sorted(self._pages)]

    def add_records(self, event: Records, now: float) -> None:
        super().add_records(event, now)
        self.page(event.page)

    def page(self, number: int) -> PageState:
        """A page by its number, added when it is new."""
        found = self._pages.get(number)
        if found is None:
            found = self._pages[number] = PageState(number)
        return found


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
    """A warning of a read that goes on; `refused` says whether it is about a refused request."""

    text: str
    refused: bool


class TrialState(StreamPicture[Partition]):
    """The read of a trial. `limits` and `input_state` are as the read was started; everything else grows.

    `version` grows with every change. Nothing changes any more once the read has ended: by the stream's end, by `end`
    or by `abandon`.
    """

    def __init__(
        self,
        stream: str,
        *,
        asynchronous: bool = False,
        can_abort: bool = True,
        limits: Limits = Limits(),  # noqa: B008 - it is immutable
        input_state: Mapping[str, Any] | None = None,
        fingerprint: str = "",
        clock: Clock = time.monotonic,
        only: Stage | None = None,
    ) -> None:
        super().__init__(stream, Partition, clock, keep_finished=True)
        self.asynchronous = asynchronous
        self.made = ""
        """Which stream is read of those that were made from a template; empty for other streams."""
        self.only = only
        """The one stage that a person wanted to try; None: as many as are described."""
        self.can_abort = can_abort
        """Whether the stream says how a job is aborted."""
        self.limits = limits
        self.input_state = input_state
        self.fingerprint = fingerprint
        self.began = datetime.now(UTC)
        self.started: float = clock()
        self.version = 0
        self.exchanges = 0
        self.state: Mapping[str, Any] | None = None
        self.logs: list[LogLine] = []
        self.severities: Counter[Level] = Counter()
        self.unmapped: dict[str, Unmapped] = {}
        """Statuses that the API reported and nobody has given a meaning to yet."""
        self.missing: StatusMissing | None = None
        """Set while the latest answers to polling hold no status."""
        self.errors_of_read: tuple[str, ...] = ()
        """Those of the errors that are about no partition."""
        self.trouble: Trouble | None = None
        """The last warning of the log, until what it is about has passed."""
        self.aborts: list[Exchange] = []
        """Abort requests sent after the cancellation."""
        self.running_when_cancelled = 0
        self.cancelling = False
        self.abandoned = False
        self._was_refused = False
        """Whether the last request was refused."""

    @property
    def partitions(self) -> list[Partition]:
        return list(self.slices.values())

    def numbered(self, number: int) -> Partition | None:
        """The partition with a number."""
        return next((one for one in self.slices.values() if one.number == number), None)

    def number_of(self, slice_: Mapping[str, Any] | None) -> int | None:
        """The number of a slice's partition; None for what belongs to no slice."""
        return None if slice_ is None else self.slice(slice_).number

    @property
    def question(self) -> Unmapped | None:
        """The status to be asked about: one that a job is in now, else the first."""
        current = (self.unmapped.get(one.api_status) for one in self.slices.values() if one.api_status is not None)
        return next(filter(None, current), next(iter(self.unmapped.values()), None))

    def is_in(self, status: str) -> bool:
        """Whether a job has a status now, as the API calls it."""
        return any(one.api_status == status for one in self.slices.values())

    @property
    def next_stage(self) -> Stage | None:
        """The first stage that the trial does not come to."""
        return next(iter(list(Stage)[list(Stage).index(self.limits.last) + 1 :]), None)

    @property
    def jobs_on_server(self) -> int:
        """How many jobs run on the server now, as far as that is known."""
        return self.jobs(JobPhase.RUNNING)

    def jobs(self, *phases: JobPhase) -> int:
        return sum(one.outcome is None and one.phase in phases for one in self.slices.values())

    @property
    def jobs_aborted(self) -> int:
        return sum(one.status is not None and one.status < 400 for one in self.aborts)

    @property
    def jobs_left(self) -> int:
        """How many jobs a cancelled read has left running on the server, as far as that is known."""
        if not self.cancelling or self.outcome is not Outcome.CANCELLED or self.abandoned:
            return 0
        return max(0, self.running_when_cancelled - self.jobs_aborted)

    def read_as_made(self, name: str) -> None:
        """Note which one of the streams that were made from the template is read."""
        self.made = name
        self.version += 1

    def cancel(self) -> None:
        """Note that the read is to end."""
        self.cancelling = True
        self.running_when_cancelled = self.jobs_on_server
        self.version += 1

    def answer_status(self, status: str, meaning: str | None = None) -> None:
        """Note that a person said what a status means; jobs that are in it mean that from now on."""
        self.unmapped.pop(status, None)
        for partition in self.slices.values():
            if partition.api_status == status and meaning is not None:
                partition.meaning = meaning
        self.version += 1

    def abandon(self) -> None:
        """End the read without waiting for its own end."""
        self.abandoned = True
        self.end(Outcome.CANCELLED)

    def finish(self, event: StreamFinished) -> None:
        super().finish(event)
        told = set(self.failures.texts(event.slices))
        self.errors_of_read = tuple(error for error in self.errors if error not in told)
        if self.limits.last is Stage.DOWNLOAD:  # else it is about the stages that come next
            self.trouble = None
        self.version += 1

    def fold(self, event: Event) -> None:
        """Take in what happened. Nothing changes any more once the read has ended."""
        if not self.running:
            return
        super().fold(event)
        match event:
            case Records():
                self.trouble = None
            case ExchangeFinished():
                self._add_exchange(event)
            case StatusUnmapped(status=status, place=place, mapping=mapping):
                self.unmapped[status] = Unmapped(status, place, mapping)
            case StatusMissing():
                self.missing = event
            case JobChanged() if event.api_status is not None:
                self.missing = None
            case StateAdvanced(state=state):
                self.state = state
                if event.slice is not None:
                    self.slice(event.slice).state = state
            case Log():
                self._add_log(event)
            case _:
                pass
        self.version += 1

    def _add_exchange(self, event: ExchangeFinished) -> None:
        exchange = event.exchange
        self.exchanges += 1
        if exchange.error == CANCELLED:
            return
        self._was_refused = exchange.status is None or exchange.status >= 400
        if self.trouble is not None and self.trouble.refused and not self._was_refused:
            self.trouble = None
        if gives_records(event):
            partition = self.slice(event.slice)
            page = partition.page(event.page or 1)
            page.answered, page.status, page.error = True, exchange.status, exchange.error
            if not self.asynchronous:
                partition.answered += exchange.response_size or 0
        elif exchange.role is Role.ABORT and self.cancelling:
            self.aborts.append(exchange)

    def _add_log(self, event: Log) -> None:
        self.severities[event.level] += 1
        is_asked_about = self.missing is not None or bool(self.unmapped)  # by a notice or a question of its own
        if event.level in (Level.WARNING, Level.ERROR) and not is_asked_about:
            self.trouble = Trouble(event.message, self._was_refused)
        if len(self.logs) < LOGS_KEPT:
            self.logs.append(LogLine(event.level, event.message, self.seconds, self.number_of(event.slice)))


def gives_records(event: ExchangeFinished) -> bool:
    """Whether the records of the stream itself come from an exchange."""
    takes_records = event.exchange.role is Role.POLL and event.page is not None
    return (event.exchange.role in FINAL_ROLES or takes_records) and event.parent is None
