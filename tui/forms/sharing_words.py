"""Who shares a section, and which other places could have the same one, in the words of the builder."""

from __future__ import annotations

from collections.abc import Iterator

from core.manifest.problems import Path
from tui.session.findings import stream_of
from tui.session.layout import tab_of
from tui.session.session import BuilderSession
from tui.session.sharing import SHAREABLE


def shared_with(session: BuilderSession, path: Path) -> str | None:
    """A line that says with which other places the section at a path is shared; None when it is not."""
    if path[-1] not in SHAREABLE or session.sharing.target(path) is None:
        return None
    own = session.slot(path)
    users = [raw for raw in session.sharing.users(path) if raw != own]
    others = dict.fromkeys([*also_in(session, path), *(name for raw in users for name in _users(session, raw, path))])
    return f"⇄ Shared with {', '.join(others)}" if others else "⇄ Shared, with nobody else yet"


def also_in(session: BuilderSession, path: Path) -> list[str]:
    """The other streams in which the field at a path stands at the same place of the file, and changes with it."""
    return [] if stream_of(path) is None else _streams_at(session, session.slot(path), path)


def _users(session: BuilderSession, raw: Path, path: Path) -> list[str]:
    """Where a raw place shows that has the same section as the field at a path."""
    return (stream_of(raw) is None and _streams_at(session, raw, path)) or [place_name(session, raw, path)]


def _streams_at(session: BuilderSession, raw: Path, path: Path) -> list[str]:
    """The other streams that show a raw place where the stream of a path has that path."""
    stream, names = stream_of(path), session.streams.names()
    others = ((name, ("streams", index, *path[2:])) for index, name in enumerate(names) if index != stream)
    return [name for name, other in others if session.slot(other) == raw]


def place_name(session: BuilderSession, path: Path, near: Path = ()) -> str:
    """Where a path is: the stream and its tab, without the stream when `near` is in the same."""
    stream = stream_of(path)
    if stream is None:
        return ".".join(map(str, path[:3]))
    tabs = session.tabs(stream)
    tab = tabs[tab_of(tabs, path[2:])[0]].title if len(tabs) > 2 else ""
    name = session.streams.name(stream)
    if stream_of(near) == stream and tab:
        return tab
    return f"{name} ({tab})" if tab else name


def twins(session: BuilderSession, path: Path) -> Iterator[Path]:
    """The same field elsewhere: in the other requests of the stream, and in the other streams."""
    for stream in range(len(session.streams.names())):
        for tab in session.tabs(stream):
            for entry in tab.entries:
                other = ("streams", stream, *entry.path)
                if entry.path[-1] == path[-1] and other != path:
                    yield other
