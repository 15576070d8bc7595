"""Tests of the builder wait for what they expect, not for the clock.

Textual's pilot takes an app for idle when its process uses little processor time for a while. On a machine that is
busy with something else that is no sign of rest: an app that waits for its turn looks idle too, and one that is about
to draw looks idle until its next frame. Here it is at rest when its event loop has nothing to do and everything is
drawn. That is looked at more often than Textual does, and so takes a fraction of the time.

Frames that nobody looks at are a third of the work. The quick tests lay the screen out and leave the painting to those
who read it; the slow ones (goldens, journeys) paint every frame.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import pytest
from textual import app, pilot
from textual._context import active_app
from textual.screen import Screen

_LOOK = 1 / 250
_IDLE = _LOOK / 20
"""Seconds of processor time between two looks below which nothing but the looking goes on."""
_TURNS = 3
"""Turns of the event loop, one right after the other, in which nothing else may be due."""
_PATIENCE = 30.0
_FRAMES = 50
"""Pictures after which an app that draws without end counts as being at rest."""


async def _at_rest(min_sleep: float = 0.0, max_sleep: float = 1.0) -> None:
    """Takes the place of `textual._wait.wait_for_idle`; `max_sleep` counts processor time."""
    del min_sleep
    end, limit, frames = time.monotonic() + _PATIENCE, time.process_time() + max_sleep, 0
    while time.monotonic() < end and (before := time.process_time()) < limit:
        await asyncio.sleep(_LOOK)
        if time.process_time() - before < _IDLE and await _nothing_is_due():
            if frames == _FRAMES or not _draws():
                return
            frames += 1


async def _nothing_is_due() -> bool:
    for _ in range(_TURNS):
        await asyncio.sleep(0)
        if getattr(asyncio.get_running_loop(), "_ready", None):
            return False
    return True


def _draws() -> bool:
    """Draw at once what waits for the next frame; whether there was anything."""
    running = active_app.get(None)
    if running is None or not running.screen_stack or running._batch_count:
        return False
    screen = running.screen
    waiting = screen._layout_required or screen._scroll_required or screen._repaint_required
    if not (waiting or screen._dirty_widgets or screen._callbacks):
        return False
    screen._on_timer_update()
    return True


@pytest.fixture(autouse=True)
def _wait_for_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (app, pilot):
        monkeypatch.setattr(module, "wait_for_idle", _at_rest)


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the builder remembers stays in a folder of the test."""
    monkeypatch.setenv("LONGHAUL_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("LONGHAUL_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setitem(sys.modules, "keyring", None)


def _skip_frame(screen: Screen[object]) -> None:
    """Takes the place of `Screen._compositor_refresh`: all of it but the painting."""
    if screen is screen.app.screen:
        screen._compositor._dirty_regions.clear()
        screen._dirty_widgets.clear()
        screen.app._update_mouse_over(screen)
    else:
        _paint(screen)


_paint = Screen._compositor_refresh


@pytest.fixture(autouse=True)
def _paint_for_readers_only(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.node.get_closest_marker("slow") is None:
        monkeypatch.setattr(Screen, "_compositor_refresh", _skip_frame)
