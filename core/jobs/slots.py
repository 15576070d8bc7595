"""The slots for jobs that run side by side on the API: fewer when the API refuses to run as many."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from enum import Enum, auto
from itertools import count
from typing import Protocol


class SlotState(Enum):
    """What the job of a slice is doing on the API."""

    IDLE = auto()
    CREATING = auto()
    RUNNING = auto()
    COMPLETED = auto()
    """Its result is being downloaded: some APIs count the job until it is deleted."""


@dataclass(frozen=True, slots=True)
class CompetingJob:
    """The slot of a job, as it was when the API refused another one."""

    slot: JobSlot
    state: SlotState
    accepted: int

    @property
    def ended(self) -> bool:
        """Whether that job has ended since."""
        return self.slot.state is not self.state or self.slot.accepted != self.accepted


@dataclass(slots=True)
class SlotRequest:
    """A slice that waits for a slot, which it does not take before it is `ready`."""

    number: int
    stream: str
    ready: Callable[[], bool]
    granted: asyncio.Future[None]


class NoSlot(Exception):
    """All slots are taken by jobs that go on when the run has ended."""


class Leases(Protocol):
    """The right to have jobs on the API, where several processes share how many there may be.

    It belongs to a slice rather than to a process, so that it outlives a process that was killed while the job of the
    slice goes on.
    """

    async def take(self, key: str) -> None:
        """Wait until the slice may have a job; it may when it has the right already."""

    def give_back(self, key: str) -> None:
        """The slice has no job any more."""


class JobSlots:
    """The slots of a run, shared by all its streams, since an API counts the jobs of all of them.

    Slices get them in the order in which they first asked. `limit` is how many there are: `most`, until the API refuses
    a job while others are alive. It is raised again when the same job is refused once more while no other is alive:
    then it is refused for another reason. Where other processes run jobs as well, a slot takes one of the
    `leases`, too.
    """

    def __init__(self, most: int, leases: Leases | None = None) -> None:
        self.limit = most
        self.leases = leases
        self.ends = 0
        """How many jobs have ended."""
        self.refusal_reported = False
        """Whether it was reported that the API refuses jobs beside others."""
        self._most = most
        self._taken = 0
        self._requests: list[SlotRequest] = []
        self._watchers: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        self._numbers = count()
        self.slices: dict[int, JobSlot] = {}

    @contextmanager
    def for_slice(self, stream: str, *, may_detach: bool = False, key: str = "") -> Iterator[JobSlot]:
        """The slot of a slice of `stream`, which it can take and release; its job counts until the context ends. Other
        processes know the slice by its `key`.

        When all slots are kept by jobs that are left to a later run, one that `may_detach` gets none, and any other
        gets one beyond the limit, as none would ever be free.
        """
        slot = JobSlot(self, next(self._numbers), stream, may_detach=may_detach, key=key)
        self.slices[slot.number] = slot
        try:
            yield slot
        finally:
            if not slot.detached:
                slot.set_state(SlotState.IDLE)
                del self.slices[slot.number]
            self.wake()

    def lower(self, limit: int) -> bool:
        """Have no more than `limit` slots from now on; whether that is fewer than before."""
        fewer = limit < self.limit
        self.limit = min(self.limit, limit)
        return fewer

    def confirm_limit(self, limit: int) -> None:
        """A job was accepted after it had been refused while `limit` others were alive: that is all the API runs."""
        self._most = min(self._most, limit)

    def restore(self) -> bool:
        """A job is refused although no other is alive: there may be as many as before; whether these are more."""
        more = self.limit < self._most
        self.limit = self._most
        self.wake()
        return more

    def wake(self) -> None:
        """Wake those whose condition is met, and grant the slots that are free."""
        for watcher in [one for one in self._watchers if one[0]()]:
            self._watchers.remove(watcher)
            if not watcher[1].done():
                watcher[1].set_result(None)
        blocked: set[str] = set()
        none_left = sum(slot.detached for slot in self.slices.values()) >= self.limit
        for request in [*self._requests]:
            if none_left and not request.granted.done() and self.slices[request.number].may_detach:
                self._requests.remove(request)
                request.granted.set_exception(NoSlot())
                continue
            if self._taken >= self.limit and not none_left:
                return
            if request.granted.done():
                continue  # cancelled: its task takes it out
            if not request.ready():
                blocked.add(request.stream)
            elif request.stream not in blocked:
                self._requests.remove(request)
                self._taken += 1
                request.granted.set_result(None)

    async def until(self, met: Callable[[], bool]) -> None:
        """Wait until a condition is met."""
        if met():
            return
        watcher = (met, asyncio.get_running_loop().create_future())
        self._watchers.append(watcher)
        try:
            await watcher[1]
        finally:
            if watcher in self._watchers:
                self._watchers.remove(watcher)

    def request(self, slot: JobSlot, ready: Callable[[], bool]) -> SlotRequest:
        """Queue for a slot. Until it is `ready`, the slices of its stream that came later wait as well."""
        request = SlotRequest(slot.number, slot.stream, ready, asyncio.get_running_loop().create_future())
        self._requests.append(request)
        self._requests.sort(key=lambda one: one.number)
        self.wake()
        return request

    async def take(self, request: SlotRequest) -> None:
        """Take the slot when it is granted. Raises `NoSlot`."""
        try:
            await request.granted
        except asyncio.CancelledError:
            if request in self._requests:
                self._requests.remove(request)
            elif request.granted.exception() is None:
                self.release()
            raise

    def withdraw(self, request: SlotRequest) -> None:
        """Drop a request that is no longer waited for."""
        if request in self._requests:
            self._requests.remove(request)
            self.wake()

    def release(self) -> None:
        """Leave a slot to others."""
        self._taken -= 1
        self.wake()


class JobSlot:
    """The slot of one slice, and what its job is doing."""

    def __init__(self, slots: JobSlots, number: int, stream: str, *, may_detach: bool = False, key: str = "") -> None:
        self.number = number
        self.key = key
        self.stream = stream
        self.state = SlotState.IDLE
        self.accepted = 0
        """How many jobs the API accepted for the slice."""
        self.slots = slots
        self.held = False
        """Whether the slice has taken its slot."""
        self.may_detach = may_detach
        self.detached = False
        """Whether the job is left to a later run: it keeps its slot."""
        self._creations = 0
        self._refused_beside: int | None = None
        self.most_beside = 0
        """How many other jobs ran when the last one was refused."""

    @asynccontextmanager
    async def acquired(self) -> AsyncIterator[None]:
        """Hold the slot while the context is open; one that ends well leaves a job whose result is downloaded.

        The lease comes before the slot, and stays while the slot is left to others: whoever has a slot has a lease, so
        that slots become free. Raises `NoSlot`.
        """
        self.set_state(SlotState.IDLE)
        async with self._leased():
            await self._take(self.slots.request(self, lambda: True))
            try:
                yield
            except BaseException:
                if not self.detached:
                    self.set_state(SlotState.IDLE)
                raise
            else:
                self.set_state(SlotState.COMPLETED)
            finally:
                if not self.detached:
                    self._release()

    @asynccontextmanager
    async def _leased(self) -> AsyncIterator[None]:
        leases = self.slots.leases
        if leases is None:
            yield
            return
        try:
            await leases.take(self.key)
            yield
        finally:
            leases.give_back(self.key)

    def detach(self) -> None:
        """Keep the slot of a job that is running until the run has ended."""
        self.detached = self.state is SlotState.RUNNING

    def set_state(self, state: SlotState) -> None:
        """Record what the job is doing now."""
        self.slots.ends += self.state is SlotState.RUNNING and state is not SlotState.RUNNING
        self.state = state
        self._creations += state is SlotState.CREATING
        if state is SlotState.RUNNING:
            self.accepted += 1
            if self._refused_beside is not None:
                self.slots.confirm_limit(self._refused_beside)
                self._refused_beside = None
        self.slots.wake()

    async def competing_jobs(self, patience: float) -> list[CompetingJob]:
        """The jobs that were alive when the API refused this slice's; none: they are not why it did.

        Those that were being created at that moment are waited for, for `patience` seconds at most.
        """
        self.set_state(SlotState.IDLE)
        others = [one for one in self.slots.slices.values() if one is not self]
        alive = [CompetingJob(one, one.state, one.accepted) for one in others if one.competes_with(self.stream)]
        begun = [(one, one.accepted, one._creations) for one in others if one.state is SlotState.CREATING]
        self.most_beside = 0

        def decided() -> bool:
            self.most_beside = max(self.most_beside, sum(one.state is SlotState.RUNNING for one in others))
            return all(one.state is not SlotState.CREATING or one._creations > number for one, _, number in begun)

        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self.slots.until(decided)
        accepted_since = [(one, accepted) for one, accepted, _ in begun if one.accepted > accepted]
        return [*alive, *(CompetingJob(one, SlotState.RUNNING, accepted + 1) for one, accepted in accepted_since)]

    def refused_alone(self) -> bool:
        """Take note that the API refused the job although no other is alive; whether there are more slots now."""
        self._refused_beside = None
        return self.slots.restore()

    def refused_beside_others(self) -> bool:
        """Take note that the API refused the job beside competing ones; whether there are fewer slots now."""
        self._refused_beside = max(1, self.most_beside)
        return self.slots.lower(self._refused_beside)

    async def retake_after(self, competitors: list[CompetingJob], patience: float) -> bool:
        """Release the slot until a competing job has ended, and take one again; False when none ended in time.

        `patience` is how many seconds may pass without the end of any job.
        """
        request = self.slots.request(self, lambda: any(one.ended for one in competitors))
        self._release()
        taking = asyncio.ensure_future(self._take(request))
        try:
            while not taking.done():
                ends = self.slots.ends
                await asyncio.wait([taking], timeout=patience)
                if not taking.done() and self.slots.ends == ends:
                    return False
        finally:
            taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)
            self.slots.withdraw(request)
        return True

    def competes_with(self, stream: str) -> bool:
        """Whether the job may be why one of `stream` is refused. A result that another stream downloads is none: it may
        wait for that very job, as a parent's does.
        """
        return self.state is SlotState.RUNNING or (self.state is SlotState.COMPLETED and self.stream == stream)

    async def _take(self, request: SlotRequest) -> None:
        await self.slots.take(request)
        self.held = True

    def _release(self) -> None:
        if self.held:
            self.held = False
            self.slots.release()
