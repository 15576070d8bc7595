"""The state of a test read in a few words, and what is told about its end."""

from __future__ import annotations

from collections.abc import Iterator

from core.events import JobPhase, Outcome
from core.progress.words import count, duration
from tui.running.state import RunState

_WORDS = {
    Outcome.COMPLETE: "✓ {records} in {time}",
    Outcome.LIMITED: "✓ {records} in {time}, limit reached",
    Outcome.SKIPPED: "– skipped, no records",
    Outcome.FAILED: "✗ failed after {time}",
    Outcome.CANCELLED: "■ cancelled after {time}",
}


def headline(state: RunState | None) -> str:
    """What the test is doing, or how it ended, with a glyph before it."""
    if state is None:
        return "○ not tested yet"
    time = duration(state.seconds)
    if state.outcome is None:
        return f"■ cancelling… {time}" if state.cancelling else f"● testing {time}"
    return _WORDS[state.outcome].format(records=count(state.records, "record"), time=time)


def held_in_words(state: RunState) -> Iterator[str]:
    """Which call rates of the API budget hold requests back at the moment, and for how long, in sentences."""
    now = state.clock()
    for terms, until in state.held.items():
        left = duration(max(0.0, until - now), whole=True)
        yield f"The API budget is used up ({terms}). The next request goes out in {left}."


def limits_in_words(state: RunState) -> str:
    """Which limit cut the read short, in a sentence; empty when nothing was left out."""
    if state.outcome is not Outcome.LIMITED:
        return ""
    cut = [partition for partition in state.partitions if partition.was_cut]
    reached = []
    if state.limits.records is not None and state.records >= state.limits.records:
        reached.append(count(state.limits.records, "record"))
    elif cut and state.limits.pages is not None:
        reached.append(f"{count(state.limits.pages, 'page')} per partition")
    if not cut and state.limits.slices is not None:
        reached.append(count(state.limits.slices, "partition"))
    return f"The test ended at its limit of {' and '.join(reached) or 'what was to be read'}; there is more."


def what_ending_does(state: RunState) -> str:
    """What happens to a read that goes on, and to its jobs on the server, when it is ended now."""
    told = f"The test of {state.stream} is still running. It ends where it is"
    jobs = sum(one.outcome is None and one.phase in (JobPhase.CREATING, JobPhase.RUNNING) for one in state.partitions)
    if not jobs:
        return f"{told}."
    its, are, go = ("its job", "is", "goes") if jobs == 1 else (f"its {jobs} jobs", "are", "go")
    if state.can_abort:
        return f"{told}, and {its} {are} aborted on the server."
    return f"{told}, but {its} {go} on running on the server: the stream has no abort request."


def jobs_left(state: RunState) -> int:
    """How many jobs a cancelled read has left running on the server, as far as that is known."""
    if not state.cancelling or state.outcome is not Outcome.CANCELLED or state.abandoned:
        return 0
    return max(0, state.running_when_cancelled - _aborted(state))


def _aborted(state: RunState) -> int:
    return sum(one.status is not None and one.status < 400 for one in state.aborts)


def cancel_report(state: RunState) -> Iterator[str]:
    """What cancelling did, in sentences; nothing while the read goes on or when it was not cancelled."""
    if not state.cancelling or state.outcome is not Outcome.CANCELLED:
        return
    yield f"Cancelled. {count(state.records, 'record')} and {count(state.exchanges, 'request')} are kept."
    stopped, left = _aborted(state), jobs_left(state)
    if stopped:
        yield f"{count(stopped, 'job was', 'jobs were')} aborted on the server."
    if state.abandoned:
        yield "The test was left without waiting for its end: jobs may still be running on the server."
    elif left and state.can_abort:
        yield f"{count(left, 'job goes', 'jobs go')} on running on the server; the log says why."
    elif left:
        yield f"{count(left, 'job goes', 'jobs go')} on running on the server: the stream has no abort request."
