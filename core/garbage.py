"""When Python need not look for garbage: while much is made at once that is kept."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock


class _Pause:
    """The pause of all threads together, which ends with the last block that wants it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._blocks = 0
        self._was_enabled = False

    def begin(self) -> None:
        with self._lock:
            if not self._blocks:
                self._was_enabled = gc.isenabled()
                gc.disable()
            self._blocks += 1

    def end(self) -> None:
        with self._lock:
            self._blocks -= 1
            if not self._blocks and self._was_enabled:
                gc.enable()


_pause = _Pause()


@contextmanager
def not_collected() -> Iterator[None]:
    """Nothing that is made meanwhile is looked through for garbage until the end; it can be used as a decorator, too.

    Python looks again and again through all that a growing tree consists of, which takes as long as making it. Any
    threads may do this at the same time.
    """
    _pause.begin()
    try:
        yield
    finally:
        _pause.end()
