"""A text made ready to be shown line by line: laid out, indexed, for JSON with each line's place in the tree."""

from __future__ import annotations

import json
import re
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NoReturn

import orjson
from rich.cells import cell_len

from core.wording import json_fault

NodePath = tuple[str | int, ...]
"""Keys and indexes from the root of a JSON text to a node."""

_MEMBER = re.compile(r'\s*("[^"\\]*+(?:\\.[^"\\]*+)*+"): ')


@dataclass(frozen=True)
class NodeIndex:
    """For each line: the line of its parent, its place among its siblings, and the last line of its value.

    A line with a closing bracket has instead of its last line that of the opening one.
    """

    text: str
    starts: array[int]
    parents: array[int]
    orders: array[int]
    ends: array[int]

    @classmethod
    def of(cls, text: str, starts: array[int]) -> NodeIndex:
        """Index a text that was laid out so."""
        count = len(starts) - 1
        parents, orders, ends = array("i", [-1]) * count, array("i", [0]) * count, array("i", range(count))
        open_lines: list[int] = []
        next_order: list[int] = [0]
        for line in range(count):
            depth = len(open_lines)
            if depth and text[starts[line] + 2 * depth - 2] in "}]":
                opener = open_lines.pop()
                next_order.pop()
                parents[line], orders[line] = parents[opener], orders[opener]
                ends[line], ends[opener] = opener, line
                continue
            parents[line] = open_lines[-1] if open_lines else -1
            orders[line] = next_order[-1]
            next_order[-1] += 1
            if text[starts[line + 1] - 2] in "{[":
                open_lines.append(line)
                next_order.append(0)
        return cls(text, starts, parents, orders, ends)

    def path(self, line: int) -> NodePath:
        """The path of the node in a line; a closing bracket belongs to the node that it closes."""
        steps: list[str | int] = []
        while (parent := self.parents[line]) >= 0:
            steps.append(self._key(line) if self._is_object(parent) else self.orders[line])
            line = parent
        return tuple(reversed(steps))

    def value(self, line: int) -> object:
        """The value of the node in a line, parsed from its text."""
        line = self._opener(line)
        start = self.starts[line]
        parent = self.parents[line]
        if parent >= 0 and self._is_object(parent) and (member := _MEMBER.match(self.text, start)):
            start = member.end()
        return json.loads(self.text[start : self.starts[self.ends[line] + 1] - 1].rstrip(","))

    def _opener(self, line: int) -> int:
        return min(line, self.ends[line])

    def _is_object(self, line: int) -> bool:
        return self.text[self.starts[line + 1] - 2] == "{"

    def _key(self, line: int) -> str:
        member = _MEMBER.match(self.text, self.starts[self._opener(line)])
        return str(json.loads(member[1])) if member else ""


TextKind = Literal["json", "cut-json", "jsonl", "xml", "csv", "diff", "text"]
"""What a text is; "jsonl" is JSON in every line, shown as it is; of "cut-json" only the beginning is there."""

_WINDOW = 1 << 20
"""Characters searched in one go, so that the screen gets its turns in between."""

_LONG_LINE = 10_000
CUT_HERE = "… cut here"
"""Stands below a text of which only the beginning is there."""
_BEGINNING = 1_000_000
"""Characters of JSON that was cut which are laid out."""
_JSON_PIECE = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|$)|[\[\]{},]', re.DOTALL)
_CLOSING = {"{": "}", "[": "]"}
_XML_PIECE = re.compile(r"<!--.*?-->|<!\[CDATA\[.*?\]\]>|<[^>]*>|[^<]+", re.DOTALL)
_XML_OPENING = re.compile(r"<[^/!?][^>]*(?<!/)>")


@dataclass(frozen=True)
class DocText:
    """A text and where its lines start."""

    text: str
    kind: TextKind
    source: str
    """The text as it was given, before it was laid out."""
    starts: array[int]
    width: int
    """Cells of the longest line, or a little more."""
    problem: str = ""
    """Why the text is shown as it is although its kind promised more."""
    nodes: NodeIndex | None = None

    def __len__(self) -> int:
        return len(self.starts) - 1

    def line(self, index: int, start: int = 0, end: int | None = None) -> str:
        """A line, or the characters of it from `start` to `end`."""
        first, last = self.starts[index], self.starts[index + 1] - 1
        return self.text[first + start : last if end is None else min(first + end, last)]

    def line_at(self, offset: int) -> int:
        """The line that an offset into the text falls into."""
        return bisect_right(self.starts, offset, hi=len(self)) - 1

    def find(self, query: str) -> array[int]:
        """The offsets of a text in this one, whatever its case."""
        pattern = re.compile(re.escape(query), re.IGNORECASE)
        found = array("Q")
        position = 0
        while position < len(self.text):
            stop = position + _WINDOW
            for match in pattern.finditer(self.text, position, stop + len(query) - 1):
                found.append(match.start())
                stop = max(stop, match.end())
            position = stop
        return found


