"""Edits of a node tree at paths, each of which can be undone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from core.manifest import emit
from core.manifest.compose import COMPONENT_KEYS, MAX_DEPTH
from core.manifest.nodes import (
    Alias,
    Collection,
    Mapping,
    Node,
    Scalar,
    Sequence,
    SourceEntry,
    TopMapping,
    find,
    merge_sources,
    own_index,
    same,
    target_of,
    value_of,
)
from core.manifest.problems import Path, show_path
from core.manifest.references import is_reference

_LONGEST_KEY = 1000
"""YAML looks for the colon after a key within 1024 characters."""


@dataclass(frozen=True, slots=True)
class _Replacement:
    """One attribute of one node, before and after."""

    node: Any
    attribute: str
    before: Any
    after: Any


class Edit:
    """One edit. `path_before` and `path_after` are where it shows once undone and once done."""

    def __init__(self, path_before: Path, path_after: Path) -> None:
        self.path_before = path_before
        self.path_after = path_after
        self.may_relink = True
        """Whether references may lead elsewhere, or nowhere, after the edit."""
        self.adds_references = False
        """Whether there are references in what was written."""
        self._replacements: list[_Replacement] = []

    def replace(self, node: Any, attribute: str, value: Any) -> None:
        """Change an attribute of a node now, as a part of this edit."""
        self._replacements.append(_Replacement(node, attribute, getattr(node, attribute), value))
        setattr(node, attribute, value)

    def join(self, other: Edit) -> None:
        """Make an edit that was done after this one a part of it."""
        self._replacements += other._replacements

    def undo(self) -> None:
        for replacement in reversed(self._replacements):
            setattr(replacement.node, replacement.attribute, replacement.before)

    def apply(self) -> None:
        for replacement in self._replacements:
            setattr(replacement.node, replacement.attribute, replacement.after)


class TreeEditor:
    """Edits one node tree. The rules for what YAML shares are those of `Document`, and so are the errors raised."""

    def __init__(self, root: TopMapping) -> None:
        self._root = root

    def set(self, path: Path, value: Any, order: tuple[str, ...] = ()) -> Edit | None:
        """Write `value` at `path`; None when that very value is there already.

        A new key goes before the first that follows it in `order`, or to the end.
        """
        if not path:
            raise LookupError("The top of a manifest cannot be replaced, only what is in it.")
        parent, rest = self._reach(path)
        present = find(parent, rest[0])
        if present and len(rest) == 1 and same(value_of(present.value), value):
            return None
        new = new_node(_nested(rest[1:], value, path), len(path))
        edit = Edit(path, path)
        old = target_of(present.value) if present else None
        edit.adds_references = _holds_reference(new)
        edit.may_relink = isinstance(old, Collection) or _holds_reference(old) or edit.adds_references
        index = own_index(parent, rest[0])
        if index is not None and len(rest) == 1 and self._updated(parent.entries[index].value, new, edit):
            return self._finished(edit, parent, parent.entries)
        if index is not None:
            entry = self._revalued(parent, parent.entries[index], new, edit)
            entries = (*parent.entries[:index], entry, *parent.entries[index + 1 :])
        elif isinstance(parent, Mapping):
            at = _place_in(parent, rest[0], order)
            entries = (*parent.entries[:at], SourceEntry(_new_key(rest[0]), new), *parent.entries[at:])
        elif rest[0] == len(parent.entries):
            entries = (*parent.entries, SourceEntry(None, new))
        else:
            raise _missing(path)
        return self._finished(edit, parent, entries)

    def delete(self, path: Path) -> Edit:
        """Remove the key or the item at the end of `path`."""
        parent, key = self._parent(path), path[-1]
        index = own_index(parent, key)
        if isinstance(parent, Mapping) and any(find(source, key) for source in merge_sources(parent)):
            entries = _written_out(parent, without=key)
        elif index is None:
            raise _missing(path)
        elif isinstance(parent, Mapping):
            entries = tuple(entry for entry in parent.entries if entry.merge or entry.name != key)
        else:
            entries = (*parent.entries[:index], *parent.entries[index + 1 :])
        return self._finished(Edit(path, path), parent, entries)

    def insert(self, path: Path, index: int, value: Any) -> Edit:
        """Put an item into the list at `path`."""
        items = self._list(path)
        if not 0 <= index <= len(items.entries):
            raise _missing((*path, index))
        entry = SourceEntry(None, new_node(value, len(path)))
        edit = Edit((*path, index), (*path, index))
        edit.adds_references = _holds_reference(entry.value)
        return self._finished(edit, items, (*items.entries[:index], entry, *items.entries[index:]))

    def extend(self, path: Path, values: Iterable[Any]) -> Edit:
        """Put several items at the end of the list at `path`."""
        items = self._list(path)
        entries = [SourceEntry(None, new_node(value, len(path))) for value in values]
        edit = Edit((*path, len(items.entries)), (*path, len(items.entries)))
        edit.adds_references = any(_holds_reference(entry.value) for entry in entries)
        return self._finished(edit, items, (*items.entries, *entries))

    def move(self, path: Path, start: int, end: int) -> Edit | None:
        """Move an item of the list at `path`; None when it stays where it is."""
        items = self._list(path)
        for index in (start, end):
            if own_index(items, index) is None:
                raise _missing((*path, index))
        entries = list(items.entries)
        entries.insert(end, entries.pop(start))
        edit = Edit((*path, start), (*path, end))
        return None if start == end else self._finished(edit, items, entries)

    def rename(self, path: Path, key: str) -> Edit | None:
        """Give a key another name; None when it has that name."""
        parent = self._parent(path)
        index = own_index(parent, path[-1])
        if index is None or not isinstance(parent, Mapping):
            raise _missing(path)
        if path[-1] == key:
            return None
        if find(parent, key):
            raise ValueError(f"There is already a `{key}` here.")
        entry = parent.entries[index]
        renamed = SourceEntry(_new_key(key), entry.value, entry.slot)
        edit = Edit(path, (*path[:-1], key))
        others = [other for other in parent.entries[:index] if other.merge or other.name != path[-1]]
        return self._finished(edit, parent, (*others, renamed, *parent.entries[index + 1 :]))

    def _reach(self, path: Path) -> tuple[Mapping | Sequence, Path]:
        """The deepest collection on the way to `path`, and the keys from there on; one if only the last is left."""
        node: Mapping | Sequence = self._root
        for depth, key in enumerate(path[:-1]):
            entry = find(node, key)
            child = target_of(entry.value) if entry else None
            if child is None or (isinstance(child, Scalar) and child.value is None):
                return node, path[depth:]
            if isinstance(child, Scalar):
                raise _unfit(path[: depth + 1], "holds a single value, nothing below it")
            node = child
        return node, path[-1:]

    def _parent(self, path: Path) -> Mapping | Sequence:
        parent, rest = self._reach(path)
        if len(rest) != 1:
            raise _missing(path)
        return parent

    def _list(self, path: Path) -> Sequence:
        entry = find(self._parent(path), path[-1]) if path else None
        items = target_of(entry.value) if entry else None
        if not isinstance(items, Sequence):
            raise _unfit(path, "is not a list")
        return items

    def _updated(self, old: Node, new: Node, edit: Edit) -> bool:
        """Make a mapping say what another one says, keeping every entry that says the same; whether that can be."""
        if not (isinstance(old, Mapping) and isinstance(new, Mapping) and old.entries and new.entries):
            return False
        if any(entry.merge for entry in old.entries):
            return False
        entries = []
        for entry in new.entries:
            index = own_index(old, entry.name)
            known = old.entries[index] if index is not None else entry
            is_same = known is entry or same(value_of(known.value), value_of(entry.value))
            if not is_same and not self._updated(known.value, entry.value, edit):
                known = self._revalued(old, known, entry.value, edit)
            entries.append(known)
        edit.replace(old, "entries", tuple(entries))
        return True

    def _revalued(self, parent: Mapping | Sequence, entry: SourceEntry, new: Node, edit: Edit) -> SourceEntry:
        """The entry with a new value; the node of the source when that has the same value."""
        old = entry.value
        source = parent.source[entry.slot] if entry.slot is not None else entry
        if source.value.anchor == old.anchor and same(value_of(source.value), value_of(new)):
            new = source.value
        if old.anchor and type(old) is type(new):
            new.anchor = old.anchor
            for alias in self._root.aliases:
                if alias.target is old:
                    edit.replace(alias, "target", new)
        if source.value is new and source.key is entry.key:
            return source
        return SourceEntry(entry.key, new, entry.slot, entry.merge)

    @property
    def value(self) -> dict[str, Any]:
        """The plain tree as it is now."""
        root: dict[str, Any] = value_of(self._root)
        return root

    def _finished(self, edit: Edit, collection: Mapping | Sequence, entries: Iterable[SourceEntry]) -> Edit:
        edit.replace(collection, "entries", tuple(entries))
        if self._root.aliases:
            _write_out_orphans(self._root, set(), edit)
        return edit


def _write_out_orphans(node: Mapping | Sequence, seen: set[int], edit: Edit) -> None:
    """Replace aliases that have no original above them any more by its value."""
    if node.anchor:
        seen.add(id(node))
    for index, entry in enumerate(node.entries):
        value = entry.value
        if entry.key and entry.key.anchor:
            seen.add(id(entry.key))
        if isinstance(value, Mapping | Sequence):
            _write_out_orphans(value, seen, edit)
        elif value.anchor:
            seen.add(id(value))
        if isinstance(value, Alias) and id(value.target) not in seen:
            explicit = SourceEntry(entry.key, new_node(value_of(value)), entry.slot, entry.merge)
            edit.replace(node, "entries", (*node.entries[:index], explicit, *node.entries[index + 1 :]))


def _holds_reference(node: Node | None) -> bool:
    if isinstance(node, Collection):
        return any(_holds_reference(entry.value) for entry in node.entries)
    return isinstance(node, Scalar) and is_reference(node.value)


def new_node(value: Any, depth: int = 0) -> Node:
    """A node that is not in the source, `depth` levels down. Raises ValueError for what a manifest cannot hold."""
    if depth > MAX_DEPTH:
        raise ValueError(f"The value is nested too deeply; a manifest has at most {MAX_DEPTH} levels.")
    if isinstance(value, dict):
        if not COMPONENT_KEYS.isdisjoint(value) and not all(isinstance(key, str) for key in value):
            raise ValueError("The keys of a component have to be text.")
        entries = tuple(SourceEntry(_new_key(key), new_node(item, depth + 1)) for key, item in value.items())
        return Mapping(entries=entries)
    if isinstance(value, list):
        return Sequence(entries=tuple(SourceEntry(None, new_node(item, depth + 1)) for item in value))
    if not isinstance(value, str | int | float | bytes | date | None):
        raise _unusable(f"A manifest cannot hold a value of the kind `{type(value).__name__}`.")
    if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("The text holds half a character (a lone surrogate), which no file can hold.")
    return Scalar(value=value)


def _new_key(key: Any) -> Scalar:
    node = new_node(key)
    if not isinstance(node, Scalar):
        raise _unusable("A key has to be text.")
    if len(emit.scalar(key)) > _LONGEST_KEY:
        raise ValueError(f"The key `{str(key)[:30]}...` is too long.")
    return node


def _place_in(mapping: Mapping, key: str | int, order: tuple[str, ...]) -> int:
    """Where a new key goes."""
    following = order[order.index(key) + 1 :] if key in order and isinstance(key, str) else ()
    places = (index for index, entry in enumerate(mapping.entries) if not entry.merge and entry.name in following)
    return next(places, len(mapping.entries))


def _nested(keys: Path, value: Any, path: Path) -> Any:
    for key in reversed(keys):
        if not isinstance(key, str):
            raise _missing(path)
        value = {key: value}
    return value


def _written_out(mapping: Mapping, without: str | int) -> tuple[SourceEntry, ...]:
    """The entries with what `<<` brings in made explicit, less one key."""
    own = [entry for entry in mapping.entries if not entry.merge and entry.name != without]
    names = {entry.name for entry in own}
    value = {key: item for key, item in value_of(mapping).items() if key not in names and key != without}
    return (*(SourceEntry(_new_key(key), new_node(item)) for key, item in value.items()), *own)


def _missing(path: Path) -> LookupError:
    return LookupError(f"There is no `{show_path(path)}` in the manifest.")


def _unfit(path: Path, reason: str) -> LookupError:
    return LookupError(f"`{show_path(path)}` {reason}.")


def _unusable(reason: str) -> ValueError:
    return ValueError(reason)
