"""What every display of a run can do."""

from __future__ import annotations

from typing import Protocol

from core.events import Event
from core.levels import Level


class Progress(Protocol):
    """Shows a run to a person. `start` and `stop` surround it; `say` works before and after, too."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End; may be called twice."""

    def refresh(self) -> None:
        """Redraw what changes with time, when it is time; called often."""

    def take(self, event: Event) -> None:
        """Show an event, which the run's picture has taken in already."""

    def say(self, level: Level, text: str) -> None:
        """Tell something."""
