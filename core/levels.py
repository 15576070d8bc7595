"""How serious something is that people are told."""

from __future__ import annotations

from enum import StrEnum


class Level(StrEnum):
    """The level of a log line."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
