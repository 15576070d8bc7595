"""What the slices of a stream, read apart, come to: the events of one stream, and its outcome."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime

from core.events import Event, Outcome, SliceFinished, StreamFinished, StreamStarted
from core.failures import Failures, gist
from core.scaling.slice_reading import READ, SliceResult

_QUOTED = re.compile(r"`[^`]*`")
"""Names in an error: the job's id is one."""


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
        self.emit = emit
        self._began, self._clock = datetime.now(UTC), time.monotonic()
        self._failures = Failures()
        self._errors: list[str] = []
        self._records = 0
        self._slices = 0
        self._cancelled = False
        emit(StreamStarted(stream=stream))

    def add(self, result: SliceResult) -> None:
        """Count what came of a slice, and report it. Of slices that fail for the same cause, the later ones name the
        first.
        """
        self._slices += 1
        self._records += result.records
        self.known += result.known
        self.stopped |= result.final
        self._cancelled |= result.outcome is Outcome.CANCELLED
        self.unfinished += result.outcome not in READ
        like, slice_, error = None, result.planned.slice, result.error or ""
        if result.outcome is Outcome.FAILED:
            like = self._failures.add(gist(_QUOTED.sub("", error), slice_.values()), slice_, error)
        if not result.known:
            self.emit(
                SliceFinished(
                    stream=self.stream,
                    slice=slice_,
                    outcome=result.outcome,
                    records=result.records,
                    latest=result.latest,
                    error=result.error,
                    like=like,
                    final=result.final,
                )
            )

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
        self.emit(
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
