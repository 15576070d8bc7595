"""The streams of the manifest: the list that the navigator shows, and what can be done with whole streams."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from core.manifest.links import is_below
from core.manifest.problems import Path
from tui.model.editor import Change, ChangeKind
from tui.model.placing import fitting
from tui.model.problems import Counts
from tui.model.retrieval import ASYNC, SYNC, new_retriever, switched
from tui.model.trial_marks import fingerprint

if TYPE_CHECKING:
    from tui.model.session import BuilderSession

STREAMS: Path = ("streams",)
CHECK: Path = ("check", "stream_names")


class StreamKind(StrEnum):
    """How a stream is read. Streams of other kinds have no form; they are edited as YAML."""

    SYNC = "sync"
    ASYNC = "async"
    OTHER = "other"


_KINDS = {SYNC: StreamKind.SYNC, ASYNC: StreamKind.ASYNC}
_RETRIEVERS = {kind: name for name, kind in _KINDS.items()}


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """A stream as the navigator shows it. `counts` are the problems shown, `warnings` those of its last test.

    `stale`: it was changed since it was tested.
    """

    index: int
    name: str
    kind: StreamKind
    counts: Counts
    tested: bool
    stale: bool
    warnings: tuple[str, ...]

    @property
    def path(self) -> Path:
        """The path of the stream."""
        return ("streams", self.index)


class Streams:
    """The streams of a session's manifest."""

    def __init__(self, session: BuilderSession) -> None:
        self._session = session

    def all(self) -> tuple[StreamInfo, ...]:
        """All streams, in order."""
        return tuple(map(self.info, range(self._session.view.stream_count)))

    def info(self, index: int) -> StreamInfo:
        """What the navigator shows of one stream."""
        session, path = self._session, ("streams", index)
        name = self.name(index)
        mark = session.tests.get(name)
        return StreamInfo(
            index,
            name,
            self.kind(index),
            session.counts(path),
            tested=mark is not None,
            stale=mark is not None and mark.fingerprint != fingerprint(session.value(path)),
            warnings=mark.warnings if mark else (),
        )

    def name(self, index: int) -> str:
        """The name of a stream; empty when it has none."""
        return str(self._quick(("streams", index, "name")) or "")

    def names(self) -> tuple[str, ...]:
        """The names of all streams."""
        return tuple(map(self.name, range(self._session.view.stream_count)))

    def kind(self, index: int) -> StreamKind:
        """How a stream is read."""
        return _KINDS.get(str(self._quick(("streams", index, "retriever", "type"))), StreamKind.OTHER)

    def add(self, name: str, kind: StreamKind = StreamKind.SYNC, *, copy_of: int | None = None) -> Path:
        """Add a stream at the end: a new one of this kind, or a copy of another; gives its path.

        Raises ValueError when the name is empty or taken.
        """
        name = self._checked(name)
        session = self._session
        index = session.view.stream_count
        if copy_of is None:
            value = {
                "type": "DeclarativeStream",
                "name": name,
                "retriever": new_retriever(_RETRIEVERS[kind]),
                "schema_loader": {
                    "type": "InlineSchemaLoader",
                    "schema": {"type": "object", "additionalProperties": True, "properties": {}},
                },
            }
        else:
            original = session.view.unwrapped(("streams", copy_of))
            value = {**(deepcopy(original) if isinstance(original, dict) else {}), "name": name}
        with session.group(("streams", index)):
            session.insert(STREAMS, index, value)
            if copy_of is None:
                session.attention.mark(("streams", index), loud=False)
            self._keep_check()
        return ("streams", index)

    def duplicate(self, index: int) -> Path:
        """Add a copy of a stream right after it; gives its path."""
        base = self.name(index) or "stream"
        names = set(self.names())
        name = next(f"{base}_{number}" for number in range(2, len(names) + 3) if f"{base}_{number}" not in names)
        session = self._session
        with session.group(("streams", index + 1)):
            path = self.add(name, copy_of=index)
            self.move(int(path[1]), index + 1)
        return ("streams", index + 1)

    def rename(self, index: int, name: str) -> None:
        """Rename a stream; the connection check and the notes on it follow.

        Raises ValueError when the name is empty or taken.
        """
        old = self.name(index)
        if name.strip() == old:
            return
        name = self._checked(name)
        session = self._session
        with session.group(("streams", index, "name")):
            session.set(("streams", index, "name"), name)
            checked = session.value(CHECK)
            if old and isinstance(checked, list) and old in checked:
                session.set(CHECK, [name if one == old else one for one in checked])
            notes = session.document.get(("metadata",))
            for key, by_name in notes.items() if isinstance(notes, dict) else ():
                if isinstance(by_name, dict) and old in by_name and name not in by_name:
                    session.rename_raw(("metadata", key, old), name)
            session.tests.rename(old, name)
            session.change_beside(lambda: session.tests.rename(name, old), lambda: session.tests.rename(old, name))

    def users(self, index: int) -> tuple[str, ...]:
        """The names of the other streams that refer to a stream or to parts of it."""
        stream: Path = ("streams", index)
        found = [
            link.path[1]
            for link in self._session.document.links
            if link.target is not None
            and is_below(link.target, stream)
            and is_below(link.path, STREAMS)
            and not is_below(link.path, stream)
        ]
        return tuple(dict.fromkeys(self.name(int(user)) for user in found))

    def delete(self, index: int) -> None:
        """Delete a stream. What refers to it gets a copy of what it refers to, so that nothing breaks."""
        session = self._session
        with session.group(STREAMS):
            name = self.name(index)
            session.remove(("streams", index))
            checked = session.value(CHECK)
            if isinstance(checked, list) and name in checked and name not in self.names():
                session.set(CHECK, [one for one in checked if one != name])
            self._keep_check()

    def move(self, index: int, to: int) -> None:
        """Move a stream so that it ends up at index `to`; references follow."""
        self._session.move(STREAMS, index, to)

    def switch_retrieval(self, index: int, to: StreamKind) -> tuple[str, ...]:
        """Read a stream the other way, keeping all that has a counterpart; the titles of what has none.

        That is remembered, and is there again when the stream is switched back.
        """
        session, path = self._session, ("streams", index, "retriever")
        present = session.view.unwrapped(path)
        present = present if isinstance(present, dict) else {}
        name = _RETRIEVERS[to]
        before = str(self._quick((*path, "type")))
        if before == name:
            return ()
        session.types.remember(path, before, present)
        new = switched({**present, "type": before}, name, session.types.recall(path, name))
        with session.group(path):
            place = session.own_place(path)
            session.write(place, fitting(session.document, place, {**new.retriever, "type": name}))
        return new.left_out

    def mark_tested(self, index: int, warnings: Sequence[str] = ()) -> None:
        """Remember that a stream was tested as it is now, and what the test warned of."""
        self._session.tests.put(self.name(index), self._session.value(("streams", index)), warnings)
        self._session.tell(Change(ChangeKind.TESTS, (("streams", index),)))

    def _quick(self, path: Path) -> Any:
        """A value as it is written; where it is handed down, from the resolved view, which takes longer."""
        document = self._session.document
        written = document.get(document.through_refs(path))
        return self._session.value(path) if written is None else written

    def _checked(self, name: str) -> str:
        name = name.strip()
        if not name:
            raise ValueError("A stream needs a name.")
        if name in self.names():
            raise ValueError(f"There is already a stream named {name}.")
        return name

    def _keep_check(self) -> None:
        """Let the connection check name a stream, as it must."""
        session = self._session
        names = self.names()
        present = session.value(("check",))
        check = {"type": "CheckStream"} if present is None else present
        if not isinstance(check, dict) or check.get("type", "CheckStream") != "CheckStream":
            return
        if names and not check.get("stream_names") and not check.get("dynamic_streams_check_configs"):
            session.set(CHECK, [names[0]])
