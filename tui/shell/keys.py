"""The keys of the builder: which there are, what a person has made of them, and each going where the one before it
led.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from textual import events, on
from textual.app import App, ScreenStackError
from textual.binding import Binding
from textual.dom import DOMNode
from textual.message import Message
from textual.screen import ModalScreen, Screen
from textual.timer import Timer
from textual.widget import Widget

from core.manifest.problems import closest
from tui.model.settings import Settings
from tui.shell.actions import APP, BUILDER, has_key

_VERBS = {action.id: action.verb for action in (*APP, *BUILDER)}
_FIRST = {"Everywhere": 0, "Builder": 1, "Navigator": 2, "Form": 3, "Test": 4}
"""The places whose keys are listed first."""


@dataclass(frozen=True, slots=True)
class Key:
    """What can be done by key: the id of that, the keys (none: it has no key), where they work, what they do."""

    id: str
    keys: str
    place: str
    help: str


def all_keys(own: Mapping[str, str]) -> list[Key]:
    """Everything that has a key or can be given one, with the keys of a person (`own`) in it."""
    found: dict[str, Key] = {}
    for place, binding in _bindings():
        if binding.id is not None:
            keys = own.get(binding.id) or (binding.key if has_key(binding.key) else "")
            found.setdefault(binding.id, Key(binding.id, keys, place, _words(binding)))
    return sorted(found.values(), key=lambda key: (_FIRST.get(key.place, len(_FIRST)), key.place, key.id))


def key_of(app: App[Any], settings: Settings, action: str) -> str:
    """The first key of an action as people read it; empty when it has none."""
    found = next(one for one in (*APP, *BUILDER) if one.id == action)
    key = (settings.keys.get(action) or found.keys).split(",", maxsplit=1)[0]
    return app.get_key_display(found.binding.with_key(key.strip())) if key else ""


def problems(own: Mapping[str, str]) -> list[str]:
    """What is wrong with the keys of a person: ids that do not exist."""
    known = [key.id for key in all_keys({})]
    told = []
    for name in own:
        if name not in known:
            meant = closest(name, known)
            hint = f" Did you mean {meant}?" if meant else ""
            told.append(f"There is no action {name} to give a key to.{hint}")
    return told


def _bindings() -> Iterator[tuple[str, Binding]]:
    """The bindings of all classes of this package that are loaded, and the place where each works."""
    for cls in dict.fromkeys(_subclasses(DOMNode)):
        if cls.__module__.startswith("tui."):
            place = _place(cls)
            for binding in cls.__dict__.get("BINDINGS", ()):
                if isinstance(binding, Binding):
                    yield place, binding


def _place(cls: type[DOMNode]) -> str:
    if issubclass(cls, App):
        return "Everywhere"
    return str(cls.BINDING_GROUP_TITLE or ("Dialogs" if issubclass(cls, ModalScreen) else "Builder"))


def _words(binding: Binding) -> str:
    """What a key does: an action of the builder says it twice, in short and in full."""
    verb = _VERBS.get(binding.id or "", "")
    return f"{verb.capitalize()}. {binding.tooltip}" if verb else binding.tooltip or binding.description


def _subclasses(cls: type[DOMNode]) -> Iterator[type[DOMNode]]:
    for sub in cls.__subclasses__():
        yield sub
        yield from _subclasses(sub)


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
