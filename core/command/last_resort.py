"""What is said when Longhaul itself is at fault: one sentence without secrets, and how to report it."""

from __future__ import annotations

import os
from collections.abc import Callable

from core.environment import DEBUG


def fault(error: Exception, mask: Callable[[str], str]) -> str:
    """The words for an exception that nobody expected, with the traceback when the environment asks."""
    import traceback

    what = " ".join(mask(f"{type(error).__name__}: {error}").split())
    words = f"stopped by a fault of Longhaul's own ({what}). Please report it, with the manifest"
    if os.environ.get(DEBUG):
        return f"{words} and this:\n{mask(''.join(traceback.format_exception(error)))}"
    return f"{words} and what this command prints with {DEBUG}=1 in the environment."
