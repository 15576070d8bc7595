"""The sentences of the forms: what is in a component, who shares a section, problems of the manifest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import accumulate
from typing import Any

from core.connector.registry import component_types
from core.manifest.problems import Path, show_path
from core.runtime.component import Component
from core.wording import listed
from tui.model.layout import tab_of
from tui.model.problems import Finding
from tui.model.session import BuilderSession
from tui.model.sharing import SHAREABLE
from tui.model.specs import FieldSpec, Kind, form_spec, in_labels, label_of, type_label
from tui.model.view import component_at
from tui.widgets.display_text import escape

_MOST = 3
_ROOM_FOR_NAMES = 44
"""Characters of places that are named in a row."""
_LONGEST = 40
_QUOTED = re.compile(r"^in the template “.*?”(?:, (line \d+: )|: )", re.DOTALL)


def summary(value: Any) -> str:
    """The values that say most about a component."""
    if isinstance(value, list):
        return f"{len(value)} item" + "s" * (len(value) != 1)
    if isinstance(value, str):
        return escape(value[:_LONGEST])
    if not isinstance(value, Mapping):
        return ""
    known = component_types().get(str(value.get("type")))
    fields = form_spec(known).fields if known else ()
    texts = [text for field in fields for text in _summaries(field, value.get(field.key))]
    return " · ".join(texts[:_MOST])


def _summaries(field: FieldSpec, value: Any) -> Iterator[str]:
    if value in (None, "", [], {}) or value == field.default:
        return
    if isinstance(value, bool):
        yield field.title if value else f"not {field.title}"
    elif field.secret:
        yield field.title
    elif isinstance(value, str | int | float):
        yield escape(str(value)[:_LONGEST])
    elif field.kind is Kind.COMPONENT and isinstance(value, Mapping):
        known = component_types().get(str(value.get("type")))
        inside = summary(value)
        yield inside or (type_label(known) if known else str(value.get("type", "")))
    elif field.kind is Kind.PAIRS and isinstance(value, Mapping):
        yield ", ".join(escape(str(key)) for key in list(value)[:_MOST])
    elif isinstance(value, list):
        plain = all(isinstance(item, str | int | float) for item in value)
        yield ", ".join(escape(str(item)) for item in value[:_MOST]) if plain else f"{len(value)} {field.title.lower()}"


def sharing_note(session: BuilderSession, path: Path) -> str | None:
    """A line that says with which other places the section at a path is shared, if it is."""
    if path[-1] not in SHAREABLE or session.sharing.target(path) is None:
        return None
    own = session.slot(path)
    users = [raw for raw in session.sharing.users(path) if raw != own]
    names = (name for raw in users for name in _users(session, raw, path))
    others = dict.fromkeys([*sharing_streams(session, path), *names])
    return shared_with(others) if others else "⇄ Shared, with nobody else yet"


def shared_with(others: Iterable[str]) -> str:
    """The first of those who share something, at least one, and how many more there are."""
    names = list(others)
    fitting = sum(end <= _ROOM_FOR_NAMES for end in accumulate(len(name) + len(", ") for name in names))
    return f"⇄ Shared with {listed(names, max(1, fitting))}"


def sharing_streams(session: BuilderSession, path: Path) -> list[str]:
    """The other streams in which the field at a path is the same place of the file, and changes with it."""
    return [] if session.streams.at(path) is None else _streams_at(session, session.slot(path), path)


def _users(session: BuilderSession, raw: Path, path: Path) -> list[str]:
    """The names of where a raw place with the same section as the field at a path is shown."""
    return (session.streams.at(raw) is None and _streams_at(session, raw, path)) or [place_name(session, raw, path)]


def _streams_at(session: BuilderSession, raw: Path, path: Path) -> list[str]:
    """The other streams that show a raw place where the stream of a path has that path."""
    streams = session.streams
    stream = streams.at(path)
    assert stream is not None
    below = path[len(streams.path(stream)) :]
    others = ((name, (*streams.path(index), *below)) for index, name in enumerate(streams.names()) if index != stream)
    return list(dict.fromkeys(name for name, other in others if session.slot(other) == raw))


def place_name(session: BuilderSession, path: Path, near: Path = ()) -> str:
    """Where a path is: the stream and its tab, without the stream when `near` is in the same."""
    stream = session.streams.at(path)
    if stream is None:
        return ".".join(map(str, path[:3]))
    tabs = session.tabs(stream)
    tab = tabs[tab_of(tabs, session.streams.inside(path))[0]].title if len(tabs) > 2 else ""
    name = session.streams.name(stream)
    if session.streams.at(near) == stream and tab:
        return tab
    return f"{name} ({tab})" if tab else name


def same_fields(session: BuilderSession, path: Path) -> Iterator[Path]:
    """The same field elsewhere: in the other requests of the stream, and in the other streams."""
    for stream in range(len(session.streams.names())):
        for tab in session.tabs(stream):
            for entry in tab.entries:
                other = (*session.streams.around(stream), *entry.path)
                if entry.path[-1] == path[-1] and other != path:
                    yield other


def reusable(session: BuilderSession, path: Path) -> Path | None:
    """Where the same field has a value that the one at a path, which has none, could have too; near places first."""
    if session.value(path) or path[-1] not in SHAREABLE:
        return None
    streams = session.streams
    stream = streams.at(path)
    found = [one for one in same_fields(session, path) if session.value(one)]
    return min(found, key=lambda one: streams.at(one) != stream, default=None)


def message_and_hint(session: BuilderSession, finding: Finding) -> tuple[str, str]:
    """The message and the hint of a problem, with fields called as in the forms."""
    problem, owners = finding.problem, _owners(session, finding.path)
    keys = (*problem.path, *problem.fields)
    return in_labels(problem.message, keys, *owners), in_labels(problem.hint or "", keys, *owners)


def at_the_field(session: BuilderSession, finding: Finding) -> tuple[str, str]:
    """The message and the hint as they stand right below the field: without its name and the value, which are above."""
    message, problem = finding.problem.message, finding.problem
    named = f"`{problem.path[-1]}`: " if problem.path else ""
    brief = _QUOTED.sub(r"\1", message.removeprefix(named)) if named else message
    return message_and_hint(session, replace(finding, problem=replace(problem, message=brief)))


def field_label(session: BuilderSession, path: Path) -> str:
    """Where a problem is that no field shows: the label of its field, or the path where it has none."""
    key = next((key for key in reversed(path) if isinstance(key, str)), "")
    return label_of(key, *_owners(session, path)) or show_path(path)


def _owners(session: BuilderSession, path: Path) -> list[type[Component]]:
    """The components that a path goes through, from the inside out."""
    ends = (component_at(session.view, path[:end]) for end in range(len(path), -1, -1))
    return [owner for owner in ends if owner is not None]
