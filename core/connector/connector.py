"""The connector: what a manifest means, ready to be read, and everything that is wrong with it.

A problem in one stream keeps no other from being read; one in what no read needs keeps none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from core.components.config_normalization import ConfigNormalizationRules
from core.components.custom.base import CustomComponent
from core.components.source import DeclarativeSource
from core.components.stream import DeclarativeStream, Stream
from core.connector.building import TreeBuilder
from core.custom.host import CustomHost
from core.custom.permission import CustomCode
from core.http.secrets import Secrets
from core.inputs import secret_values
from core.manifest.document import Document
from core.manifest.problems import Path, Problem, Severity, show_path
from core.manifest.resolver import Resolved, resolve_manifest
from core.runtime.component import Component, Unsupported


@dataclass(frozen=True)
class Connector:
    """A resolved, validated, immutable manifest.

    `source` is None when the manifest is so broken that nothing can be read. `problems` are all that were found, with
    paths of the raw document, in the order of the file; `portability` are warnings of what Airbyte would refuse or
    ignore though it works here. `stream_names` are those that can be asked for, in the order of the manifest, also
    those of `broken` streams, which come with the problems that keep each from being read.
    """

    source: DeclarativeSource | None
    problems: tuple[Problem, ...]
    file: str | None = None
    broken: Mapping[str, tuple[Problem, ...]] = field(default_factory=dict)
    portability: tuple[Problem, ...] = ()
    stream_names: tuple[str, ...] = ()
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
    def streams(self) -> tuple[Stream, ...]:
        """The streams, in the order of the manifest."""
        return tuple(self.source.streams) if self.source else ()

    def readable(self, names: Iterable[str] | None = None) -> bool:
        """Whether any of these streams (None: of all) can be read."""
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


_NOT_READ = frozenset({"version", "description", "check", "dynamic_streams", "stream_groups", "metadata"})
"""Fields at the top of a manifest that no read needs."""


class _LoadProblem(NamedTuple):
    """A problem, with the streams that it keeps from being read; `all`: every one."""

    problem: Problem
    streams: frozenset[int] = frozenset()
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
    found = [_weighed(one) for one in (*_in_references(resolved), *_in_components(builder.problems))]
    unreadable = any(one.all and _is_error(one.problem) for one in found)
    source = built if isinstance(built, DeclarativeSource) and not unreadable else None
    found = [one if one.problem.position else one._replace(problem=located(one.problem)) for one in found]
    names, broken = _streams(source, resolved, found)
    return Connector(
        source,
        problems=_in_order([*document.notes, *(one.problem for one in found)]),
        file=document.file,
        broken=broken,
        portability=_in_order(map(located, builder.portability)),
        stream_names=names,
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
    streams: dict[Path, set[int]] = defaultdict(set)
    vital: set[Path] = set()
    if not resolved.problems:
        return
    for key, value in resolved.tree.items():
        if key == "streams" and isinstance(value, list):
            for index in range(len(value)):
                for path in resolved.faults((key, index)):
                    streams[path].add(index)
        elif key not in _NOT_READ:
            vital |= resolved.faults((key,))
    nothing = not resolved.tree
    for problem in resolved.problems:
        yield _LoadProblem(problem, frozenset(streams[problem.path]), nothing or problem.path in vital)


def _in_components(problems: Iterable[Problem]) -> Iterator[_LoadProblem]:
    for problem in problems:
        match problem.path:
            case ("streams", int(index), *_):
                yield _LoadProblem(problem, frozenset({index}))
            case (key, *_) if key in _NOT_READ:
                yield _LoadProblem(problem)
            case _:
                yield _LoadProblem(problem, all=True)


def _weighed(found: _LoadProblem) -> _LoadProblem:
    """A problem that keeps nothing from being read is no error."""
    if found.all or found.streams:
        return found
    return found._replace(problem=replace(found.problem, severity=Severity.WARNING))


def _streams(
    source: DeclarativeSource | None, resolved: Resolved, found: Iterable[_LoadProblem]
) -> tuple[tuple[str, ...], dict[str, tuple[Problem, ...]]]:
    """The names of the streams, and what is wrong with those that can't be read."""
    wrong: dict[int, dict[Problem, None]] = defaultdict(dict)
    for one in found:
        for index in one.streams:
            is_type = one.problem.path[2:] == ("type",)
            if _is_error(one.problem) or (source and is_type and isinstance(source.streams[index], Unsupported)):
                wrong[index][one.problem] = None
    names: dict[str, None] = {}
    broken: dict[str, tuple[Problem, ...]] = {}
    for index, stream in enumerate(source.streams if source else ()):
        name = _name(stream, resolved, index)
        names[name] = None
        if isinstance(stream, Unsupported) and not wrong[index]:
            message = f"Longhaul doesn't run streams of type `{stream.written_type}`"
            wrong[index][Problem(message, resolved.origin(("streams", index)))] = None
        if wrong[index]:
            broken[name] = (*broken.get(name, ()), *wrong[index])
    return tuple(names), broken


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
