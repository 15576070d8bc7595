"""Where the elements of a response become records: selected, changed, watched, counted, encoded, delivered.

All of it happens in the thread that parses, one record at a time, in small batches that stay in the processor's
cache; only whole deliveries cross to the event loop.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from core.decoding.chunks import Lines
from core.decoding.csv_rows import Rows
from core.events import DownloadProgress, Records
from core.levels import Level
from core.reading.channel import EventChannel
from core.reading.file_uploads import FileUploads
from core.reading.plan import ReadPlan, RecordBudget
from core.runtime.context import Context
from core.runtime.cursor import Cursor
from core.runtime.page_reader import PageResult
from core.runtime.record_pipeline import RecordPipeline
from core.runtime.slices import Record, RecordPredicate

BATCH = 100
"""Records that are encoded or delivered in one go."""
DELIVERY = 256_000
"""Encoded bytes that are delivered in one go."""
PROGRESS_EVERY = 0.25
"""Seconds after which bytes are reported and encoded records delivered, however few there are."""


class SliceBytes:
    """The bytes received for one slice, over all its pages and targets, reported now and then."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._received = 0
        self._announced = self._begun = 0
        self._lengths_known = True
        self._next = time.monotonic() + PROGRESS_EVERY

    def announce(self, length: int | None) -> None:
        """A page or target begins that is so long; None: nobody knows."""
        self._begun += 1
        self._announced += length or 0
        self._lengths_known = self._lengths_known and length is not None

    @property
    def _share(self) -> float | None:
        """How much there is of everything; targets that have not begun are taken to be as long as the others."""
        if not self._lengths_known or not self._announced:
            return None
        share = self._received / self._announced * self._begun / max(self._begun, self._context.memory.targets)
        return min(1.0, share)

    def add(self, size: int, ended: bool = False) -> None:
        """Count bytes; `ended` says that a page or target is complete."""
        self._received += size
        if ended or time.monotonic() >= self._next:
            context = self._context
            self._next = time.monotonic() + PROGRESS_EVERY
            context.emit(
                DownloadProgress(stream=context.stream, slice=context.slice, received=self._received, share=self._share)
            )


class RecordSink:
    """Takes the elements of one slice, or of one download target of it. `numbers` gives the numbers of its pages."""

    def __init__(
        self,
        plan: ReadPlan,
        context: Context,
        cursor: Cursor,
        channel: EventChannel,
        *,
        schema: Mapping[str, Any],
        budget: RecordBudget,
        received: SliceBytes,
        numbers: Iterator[int],
        files: FileUploads | None = None,
    ) -> None:
        assert context.slice is not None
        self._plan = plan
        self._context = context
        self._channel = channel
        self._budget = budget
        self.received = received.add
        self.announced = received.announce
        keeps = cursor.filter(context.slice)
        self._feed_end = cursor.feed_end(context.slice)
        self._feed_keeps = None if self._feed_end is None else keeps
        in_pages = keeps if self._feed_end is None else None
        self._pipeline = _pipeline(plan, context, schema, in_pages, cursor.is_client_side)
        self._last_record: Record | None = None
        self.observer = cursor.observer(context.slice)
        self.emitted = 0
        self.cut = False
        """Whether something was left out because of a limit."""
        self._files = files
        self._numbers = numbers
        self.page = next(numbers)
        """The number of the page that is taken now, within the slice."""
        self._pages = 1
        self._data: list[bytes] = []
        self._size = 0
        self._encoded = 0
        self._deliver_by = 0.0

    @property
    def full(self) -> bool:
        return self.cut

    def next_page(self) -> bool:
        if self._feed_end is not None and self._last_record is not None and self._feed_end(self._last_record):
            return False
        limit = self._plan.limits.pages
        if limit is not None and self._pages >= limit:
            self.cut = True
            return False
        self._pages += 1
        self.page = next(self._numbers)
        return True

    def consume(self, elements: Iterable[Any]) -> PageResult:
        """Take the elements of one page; runs in a worker thread. Raises `ReadError`, `Abandoned`."""
        result = PageResult()
        found_before = self._pipeline.found
        observe = self.observer
        try:
            for found in self._pipeline.batches(elements, BATCH):
                batch = self._of_feed(found, result)
                if observe is not None:
                    for record in batch:
                        observe(record)
                self._flush(batch, result)
                if self.cut:
                    break
        finally:  # also of a page that breaks off: what was counted is delivered
            self._deliver_data()
        result.found = self._pipeline.found - found_before
        return result

    def _of_feed(self, batch: Sequence[Record], result: PageResult) -> Sequence[Record]:
        """Without what is known already. It leads the paginator, though: a feed ends with a page that ends with it."""
        if self._feed_keeps is None or not batch:
            return batch
        keeps = self._feed_keeps
        kept = [record for record in batch if keeps(record)]
        self._last_record = result.last_record = batch[-1]
        result.kept += len(batch) - len(kept)
        return kept

    def _flush(self, batch: Sequence[Record], result: PageResult) -> None:
        allowed = self._budget.take(len(batch))
        if allowed < len(batch):
            self.cut = True
            batch = batch.first(allowed) if isinstance(batch, (Lines, Rows)) else batch[:allowed]
        if not batch:
            return
        if self._files is not None:
            batch = self._files.add_to(batch)
        result.kept += len(batch)
        if result.first_record is None:
            result.first_record = batch[0]
        if self._feed_keeps is None:
            result.last_record = batch[-1]
        self.emitted += len(batch)
        if self._plan.encode is None:
            self._deliver(len(batch), records=[*batch] if isinstance(batch, Rows) else batch)
            return
        data = self._plan.encode(batch)
        self._data.append(data)
        self._size += len(data)
        self._encoded += len(batch)
        if self._size >= DELIVERY or time.monotonic() >= self._deliver_by:
            self._deliver_data()

    def _deliver_data(self) -> None:
        if self._encoded:
            data, count = b"".join(self._data), self._encoded
            self._data.clear()
            self._size = self._encoded = 0
            self._deliver_by = time.monotonic() + PROGRESS_EVERY
            self._deliver(count, data=data)

    def _deliver(self, count: int, records: Sequence[Record] = (), data: bytes = b"") -> None:
        stream, slice_ = self._context.stream, self._context.slice
        self._channel.deliver(
            Records(stream=stream, slice=slice_, count=count, page=self.page, records=records, data=data)
        )


def _pipeline(
    plan: ReadPlan,
    context: Context,
    schema: Mapping[str, Any],
    keeps: RecordPredicate | None,
    transforms_first: bool,
) -> RecordPipeline:
    stream = plan.stream
    return stream.retriever.pipeline(
        {**context.variables, "config": context.config},
        stream.transformations,
        schema,
        cursor_filter=keeps,
        transforms_first=transforms_first,
        warn=lambda message: context.log(Level.WARNING, message),
        memory=context.memory,
        context=context,
    )
