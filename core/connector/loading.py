"""Loads a connector: resolves and builds a document, and finds out which streams each problem keeps from being read.

A problem in one stream keeps no other from being read; one in what no read needs keeps none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from core.components.source import DeclarativeSource
from core.connector.building import TreeBuilder
from core.connector.connector import Connector
from core.connector.mapping_paths import lost_mappings
from core.connector.streams import StreamPlaces, stream_entries
from core.connector.templates import TEMPLATES, templates_in, without_mapped
from core.connector.unknown_inputs import InputUses
from core.garbage import not_collected
from core.manifest.document import Document
from core.manifest.problems import Path, Problem, Severity, in_order
from core.manifest.resolver import Resolved, resolve_manifest
from core.runtime.component import Component

_NOT_READ = frozenset({"version", "description", "check", "metadata"})
"""Fields at the top of a manifest that no read needs."""


class _LoadProblem(NamedTuple):
    """A problem, with the paths of the streams and templates that it keeps from being read; `all`: every one."""

    problem: Problem
    streams: frozenset[Path] = frozenset()
    all: bool = False


@not_collected()
def load_connector(document: Document) -> Connector:
    """Resolve and validate a document. Never raises for what is written in it: see `Connector.problems`."""
    resolved = resolve_manifest(document)

    def written(path: Path) -> str | None:
        return document.written(resolved.origin(path))

    def located(problem: Problem) -> Problem:
        path = resolved.origin(problem.path)
        return replace(problem, path=path, position=document.position(path), file=document.file)

    builder = TreeBuilder(written)
    builder.handed_down = resolved.is_handed_down
    builder.uses = InputUses(resolved.value(("spec", "connection_specification")))
    built = builder.build(resolved.tree, DeclarativeSource, (), frozenset()) or _needed(resolved, builder)
    if isinstance(built, DeclarativeSource):
        builder.problems += (*lost_mappings(built, resolved.tree), *builder.uses.problems(resolved.tree))
        builder.problems = without_mapped(builder.problems, built)
        builder.portability = without_mapped(builder.portability, built)
    builder.place(located)
    places = StreamPlaces.of(resolved.tree)
    found = [_weighed(one) for one in (*_in_references(resolved, places), *_in_components(builder.problems, places))]
    unreadable = any(one.all and _is_error(one.problem) for one in found)
    source = built if isinstance(built, DeclarativeSource) and not unreadable else None
    found = [one if one.problem.position else one._replace(problem=located(one.problem)) for one in found]
    wrong: dict[Path, list[Problem]] = defaultdict(list)
    for one in found:
        for path in one.streams:
            wrong[path].append(one.problem)
    connector = Connector(
        source,
        problems=in_order([*document.notes, *(one.problem for one in found)]),
        file=document.file,
        portability=in_order(map(located, builder.portability)),
        tree=resolved.tree,
    )
    if source is None:
        return connector
    templates, broken = templates_in(source, resolved, document, wrong)
    entries = [*stream_entries(source, resolved, wrong, located), *broken]
    return replace(connector.listing(entries), templates=templates)


def _needed(resolved: Resolved, builder: TreeBuilder) -> Component | None:
    """The source without the fields that are wrong and that no read needs; their problems are kept."""
    found = builder.problems
    aside = {problem.path[0] for problem in found if problem.path} & _NOT_READ
    if not aside:
        return None
    tree = {key: value for key, value in resolved.tree.items() if key not in aside}
    builder.problems, builder.portability = (
        [problem for problem in found if problem.path[:1] and problem.path[0] in aside],
        [],
    )
    return builder.build(tree, DeclarativeSource, (), frozenset())


def _in_references(resolved: Resolved, places: StreamPlaces) -> Iterator[_LoadProblem]:
    """The problems with references and parameters, each with those who depend on it."""
    streams: dict[Path, set[Path]] = defaultdict(set)
    vital: set[Path] = set()
    if not resolved.problems:
        return
    for key, value in resolved.tree.items():
        if key == "streams" and isinstance(value, list):
            for place, around in places.around.items():
                condition = resolved.faults((*around, "condition")) if around is not None else frozenset()
                for path in resolved.faults(place) | condition:
                    streams[path].add(place)
        elif key == TEMPLATES and isinstance(value, list):
            for index in range(len(value)):
                for path in resolved.faults((key, index)):
                    streams[path].add((key, index))
        elif key not in _NOT_READ and key != "stream_groups":  # a group needs no more than the names of its streams
            vital |= resolved.faults((key,))
    nothing = not resolved.tree
    for problem in resolved.problems:
        yield _LoadProblem(problem, frozenset(streams[problem.path]), nothing or problem.path in vital)


def _in_components(problems: Iterable[Problem], places: StreamPlaces) -> Iterator[_LoadProblem]:
    for problem in problems:
        match problem.path:
            case ("streams", int(), *_):
                yield _LoadProblem(problem, places.at(problem.path))
            case (key, int(index), *_) if key == TEMPLATES:
                yield _LoadProblem(problem, frozenset({(key, index)}))
            case (key, *_) if key in _NOT_READ:
                yield _LoadProblem(problem)
            case _:
                yield _LoadProblem(problem, all=True)


def _weighed(found: _LoadProblem) -> _LoadProblem:
    """A problem that keeps nothing from being read is no error."""
    if found.all or found.streams:
        return found
    return found._replace(problem=replace(found.problem, severity=Severity.WARNING))


def _is_error(problem: Problem) -> bool:
    return problem.severity is Severity.ERROR
