"""Translates Python's regular expressions for other engines, so that they find what Python finds.

A pattern is written from the tree of Python's own parser, with every set of characters spelled out as Python
understands it: which characters are digits, word characters or spaces, and which differ only in case.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from functools import lru_cache
from importlib import import_module
from math import inf, log10
from typing import Any, ClassVar, Final

# Python's parser is not public, but its tree has hardly changed since Python 2.
_parser: Final = import_module("re._parser")

ASCII: Final = 0x7F
UNICODE: Final = 0x10FFFF
_MAX_REPEAT: Final = 1000
"""The most repetitions that RE2 accepts."""
_NOT_IN_NOTHING: Final = "(?!)" if re.search(r"\B", "") is None else ""
"""Whether Python finds no `\\B` in an empty text."""
_CATEGORIES: Final = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}

_MOST_STEPS: Final = 1_000_000
_MOST_DIGITS: Final = 6

Range = tuple[int, int]
"""The first and the last of consecutive characters."""


class UnsuitedError(Exception):
    """The engine can't do a part of the pattern as Python does."""


class Tree:
    """A pattern as parsed by Python. Raises `re.error` if it is invalid."""

    def __init__(self, source: str) -> None:
        self.items = _parser.parse(source)
        self.flags: int = self.items.state.flags
        self.may_be_empty: bool = self.items.getwidth()[0] == 0

    @property
    def harmless_up_to(self) -> int:
        """The length of texts up to which Python's own search takes only milliseconds, whatever the text.

        In a text of n characters a search starts at each of them, and from there tries as many ways as the pattern
        allows: n + 1 for one unbounded repetition, and so on.
        """
        ways, endless = _ways(self.items)
        return int((_MOST_STEPS / ways) ** (1 / (endless + 1))) - 1 if ways <= _MOST_STEPS else -1


class Writer(ABC):
    """Writes a pattern for an engine; `highest` is the last character that texts may have. Raises `UnsuitedError`."""

    character: ClassVar[str]
    """The format of an escaped character."""
    end: ClassVar[str]
    """The pattern for the very end of a text."""

    def __init__(self, highest: int = UNICODE) -> None:
        self._highest = highest

    def write(self, tree: Tree) -> str:
        return self._all(tree.items, tree.flags)

    def _all(self, items: Iterable[Any], flags: int) -> str:
        return "".join([self._one(str(kind), value, flags) for kind, value in items])

    def _one(self, kind: str, value: Any, flags: int) -> str:
        match kind:
            case "LITERAL":
                return self._set([("LITERAL", value)], flags)
            case "NOT_LITERAL":
                return self._set([("NEGATE", None), ("LITERAL", value)], flags)
            case "ANY":
                return self._set([("NEGATE", None), *([] if flags & re.DOTALL else [("LITERAL", 10)])], flags)
            case "IN":
                return self._set([(str(part), what) for part, what in value], flags)
            case "AT":
                return self._place(str(value), flags)
            case "BRANCH":
                return "(?:" + "|".join(self._all(branch, flags) for branch in value[1]) + ")"
            case "SUBPATTERN":
                group, added, removed, content = value
                return ("(?:" if group is None else "(") + self._all(content, (flags | added) & ~removed) + ")"
            case "MAX_REPEAT":
                return self._repeat(value, "", flags)
            case "MIN_REPEAT":
                return self._repeat(value, "?", flags)
        return self._special(kind, value, flags)

    def _repeat(self, repeat: tuple[Any, Any, Any], manner: str, flags: int) -> str:
        least, most, content = repeat
        last = "" if most is _parser.MAXREPEAT else most
        return f"(?:{self._all(content, flags)}){{{least},{last}}}{manner}"

    def _place(self, place: str, flags: int) -> str:
        match place:
            case "AT_BEGINNING" if flags & re.MULTILINE:
                return "(?m:^)"
            case "AT_BEGINNING" | "AT_BEGINNING_STRING":
                return r"\A"
            case "AT_END" if flags & re.MULTILINE:
                return "(?m:$)"
            case "AT_END":
                return self._last_line_end()
            case "AT_END_STRING":
                return self.end
        return self._edge(place == "AT_BOUNDARY", flags)

    @abstractmethod
    def _last_line_end(self) -> str:
        """The pattern for the end of a text, or before a final line break."""

    @abstractmethod
    def _edge(self, is_edge: bool, flags: int) -> str:
        """The pattern for a word boundary, or for everywhere else."""

    @abstractmethod
    def _special(self, kind: str, value: Any, flags: int) -> str:
        """The pattern for lookaround, backreferences, atomic groups and possessive repetitions."""

    def _set(self, parts: list[tuple[str, Any]], flags: int) -> str:
        named = [found for kind, what in parts if kind == "CATEGORY" for found in self._category(str(what), flags)]
        listed = [what if kind == "RANGE" else (what, what) for kind, what in parts if kind in {"RANGE", "LITERAL"}]
        if flags & re.IGNORECASE:
            listed += _in_other_case(tuple(listed), flags & (re.IGNORECASE | re.ASCII))
        ranges = _merged([*named, *listed], self._highest)
        if any(kind == "NEGATE" for kind, _ in parts):
            ranges = _others(ranges, self._highest)
        return self._ranges(ranges) if ranges else "[^" + self._ranges([(0, UNICODE)])[1:]

    def _ranges(self, ranges: list[Range]) -> str:
        return (
            "["
            + "".join("-".join(self.character.format(code) for code in dict.fromkeys(ends)) for ends in ranges)
            + "]"
        )

    def _category(self, name: str, flags: int) -> list[Range]:
        return _members(_CATEGORIES[name], flags & re.ASCII, self._highest)


