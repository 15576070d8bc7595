"""The base of everything that stands over a screen for a while."""

from __future__ import annotations

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen

Result = TypeVar("Result")


class Overlay(ModalScreen[Result]):
    """A screen over another one that closes only itself, also when a second key gets to it while it goes."""

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Close with a result. Textual takes away whatever is on top."""
        return super().dismiss(result) if self.app.screen is self else AwaitComplete()
