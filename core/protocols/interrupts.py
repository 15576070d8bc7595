"""Signals: a source ends what it does in an orderly way, then dies of the signal, as those who sent it expect."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable

GRACE = 8.0
"""Seconds that the orderly end may take: jobs are aborted, the states reached are written. Docker kills after 10."""
_NUMBERS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """`number` is the signal that came, None while none did. A second one ends the process at once."""

    def __init__(self) -> None:
        self.number: int | None = None

    def obey(self, end: Callable[[], None]) -> None:
        """Call `end` in the running event loop when a signal comes."""
        loop = asyncio.get_running_loop()
        for number in _NUMBERS:
            try:
                loop.add_signal_handler(number, self._interrupt, loop, number, end)
            except (NotImplementedError, RuntimeError):  # Windows, where it ends the process; or no main thread
                return

    def die(self) -> None:
        """Die of the signal, if there was one."""
        if self.number is not None:
            os.kill(os.getpid(), self.number)

    def _interrupt(self, loop: asyncio.AbstractEventLoop, number: int, end: Callable[[], None]) -> None:
        for one in _NUMBERS:
            loop.remove_signal_handler(one)
            signal.signal(one, signal.SIG_DFL)
        self.number = number
        timer = threading.Timer(GRACE, self.die)
        timer.daemon = True
        timer.start()
        end()
