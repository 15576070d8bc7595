"""`longhaul --version`."""

from __future__ import annotations

from core.command.arguments import Arguments
from core.version import VERSION


def print_version(_: Arguments) -> int:
    """Print which version this is."""
    print(f"longhaul {VERSION}", flush=True)
    return 0
