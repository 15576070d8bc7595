"""The problems of a manifest as the builder shows them: found in small steps, located in forms and tabs, counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from core.components.conditional_streams import ConditionalStreams
from core.components.source import DeclarativeSource
from core.components.stream import DeclarativeStream, Stream
from core.connector.building import TreeBuilder
from core.connector.mapping_paths import lost_mappings
from core.connector.templates import without_mapped
from core.connector.unknown_inputs import InputUses
from core.manifest.links import PathMove
from core.manifest.problems import Path, Problem, Severity
from core.manifest.resolver import NO_STREAM
from core.runtime.component import Component
from tui.model.layout import LayoutEntry, LayoutTab, global_view, inputs_view, tab_of
from tui.model.view import View


class Visibility:
    """Whether the problems at a path are shown: as it was last marked, or as the nearest marked path around it is."""

    def __init__(self, *, visible: bool) -> None:
        self._marks: dict[Path, bool] = {(): visible}

    def is_visible(self, path: Path) -> bool:
        return next(self._marks[path[:end]] for end in range(len(path), -1, -1) if path[:end] in self._marks)

    def mark(self, path: Path, *, visible: bool) -> None:
        """Show or hide the problems at a path and below it from now on."""
        self._marks = {place: mark for place, mark in self._marks.items() if place[: len(path)] != path}
        self._marks[path] = visible

    def follow(self, moved: PathMove) -> None:
        """Move the marks along with their paths."""
        marks = {() if not path else moved(path): mark for path, mark in self._marks.items()}
        self._marks = {path: mark for path, mark in marks.items() if path is not None}


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem and the path in the view where it shows (`problem.path` is the same)."""

    path: Path
    problem: Problem

    @property
    def is_error(self) -> bool:
        """Whether it keeps the manifest from being run."""
        return self.problem.severity is Severity.ERROR


class ManifestCheck:
    """One check of one view. `steps()` does the work; `findings` are complete when it is through."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._streams: list[Component] = []
        self._uses = InputUses(None)
        self.findings: list[Finding] = []

    def steps(self) -> Iterator[None]:
        """Check one section after the other; a step takes a few milliseconds."""
        self._uses = InputUses(self._view.value(("spec", "connection_specification")))
        for index in range(self._view.listed):
            self._streams.append(self._stream(index))
            yield
        self._check_top()
        notes = [Finding(note.path, note) for note in self._view.document.notes]
        self.findings = list(dict.fromkeys([*self.findings, *notes]))  # each stream meets what is wrong around it

    def _written(self, path: Path) -> str | None:
        origin = self._view.origin(path)
        return None if origin is None else self._view.document.written(origin)

    def _builder(self) -> TreeBuilder:
        builder = TreeBuilder(self._written)
        builder.uses = self._uses
        return builder

    def _stream(self, index: int) -> Component:
        builder = self._builder()
        path: Path = ("streams", index)
        tree = self._view.value(path)
        is_conditional = isinstance(tree, Mapping) and tree.get("type") == ConditionalStreams.__name__
        component = builder.build(tree, ConditionalStreams if is_conditional else Stream, path, frozenset())
        self._add(index, builder.problems)
        return component or _named(tree)

    def _check_top(self) -> None:
        """All but the streams, and what concerns them all together (their names, the connection check)."""
        builder, tree = self._builder(), self._view.section(NO_STREAM).tree
        source = builder.build(tree, DeclarativeSource, (), frozenset())
        problems = builder.problems
        if isinstance(source, DeclarativeSource):
            problems += self._uses.problems({**self._view.document.root, **tree})
            problems = without_mapped([*problems, *lost_mappings(source, tree)], source)
            alone = source.lint()
            whole = source.model_copy(update={"streams": self._streams})
            problems = [problem for problem in problems if problem not in alone] + whole.lint()
            problems = without_mapped(problems, source)
        self._add(NO_STREAM, problems)

    def _add(self, section: int, problems: list[Problem]) -> None:
        found = [(problem.path, problem) for problem in problems]
        resolved, above = self._view.section(section), () if section == NO_STREAM else ("streams", section)
        for problem in resolved.problems:
            places = list(resolved.places(problem.path, above)) or [_without_ref(problem.path)]
            found += [(place, problem) for place in places]
        self.findings += [Finding(path, replace(problem, path=path)) for path, problem in found]


def _named(tree: Any) -> Component:
    """A stand-in with the name of a stream that can't be built."""
    known: dict[str, Any] = {"name": str(tree.get("name", "")) if isinstance(tree, Mapping) else ""}
    return DeclarativeStream.model_construct(None, **known)


def _without_ref(path: Path) -> Path:
    return path[:-1] if path and path[-1] == "$ref" else path


@dataclass(frozen=True, slots=True)
class Counts:
    """How many errors and warnings there are."""

    errors: int = 0
    warnings: int = 0

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> Counts:
        """Count findings."""
        errors = [finding.is_error for finding in findings]
        return cls(sum(errors), len(errors) - sum(errors))


class Area(StrEnum):
    """The parts of the builder that have forms."""

    GLOBAL = "global"
    INPUTS = "inputs"
    STREAM = "stream"


@dataclass(frozen=True, slots=True)
class FieldLocation:
    """A field in the builder: the area, the stream, the index of the tab, and the entry in it.

    `entry` is None for a stream that has no form. `place` counts the entries of the tab, advanced ones last.
    """

    area: Area
    stream: int | None
    tab: int
    entry: LayoutEntry | None
    place: int

    @property
    def order(self) -> tuple[int, int, int, int]:
        """Where it comes when all forms are gone through."""
        return (list(Area).index(self.area), self.stream or 0, self.tab, self.place)


def below(findings: Iterable[Finding], path: Path) -> list[Finding]:
    """The findings at a path and below it."""
    return [finding for finding in findings if finding.path[: len(path)] == path]


def by_tab(findings: Iterable[Finding], tabs: tuple[LayoutTab, ...], around: Path) -> tuple[Counts, ...]:
    """The counts of each tab of a stream, from the findings of that stream and of what is `around` it."""
    found: list[list[Finding]] = [[] for _ in tabs]
    for finding in findings:
        if found:
            found[tab_of(tabs, finding.path[len(around) :])[0]].append(finding)
    return tuple(map(Counts.of, found))


def locate_in(stream: int, path: Path, tabs: tuple[LayoutTab, ...]) -> FieldLocation:
    """Where a path, given from what is around a stream, is shown; `tabs` are those of the stream."""
    return _location(Area.STREAM, stream, tabs, path)


def locate(path: Path) -> FieldLocation:
    """Where a path that is in no stream is shown."""
    if path[:1] == ("spec",):
        return _location(Area.INPUTS, None, (inputs_view(),), path)
    return _location(Area.GLOBAL, None, (global_view(),), path)


def _location(area: Area, stream: int | None, tabs: tuple[LayoutTab, ...], path: Path) -> FieldLocation:
    tab, place = tab_of(tabs, path)
    entries = list(tabs[tab]) if tabs else []
    return FieldLocation(area, stream, tab, entries[place] if entries else None, place)
