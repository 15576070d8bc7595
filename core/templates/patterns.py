"""Regular expressions of manifests, applied to data from servers: Python's syntax and results, in bounded time.

Python's own `re` can take forever on a malicious text and can't be interrupted, so it is used only if a pattern and a
text are too small for that. The time of RE2 grows only with the length of the text, so it does everything that it can
do as Python does. What remains (lookaround, backreferences, and a few corners of Unicode) is done by the library
`regex`, which checks the time while it searches.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cached_property, lru_cache
from time import perf_counter
from typing import Any, Final, Literal

import re2  # type: ignore[import-untyped]  # it ships no types

from core.templates.dialects import ASCII, UNICODE, LinearWriter, TimedWriter, Tree, UnsuitedError
from core.templates.errors import LimitError
from core.templates.limits import MAX_TEXT

MAX_SECONDS: Final = 2.0
MAX_PATTERN: Final = 50_000
_MEMORY: Final = 32 << 20

Groups = tuple[str | None, ...]
"""The whole of a match, then its groups."""

_FIRST_MARK: Final = 0xE000
"""The first private use character of Unicode."""
_TIMED: Final = {"timeout": MAX_SECONDS, "concurrent": True}


PatternError = re.error
"""A text is no valid regular expression."""


class Pattern:
    """A compiled regular expression. Raises `PatternError`."""

    def __init__(self, source: str) -> None:
        if len(source) > MAX_PATTERN:
            raise re.error(f"it has more than {MAX_PATTERN:,} characters")
        try:
            self._python = re.compile(source)
            self._tree = Tree(source)
        except (RecursionError, OverflowError, MemoryError):
            raise re.error("it is nested too deeply, or too large") from None
        self._harmless_up_to = self._tree.harmless_up_to

    @property
    def groups(self) -> int:
        """The number of its groups."""
        return self._python.groups

    def search(self, text: str) -> Groups | None:
        """The first match anywhere in a text. Raises `LimitError` if that takes too long."""
        return self._groups("search", text)

    def match(self, text: str) -> Groups | None:
        """The match at the beginning of a text. Raises `LimitError` if that takes too long."""
        return self._groups("match", text)

    def _groups(self, method: Literal["search", "match"], text: str) -> Groups | None:
        if len(text) <= self._harmless_up_to:
            found = getattr(self._python, method)(text)
        elif (linear := self._linear(text)) is not None:
            found = getattr(linear, method)(text)
        else:
            found = _timed(lambda: getattr(self._other, method)(text, **_TIMED))
        return None if found is None else (found[0], *found.groups())

    def replace(self, text: str, replacement: str) -> str:
        r"""A text with every match replaced; `\1` and `\g<name>` in the replacement stand for groups.

        Raises `LimitError` if it takes too long or the result gets too long, and `PatternError` or `IndexError` for an
        invalid replacement.
        """
        pieces = _pieces(self._python, replacement)
        parts: list[str] = []
        length = end = 0
        for start, stop, groups in self._timed_matches(text):
            parts += (text[end:start], *(piece if isinstance(piece, str) else groups[piece] or "" for piece in pieces))
            length += sum(map(len, parts[-1 - len(pieces) :]))
            if length > max(MAX_TEXT, len(text)):
                raise LimitError(f"it would make a text of more than {MAX_TEXT:,} characters")
            end = stop
        return "".join((*parts, text[end:]))

    def _timed_matches(self, text: str) -> Iterator[tuple[int, int, Groups]]:
        """All matches, with their start and end. Many quick searches in a row can still take too long."""
        latest = perf_counter() + MAX_SECONDS
        if len(text) <= self._harmless_up_to:
            matches = self._python.finditer(text)
        elif (linear := None if self._tree.may_be_empty else self._linear(text)) is not None:
            matches = linear.finditer(text)
        else:
            matches = iter(self._other.finditer(text, **_TIMED))
        while (found := _timed(lambda: next(matches, None))) is not None:
            yield found.start(), found.end(), (found[0], *found.groups())
            if perf_counter() > latest:
                raise _too_slow()

    def _linear(self, text: str) -> Any | None:
        """The pattern for RE2 that finds in a text what Python finds; None if there is none."""
        found = self._for_ascii if text.isascii() else self._for_unicode
        if found is None or (found[1] and text.endswith("\n")):
            return None
        return found[0] if text.isascii() or _is_encodable(text) else None

    @cached_property
    def _for_ascii(self) -> tuple[Any, bool] | None:
        return _linear(self._tree, ASCII)

    @cached_property
    def _for_unicode(self) -> tuple[Any, bool] | None:
        return _linear(self._tree, UNICODE)

    @cached_property
    def _other(self) -> Any:
        """The pattern for the library `regex`."""
        import regex  # type: ignore[import-untyped]  # it ships no types; few patterns need it

        return regex.compile(TimedWriter().write(self._tree), regex.VERSION0)


def _linear(tree: Tree, highest: int) -> tuple[Any, bool] | None:
    """The pattern for RE2, and whether it fails on texts with a final line break; None if RE2 can't do it."""
    writer = LinearWriter(highest)
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        return re2.compile(writer.write(tree), options), writer.has_end
    except (UnsuitedError, re2.error):
        return None


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False
    return True


@lru_cache(maxsize=512)
def compile_pattern(source: str) -> Pattern:
    """Compile a regular expression. Raises `PatternError`."""
    return Pattern(source)


def _timed(search: Callable[[], Any]) -> Any:
    try:
        return search()
    except TimeoutError:
        raise _too_slow() from None


def _too_slow() -> LimitError:
    return LimitError(f"the regular expression needs more than {MAX_SECONDS:g} seconds for a text")


@lru_cache(maxsize=512)
def _pieces(pattern: re.Pattern[str], replacement: str) -> tuple[str | int, ...]:
    """The texts and group numbers of a replacement, as Python understands it.

    To find out, Python expands it with a marker for each group.
    """
    marks = [chr(_FIRST_MARK + number) for number in range(pattern.groups + 1)]
    names = {number: name for name, number in pattern.groupindex.items()}
    groups = [f"(?P<{names[number]}>{mark})" if number in names else f"({mark})" for number, mark in enumerate(marks)]
    matched = re.fullmatch("".join(groups[1:]) + marks[0], "".join(marks[1:]) + marks[0])
    assert matched is not None
    if not set(marks).isdisjoint(replacement):
        raise re.error("the replacement has characters in it that stand for nothing")
    filled = matched.expand(replacement).replace(matched[0], marks[0])
    found = re.split(f"([{marks[0]}-{marks[-1]}])", filled)
    return tuple(ord(piece) - _FIRST_MARK if piece in marks else piece for piece in found if piece)
