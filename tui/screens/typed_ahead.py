"""Keys that a person types while the builder is on its way to another field: they are for that field."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from textual import events
from textual.screen import Screen
from textual.widget import Widget

from tui.keys_in_turn import KeysInTurn


class TypedAhead:
    """Keeps keys as long as nothing has the focus because a field that is gone to is still being built."""

    def __init__(self, screen: Screen[None]) -> None:
        self._screen = screen
        self._keys: list[events.Key] = []
        self._journeys = 0

    @contextmanager
    def on_the_way(self) -> Iterator[None]:
        """Take the focus away; what is typed meanwhile goes to what has it at the end, or else had it before."""
        before = self._screen.focused
        self._screen.set_focus(None)
        self._journeys += 1
        try:
            yield
        finally:
            self._screen.app.call_later(self._arrive, before)  # behind the focus, which Textual gives in the same way

    def _arrive(self, before: Widget | None) -> None:
        self._journeys -= 1
        if self._screen.focused is None and before is not None and before.is_attached:
            self._screen.set_focus(before)
        keys, self._keys = self._keys, []
        app = self._screen.app
        assert isinstance(app, KeysInTurn)
        app.press_first(events.Key(key.key, key.character) for key in keys)

    def keeps(self, event: events.Key) -> bool:
        """Whether a key is kept for later."""
        kept = self._journeys > 0 and self._screen.focused is None
        if kept:
            self._keys.append(event)
        return kept