def prepare(source: str, kind: TextKind) -> DocText:
    """Lay a text out and index it; may take a second for 10 MB, so call it off the event loop.

    A text that is not what its kind says is shown as it is, and `problem` says why.
    """
    text, problem = laid_out(source, kind)
    starts = _line_starts(text)
    nodes = NodeIndex.of(text, starts) if kind in ("json", "cut-json") and not problem else None
    if nodes is not None and kind == "cut-json" and len(source) > _BEGINNING:
        problem = f"the first {_BEGINNING:,} characters are laid out"
    return DocText(text, kind, source, starts, _width(text, starts), problem, nodes)


def laid_out(source: str, kind: TextKind) -> tuple[str, str]:
    """A text as it is shown, and why it isn't laid out although its kind promised that."""
    text, problem = source.replace("\r\n", "\n"), ""
    if kind == "json":
        text, problem = _pretty_json(text)
    elif kind == "cut-json":
        text, problem = _pretty_json(_closed(text[:_BEGINNING]))
    elif kind == "xml" and "\n" not in text.strip():
        text = "\n".join(_xml_lines(text))
    if kind != "csv" and "\t" in text:
        text = text.expandtabs(4)
    return text, problem


def _pretty_json(text: str) -> tuple[str, str]:
    try:
        return _indent(json.loads(text, parse_constant=_reject, object_hook=_give_way)), ""
    except (ValueError, RecursionError) as error:
        return text, f"Not valid JSON: {_reason(error)}"


def _closed(text: str) -> str:
    """JSON that breaks off, up to its last whole item, and closed after that."""
    around: list[str] = []
    end, closing = len(text), ""
    for match in _JSON_PIECE.finditer(text):
        piece = match[0]
        if piece in _CLOSING:
            around.append(_CLOSING[piece])
        elif piece in ("]", "}") and around:
            around.pop()
        elif piece == ",":
            end, closing = match.start(), "".join(reversed(around))
    return text[:end] + closing


def _indent(value: object) -> str:
    try:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    except TypeError:  # integers above 64 bits, lone surrogates, very deep nesting
        return json.dumps(value, ensure_ascii=False, indent=2)


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return json_fault(error)
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def _give_way(value: dict[str, object]) -> dict[str, object]:
    """Does nothing, in Python: within the C parser this is where other threads get to run."""
    return value


def _reject(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON value")


def _xml_lines(text: str) -> Iterator[str]:
    """Indent XML that came in one line; an element with nothing but text stays in one line."""
    depth, line = 0, ""
    pieces = [piece for piece in _XML_PIECE.findall(text) if piece.strip()]
    for piece, following in pairwise([*pieces, "<"]):
        depth -= piece.startswith("</")
        line = line + piece if line else "  " * depth + piece
        opens = _XML_OPENING.fullmatch(piece) is not None
        depth += opens
        glued = (opens and _is_text(following)) or (following.startswith("</") and (opens or _is_text(piece)))
        if not glued:
            yield line
            line = ""


def _is_text(piece: str) -> bool:
    return not piece.startswith("<") or piece.startswith("<![CDATA[")


def _line_starts(text: str) -> array[int]:
    starts = array("Q", [0])
    starts.extend(match.end() for match in re.finditer("\n", text))
    if starts[-1] < len(text) or len(starts) == 1:
        starts.append(len(text) + 1)
    return starts


def _width(text: str, starts: array[int]) -> int:
    if text.isascii():
        return max(end - start - 1 for start, end in pairwise(starts))
    return max(_line_width(text[start : end - 1]) for start, end in pairwise(starts))


def _line_width(line: str) -> int:
    if line.isascii():
        return len(line)
    return cell_len(line) if len(line) < _LONG_LINE else 2 * len(line)
