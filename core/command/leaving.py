"""The end of a process: tidy and in time when it was told to stop, one sentence without secrets when Longhaul is at
fault.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress

GRACE = 4.0
"""Seconds in which a run ends tidily; then the process is left, whatever still goes on in it."""

_LEFT = b"\nlonghaul: left, as what was going on did not come to an end in time.\n"


class Leaving:
    """Leaves the process `GRACE` seconds after `begin`, unless nothing holds it up any more.

    What can: a thread that decodes something large, or that waits for a disk; Python waits for its threads. `tidy`
    gives the terminal back before.
    """

    def __init__(self, threads: str, tidy: Callable[[], None]) -> None:
        self._name = threads
        self._tidy = tidy
        self._code = 1
        self._over = False
        self._busy: list[threading.Thread] = []
        self._timer: threading.Timer | None = None

    def begin(self, code: int) -> None:
        """The process is to end with this exit code."""
        self._code = code
        self._timer = threading.Timer(GRACE, self._leave)
        self._timer.daemon = True
        self._timer.start()

    def over(self) -> None:
        """All is done, save what is left to itself in threads whose names begin with `threads`."""
        self._busy = [thread for thread in threading.enumerate() if thread.name.startswith(self._name)]
        self._over = True
        if self._timer is not None and not self._busy:
            self._timer.cancel()

    def _leave(self) -> None:
        if self._over and not any(thread.is_alive() for thread in self._busy):
            return
        with suppress(Exception):
            self._tidy()
        with suppress(OSError):
            os.write(2, _LEFT)
        os._exit(self._code)
