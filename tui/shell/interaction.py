"""How the parts of a screen talk to the person: questions, notices, errors, and work whose errors are reported."""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Literal, TypeVar

from textual.screen import Screen

from core.errors import LonghaulError, ManifestError

Result = TypeVar("Result")
_ERROR_SHOWN = 8.0
"""Seconds that an error stays on the screen."""


class Interaction:
    """Talks in the name of a screen. No text is ever parsed as markup."""

    def __init__(self, screen: Screen[None]) -> None:
        self._screen = screen

    async def ask(self, dialog: Screen[Result]) -> Result:
        """Open a dialog and wait for its result. Works only inside of `start`."""
        result: Result = await self._screen.app.push_screen_wait(dialog)
        return result

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: Literal["information", "warning", "error"] = "information",
        timeout: float | None = None,
    ) -> None:
        self._screen.notify(message, title=title, severity=severity, timeout=timeout, markup=False)

    def withdraw(self) -> None:
        """Take back what was said in passing."""
        self._screen.app.clear_notifications()

    def report_error(self, message: str) -> None:
        self.notify(message, severity="error", timeout=_ERROR_SHOWN)

    @contextmanager
    def reporting_errors(self) -> Iterator[None]:
        """Report what can't be done instead of raising it."""
        try:
            yield
        except (LonghaulError, ManifestError, OSError, LookupError, ValueError) as error:
            self.report_error(str(error))

    def start(self, work: Coroutine[Any, Any, object]) -> None:
        """Do something in the background that may ask questions; its errors are reported."""
        self._screen.run_worker(self._guarded(work))

    async def _guarded(self, work: Coroutine[Any, Any, object]) -> None:
        with self.reporting_errors():
            await work
