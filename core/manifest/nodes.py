"""YAML source as a tree of nodes that know where they are written.

The nodes are what a `Document` edits: values are computed from them, and text is spliced at their offsets.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

from core.manifest.problems import Path


class NodeNote(NamedTuple):
    """What a person should know of a node that is read otherwise than it looks: a sentence, and what to do."""

    message: str
    hint: str | None = None


@dataclass(slots=True, eq=False)
class BaseNode:
    """Where a node is written: offsets of its first character (its anchor and tag included) and after its
    last.

    `line` and `column` count from 0. A node that was made by an edit has `start` -1. Of a key, `note` is about the
    whole entry.
    """

    start: int = -1
    end: int = -1
    line: int = 0
    column: int = 0
    anchor: str | None = None
    tag: str | None = None
    note: NodeNote | None = None

    @property
    def written(self) -> bool:
        """Whether the node is in the source text."""
        return self.start >= 0


@dataclass(slots=True, eq=False)
class Scalar(BaseNode):
    """A single value; `style` is the quote or block character it is written with, None for plain."""

    value: Any = None
    style: str | None = None

    @property
    def is_block(self) -> bool:
        """Whether it is written as a literal (`|`) or folded (`>`) block."""
        return self.style in ("|", ">")


@dataclass(slots=True, eq=False)
class Alias(BaseNode):
    """`*name`: stands for the anchored node `target`."""

    target: Node = field(kw_only=True)


class SourceEntry(NamedTuple):
    """One entry of a collection: `key` is None in a sequence.

    `slot` is the entry's index in the source (None for an entry made by an edit), `merge` marks a `<<` entry.
    """

    key: Scalar | Alias | None
    value: Node
    slot: int | None = None
    merge: bool = False

    @property
    def name(self) -> Any:
        """The key's value."""
        return _name(self.key)


def _name(key: Scalar | Alias | None) -> Any:
    assert key is not None
    scalar = target_of(key)
    assert isinstance(scalar, Scalar)
    return scalar.value


@dataclass(slots=True, eq=False)
class Collection(BaseNode):
    """What mappings and sequences share: the entries now, and as they are in the source."""

    flow: bool = False
    entries: tuple[SourceEntry, ...] = ()
    source: tuple[SourceEntry, ...] = ()


@dataclass(slots=True, eq=False)
class Mapping(Collection):
    """A mapping: its entries have keys. Where a key is there twice, the last one counts, as for PyYAML."""

    _indexed: tuple[tuple[SourceEntry, ...], dict[Any, int]] = field(default=((), {}), repr=False)

    def index(self, key: Any) -> int | None:
        """The index of the entry that the mapping itself writes under `key`, or None."""
        if self._indexed[0] is not self.entries:
            own = {entry.name: index for index, entry in enumerate(self.entries) if not entry.merge}
            self._indexed = self.entries, own
        return self._indexed[1].get(key)


@dataclass(slots=True, eq=False)
class TopMapping(Mapping):
    """The top of a text: `aliases` are those in it, `is_noted` whether any node in it has a note."""

    aliases: tuple[Alias, ...] = ()
    is_noted: bool = False


class Sequence(Collection):
    """A list: its entries have no keys."""

    __slots__ = ()


Node: TypeAlias = Scalar | Alias | Mapping | Sequence


def target_of(node: Node) -> Scalar | Mapping | Sequence:
    """The node itself, or what an alias stands for."""
    while isinstance(node, Alias):
        node = node.target
    return node


def value_of(node: Node) -> Any:
    """The plain value of a node, as PyYAML's safe loader builds it. Anchored collections are shared."""
    return _Values().of(node)


class _Values:
    def __init__(self) -> None:
        self._shared: dict[int, Any] = {}

    def of(self, node: Node) -> Any:
        if type(node) is Scalar:  # most are
            return node.value
        node = target_of(node)
        if isinstance(node, Scalar):
            return node.value
        if node.anchor is None:
            return self._build(node)
        if id(node) not in self._shared:
            self._shared[id(node)] = self._build(node)
        return self._shared[id(node)]

    def _build(self, node: Mapping | Sequence) -> Any:
        if isinstance(node, Sequence):
            return [self.of(entry.value) for entry in node.entries]
        value: dict[Any, Any] = {}
        for source in merge_sources(node):
            value.update(self.of(source))
        for key, item, _, merge in node.entries:
            if not merge:
                value[key.value if type(key) is Scalar else _name(key)] = self.of(item)
        return value


def noted(node: Node, path: Path = ()) -> Iterator[tuple[Path, BaseNode, NodeNote]]:
    """The notes in a tree: the path of each, the node that has it, and what it says. Anchored values come once."""
    if isinstance(node, Alias):
        return
    if node.note is not None:
        yield path, node, node.note
    if isinstance(node, Scalar):
        return
    for index, entry in enumerate(node.entries):
        inner = (*path, index if entry.key is None else "<<" if entry.merge else entry.name)
        if entry.key is not None and entry.key.note is not None:
            yield inner, entry.key, entry.key.note
        yield from noted(entry.value, inner)


def merge_sources(mapping: Mapping) -> Iterator[Mapping]:
    """The mappings that `<<` brings in, the weakest first. YAML: in a list of them, earlier ones win."""
    for entry in mapping.entries:
        if not entry.merge:
            continue
        source = target_of(entry.value)
        items = reversed(source.entries) if isinstance(source, Sequence) else [entry]
        for item in items:
            merged = target_of(item.value)
            if isinstance(merged, Mapping):
                yield merged


def own_index(collection: Mapping | Sequence, key: str | int) -> int | None:
    """The index of the entry that `collection` itself writes under `key`, or None."""
    if isinstance(collection, Sequence):
        is_index = isinstance(key, int) and 0 <= key < len(collection.entries)
        return key if isinstance(key, int) and is_index else None
    return collection.index(key)


def find(collection: Mapping | Sequence, key: str | int) -> SourceEntry | None:
    """The entry that `collection` has under `key`, its own or one that `<<` brings in."""
    index = own_index(collection, key)
    if index is not None:
        return collection.entries[index]
    if isinstance(collection, Sequence):
        return None
    inherited = (find(source, key) for source in reversed(list(merge_sources(collection))))
    return next((entry for entry in inherited if entry is not None), None)


def same(one: Any, other: Any) -> bool:
    """Whether two plain values are the same for YAML: equal in type, value and key order."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(
            same(name, twin) and same(one[name], other[twin]) for name, twin in zip(one, other, strict=True)
        )
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other) or (one != one and other != other)  # noqa: PLR0124 - NaN is the same as NaN
