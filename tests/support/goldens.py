"""Screens as text: waited for until they stay as they are, compared with what they should look like.

LONGHAUL_WRITE_GOLDENS writes that anew: read the difference.
"""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from textual.pilot import Pilot

PATIENCE = 10.0


async def stays(text: Callable[[], str], pause: Callable[[], Awaitable[None]]) -> str:
    """The screen once it looks the same before and after a pause: what is drawn may ask for more to be drawn."""
    before, now = None, text()
    while before != now:
        await pause()
        before, now = now, text()
    return now


async def looks_like(golden: Path, text: Callable[[], str], pilot: Pilot[None]) -> None:
    """Wait until the screen looks as the golden file says: an app that seems to be at rest may still be drawing."""
    if os.environ.get("LONGHAUL_WRITE_GOLDENS"):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(f"{text()}\n", encoding="utf-8")
    expected = golden.read_text(encoding="utf-8").rstrip("\n")
    end = time.monotonic() + PATIENCE
    while text() != expected and time.monotonic() < end:
        await pilot.pause()
    assert text() == expected
