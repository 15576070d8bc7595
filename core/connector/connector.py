"""The connector: what a manifest means, ready to be read, and everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.components.config_normalization import ConfigNormalizationRules
from core.components.source import DeclarativeSource
from core.components.stream import DeclarativeStream, Stream
from core.manifest.problems import Problem, Severity
from core.runtime.component import Unsupported


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
        """The declared JSON Schema of a stream's records; empty when there is none, and for a broken stream."""
        return {} if name in self.broken else self.stream(name).json_schema


def unsupported_in(stream: DeclarativeStream) -> tuple[str, ...]:
    """What a stream uses that Longhaul does not run: the component types as written."""
    return tuple(sorted({part.written_type for part in stream.tree() if isinstance(part, Unsupported)}))
