"""Reads the slices of a plan, or a part of them, in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any

from core.errors import ReadError, fault_text
from core.events import Event, Log, Outcome, SliceStarted
from core.levels import Level
from core.reading import Reader
from core.runtime.slices import slice_key
from core.scaling.plan import PlannedSlice, PlanSummary
from core.scaling.slice_files import SliceFolder
from core.scaling.slice_reading import Nested, SliceReader
from core.scaling.stream_tally import StreamTally
from core.units import count


class ShardRead:
    """The read of some slices. `cancel` makes it come to a tidy end."""

    def __init__(
        self,
        summary: PlanSummary,
        slices: Iterable[PlannedSlice],
        folder: SliceFolder,
        emit: Callable[[Event], None],
        *,
        nested: Nested = "json",
    ) -> None:
        self._summary = summary
        self._slices = slices
        self._folder = folder
        self._emit = emit
        self._nested = nested
        self._reader: Reader | None = None
        self._cancelled = False
        self._following: set[bytes] = set()
        """The slices with jobs of an earlier process that have not taken their slots yet."""
        self._others_may_begin = asyncio.Event()

    def cancel(self) -> None:
        self._cancelled = True
        if self._reader is not None:
            self._reader.cancel()

    async def read(self, reader: Reader) -> Outcome:
        """Read the slices side by side, those first whose jobs an earlier process has left on the server."""
        self._reader, summary = reader, self._summary
        tally = StreamTally(summary.stream, self._emit)
        try:
            schema = await reader.schema(summary.stream, self._emit, state=summary.state)
        except ReadError as error:
            tally.fail(str(error))
            return tally.end(cancelled=self._cancelled)
        slices = SliceReader(
            reader, summary.stream, summary.state, self._folder, summary.id, schema, self._take, self._nested
        )
        gate = asyncio.Semaphore(reader.slices_at_once(summary.stream, summary.state))

        async def read(planned: PlannedSlice) -> None:
            try:
                tally.add(await slices.read(planned))
                if tally.stopped:  # the others would fail, too
                    reader.cancel()
            except Exception as error:  # a mistake of ours: the other slices go on
                tally.fail(fault_text(error, reader.mask))
            finally:
                self._has_begun(planned.slice)
                gate.release()

        first, others = self._by_jobs()
        self._following = {slice_key(planned.slice) for planned in first}
        async with asyncio.TaskGroup() as tasks:
            for planned in chain(first, others):
                await gate.acquire()
                if slice_key(planned.slice) not in self._following and self._following:
                    await self._others_may_begin.wait()
                if tally.stopped or self._cancelled:
                    break
                tasks.create_task(read(planned))
        if tally.known:
            text = f"{count(tally.known, 'slice')} had been read before."
            self._emit(Log(stream=summary.stream, level=Level.INFO, message=text))
        return tally.end(cancelled=self._cancelled)

    def _take(self, event: Event) -> None:
        if isinstance(event, SliceStarted):
            self._has_begun(event.slice)
        self._emit(event)

    def _has_begun(self, slice_: Mapping[str, Any] | None) -> None:
        self._following.discard(slice_key(slice_))
        if not self._following:
            self._others_may_begin.set()

    def _by_jobs(self) -> tuple[list[PlannedSlice], Iterable[PlannedSlice]]:
        """The slices with a job that an earlier process has left, and the others. The API counts the jobs that are
        there, so they take their slots first.
        """
        begun = self._folder.with_jobs()
        if not begun:
            return [], self._slices
        first: list[PlannedSlice] = []
        others: list[PlannedSlice] = []
        for planned in self._slices:
            (first if planned.name in begun else others).append(planned)
        return first, others
