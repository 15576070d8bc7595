"""Fetches whole lists where the API gives only the beginning of them inside a record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice

from core.components.retriever import SynchronousRetriever, beside_slice
from core.errors import ReadError
from core.http.exchange import Role
from core.runtime.context import Context
from core.runtime.errands import THREADS, ThreadsInContext
from core.runtime.page_reader import PageResult
from core.runtime.record_pipeline import RecordPipeline
from core.runtime.slices import Record, StreamSlice

BATCH = 100
"""Records that are handed over in one go."""


def fetching(retriever: SynchronousRetriever, context: Context) -> Callable[[Record], Iterator[Record]]:
    """The function that fetches the whole list of a record, in constant memory; for a thread that parses.

    The requests belong to the slice of `context`; their templates see the record as `stream_slice.parent_record`. The
    function raises `ReadError`.
    """
    loop = context.run.loop

    def whole(parent: Record) -> Iterator[Record]:
        beside = beside_slice(context, StreamSlice({"parent_record": parent}))

        async def fetch(hand_over: Callable[[list[Record]], None]) -> None:
            threads = ThreadsInContext(1, THREADS)  # those of the run may all be waiting for lists
            there = replace(beside, run=replace(beside.run, executor=threads))
            try:
                pipeline = retriever.pipeline(there.scope(retriever), memory=there.memory, context=there)
                await retriever.fetch(there, _Handing(pipeline, hand_over), Role.LIST)
            except ReadError as error:  # what it asks of a paginator is not for that of the stream
                raise ReadError(f"A list that the API has cut couldn't be fetched. {error}") from None
            finally:
                threads.shutdown(wait=False)

        return chain.from_iterable(context.errands.items(loop, fetch))

    return whole


class _Handing:
    """A sink that hands the records over. `consume` raises `ReadError`."""

    page = 1
    full = False
    observer = None

    def __init__(self, pipeline: RecordPipeline, hand_over: Callable[[list[Record]], None]) -> None:
        self._pipeline = pipeline
        self._hand_over = hand_over
        self.emitted = 0

    def consume(self, elements: Iterable[object]) -> PageResult:
        result, found = PageResult(), self._pipeline.found
        records = self._pipeline(elements)
        while batch := [*islice(records, BATCH)]:
            result.first_record = result.first_record or batch[0]
            result.last_record = batch[-1]
            result.kept += len(batch)
            self._hand_over(batch)
        result.found = self._pipeline.found - found
        self.emitted += result.kept
        return result

    def received(self, size: int, ended: bool = False) -> None:
        """Progress is that of the page that the record is from."""

    def announced(self, length: int | None) -> None:
        """So is the length."""

    def next_page(self) -> bool:
        return True
