"""The partitions of a stream: those of its one router, or the product of several."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from itertools import product
from typing import Any

from core.components.base import Unsupported
from core.components.context import Context
from core.components.partition_routers.substream import ParentWalk, SubstreamPartitionRouter
from core.components.roles import PartitionRouter
from core.components.slices import StreamSlice
from core.errors import ReadError
from core.http.request import Draft


class Partitions:
    """The partitions of a stream for one read. Without a router there is one, which is empty.

    Raises `ReadError` for a router of a type that Longhaul does not run.
    """

    def __init__(self, written: PartitionRouter | Sequence[PartitionRouter] | None, context: Context) -> None:
        self.routers = _as_list(written)
        self._context = context
        for router in self.routers:
            if isinstance(router, Unsupported):
                raise ReadError(f"Longhaul can't run partition routers of type {router.written_type}.")

    @property
    def substreams(self) -> list[SubstreamPartitionRouter]:
        """The routers that read parent streams."""
        return [router for router in self.routers if isinstance(router, SubstreamPartitionRouter)]

    def walk(self, seeds: Mapping[str, Mapping[str, Any]]) -> ParentWalk | None:
        """A walk that knows the states of the parents.

        None when there are no parents, and for several routers (Airbyte: parent state is not tracked then).
        """
        only = self.routers[0] if len(self.routers) == 1 else None
        return ParentWalk(only, self._context, seeds) if isinstance(only, SubstreamPartitionRouter) else None

    async def each(self) -> AsyncIterator[StreamSlice]:
        """The partitions, lazily; of a product the last router varies fastest. Raises `ReadError`."""
        if not self.routers:
            yield StreamSlice()
            return
        first, *others = self.routers
        rest: list[tuple[StreamSlice, ...]] | None = None
        async for partition in first.partitions(self._context):
            if rest is None:
                rest = list(product(*[await self._all(router) for router in others]))
            for combination in rest:
                yield _join((partition, *combination))

    def fill(self, draft: Draft, slice_: StreamSlice, variables: Mapping[str, Any]) -> None:
        """Add to a request what the routers add; where two add the same thing, the first one wins."""
        if len(self.routers) == 1:
            self.routers[0].fill(draft, slice_, variables)
            return
        together = Draft()
        for router in reversed(self.routers):
            own = Draft()
            router.fill(own, slice_, variables)
            together.params |= own.params
            together.headers |= own.headers
            together.form |= own.form
            if own.json is not None:
                together.json = {**(together.json or {}), **own.json}
        draft.merge(together)

    async def _all(self, router: PartitionRouter) -> list[StreamSlice]:
        return [partition async for partition in router.partitions(self._context)]


def extra_field_names(raw_router: Any) -> frozenset[str]:
    """The names under which requesters see the extra fields of parent records.

    `raw_router` is the partition router as written, or a list of them, or None.
    """
    names = set()
    for router in raw_router if isinstance(raw_router, list) else [raw_router]:
        for config in _mappings(_get(router, "parent_stream_configs")):
            paths = config.get("extra_fields") or []
            names |= {".".join(map(str, path)) for path in paths if isinstance(path, list)}
    return frozenset(names)


def _as_list(written: PartitionRouter | Sequence[PartitionRouter] | None) -> list[PartitionRouter]:
    if written is None:
        return []
    return [written] if isinstance(written, PartitionRouter) else list(written)


def _join(partitions: Sequence[StreamSlice]) -> StreamSlice:
    if len(partitions) == 1:
        return partitions[0]
    partition: dict[str, Any] = {}
    extra_fields: dict[str, Any] = {}
    for part in reversed(partitions):
        partition |= part.partition
        extra_fields |= part.extra_fields
    return StreamSlice(partition, extra_fields=extra_fields)


def _get(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, Mapping) else None


def _mappings(value: Any) -> Iterable[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
