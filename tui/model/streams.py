"""The streams of the manifest: adding, copying, renaming and converting them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

from core.manifest.links import copied_with_references, is_below
from core.manifest.problems import Path
from tui.model.editor import ManifestEditor
from tui.model.new_components import ASYNC, SYNC, converted, new_resolver, new_retriever
from tui.model.places import STREAMS, TEMPLATES, StreamPlace
from tui.model.problems import Counts, Visibility
from tui.model.type_memory import TypeMemory
from tui.model.view import without_circles
from tui.model.wrapping import put_below_condition, read_in_two_ways

CHECK: Path = ("check", "stream_names")
GROUPS: Path = ("stream_groups",)
CHECKED_TEMPLATES: Path = ("check", "dynamic_streams_check_configs")
_TEMPLATE = "stream_template"
_TEMPLATE_NAME = "dynamic_stream_name"


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
    place: StreamPlace
    counts: Counts
    tested: bool
    stale: bool
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TrialMark:
    """The last test of a stream: what it was like then, and the warnings of the test."""

    fingerprint: bytes
    warnings: tuple[str, ...] = ()


class TrialMarks:
    """The last tests by the name of the stream."""

    def __init__(self) -> None:
        self._marks: dict[str, TrialMark] = {}

    def get(self, name: str) -> TrialMark | None:
        """The last test of a stream; None when it was never tested."""
        return self._marks.get(name)

    def put(self, name: str, stream: Any, warnings: Sequence[str]) -> None:
        """Remember a test of a stream as it was."""
        self._marks[name] = TrialMark(fingerprint(stream), tuple(warnings))

    def rename(self, old: str, new: str) -> None:
        """Keep the mark of a stream that has another name now; its name is no reason to test it again."""
        if old in self._marks:
            self._marks[new] = self._marks.pop(old)


def template_name(around: Path) -> str:
    """What messages and checks call a template that has no name of its own (Airbyte: the same)."""
    return f"dynamic_stream_{around[-1]}"


def fingerprint(stream: Any) -> bytes:
    """What tells one state of a stream from another; the name does not count."""
    written = {key: value for key, value in stream.items() if key != "name"} if isinstance(stream, dict) else stream
    return hashlib.sha256(orjson.dumps(written, default=str, option=orjson.OPT_SORT_KEYS)).digest()


class Streams:
    """The streams of the manifest in an editor. `counts` gives the problems that are shown of one."""

    def __init__(
        self,
        editor: ManifestEditor,
        types: TypeMemory,
        visibility: Visibility,
        trial_marks: TrialMarks,
        counts: Callable[[int], Counts],
    ) -> None:
        self._editor = editor
        self._types = types
        self._visibility = visibility
        self._trial_marks = trial_marks
        self._counts = counts

    def all(self) -> tuple[StreamInfo, ...]:
        return tuple(map(self.info, range(self._editor.view.stream_count)))

    def path(self, index: int) -> Path:
        """The path of a stream."""
        return self._editor.view.place(index).path

    def around(self, index: int) -> Path:
        """The path of what holds a stream and is shown together with it: for most, the stream itself."""
        return self._editor.view.place(index).around

    def at(self, path: Path) -> int | None:
        """The stream that a path leads into, None when it leads elsewhere."""
        return self._editor.view.stream_at(path)

    def inside(self, path: Path) -> Path:
        """A path from what is around the stream that it leads into; the path itself when it leads elsewhere."""
        stream = self.at(path)
        return path if stream is None else path[len(self.around(stream)) :]

    def info(self, index: int) -> StreamInfo:
        """What the navigator shows of one stream."""
        name = self.name(index)
        mark = self._trial_marks.get(name)
        return StreamInfo(
            index,
            name,
            self.kind(index),
            self._editor.view.place(index),
            self._counts(index),
            tested=mark is not None,
            stale=mark is not None and mark.fingerprint != fingerprint(self.written(index)),
            warnings=mark.warnings if mark else (),
        )

    def name(self, index: int) -> str:
        """The name of a stream, for a template that of what makes streams of it; empty when it has none."""
        place = self._editor.view.place(index)
        name = str(self._quick(place.named[0]) or "")
        return name or (template_name(place.around) if place.is_template and self._editor.exists(place.path) else "")

    def name_path(self, index: int) -> Path:
        """Where the name of a stream is written."""
        return self._editor.view.place(index).named[0]

    def written(self, index: int) -> Any:
        """What a read of a stream depends on, as it is written: the stream, or what it is chosen or made by."""
        place = self._editor.view.place(index)
        return self._editor.value(self._held_by(place))

    def names(self) -> tuple[str, ...]:
        """The names of all streams."""
        return tuple(map(self.name, range(self._editor.view.stream_count)))

    def kind(self, index: int) -> StreamKind:
        """How a stream is read."""
        return _KINDS.get(str(self._quick((*self.path(index), "retriever", "type"))), StreamKind.OTHER)

    def add(self, name: str, kind: StreamKind = StreamKind.SYNC, *, copy_of: int | None = None) -> Path:
        """Append a stream: a new one of this kind, or a copy of another; returns its path.

        Raises ValueError when the name is empty or taken.
        """
        name = self._checked(name)
        editor = self._editor
        index = editor.view.listed
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
            original = editor.view.unwrapped(self.path(copy_of))
            value = {**(deepcopy(original) if isinstance(original, dict) else {}), "name": name}
        with editor.group(("streams", index)):
            editor.insert(STREAMS, index, value)
            if copy_of is None:
                self._visibility.mark(("streams", index), visible=False)
            self._keep_check()
        return ("streams", index)

    def add_whole(self, name: str, stream: Mapping[str, Any]) -> Path:
        """Append a stream that is described already, under a name; returns its path.

        Raises ValueError when the name is empty or taken.
        """
        return self.add_all({name: stream})[0]

    def add_all(self, streams: Mapping[str, Mapping[str, Any]]) -> list[Path]:
        """Append streams that are described already, by their names; returns their paths.

        Raises ValueError when a name is empty or taken.
        """
        names = [self._checked(name) for name in streams]
        editor = self._editor
        first = editor.view.listed
        paths: list[Path] = [("streams", first + place) for place in range(len(names))]
        with editor.group(("streams", first)):
            written = zip(streams.values(), names, strict=True)
            editor.extend(STREAMS, [{"type": "DeclarativeStream", **one, "name": name} for one, name in written])
            for path in paths:
                self._visibility.mark(path, visible=False)
            self._keep_check()
        return paths

    def duplicate(self, index: int) -> Path:
        """Add a copy of a stream to the list of streams, right after it; returns its path."""
        base = self.name(index) or "stream"
        names = set(self.names())
        name = next(f"{base}_{number}" for number in range(2, len(names) + 3) if f"{base}_{number}" not in names)
        editor, around = self._editor, self.around(index)
        listed = editor.view.listed
        to = int(around[1]) + 1 if around[0] == STREAMS[0] else listed
        with editor.group((*STREAMS, to)):
            self.add(name, copy_of=index)
            editor.move(STREAMS, listed, to)
        return (*STREAMS, to)

    def rename(self, index: int, name: str) -> None:
        """Rename a stream; the connection check and the notes on it follow.

        Raises ValueError when the name is empty or taken.
        """
        old = self.name(index)
        if name.strip() == old:
            return
        name = self._checked(name)
        editor = self._editor
        place = editor.view.place(index)
        with editor.group(place.named[0]):
            for path in place.named:
                editor.set(path, name)
            if place.is_template:
                self._rename_checked_templates(old, name)
            else:
                checked = editor.value(CHECK)
                if old and isinstance(checked, list) and old in checked:
                    editor.set(CHECK, [name if one == old else one for one in checked])
            notes = editor.document.get(("metadata",))
            for key, by_name in notes.items() if isinstance(notes, dict) else ():
                if isinstance(by_name, dict) and old in by_name and name not in by_name:
                    editor.rename_raw(("metadata", key, old), name)
            marks = self._trial_marks
            marks.rename(old, name)
            editor.record_side_change(lambda: marks.rename(name, old), lambda: marks.rename(old, name))

    def _rename_checked_templates(self, old: str, name: str) -> None:
        checked = self._editor.value(CHECKED_TEMPLATES)
        for index, one in enumerate(checked if isinstance(checked, list) else ()):
            if isinstance(one, Mapping) and one.get(_TEMPLATE_NAME) == old:
                self._editor.set((*CHECKED_TEMPLATES, index, _TEMPLATE_NAME), name)

    def users(self, index: int) -> tuple[str, ...]:
        """The names of the other streams that refer to a stream or to parts of it."""
        held = self._removed_with(index)
        found = [
            self.at(link.path)
            for link in self._editor.document.links
            if link.target is not None and is_below(link.target, held) and not is_below(link.path, held)
        ]
        return tuple(dict.fromkeys(self.name(user) for user in found if user is not None))

    def deleted_with(self, index: int) -> tuple[str, ...]:
        """The names of the other streams that are deleted together with a stream."""
        held, view = self._removed_with(index), self._editor.view
        beside = [one for one, place in enumerate(view.places) if one != index and is_below(place.path, held)]
        return tuple(dict.fromkeys(map(self.name, beside)))

    def _removed_with(self, index: int) -> Path:
        """The path of what is removed when a stream is deleted: more than the stream where that would be incomplete."""
        view = self._editor.view
        place = view.place(index)
        held = self._held_by(place)
        beside = {self._held_by(one) for one in view.places if one.around == place.around}
        return held if len(beside) > 1 else place.around

    def _held_by(self, place: StreamPlace) -> Path:
        """The path of what is one with a stream: it is read, moved and deleted as a whole."""
        return place.around if place.condition is None else place.path[: len(place.around) + 2]

    def delete(self, index: int) -> None:
        """Delete a stream. What refers to it gets a copy of what it refers to, so that nothing breaks."""
        editor = self._editor
        with editor.group(STREAMS):
            names = {self.name(index), *self.deleted_with(index)}
            is_template = editor.view.place(index).is_template
            self._leave_groups(self._removed_with(index))
            editor.remove(self._removed_with(index))
            if is_template:
                self._uncheck_templates(names)
            checked, gone = editor.value(CHECK), names - set(self.names())
            if isinstance(checked, list) and gone & set(map(str, checked)):
                editor.set(CHECK, [one for one in checked if one not in gone])
            self._keep_check()

    def _leave_groups(self, held: Path) -> None:
        """Take what is about to be removed out of the groups of streams, and a group without streams away."""
        links = self._editor.document.links
        entries = {link.path[:4] for link in links if link.target is not None and is_below(link.target, held)}
        for path in sorted((one for one in entries if one[:1] == GROUPS and one[2:3] == STREAMS), reverse=True):
            self._editor.remove(path)
            if not self._editor.value(path[:3]):
                self._editor.remove(path[:2])

    def _uncheck_templates(self, names: Collection[str]) -> None:
        """Drop templates that are gone from the connection check."""
        checked = self._editor.value(CHECKED_TEMPLATES)
        if isinstance(checked, list):
            left = [one for one in checked if not (isinstance(one, Mapping) and one.get(_TEMPLATE_NAME) in names)]
            if len(left) < len(checked):
                self._editor.set(CHECKED_TEMPLATES, left)

    def make_template(self, index: int) -> Path:
        """Make a template of a stream that stands in the list of streams: others are made from it, one for each thing
        that the API lists. Returns its path.
        """
        editor, name, path = self._editor, self.name(index), self.path(index)
        present = editor.value(TEMPLATES)
        to: Path = (*TEMPLATES, len(present) if isinstance(present, list) else 0)

        def moved(place: Path) -> Path:
            return (*to, _TEMPLATE, *place[len(path) :]) if is_below(place, path) else place

        template = {
            "type": "DynamicDeclarativeStream",
            "name": name,
            _TEMPLATE: copied_with_references(editor.document.root, editor.view.unwrapped(path), moved),
            "components_resolver": new_resolver(),
        }
        checked = editor.value(CHECK)
        others = [one for one in checked if one != name] if isinstance(checked, list) else []
        is_checked = isinstance(checked, list) and name in checked
        with editor.group(TEMPLATES):
            editor.insert(TEMPLATES, int(to[1]), template)  # first, so that its references follow when streams move up
            self.delete(index)
            self._visibility.mark(to, visible=False)
            if is_checked or not self.names()[:-1]:
                self._check_template(name, others)
        stream = self.at(to)
        assert stream is not None
        return self.path(stream)

    def _check_template(self, name: str, streams: Sequence[str]) -> None:
        """Let the connection check read a stream of a template, beside these streams."""
        editor = self._editor
        if streams:
            editor.set(CHECK, list(streams))
        elif editor.exists(CHECK):
            editor.unset(CHECK)
        present = editor.value(CHECKED_TEMPLATES)
        config = {"type": "DynamicStreamCheckConfig", _TEMPLATE_NAME: name, "stream_count": 1}
        editor.set(CHECKED_TEMPLATES, [*(present if isinstance(present, list) else ()), config])

    def put_below_condition(self, index: int) -> Path:
        """Put a stream that stands by itself below a condition, which holds as yet; returns its path."""
        with self._editor.group(self.path(index)):
            return put_below_condition(self._editor, self.path(index))

    def read_in_two_ways(self, index: int) -> Path:
        """Let a stream that stands by itself be the way in which everything is read, and a copy of it that in which
        changes are; returns the path of the copy.
        """
        with self._editor.group(self.path(index)):
            return read_in_two_ways(self._editor, self.path(index))

    def move(self, index: int, step: int) -> int | None:
        """Move a stream up (-1) or down (1) among those that stand beside it, with what is around it where that holds
        no other; references follow. Returns its index then, None where it can't go further.
        """
        place, view = self._editor.view.place(index), self._editor.view
        held = self._held_by(place)
        *above, at = held
        to, count = int(at) + step, len(view.value(tuple(above)) or ())
        if not 0 <= to < count:
            return None
        below = place.path[len(held) :]
        self._editor.move(tuple(above), int(at), to)
        return self.at((*above, to, *below))

    def switch_retrieval(self, index: int, to: StreamKind) -> tuple[str, ...]:
        """Convert the retriever, keeping all that has a counterpart; returns the titles of what has none.

        What was left out is remembered, and comes back when the stream is converted back.
        """
        editor, path = self._editor, (*self.path(index), "retriever")
        present = editor.view.unwrapped(path)
        present = present if isinstance(present, dict) else {}
        name = _RETRIEVERS[to]
        before = str(self._quick((*path, "type")))
        if before == name:
            return ()
        self._types.remember(path, before, present)
        new = converted({**present, "type": before}, name, self._types.recall(path, name))
        with editor.group(path):
            place = editor.own_place(path)
            editor.write(place, without_circles(editor.document, place, {**new.retriever, "type": name}))
        return new.left_out

    def _quick(self, path: Path) -> Any:
        """A value as it is written; where it is handed down, from the resolved view, which takes longer."""
        document = self._editor.document
        written = document.get(document.through_refs(path))
        return self._editor.value(path) if written is None else written

    def _checked(self, name: str) -> str:
        name = name.strip()
        if not name:
            raise ValueError("A stream needs a name.")
        if name in self.names():
            raise ValueError(f"There is already a stream named {name}.")
        return name

    def _keep_check(self) -> None:
        """Make the connection check name a stream, as it must."""
        editor = self._editor
        names = self.names()
        present = editor.value(("check",))
        check = {"type": "CheckStream"} if present is None else present
        if not isinstance(check, dict) or check.get("type", "CheckStream") != "CheckStream":
            return
        if names and not check.get("stream_names") and not check.get("dynamic_streams_check_configs"):
            editor.set(CHECK, [names[0]])
