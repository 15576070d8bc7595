"""The top level of a manifest: streams, inputs, the connection check and limits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from core.components.api_budget import HTTPAPIBudget, whole_number
from core.components.conditional_streams import ConditionalStreams
from core.components.config_normalization import ConfigNormalizationRules
from core.components.dynamic import DynamicStream, template_name
from core.components.stream import ReadableStream, Stream
from core.components.stream_groups import StreamGroup, conflicts
from core.http.budget import Budget
from core.manifest.problems import Path, Problem, Severity, closest
from core.runtime.component import Component, Shown
from core.templates import Template

DEFAULT_JOB_BUDGET = 4
"""Asynchronous jobs that run side by side when the manifest does not say; Airbyte runs one."""
DEFAULT_CONCURRENCY = 2
"""Slices of a synchronous stream that are read side by side when the manifest does not say (Airbyte: 2)."""


class Check(Component, role=True):
    """How a connection is checked."""

    def lint_in(self, streams: Sequence[str], templates: Sequence[str]) -> list[Problem]:
        """What is wrong with it in a connector of these streams and templates; paths are relative to the check."""
        return []


class DynamicStreamCheckConfig(Component):
    """How many of the streams that are made from a template are read by the check."""

    label = "Dynamic stream"

    dynamic_stream_name: str = Field(title="Dynamic Stream", description="The name of the dynamic stream.")
    stream_count: int | None = Field(
        None, ge=1, title="Stream Count", description="How many of its streams are read; all of them by default."
    )


class CheckStream(Check):
    """Checks the connection by reading the first record of the named streams."""

    label = "Named streams"

    stream_names: list[str] = Field(
        default_factory=list, title="Streams", description="Streams that are read by the check."
    )
    dynamic_streams_check_configs: Annotated[list[DynamicStreamCheckConfig], Shown(advanced=True)] = Field(
        default_factory=list,
        title="Dynamic streams",
        description="Dynamic streams that are read by the check.",
    )
    config_overrides: Annotated[dict[str, Any] | None, Shown(advanced=True)] = Field(
        None, title="Config overrides", description="Inputs that have other values during the check."
    )

    def lint_in(self, streams: Sequence[str], templates: Sequence[str]) -> list[Problem]:
        problems = []
        for index, wanted in enumerate(self.dynamic_streams_check_configs):
            if (name := wanted.dynamic_stream_name) not in templates:
                guess = closest(name, templates)
                place = ("dynamic_streams_check_configs", index, "dynamic_stream_name")
                message = f"the check names `{name}`, but no dynamic stream has that name"
                hint = f"did you mean `{guess}`?" if guess else None
                problems.append(Problem(message, place, Severity.WARNING, hint))
        for index, name in enumerate(self.stream_names):
            if name not in streams and not templates:  # it may be one that is made from them
                guess = closest(name, streams)
                message = f"the check names `{name}`, but no stream has that name"
                hint = f"did you mean `{guess}`?" if guess else None
                problems.append(Problem(message, ("stream_names", index), Severity.WARNING, hint))
        return problems


class CheckDynamicStream(Check):
    """Checks the connection by reading the first record of streams that are made from templates."""

    label = "Streams made from templates"

    stream_count: int = Field(title="Stream Count", description="How many of the streams are read by the check.")
    use_check_availability: Annotated[bool, Shown(advanced=True)] = Field(
        True, title="Use Check Availability", description="Also ask for a record, not only whether there are streams."
    )
    config_overrides: Annotated[dict[str, Any] | None, Shown(advanced=True)] = Field(
        None, title="Config overrides", description="Inputs that have other values during the check."
    )


class Spec(Component):
    """The inputs that a user of the connector gives."""

    connection_specification: dict[str, Any] = Field(
        title="Inputs", description="A JSON Schema: one property for each input."
    )
    documentation_url: str | None = Field(
        None, title="Documentation URL", description="Where the connector is described."
    )
    advanced_auth: Annotated[dict[str, Any] | None, Shown(advanced=True)] = Field(
        None, title="Advanced Auth", description="How a platform obtains OAuth consent."
    )
    config_normalization_rules: Annotated[ConfigNormalizationRules | None, Shown(advanced=True)] = Field(
        None, title="Config Normalization", description="What is done with the inputs before a run."
    )


class ConcurrencyLevel(Component):
    """How many slices are read side by side."""

    default_concurrency: int | Template = Field(
        title="Default concurrency", description="Slices of synchronous streams that are read side by side."
    )
    max_concurrency: int | None = Field(
        None, title="Maximum", description="Upper limit when the concurrency comes from an input."
    )


class DeclarativeSource(Component):
    """A connector: its streams, its inputs and how a connection is checked."""

    version: str = Field("", title="Version", description="The version of the manifest format.")
    description: str | None = Field(None, title="Description", description="What the connector reads.")
    check: Check | None = Field(None, title="Check", description="How a connection is checked.")
    streams: list[Stream | ConditionalStreams] = Field(
        default_factory=list, title="Streams", description="The streams."
    )
    dynamic_streams: Annotated[list[DynamicStream], Shown(advanced=True)] = Field(
        default_factory=list,
        title="Dynamic streams",
        description="Streams that are made from templates.",
    )
    definitions: Annotated[dict[str, Any], Shown(advanced=True)] = Field(
        default_factory=dict, title="Definitions", description="Parts that streams share by reference."
    )
    schemas: Annotated[dict[str, Any], Shown(advanced=True)] = Field(
        default_factory=dict, title="Schemas", description="JSON Schemas that streams refer to."
    )
    spec: Spec | None = Field(None, title="Inputs", description="The inputs that a user of the connector gives.")
    concurrency_level: ConcurrencyLevel | None = Field(
        None, title="Concurrency", description="How many slices are read side by side."
    )
    max_concurrent_async_job_count: Annotated[int | Template | None, Shown(unset=str(DEFAULT_JOB_BUDGET))] = Field(
        None,
        title="Job budget",
        description="Asynchronous jobs that run side by side on the API, over all streams.",
    )
    api_budget: Annotated[HTTPAPIBudget | None, Shown(unset="No limit")] = Field(
        None,
        title="API budget",
        description="How many requests may be sent in a given time, over all streams; they wait for their turn.",
    )
    stream_groups: Annotated[dict[str, StreamGroup], Shown(advanced=True)] = Field(
        default_factory=dict, title="Stream groups", description="Streams that are not read at the same time, by group."
    )
    metadata: Annotated[dict[str, Any], Shown(advanced=True)] = Field(
        default_factory=dict, title="Metadata", description="Notes of tools; a read ignores them."
    )

    @property
    def input_rules(self) -> ConfigNormalizationRules | None:
        """What is done with the inputs before a run."""
        return self.spec.config_normalization_rules if self.spec else None

    @property
    def connection_specification(self) -> Mapping[str, Any]:
        """The JSON Schema of the inputs; empty when the manifest has none."""
        return self.spec.connection_specification if self.spec else {}

    def job_budget(self, config: Mapping[str, Any]) -> int:
        """Jobs that may run side by side, at least one. Raises `TemplateError`."""
        count = self.max_concurrent_async_job_count
        return max(1, DEFAULT_JOB_BUDGET if count is None else whole_number(count, config) or DEFAULT_JOB_BUDGET)

    def rate_budget(self, config: Mapping[str, Any], parts: int = 1) -> Budget:
        """The calls that may be made, where `parts` processes share them evenly.

        Raises `TemplateError`, `InputError`, and `ReadError` for what Longhaul doesn't run.
        """
        return self.api_budget.budget(config, parts) if self.api_budget else Budget()

    def concurrency(self, config: Mapping[str, Any]) -> int:
        """Slices of a synchronous stream that are read side by side, at least one. Raises `TemplateError`."""
        if self.concurrency_level is None:
            return DEFAULT_CONCURRENCY
        level = self.concurrency_level
        wanted = whole_number(level.default_concurrency, config) or DEFAULT_CONCURRENCY
        return max(1, min(wanted, level.max_concurrency or wanted))

    def lint(self) -> list[Problem]:
        """Stream names are unique, the check names streams that exist, and there is something to read."""
        return [*self._lint_names(), *self._lint_check(), *self._lint_presence(), *self._lint_groups()]

    @property
    def _names(self) -> list[str]:
        """The name of each stream; empty for one without."""
        return [stream.name for _, stream in self._placed]

    @property
    def _placed(self) -> Iterator[tuple[Path, Stream]]:
        """Each stream with its path, also those that are there for some inputs only."""
        for index, one in enumerate(self.streams):
            if isinstance(one, ConditionalStreams):
                yield from ((("streams", index, "streams", inner), stream) for inner, stream in enumerate(one.streams))
            else:
                yield ("streams", index), one

    def _lint_names(self) -> Iterator[Problem]:
        """Streams under different conditions may share a name: which of them are there, only the inputs say."""
        seen: dict[str, set[Path]] = defaultdict(set)
        for path, stream in self._placed:
            around, others = path[:2] if len(path) > 2 else (), seen[stream.name]
            if stream.name and others and (not around or around in others or () in others):
                yield Problem(f"another stream is named `{stream.name}` already", (*path, "name"))
            others.add(around)

    def _lint_check(self) -> Iterator[Problem]:
        if self.check is not None and all(self._names):
            templates = [template_name(one, index) for index, one in enumerate(self.dynamic_streams)]
            yield from (problem.below("check") for problem in self.check.lint_in(self._names, templates))

    def _lint_presence(self) -> Iterator[Problem]:
        if not self.streams and not self.dynamic_streams:
            yield Problem("the manifest has no `streams`", ("streams",))
        if self.check is None:
            yield Problem("Airbyte needs a `check`", ("check",), severity=Severity.WARNING)
        if not self.version:
            yield Problem("Airbyte needs a `version`", ("version",), severity=Severity.WARNING)

    def _lint_groups(self) -> Iterator[Problem]:
        """A group names streams that there are, and no stream with its parent."""
        if not self.stream_groups:
            return
        streams = {stream.name: stream for _, stream in self._placed}
        for group, content in self.stream_groups.items():
            for index, name in enumerate(content.names):
                path, stream = ("stream_groups", group, "streams", index), streams.get(name)
                if stream is None and not self.dynamic_streams:
                    yield Problem(f"no stream is named `{name}`", path, Severity.WARNING)
                elif isinstance(stream, ReadableStream):
                    yield from (problem.below(*path) for problem in conflicts(stream, content, streams))
