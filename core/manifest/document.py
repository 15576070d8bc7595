"""A manifest as a person writes it: the raw tree, its source text, edits at paths, and saving."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from core.manifest.compose import compose
from core.manifest.editing import Edit, TreeEditor
from core.manifest.emit import Style
from core.manifest.files import read_text, write_text
from core.manifest.history import History, UndoableChange
from core.manifest.links import PathMove, ReferenceLink, erased, inserted, links, moved, relink, renamed, unmoved
from core.manifest.nodes import Mapping, Node, Scalar, Sequence, TopMapping, find, noted, target_of, value_of
from core.manifest.problems import Path, Position, Problem, Severity
from core.manifest.references import owner, slot
from core.manifest.splice import splice, style_of

_BYTE_ORDER_MARK = "\ufeff"
_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
"""The anchor and the tag before a value."""


class Document:
    """A manifest that is open for editing. Paths are paths in the raw tree, `$ref`s not followed.

    What YAML shares is edited where it is written: an edit at a path that leads through an alias, or through
    a value taken over by `<<`, changes the anchored original and with it all who use it. A value that *is* an
    alias, or a key that comes from `<<`, is replaced by an explicit one in its own place. An anchored value
    keeps its anchor when it is replaced by one of its kind, so its aliases change with it; aliases whose
    original goes away are written out. References (`$ref`, `#/...`) follow what is moved or renamed, and are
    written out where what they lead to goes away.

    Editing methods raise LookupError when the path does not lead to what they need, ValueError for a value that
    a manifest cannot hold, and CircleError, which is one, when a reference would lead back to itself. Nothing is
    changed then.
    """

    def __init__(self, text: str, file: str | None = None) -> None:
        self.file = file
        self._mark = _BYTE_ORDER_MARK if text.startswith(_BYTE_ORDER_MARK) else ""
        self._source = text.removeprefix(_BYTE_ORDER_MARK)
        self._tree = compose(self._source, file)
        self._editor = TreeEditor(self._tree)
        self.history = History()
        """Where edits are recorded; documents that replace each other share one."""
        self._last_edit: Edit | None = None
        self._saved: Edit | None = None
        self._root: dict[str, Any] | None = None
        self._links: list[ReferenceLink] | None = None
        self._written: tuple[str, TopMapping] | None = (self._source, self._tree)

    @classmethod
    def parse(cls, text: str, file: str | None = None) -> Document:
        """Read a manifest from text. `file` is the name that problems show. Raises ManifestError."""
        return cls(text, file)

    @classmethod
    def load(cls, path: pathlib.Path | str) -> Document:
        """Read a manifest from a UTF-8 file. Raises ManifestError."""
        return cls(read_text(pathlib.Path(path)), str(path))

    @property
    def root(self) -> dict[str, Any]:
        """The raw tree as YAML's safe loader gives it, dates as text. It is read-only: an edit makes a new one."""
        if self._root is None:
            self._root = value_of(self._tree)
        return self._root

    @property
    def links(self) -> list[ReferenceLink]:
        """The references in the raw tree, in the order in which they are written."""
        if self._links is None:
            self._links = links(self.root)
        return self._links

    @property
    def text(self) -> str:
        """The source with all edits in it. Raises ManifestError when an edit cannot be written as YAML."""
        return self._mark + self._current()[0]

    @property
    def dirty(self) -> bool:
        """Whether there are edits that are not saved."""
        return self._last_edit is not self._saved

    def get(self, path: Path) -> Any:
        """The value at a path, None when there is none. Read-only, as `root`."""
        found = self._find(path)
        return found[0] if found else None

    def exists(self, path: Path) -> bool:
        """Whether there is a value, be it null, at a path."""
        return self._find(path) is not None

    def position(self, path: Path) -> Position | None:
        """Where a mapping's key or a list's item is written; for a path that is absent, its nearest ancestor."""
        node: Node = self._current()[1]
        place = node
        for key in path:
            node = target_of(node)
            entry = find(node, key) if isinstance(node, Mapping | Sequence) else None
            if entry is None:
                break
            place, node = entry.key or entry.value, entry.value
        return Position(place.line + 1, place.column + 1)

    @property
    def notes(self) -> tuple[Problem, ...]:
        """Warnings about values that are read otherwise than they look."""
        tree = self._current()[1]
        if not tree.is_noted:
            return ()
        return tuple(
            Problem(note.message, path, Severity.WARNING, note.hint, Position(at.line + 1, at.column + 1), self.file)
            for path, at, note in noted(tree)
        )

    def written(self, path: Path) -> str | None:
        """The source text of the unquoted scalar at a path; None when there is none."""
        text, node = self._current()
        value: Node = node
        for key in path:
            value = target_of(value)
            entry = find(value, key) if isinstance(value, Mapping | Sequence) else None
            if entry is None:
                return None
            value = entry.value
        value = target_of(value)
        if not isinstance(value, Scalar) or value.style:
            return None
        return _PROPERTIES.sub("", text[value.start : value.end], count=1)

    def through_refs(self, path: Path) -> Path:
        """The raw path that owns the value at a path in the resolved view.

        References are followed also at the end of the path, so that an edit lands in the definition. To
        change the reference itself, edit the key in `through_refs` of the parent. A key beside a `$ref` is
        owned there. A new key belongs beside the `$ref` if there are others beside it, and else to the
        definition.
        """
        return owner(self.root, path)

    def slot(self, path: Path) -> Path:
        """The raw path of what stands at a path of the resolved view itself, beside a `$ref` or in its target.

        Of a reference at the end of the path it is the place, not that of what it leads to.
        """
        return slot(self.root, path)

    def set(self, path: Path, value: Any, order: tuple[str, ...] = ()) -> None:
        """Write a value: replace the one at the path, or create the key, and mappings on the way to it.

        In a list, the index one past the end appends. A new key goes before the first of its mapping that follows it
        in `order`, or to the end.
        """
        self._commit(self._editor.set(path, value, order), unmoved)

    def delete(self, path: Path) -> None:
        """Remove a key or a list's item."""
        self._commit(self._editor.delete(path), erased(path))

    def insert(self, path: Path, index: int, value: Any) -> None:
        """Put a value into the list at `path`, before the item at `index`."""
        self._commit(self._editor.insert(path, index, value), inserted(path, index))

    def extend(self, path: Path, values: Iterable[Any]) -> None:
        """Put several values at the end of the list at `path`."""
        self._commit(self._editor.extend(path, values), unmoved)

    def move(self, path: Path, start: int, end: int) -> None:
        """Move the item at `start` of the list at `path` so that it ends up at index `end`."""
        self._commit(self._editor.move(path, start, end), moved(path, start, end))

    def rename(self, path: Path, key: str) -> None:
        """Rename the key at the end of `path`; its place and value stay."""
        self._commit(self._editor.rename(path, key), renamed(path, key))

    def save(self, path: pathlib.Path | str | None = None) -> None:
        """Write the text to its file, or to another one that becomes its file; all at once or not at all.

        Raises ManifestError when that fails, ValueError when there is no file to write to.
        """
        if path is None and self.file is None:
            raise ValueError("The document has no file yet; name the one to save it to.")
        file = str(path if path is not None else self.file)
        write_text(pathlib.Path(file), self.text)
        self.file = file
        self._saved = self._last_edit

    def _commit(self, edit: Edit | None, where: PathMove) -> None:
        if edit is None:
            return
        if edit.may_relink:
            before = self._root_before(edit)
            known = links(before) if self._links is None else self._links
            try:
                relink(self._editor, edit, before, known, where)
            except BaseException:
                edit.undo()
                raise
        self.history.record(_DocumentEdit(self, edit, self._last_edit), edit.path_before, edit.path_after)
        self._changed(edit)

    def _root_before(self, edit: Edit) -> dict[str, Any]:
        if self._root is not None:  # that of before the edit
            return self._root
        edit.undo()
        before: dict[str, Any] = value_of(self._tree)
        edit.apply()
        return before

    def _changed(self, last_edit: Edit | None) -> None:
        self._last_edit = last_edit
        self._root = self._links = self._written = None

    @cached_property
    def _style(self) -> Style:
        return style_of(self._source, self._tree)

    def _current(self) -> tuple[str, TopMapping]:
        if self._written is None:
            self._written = splice(self._source, self._tree, self._style)
        return self._written

    def _find(self, path: Path) -> tuple[Any] | None:
        value: Any = self.root
        for key in path:
            keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
            if key not in keys:
                return None
            value = value[key]
        return (value,)


@dataclass(frozen=True, slots=True)
class _DocumentEdit(UndoableChange):
    """An edit of a document, and the one that it came after."""

    document: Document
    edit: Edit
    previous: Edit | None

    def undo(self) -> None:
        self.edit.undo()
        self.document._changed(self.previous)

    def redo(self) -> None:
        self.edit.apply()
        self.document._changed(self.edit)
