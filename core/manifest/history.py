"""Undo and redo: changes in groups, each of them one step that knows where it shows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from core.manifest.problems import Path

MAX_STEPS = 200


class UndoableChange(ABC):
    """Something that was done, and can be undone and done again."""

    @abstractmethod
    def undo(self) -> None: ...

    @abstractmethod
    def redo(self) -> None: ...

    def absorb(self, later: UndoableChange) -> bool:
        """Take in the change that came next, so that one of the two is enough; False where that can't be."""
        return False


@dataclass(slots=True)
class _Step:
    """Changes that are undone together.

    `undone_at` and `done_at` are the paths where the step shows once it is undone and once it is done; steps with the
    same `merges` that follow each other are one.
    """

    undone_at: Path
    done_at: Path
    changes: list[UndoableChange] = field(default_factory=list)
    merges: object = None


class History:
    """The steps that can be undone, and those that were. The oldest are forgotten beyond MAX_STEPS."""

    def __init__(self) -> None:
        self._done: deque[_Step] = deque(maxlen=MAX_STEPS)
        self._undone: list[_Step] = []
        self._group: _Step | None = None

    @property
    def can_undo(self) -> bool:
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        return bool(self._undone)

    @contextmanager
    def group(self, path: Path, *, merges: object = None) -> Iterator[None]:
        """Make all changes recorded inside one step, which shows at `path`; a group in a group is a part of it.

        With `merges`, groups of the same that follow each other are one step. When the block fails, its changes are
        undone.
        """
        if self._group is not None:
            yield
            return
        step = self._group = _Step(path, path, merges=merges)
        try:
            yield
        except BaseException:
            for change in reversed(step.changes):
                change.undo()
            raise
        finally:
            self._group = None
        if step.changes:
            self._add(step)

    def record(self, change: UndoableChange, undone_at: Path = (), done_at: Path = ()) -> None:
        """Record a change that was just made: as a part of the open group, or else as a step of its own."""
        if self._group is not None:
            self._group.changes.append(change)
        else:
            self._add(_Step(undone_at, done_at, [change]))

    def seal(self) -> None:
        """Keep later groups from merging with the last step."""
        if self._done:
            self._done[-1].merges = None

    def undo(self) -> Path | None:
        """Undo the last step; the path where it showed, None when there is nothing to undo."""
        if not self._done:
            return None
        step = self._done.pop()
        for change in reversed(step.changes):
            change.undo()
        step.merges = None
        self.seal()
        self._undone.append(step)
        return step.undone_at

    def redo(self) -> Path | None:
        """Do the last undone step again; the path where it shows, None when there is nothing to redo."""
        if not self._undone:
            return None
        step = self._undone.pop()
        for change in step.changes:
            change.redo()
        self._done.append(step)
        return step.done_at

    def _add(self, step: _Step) -> None:
        self._undone.clear()
        last = self._done[-1] if self._done else None
        if last is None or step.merges is None or last.merges != step.merges:
            self._done.append(step)
            return
        for change in step.changes:
            if not last.changes[-1].absorb(change):
                last.changes.append(change)
        last.done_at = step.done_at
