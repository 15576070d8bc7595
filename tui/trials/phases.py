"""How far a trial has come: its headline, the steps of each partition, and what ending it does or did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from core.events import JobPhase, Outcome, Stage
from core.jobs.statuses import JobStatus
from core.progress.sentences import attempt, next_poll, waiting
from core.units import count, duration, size
from core.wording import one_line
from tui.trials.state import Partition, TrialState

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


_STATUS_SHOWN = 30
_MAY_WAIT = (JobPhase.WAITING, JobPhase.STARTING)
"""Phases in which a job may be waiting for others to end."""


class StepMark(StrEnum):
    """How far a step has come; the value is its glyph."""

    WAITING = "○"
    ACTIVE = "●"
    DONE = "✓"
    FAILED = "✗"
    STOPPED = "■"
    SKIPPED = "–"


@dataclass(frozen=True, slots=True)
class PhaseStep:
    """One step of the phase bar: its name, how far it has come, and the facts behind it."""

    name: str
    mark: StepMark
    facts: tuple[str, ...] = ()


def steps(state: TrialState, partition: Partition) -> tuple[PhaseStep, ...]:
    """The steps of a partition: three for a job, one for the requests of a synchronous stream."""
    now = state.clock()
    if not state.asynchronous:
        return (PhaseStep("Requests", _mark_of_end(partition), _download_facts(partition)),)
    marks = {stage: _mark(partition, stage) for stage in Stage}
    polling, records = _polling_facts(state, partition, marks[Stage.POLLING], now), _download_facts(partition)
    if Stage.DOWNLOAD not in partition.stage_began:  # the records there are came with the polls
        polling, records = (*polling, *records), ()
    described = (
        PhaseStep(Stage.CREATION, marks[Stage.CREATION], _creation_facts(partition, now)),
        PhaseStep(Stage.POLLING, marks[Stage.POLLING], polling),
        PhaseStep(Stage.DOWNLOAD, marks[Stage.DOWNLOAD], records),
    )
    tried = list(Stage).index(state.limits.last) + 1
    why = "not described yet" if state.only is None else "not tested"
    return (*described[:tried], *(PhaseStep(stage, StepMark.SKIPPED, (why,)) for stage in list(Stage)[tried:]))


def tally(state: TrialState) -> str:
    """All partitions in a line: how many are done, polling, and so on."""
    counts = Counter(_activity(partition, state) for partition in state.partitions)
    parts = ", ".join(f"{number} {activity}" for activity, number in counts.items())
    return f"{count(len(state.partitions), 'partition')}: {parts}"


def _activity(partition: Partition, state: TrialState) -> str:
    if partition.outcome is Outcome.COMPLETE:
        return "done"
    if partition.outcome is not None:
        return str(partition.outcome)
    if not state.asynchronous:
        return "reading"
    if partition.phase in (None, JobPhase.WAITING):
        return "waiting"
    if partition.phase is JobPhase.STARTING:
        return "starting"
    return {Stage.CREATION: "creating", Stage.POLLING: "polling", Stage.DOWNLOAD: "downloading"}[partition.stage]


def _mark(partition: Partition, stage: Stage) -> StepMark:
    order = list(Stage)
    if order.index(stage) < order.index(partition.stage):
        return StepMark.DONE
    if order.index(stage) > order.index(partition.stage):
        left_out = partition.outcome in (Outcome.SKIPPED, Outcome.COMPLETE)  # complete: nothing was there to download
        return StepMark.SKIPPED if left_out else StepMark.WAITING
    if partition.phase is None or partition.phase is JobPhase.WAITING:
        return StepMark.STOPPED if partition.outcome is Outcome.CANCELLED else StepMark.WAITING
    if stage is Stage.POLLING and partition.phase in (JobPhase.COMPLETED, JobPhase.SKIPPED):
        return _failed_after(partition)
    return _mark_of_end(partition)


def _failed_after(partition: Partition) -> StepMark:
    """A completed job without a download target fails where its polls are described."""
    return StepMark.FAILED if partition.outcome is Outcome.FAILED else StepMark.DONE


def _mark_of_end(partition: Partition) -> StepMark:
    match partition.outcome:
        case None if partition.phase in (JobPhase.FAILED, JobPhase.TIMED_OUT):
            return StepMark.FAILED
        case None:
            return StepMark.ACTIVE
        case Outcome.FAILED:
            return StepMark.FAILED
        case Outcome.CANCELLED:
            return StepMark.STOPPED
        case Outcome.SKIPPED:
            return StepMark.SKIPPED
        case _:
            return StepMark.DONE


def _creation_facts(partition: Partition, now: float) -> tuple[str, ...]:
    if partition.known:
        return ("the same job",)
    if partition.phase in _MAY_WAIT and partition.outcome is None and partition.detail:
        return (waiting(partition.detail),)
    seconds = partition.seconds_in(Stage.CREATION, now)
    facts = [] if seconds is None else [duration(seconds)]
    if partition.attempt > 1:
        facts.append(attempt(partition))
    return tuple(facts)


def _polling_facts(state: TrialState, partition: Partition, mark: StepMark, now: float) -> tuple[str, ...]:
    if Stage.POLLING not in partition.stage_began:
        return ()
    facts = [
        count(partition.polls, "poll") if partition.polls or state.only is not Stage.DOWNLOAD else "as polled last"
    ]
    if partition.api_status is not None:
        facts.append(f"{one_line(partition.api_status, _STATUS_SHOWN)} → {meaning(state, partition)}")
    elif state.missing is not None:
        facts.append("no status")
    facts.append(duration(partition.elapsed_at(now)))
    if mark is StepMark.ACTIVE:
        facts.append(next_poll(partition, now))
        if partition.timeout:
            facts.append(f"{_left(partition.timeout - partition.elapsed_at(now))} left")
    elif partition.phase is JobPhase.TIMED_OUT:
        facts.append(str(partition.phase))
    return tuple(facts)


def meaning(state: TrialState, partition: Partition) -> str:
    """What the last status of a partition's job is taken for."""
    if partition.api_status in state.unmapped:
        return "not mapped"
    return partition.meaning or "unknown"


def _download_facts(partition: Partition) -> tuple[str, ...]:
    facts = []
    if len(partition.pages) > 1:
        facts.append(count(len(partition.pages), "page"))
    if partition.transferred:
        facts.append(size(partition.transferred))
    if partition.records or partition.pages:
        facts.append(count(partition.records, "record"))
    if partition.was_cut and facts:
        facts.append("cut at the limit")
    return tuple(facts)


def _left(seconds: float) -> str:
    """A countdown, in whole seconds so that it does not flicker."""
    whole = max(0, round(seconds))
    return f"{whole} s" if whole < 100 else f"{round(whole / 60)} min"
