"""How the builder of a browser tab draws and is told that the tab is gone."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from functools import partial
from typing import Any

from textual.app import App
from textual.drivers.web_driver import WebDriver


class TabDriver(WebDriver):
    """Textual's driver for browsers, which hangs up when the server is gone, as a terminal does that is closed."""

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        self._write = partial(_send, self.fileno)

    def run_input_thread(self) -> None:
        """Take in what is typed, until the builder ends or the server is gone."""
        super().run_input_thread()
        if not self.exit_event.is_set():
            os.kill(os.getpid(), getattr(signal, "SIGHUP", signal.SIGTERM))


def _send(server: int, packet: bytes) -> int:
    """Write all of a packet; in vain when the server is gone, about which the end of the input tells."""
    written = 0
    with suppress(BrokenPipeError):
        while written < len(packet):
            written += os.write(server, packet[written:])
    return written
