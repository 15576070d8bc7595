"""The expanded tree of a manifest: references resolved, default types and parameters in place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from core.manifest.document import Document
from core.manifest.parameters import ROOT_TYPE, TOO_LARGE_HINT, Propagation, TooLargeError
from core.manifest.problems import Path, Problem, Severity
from core.manifest.references import Resolver, Traced

_ONLY_TARGETS = ("definitions", "schemas")
_NONE: frozenset[Path] = frozenset()


class _Faults:
    """The faults in traced values; what is shared is looked at once."""

    def __init__(self) -> None:
        self._found: dict[int, frozenset[Path]] = {}

    def of(self, node: Traced) -> frozenset[Path]:
        value = node.value
        if not isinstance(value, dict | list):
            return frozenset({node.origin}) if node.is_fault else _NONE
        if id(node) not in self._found:
            inner = [self.of(item) for item in (value.values() if isinstance(value, dict) else value)]
            self._found[id(node)] = frozenset().union(*filter(None, inner)) if any(inner) else _NONE
        return self._found[id(node)]


@dataclass(frozen=True)
class Expanded:
    """A plain tree, read-only, in which equal parts may be the same objects, and the problems met on the way.

    `definitions` and `schemas` are not in the tree, only what is reached from the other keys.
    """

    tree: dict[str, Any]
    problems: tuple[Problem, ...]
    traced: Traced = field(repr=False)
    _faults: _Faults = field(default_factory=_Faults, repr=False)

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

    def faults(self, path: Path) -> frozenset[Path]:
        """The raw paths of the problems in whose place there are nulls at or below a path in `tree`."""
        node = self.traced
        for key in path:
            node = node.value[key]
        return self._faults.of(node)


def expand(document: Document) -> Expanded:
    """Expand a manifest. What is wrong becomes a problem with its position and a null in the tree; never
    raises.

    A manifest that grows beyond all bounds is refused with a problem and an empty tree.
    """
    problems: list[Problem] = []
    unused = False

    def report(path: Path, message: str, *, hint: str | None = None, severity: Severity = Severity.ERROR) -> None:
        severity = Severity.WARNING if unused else severity
        problems.append(Problem(message, path, severity, hint, document.position(path), document.file))

    root = document.root
    resolver = Resolver(root, report)
    start = {key: value for key, value in root.items() if key not in _ONLY_TARGETS}
    resolved = resolver.resolve((), start)
    unused = True
    for key in _ONLY_TARGETS:
        resolver.resolve((key,), root.get(key))
    unused = False
    if not isinstance(resolved.value, dict):  # the whole manifest is a reference to something else
        resolved = Traced({}, ())
    if "type" not in resolved.value:
        resolved = Traced({**resolved.value, "type": Traced(ROOT_TYPE, ())}, (), resolved.size + 1)
    try:
        traced = Propagation(report).propagate(resolved)
    except TooLargeError as error:
        report(error.path, str(error), hint=TOO_LARGE_HINT)
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
