"""Checks a manifest in small steps, a stream at a time, and finds where in the view each problem shows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.components.base import Component
from core.components.manifest import DeclarativeSource
from core.components.stream import DeclarativeStream, Stream
from core.connector.building import TreeBuilder
from core.manifest.problems import Path, Problem, Severity
from tui.session.specs import form_spec
from tui.session.structure import component_at
from tui.session.view import NO_STREAM, View

_NAMED = re.compile(r"`(\w+)`")


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem and the path in the view where it shows (`problem.path` is the same)."""

    path: Path
    problem: Problem

    @property
    def is_error(self) -> bool:
        """Whether it stops a run."""
        return self.problem.severity is Severity.ERROR


class Check:
    """One check of one view. `steps()` does the work; `findings` are complete when it is through."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._streams: list[Component] = []
        self.findings: list[Finding] = []

    def steps(self) -> Iterator[None]:
        """Check one section after the other; a step takes a few milliseconds."""
        for index in range(self._view.stream_count):
            self._streams.append(self._built(index, Stream, ("streams", index)))
            yield
        self._check_top()
        self.findings += [Finding(note.path, note) for note in self._view.document.notes]

    def _written(self, path: Path) -> str | None:
        origin = self._view.origin(path)
        return None if origin is None else self._view.document.written(origin)

    def _built(self, section: int, role: type[Component], path: Path) -> Component:
        builder = TreeBuilder(self._written)
        tree = self._view.section(section)
        component = builder.build(tree, role, path, frozenset())
        self._keep(section, builder.problems)
        return component or _named(tree)

    def _check_top(self) -> None:
        """All but the streams, and what concerns them all together (their names, the connection check)."""
        builder = TreeBuilder(self._written)
        source = builder.build(self._view.section(NO_STREAM), DeclarativeSource, (), frozenset())
        problems = builder.problems
        if isinstance(source, DeclarativeSource):
            alone = source.lint()
            whole = source.model_copy(update={"streams": self._streams})
            problems = [problem for problem in problems if problem not in alone] + whole.lint()
        self._keep(NO_STREAM, problems)

    def _keep(self, section: int, problems: list[Problem]) -> None:
        found = [(self._shown(problem), problem) for problem in problems]
        for problem in self._view.problems.get(section, ()):
            places = list(self._view.places(section, problem.path)) or [_without_ref(problem.path)]
            found += [(place, problem) for place in places]
        self.findings += dict.fromkeys(Finding(path, replace(problem, path=path)) for path, problem in found)

    def _shown(self, problem: Problem) -> Path:
        """The place of a problem: of one that a component as a whole has, the field that it names first."""
        component = component_at(self._view, problem.path)
        named = _NAMED.search(problem.message)
        if component is not None and named and form_spec(component).field(named[1]):
            return (*problem.path, named[1])
        return problem.path


def _named(tree: Any) -> Component:
    """In place of a stream that can't be built, one that has its name."""
    known: dict[str, Any] = {"name": str(tree.get("name", "")) if isinstance(tree, Mapping) else ""}
    return DeclarativeStream.model_construct(None, **known)


def _without_ref(path: Path) -> Path:
    return path[:-1] if path and path[-1] == "$ref" else path
