"""The connector: what a manifest means, ready to be read, and everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from core.components.base import Unsupported
from core.components.config_normalization import ConfigNormalizationRules
from core.components.manifest import DeclarativeSource
from core.components.stream import DeclarativeStream, Stream
from core.connector.building import TreeBuilder, walk
from core.manifest.document import Document
from core.manifest.expand import expand
from core.manifest.problems import Problem, Severity


@dataclass(frozen=True)
class Connector:
    """A resolved, validated, immutable manifest.

    `source` is None when the manifest is so broken that nothing can be read. `problems` are all that were found, with
    paths of the raw document, in the order of the file.
    """

    source: DeclarativeSource | None
    problems: tuple[Problem, ...]
    file: str | None = None

    @property
    def usable(self) -> bool:
        """Whether there are no errors (warnings are allowed)."""
        return self.source is not None and not any(problem.severity is Severity.ERROR for problem in self.problems)

    @property
    def streams(self) -> tuple[Stream, ...]:
        """The streams, in the order of the manifest."""
        return tuple(self.source.streams) if self.source else ()

    @property
    def stream_names(self) -> tuple[str, ...]:
        """The names of the streams that can be asked for."""
        return tuple(stream.name for stream in self.streams if isinstance(stream, DeclarativeStream))

    @property
    def connection_specification(self) -> Mapping[str, Any]:
        """The JSON Schema of the inputs; empty when the manifest has none."""
        return self.source.connection_specification if self.source else {}

    @property
    def input_rules(self) -> ConfigNormalizationRules | None:
        """What is done with the inputs before a run; None when nothing is."""
        return self.source.input_rules if self.source else None

    def stream(self, name: str) -> DeclarativeStream:
        """The stream of this name. Raises `KeyError`."""
        for stream in self.streams:
            if isinstance(stream, DeclarativeStream) and stream.name == name:
                return stream
        raise KeyError(name)

    def schema(self, name: str) -> Mapping[str, Any]:
        """The declared JSON Schema of a stream's records; empty when there is none."""
        return self.stream(name).json_schema


def unsupported_in(stream: DeclarativeStream) -> tuple[str, ...]:
    """What a stream uses that Longhaul does not run: the component types as written."""
    return tuple(sorted({part.written_type for part in walk(stream) if isinstance(part, Unsupported)}))


def load_connector(document: Document) -> Connector:
    """Resolve and validate a document. Never raises for what is written in it: see `Connector.problems`."""
    expanded = expand(document)
    builder = TreeBuilder()
    source = builder.build(expanded.tree, DeclarativeSource, (), frozenset())
    own = (replace(problem, path=expanded.origin(problem.path)) for problem in builder.problems)
    found = [*expanded.problems, *own]
    located = [
        replace(problem, position=problem.position or document.position(problem.path), file=document.file)
        for problem in dict.fromkeys(found)
    ]
    located.sort(key=lambda problem: (problem.position.line, problem.position.column) if problem.position else (0, 0))
    return Connector(source if isinstance(source, DeclarativeSource) else None, tuple(located), document.file)
