"""Custom components that say what is read: partitions, pages, and whole retrievers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import count
from typing import Any, ClassVar

from core.components.custom.base import CustomComponent, not_here, written_response, written_slice
from core.components.partition_routers.values import ValueRouter, ValueSource
from core.components.retriever import SliceRead, SynchronousRetriever
from core.custom.host import Remote
from core.errors import ReadError
from core.events import Outcome
from core.http.exchange import Role
from core.http.request import RequestDraft
from core.runtime.context import Context, Run
from core.runtime.page_reader import SliceSink
from core.runtime.pages import Page, PaginationStrategy
from core.runtime.partitions import PartitionRouter, Seeds, Walk
from core.runtime.record_pipeline import RecordPipeline, Warn, ignore, whole_element
from core.runtime.roles import Transformation
from core.runtime.slices import RecordPredicate, SliceMemory, StreamSlice, slice_key
from core.templates import Template

REMEMBERED = 100_000
"""Partitions whose request options are kept from the walk; those of others are asked for again."""


class CustomPartitionRouter(CustomComponent, ValueRouter, role=True):
    """Divides a stream into partitions with Python code for Airbyte, which reads parent streams itself."""

    @property
    def sources(self) -> list[ValueSource]:
        """What is written of a single parent stream, where the class is built on a substream router."""
        parents = self.definition.get("parent_stream_configs")
        names = [parent.get("partition_field") for parent in parents or () if isinstance(parent, Mapping)]
        return [ValueSource(self, (), "class_name", Template(str(name))) for name in names if len(names) == 1]

    def walk(self, context: Context, seeds: Seeds) -> Walk:
        return _RemoteWalk(self, context)

    async def each(self, remote: Remote, context: Context) -> AsyncIterator[StreamSlice]:
        """The partitions. Raises `ReadError`."""
        known = self._known(context.run, context.stream)
        portions = remote.each("partitions")
        while (found := await context.apart(lambda: next(portions, None))) is not None:
            for one in found:
                slice_ = StreamSlice(one["partition"], one["cursor_slice"], one["extra_fields"])
                if len(known) < REMEMBERED:
                    known[slice_key(slice_.partition)] = one["options"]
                yield slice_

    async def additions(self, slice_: StreamSlice, context: Context) -> RequestDraft:
        """What the walk said of a partition; where that was the walk of another process, it is asked for."""
        options = self._known(context.run, context.stream).get(slice_key(slice_.partition))
        if options is None:
            written = written_slice(StreamSlice(slice_.partition, {}, slice_.extra_fields))
            remote = self.remote(context)
            options = (await context.apart(lambda: remote.ask("options", slice=written))).value
        draft = RequestDraft()
        for name, value in options.get("params", {}).items():
            draft.add_param(name, value)
        for name, value in options.get("headers", {}).items():
            draft.add_header(name, value)
        data = options.get("data", {})
        if isinstance(data, str):
            draft.set_text(data)
        else:
            for name, value in data.items():
                draft.add_form(name, value)
        if options.get("json"):
            draft.merge_json(options["json"])
        return draft

    def _known(self, run: Run, stream: str) -> dict[bytes, Any]:
        return run.shared((stream, self.identity, "options"), dict[bytes, Any])


class _RemoteWalk(Walk):
    """A walk over the partitions of a custom router. Parents that it has are read in full, whatever their states."""

    def __init__(self, router: CustomPartitionRouter, context: Context) -> None:
        super().__init__(self._each(router, context))
        self._has_parents = False

    def states(self) -> dict[str, Any] | None:
        return {} if self._has_parents else None

    async def _each(self, router: CustomPartitionRouter, context: Context) -> AsyncIterator[StreamSlice]:
        remote = router.remote(context)
        self._has_parents = (await context.apart(lambda: remote.ask("has_parents"))).value
        async for partition in router.each(remote, context):
            yield partition


class CustomPaginationStrategy(CustomComponent, PaginationStrategy, role=True):
    """Finds the next page with Python code for Airbyte.

    Where a page was requested with fewer records, the code is told (`page_size_override`), and has to take that.
    """

    resizable: ClassVar[bool] = True
    has_size_in_code: ClassVar[bool] = True

    def first(self) -> Any:
        raise ReadError(not_here(self))

    def following(self, token: Any, page: Page, context: Context) -> Any:
        raise ReadError(not_here(self))

    def in_read(self, context: Context) -> PaginationStrategy:
        walk = _RemoteStrategy.model_construct(parameters={})
        walk._remote = self.remote(context)
        return walk


class _RemoteStrategy(PaginationStrategy, role=True):
    """The walk of a custom strategy; its methods wait for the process of the code."""

    blocking: ClassVar[bool] = True

    _remote: Remote
    _size: int | None = None

    @property
    def needs_response(self) -> bool:
        return True

    def first(self) -> Any:
        said = self._remote.ask("first_page").value
        self._size = said["size"] if isinstance(said["size"], int) else None
        return said["token"]

    def size(self, context: Context, **more: Any) -> int | None:
        return self._size

    def following(self, token: Any, page: Page, context: Context) -> Any:
        return self._remote.ask(
            "next_page",
            page.response.content,
            response=written_response(page.response),
            last_page_size=page.found,
            last_record=page.last_record,
            token=token,
            reduced_size=page.size,
        ).value


class CustomRetriever(CustomComponent, SynchronousRetriever, role=True):
    """Reads a stream with Python code for Airbyte; its requests are not recorded."""

    partition_router: PartitionRouter | list[PartitionRouter] | None = None

    @property
    def router(self) -> PartitionRouter | Sequence[PartitionRouter] | None:
        return self.partition_router

    def pipeline(
        self,
        variables: Mapping[str, Any],
        transformations: Sequence[Transformation] = (),
        schema: Mapping[str, Any] | None = None,
        *,
        cursor_filter: RecordPredicate | None = None,
        transforms_first: bool = False,
        warn: Warn = ignore,
        memory: SliceMemory | None = None,
        context: Context | None = None,
    ) -> RecordPipeline:
        """The records as they come: airbyte-cdk hands the transformations of the stream to the retriever."""
        return RecordPipeline(whole_element, (), None, (), cursor_filter, warn=warn)

    async def read(self, read: SliceRead) -> Outcome:
        await self.fetch(read.context, read.make_sink(count(1)), read.role)
        return Outcome.COMPLETE

    async def fetch(self, context: Context, sink: SliceSink, role: Role) -> None:
        portions = self._portions(context)
        try:
            while (found := await context.apart(lambda: next(portions, None))) is not None:
                await context.run.loop.run_in_executor(context.run.executor, sink.consume, found)
                if sink.full:
                    break
        finally:  # left to itself, it would be closed on the event loop, which would wait for the process
            context.run.asking.submit(portions.close)

    def _portions(self, context: Context) -> Any:
        remote = self.remote(context)
        return remote.each("retrieve", slice=written_slice(context.slice or StreamSlice()), schema=context.schema or {})
