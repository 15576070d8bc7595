"""Putting drafts into the manifest that is being built, as one step to undo."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from core.manifest.problems import Path
from tui.importing.drafts import InputDraft, StreamDraft
from tui.model.config_references import renamed
from tui.model.declared_schema import set_automatic_import
from tui.model.inputs import Input, InputType
from tui.model.session import BuilderSession

_SHARED = "authenticator"


@dataclass(frozen=True, slots=True)
class Placed:
    """What became of drafts: the indexes of the new streams, the inputs that still need a test value, and notes."""

    streams: tuple[int, ...]
    missing: tuple[str, ...]
    notes: tuple[str, ...]


def place(session: BuilderSession, drafts: Sequence[StreamDraft]) -> Placed:
    """Add the streams of drafts after the others, and their inputs, as one step to undo.

    Names that are taken get a number. Inputs of the manifest that fit are used; an authenticator that several new
    streams have is shared, so that it is changed in one place.
    """
    first = session.view.stream_count
    keys: dict[str, None] = {}
    with session.group(("streams", first)):
        for draft in drafts:
            names = place_inputs(session, draft.inputs)
            keys.update(dict.fromkeys(names.values()))
            index = session.view.stream_count
            name = _unique(draft.name, session.streams.names())
            session.streams.add_whole(name, with_names(draft.definition, names))
            set_automatic_import(session, index, on=not _has_schema(draft.definition))
        streams = tuple(range(first, session.view.stream_count))
        _share(session, streams)
    missing = tuple(one.key for one in session.inputs.missing() if one.key in keys)
    notes = tuple(dict.fromkeys(note for draft in drafts for note in draft.notes))
    return Placed(streams, missing, notes)


def place_inputs(session: BuilderSession, drafts: Sequence[InputDraft]) -> dict[str, str]:
    """Add inputs, with their test values; the name in the manifest of each.

    An input that is there already is used when it has the same value or one of them has none.
    """
    names: dict[str, str] = {}
    for draft in drafts:
        key = _key_for(session, draft, set(names.values()))
        names[draft.key] = key
        known = session.inputs.get(key)
        if known is None:
            kind = InputType.ENUM if draft.options else InputType.STRING
            session.inputs.add(
                Input(
                    *(key, draft.title, draft.hint, kind, draft.required),
                    secret=draft.secret,
                    default=draft.default,
                    options=draft.options,
                )
            )
        if draft.value is not None and not session.values.has(key):
            session.inputs.set_value(key, draft.value)
    return names


def with_names(tree: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """A copy of a tree of templates whose inputs have the names that they were given in the manifest."""
    copy = deepcopy(tree)
    changed = {old: new for old, new in names.items() if old != new}
    stand_ins = {old: f"{old}__{number}__renamed" for number, old in enumerate(changed)}
    for mapping in (stand_ins, {stand_ins[old]: new for old, new in changed.items()}):
        for old, new in mapping.items():  # by way of stand-ins, since names may change places
            for path, text in list(renamed(copy, old, new)):
                put_at(copy, path, text)
    return copy


def put_at(tree: Any, path: Path, value: Any) -> None:
    """Put a value into a tree of mappings and lists."""
    for key in path[:-1]:
        tree = tree[key]
    tree[path[-1]] = value


def _key_for(session: BuilderSession, draft: InputDraft, used: set[str]) -> str:
    key, number = draft.key, 2
    while key in used or not _fits(session, key, draft):
        key, number = f"{draft.key}_{number}", number + 1
    return key


def _fits(session: BuilderSession, key: str, draft: InputDraft) -> bool:
    """Whether an input of this key is free, or the same."""
    known = session.inputs.get(key)
    if known is None or draft.value is None or not session.values.has(key):
        return True
    present = session.values.secret(key) if known.secret else session.values.get(key)
    return bool(present == draft.value)


def _unique(name: str, taken: Sequence[str]) -> str:
    name = name.strip() or "stream"
    unique, number = name, 2
    while unique in taken:
        unique, number = f"{name}_{number}", number + 1
    return unique


def _has_schema(definition: dict[str, Any]) -> bool:
    loader = definition.get("schema_loader")
    schema = loader.get("schema") if isinstance(loader, dict) else None
    return isinstance(schema, dict) and bool(schema.get("properties"))


def _share(session: BuilderSession, streams: Sequence[int]) -> None:
    """Share the authenticator that most of the new requesters have, where there is more than one."""
    places = [
        ("streams", index, "retriever", key, _SHARED)
        for index in streams
        for key, part in _requesters(session.value(("streams", index, "retriever")))
        if _SHARED in part
    ]
    values = [session.value(place) for place in places]
    if len(values) < 2:
        return
    usual = max(values, key=values.count)
    for place in places:
        if session.value(place) == usual and session.sharing.can_share(place) and not session.sharing.conflict(place):
            session.sharing.share(place)


def _requesters(retriever: Any) -> list[tuple[str, dict[str, Any]]]:
    found = retriever.items() if isinstance(retriever, dict) else ()
    return [(key, part) for key, part in found if key.endswith("requester") and isinstance(part, dict)]
