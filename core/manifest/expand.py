"""The expanded tree of a manifest: references resolved, default types and parameters in place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from core.manifest.default_types import ROOT_TYPE
from core.manifest.document import Document
from core.manifest.parameters import MAX_VALUES, Propagation, TooLargeError
from core.manifest.problems import Path, Problem, Severity
from core.manifest.references import Resolver, Traced

_ONLY_TARGETS = ("definitions", "schemas")


@dataclass(frozen=True)
class Expanded:
    """A plain tree, read-only, in which equal parts may be the same objects, and the problems met on the way.

    `definitions` and `schemas` are not in the tree, only what is reached from the other keys.
    """

    tree: dict[str, Any]
    problems: tuple[Problem, ...]
    traced: Traced = field(repr=False)

    def origin(self, path: Path) -> Path:
        """The path in the raw document of the value at a path in `tree`.

        A parameter's origin is its entry in `$parameters`, that of a default type the component. A path that
        is absent goes on from the origin of its nearest ancestor.
        """
        node = self.traced
        for depth, key in enumerate(path):
            value = node.value
            keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
            if key not in keys:
                return node.origin + path[depth:]
            node = value[key]
        return node.origin


def expand(document: Document) -> Expanded:
    """Expand a manifest. What is wrong becomes a problem with its position and a null in the tree; never
    raises.

    A manifest that grows beyond all bounds is refused with a problem and an empty tree.
    """
    problems: list[Problem] = []

    def report(path: Path, message: str, *, hint: str | None = None, severity: Severity = Severity.ERROR) -> None:
        problems.append(Problem(message, path, severity, hint, document.position(path), document.file))

    root = document.root
    resolver = Resolver(root, report)
    start = {key: value for key, value in root.items() if key not in _ONLY_TARGETS}
    resolved = resolver.resolve((), start)
    if not isinstance(resolved.value, dict):  # the whole manifest is a reference to something else
        resolved = Traced({}, ())
    if "type" not in resolved.value:
        resolved = Traced({**resolved.value, "type": Traced(ROOT_TYPE, ())}, (), resolved.size + 1)
    try:
        traced = Propagation(report).propagate(resolved)
    except TooLargeError as error:
        message = f"References or parameters blow the manifest up to more than {MAX_VALUES:,} values."
        report(error.path, message, hint="look for definitions that refer to each other several times")
        traced = Traced({}, ())
    return Expanded(_Plain().of(traced), tuple(problems), traced)


class _Plain:
    """Plain values of traced ones; what is shared stays shared."""

    def __init__(self) -> None:
        self._done: dict[int, Any] = {}

    def of(self, node: Traced) -> Any:
        value = node.value
        if not isinstance(value, dict | list):
            return value
        if id(node) not in self._done:
            if isinstance(value, dict):
                self._done[id(node)] = {key: self.of(item) for key, item in value.items()}
            else:
                self._done[id(node)] = [self.of(item) for item in value]
        return self._done[id(node)]
