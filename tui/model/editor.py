"""Edits of a document at paths of its view, in groups that are undone as one; listeners are notified."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.connector.registry import component_types
from core.manifest.document import Document
from core.manifest.history import UndoableChange
from core.manifest.links import PathMove, inserted, moved, removed
from core.manifest.nodes import same
from core.manifest.problems import Path
from core.manifest.references import REF
from tui.model.new_components import default_type, new_component
from tui.model.specs import Kind, form_spec
from tui.model.view import MAPPINGS, PlaceFinder, View, component_at, field_at


class ChangeKind(StrEnum):
    """What is different now."""

    VALUES = "values"
    PROBLEMS = "problems"
    FILE = "file"
    INPUTS = "inputs"
    """Test values of inputs."""
    TESTS = "tests"


@dataclass(frozen=True, slots=True)
class Change:
    """What listeners are notified of. `paths` are the edited paths of the view; without any, everything may differ.

    `elsewhere`: other places show the change too, because they share what was edited or moved with it.
    """

    kind: ChangeKind
    paths: tuple[Path, ...] = ()
    elsewhere: bool = False


Listener = Callable[[Change], None]


@dataclass(slots=True)
class _EditGroup:
    path: Path
    is_edited: bool = False
    elsewhere: bool = False


class ManifestEditor:
    """A document that is edited. Paths are those of the view (see `View`) unless they are called raw."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.view = View(document)
        self._history = document.history
        self._listeners: list[Listener] = []
        self._group: _EditGroup | None = None

    # Reading

    def value(self, path: Path) -> Any:
        """The value at a path, references followed and parameters handed down; None when there is none. Read-only."""
        return self.view.value(path)

    def exists(self, path: Path) -> bool:
        """Whether there is something at a path."""
        return self.view.exists(path)

    def is_written(self, path: Path) -> bool:
        """Whether the value is written for this place rather than handed down by `$parameters`."""
        return self.view.is_written(path)

    # Listening

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` at every change; returns the function that ends this."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def notify(self, change: Change) -> None:
        for listener in tuple(self._listeners):
            listener(change)

    # Editing at paths of the view

    def set(self, path: Path, value: Any, *, merge: bool = False) -> None:
        """Write a value; components that are missing on the way are made.

        With `merge`, edits of the same field that follow each other are one step to undo, until `seal()`.
        Raises LookupError and ValueError as `Document.set` does.
        """
        with self.group(path, merges=("set", path) if merge else None):
            self._complete(path)
            if self.view.is_handed_down(path):
                self.write(self.own_place(path), value)
            else:
                raw = self.document.through_refs(path)
                self.write(raw, self._beside(raw, value))

    def unset(self, path: Path) -> None:
        """Remove a value; of a shared one, only the reference to it."""
        with self.group(path):
            raw = self.slot(path)
            if not self.document.exists(raw):
                return
            self.erase(raw)
            self._prune(path[:-1])

    def insert(self, path: Path, index: int, value: Any) -> None:
        """Put an item into a list, which is made if there is none; a single component becomes a list of two."""
        with self.group((*path, index)):
            present = self.view.value(path)
            self._complete(path)
            self._take_over(path)
            raw = self.document.through_refs(path)
            if isinstance(present, list):
                self.insert_raw(raw, index, value)
                self._follow(inserted(path, index), back=removed(path, index))
            else:
                single = deepcopy(self.document.get(raw))
                self.write(raw, [value] if single is None else [single, value])

    def extend(self, path: Path, values: Sequence[Any]) -> None:
        """Put items at the end of a list, which is made if there is none; much faster than one after the other."""
        present = self.view.value(path)
        if not isinstance(present, list):
            self.insert(path, 0, values[0])
            values = values[1:]
        if values:
            with self.group((*path, len(present) if isinstance(present, list) else 0)):
                self._take_over(path)
                raw = self.document.through_refs(path)
                with self._edit(raw):
                    self.document.extend(raw, values)

    def remove(self, path: Path) -> None:
        """Take an item out of a list, or an entry out of a mapping; an optional field that is empty then goes too."""
        with self.group(path):
            self._take_over(path[:-1])
            self.erase(self.slot(path))
            if isinstance(path[-1], int):
                self._follow(removed(path[:-1], path[-1]), back=inserted(path[:-1], path[-1]))
            self._prune(path[:-1])

    def move(self, path: Path, start: int, end: int) -> None:
        """Move an item of a list so that it ends up at index `end`."""
        if start == end:
            return
        with self.group((*path, end)):
            self._take_over(path)
            self.move_raw(self.document.through_refs(path), start, end)
            self._follow(moved(path, start, end), back=moved(path, end, start))

    def rename_key(self, path: Path, key: str) -> None:
        """Give the key at the end of a path another name; its place stays. Raises ValueError when the name is taken."""
        if key != path[-1] and self.view.exists((*path[:-1], key)):
            raise ValueError(f"There is already a `{key}` here.")
        with self.group((*path[:-1], key)):
            self._take_over(path[:-1])
            self.rename_raw(self.slot(path), key)

    def slot(self, path: Path) -> Path:
        """The raw path of what stands at a path itself: of a reference, not of what it leads to."""
        return self.document.slot(path)

    def own_place(self, path: Path) -> Path:
        """The raw path to write a value at that counts at this path alone, whatever references lead to it."""
        return PlaceFinder(self.document, self.view, self.write).own_place(path)

    # Editing at raw paths

    def write(self, raw: Path, value: Any) -> None:
        if not (self.document.exists(raw) and same(self.document.get(raw), value)):
            self.rewrite(raw, value)

    def rewrite(self, raw: Path, value: Any) -> None:
        """Write a value that is known to differ, which is faster than `write` where there are many."""
        with self._edit(raw):
            self.document.set(raw, value, self._declared_order(raw))

    def _declared_order(self, raw: Path) -> tuple[str, ...]:
        """The fields of the component that a new key comes into, as its class declares them."""
        if self.document.exists(raw) or not self.document.exists(raw[:-1]):
            return ()
        owner = self.document.get(raw[:-1])
        component = component_types().get(str(owner.get("type"))) if isinstance(owner, dict) else None
        return tuple(field.key for field in form_spec(component).fields) if component is not None else ()

    def erase(self, raw: Path) -> None:
        with self._edit(raw):
            self.document.delete(raw)

    def insert_raw(self, raw: Path, index: int, value: Any) -> None:
        with self._edit((*raw, index)):
            self.document.insert(raw, index, value)

    def move_raw(self, raw: Path, start: int, end: int) -> None:
        if start != end:
            with self._edit((*raw, end)):
                self.document.move(raw, start, end)

    def rename_raw(self, raw: Path, key: str) -> None:
        if raw[-1] != key:
            with self._edit((*raw[:-1], key)):
                self.document.rename(raw, key)

    def replace_document(self, document: Document, *, merges: object = None) -> None:
        """Put another document in place of this one, as one step that can be undone."""
        document.history = self._history
        with self._history.group((), merges=merges):
            self._history.record(_DocumentReplacement(self, self.document, document))
        self.show(document)
        self.notify(Change(ChangeKind.VALUES, elsewhere=True))

    @contextmanager
    def group(self, path: Path, *, merges: object = None) -> Iterator[None]:
        """Make all edits inside one step to undo, which shows at `path`. When one of them fails, none is done."""
        if self._group is not None:
            yield
            return
        group = self._group = _EditGroup(path)
        try:
            with self._history.group(path, merges=merges):
                yield
        except BaseException:
            self.show(self.document)
            raise
        finally:
            self._group = None
        if group.is_edited:
            self.notify(Change(ChangeKind.VALUES, (path,), group.elsewhere))

    def record_side_change(self, undo: Callable[[], object], redo: Callable[[], object]) -> None:
        """Make a change that goes with the document a part of the open group."""
        assert self._group is not None
        self._history.record(_SideChange(undo, redo))

    def seal(self) -> None:
        """Begin a new step to undo with the next edit, because the user has left the field."""
        self._history.seal()

    # Undo

    @property
    def can_undo(self) -> bool:
        return self._history.can_undo

    @property
    def can_redo(self) -> bool:
        return self._history.can_redo

    def undo(self) -> Path | None:
        """Undo the last step; the path to go to, None when there is nothing to undo."""
        return self._went_to(self._history.undo())

    def redo(self) -> Path | None:
        """Do the last undone step again; the path to go to, None when there is nothing to redo."""
        return self._went_to(self._history.redo())

    # Hooks

    def follow(self, moved: PathMove) -> None:
        """Move what is kept by path along with its paths."""
        if self._group is not None:
            self._group.elsewhere = True

    def _follow(self, where: PathMove, *, back: PathMove) -> None:
        self.follow(where)
        self.record_side_change(lambda: self.follow(back), lambda: self.follow(where))

    def show(self, document: Document) -> None:
        """Edit this document from now on; this is no step to undo."""
        self.document = document
        self.view = View(document)

    def _went_to(self, path: Path | None) -> Path | None:
        if path is not None:
            self.show(self.document)
            self.notify(Change(ChangeKind.VALUES, (path,), elsewhere=True))
            self.notify(Change(ChangeKind.INPUTS))
        return path

    @contextmanager
    def _edit(self, raw: Path) -> Iterator[None]:
        """One edit of the document, at a raw path; a step of its own where it is not a part of a group."""
        with self.group(raw):
            yield
            assert self._group is not None
            self.view = View(self.document)
            self._group.is_edited = True
            shown = self._group.path
            self._group.elsewhere |= raw[: len(shown)] != shown

    def _complete(self, path: Path) -> None:
        """Make the components that are missing on the way to a path."""
        self._take_over(path[:-1])
        for end in range(1, len(path)):
            if self.document.get(self.document.through_refs(path[:end])) is not None:
                continue
            owner, slot = component_at(self.view, path[: end - 1]), field_at(self.view, path[:end])
            if owner is not None and slot is not None and slot.types and slot.kind not in MAPPINGS:
                self.write(self.document.through_refs(path[:end]), new_component(default_type(owner, slot)))

    def _take_over(self, path: Path) -> None:
        """Write at a path, and on the way to it, what is handed down to it, so that a part of it can be edited."""
        for end in range(1, len(path) + 1):
            if self.view.is_handed_down(path[:end]):
                self.write(self.own_place(path[:end]), deepcopy(self.view.unwrapped(path[:end])))

    def _prune(self, path: Path) -> None:
        """Delete an optional list or mapping that has nothing in it any more."""
        slot = field_at(self.view, path) if path else None
        if slot is None or slot.required or self.view.value(path) not in ([], {}):
            return
        if slot.kind in (Kind.PAIRS, Kind.COMPONENTS, Kind.COMPONENT_MAP) or slot.or_list:
            raw = self.slot(path)
            if self.document.exists(raw) and not self._hides(raw):
                self.erase(raw)

    def _beside(self, raw: Path, value: Any) -> Any:
        """A mapping as it is written at a raw path: less what the `$ref` there, which stays, gives it already."""
        written = self.document.get(raw)
        if not isinstance(written, dict) or REF not in written or not isinstance(value, dict) or REF in value:
            return value
        given = self.view.merged(self.document.through_refs((*raw, REF)))
        if not isinstance(given, dict) or given.keys() - value.keys():
            return value
        own = {key: item for key, item in value.items() if key not in given or not same(given[key], item)}
        return {REF: written[REF], **own} if own else value

    def _hides(self, raw: Path) -> bool:
        """Whether what a `$ref` beside it leads to would show at a raw path if nothing were written there."""
        beside = (*raw[:-1], REF)
        below = (*self.document.through_refs(beside), raw[-1])
        return self.document.exists(beside) and self.document.exists(self.document.slot(below))


@dataclass(slots=True)
class _DocumentReplacement(UndoableChange):
    """Another document in the place of the one before."""

    editor: ManifestEditor
    before: Document
    after: Document

    def undo(self) -> None:
        self.editor.show(self.before)

    def redo(self) -> None:
        self.editor.show(self.after)

    def absorb(self, later: UndoableChange) -> bool:
        if isinstance(later, _DocumentReplacement):
            self.after = later.after
            return True
        return False


@dataclass(slots=True)
class _SideChange(UndoableChange):
    """A change of what goes with a document without being in it, such as the value of an input."""

    do_undo: Callable[[], object]
    do_redo: Callable[[], object]

    def undo(self) -> None:
        self.do_undo()

    def redo(self) -> None:
        self.do_redo()
