"""Putting drafts into the manifest that is being built, as one step to undo."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from core.manifest.links import reference_to
from core.manifest.problems import Path
from core.manifest.references import REF
from tui.importing.drafts import InputDraft, StreamDraft
from tui.importing.hosts import Hosts, hosts_by_input, hosts_of, inputs_of_hosts, is_of_a_host
from tui.model.config_references import renamed
from tui.model.declared_schema import set_automatic_imports
from tui.model.inputs import Input, InputType
from tui.model.places import STREAMS
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
    keys: dict[str, None] = {}
    sent: Hosts = {}
    definitions: list[dict[str, Any]] = []
    with session.group((*STREAMS, session.view.listed)):
        for draft in drafts:
            names = place_inputs(session, draft.inputs, draft.definition, sent)
            keys.update(dict.fromkeys(names.values()))
            definitions.append(with_names(draft.definition, names))
        _refer_to_parents(session, definitions)
        streams = dict(zip(_unique([draft.name for draft in drafts], session), definitions, strict=True))
        _add(session, streams)
        set_automatic_imports(session, {name: not _has_schema(one) for name, one in streams.items()})
    missing = tuple(one.key for one in session.inputs.missing() if one.key in keys)
    notes = tuple(dict.fromkeys(note for draft in drafts for note in draft.notes))
    return Placed(tuple(map(session.streams.names().index, streams)), missing, notes)


def place_inputs(
    session: BuilderSession, drafts: Sequence[InputDraft], tree: dict[str, Any], sent: Hosts | None = None
) -> dict[str, str]:
    """Add inputs, with their test values; the name in the manifest of each.

    An input that is there already is used when it has the same value. Where one of them has none it is used, too, but a
    secret only for the same hosts. `tree` is what the drafts are used in, which tells the hosts; `sent` collects those
    of several calls, by the names in the manifest.
    """
    sent = sent if sent is not None else {}
    names: dict[str, str] = {}
    hosts = hosts_by_input(tree)
    addresses = inputs_of_hosts(hosts)
    for draft in sorted(drafts, key=lambda one: one.key not in addresses):  # hosts are known by the names of these
        own = {str(with_names({"url": host}, names)["url"]) for host in hosts.get(draft.key, ())}
        key = _key_for(session, draft, set(names.values()), own, sent)
        names[draft.key] = key
        sent.setdefault(key, set()).update(own)
        known = session.inputs.get(key)
        if known is None:
            _add_input(session, key, draft)
        if draft.value is not None and not session.values.has(key):
            session.inputs.set_value(key, draft.value)
    return names


def _add_input(session: BuilderSession, key: str, draft: InputDraft) -> None:
    if draft.schema is not None:
        session.inputs.add_described(key, draft.schema, required=draft.required)
        return
    session.inputs.add(
        Input(
            *(key, draft.title, draft.hint, InputType.ENUM if draft.options else InputType.STRING, draft.required),
            secret=draft.secret,
            default=draft.default,
            options=draft.options,
        )
    )


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


def _key_for(session: BuilderSession, draft: InputDraft, used: set[str], hosts: set[str], sent: Hosts) -> str:
    key, number = draft.key, 2
    while key in used or not _fits(session, key, draft, hosts, sent.get(key, set())):
        key, number = f"{draft.key}_{number}", number + 1
    return key


def _fits(session: BuilderSession, key: str, draft: InputDraft, hosts: set[str], sent: set[str]) -> bool:
    """Whether an input of this key is free, or the same."""
    known = session.inputs.get(key)
    if known is None:
        return True
    if (draft.options and known.options != draft.options) or draft.default not in (None, known.default):
        return False
    has_value = session.values.has(key)
    if has_value and draft.value is not None:
        present = session.values.secret(key) if known.secret else session.values.get(key)
        return bool(present == draft.value)
    if draft.value is not None and known.default is not None:
        return bool(known.default == draft.value)
    is_secret = known.secret or draft.secret or known.type is InputType.OTHER
    if not is_secret and (draft.value is None or not is_of_a_host(session, key)):
        return True
    if draft.value is None and hosts and hosts <= sent:
        return True
    present_hosts = hosts_of(session, key) | sent
    if draft.value is not None:  # what is there would send it from now on
        return present_hosts <= hosts
    return hosts <= present_hosts or not (has_value or present_hosts)


def _unique(names: Sequence[str], session: BuilderSession) -> list[str]:
    """Names for new streams; those that are taken get a number."""
    taken = set(session.streams.names())
    found: list[str] = []
    for wanted in names:
        name = base = wanted.strip() or "stream"
        number = 2
        while name in taken:
            name, number = f"{base}_{number}", number + 1
        taken.add(name)
        found.append(name)
    return found


def _has_schema(definition: dict[str, Any]) -> bool:
    loader = definition.get("schema_loader")
    schema = loader.get("schema") if isinstance(loader, dict) else None
    return isinstance(schema, dict) and bool(schema.get("properties"))


def _refer_to_parents(session: BuilderSession, definitions: Sequence[dict[str, Any]]) -> None:
    """Let new streams refer to their parents, where these are streams of the manifest, too."""
    parents = [config for one in definitions for config in _parent_configs(one.get("retriever"))]
    if not parents:
        return
    present = map(session.streams.path, range(session.view.stream_count))
    known: dict[str, Path] = {}
    for path in present:
        known.setdefault(_mark(session.value((*path, "retriever"))), path)
    for index, one in enumerate(definitions, session.view.listed):
        known.setdefault(_mark(one.get("retriever")), (*STREAMS, index))
    found = [known.get(_mark(config["stream"].get("retriever"))) for config in parents]
    for config, parent in zip(parents, found, strict=True):
        if parent is not None:
            config["stream"] = {REF: reference_to(parent)}


def _parent_configs(retriever: Any) -> Iterator[dict[str, Any]]:
    """The parents of a retriever that are written in it, with their own."""
    router = retriever.get("partition_router") if isinstance(retriever, dict) else None
    configs = router.get("parent_stream_configs") if isinstance(router, dict) else None
    for config in configs if isinstance(configs, list) else ():
        if isinstance(config, dict) and isinstance(config.get("stream"), dict):
            yield config
            yield from _parent_configs(config["stream"].get("retriever"))


def _mark(value: Any) -> str:
    """A text that is the same for what is the same."""
    return json.dumps(value, sort_keys=True, default=str)


def _add(session: BuilderSession, streams: dict[str, dict[str, Any]]) -> None:
    """Add streams. The authenticator that most of their requesters have is shared: by the first that has it when it
    is there, and the others are added with references to it.
    """
    values = [requester[_SHARED] for one in streams.values() for _, requester in _requesters(one.get("retriever"), ())]
    usual = max(values, key=values.count) if len(values) > 1 else None
    first: dict[str, dict[str, Any]] = {}
    for name, one in streams.items():
        first[name] = one
        if usual in (requester[_SHARED] for _, requester in _requesters(one.get("retriever"), ())):
            break
    path = session.streams.add_all(first)[-1]
    rest = {name: one for name, one in streams.items() if name not in first}
    shared = _shared(session, (*path, "retriever"), usual) if usual is not None else None
    if shared is not None:
        for _, requester in [found for one in rest.values() for found in _requesters(one.get("retriever"), ())]:
            if requester[_SHARED] == usual:
                requester[_SHARED] = dict(shared)
    if rest:
        session.streams.add_all(rest)


def _shared(session: BuilderSession, retriever: Path, usual: dict[str, Any]) -> dict[str, str] | None:
    """Share an authenticator in a retriever; the reference to it, None where the manifest shares another one."""
    target: Path | None = None
    for path, requester in list(_requesters(session.document.get(retriever), retriever)):
        place = (*path, _SHARED)
        if requester[_SHARED] == usual and session.sharing.can_share(place) and not session.sharing.conflict(place):
            session.sharing.share(place)
            target = session.sharing.target(place)
    return {REF: reference_to(target)} if target is not None else None


def _requesters(value: Any, path: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The requesters with an authenticator in a retriever, also those of the parents that are written in it."""
    if isinstance(value, dict) and isinstance(value.get(_SHARED), dict):
        yield path, value
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in steps:
        if key != _SHARED:
            yield from _requesters(one, (*path, key))
