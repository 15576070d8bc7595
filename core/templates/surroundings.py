"""What templates have around them that is different each time: the time, and random UUIDs. A run that goes by a
recording brings its own.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_clock: ContextVar[Callable[[], datetime] | None] = ContextVar("clock", default=None)
_uuids: ContextVar[Callable[[], str] | None] = ContextVar("uuids", default=None)


def now() -> datetime:
    """The current date and time in UTC."""
    clock = _clock.get()
    return datetime.now(UTC) if clock is None else clock()


def new_uuid() -> str:
    """A UUID that was not there before."""
    make = _uuids.get()
    return str(uuid.uuid4()) if make is None else make()


@contextmanager
def surrounded(clock: Callable[[], datetime] | None, uuids: Callable[[], str] | None) -> Iterator[None]:
    """Let templates that are evaluated in this context, and in tasks that begin in it, see another time and other
    UUIDs. None: those of the machine.
    """
    before = _clock.get(), _uuids.get()
    _clock.set(clock)
    _uuids.set(uuids)
    try:
        yield
    finally:
        _clock.set(before[0])
        _uuids.set(before[1])
