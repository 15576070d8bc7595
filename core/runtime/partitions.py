"""The partitions of a stream: those of its one router, or the product of several, walked lazily and in order."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import product
from typing import Any, ClassVar, Protocol

from core.http.request import RequestDraft
from core.runtime.component import Component
from core.runtime.context import Context
from core.runtime.slices import StreamSlice

Seeds = Mapping[str, Mapping[str, Any]]
"""By name, the states from which parent streams with `incremental_dependency` are read."""

NO_SEEDS: Seeds = {}


class Walk:
    """One walk over partitions. Iterating may raise `ReadError`."""

    def __init__(self, partitions: AsyncIterator[StreamSlice]) -> None:
        self._partitions = partitions

    def __aiter__(self) -> AsyncIterator[StreamSlice]:
        return self._partitions

    @property
    def passed(self) -> int:
        """Grows whenever `states` changes."""
        return 0

    def states(self) -> dict[str, Any] | None:
        """The states of the parents with `incremental_dependency`, by name; None when they are not tracked.

        They hold when all partitions were read that were given before the last one. At the end of the walk
        they hold when all were read.
        """
        return None


class ChainedWalk(Walk):
    """Several walks, one after the other."""

    def __init__(self, walks: Sequence[Walk]) -> None:
        super().__init__(self._chained())
        self._walks = walks
        self._ended = 0

    @property
    def passed(self) -> int:
        """Grows within each walk, and from one to the next."""
        return self._ended + sum(walk.passed for walk in self._walks)

    def states(self) -> dict[str, Any]:
        """The states of all walks; of a parent that several of them read, that of the last one (Airbyte)."""
        return {name: state for walk in self._walks for name, state in (walk.states() or {}).items()}

    async def _chained(self) -> AsyncIterator[StreamSlice]:
        for walk in self._walks:
            async for partition in walk:
                yield partition
            self._ended += 1


class Parent(Protocol):
    """A parent stream, as far as the progress of its child depends on it."""

    @property
    def stream_name(self) -> str:
        """The name of the parent stream."""

    @property
    def incremental_dependency(self) -> bool:
        """Whether it goes on where the last read of the child left it."""

    def seed(self, state: Mapping[str, Any], context: Context) -> Mapping[str, Any]:
        """The state from which it is read when the child is read from `state`. Raises `ReadError`."""


class PartitionRouter(Component, role=True):
    """Divides a stream into partitions."""

    lasting: ClassVar[bool] = True
    """Whether the same partitions come up in every read, so that each can have a state of its own."""

    @abstractmethod
    def walk(self, context: Context, seeds: Seeds) -> Walk:
        """A walk over the partitions, lazily, in order; parents with `incremental_dependency` begin at their seeds."""

    @property
    def parents(self) -> Sequence[Parent]:
        """The parent streams that it reads, itself or through routers inside it."""
        return []

    @classmethod
    def extra_field_names(cls, raw: Mapping[str, Any]) -> frozenset[str]:
        """The names of the extra fields of its partitions; `raw` is the router as written, references resolved.

        Those that it takes from parent streams: also a custom router has these where a substream has them (Airbyte).
        """
        configs = raw.get("parent_stream_configs")
        paths = [
            path
            for config in (configs if isinstance(configs, list) else [])
            if isinstance(config, Mapping)
            for path in config.get("extra_fields") or []
        ]
        return frozenset(".".join(map(str, path)) for path in paths if isinstance(path, list))

    def fill(self, draft: RequestDraft, slice_: StreamSlice, variables: Mapping[str, Any]) -> None:
        """Add to a request what the manifest says a partition adds (its request options)."""

    async def additions(self, slice_: StreamSlice, context: Context) -> RequestDraft:
        """What it has to ask for to add it to all requests of a slice. Raises `ReadError`."""
        return RequestDraft()


class Partitions:
    """The partitions of a stream for one read. Without a router there is one, which is empty."""

    def __init__(self, written: PartitionRouter | Sequence[PartitionRouter] | None, context: Context) -> None:
        self.routers = routers_in(written)
        self._single = written if isinstance(written, PartitionRouter) else None
        self._context = context

    @property
    def parents(self) -> list[Parent]:
        """The parent streams that are read for them."""
        return [parent for router in self.routers for parent in router.parents]

    @property
    def lasting(self) -> bool:
        """Whether each may have a state of its own; in a product that is never a question (Airbyte)."""
        return self._single is None or self._single.lasting

    def walk(self, seeds: Seeds = NO_SEEDS) -> Walk:
        """A walk over the partitions, lazily; of a product the last router varies fastest.

        In a product the states of parents are not tracked (Airbyte), and all are read from their beginning. A list of
        one router is a product, too, unless there is something to track.
        """
        if self._single is not None or (seeds and len(self.routers) == 1):
            return self.routers[0].walk(self._context, seeds)
        return Walk(self._product())

    async def additions(self, slice_: StreamSlice) -> list[RequestDraft]:
        """What each router has to ask for to add it to the requests of a slice. Raises `ReadError`."""
        return [await router.additions(slice_, self._context) for router in self.routers]

    def fill(
        self,
        draft: RequestDraft,
        slice_: StreamSlice,
        variables: Mapping[str, Any],
        additions: Sequence[RequestDraft],
    ) -> None:
        """Add to a request what the routers add, by themselves and by their `additions`; where two add the same thing,
        the first one wins.
        """
        if self._single is not None:
            draft.merge(additions[0])
            self._single.fill(draft, slice_, variables)
            return
        together = RequestDraft()
        for router, added in zip(reversed(self.routers), reversed(additions), strict=True):
            own = RequestDraft()
            own.merge(added)
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


def routers_in(written: PartitionRouter | Sequence[PartitionRouter] | None) -> list[PartitionRouter]:
    """The partition routers of a retriever, which has none, one, or a list of them."""
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


def extra_field_names(raw_router: Any) -> frozenset[str]:
    """The names under which requesters see the extra fields of partitions.

    `raw_router` is the partition router as written, or a list of them, or None.
    """
    routers = raw_router if isinstance(raw_router, list) else [raw_router]
    written = [router for router in routers if isinstance(router, Mapping)]
    return frozenset().union(*(_class_of(router).extra_field_names(router) for router in written))


def _class_of(router: Mapping[str, Any]) -> type[PartitionRouter]:
    cls = Component.registered.get(str(router.get("type")), PartitionRouter)
    return cls if issubclass(cls, PartitionRouter) else PartitionRouter