class LinearWriter(Writer):
    """For RE2, whose time grows only with the length of the text.

    `has_end` says that the pattern is right only for texts without a final line break. Unlike Python, RE2 has no
    lookaround, no backreferences, and no words beyond ASCII.
    """

    character = r"\x{{{:X}}}"
    end = r"\z"

    def __init__(self, highest: int) -> None:
        super().__init__(highest)
        self.has_end = False

    def _repeat(self, repeat: tuple[Any, Any, Any], manner: str, flags: int) -> str:
        least, most, content = repeat
        counted = least if most is _parser.MAXREPEAT else most
        if counted > _MAX_REPEAT or (most != 1 and content.getwidth()[0] == 0):
            raise UnsuitedError
        return super()._repeat(repeat, manner, flags)

    def _last_line_end(self) -> str:
        self.has_end = True
        return self.end

    def _edge(self, is_edge: bool, flags: int) -> str:
        if self._highest != ASCII or not is_edge:
            raise UnsuitedError
        return r"\b"

    def _special(self, kind: str, value: Any, flags: int) -> str:
        raise UnsuitedError


class TimedWriter(Writer):
    """For the library `regex`, which can do everything that Python can, and gives up after some time."""

    character = r"\U{:08X}"
    end = r"\Z"

    def _last_line_end(self) -> str:
        return r"(?:\Z|(?=\n\Z))"

    def _edge(self, is_edge: bool, flags: int) -> str:
        word = self._ranges(self._category("CATEGORY_WORD", flags))
        if is_edge:
            return f"(?:(?<={word})(?!{word})|(?<!{word})(?={word}))"
        nothing = rf"(?:\A\Z{_NOT_IN_NOTHING}|(?<![\s\S])(?=[\s\S])|(?<=[\s\S]))"
        return f"(?:(?<={word})(?={word})|(?<!{word})(?!{word}){nothing})"

    def _special(self, kind: str, value: Any, flags: int) -> str:
        match kind:
            case "ASSERT" | "ASSERT_NOT":
                direction, content = value
                sign = "=" if kind == "ASSERT" else "!"
                return f"(?{'<' if direction < 0 else ''}{sign}{self._all(content, flags)})"
            case "GROUPREF":
                case = "i" if flags & re.IGNORECASE else ""
                return f"(?{case}:\\{value})"
            case "GROUPREF_EXISTS":
                group, there, otherwise = value
                return f"(?({group}){self._all(there, flags)}|{self._all(otherwise or (), flags)})"
            case "ATOMIC_GROUP":
                return f"(?>{self._all(value, flags)})"
            case "POSSESSIVE_REPEAT":
                return self._repeat(value, "+", flags)
            case "FAILURE":
                return "(?!)"
        raise UnsuitedError


def _ways(items: Iterable[Any]) -> tuple[float, int]:
    """The number of ways through a pattern: a factor, and the power of the text's length that it is multiplied with."""
    total, endless = 1.0, 0
    for kind, value in items:
        ways, powers = _ways_through(str(kind), value)
        total, endless = min(total * ways, inf), endless + powers
    return total, endless


def _ways_through(kind: str, value: Any) -> tuple[float, int]:
    match kind:
        case "BRANCH":
            branches = [_ways(branch) for branch in value[1]]
            return sum(ways for ways, _ in branches), max(endless for _, endless in branches)
        case "SUBPATTERN":
            return _ways(value[3])
        case "MAX_REPEAT" | "MIN_REPEAT":
            least, most, content = value
            inside, endless = _ways(content)
            if most is _parser.MAXREPEAT:
                return (1, 1) if (inside, endless) == (1, 0) else (inf, 0)
            return (most - least + 1.0, 0) if (inside, endless) == (1, 0) else (_power(inside, most), endless * most)
        case "LITERAL" | "NOT_LITERAL" | "IN" | "ANY" | "AT":
            return 1, 0
        case "ASSERT" | "ASSERT_NOT":
            return _ways(value[1])
    return inf, 0


def _power(ways: float, times: int) -> float:
    """The ways through a repetition of up to `times`, each with this many ways."""
    return inf if times * log10(max(ways, 2)) > _MOST_DIGITS else max(ways, 2) ** times


@lru_cache(maxsize=32)
def _members(escape: str, ascii_flag: int, highest: int) -> list[Range]:
    r"""The characters that Python finds for a class such as `\d`."""
    characters = "".join(map(chr, range(highest + 1)))
    return [(found.start(), found.end() - 1) for found in re.finditer(f"{escape}+", characters, ascii_flag)]


@lru_cache(maxsize=1)
def _cased() -> str:
    """All characters that have another case."""
    return "".join(character for character in map(chr, range(UNICODE + 1)) if character.swapcase() != character)


@lru_cache(maxsize=1024)
def _in_other_case(ranges: tuple[Range, ...], flags: int) -> list[Range]:
    """The characters that Python matches with one of these when it ignores case."""
    if not ranges:
        return []
    written = "".join(rf"\U{low:08X}-\U{high:08X}" for low, high in ranges)
    return [(ord(found), ord(found)) for found in re.findall(f"[{written}]", _cased(), flags)]


def _merged(ranges: list[Range], highest: int) -> list[Range]:
    """The same characters in sorted ranges that do not overlap."""
    merged: list[Range] = []
    for low, high in sorted(ranges):
        if low > highest:
            break
        last = min(high, highest)
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((low, last))
    return merged


def _others(ranges: list[Range], highest: int) -> list[Range]:
    """The ranges of all other characters."""
    edges = [-1, *(edge for ends in ranges for edge in ends), highest + 1]
    gaps = zip(edges[::2], edges[1::2], strict=True)
    return [(after + 1, before - 1) for after, before in gaps if after + 1 < before]
