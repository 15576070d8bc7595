"""What the slices of a stream, read apart, come to: the events of one stream, and its outcome."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from core.events import Event, Outcome, SliceFinished, StreamFinished, StreamStarted
from core.failures import Failures, gist
from core.scaling.slice_reading import SliceResult


class StreamTally:
    """Counts the results of slices. `emit` takes the events of the stream."""

    def __init__(self, stream: str, emit: Callable[[Event], None]) -> None:
        self.stream = stream
        self.known = 0
        """How many slices were done before."""
        self.stopped = False
        """Whether no further slice need be begun, as it would fail, too."""
        self.unfinished = 0
        """How many slices are not done."""
        self._emit = emit
        self._began, self._clock = datetime.now(UTC), time.monotonic()
        self._failures = Failures()
        self._errors: list[str] = []
        self._records = 0
        self._slices = 0
        self._cancelled = False
        emit(StreamStarted(stream=stream))

    def show(self, event: Event) -> None:
        """Pass an event on; of slices that fail for the same cause, the later ones name the first."""
        if isinstance(event, SliceFinished) and event.outcome is Outcome.FAILED:
            error = event.error or ""
            like = self._failures.add(gist(error, (event.slice or {}).values()), event.slice, error)
            event = replace(event, like=like)
        self._emit(event)

    def add(self, result: SliceResult) -> None:
        """Count what came of a slice."""
        self._slices += 1
        self._records += result.records
        self.known += result.known
        self.stopped |= result.final
        self._cancelled |= result.outcome is Outcome.CANCELLED
        self.unfinished += result.outcome not in (Outcome.COMPLETE, Outcome.SKIPPED)
        if result.outcome is Outcome.FAILED and result.error and not self._failures.count:
            self._errors.append(result.error)

    def fail(self, error: str) -> None:
        """Something went wrong that is no slice's."""
        self._errors.append(error)

    def end(self, *, cancelled: bool = False) -> Outcome:
        """Say that the stream is over."""
        outcome = Outcome.COMPLETE
        if cancelled or self._cancelled:
            outcome = Outcome.CANCELLED
        if self._failures.count or self._errors:
            outcome = Outcome.CANCELLED if cancelled else Outcome.FAILED
        self._emit(
            StreamFinished(
                stream=self.stream,
                outcome=outcome,
                records=self._records,
                slices=self._slices,
                seconds=time.monotonic() - self._clock,
                errors=tuple(dict.fromkeys([*self._failures.texts(self._slices), *self._errors])),
                started=self._began,
            )
        )
        return outcome
