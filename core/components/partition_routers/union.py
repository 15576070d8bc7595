"""Reads a stream once for each value that any of several routers gives."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import Field

from core.components.context import Context
from core.components.partition_routers.evaluation import text_of
from core.components.partition_routers.substream import ParentStreamConfig
from core.components.partition_routers.value_router import (
    PARENT_SLICE,
    Seen,
    ValueRouter,
    ValueSource,
    refused_options,
)
from core.components.partition_routers.walk import ChainedWalk, Seeds, Walk
from core.components.partition_routers.written import extra_field_names
from core.components.slices import StreamSlice
from core.errors import ReadError
from core.manifest.problems import Problem, Severity
from core.templates import Template


class UnionPartitionRouter(ValueRouter):
    """Reads the stream once for each value that any of several partition routers gives, whichever is first.

    All of them must give their values under the same name.
    """

    partition_field: Template = Field(
        title="Partition Field",
        description="The name by which templates reach the value: stream_partition['name']; that of all routers.",
    )
    partition_routers: list[ValueRouter] = Field(
        title="Partition Routers", description="The partition routers, two or more, walked one after the other."
    )

    def lint(self) -> list[Problem]:
        """There are two routers or more, and they agree on the name."""
        if len(self.partition_routers) < 2:
            return [Problem("a union needs at least two partition routers", ("partition_routers",))]
        return [*self._other_names(), *self._refused(), *self._parents_read_twice()]

    def walk(self, context: Context, seeds: Seeds) -> Walk:
        """One partition for each value. Raises `ReadError`.

        Parents are read in order, so that in every read the same one gives the extra fields of a value.
        """
        name = text_of(self.partition_field, context.scope(self))
        inner = replace(context, in_order=True)
        return _UnionWalk(name, [router.walk(inner, seeds) for router in self.partition_routers])

    @property
    def sources(self) -> list[ValueSource]:
        """The union itself."""
        return [ValueSource(self, (), "partition_field", self.partition_field)]

    @property
    def parents(self) -> list[ParentStreamConfig]:
        """The parent streams of all routers."""
        return [parent for router in self.partition_routers for parent in router.parents]

    @classmethod
    def extra_field_names(cls, raw: Mapping[str, Any]) -> frozenset[str]:
        """Those of all routers, and what else partitions of parent streams have."""
        return extra_field_names(raw.get("partition_routers")) | {PARENT_SLICE}

    def _other_names(self) -> list[Problem]:
        return [
            Problem(
                f"the union's values are named `{self.partition_field}`, so that must be the name here, too",
                ("partition_routers", index, *source.path, source.key),
            )
            for index, router in enumerate(self.partition_routers)
            for source in router.sources
            if source.name.constant and self.partition_field.constant and str(source.name) != str(self.partition_field)
        ]

    def _refused(self) -> list[Problem]:
        hint = "send the value with a template, such as {{ stream_partition['name'] }}"
        return [
            problem
            for index, router in enumerate(self.partition_routers)
            for problem in refused_options(router, ("partition_routers", index), hint)
        ]

    def _parents_read_twice(self) -> list[Problem]:
        names = [parent.stream_name for parent in self.parents if parent.incremental_dependency]
        return [
            Problem(
                f"the parent stream `{name}` is read more than once; only the progress of the last time is saved",
                ("partition_routers",),
                Severity.WARNING,
            )
            for name in dict.fromkeys(names)
            if names.count(name) > 1
        ]


class _UnionWalk(ChainedWalk):
    """Several walks, one after the other, each value only once."""

    def __init__(self, name: str, walks: list[Walk]) -> None:
        super().__init__(walks)
        self._name = name
        self._seen = Seen()

    async def _chained(self) -> AsyncIterator[StreamSlice]:
        async for partition in super()._chained():
            rest = dict(partition.partition)
            if self._name not in rest:
                names = ", ".join(f"`{name}`" for name in rest if name != PARENT_SLICE)
                raise ReadError(
                    f"The partition routers of a union must all name their values `{self._name}`, but one of them "
                    f"names them {names}."
                )
            value = rest.pop(self._name)
            if self._seen.add(value):
                yield StreamSlice({self._name: value}, extra_fields={**partition.extra_fields, **rest})
