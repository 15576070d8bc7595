"""What a run has around it: the network, the time, threads. A run that goes by a recording brings its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf

from core.http.connections import Clients, open_clients
from core.http.pace import Pace
from core.http.secrets import Secrets
from core.jobs.slots import Leases


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`clients` makes the HTTP clients of a run, `sleep` waits for a number of seconds, `now` is the clock, `monotonic`
    the one that time limits go by, `uuids` makes random UUIDs (None: as usual). A run that is not `budgeted` ignores
    the API budget of the manifest.

    A request that would have to be repeated later than `longest_wait` seconds after it was first sent fails at once. A
    body that comes in more slowly than at the pace `slowest` is given up.

    A run that is read by several processes is divided: `parts` of them share the API budget, and `leases` say when a
    slice may have a job.
    """

    clients: Callable[[Secrets], Clients] = open_clients
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    now: Callable[[], datetime] = _now
    monotonic: Callable[[], float] = time.monotonic
    uuids: Callable[[], str] | None = None
    longest_wait: float = inf
    slowest: Pace | None = None
    budgeted: bool = True
    parts: int = 1
    leases: Leases | None = None

    @property
    def usual(self) -> bool:
        """Whether the time is the real one."""
        return self.now is _now


USUAL = Surroundings()
"""The network and the time of this machine."""
