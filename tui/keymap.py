"""The keys of the builder: which there are, under which ids, and what a person has made of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import ModalScreen

from core.manifest.problems import closest
from tui.actions import APP, BUILDER, has_key
from tui.session.settings import Settings

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
