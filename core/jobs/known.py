"""The jobs that reads leave for later ones: of one stream, by their slice."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import httpx

from core.runtime.resumption import Resumption
from core.runtime.slices import StreamSlice, as_slice, slice_key

HELD_BACK = 1_000
"""Slices without a job that wait at most until those with one have come."""


@dataclass(frozen=True, slots=True)
class KnownJob:
    """A job that was created: the API's answer to that, when it came, and a fingerprint of the request.

    `started`: it was started with a request of its own, too; `start` is the answer to that, where it counts. `polling`
    is the answer to the last poll. `kept`: its read ended while the job was still wanted, and nobody has cleared it
    away; `over`: it has come to an end on the server. `way` is the one of several ways in which its stream was read.
    """

    creation: httpx.Response
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    fingerprint: str = ""
    started: bool = False
    start: httpx.Response | None = None
    polling: httpx.Response | None = None
    kept: bool = False
    over: bool = False
    way: str = ""

    def age(self, now: datetime) -> float:
        """Seconds since the creation; none when the clock was set back."""
        return max(0.0, (now - self.created).total_seconds())


class KnownJobs:
    """Jobs by their slice.

    A read that is given them polls the job that is known for a slice, and takes note of each that it creates. A job
    that was aborted or deleted on the server is forgotten. Those of this class are known as long as the process runs,
    whatever request created them; those of a journal are `lasting`.
    """

    lasting = False
    """Whether a later run finds the jobs, so that it has to ask itself whether they are still what it wants."""
    way = ""
    """The one of several ways in which the stream is read now."""

    def __init__(self) -> None:
        self._jobs: dict[bytes, tuple[StreamSlice, KnownJob]] = {}

    def __len__(self) -> int:
        return len(self._jobs)

    def __iter__(self) -> Iterator[KnownJob]:
        return iter([job for _, job in self._jobs.values()])

    @property
    def slices(self) -> list[StreamSlice]:
        """The slices that have a job."""
        return [slice_ for slice_, _ in self._jobs.values()]

    @property
    def kept(self) -> list[tuple[StreamSlice, KnownJob]]:
        """Those that a read has left on the server for a later one."""
        return [(slice_, job) for slice_, job in self._jobs.values() if job.kept]

    def resume(self, fingerprint: str, reuse_limit: float) -> Resumption | None:
        """How a read goes on with that of an earlier run; None: it does not.

        `fingerprint` is equal when the stream is divided into slices as it was then, `reuse_limit` is how many seconds
        a job may be followed for.
        """
        return None

    def find(self, slice_: Mapping[str, Any] | None) -> KnownJob | None:
        """The job of a slice; None when none is known."""
        found = self._jobs.get(slice_key(slice_))
        return None if found is None else found[1]

    def note(self, slice_: Mapping[str, Any] | None, job: KnownJob, job_id: str | None = None) -> str | None:
        """Take note of a job that was created; what is wrong when that is not possible, as a sentence."""
        self._jobs[slice_key(slice_)] = (as_slice(slice_), job)
        return None

    def note_start(self, slice_: Mapping[str, Any] | None, start: httpx.Response | None) -> str | None:
        """Take note that the API started the job of a slice; `start` is its answer, where it counts.

        Gives what is wrong when that is not possible, as a sentence.
        """
        known = self.find(slice_)
        return None if known is None else self.note(slice_, replace(known, started=True, start=start))

    def keep(self, slice_: Mapping[str, Any] | None, polling: httpx.Response | None, *, kept: bool, over: bool) -> None:
        """Take note of the last answer to a poll, and of whether the job is left on the server, where it is known."""
        known = self.find(slice_)
        if known is not None:
            self.note(slice_, replace(known, polling=polling or known.polling, kept=kept, over=over))

    def note_status(self, slice_: Mapping[str, Any] | None, status: str | None) -> None:
        """Take note of the last status of a job."""

    def failed(self, slice_: Mapping[str, Any] | None) -> None:
        """The API says that the job came to nothing."""

    def forget(self, slice_: Mapping[str, Any] | None) -> None:
        """There is no such job any more."""
        self._jobs.pop(slice_key(slice_), None)


async def followed_first(slices: AsyncIterable[StreamSlice], known: KnownJobs) -> AsyncIterator[StreamSlice]:
    """The slices whose jobs are known before the others: the API counts their jobs, so they take their slots first.

    The slices of jobs that an earlier run has left are among the first; no more than `HELD_BACK` wait for them.
    """
    awaited = set(map(slice_key, known.slices))
    held: list[StreamSlice] = []
    async for slice_ in slices:
        if slice_key(slice_) in awaited:
            awaited.discard(slice_key(slice_))
            yield slice_
        else:
            held.append(slice_)
        if not awaited or len(held) > HELD_BACK:
            awaited.clear()
            for one in held:
                yield one
            held.clear()
    for one in held:
        yield one
