"""Reads a stream once for several partitions together."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import Field

from core.components.context import Context
from core.components.partition_routers.substream import ParentStreamConfig
from core.components.partition_routers.value_router import PARENT_SLICE, Seen, ValueRouter, refused_options
from core.components.partition_routers.walk import Seeds, Walk
from core.components.partition_routers.written import extra_field_names
from core.components.roles import PartitionRouter
from core.components.slices import StreamSlice
from core.errors import ReadError
from core.manifest.problems import Problem


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
    def parents(self) -> list[ParentStreamConfig]:
        """The parent streams of the router inside."""
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
        self._seen = Seen() if router.deduplicate else None
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
