"""Which problems are shown already: those of places that a person has been to, or that were tested or saved."""

from __future__ import annotations

from core.manifest.links import Moved
from core.manifest.problems import Path


class Attention:
    """Marks paths as loud or quiet; what is not marked is as the nearest place around it."""

    def __init__(self, *, loud: bool) -> None:
        self._marks: dict[Path, bool] = {(): loud}

    def is_loud(self, path: Path) -> bool:
        """Whether problems at a path are shown."""
        return next(self._marks[path[:end]] for end in range(len(path), -1, -1) if path[:end] in self._marks)

    def mark(self, path: Path, *, loud: bool) -> None:
        """Make a path and everything below it loud or quiet."""
        self._marks = {place: mark for place, mark in self._marks.items() if place[: len(path)] != path}
        self._marks[path] = loud

    def follow(self, moved: Moved) -> None:
        """Let the marks go where their places went."""
        marks = {() if not path else moved(path): mark for path, mark in self._marks.items()}
        self._marks = {path: mark for path, mark in marks.items() if path is not None}
