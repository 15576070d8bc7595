"""How much one evaluation of a template has done so far, and when that is enough."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from time import perf_counter, thread_time
from typing import Any, Final

from core.templates.errors import LimitError

MAX_STEPS: Final = 500_000
"""Loop iterations, calls, filters and tests."""
MAX_SECONDS: Final = 2.0
"""Of one evaluation; whoever waits for other threads meanwhile gets as many seconds of computing on top."""
MAX_MADE: Final = 500_000_000
"""Roughly the bytes of all texts, lists and objects that are made on the way."""

_SIZES: Final[dict[type, int]] = {str: 1, bytes: 1, list: 8, tuple: 8, set: 32, dict: 96}


class Work:
    """Counts the work of one evaluation. Its methods raise `LimitError` when it is too much."""

    __slots__ = ("_computed", "_end", "_made", "_steps", "given")

    def __init__(self) -> None:
        self._steps = 0
        self._made = 0
        self._end = perf_counter() + MAX_SECONDS
        self._computed: float | None = None
        self.given: frozenset[int] | None = None
        """The identities of all lists and objects that the template was given, once somebody needed them."""

    def spend(self, steps: int) -> None:
        """Count loop iterations or calls, and look at the clock."""
        self._steps += steps
        if self._steps > MAX_STEPS:
            raise LimitError(f"it takes more than {MAX_STEPS:,} loop iterations and calls")
        if perf_counter() > self._end:
            self._look_at_computing_time()

    def make(self, value: Any) -> None:
        """Count a value that was made."""
        size = _SIZES.get(type(value))
        if size is not None:
            self.make_text(size * len(value))

    def make_text(self, length: int) -> None:
        """Count a text that is made, before it is."""
        self._made += length
        if self._made > MAX_MADE:
            raise LimitError(f"it would need more than {MAX_MADE // 1_000_000} MB of memory")

    def _look_at_computing_time(self) -> None:
        now = thread_time()
        if self._computed is None:
            self._computed = now
        elif now - self._computed > MAX_SECONDS:
            raise LimitError(f"it takes more than {MAX_SECONDS:g} seconds")


_CURRENT: Final[ContextVar[Work]] = ContextVar("work")


current: Final = _CURRENT.get
"""The work of the evaluation that is going on."""


@contextmanager
def evaluation() -> Iterator[None]:
    """Count what happens in here as the work of one evaluation."""
    token = begin()
    try:
        yield
    finally:
        end(token)


def begin() -> Token[Work]:
    """The same as `evaluation`, in two steps, which is many times faster."""
    return _CURRENT.set(Work())


end: Final = _CURRENT.reset
