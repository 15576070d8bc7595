"""Ends the process in time once a signal has asked for it, whatever still goes on in it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress

GRACE = 4.0
"""Seconds that a run has for an orderly end; then the process exits."""

_MESSAGE = b"\nlonghaul: exited, because the run did not end in time.\n"


class Shutdown:
    """Exits the process `grace` seconds after `begin`, unless nothing keeps it alive any more.

    A thread that decodes something large or waits for a disk does, for Python waits for its threads. `clean_up`
    restores the terminal before. `threads` is how the names of those threads begin.
    """

    def __init__(self, threads: str, clean_up: Callable[[], None], grace: float = GRACE) -> None:
        self._grace = grace
        self._threads = threads
        self._clean_up = clean_up
        self._code = 1
        self._is_done = False
        self._busy: list[threading.Thread] = []
        self._timer: threading.Timer | None = None

    def begin(self, code: int) -> None:
        """Start the countdown to the exit with this code."""
        self._code = code
        self._timer = threading.Timer(self._grace, self._exit)
        self._timer.daemon = True
        self._timer.start()

    def done(self) -> None:
        """Everything is done except what still goes on in threads."""
        self._busy = [thread for thread in threading.enumerate() if thread.name.startswith(self._threads)]
        self._is_done = True
        if self._timer is not None and not self._busy:
            self._timer.cancel()

    def _exit(self) -> None:
        if self._is_done and not any(thread.is_alive() for thread in self._busy):
            return
        with suppress(Exception):
            self._clean_up()
        with suppress(OSError):
            os.write(2, _MESSAGE)
        os._exit(self._code)
