"""Undo and redo: edits of a document in groups, each group one step that knows where in the view it shows."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from core.manifest.document import Document
from core.manifest.problems import Path

STEPS = 200


@dataclass(frozen=True, slots=True)
class Beside:
    """What changes along with the document without being in it, such as the value of an input."""

    undo: Callable[[], object]
    redo: Callable[[], object]


@dataclass(slots=True)
class Step:
    """One step. `before` and `after` are the documents around it: the same one with `edits` between, or two.

    `undone_at` and `done_at` are the paths where it shows once it is undone and once it is done, `merges` what further
    edits may join it, `beside` what changes along.
    """

    before: Document
    after: Document
    edits: int
    undone_at: Path
    done_at: Path
    merges: object = None
    beside: list[Beside] = field(default_factory=list)


class History:
    """The steps that can be undone, and those that were."""

    def __init__(self) -> None:
        self._done: deque[Step] = deque(maxlen=STEPS)
        self._undone: list[Step] = []

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to undo."""
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        """Whether there is a step that was undone."""
        return bool(self._undone)

    def add(self, step: Step) -> None:
        """Remember a step. It becomes one with the last step when both merge under the same name."""
        self._undone.clear()
        last = self._done[-1] if self._done else None
        if last and step.merges is not None and last.merges == step.merges:
            last.edits += step.edits
            last.beside += step.beside
            last.after = step.after
            last.done_at = step.done_at
        else:
            self._done.append(step)

    def seal(self) -> None:
        """Let nothing join the last step any more."""
        if self._done:
            self._done[-1].merges = None

    def undo(self) -> Step | None:
        """Undo the last step in its document; None when there is none. `step.before` is the document from now on."""
        if not self._done:
            return None
        step = self._done.pop()
        if step.before is step.after:
            for _ in range(step.edits):
                step.before.undo()
        for one in reversed(step.beside):
            one.undo()
        step.merges = None
        self.seal()
        self._undone.append(step)
        return step

    def redo(self) -> Step | None:
        """Do the last undone step again; None when there is none. `step.after` is the document from now on."""
        if not self._undone:
            return None
        step = self._undone.pop()
        if step.before is step.after:
            for _ in range(step.edits):
                step.after.redo()
        for one in step.beside:
            one.redo()
        self._done.append(step)
        return step
