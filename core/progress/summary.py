"""The closing words of a run: what came of each stream, and where its records are."""

from __future__ import annotations

from collections.abc import Iterator

from core.events import Outcome
from core.levels import Level
from core.progress.plain import Line, about, count, duration
from core.progress.run_picture import RunPicture, StreamPicture

_ERRORS_SHOWN = 10


def stream_summary(stream: StreamPicture, place: str, remains: str) -> Iterator[Line]:
    """The lines about a stream that has ended: its errors, unless they were told already, and its result.

    `place` says where the records of a stream that ended well are, `remains` what there is of any other.
    """
    ended = stream.ended
    if ended is None:
        return
    told = set(stream.failures.texts(ended.slices))
    errors = [error for error in dict.fromkeys(ended.errors) if error not in told]
    for error in errors[:_ERRORS_SHOWN]:
        yield Level.ERROR, about(stream.name, error)
    if len(errors) > _ERRORS_SHOWN:
        yield Level.ERROR, f"{stream.name}: and {len(errors) - _ERRORS_SHOWN} more errors"
    for shared in stream.failures.repeated():
        number = f"{len(shared.slices)} of {ended.slices} slices"
        yield Level.ERROR, f"{stream.name}: {number} failed for the same reason: {shared.names}."
    amount = f"{count(ended.records, 'record')}, {count(ended.slices, 'slice')}, {duration(ended.seconds)}"
    if ended.outcome in (Outcome.FAILED, Outcome.CANCELLED):
        failed = f", {stream.slices_failed} of them failed" if 0 < stream.slices_failed < ended.slices else ""
        kept = f"; {remains}" if ended.records else ""
        level = Level.ERROR if ended.outcome is Outcome.FAILED else Level.WARNING
        yield level, f"{stream.name}: {ended.outcome} ({amount}{failed}){kept}."
    else:
        note = " (ended at the limit)" if ended.outcome is Outcome.LIMITED else ""
        yield Level.INFO, f"{stream.name}: {amount} -> {place}{note}"


def run_summary(run: RunPicture) -> Line:
    """The line about all streams of a run."""
    ended = [stream.ended for stream in run.streams.values() if stream.ended]
    failed = sum(one.outcome is Outcome.FAILED for one in ended)
    trouble = f", {failed} failed" if failed else ""
    streams = f"{len(ended)} of {count(len(run.streams), 'stream')} read"
    return Level.INFO, f"{streams}{trouble}: {count(run.records, 'record')} in {duration(run.seconds)}"
