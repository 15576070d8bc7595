"""What lines are drawn with: spans of text that say what they are about, so that every screen has its own colours."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import TypeAlias

from rich.cells import cell_len, set_cell_size

from core.progress.timeline import Kind


class Role(StrEnum):
    """What a span is about; a screen gives each role its style."""

    TEXT = "text"
    QUIET = "quiet"
    WAITING = "waiting"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"
    STOPPED = "stopped"
    DOWNLOAD = "download"
    CURSOR = "cursor"


Span: TypeAlias = tuple[str, Role]
Line: TypeAlias = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters of a line; each takes one cell. Nothing depends on colour: every meaning has its own."""

    marks: dict[Kind, str]
    unmapped: str
    stopped: str
    done: str
    line: str
    future: str
    wait: str
    present: str
    next_poll: str
    limit: str
    bar: str
    """Eighths of a cell, from none to all of it."""
    empty: str
    heights: str
    """The columns of a sparkline, from the lowest to the highest."""
    download: str
    dot: str
    more: str
    arrow: str


UNICODE = Glyphs(
    marks={
        Kind.CREATED: "●",
        Kind.FOLLOWED: "◉",
        Kind.RUNNING: "○",
        Kind.COMPLETED: "◆",
        Kind.FAILED: "✗",
        Kind.SKIPPED: "–",
        Kind.PAGE: "▪",
    },
    unmapped="?",
    stopped="■",
    done="✓",
    line="─",
    future="┄",
    wait="·",
    present="▶",
    next_poll="◌",
    limit="┤",
    bar=" ▏▎▍▌▋▊▉█",
    empty="░",
    heights="▁▂▃▄▅▆▇█",
    download="━",
    dot="·",
    more="…",
    arrow="→",
)
ASCII = Glyphs(
    marks={
        Kind.CREATED: "*",
        Kind.FOLLOWED: "@",
        Kind.RUNNING: "o",
        Kind.COMPLETED: "+",
        Kind.FAILED: "x",
        Kind.SKIPPED: "~",
        Kind.PAGE: "o",
    },
    unmapped="?",
    stopped="!",
    done="+",
    line="-",
    future=".",
    wait=" ",
    present=">",
    next_poll="(",
    limit="|",
    bar=" #",
    empty=".",
    heights="_.-=*#",
    download="=",
    dot="-",
    more="~",
    arrow="=",
)
_PLAIN_LOCALES = ("C", "POSIX")


def glyphs_for(encoding: str) -> Glyphs:
    """The characters that a terminal can show which takes texts in this encoding."""
    set_to = os.environ.get("LC_ALL") or os.environ.get("LC_CTYPE") or os.environ.get("LANG")
    is_utf = encoding.lower().replace("-", "").startswith("utf")
    return UNICODE if is_utf and set_to not in _PLAIN_LOCALES else ASCII


class Canvas:
    """A row of single cells that are set one by one."""

    def __init__(self, width: int) -> None:
        self._cells: list[Span] = [(" ", Role.QUIET)] * width

    def put(self, column: int, glyph: str, role: Role) -> None:
        """Set a cell, where it is in the row."""
        if 0 <= column < len(self._cells):
            self._cells[column] = (glyph, role)

    def fill(self, first: int, end: int, glyph: str, role: Role) -> None:
        """Set the cells from `first` up to `end`, which is left out."""
        first, end = max(0, first), min(end, len(self._cells))
        if first < end:
            self._cells[first:end] = [(glyph, role)] * (end - first)

    def write(self, column: int, text: str, role: Role) -> bool:
        """Write a text where there is room for it, a blank kept free on either side; whether there was."""
        column = max(0, min(column, len(self._cells) - len(text)))
        around = self._cells[max(0, column - 1) : column + len(text) + 1]
        if len(text) > len(self._cells) or any(glyph != " " for glyph, _ in around):
            return False
        self._cells[column : column + len(text)] = [(letter, role) for letter in text]
        return True

    def spans(self) -> Line:
        """The row as spans."""
        groups = groupby(self._cells, key=lambda cell: cell[1])
        return tuple(("".join(glyph for glyph, _ in cells), role) for role, cells in groups)


@dataclass(frozen=True, slots=True)
class Axis:
    """Puts moments into columns."""

    start: float
    end: float
    width: int

    def column(self, at: float) -> int:
        """The column of a moment."""
        return round((at - self.start) / max(self.end - self.start, 1e-9) * (self.width - 1))


_STEPS = (1, 1.5, 2, 3, 4, 6, 8, 10)


def rounded_up(seconds: float) -> float:
    """The next length of an axis, so that its scale changes now and then only."""
    unit = 1.0
    while unit * _STEPS[-1] < seconds:
        unit *= 10
    return next(unit * step for step in _STEPS if unit * step >= seconds)


def bar(share: float, width: int, glyphs: Glyphs, role: Role) -> Line:
    """How much of something there is."""
    parts = len(glyphs.bar) - 1
    filled = int(max(0.0, min(1.0, share)) * width * parts)
    whole, part = divmod(filled, parts)
    head = glyphs.bar[-1] * whole + (glyphs.bar[part] if part else "")
    return (head, role), (glyphs.empty * (width - len(head)), Role.QUIET)


def travelling(seconds: float, width: int, glyphs: Glyphs, role: Role) -> Line:
    """A block that goes to and fro, for what has no known end."""
    size = max(1, width // 5)
    way = max(1, width - size)
    step = int(seconds * 8) % (2 * way)
    at = step if step <= way else 2 * way - step
    rest = width - at - size
    return (glyphs.empty * at, Role.QUIET), (glyphs.bar[-1] * size, role), (glyphs.empty * rest, Role.QUIET)


def sparkline(curve: Sequence[float], glyphs: Glyphs) -> str:
    """Values from 0 to 1 as columns; nothing at all stays at the bottom."""
    top = len(glyphs.heights) - 1
    return "".join(glyphs.heights[round(one * top)] for one in curve)


def width_of(line: Iterable[Span]) -> int:
    """The cells that a line takes."""
    return sum(cell_len(text) for text, _ in line)


def fitted(line: Iterable[Span], width: int) -> Line:
    """A line that takes exactly so many cells, cut or filled with blanks."""
    return tuple(_fitted(line, width))


def _fitted(line: Iterable[Span], width: int) -> Iterator[Span]:
    for text, role in line:
        if not width:
            return
        size = cell_len(text)
        yield (text, role) if size <= width else (set_cell_size(text, width), role)
        width -= min(size, width)
    if width:
        yield " " * width, Role.TEXT


def beside(left: Iterable[Span], right: Iterable[Span], width: int) -> Line:
    """Two parts of a line at its two ends; the left one is cut where they don't fit."""
    right = tuple(right)
    room = max(0, width - width_of(right) - 1)
    return fitted((*fitted(left, room), (" ", Role.TEXT), *right), width)
