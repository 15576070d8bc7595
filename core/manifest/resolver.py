"""Resolves a manifest, as a whole or section by section: references followed, default types and parameters in place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any

from core.manifest.document import Document
from core.manifest.links import at
from core.manifest.parameters import PARAMETERS, ROOT_TYPE, TOO_LARGE_HINT, Propagation, TooLargeError
from core.manifest.problems import Path, Problem, Severity
from core.manifest.references import AsWritten, ReferenceResolver, Report, Traced

NO_STREAM = -1
"""The section of everything outside of the streams."""
REFERENCED_ONLY = ("definitions", "schemas")
"""The keys whose values count only where references lead to them."""
_NONE: frozenset[Path] = frozenset()


class Resolved:
    """A resolved tree, or a section of one, and the problems met on the way.

    Plain values that it gives are read-only: equal parts may be the same objects.
    """

    def __init__(self, root: Traced, problems: tuple[Problem, ...] = ()) -> None:
        self.problems = problems
        self._root = root
        self._plain: dict[int, Any] = {}
        self._faults: dict[int, frozenset[Path]] = {}

    @cached_property
    def tree(self) -> Any:
        """All of it as plain values."""
        return self._plain_of(self._root)

    def find(self, path: Path) -> Traced | None:
        """The traced value at a path, None when there is none."""
        node = self._root
        for key in path:
            value = node.value
            keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
            if key not in keys:
                return None
            node = value[key]
        return node

    def value(self, path: Path) -> Any:
        """The plain value at a path, None when there is none."""
        found = self.find(path)
        return None if found is None else self._plain_of(found)

    def origin(self, path: Path) -> Path:
        """The path in the raw document of the value at a path in the tree.

        A parameter's origin is its entry in `$parameters`, that of a default type the component. A path that
        is absent goes on from the origin of its nearest ancestor.
        """
        for depth in range(len(path), 0, -1):
            if (found := self.find(path[:depth])) is not None:
                return found.origin + path[depth:]
        return self._root.origin + path

    def is_handed_down(self, path: Path) -> bool:
        """Whether the value at a path in the tree comes from `$parameters`."""
        return PARAMETERS in self.origin(path)

    def faults(self, path: Path) -> frozenset[Path]:
        """The raw paths of the problems in whose place there are nulls at or below a path."""
        found = self.find(path)
        return _NONE if found is None else self._faults_in(found)

    def places(self, origin: Path, below: Path) -> Iterator[Path]:
        """The paths at and below a path where what is written at the raw path `origin` shows."""
        found = self.find(below)
        return iter(()) if found is None else _places(found, origin, below)

    def _plain_of(self, node: Traced) -> Any:
        """The plain value of a traced one; what is shared stays shared."""
        if isinstance(node, AsWritten):
            return node.plain
        value = node.value
        if not isinstance(value, (dict, list)):
            return value
        plain = self._plain.get(id(node))
        if plain is None:
            if isinstance(value, dict):
                plain = {key: self._plain_of(item) for key, item in value.items()}
            else:
                plain = [self._plain_of(item) for item in value]
            self._plain[id(node)] = plain
        return plain

    def _faults_in(self, node: Traced) -> frozenset[Path]:
        if isinstance(node, AsWritten):
            return _NONE
        value = node.value
        if not isinstance(value, dict | list):
            return frozenset({node.origin}) if node.is_fault else _NONE
        if id(node) not in self._faults:
            inner = [self._faults_in(item) for item in (value.values() if isinstance(value, dict) else value)]
            self._faults[id(node)] = frozenset().union(*filter(None, inner)) if any(inner) else _NONE
        return self._faults[id(node)]


def resolve_manifest(document: Document) -> Resolved:
    """Resolve a whole manifest. What is wrong becomes a problem with its position and a null in the tree; never raises.

    `definitions` and `schemas` are not in the tree, only what is reached from the other keys; what is wrong in them
    alone is a warning. A manifest that grows beyond all bounds is refused with a problem and an empty tree.
    """
    problems: list[Problem] = []
    report, root = _reporting(problems), document.root
    resolver = ReferenceResolver(root, report)
    resolved = resolver.resolve((), {key: value for key, value in root.items() if key not in REFERENCED_ONLY})
    used = len(problems)
    for key in REFERENCED_ONLY:
        resolver.resolve((key,), root.get(key))
    problems[used:] = [replace(problem, severity=Severity.WARNING) for problem in problems[used:]]
    tree = _with_parameters(resolved, report)
    return Resolved(
        tree,
        tuple(replace(one, position=document.position(one.path), file=document.file) for one in problems),
    )


def resolve_section(root: dict[str, Any], stream: int) -> Resolved:
    """Resolve one stream of a raw tree, or for `NO_STREAM` what is outside of the streams, as `resolve_manifest` does.

    Paths are those of the whole manifest. Problems come without positions, and may be about what is around a stream.
    """
    problems: list[Problem] = []
    report = _reporting(problems)
    start = {key: value for key, value in root.items() if key not in (*REFERENCED_ONLY, "streams")}
    if stream != NO_STREAM:
        start["streams"] = [None] * stream + [root["streams"][stream]]
    tree = _with_parameters(ReferenceResolver(root, report).resolve((), start), report)
    return Resolved(tree, tuple(problems))


def resolve_references(root: dict[str, Any], path: Path) -> Resolved:
    """What is at a raw path with the references in it followed, and nothing else done to it."""
    return Resolved(ReferenceResolver(root, _reporting([])).resolve(path, at(root, path)))


def _reporting(problems: list[Problem]) -> Report:
    def report(path: Path, message: str, *, hint: str | None = None, severity: Severity = Severity.ERROR) -> None:
        problems.append(Problem(message, path, severity, hint))

    return report


def _with_parameters(resolved: Traced, report: Report) -> Traced:
    """A tree whose references are resolved with types and parameters in place; an empty one where it gets too large."""
    fields = resolved.value
    if not isinstance(fields, dict):  # the whole manifest is a reference to something else
        fields = {}
    if "type" not in fields:
        fields = {**fields, "type": Traced(ROOT_TYPE, ())}
    size = 1 + sum(field.size for field in fields.values())
    try:
        return Propagation(report).propagate(Traced(fields, (), size))
    except TooLargeError as error:
        report(error.path, str(error), hint=TOO_LARGE_HINT)
        return Traced({}, ())


def _places(node: Traced, origin: Path, path: Path) -> Iterator[Path]:
    if node.origin == origin:
        yield path
        return
    value = node.value
    for key, item in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from _places(item, origin, (*path, key))
