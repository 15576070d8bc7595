"""Where the entries of one collection stand in the source text, and what stands between them."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

from core.manifest.nodes import Collection, Mapping, Scalar, Sequence, SourceEntry

_TRIVIA = re.compile(r"(?:[ \t\r\n]+|(?<!\S)#[^\r\n]*)*")
_LINE_BREAK = re.compile(r"\r\n|[\r\n]")
_PROPERTIES = re.compile(r"[&!][^\s,\[\]{}]*(?:[ \t]+[&!][^\s,\[\]{}]*)*")
_BLOCK_HEADER = re.compile(r"[|>][-+0-9]*")


class UnknownLayoutError(Exception):
    """The collection is written in a way in which single entries cannot be replaced."""


class Gaps(NamedTuple):
    """What remains around and between the entries that are kept: comments and blank lines, and the commas of flow."""

    head: str
    between: list[str]
    tail: str


class Source:
    """The text, and questions about places in it."""

    def __init__(self, text: str) -> None:
        self.text = text

    def line_start(self, offset: int) -> int:
        """The first offset of the line that holds `offset`."""
        return max(self.text.rfind("\n", 0, offset), self.text.rfind("\r", 0, offset)) + 1

    def line_end(self, offset: int) -> int:
        """The offset of the next line break, or the end of the text."""
        line_break = _LINE_BREAK.search(self.text, offset)
        return line_break.start() if line_break else len(self.text)

    def column(self, offset: int) -> int:
        """How many characters stand before `offset` on its line."""
        return offset - self.line_start(offset)

    def skip_trivia(self, offset: int) -> int:
        """The next place that is neither blank nor in a comment."""
        trivia = _TRIVIA.match(self.text, offset)
        return trivia.end() if trivia else offset

    def properties_end(self, node: Collection | Scalar) -> int:
        """Where the anchor and tag of a node end; its start when it has none."""
        has_any = node.anchor is not None or node.tag is not None
        properties = _PROPERTIES.match(self.text, node.start) if has_any else None
        return properties.end() if properties else node.start

    def block_header(self, scalar: Scalar) -> tuple[int, int]:
        """The span of the `|` or `>` of a block scalar with its indicators."""
        header = _BLOCK_HEADER.match(self.text, self.skip_trivia(self.properties_end(scalar)))
        if not header:
            raise UnknownLayoutError
        return header.span()


class Layout:
    """Spans, markers and gaps of the entries of a collection that has at least one in the source."""

    new_gap: str
    """What to write before an entry that was not there."""

    def __init__(self, source: Source, node: Mapping | Sequence) -> None:
        self.source = source
        self.node = node
        self.entries = node.source
        self.column = source.column(self.start(0))

    def start(self, slot: int) -> int:
        """Where an entry begins: its key or, in block style, its dash or question mark."""
        raise UnknownLayoutError

    def end(self, slot: int) -> int:
        """Where the content of an entry ends."""
        entry = self.entries[slot]
        return max(entry.value.end, entry.key.end if entry.key else 0)

    def span(self, slot: int) -> tuple[int, int]:
        """What goes when the entry is deleted and comes along when it is moved."""
        return self.start(slot), self.end(slot)

    def marker_end(self, entry: SourceEntry) -> int:
        """Where the `:` after the key of an entry of the source ends."""
        assert entry.key is not None
        colon = self.source.skip_trivia(entry.key.end)
        if self.source.text[colon : colon + 1] != ":":
            raise UnknownLayoutError
        return colon + 1

    def gaps(self, kept: list[int]) -> Gaps:
        """What is left when only the entries in the slots `kept`, in source order, stay."""
        if not kept:
            return Gaps("", [], "")
        last = len(self.entries) - 1
        head = self._joined([gap for gap in self._between(0, kept[0]) if "#" in gap])
        tail = self._joined([gap for gap in self._between(kept[-1], last) if "#" in gap])
        between = [self._merged(self._between(slot, following)) for slot, following in pairwise(kept)]
        return Gaps(self._as_head(head), between, self._as_tail(tail))

    def _between(self, slot: int, following: int) -> list[str]:
        text = self.source.text
        return [text[self.span(number)[1] : self.span(number + 1)[0]] for number in range(slot, following)]

    def _merged(self, gaps: list[str]) -> str:
        """One gap from those around deleted entries: their comments are kept, surplus blank lines are not."""
        with_comments = [gap for gap in gaps if "#" in gap]
        return self._joined(with_comments) if with_comments else gaps[0]

    def _joined(self, gaps: list[str]) -> str:
        joined = gaps[0] if gaps else ""
        for gap in gaps[1:]:
            joined = joined.rstrip(" ") + self._without_separator(gap)
        return joined

    def _without_separator(self, gap: str) -> str:
        return gap

    def _as_head(self, gap: str) -> str:
        return self._without_separator(gap).lstrip()

    def _as_tail(self, gap: str) -> str:
        return gap.rstrip()


class BlockLayout(Layout):
    """Entries on lines of their own."""

    def __init__(self, source: Source, node: Mapping | Sequence, newline: str, *, is_top: bool) -> None:
        super().__init__(source, node)
        self._is_top = is_top
        self.new_gap = newline + " " * self.column

    def start(self, slot: int) -> int:
        """The dash, question mark or key of the entry."""
        if slot:
            return self.source.skip_trivia(self.end(slot - 1))
        return self.source.skip_trivia(self.source.properties_end(self.node))

    def span(self, slot: int) -> tuple[int, int]:
        """With the comment lines directly above in the same column, and the comment at the end."""
        return self._with_comments_above(slot), self.source.line_end(self.end(slot))

    def marker_end(self, entry: SourceEntry) -> int:
        """Where the `:` or the `-` of an entry of the source ends."""
        if isinstance(self.node, Mapping):
            return super().marker_end(entry)
        assert entry.slot is not None
        return self.start(entry.slot) + 1

    def _with_comments_above(self, slot: int) -> int:
        start = self.start(slot)
        if slot == 0 and self._is_top:
            return start  # what stands above the first key is about the whole file
        source, comment = self.source, " " * self.column + "#"
        floor = self.end(slot - 1) if slot else 0
        while (line := source.line_start(start)) > floor and not source.text[line:start].strip(" "):
            above = source.line_start(line - (2 if source.text[line - 2 : line] == "\r\n" else 1))
            if above < floor or not source.text.startswith(comment, above):
                break
            start = above + self.column
        return start

    def _without_separator(self, gap: str) -> str:
        return _LINE_BREAK.sub("", gap, count=1)


class FlowLayout(Layout):
    """Entries between brackets, with commas."""

    def __init__(self, source: Source, node: Mapping | Sequence, newline: str) -> None:
        super().__init__(source, node)
        opening = source.skip_trivia(source.properties_end(node))
        if source.text[opening] not in "[{":
            raise UnknownLayoutError
        self.is_multiline = bool(_LINE_BREAK.search(source.text, opening, self.start(0)))
        bare = (gap for gap in self._between(0, len(self.entries) - 1) if "#" not in gap)
        self.new_gap = next(bare, "," + newline + " " * self.column if self.is_multiline else ", ")

    def start(self, slot: int) -> int:
        """The key or the item."""
        entry = self.entries[slot]
        return entry.key.start if entry.key else entry.value.start

    def _without_separator(self, gap: str) -> str:
        return gap.replace(",", "", 1)

    def _as_tail(self, gap: str) -> str:
        return self._without_separator(gap).rstrip()
