"""Keys one after the other: each goes where the one before it has led to, however fast they come."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from functools import partial

from textual import events, on
from textual.app import App, ScreenStackError
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget

_PATIENCE = 0.5
"""Seconds after which the next key has its turn though the last one is still under way, or got lost with a widget."""


class KeyDone(Message):
    """Goes up from where a key went, right behind it: when this arrives, so have the key and what it has asked for."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class KeysInTurn(App[None]):
    """An app that hands out a key only when the one before it is done.

    Textual sends a key to what has the focus when it comes in, though the key before may be about to take the focus
    elsewhere. What is typed fast, or comes in one go over a slow line, would be typed into the wrong field.
    """

    def __init__(self) -> None:
        super().__init__()
        self._keys: deque[events.Key | events.Paste] = deque()
        self._number = 0
        self._overdue: Timer | None = None
        """Runs while a key is under way."""
        self._place: Widget | None = None
        """Where the key that is under way was last seen to have led."""

    async def on_event(self, event: events.Event) -> None:
        """Let a key, or what is pasted, wait for its turn."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            self._keys.append(event)
            await self._next_key()
        else:
            await super().on_event(event)

    def press_first(self, keys: Iterable[events.Key]) -> None:
        """Press keys before those that are waiting."""
        self._keys.extendleft(reversed(list(keys)))
        self.call_later(self._next_key)

    async def _next_key(self) -> None:
        place = self._present_place()
        if self._overdue is not None or not self._keys or place is None:
            return
        self._number += 1
        self._overdue = self.set_timer(_PATIENCE, partial(self._release, self._number))
        await super().on_event(self._keys.popleft())
        if not place.post_message(KeyDone(self._number)):
            self.call_later(self._release, self._number)

    @on(KeyDone)
    def _done(self, event: KeyDone) -> None:
        """Go round once more, behind what the key's handler has asked for, until the key leads nowhere else."""
        event.stop()
        place = self._present_place()
        is_under_way = self._overdue is not None and event.number == self._number
        if is_under_way and place is not None and place is not self._place:
            self._place = place
            if place.post_message(KeyDone(event.number)):
                return
        self.call_later(self._release, event.number)  # behind the focus, which Textual gives in the same way

    def _present_place(self) -> Widget | None:
        """Where a key goes now; None when the app is ending, and has no screen any more."""
        try:
            return self.focused or self.screen
        except ScreenStackError:
            return None

    async def _release(self, number: int) -> None:
        if self._overdue is not None and number == self._number:
            self._overdue.stop()
            self._overdue = self._place = None
            await self._next_key()
