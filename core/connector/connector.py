"""The connector: what a manifest means, ready to be read, and everything that is wrong with it.

A problem in one stream keeps no other from being read; one in what no read needs keeps none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, NamedTuple

from core.components.config_normalization import ConfigNormalizationRules
from core.components.custom.base import CustomComponent
from core.components.dynamic import DynamicDeclarativeStream
from core.components.source import DeclarativeSource
from core.components.stream import DeclarativeStream, Stream
from core.connector.building import TreeBuilder
from core.connector.templates import Made, MadeStream, StreamTemplate, assembled, template_name
from core.custom.host import CustomHost
from core.custom.permission import CustomCode
from core.errors import InputError
from core.garbage import not_collected
from core.http.secrets import Secrets
from core.inputs import secret_values
from core.manifest.document import Document
from core.manifest.problems import Path, Problem, Severity, closest, show_path
from core.manifest.resolver import Resolved, resolve_manifest
from core.runtime.component import Component, Unsupported
from core.wording import listed


@dataclass(frozen=True)
class Connector:
    """A resolved, validated, immutable manifest.

    `source` is None when the manifest is so broken that nothing can be read. `problems` are all that were found, with
    paths of the raw document, in the order of the file; `portability` are warnings of what Airbyte would refuse or
    ignore though it works here. `streams` are in the order of the manifest. `stream_names` are those that can be asked
    for, also those of `broken` streams, which come with the problems that keep each from being read.

    Of `templates`, streams are made when there are inputs; `made` is what came of that, None as long as none were made,
    and `made_streams` are the names by template. `unmade` are templates of which it is not known what streams they
    give; these stand among the broken streams themselves.
    """

    source: DeclarativeSource | None
    problems: tuple[Problem, ...]
    file: str | None = None
    streams: tuple[Stream, ...] = ()
    broken: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)
    portability: tuple[Problem, ...] = ()
    stream_names: tuple[str, ...] = ()
    templates: tuple[StreamTemplate, ...] = ()
    made: Made | None = None
    made_streams: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unmade: tuple[str, ...] = ()
    _sources: Mapping[str, MadeStream] = field(default_factory=dict, repr=False)
    tree: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """What is written, references and parameters resolved."""
    custom: CustomCode | None = None
    """The code of custom components that may run; None: none may."""

    @property
    def custom_components(self) -> tuple[CustomComponent, ...]:
        """The components that are Python code for Airbyte."""
        parts = self.source.tree() if self.source else ()
        return tuple(part for part in parts if isinstance(part, CustomComponent))

    @property
    def usable(self) -> bool:
        """Whether there are no errors (warnings are allowed)."""
        return self.source is not None and not self.errors

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that keep the whole manifest, or a stream, from being read."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.ERROR)

    @property
    def to_be_made(self) -> tuple[StreamTemplate, ...]:
        """The templates from which no streams were made yet."""
        return self.templates if self.made is None else ()

    def with_made(self, made: Made, mask: Callable[[str], str]) -> Connector:
        """The connector with the streams that were made of its templates, behind its own.

        `mask` takes the secrets out of what is said about them.
        """
        found = assembled(self.templates, made, self.stream_names, mask)
        names = (name for names in found.names.values() for name in names)
        return replace(
            self,
            streams=(*self.streams, *found.streams.values()),
            problems=_in_order([*self.problems, *found.warnings, *chain(*found.broken.values())]),
            broken={**self.broken, **found.broken},
            stream_names=(*self.stream_names, *names),
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

    def for_inputs(self, config: Mapping[str, Any]) -> Connector:
        """The connector with the streams that there are for these inputs, which is what a read is opened with.

        `config` are the inputs as they were gathered. What this gives may be asked again, and gives itself then.
        """
        return self

    def require(self, names: Iterable[str]) -> None:
        """Raises `InputError` for the first of these names that no stream has."""
        for name in names:
            if name not in self.stream_names:
                meant = closest(name, self.stream_names)
                hint = f"did you mean `{meant}`?" if meant else f"there are {listed(self.stream_names) or 'none'}."
                missing = "".join(f" {problem}." for one in self.unmade for problem in self.broken[one])
                raise InputError(f"There is no stream `{name}`; {hint}{missing}")

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
    def input_rules(self) -> InputRules | None:
        """What is done with the inputs before a run; None when nothing is."""
        rules = self.source.input_rules if self.source else None
        return None if rules is None else InputRules(rules, self)

    def stream(self, name: str) -> DeclarativeStream:
        """The stream of this name. Raises `KeyError`."""
        for stream in self.streams:
            if isinstance(stream, DeclarativeStream) and stream.name == name:
                return stream
        raise KeyError(name)

    def schema(self, name: str) -> Mapping[str, Any]:
        """The declared JSON Schema of a stream's records; empty when there is none, and for a broken stream."""
        return {} if name in self.broken else self.stream(name).json_schema

    def primary_key(self, name: str) -> Sequence[Sequence[str]]:
        """The primary key of a stream's records as paths; empty when there is none, and for a broken stream."""
        return () if name in self.broken else self.stream(name).primary_key_paths


