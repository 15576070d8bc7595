"""What ends a command of `source-longhaul` before it has begun."""

from __future__ import annotations

from core.errors import LonghaulError


class SourceError(LonghaulError):
    """The command can't be carried out: something that it was given is missing, or makes no sense."""
