"""Routers over other routers: several partitions read together, and the values of any of several routers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import Field

from core.components.partition_routers.values import (
    PARENT_SLICE,
    DistinctValues,
    ValueRouter,
    ValueSource,
    refused_options,
)
from core.errors import ReadError
from core.manifest.problems import Problem, Severity
from core.runtime.context import Context, text_of
from core.runtime.partitions import ChainedWalk, Parent, PartitionRouter, Seeds, Walk, extra_field_names
from core.runtime.slices import StreamSlice
from core.templates import Template


class GroupingPartitionRouter(PartitionRouter):
    """Reads the stream once for each group of partitions, for APIs that take several values in one request.

    Templates see a list of values: {{ stream_partition['name'] | join(',') }}.
    """

    lasting: ClassVar[bool] = False

    group_size: int = Field(
        ge=1, title="Group Size", description="How many partitions make a group; the last one may be smaller."
    )
    underlying_partition_router: ValueRouter = Field(
        title="Underlying Partition Router", description="The partition router whose partitions are grouped."
    )
    deduplicate: bool = Field(
        True, title="Deduplicate Partitions", description="Leaves out values that came up before, in any group."
    )

    def lint(self) -> list[Problem]:
        """A single value can't be put into the request for a group."""
        return refused_options(
            self.underlying_partition_router,
            ("underlying_partition_router",),
            "send the values of a group with a template, such as {{ stream_partition['name'] | join(',') }}",
        )

    def walk(self, context: Context, seeds: Seeds) -> Walk:
        """One partition for each group, given as soon as the group is full. Raises `ReadError`.

        Parents are read in order, so that the groups are the same in every read.
        """
        return _GroupWalk(self, self.underlying_partition_router.walk(replace(context, in_order=True), seeds))

    @property
    def parents(self) -> Sequence[Parent]:
        return self.underlying_partition_router.parents

    @classmethod
    def extra_field_names(cls, raw: Mapping[str, Any]) -> frozenset[str]:
        """Those of the router inside; each is a list."""
        return extra_field_names(raw.get("underlying_partition_router"))


class _GroupWalk(Walk):
    """A walk over groups. Until the next group is begun, the states are those from before the last one: a group may
    hold the last partitions of a parent's slice and the first ones of the next.
    """

    def __init__(self, router: GroupingPartitionRouter, single: Walk) -> None:
        super().__init__(self._groups())
        self._size = router.group_size
        self._seen = DistinctValues() if router.deduplicate else None
        self._single = single
        self._mark()

    @property
    def passed(self) -> int:
        """As it was before the last group."""
        return self._passed

    def states(self) -> dict[str, Any] | None:
        """As they were before the last group."""
        return self._states

    async def _groups(self) -> AsyncIterator[StreamSlice]:
        group: list[StreamSlice] = []
        async for partition in self._single:
            name = _name_of(partition)
            if self._seen is not None and not self._seen.add(partition[name]):
                continue
            if group and name not in group[0]:
                yield _joined(group)
                group = []
            if not group:
                self._mark()
            group.append(partition)
            if len(group) == self._size:
                yield _joined(group)
                group = []
        if group:
            yield _joined(group)
        self._mark()

    def _mark(self) -> None:
        self._passed, self._states = self._single.passed, self._single.states()


def _name_of(partition: StreamSlice) -> str:
    names = [name for name in partition.partition if name != PARENT_SLICE]
    if len(names) != 1:
        raise ReadError(f"Partitions can only be grouped when each has one value, but one has {len(names)}.")
    return names[0]


def _joined(group: Sequence[StreamSlice]) -> StreamSlice:
    names = dict.fromkeys(name for partition in group for name in partition.extra_fields)
    return StreamSlice(
        {name: [partition.partition.get(name) for partition in group] for name in group[0].partition},
        extra_fields={name: [partition.extra_fields.get(name) for partition in group] for name in names},
    )


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
        return [ValueSource(self, (), "partition_field", self.partition_field)]

    @property
    def parents(self) -> Sequence[Parent]:
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
        self._seen = DistinctValues()

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