@dataclass(frozen=True, slots=True)
class InputRules:
    """What is done with the inputs before a run, with the custom components that may run."""

    _rules: ConfigNormalizationRules
    _connector: Connector

    def normalize(self, config: dict[str, Any]) -> None:
        """Migrate and change the inputs in place. Raises `InputError`."""
        with self._host(config) as host:
            self._rules.normalize(config, host)

    def migrate(self, config: dict[str, Any]) -> None:
        """Bring the inputs into today's shape, in place. Raises `InputError`."""
        with self._host(config) as host:
            self._rules.migrate(config, host)

    def problems(self, config: Mapping[str, Any]) -> list[str]:
        """A sentence for everything that the validations find. Raises `InputError` when they can't be done."""
        with self._host(config) as host:
            return self._rules.problems(config, host)

    @contextmanager
    def _host(self, config: Mapping[str, Any]) -> Iterator[CustomHost | None]:
        connector = self._connector
        if connector.custom is None:
            yield None
            return
        secrets = Secrets(secret_values(connector.connection_specification, config))
        host = CustomHost(connector.custom, connector.tree, dict(config), secrets.mask)
        try:
            yield host
        finally:
            host.close()


def unsupported_in(part: Component, custom: CustomCode | None = None) -> tuple[str, ...]:
    """What a stream, or another part, uses that does not run: the component types as written. `custom` is the code of
    custom components that may run.
    """
    found = (one for one in part.tree() if isinstance(one, Unsupported))
    return tuple(sorted({one.written_type for one in found if custom is None or not isinstance(one, CustomComponent)}))


_NOT_READ = frozenset({"version", "description", "check", "stream_groups", "metadata"})
"""Fields at the top of a manifest that no read needs."""


class _LoadProblem(NamedTuple):
    """A problem, with what it keeps from being read: streams, by their list and index there; `all`: every one."""

    problem: Problem
    streams: frozenset[Path] = frozenset()
    all: bool = False


_LISTS = ("streams", "dynamic_streams")
"""The lists of streams at the top of a manifest."""


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
    built = builder.build(resolved.tree, DeclarativeSource, (), frozenset()) or _needed(resolved, builder)
    if isinstance(built, DeclarativeSource):
        builder.problems = without_mapped(builder.problems, built)
        builder.portability = without_mapped(builder.portability, built)
    found = [_weighed(one) for one in (*_in_references(resolved), *_in_components(builder.problems))]
    unreadable = any(one.all and _is_error(one.problem) for one in found)
    source = built if isinstance(built, DeclarativeSource) and not unreadable else None
    found = [one if one.problem.position else one._replace(problem=located(one.problem)) for one in found]
    wrong = _wrong(source, found)
    names, broken = _streams(source, resolved, wrong)
    templates, useless = _templates(source, resolved, document, wrong)
    names, broken = (*names, *(name for name in useless if name not in names)), {**broken, **useless}
    return Connector(
        source,
        problems=_in_order([*document.notes, *(one.problem for one in found)]),
        file=document.file,
        streams=tuple(source.streams) if source else (),
        broken=broken,
        portability=_in_order(map(located, builder.portability)),
        stream_names=names,
        templates=templates,
        tree=resolved.tree,
    )


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


