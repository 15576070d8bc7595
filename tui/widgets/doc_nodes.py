"""Which node of a JSON text stands in which line, once it is laid out: a value a line, two blanks a level."""

from __future__ import annotations

import json
import re
from array import array
from dataclasses import dataclass

Path = tuple[str | int, ...]
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

    def path(self, line: int) -> Path:
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
