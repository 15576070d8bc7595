"""The places for jobs that run side by side on the API: fewer when the API refuses to run as many."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from enum import Enum, auto
from itertools import count


class Stand(Enum):
    """How a slice's job stands on the API."""

    NONE = auto()
    CREATING = auto()
    RUNNING = auto()
    FETCHED = auto()
    """It is complete and its result is downloaded: some APIs count it until it is deleted."""


@dataclass(frozen=True, slots=True)
class Rival:
    """A slice with its job as it stood when the API refused another one."""

    place: JobPlace
    stand: Stand
    accepted: int

    @property
    def gone(self) -> bool:
        """Whether that job has ended since."""
        return self.place.stand is not self.stand or self.place.accepted != self.accepted


@dataclass(slots=True)
class Turn:
    """A slice that waits for a place, which it does not take before it is `ready`."""

    number: int
    stream: str
    ready: Callable[[], bool]
    granted: asyncio.Future[None]


class JobPlaces:
    """The places of a run, shared by all its streams, since an API counts the jobs of all of them.

    Slices get them in the order in which they first asked. `limit` is how many there are: `most`, until the API refuses
    a job while others are alive. It is raised again when the same job is refused once more while no other is alive:
    then it is refused for another reason.
    """

    def __init__(self, most: int) -> None:
        self.limit = most
        self.ends = 0
        """How many jobs have ended."""
        self.told = False
        """Whether people know that the API refuses jobs beside others."""
        self._most = most
        self._taken = 0
        self._turns: list[Turn] = []
        self._watchers: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        self._numbers = count()
        self.slices: dict[int, JobPlace] = {}

    @contextmanager
    def of_slice(self, stream: str) -> Iterator[JobPlace]:
        """The place of a slice of `stream`, which it can take and leave; its job counts until the context ends."""
        place = JobPlace(self, next(self._numbers), stream)
        self.slices[place.number] = place
        try:
            yield place
        finally:
            place.stands(Stand.NONE)
            del self.slices[place.number]
            self.changed()

    def lower(self, limit: int) -> bool:
        """Have no more than `limit` places from now on; whether that is fewer than before."""
        fewer = limit < self.limit
        self.limit = min(self.limit, limit)
        return fewer

    def prove(self, limit: int) -> None:
        """A job was accepted after it had been refused while `limit` others were alive: that is all the API runs."""
        self._most = min(self._most, limit)

    def restore(self) -> bool:
        """A job is refused although no other is alive: there may be as many as before; whether these are more."""
        more = self.limit < self._most
        self.limit = self._most
        self.changed()
        return more

    def changed(self) -> None:
        """Let those go on whose time has come."""
        for watcher in [one for one in self._watchers if one[0]()]:
            self._watchers.remove(watcher)
            if not watcher[1].done():
                watcher[1].set_result(None)
        put_off: set[str] = set()
        for turn in [*self._turns]:
            if self._taken >= self.limit:
                return
            if turn.granted.done():
                continue  # cancelled: its task takes it out
            if not turn.ready():
                put_off.add(turn.stream)
            elif turn.stream not in put_off:
                self._turns.remove(turn)
                self._taken += 1
                turn.granted.set_result(None)

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

    def queue(self, place: JobPlace, ready: Callable[[], bool]) -> Turn:
        """Wait for a place from now on. Until it is `ready`, the slices of its stream that came later wait as well."""
        turn = Turn(place.number, place.stream, ready, asyncio.get_running_loop().create_future())
        self._turns.append(turn)
        self._turns.sort(key=lambda one: one.number)
        self.changed()
        return turn

    async def take(self, turn: Turn) -> None:
        """Take the place when it is this turn."""
        try:
            await turn.granted
        except asyncio.CancelledError:
            if turn in self._turns:
                self._turns.remove(turn)
            else:
                self.give_back()
            raise

    def withdraw(self, turn: Turn) -> None:
        """Take out a turn that nobody waits for any more."""
        if turn in self._turns:
            self._turns.remove(turn)
            self.changed()

    def give_back(self) -> None:
        """Leave a place to others."""
        self._taken -= 1
        self.changed()


