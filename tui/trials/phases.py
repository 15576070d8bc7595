"""The state of a trial in words: the headline, and how far each step of a job has come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from core.events import JobPhase, Outcome
from core.progress.plain import count, duration, one_line, size
from tui.trials.state import Partition, Stage, TrialState

_WORDS = {
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
    if state.outcome is None:
        return f"■ cancelling… {time}" if state.cancelling else f"● testing {time}"
    return _WORDS[state.outcome].format(records=count(state.records, "record"), time=time)


def held_in_words(state: TrialState) -> Iterator[str]:
    """Which call rates of the API budget hold requests back at the moment, and for how long, in sentences."""
    now = state.clock()
    for terms, until in state.held.items():
        left = duration(max(0.0, until - now), whole=True)
        yield f"The API budget is used up ({terms}). The next request goes out in {left}."


def limits_in_words(state: TrialState) -> str:
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


def what_ending_does(state: TrialState) -> str:
    """What happens to a read that goes on, and to its jobs on the server, when it is ended now."""
    told = f"The test of {state.stream} is still running. It ends where it is"
    jobs = sum(one.outcome is None and one.phase in (JobPhase.CREATING, JobPhase.RUNNING) for one in state.partitions)
    if not jobs:
        return f"{told}."
    its, are, go = ("its job", "is", "goes") if jobs == 1 else (f"its {jobs} jobs", "are", "go")
    if state.can_abort:
        return f"{told}, and {its} {are} aborted on the server."
    return f"{told}, but {its} {go} on running on the server: the stream has no abort request."


def jobs_left(state: TrialState) -> int:
    """How many jobs a cancelled read has left running on the server, as far as that is known."""
    if not state.cancelling or state.outcome is not Outcome.CANCELLED or state.abandoned:
        return 0
    return max(0, state.running_when_cancelled - _aborted(state))


def _aborted(state: TrialState) -> int:
    return sum(one.status is not None and one.status < 400 for one in state.aborts)


def cancel_report(state: TrialState) -> Iterator[str]:
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


_STATUS_SHOWN = 30


class Mark(StrEnum):
    """How a step stands; the value is the glyph."""

    WAITING = "○"
    ACTIVE = "●"
    DONE = "✓"
    FAILED = "✗"
    STOPPED = "■"
    SKIPPED = "–"

    @property
    def word(self) -> str:
        """The same in a word."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the phase bar: its name, how it stands, and the facts behind it."""

    name: str
    mark: Mark
    facts: tuple[str, ...] = ()


def steps(state: TrialState, partition: Partition) -> tuple[Step, ...]:
    """The steps of a partition: three for a job, one for the requests of a synchronous stream."""
    now = state.clock()
    if not state.asynchronous:
        return (Step("Requests", _mark_of_end(partition), _download_facts(partition)),)
    marks = {stage: _mark(partition, stage) for stage in Stage}
    return (
        Step(Stage.CREATION, marks[Stage.CREATION], _creation_facts(partition, now)),
        Step(Stage.POLLING, marks[Stage.POLLING], _polling_facts(state, partition, marks[Stage.POLLING], now)),
        Step(Stage.DOWNLOAD, marks[Stage.DOWNLOAD], _download_facts(partition)),
    )


def tally(state: TrialState) -> str:
    """All partitions in a line: how many are done, polling, and so on."""
    counts: dict[str, int] = {}
    for partition in state.partitions:
        word = _standing(partition, state)
        counts[word] = counts.get(word, 0) + 1
    told = ", ".join(f"{number} {word}" for word, number in counts.items())
    return f"{count(len(state.partitions), 'partition')}: {told}"


def _standing(partition: Partition, state: TrialState) -> str:
    if partition.outcome is Outcome.COMPLETE:
        return "done"
    if partition.outcome is not None:
        return str(partition.outcome)
    if not state.asynchronous:
        return "reading"
    if partition.phase in (None, JobPhase.WAITING):
        return "waiting"
    return {Stage.CREATION: "creating", Stage.POLLING: "polling", Stage.DOWNLOAD: "downloading"}[partition.stage]


def _mark(partition: Partition, stage: Stage) -> Mark:
    order = list(Stage)
    if order.index(stage) < order.index(partition.stage):
        return Mark.DONE
    if order.index(stage) > order.index(partition.stage):
        left_out = partition.outcome in (Outcome.SKIPPED, Outcome.COMPLETE)  # complete: nothing was there to download
        return Mark.SKIPPED if left_out else Mark.WAITING
    if partition.phase is None or partition.phase is JobPhase.WAITING:
        return Mark.STOPPED if partition.outcome is Outcome.CANCELLED else Mark.WAITING
    if stage is Stage.POLLING and partition.phase in (JobPhase.COMPLETED, JobPhase.SKIPPED):
        return _failed_after(partition)
    return _mark_of_end(partition)


def _failed_after(partition: Partition) -> Mark:
    """A completed job without a download target fails where its polls are described."""
    return Mark.FAILED if partition.outcome is Outcome.FAILED else Mark.DONE


def _mark_of_end(partition: Partition) -> Mark:
    match partition.outcome:
        case None if partition.phase in (JobPhase.FAILED, JobPhase.TIMED_OUT):
            return Mark.FAILED
        case None:
            return Mark.ACTIVE
        case Outcome.FAILED:
            return Mark.FAILED
        case Outcome.CANCELLED:
            return Mark.STOPPED
        case Outcome.SKIPPED:
            return Mark.SKIPPED
        case _:
            return Mark.DONE


def _creation_facts(partition: Partition, now: float) -> tuple[str, ...]:
    if partition.known:
        return ("the same job",)
    if partition.phase is JobPhase.WAITING and partition.outcome is None and partition.detail:
        return (f"waiting: {partition.detail}",)
    seconds = partition.seconds_in(Stage.CREATION, now)
    facts = [] if seconds is None else [duration(seconds)]
    if partition.attempt > 1:
        facts.append(f"attempt {partition.attempt}")
    return tuple(facts)


def _polling_facts(state: TrialState, partition: Partition, mark: Mark, now: float) -> tuple[str, ...]:
    if Stage.POLLING not in partition.stage_began:
        return ()
    facts = [count(partition.polls, "poll")]
    if partition.api_status is not None:
        facts.append(f"{one_line(partition.api_status, _STATUS_SHOWN)} → {meaning(state, partition)}")
    elif state.missing is not None:
        facts.append("no status")
    facts.append(duration(partition.elapsed_at(now)))
    if mark is Mark.ACTIVE:
        facts.append("polling now" if partition.next_poll is None else f"next in {_left(partition.next_poll - now)}")
        if partition.timeout:
            facts.append(f"{_left(partition.timeout - partition.elapsed_at(now))} left")
    elif partition.phase is JobPhase.TIMED_OUT:
        facts.append("timed out")
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
    if partition.received:
        facts.append(size(partition.received))
    if partition.records or partition.pages:
        facts.append(count(partition.records, "record"))
    if partition.was_cut:
        facts.append("cut at the limit")
    return tuple(facts)


def _left(seconds: float) -> str:
    """A time that runs down, in whole seconds so that it does not flicker."""
    whole = max(0, round(seconds))
    return f"{whole} s" if whole < 100 else f"{round(whole / 60)} min"
