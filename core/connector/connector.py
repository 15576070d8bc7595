"""The connector: what a manifest means, ready to be read, and everything that is wrong with it.

A problem in one stream keeps no other from being read; one in what no read needs keeps none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from core.components.config_normalization import ConfigNormalizationRules
from core.components.source import DeclarativeSource
from core.components.stream import ReadableStream, Stream
from core.connector.building import TreeBuilder
from core.connector.streams import Listed, StreamCondition, StreamEntry, StreamPlaces, stream_entries
from core.connector.templates import (
    TEMPLATES,
    Made,
    MadeStream,
    StreamTemplate,
    assembled,
    templates_in,
    without_mapped,
)
from core.errors import InputError
from core.manifest.document import Document
from core.manifest.problems import Path, Problem, Severity, closest
from core.manifest.resolver import Resolved, resolve_manifest
from core.runtime.component import Component, Unsupported
from core.wording import listed


@dataclass(frozen=True)
class Connector:
    """A resolved, validated, immutable manifest.

    `source` is None when the manifest is so broken that nothing can be read. `problems` are all that were found, with
    paths of the raw document, in the order of the file; `portability` are warnings of what Airbyte would refuse or
    ignore though it works here. `streams` are in the order of the manifest. `stream_names` are those that can be asked
    for, also those of `broken` streams, which come with the problems that keep each from being read. `entries` are
    where all that comes from; `left_out` are the streams that the inputs leave out, with the condition that says so.

    Of `templates`, streams are made when there are inputs; `made` is what came of that, None as long as none were made,
    and `made_streams` are the names by template. `unmade` are templates of which it is not known what streams they
    give; these stand among the broken streams themselves.
    """

    source: DeclarativeSource | None
    problems: tuple[Problem, ...]
    file: str | None = None
    entries: tuple[StreamEntry, ...] = field(default=(), repr=False)
    streams: tuple[Stream, ...] = ()
    broken: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)
    portability: tuple[Problem, ...] = ()
    stream_names: tuple[str, ...] = ()
    left_out: Mapping[str, StreamCondition] = field(default_factory=dict)
    templates: tuple[StreamTemplate, ...] = field(default=(), repr=False)
    made: Made | None = None
    made_streams: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unmade: tuple[str, ...] = ()
    _sources: Mapping[str, MadeStream] = field(default_factory=dict, repr=False)

    @property
    def usable(self) -> bool:
        """Whether there are no errors (warnings are allowed)."""
        return self.source is not None and not self.errors

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that keep the whole manifest, or a stream, from being read."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.ERROR)

    def for_inputs(self, config: Mapping[str, Any]) -> Connector:
        """The connector with the streams that there are for these inputs, which is what a read is opened with.

        `config` are the inputs as they were gathered. What this gives may be asked again, and gives itself then.
        """
        if not any(entry.condition for entry in self.entries):
            return self
        entries = [there for entry in self.entries if (there := entry.for_inputs(config)) is not None]
        conditions = {entry.name: entry.condition for entry in self.entries if entry.condition}
        left_out = {name: condition for name, condition in conditions.items() if name not in _names(entries)}
        return replace(self._listing(_with_own_names(entries)), left_out=left_out)

    def _listing(self, entries: Iterable[StreamEntry]) -> Connector:
        """The connector with these streams."""
        entries = tuple(entries)
        listed = Listed.of(entries)
        return replace(self, entries=entries, streams=listed.streams, stream_names=listed.names, broken=listed.broken)

    @property
    def to_be_made(self) -> tuple[StreamTemplate, ...]:
        """The templates from which no streams were made yet."""
        return self.templates if self.made is None else ()

    def with_made(self, made: Made, mask: Callable[[str], str]) -> Connector:
        """The connector with the streams that were made of its templates, behind its own.

        `mask` takes the secrets out of what is said about them.
        """
        found = assembled(self.templates, made, self.stream_names, mask)
        errors = (problem for entry in found.entries for problem in entry.problems)
        return replace(
            self._listing([*self.entries, *found.entries]),
            problems=_in_order([*self.problems, *found.warnings, *errors]),
            made=made,
            made_streams={template: tuple(names) for template, names in found.names.items()},
            unmade=tuple(found.unmade),
            _sources=found.sources,
        )

    def is_made(self, name: str) -> bool:
        """Whether a stream, which can be read, was made from a template."""
        return name in self._sources

    def made_for(self, name: str) -> Made | None:
        """What came of the templates as far as it is about a stream: enough to read that one in another process."""
        return self.made and Made((self._sources[name],) if name in self._sources else ())

    def without_templates(self) -> Connector:
        """The connector for whoever needs no streams that are made from templates."""
        return replace(self, templates=())

    def with_stream(self, path: Path, stream: Stream) -> Connector:
        """The connector with another stream, which can be read, in the place of the one at a path."""
        return self._listing(
            replace(entry, stream=stream, problems=()) if entry.path == path else entry for entry in self.entries
        )

    def require(self, names: Iterable[str]) -> None:
        """Raises `InputError` for the first of these names that no stream has."""
        for name in names:
            if name not in self.stream_names:
                raise InputError(self.missing(name))

    def missing(self, name: str) -> str:
        """Why there is no stream of this name, as a sentence."""
        if (condition := self.left_out.get(name)) is not None:
            return f"The stream `{name}` is not there with these inputs: its condition is false ({condition.place})."
        meant = closest(name, self.stream_names)
        hint = f"did you mean `{meant}`?" if meant else f"there are {listed(self.stream_names) or 'none'}."
        unmade = "".join(f" {problem}." for one in self.unmade for problem in self.broken[one])
        return f"There is no stream `{name}`; {hint}{unmade}"

    def readable(self, names: Iterable[str] | None = None) -> bool:
        """Whether any of these streams (None: of all) can be read; what templates give is not up to the manifest."""
        if names is None and self.templates:
            return True
        return any(name not in self.broken for name in (self.stream_names if names is None else names))

    @property
    def connection_specification(self) -> Mapping[str, Any]:
        """The JSON Schema of the inputs; empty when the manifest has none."""
        return self.source.connection_specification if self.source else {}

    @property
    def input_rules(self) -> ConfigNormalizationRules | None:
        """What is done with the inputs before a run; None when nothing is."""
        return self.source.input_rules if self.source else None

    def stream(self, name: str) -> ReadableStream:
        """The stream of this name, as it is declared. Raises `KeyError`."""
        for stream in self.streams:
            if isinstance(stream, ReadableStream) and stream.name == name:
                return stream
        raise KeyError(name)

    def schema(self, name: str) -> Mapping[str, Any]:
        """The declared JSON Schema of a stream's records; empty when there is none, and for a broken stream."""
        return {} if name in self.broken else self.stream(name).described.json_schema

    def primary_key(self, name: str) -> Sequence[Sequence[str]]:
        """The primary key of a stream's records as paths; empty when there is none, and for a broken stream."""
        return () if name in self.broken else self.stream(name).described.primary_key_paths


