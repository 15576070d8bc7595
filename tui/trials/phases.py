"""How far a trial has come: its headline, and what its limits and ending it did or do."""

from __future__ import annotations

from collections.abc import Iterator

from core.events import JobPhase, Outcome, Stage
from core.jobs.statuses import JobStatus
from core.units import count, duration, size
from core.wording import one_line
from tui.trials.state import Partition, TrialState

_STATUS_SHOWN = 30
_HEADLINES = {
    Outcome.COMPLETE: "✓ {records} in {time}",
    Outcome.LIMITED: "✓ {records} in {time}, limit reached",
    Outcome.SKIPPED: "– skipped, no records",
    Outcome.FAILED: "✗ failed after {time}",
    Outcome.CANCELLED: "■ cancelled after {time}",
}


def headline(state: TrialState | None) -> str:
    """What the test is doing, or how it ended, with a glyph before it."""
    if state is None:
        return "○ not tested yet"
    time = duration(state.seconds)
    if state.outcome is Outcome.LIMITED and state.next_stage is not None:
        return f"✓ {_reached(state)} in {time}"
    if state.outcome is None:
        return f"■ cancelling… {time}" if state.cancelling else f"● testing {time}"
    return _HEADLINES[state.outcome].format(records=count(state.records, "record"), time=time)


def facts(state: TrialState, others: int) -> str:
    """What came of a trial so far, in figures; `others` is the number of requests that give no records."""
    transferred = sum(one.transferred for one in state.slices.values())
    parts = [count(state.records, "record"), *([size(transferred)] if transferred else []), duration(state.seconds)]
    return " · ".join([*parts, *([count(others, "other request")] if others else [])])


def _reached(state: TrialState) -> str:
    """What a trial that ended before the download came to."""
    if state.limits.last is Stage.CREATION:
        return "created"
    return "completed" if any(one.meaning == JobStatus.COMPLETED for one in state.partitions) else "polled"


def _how_far(state: TrialState) -> str:
    """Which stages were tried, and what comes next, in sentences."""
    last, following = state.limits.last, str(state.next_stage).lower()
    kept = "The job is kept on the server for the test of what follows."
    if state.only is None:
        return f"Tested up to the {str(last).lower()}: the {following} is not described yet. {kept}"
    if last is Stage.CREATION:
        return f"Only the creation was tested. {kept}"
    said = [_status_sentence(state, one) for one in state.partitions if one.api_status is not None]
    return " ".join(["The job was polled once.", *said[:1], kept])


def _status_sentence(state: TrialState, partition: Partition) -> str:
    """What the last status of a job is, and means."""
    status = f"Its status “{one_line(partition.api_status or '', _STATUS_SHOWN)}”"
    if partition.api_status in state.unmapped:
        return f"{status} is not in the status mapping."
    return f"{status} means {meaning(state, partition)}."


def limit_sentence(state: TrialState) -> str:
    """Which limit cut the read short; empty when nothing was left out."""
    if state.outcome is not Outcome.LIMITED:
        return ""
    if state.next_stage is not None:
        return _how_far(state)
    cut = [partition for partition in state.partitions if partition.was_cut]
    reached = []
    if state.limits.records is not None and state.records >= state.limits.records:
        reached.append(count(state.limits.records, "record"))
    elif cut and state.limits.pages is not None:
        reached.append(f"{count(state.limits.pages, 'page')} per partition")
    if not cut and state.limits.slices is not None:
        reached.append(count(state.limits.slices, "partition"))
    return f"The test ended at its limit of {' and '.join(reached) or 'what was to be read'}; there is more."


def what_ending_does(state: TrialState) -> str:
    """What happens to a read that goes on, and to its jobs on the server, when it is ended now."""
    sentence = f"The test of {state.stream} is still running. It ends where it is"
    jobs = state.jobs(JobPhase.CREATING, JobPhase.STARTING, JobPhase.RUNNING)
    if not jobs:
        return f"{sentence}."
    its, are, go = ("its job", "is", "goes") if jobs == 1 else (f"its {jobs} jobs", "are", "go")
    if state.can_abort:
        return f"{sentence}, and {its} {are} aborted on the server."
    return f"{sentence}, but {its} {go} on running on the server: the stream has no abort request."


def cancel_report(state: TrialState) -> Iterator[str]:
    """What cancelling did, in sentences; nothing while the read goes on or when it was not cancelled."""
    if not state.cancelling or state.outcome is not Outcome.CANCELLED:
        return
    yield f"Cancelled. {count(state.records, 'record')} and {count(state.exchanges, 'request')} are kept."
    aborted, left = state.jobs_aborted, state.jobs_left
    if aborted:
        yield f"{count(aborted, 'job was', 'jobs were')} aborted on the server."
    if state.abandoned:
        yield "The test was left without waiting for its end: jobs may still be running on the server."
    elif left:
        reason = "; the log says why" if state.can_abort else ": the stream has no abort request"
        yield f"{count(left, 'job goes', 'jobs go')} on running on the server{reason}."


def meaning(state: TrialState, partition: Partition) -> str:
    """What the last status of a partition's job is taken for."""
    if partition.api_status in state.unmapped:
        return "not mapped"
    return partition.meaning or "unknown"
