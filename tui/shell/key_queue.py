"""Keys are handled one at a time, each with the focus where the key before it put it, however fast they come in."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial

from textual import events, on
from textual.app import App, ScreenStackError
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer
from textual.widget import Widget

_TIMEOUT = 0.5
"""Seconds after which the next key is handled although the last one is not done, or was lost with its widget."""
_LEAVING = frozenset({"ctrl+q", "ctrl+c"})
"""The keys that are never kept for a screen that is still being built."""


class KeyHandled(Message):
    """Posted to the widget that got a key, right after it: once this bubbles up, the key's handler has run."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class KeyQueueApp(App[None]):
    """An app that handles a key only when the one before it is done.

    Textual sends a key to the widget that has the focus when it comes in, although the key before may be about to move
    the focus. What is typed fast, or comes in one go over a slow line, would be typed into the wrong field.
    """

    def __init__(self) -> None:
        super().__init__()
        self._keys: deque[events.Key | events.Paste] = deque()
        self._number = 0
        self._timeout: Timer | None = None
        """Runs while a key is being handled."""
        self._last_target: Widget | None = None
        """Where the focus was when it was last looked at while the present key is being handled."""

    @property
    def takes_keys(self) -> bool:
        """Whether there is a screen for keys yet; until then they are kept."""
        return True

    async def on_event(self, event: events.Event) -> None:
        """Queue keys and pastes; the key that leaves never waits."""
        waits = self.takes_keys or not (isinstance(event, events.Key) and event.key in _LEAVING)
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded and waits:
            self._keys.append(event)
            await self._handle_next()
        else:
            await super().on_event(event)

    def take_kept_keys(self) -> None:
        """Handle the keys that were kept until now."""
        self.call_later(self._handle_next)

    def press_first(self, keys: Iterable[events.Key]) -> None:
        """Press keys before those that are queued."""
        self._keys.extendleft(reversed(list(keys)))
        self.call_later(self._handle_next)

    async def _handle_next(self) -> None:
        target = self._target()
        if self._timeout is not None or not self._keys or target is None or not self.takes_keys:
            return
        self._number += 1
        self._timeout = self.set_timer(_TIMEOUT, partial(self._finish, self._number))
        await super().on_event(self._keys.popleft())
        if not target.post_message(KeyHandled(self._number)):
            self.call_later(self._finish, self._number)

    @on(KeyHandled)
    def _key_handled(self, event: KeyHandled) -> None:
        """Post it once more, behind whatever the key's handler has posted, until the focus stays where it is."""
        event.stop()
        target = self._target()
        is_current = self._timeout is not None and event.number == self._number
        if is_current and target is not None and target is not self._last_target:
            self._last_target = target
            if target.post_message(KeyHandled(event.number)):
                return
        self.call_later(self._finish, event.number)  # Textual moves the focus by call_later too: this comes after it

    def _target(self) -> Widget | None:
        """Where a key goes now; None when the app is ending and has no screen any more."""
        try:
            return self.focused or self.screen
        except ScreenStackError:
            return None

    async def _finish(self, number: int) -> None:
        if self._timeout is not None and number == self._number:
            self._timeout.stop()
            self._timeout = self._last_target = None
            await self._handle_next()


class TypeAhead:
    """Keeps the keys that are typed while the field that is to get the focus is still being built."""

    def __init__(self, screen: Screen[None]) -> None:
        self._screen = screen
        self._keys: list[events.Key] = []
        self._pending = 0

    @contextmanager
    def moving_focus(self) -> Iterator[None]:
        """Take the focus away. What is typed meanwhile goes to the widget that has the focus at the end, or else had it
        before.
        """
        before = self._screen.focused
        self._screen.set_focus(None)
        self._pending += 1
        try:
            yield
        finally:
            self._screen.app.call_later(self._replay, before)  # Textual moves the focus by call_later too

    def _replay(self, before: Widget | None) -> None:
        self._pending -= 1
        if self._screen.focused is None and before is not None and before.is_attached:
            self._screen.set_focus(before)
        keys, self._keys = self._keys, []
        app = self._screen.app
        assert isinstance(app, KeyQueueApp)
        app.press_first(events.Key(key.key, key.character) for key in keys)

    def keeps(self, event: events.Key) -> bool:
        """Whether a key is kept for later."""
        kept = self._pending > 0 and self._screen.focused is None
        if kept:
            self._keys.append(event)
        return kept
