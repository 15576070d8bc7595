"""Problems found in a manifest: what is wrong, where it is written, and what may help."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

Path = tuple[str | int, ...]
"""The way from the top of a tree to one value: mapping keys and list indexes."""

_PLAIN_KEY = re.compile(r"[\w$-]+")
_LONGEST_MESSAGE = 1_000
_LONGEST_WORD = 60
"""Longer words are not looked for among others, and are shown by their beginning."""


class Severity(StrEnum):
    """How much a problem matters: an error stops a run, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the source text; both numbers count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a manifest, in a plain sentence.

    `path` is the place in the raw document, of the field that is wrong where there is one; `hint` says what to try,
    `position` and `file` where it is written. `fields` are the keys of other fields that message and hint name, which
    the builder shows by their labels. `unnamed_input` is the input that a template uses and the `spec` doesn't name,
    where that is what is wrong.
    """

    message: str
    path: Path = ()
    severity: Severity = Severity.ERROR
    hint: str | None = None
    position: Position | None = None
    file: str | None = None
    fields: tuple[str, ...] = ()
    unnamed_input: str | None = None

    def __post_init__(self) -> None:
        """Keep what is shown short, whatever the manifest holds."""
        if len(self.message) > _LONGEST_MESSAGE:
            object.__setattr__(self, "message", self.message[:_LONGEST_MESSAGE] + "…")

    def below(self, *path: str | int) -> Problem:
        """The same problem, seen from above: `path` leads to what its own path is relative to."""
        return replace(self, path=(*path, *self.path))

    @property
    def place(self) -> str:
        """`file:line:column`; the path stands in where the position is not known."""
        where = [self.file] if self.file else []
        if self.position:
            where += [str(self.position.line), str(self.position.column)]
        elif self.path:
            where.append(show_path(self.path))
        return ":".join(where)

    @property
    def text(self) -> str:
        """`message (hint)`."""
        return f"{self.message} ({self.hint})" if self.hint else self.message

    def __str__(self) -> str:
        """`file:line:column: message (hint)`."""
        return f"{self.place}: {self.text}" if self.place else self.text


class ManifestError(Exception):
    """A manifest that cannot be read or written. `problems` says why; there is at least one."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        """One problem a line."""
        return "\n".join(map(str, self.problems))


def show_path(path: Path) -> str:
    """Write a path as people read it: `streams[0].retriever.url`, `request_headers["X Y"]`."""
    shown = ""
    for key in path:
        if isinstance(key, str) and _PLAIN_KEY.fullmatch(key):
            shown += f".{key}" if shown else key
        elif isinstance(key, str):
            shown += f'["{key}"]'
        else:
            shown += f"[{key}]"
    return shown


def clipped(text: str) -> str:
    """The beginning of a text that may be long, on one line."""
    shown = " ".join(text[: _LONGEST_WORD + 1].split())
    return shown if len(text) <= _LONGEST_WORD else shown[:_LONGEST_WORD] + "…"


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate that `word` was most likely meant to be, if any is near enough."""
    if len(word) > _LONGEST_WORD:
        return None
    by_folded = {candidate.casefold(): candidate for candidate in candidates}
    matches = difflib.get_close_matches(word.casefold(), by_folded, n=1, cutoff=0.65)
    return by_folded[matches[0]] if matches else None


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems in the order of the file, each once."""

    def place(problem: Problem) -> tuple[int, int]:
        return (problem.position.line, problem.position.column) if problem.position else (0, 0)

    return tuple(sorted(dict.fromkeys(problems), key=place))
