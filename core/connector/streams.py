"""The streams of a manifest, each with what is wrong with it and what it depends on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.components.conditional_streams import ConditionalStreams
from core.components.source import DeclarativeSource
from core.components.stream import BrokenStream, Stream
from core.manifest.problems import Path, Problem, Severity, show_path
from core.manifest.resolver import Resolved
from core.runtime.component import Unsupported
from core.templates import TemplateError, in_doubt


@dataclass(frozen=True, slots=True)
class StreamCondition:
    """What a stream depends on. `here` makes a problem of a sentence: it stands where the condition is written."""

    streams: ConditionalStreams
    here: Problem

    def holds(self, config: Mapping[str, Any], warn: Callable[[Problem], None]) -> bool:
        """Whether the stream is there for these inputs; `warn` takes that it is in doubt. Raises `TemplateError`."""

        def doubt(problem: TemplateError) -> None:
            message = in_doubt(problem, "its streams are there")
            warn(replace(self.here, message=message, severity=Severity.WARNING))

        return self.streams.holds(config, doubt)

    @property
    def place(self) -> str:
        """Where the condition is written, and what it says."""
        line = f"line {self.here.position.line}: " if self.here.position else ""
        return f"{line}{self.streams.condition.source}"


@dataclass(frozen=True, slots=True)
class StreamEntry:
    """A stream at a path of the resolved manifest, and the problems that keep it from being read."""

    path: Path
    name: str
    stream: Stream
    problems: tuple[Problem, ...] = ()
    condition: StreamCondition | None = None

    def for_inputs(self, config: Mapping[str, Any], warn: Callable[[Problem], None]) -> StreamEntry | None:
        """The stream as it is for these inputs; None where it is not there. `warn` takes that it is in doubt."""
        if self.condition is None:
            return self
        try:
            holds = self.condition.holds(config, warn)
        except TemplateError as error:
            message = f"it can't be said whether the stream is there: {error}"
            problem = replace(self.condition.here, message=message)
            return replace(self, problems=(*self.problems, problem), condition=None)
        return replace(self, condition=None) if holds else None


@dataclass(frozen=True, slots=True)
class Listed:
    """Streams by their order and by their names; `broken` are the problems of those that can't be read."""

    streams: tuple[Stream, ...]
    names: tuple[str, ...]
    broken: Mapping[str, tuple[Problem, ...]]

    @classmethod
    def of(cls, entries: Iterable[StreamEntry]) -> Listed:
        entries = tuple(entries)
        broken: dict[str, tuple[Problem, ...]] = {}
        for entry in entries:
            if entry.problems:
                broken[entry.name] = (*broken.get(entry.name, ()), *entry.problems)
        names = dict.fromkeys(entry.name for entry in entries)
        return cls(tuple(entry.stream for entry in entries), tuple(names), broken)


@dataclass(frozen=True, slots=True)
class StreamPlaces:
    """Where the streams of a resolved manifest are: their paths, each with that of the condition around it."""

    around: Mapping[Path, Path | None]

    @classmethod
    def of(cls, tree: Mapping[str, Any]) -> StreamPlaces:
        return cls(dict(_places(tree)))

    def at(self, path: Path) -> frozenset[Path]:
        """The streams that something at a path is about; those under a condition, if it is about the condition."""
        for length in (4, 2):
            if path[:length] in self.around:
                return frozenset({path[:length]})
        return frozenset(place for place, around in self.around.items() if around is not None and path[:2] == around)


def _places(tree: Mapping[str, Any]) -> Iterator[tuple[Path, Path | None]]:
    written = tree.get("streams")
    for index, one in enumerate(written if isinstance(written, list) else ()):
        path: Path = ("streams", index)
        if not isinstance(one, Mapping) or one.get("type") != ConditionalStreams.__name__:
            yield path, None
        elif isinstance(one.get("streams"), list) and one["streams"]:
            yield from (((*path, "streams", inner), path) for inner in range(len(one["streams"])))


def stream_entries(
    source: DeclarativeSource,
    resolved: Resolved,
    problems: Mapping[Path, Iterable[Problem]],
    located: Callable[[Problem], Problem],
) -> Iterator[StreamEntry]:
    """The streams of a source in the order of the manifest. `problems` are those about each, warnings included;
    `located` says where in the document a problem of the resolved manifest is.
    """
    for path, around in StreamPlaces.of(resolved.tree).around.items():
        stream, condition = _built(source, path), None
        if around is not None:
            parent = source.streams[int(around[1])]
            if isinstance(parent, ConditionalStreams):
                condition = StreamCondition(parent, located(Problem("", (*around, "condition"))))
        wrong = [one for one in problems.get(path, ()) if _keeps_from_reading(one, stream, resolved.origin(path))]
        if isinstance(stream, Unsupported) and not wrong:
            message = f"Longhaul doesn't run streams of type `{stream.written_type}`"
            wrong = [Problem(message, resolved.origin(path))]
        yield StreamEntry(path, _name(stream, resolved, path), stream, tuple(dict.fromkeys(wrong)), condition)


def _built(source: DeclarativeSource, path: Path) -> Stream:
    """The stream at a path; a broken one where what is around it can't be built."""
    found = source.streams[int(path[1])]
    if isinstance(found, ConditionalStreams):
        return found.streams[int(path[3])]
    return found if len(path) == 2 else BrokenStream()


def _keeps_from_reading(problem: Problem, stream: Stream, origin: Path) -> bool:
    """A stream of an unknown type is kept, with a warning, but can't be read."""
    is_of_type = problem.path == (*origin, "type") and isinstance(stream, Unsupported)
    return problem.severity is Severity.ERROR or is_of_type


def _name(stream: Stream, resolved: Resolved, path: Path) -> str:
    """The name of a stream; its place where it has none."""
    written = resolved.value(path)
    name = stream.name or (written.get("name") if isinstance(written, Mapping) else None)
    return name if isinstance(name, str) and name else show_path(path)
