"""All keys of the builder, as declared by its widgets and as changed in the settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from textual.app import App
from textual.binding import ActiveBinding, Binding
from textual.dom import DOMNode
from textual.screen import ModalScreen, Screen

from core.manifest.problems import closest
from tui.model.settings import Settings
from tui.shell.actions import ACTIONS, APP, BUILDER, has_key

_HEADINGS = {action.id: action.heading for action in (*APP, *BUILDER)}
_FIRST = {"Everywhere": 0, "Builder": 1, "Go to": 2, "Navigator": 3, "Form": 4, "Test": 5}
"""The places whose keys are listed first."""


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """An action that has a key or can be given one: its id, its keys ("" for none), where they work, what it does."""

    id: str
    keys: str
    place: str
    help: str


@runtime_checkable
class Doing(Protocol):
    """A screen that can do the actions of the table; a key of one that can't be done may only say why."""

    def can_do(self, action: str) -> bool:
        """Whether an action can be done now."""


def active_keys(screen: Screen[Any]) -> list[ActiveBinding]:
    """The keys that do something now on a screen; not those that would only say why they can't."""
    can_do = screen.can_do if isinstance(screen, Doing) else None
    return [
        one
        for one in screen.active_bindings.values()
        if can_do is None or one.binding.id not in ACTIONS or can_do(one.binding.id)
    ]


def all_keys(custom: Mapping[str, str]) -> list[KeyInfo]:
    """Everything that has a key or can be given one; `custom` are the keys from the settings, by id."""
    found: dict[str, KeyInfo] = {}
    for place, binding in _bindings():
        if binding.id is not None:
            keys = custom.get(binding.id) or (binding.key if has_key(binding.key) else "")
            found.setdefault(binding.id, KeyInfo(binding.id, keys, place, _help(binding)))
    return sorted(found.values(), key=lambda key: (_FIRST.get(key.place, len(_FIRST)), key.place, key.id))


def key_of(app: App[Any], settings: Settings, action: str) -> str:
    """The first key of an action as people read it; empty when it has none."""
    keys = settings.keys.get(action) or ACTIONS[action].keys
    key = keys.split(",", maxsplit=1)[0]
    return app.get_key_display(ACTIONS[action].binding.with_key(key.strip())) if key else ""


def unknown_ids(custom: Mapping[str, str]) -> list[str]:
    """A sentence for each id in the settings that does not exist."""
    known = [key.id for key in all_keys({})]
    sentences = []
    for name in custom:
        if name not in known:
            meant = closest(name, known)
            hint = f" Did you mean {meant}?" if meant else ""
            sentences.append(f"There is no action {name} to give a key to.{hint}")
    return sentences


def _bindings() -> Iterator[tuple[str, Binding]]:
    """The bindings of all classes of this package that are loaded, and the place where each works."""
    for cls in dict.fromkeys(_subclasses(DOMNode)):
        if cls.__module__.startswith("tui."):
            for binding in cls.__dict__.get("BINDINGS", ()):
                if isinstance(binding, Binding):
                    yield place_of(binding, _place(cls)), binding


def _place(cls: type[DOMNode]) -> str:
    if issubclass(cls, App):
        return "Everywhere"
    return str(cls.BINDING_GROUP_TITLE or ("Dialogs" if issubclass(cls, ModalScreen) else "Builder"))


def place_of(binding: Binding, owner: str) -> str:
    """Under which heading a key is listed: all ways to go elsewhere under one of their own."""
    return "Go to" if (binding.id or "").startswith("go.") else owner


def _help(binding: Binding) -> str:
    """What a key does; actions of the builder have both a short and a full text."""
    heading = _HEADINGS.get(binding.id or "")
    if heading is None:
        return binding.tooltip or binding.description
    return f"{heading}{'' if heading.endswith('…') else '.'} {binding.tooltip}"


def _subclasses(cls: type[DOMNode]) -> Iterator[type[DOMNode]]:
    for sub in cls.__subclasses__():
        yield sub
        yield from _subclasses(sub)
