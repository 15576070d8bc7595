"""Reads a stream once for each record of a parent stream."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from core.components.base import Component, Shown
from core.components.context import Context
from core.components.partition_routers.evaluation import text_of
from core.components.partition_routers.list_router import inject_partition
from core.components.partition_routers.parents import ParentRead, ParentRecord
from core.components.request_options import RequestOption
from core.components.roles import PartitionRouter
from core.components.slices import StreamSlice
from core.components.stream import Stream
from core.http.request import Draft
from core.manifest.problems import Problem
from core.templates import Template


class ParentStreamConfig(Component):
    """Says which parent stream is read, and what of its records is used."""

    label = "Parent stream"

    stream: Stream = Field(title="Parent Stream", description="The stream whose records are the partitions.")
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

    @property
    def stream_name(self) -> str:
        """The name of the parent stream."""
        return str(getattr(self.stream, "name", ""))


class SubstreamPartitionRouter(PartitionRouter):
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

    def partitions(self, context: Context) -> AsyncIterator[StreamSlice]:
        """One partition for each parent record that has the key. Raises `ReadError`."""
        return ParentWalk(self, context, {}).partitions()

    def fill(self, draft: Draft, slice_: StreamSlice, variables: Mapping[str, Any]) -> None:
        """Add the values where the parents' request options say."""
        for config in self.parent_stream_configs:
            if config.request_option is not None:
                name = text_of(config.partition_field, {**variables, "parameters": config.parameters})
                inject_partition(config.request_option, draft, slice_.get(name), variables)


class ParentWalk:
    """One walk over the records of a router's parents.

    `seeds` holds, by name, the states from which parents with `incremental_dependency` are read. `passed`
    counts the slices of such parents that were begun: `states()` changes only when it does.
    """

    def __init__(
        self, router: SubstreamPartitionRouter, context: Context, seeds: Mapping[str, Mapping[str, Any]]
    ) -> None:
        self._context = context
        self._configs = router.parent_stream_configs
        self._reads = [context.run.read_parent(config.stream, context) for config in self._configs]
        self._tracked: dict[str, ParentRead] = {}
        for config, read in zip(self._configs, self._reads, strict=True):
            if config.incremental_dependency:
                read.resume(seeds.get(config.stream_name))
                self._tracked[config.stream_name] = read
        self.passed = 0

    async def partitions(self) -> AsyncIterator[StreamSlice]:
        """The partitions, while the parents are read."""
        for config, read in zip(self._configs, self._reads, strict=True):
            async for partition in self._partitions_of(config, read):
                yield partition

    def states(self) -> dict[str, Any]:
        """The states of the parents with `incremental_dependency`, by name."""
        return {name: read.state() for name, read in self._tracked.items()}

    async def _partitions_of(
        self, config: ParentStreamConfig, records: AsyncIterator[ParentRecord]
    ) -> AsyncIterator[StreamSlice]:
        scope = self._context.scope(config)
        key = [part for part in text_of(config.parent_key, scope).split("/") if part]
        name = text_of(config.partition_field, scope)
        extra_paths = [[text_of(part, scope) for part in path] for path in config.extra_fields]
        current: StreamSlice | None = None
        async for slice_, record in records:
            if config.stream_name in self._tracked and slice_ is not current:
                current, self.passed = slice_, self.passed + 1
            value = value_at(record, key)
            if value is not None:
                yield StreamSlice(
                    partition={name: value, "parent_slice": dict(slice_.partition)},
                    extra_fields={".".join(path): value_at(record, path) for path in extra_paths},
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
