"""What happens in the background while a manifest is edited: it is checked, and a draft of it is kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from textual.screen import Screen
from textual.timer import Timer

from core.environment import state_folder
from tui.model.editor import Change, ChangeKind
from tui.model.files import unwritable_message
from tui.model.project import Project

CHECK_AFTER = 0.15
"""Seconds after an edit until the manifest is checked, so that typing goes first."""
DRAFT_AFTER = 2.0
"""Seconds after an edit until the draft is written, with the edits that came meanwhile."""


class Background:
    """Works for a project for as long as its screen is there. `failed` is called once, with the reason, if drafts or
    test values can't be kept.
    """

    def __init__(self, screen: Screen[None], project: Project, failed: Callable[[str], None]) -> None:
        self._screen = screen
        self._project = project
        self._failed = failed
        self._took = 0.0
        """Seconds that the last check took; the next one waits at least as long, since it may be a big manifest."""
        self._timers: dict[Callable[[], None], Timer] = {}
        self._unsubscribe = project.session.subscribe(self._session_changed)
        project.session.values.on_failure = failed
        self.check()

    def close(self) -> None:
        self._unsubscribe()
        for timer in self._timers.values():
            timer.stop()

    def check(self) -> None:
        """Check the manifest, a few milliseconds at a time."""
        self._screen.run_worker(self._check(), group="check", exclusive=True)

    async def _check(self) -> None:
        began = time.monotonic()
        for _ in self._project.session.checking():
            await asyncio.sleep(0)
        self._took = time.monotonic() - began

    def keep_draft(self) -> None:
        """Keep a draft of what is not saved; if that is impossible, report it once."""
        self._timers.pop(self.keep_draft, None)
        try:
            self._project.keep_draft()
        except OSError as error:
            if reason := unwritable_message(state_folder(), error):
                self._failed(reason)

    def _session_changed(self, change: Change) -> None:
        if change.kind is ChangeKind.VALUES:
            self._later(max(CHECK_AFTER, self._took), self.check)
        if change.kind in (ChangeKind.VALUES, ChangeKind.FILE) and self.keep_draft not in self._timers:
            self._later(DRAFT_AFTER, self.keep_draft)

    def _later(self, seconds: float, action: Callable[[], None]) -> None:
        timer = self._timers.get(action)
        if timer is not None:
            timer.stop()
        self._timers[action] = self._screen.set_timer(seconds, action)
