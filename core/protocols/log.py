"""What happens in a read, as LOG messages: the same sentences that the `longhaul` command prints."""

from __future__ import annotations

import io
import os

from core.levels import Level
from core.progress.plain import PlainProgress, is_shown
from core.protocols import messages
from core.protocols.writer import MessageWriter

_LOG_LEVEL = "LOG_LEVEL"
"""The variable by which Airbyte's platform asks for everything."""


class MessageLog(PlainProgress):
    """Sends a line as a message; `debug` says that everything is told."""

    def __init__(self, writer: MessageWriter, *, debug: bool) -> None:
        debug = debug or os.environ.get(_LOG_LEVEL, "").lower() == Level.DEBUG
        self._threshold = Level.DEBUG if debug else Level.INFO
        super().__init__(io.StringIO(), self._threshold)
        self.writer = writer

    def log(self, level: Level, text: str) -> None:
        if is_shown(level, self._threshold):
            self.writer.send(messages.log(level, text))