def unsupported_in(stream: ReadableStream) -> tuple[str, ...]:
    """What a stream uses that Longhaul does not run: the component types as written."""
    return tuple(sorted({part.written_type for part in stream.tree() if isinstance(part, Unsupported)}))


_NOT_READ = frozenset({"version", "description", "check", "metadata"})
"""Fields at the top of a manifest that no read needs."""


class _LoadProblem(NamedTuple):
    """A problem, with the paths of the streams that it keeps from being read; `all`: every one."""

    problem: Problem
    streams: frozenset[Path] = frozenset()
    all: bool = False


def load_connector(document: Document) -> Connector:
    """Resolve and validate a document. Never raises for what is written in it: see `Connector.problems`."""
    resolved = resolve_manifest(document)

    def written(path: Path) -> str | None:
        return document.written(resolved.origin(path))

    def located(problem: Problem) -> Problem:
        path = resolved.origin(problem.path)
        return replace(problem, path=path, position=document.position(path), file=document.file)

    builder = TreeBuilder(written)
    built = builder.build(resolved.tree, DeclarativeSource, (), frozenset()) or _needed(resolved, builder)
    if isinstance(built, DeclarativeSource):
        builder.problems = without_mapped(builder.problems, built)
        builder.portability = without_mapped(builder.portability, built)
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
        problems=_in_order([*document.notes, *(one.problem for one in found)]),
        file=document.file,
        portability=_in_order(map(located, builder.portability)),
    )
    if source is None:
        return connector
    templates, broken = templates_in(source, resolved, document, wrong)
    entries = [*stream_entries(source, resolved, wrong, located), *broken]
    return replace(connector._listing(entries), templates=templates)


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


def _names(entries: Iterable[StreamEntry]) -> frozenset[str]:
    return frozenset(entry.name for entry in entries)


def _with_own_names(entries: Sequence[StreamEntry]) -> Iterator[StreamEntry]:
    """The streams, where a name that another one has already keeps both from being read."""
    places: dict[str, list[StreamEntry]] = defaultdict(list)
    for entry in entries:
        places[entry.name].append(entry)
    for entry in entries:
        problem = Problem(f"with these inputs, there is another stream named `{entry.name}`", (*entry.path, "name"))
        yield entry if len(places[entry.name]) == 1 else replace(entry, problems=(*entry.problems, problem))


def _is_error(problem: Problem) -> bool:
    return problem.severity is Severity.ERROR


def _in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems in the order of the file."""

    def place(problem: Problem) -> tuple[int, int]:
        return (problem.position.line, problem.position.column) if problem.position else (0, 0)

    return tuple(sorted(dict.fromkeys(problems), key=place))
