"""The partitions of a stream: those of its one router, or the product of several."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import product
from typing import Any

from core.components.base import Unsupported
from core.components.context import Context
from core.components.partition_routers.substream import ParentStreamConfig
from core.components.partition_routers.walk import NO_SEEDS, Seeds, Walk
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
    def parents(self) -> list[ParentStreamConfig]:
        """The parent streams that are read for them."""
        return [parent for router in self.routers for parent in router.parents]

    @property
    def lasting(self) -> bool:
        """Whether each may have a state of its own; in a product that is never a question (Airbyte)."""
        return len(self.routers) != 1 or self.routers[0].lasting

    def walk(self, seeds: Seeds = NO_SEEDS) -> Walk:
        """A walk over the partitions, lazily; of a product the last router varies fastest.

        In a product the states of parents are not tracked (Airbyte), and all are read from their beginning.
        """
        if len(self.routers) == 1:
            return self.routers[0].walk(self._context, seeds)
        return Walk(self._product())

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

    async def _product(self) -> AsyncIterator[StreamSlice]:
        if not self.routers:
            yield StreamSlice()
            return
        first, *others = self.routers
        rest: list[tuple[StreamSlice, ...]] | None = None
        async for partition in self._each(first):
            if rest is None:
                rest = list(product(*[[one async for one in self._each(router)] for router in others]))
            for combination in rest:
                yield _join((partition, *combination))

    def _each(self, router: PartitionRouter) -> Walk:
        return router.walk(self._context, NO_SEEDS)


def _as_list(written: PartitionRouter | Sequence[PartitionRouter] | None) -> list[PartitionRouter]:
    if written is None:
        return []
    return [written] if isinstance(written, PartitionRouter) else list(written)


def _join(partitions: Sequence[StreamSlice]) -> StreamSlice:
    partition: dict[str, Any] = {}
    extra_fields: dict[str, Any] = {}
    for part in reversed(partitions):
        partition |= part.partition
        extra_fields |= part.extra_fields
    return StreamSlice(partition, extra_fields=extra_fields)
