"""Patterns for the names of files, such as `issues_*.json`: `*`, `?`, `[...]`, and `**` for any folders."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import re2  # type: ignore[import-untyped]  # it ships no types

_SPECIAL = re.compile(r"[\\\[\]^]")
"""Characters that mean something in a class of characters, save for the `-` of a range."""


def matcher(patterns: Sequence[str]) -> Callable[[str], bool]:
    """The function that says whether a name fits one of the patterns; upper and lower case are different.

    A pattern without `/` is about the file's own name, in whatever folder; one with `/` is about the folders, too.
    """
    wanted = _compiled("|".join(f"(?:{_expression(pattern)})" for pattern in patterns))
    return lambda name: wanted.fullmatch(_plain(name)) is not None


def _compiled(expression: str) -> Any:
    options = re2.Options()
    options.log_errors = False  # it would write to stderr
    return re2.compile(expression, options)


def _plain(name: str) -> str:
    """A name as patterns have it: folders with `/` between, from the top of the archive."""
    name = name.replace("\\", "/")
    while name.startswith(("./", "/")):
        name = name.removeprefix(".").removeprefix("/")
    return name


def _expression(pattern: str) -> str:
    """The regular expression of a pattern; one without `/` is about the file's own name, in whatever folder."""
    pattern = _plain(pattern)
    parts = [] if "/" in pattern else ["(?:.*/)?"]
    position = 0
    while position < len(pattern):
        character = pattern[position]
        end = pattern.find("]", position + 2 + pattern.startswith("[!", position))
        if pattern.startswith("**/", position):
            parts.append("(?:.*/)?")
            position += 2
        elif pattern.startswith("**", position):
            parts.append(".*")
            position += 1
        elif character in "*?":
            parts.append("[^/]*" if character == "*" else "[^/]")
        elif character == "[" and end > 0:
            parts.append(_one_of(pattern[position + 1 : end]))
            position = end
        else:
            parts.append(re2.escape(character))
        position += 1
    return f"(?s:{''.join(parts)})"


def _one_of(characters: str) -> str:
    """The expression for one of some characters, or for one that is not among them; `-` between two makes a range."""
    negated = "^/" if characters.startswith("!") else ""
    escaped = _SPECIAL.sub(r"\\\g<0>", characters.removeprefix("!"))
    return f"[{negated}{escaped}]"


def pattern_problem(pattern: str) -> str:
    """What is wrong with a pattern for names of files; empty: nothing."""
    if not pattern.strip():
        return "it is empty"
    try:
        _compiled(_expression(pattern))
    except re2.error:
        return "its `[...]` names no characters"
    return ""