class JobPlace:
    """The place of one slice, and how its job stands."""

    def __init__(self, places: JobPlaces, number: int, stream: str) -> None:
        self.number = number
        self.stream = stream
        self.stand = Stand.NONE
        self.accepted = 0
        """How many jobs the API accepted for the slice."""
        self.places = places
        self._creations = 0
        self._held = False
        self._refused_beside: int | None = None
        self.most_beside = 0
        """How many other jobs ran when the last one was refused."""

    @asynccontextmanager
    async def taken(self) -> AsyncIterator[None]:
        """Have a place while the context is open; one that ends well leaves a job whose result is fetched."""
        self.stands(Stand.NONE)
        await self._take(self.places.queue(self, lambda: True))
        try:
            yield
        except BaseException:
            self.stands(Stand.NONE)
            raise
        else:
            self.stands(Stand.FETCHED)
        finally:
            self._leave()

    @property
    def held(self) -> bool:
        """Whether the slice has a place."""
        return self._held

    def stands(self, stand: Stand) -> None:
        """Say how the job stands now."""
        self.places.ends += self.stand is Stand.RUNNING and stand is not Stand.RUNNING
        self.stand = stand
        self._creations += stand is Stand.CREATING
        if stand is Stand.RUNNING:
            self.accepted += 1
            if self._refused_beside is not None:
                self.places.prove(self._refused_beside)
                self._refused_beside = None
        self.places.changed()

    async def rivals(self, patience: float) -> list[Rival]:
        """The jobs that were alive when the API refused this slice's; none: they are not why it did.

        Those that were being created at that moment are waited for, for so many seconds at most.
        """
        self.stands(Stand.NONE)
        others = [one for one in self.places.slices.values() if one is not self]
        alive = [Rival(one, one.stand, one.accepted) for one in others if one.counts_for(self.stream)]
        begun = [(one, one.accepted, one._creations) for one in others if one.stand is Stand.CREATING]
        self.most_beside = 0

        def decided() -> bool:
            self.most_beside = max(self.most_beside, sum(one.stand is Stand.RUNNING for one in others))
            return all(one.stand is not Stand.CREATING or one._creations > number for one, _, number in begun)

        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self.places.until(decided)
        alive += [Rival(one, Stand.RUNNING, accepted + 1) for one, accepted, _ in begun if one.accepted > accepted]
        return alive

    def alone(self) -> bool:
        """Take note that the API refused the job although no other is alive; whether there are more places now."""
        self._refused_beside = None
        return self.places.restore()

    def refused(self) -> bool:
        """Take note that the API refused the job beside its rivals; whether there are fewer places now."""
        self._refused_beside = max(1, self.most_beside)
        return self.places.lower(self._refused_beside)

    async def again(self, rivals: list[Rival], patience: float) -> bool:
        """Leave the place until one of the rivals has ended, and take one again; False when none ended in time.

        `patience` is how many seconds may pass without the end of any job.
        """
        turn = self.places.queue(self, lambda: any(one.gone for one in rivals))
        self._leave()
        taking = asyncio.ensure_future(self._take(turn))
        try:
            while not taking.done():
                ends = self.places.ends
                await asyncio.wait([taking], timeout=patience)
                if not taking.done() and self.places.ends == ends:
                    return False
        finally:
            taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)
            self.places.withdraw(turn)
        return True

    def counts_for(self, stream: str) -> bool:
        """Whether the job may be why one of `stream` is refused. A result that another stream fetches is none: it may
        wait for that very job, as a parent's does.
        """
        return self.stand is Stand.RUNNING or (self.stand is Stand.FETCHED and self.stream == stream)

    async def _take(self, turn: Turn) -> None:
        await self.places.take(turn)
        self._held = True

    def _leave(self) -> None:
        if self._held:
            self._held = False
            self.places.give_back()
