"""The connector: what a manifest means, ready to be read, and everything that is wrong with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from core.components.config_normalization import ConfigNormalizationRules
from core.components.custom.base import HOW_TO_ALLOW, CustomComponent
from core.components.source import DeclarativeSource
from core.components.stream import ReadableStream, Stream
from core.connector.streams import Listed, StreamCondition, StreamEntry
from core.connector.templates import Made, MadeStream, StreamTemplate, assembled
from core.custom.host import CustomHost
from core.custom.permission import CustomCode
from core.errors import InputError
from core.http.secrets import Secrets
from core.inputs import secret_values
from core.manifest.problems import Path, Problem, Severity, closest, in_order
from core.runtime.component import Component, Unsupported
from core.wording import listed


@dataclass(frozen=True)
class Connector:
    """A resolved, validated, immutable manifest.

    `source` is None when the manifest is so broken that nothing can be read. `problems` are all that were found, with
    paths of the raw document, in the order of the file; `portability` are warnings of what Airbyte would refuse or
    ignore though it works here. `streams` are in the order of the manifest. `stream_names` are those that can be asked
    for, also those of `broken` streams, which come with the problems that keep each from being read. `entries` are
    where all that comes from; `left_out` are the streams that the inputs leave out, with the condition that says so;
    `doubts` are the warnings of conditions that only count as true.

    Of `templates`, streams are made when there are inputs; `made` is what came of that, None as long as none were made,
    and `made_streams` are the names by template. `unmade` are templates of which it is not known what streams they
    give; these stand among the broken streams themselves.

    `tree` is what is written, references and parameters resolved. `custom` is the code of custom components that may
    run; None: none may.
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
    doubts: tuple[Problem, ...] = ()
    _sources: Mapping[str, MadeStream] = field(default_factory=dict, repr=False)
    tree: Mapping[str, Any] = field(default_factory=dict, repr=False)
    custom: CustomCode | None = None

    @property
    def custom_components(self) -> tuple[CustomComponent, ...]:
        """The components that are Python code for Airbyte."""
        parts = self.source.tree() if self.source else ()
        return tuple(part for part in parts if isinstance(part, CustomComponent))

    def allowing(self, code: CustomCode | None) -> Connector:
        """The connector with custom code that may run: nothing is said of its permission any more."""
        return self if code is None else replace(self, custom=code, problems=_allowed(self.problems))

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
        doubts: list[Problem] = []
        entries = [there for entry in self.entries if (there := entry.for_inputs(config, doubts.append)) is not None]
        conditions = {entry.name: entry.condition for entry in self.entries if entry.condition}
        left_out = {name: condition for name, condition in conditions.items() if name not in _names(entries)}
        return replace(
            self.listing(_with_own_names(entries)),
            problems=in_order([*self.problems, *doubts]),
            doubts=in_order(doubts),
            left_out={**self.left_out, **left_out},
        )

    def listing(self, entries: Iterable[StreamEntry]) -> Connector:
        """The connector with these streams."""
        entries = tuple(entries)
        found = Listed.of(entries)
        return replace(self, entries=entries, streams=found.streams, stream_names=found.names, broken=found.broken)

    @property
    def to_be_made(self) -> tuple[StreamTemplate, ...]:
        """The templates from which no streams were made yet."""
        return self.templates if self.made is None else ()

    def with_made(self, made: Made, mask: Callable[[str], str]) -> Connector:
        """The connector with the streams that were made of its templates, behind its own.

        `mask` takes the secrets out of what is said about them.
        """
        others = {entry.name: entry.stream for entry in self.entries}
        groups = self.source.stream_groups if self.source else {}
        found = assembled(self.templates, made, others, groups, mask)
        errors = (problem for entry in found.entries for problem in entry.problems)
        warnings = found.warnings if self.custom is None else _allowed(found.warnings)
        return replace(
            self.listing([*self.entries, *found.entries]),
            problems=in_order([*self.problems, *warnings, *errors]),
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
        return self.listing(
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
        unmade = "".join(f" {str(problem).rstrip('.')}." for one in self.unmade for problem in self.broken[one])
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
    def input_rules(self) -> InputRules | None:
        """What is done with the inputs before a run; None when nothing is."""
        rules = self.source.input_rules if self.source else None
        return None if rules is None else InputRules(rules, self)

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


def _allowed(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems that there are when custom code may run."""
    return tuple(problem for problem in problems if problem.hint != HOW_TO_ALLOW)


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
