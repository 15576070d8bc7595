"""Turns edited nodes back into text: every byte outside the edited places stays as it is in the source.

Where an entry cannot be replaced by itself, the collection around it is rewritten, and so on outwards;
every text that is returned reads back to exactly the edited tree.

A comment directly above an entry, in its column, belongs to it: it goes when the entry is deleted and comes
along when the entry is moved. Blank lines and comments set off by them stay where they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from core.manifest import emit
from core.manifest.compose import compose
from core.manifest.layout import BlockLayout, FlowLayout, Source, UnknownLayoutError
from core.manifest.nodes import (
    Alias,
    BaseNode,
    Collection,
    Mapping,
    Node,
    Scalar,
    Sequence,
    SourceEntry,
    TopMapping,
    same,
    value_of,
)
from core.manifest.problems import ManifestError, Problem

_WIDEST = 120
"""Characters of a line up to which a collection that is replaced stays in flow style."""


class Hunk(NamedTuple):
    """Source text from `start` to `end` is replaced by `text`."""

    start: int
    end: int
    text: str


def splice(source: str, root: TopMapping, style: emit.Style) -> tuple[str, TopMapping]:
    """The text of an edited tree, and the tree that reads back from it.

    `source` is the text that `root` was composed from. Raises ManifestError when the tree cannot be written.
    """
    changes = _Changes(root)
    if not changes.deepest:
        return source, root
    wanted = value_of(root)
    for depth in range(changes.deepest, -1, -1):
        try:
            spliced = _Splicer(source, root, style, changes, depth).text()
        except UnknownLayoutError:
            continue
        for text in (spliced, spliced + style.newline):  # a literal block may need the line break at the end
            written = _read(text)
            if written and same(value_of(written), wanted):
                return text, written
    raise ManifestError([Problem("The edited manifest cannot be written as YAML.", hint="undo the last edit")])


def style_of(source: str, root: Mapping) -> emit.Style:
    """The layout that most of a document has."""
    steps: Counter[int] = Counter()
    dashes: Counter[int] = Counter()
    _measure(root, steps, dashes)
    if root.flow and _first(root).column:
        steps[_first(root).column] += 1
    step = steps.most_common(1)[0][0] if steps else 2
    line_end = Source(source).line_end(0)
    first_key = root.source[0].key if root.source else None
    return emit.Style(
        newline="\r\n" if source.startswith("\r\n", line_end) else "\n",
        step=step,
        dash=dashes.most_common(1)[0][0] if dashes else step,
        as_json=root.flow and isinstance(first_key, Scalar) and first_key.style == '"',
    )


def _measure(collection: Mapping | Sequence, steps: Counter[int], dashes: Counter[int]) -> None:
    for entry in collection.source:
        value = entry.value
        if not isinstance(value, Mapping | Sequence):
            continue
        first = value if not value.flow else _first(value)
        if entry.key and value.source and first.line > entry.key.line:
            indent = first.column - entry.key.column
            if isinstance(value, Sequence) and not value.flow and indent >= 0:
                dashes[indent] += 1
            elif indent > 0:
                steps[indent] += 1
        _measure(value, steps, dashes)


def _first(collection: Collection) -> BaseNode:
    """Where the first entry of a collection begins; the collection itself when it is empty."""
    if not collection.source:
        return collection
    entry = collection.source[0]
    return entry.key or entry.value


def _read(text: str) -> TopMapping | None:
    try:
        return compose(text)
    except ManifestError:
        return None


class _Changes:
    """Which collections hold an edit, in themselves or further down; `deepest` counts the levels to the deepest."""

    def __init__(self, root: Mapping) -> None:
        self.deepest = 0
        self._changed: set[int] = set()
        self._visit(root, 1)

    def __contains__(self, collection: Collection) -> bool:
        return id(collection) in self._changed

    def _visit(self, collection: Mapping | Sequence, depth: int) -> bool:
        is_changed = collection.entries != collection.source
        for entry in collection.entries:
            value = entry.value
            if isinstance(value, Mapping | Sequence) and value.written:
                is_changed |= self._visit(value, depth + 1)
        if is_changed:
            self._changed.add(id(collection))
            self.deepest = max(self.deepest, depth)
        return is_changed


class _Splicer:
    """One attempt: edited collections that are `depth` levels or more from the top are rewritten as a whole."""

    def __init__(self, text: str, root: Mapping, style: emit.Style, changes: _Changes, depth: int) -> None:
        self._source = Source(text)
        self._root = root
        self._style = style
        self._changes = changes
        self._depth = depth

    def text(self) -> str:
        """The source with all edits in it."""
        if self._is_rewritten(self._root, 0):
            end = self._source.line_end(self._root.end)
            hunks = [Hunk(self._root.start, end, self._whole())]
        else:
            hunks = list(self._hunks(self._root, 0))
        return self._apply(0, len(self._source.text), hunks)

    def _whole(self) -> str:
        value = value_of(self._root)
        if self._style.as_json or not value:
            return emit.flow(value, self._style, 0)
        column = 0 if self._root.flow else self._root.column
        return self._style.newline.join(emit.block(value, column, self._style)).lstrip(" ")

    def _apply(self, start: int, end: int, hunks: list[Hunk]) -> str:
        pieces = []
        for hunk in sorted(hunks):
            if hunk.start < start:
                raise UnknownLayoutError
            pieces += [self._source.text[start : hunk.start], hunk.text]
            start = hunk.end
        if start > end:
            raise UnknownLayoutError
        return "".join([*pieces, self._source.text[start:end]])

    def _layout(self, node: Mapping | Sequence) -> BlockLayout | FlowLayout:
        if node.flow:
            return FlowLayout(self._source, node, self._style.newline)
        return BlockLayout(self._source, node, self._style.newline, is_top=node is self._root)

    def _is_rewritten(self, node: Node, depth: int) -> bool:
        if not isinstance(node, Collection):
            return False
        is_emptied_or_filled = bool(node.entries) != bool(node.source)
        return is_emptied_or_filled or (depth >= self._depth and node in self._changes)

    def _hunks(self, node: Mapping | Sequence, depth: int) -> Iterator[Hunk]:
        if node not in self._changes:
            return
        if [entry.slot for entry in node.entries] == list(range(len(node.source))):
            for entry in node.entries:
                yield from self._entry_hunks(node, entry, depth)
        else:
            yield self._rearranged(node, depth)

    def _entry_hunks(self, node: Mapping | Sequence, entry: SourceEntry, depth: int) -> Iterator[Hunk]:
        assert entry.slot is not None
        was = node.source[entry.slot]
        if entry.key is not was.key and was.key:
            text = self._key(entry, was, is_flow=node.flow)
            yield Hunk(was.key.start, was.key.end, text)
        if entry.value is not was.value or self._is_rewritten(entry.value, depth + 1):
            yield self._value_hunk(node, was, entry.value)
        elif isinstance(entry.value, Mapping | Sequence):
            yield from self._hunks(entry.value, depth + 1)

    def _key(self, entry: SourceEntry, was: SourceEntry | None, *, is_flow: bool) -> str:
        quote = was.key.style if was and isinstance(was.key, Scalar) else None
        return emit.scalar(entry.name, quote=quote, flow=is_flow, as_json=self._style.as_json)

    # --- a new value in the place of an old one ---

    def _value_hunk(self, node: Mapping | Sequence, was: SourceEntry, new: Node) -> Hunk:
        old, layout = was.value, self._layout(node)
        anchor = f"&{new.anchor} " if new.anchor else ""
        quote = old.style if isinstance(old, Scalar) else None
        if isinstance(layout, FlowLayout):
            if isinstance(node, Mapping):
                layout.marker_end(was)  # `{a}` has no place for a value
            return self._inline_hunk(old, anchor + self._flow_text(layout, new, quote))
        value, is_item = value_of(new), isinstance(node, Sequence)
        first, rest = emit.after_marker(value, layout.column, self._style, is_item=is_item, quote=quote)
        if _is_inline(old) and not rest and not emit.is_nested(value):
            return self._inline_hunk(old, anchor + first.strip(" "))
        if flow := self._still_flow(old, value):
            return self._inline_hunk(old, anchor + flow)
        marker_end = layout.marker_end(was)
        remark = self._remark(old, marker_end)
        if is_item and emit.is_nested(value) and (remark or anchor):
            first, rest = "", [" " * (layout.column + 2) + first.strip(" "), *rest]
        lines = [(" " + anchor).rstrip(" ") + first + remark, *rest]
        return Hunk(marker_end, self._source.line_end(old.end), self._style.newline.join(lines))

    def _inline_hunk(self, old: Node, text: str) -> Hunk:
        is_attached = old.start == old.end and not self._source.text[old.start - 1].isspace()
        return Hunk(old.start, old.end, " " + text if is_attached else text)

    def _flow_text(self, layout: FlowLayout, new: Node, quote: str | None) -> str:
        value = value_of(new)
        if emit.is_nested(value):
            return emit.flow(value, self._style, layout.column if layout.is_multiline else None)
        return emit.scalar(value, quote=quote, flow=True, as_json=self._style.as_json)

    def _still_flow(self, old: Node, value: Any) -> str | None:
        """A collection in flow style in the place of another like it, if it fits on the line."""
        if not isinstance(old, Mapping | Sequence) or not old.flow or not old.source or not emit.is_nested(value):
            return None
        if isinstance(old, Mapping) != isinstance(value, dict) or old.source[0].value.line != old.line:
            return None
        text = emit.flow(value, self._style)
        return text if self._source.column(old.start) + len(text) <= _WIDEST else None

    def _remark(self, old: Node, marker_end: int) -> str:
        """The comment on the line where a block value begins, or where an inline one ends, with its spaces."""
        if isinstance(old, Alias) or _is_inline(old):
            start = old.end
        elif isinstance(old, Scalar):
            start = self._source.block_header(old)[1]
        else:
            start = max(marker_end, self._source.properties_end(old) if old.anchor or old.tag else 0)
        remark = self._source.text[start : self._source.line_end(start)].rstrip()
        return remark if remark.lstrip().startswith("#") else ""

    # --- entries added, deleted or moved ---

    def _rearranged(self, node: Mapping | Sequence, depth: int) -> Hunk:
        """One hunk for all entries of a collection: their texts in the new order, the gaps between them in place."""
        layout = self._layout(node)
        kept = sorted(entry.slot for entry in node.entries if entry.slot is not None)
        gaps = layout.gaps(kept)
        between = iter([layout.new_gap, *gaps.between])
        pieces = [gaps.head]
        for number, entry in enumerate(node.entries):
            is_kept = entry.slot is not None
            gap = next(between) if is_kept else layout.new_gap
            text = self._kept(layout, entry, depth) if is_kept else self._fresh(layout, entry)
            pieces += [gap, text] if number else [text]
        last = len(node.source) - 1
        return Hunk(layout.span(0)[0], layout.span(last)[1], "".join([*pieces, gaps.tail]))

    def _kept(self, layout: BlockLayout | FlowLayout, entry: SourceEntry, depth: int) -> str:
        assert entry.slot is not None
        node = layout.node
        hunks = list(self._entry_hunks(node, entry, depth))
        if not node.flow and entry is not node.entries[-1]:
            hunks += self._end_of_file_hunks(entry.value)
        return self._apply(*layout.span(entry.slot), hunks)

    def _end_of_file_hunks(self, node: Node) -> Iterator[Hunk]:
        """A literal block that a file without a final line break ends in: `-` keeps its value when lines follow."""
        while isinstance(node, Collection) and node.source and not node.flow:
            node = node.source[-1].value
        if isinstance(node, Scalar) and node.is_block and node.end == len(self._source.text):
            start, end = self._source.block_header(node)
            yield Hunk(start + 1, end, self._source.text[start + 1 : end].strip("+-") + "-")

    def _fresh(self, layout: BlockLayout | FlowLayout, entry: SourceEntry) -> str:
        if isinstance(layout, FlowLayout):
            text = self._flow_text(layout, entry.value, None)
            return f"{self._key(entry, None, is_flow=True)}: {text}" if entry.key else text
        marker = self._key(entry, None, is_flow=False) + ":" if entry.key else "-"
        first, rest = emit.after_marker(value_of(entry.value), layout.column, self._style, is_item=entry.key is None)
        return self._style.newline.join([marker + first, *rest])


def _is_inline(node: Node) -> bool:
    if isinstance(node, Scalar):
        return not node.is_block
    return isinstance(node, Alias) or node.flow