def _in_references(resolved: Resolved) -> Iterator[_LoadProblem]:
    """The problems with references and parameters, each with those who depend on it."""
    streams: dict[Path, set[Path]] = defaultdict(set)
    vital: set[Path] = set()
    if not resolved.problems:
        return
    for key, value in resolved.tree.items():
        if key in _LISTS and isinstance(value, list):
            for index in range(len(value)):
                for path in resolved.faults((key, index)):
                    streams[path].add((key, index))
        elif key not in _NOT_READ:
            vital |= resolved.faults((key,))
    nothing = not resolved.tree
    for problem in resolved.problems:
        yield _LoadProblem(problem, frozenset(streams[problem.path]), nothing or problem.path in vital)


def _in_components(problems: Iterable[Problem]) -> Iterator[_LoadProblem]:
    for problem in problems:
        match problem.path:
            case (key, int(index), *_) if key in _LISTS:
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


_Wrong = Mapping[Path, Mapping[Problem, None]]
"""What is wrong with streams that can't be read, by their list and index there."""


def _wrong(source: DeclarativeSource | None, found: Iterable[_LoadProblem]) -> _Wrong:
    wrong: dict[Path, dict[Problem, None]] = defaultdict(dict)
    for one in found:
        for place in one.streams:
            is_type = one.problem.path[2:] == ("type",)
            if _is_error(one.problem) or (source and is_type and isinstance(_at(source, place), Unsupported)):
                wrong[place][one.problem] = None
    return wrong


def _at(source: DeclarativeSource, place: Path) -> Component:
    """The component at a place in one of the lists of streams."""
    key, index = place
    assert isinstance(index, int)
    return source.streams[index] if key == "streams" else source.dynamic_streams[index]


def _streams(
    source: DeclarativeSource | None, resolved: Resolved, wrong: _Wrong
) -> tuple[tuple[str, ...], dict[str, tuple[Problem, ...]]]:
    """The names of the streams, and what is wrong with those that can't be read."""
    names: dict[str, None] = {}
    broken: dict[str, tuple[Problem, ...]] = {}
    for index, stream in enumerate(source.streams if source else ()):
        name = _name(stream, resolved, index)
        names[name] = None
        problems = dict(wrong.get(("streams", index), {}))
        if isinstance(stream, Unsupported) and not problems:
            message = f"Longhaul doesn't run streams of type `{stream.written_type}`"
            problems[Problem(message, resolved.origin(("streams", index)))] = None
        if problems:
            broken[name] = (*broken.get(name, ()), *problems)
    return tuple(names), broken


def _templates(
    source: DeclarativeSource | None, resolved: Resolved, document: Document, wrong: _Wrong
) -> tuple[tuple[StreamTemplate, ...], dict[str, tuple[Problem, ...]]]:
    """The templates of streams, and what is wrong with those that none can be made from."""
    templates: list[StreamTemplate] = []
    broken: dict[str, tuple[Problem, ...]] = {}
    for index, stream in enumerate(source.dynamic_streams if source else ()):
        problems = wrong.get(("dynamic_streams", index), {})
        name = template_name(stream, index)
        if isinstance(stream, DynamicDeclarativeStream) and not problems:
            templates.append(StreamTemplate(name, index, stream, resolved, document))
        else:
            broken[name] = (*broken.get(name, ()), *problems)
    return tuple(templates), broken


def without_mapped(problems: Iterable[Problem], source: DeclarativeSource) -> list[Problem]:
    """The problems without those of templates at places where a value is put before a stream is made of them."""

    def is_mapped(path: Path) -> bool:
        match path:
            case ("dynamic_streams", int(index), "stream_template", *rest) if rest:
                stream = source.dynamic_streams[index]
                if not isinstance(stream, DynamicDeclarativeStream):
                    return False
                resolver = stream.components_resolver
                return isinstance(resolver, Unsupported) or any(one.touches(tuple(rest)) for one in resolver.mappings)
        return False

    return [problem for problem in problems if not is_mapped(problem.path)]


def _name(stream: Stream, resolved: Resolved, index: int) -> str:
    """The name of a stream; its place where it has none."""
    written = resolved.tree["streams"][index]
    name = stream.name or (written.get("name") if isinstance(written, Mapping) else None)
    return name if isinstance(name, str) and name else show_path(("streams", index))


def _is_error(problem: Problem) -> bool:
    return problem.severity is Severity.ERROR


def _in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems in the order of the file."""

    def place(problem: Problem) -> tuple[int, int]:
        return (problem.position.line, problem.position.column) if problem.position else (0, 0)

    return tuple(sorted(dict.fromkeys(problems), key=place))
