"""Reads a stream once for each record of a parent stream."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from core.components.partition_routers.values import PARENT_SLICE, ValueRouter, ValueSource
from core.components.request_parts import RequestOption
from core.components.stream import ReadableStream
from core.levels import Level
from core.manifest.problems import Problem, Severity
from core.runtime.component import Component, Shown
from core.runtime.context import Context, text_of
from core.runtime.partitions import ChainedWalk, Parent, Seeds, Walk
from core.runtime.slices import StreamSlice
from core.templates import Template


class ParentStreamConfig(Component):
    """Says which parent stream is read, and what of its records is used."""

    label = "Parent stream"

    stream: ReadableStream = Field(title="Parent Stream", description="The stream whose records are the partitions.")
    parent_key: Template = Field(
        title="Parent Key",
        description="The field of parent records that is used, often `id`; a path is written `a/b`.",
    )
    partition_field: Template = Field(
        title="Current Parent Key Value Identifier",
        description="The name by which templates reach the value: stream_partition['name'].",
    )
    request_option: RequestOption | None = Field(
        None, title="Request Option", description="Where the value is put into requests."
    )
    incremental_dependency: bool = Field(
        False,
        title="Incremental Dependency",
        description="Reads only parents that changed since the last run; needs an incremental stream.",
    )
    extra_fields: Annotated[list[list[Template]], Shown(advanced=True)] = Field(
        default_factory=list,
        title="Extra Fields",
        description="Paths of more fields of parent records that templates may use.",
    )
    lazy_read_pointer: Annotated[list[Template], Shown(advanced=True)] = Field(
        default_factory=list,
        title="Lazy Read Pointer",
        description="Where parent records hold child records (kept; children are always requested).",
    )

    def lint(self) -> list[Problem]:
        """What of it has no effect."""
        if not self.lazy_read_pointer:
            return []
        message = "`lazy_read_pointer` has no effect: the child records of every parent are requested"
        return [Problem(message, ("lazy_read_pointer",), Severity.WARNING)]

    @property
    def stream_name(self) -> str:
        return self.stream.name

    def seed(self, state: Mapping[str, Any], context: Context) -> Mapping[str, Any]:
        """The state from which the parent is read when its child is read from `state`. Raises `ReadError`.

        Airbyte: the parent's own state; without one the child's global value; or the one value of an old state.
        """
        parents, shared = state.get("parent_state"), state.get("state")
        if isinstance(parents, Mapping) and isinstance(parents.get(self.stream_name), Mapping):
            seed: Mapping[str, Any] = parents[self.stream_name]
            return seed
        if isinstance(shared, Mapping):
            return shared
        values = list(state.values())
        is_old = len(values) == 1 and isinstance(values[0], (str, int, float)) and not isinstance(values[0], bool)
        field = self.stream.cursor_field(context) if is_old else None
        return {} if field is None else {field: values[0]}


class SubstreamPartitionRouter(ValueRouter):
    """Reads the stream once for each record of a parent stream, such as the comments of every post."""

    label = "Parent stream"

    parent_stream_configs: list[ParentStreamConfig] = Field(
        title="Parent Streams", description="The parent streams, read one after the other."
    )

    def lint(self) -> list[Problem]:
        """There is at least one parent."""
        if self.parent_stream_configs:
            return []
        return [Problem("there must be at least one parent stream", ("parent_stream_configs",))]

    def walk(self, context: Context, seeds: Seeds) -> Walk:
        return ChainedWalk([_ParentWalk(config, context, seeds) for config in self.parent_stream_configs])

    @property
    def sources(self) -> list[ValueSource]:
        return [
            ValueSource(
                config,
                ("parent_stream_configs", index),
                "partition_field",
                config.partition_field,
                config.request_option,
            )
            for index, config in enumerate(self.parent_stream_configs)
        ]

    @property
    def parents(self) -> Sequence[Parent]:
        return self.parent_stream_configs


class _ParentWalk(Walk):
    """A walk over the records of one parent; its state changes when a slice of it was read and the next one begins."""

    def __init__(self, config: ParentStreamConfig, context: Context, seeds: Seeds) -> None:
        super().__init__(self._each())
        self._config = config
        self._context = context
        self._records = context.run.read_parent(config.stream, context)
        if config.incremental_dependency:
            self._records.resume(seeds.get(config.stream_name))
        self._passed = 0

    @property
    def passed(self) -> int:
        """How many slices of the parent were begun."""
        return self._passed

    def states(self) -> dict[str, Any]:
        return {self._config.stream_name: self._records.state()} if self._config.incremental_dependency else {}

    async def _each(self) -> AsyncIterator[StreamSlice]:
        config, scope = self._config, self._context.scope(self._config)
        key = [part for part in text_of(config.parent_key, scope).split("/") if part]
        name = text_of(config.partition_field, scope)
        extra_paths = [[text_of(part, scope) for part in path] for path in config.extra_fields]
        current: StreamSlice | None = None
        without = with_key = 0
        async for slice_, record in self._records:
            if slice_ is not current:
                current, self._passed = slice_, self._passed + 1
            value = value_at(record, key)
            without, with_key = without + (value is None), with_key + (value is not None)
            if value is not None:
                yield StreamSlice(
                    partition={name: value, PARENT_SLICE: dict(slice_.partition)},
                    extra_fields={".".join(path): value_at(record, path) for path in extra_paths},
                )
        if without and not with_key:
            self._warn_of_missing(without, "/".join(key))

    def _warn_of_missing(self, records: int, key: str) -> None:
        """Say that nothing is read because no parent has the field that partitions are made of (Airbyte: silence)."""
        which = "The record" if records == 1 else f"None of the {records:,} records"
        has = "has nothing" if records == 1 else "has anything"
        hint = f" A path is written with slashes: `{key.replace('.', '/')}`." if "." in key else ""
        self._context.log(
            Level.WARNING,
            f"{which} of the parent stream `{self._config.stream_name}` {has} at `{key}`, the `parent_key`, so there "
            f"is nothing to read.{hint}",
        )


def value_at(record: Any, path: Sequence[str]) -> Any:
    """What is at a path of keys (and list indexes) in a record; None when there is nothing."""
    for part in path:
        if isinstance(record, Mapping):
            record = record.get(part)
        elif isinstance(record, list) and part.isdecimal() and int(part) < len(record):
            record = record[int(part)]
        else:
            return None
    return record
