"""Why a trial failed: an error that hit many slices is one cause, with those slices and the request it came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from core.wording import clean
from tui.trials.exchanges import ExchangeEntry
from tui.trials.remedies import Remedy, last_request, remedy_named_in, where_to_fix
from tui.trials.state import Partition
from tui.trials.trial import Trial


@dataclass(frozen=True, slots=True)
class Cause:
    """An error, as it came first.

    `status` is that of the refused request, 0 where there was no answer, None where no request was refused.
    `exchange` is the number of the request to look at. `slices` are the names of those that the error hit, `of` is how
    many there are; both are empty for an error of the read as a whole.
    """

    text: str
    title: str
    status: int | None = None
    exchange: int | None = None
    request: str = ""
    slices: tuple[str, ...] = ()
    of: int = 0
    remedy: Remedy | None = None

    @property
    def hits(self) -> str:
        """How many slices the error hit and which; empty where there is only one slice anyway."""
        if self.of < 2:
            return ""
        if len(self.slices) == 1:
            return self.slices[0]
        return f"{len(self.slices):,} of {self.of:,} partitions"


def causes(trial: Trial) -> Iterator[Cause]:
    """The causes by now, those that hit the most slices first; then the errors of the read as a whole."""
    state = trial.state
    hit: dict[str, list[Partition]] = {}
    for shared in state.failures:
        hit.setdefault(shared.error or "The partition failed.", []).extend(map(state.slice, shared.slices))
    for error, partitions in sorted(hit.items(), key=lambda one: -len(one[1])):
        yield _cause(trial, error, partitions[0], tuple(one.name for one in partitions))
    for error in state.errors_of_read:
        yield _cause(trial, error)


def _cause(trial: Trial, error: str, first: Partition | None = None, names: tuple[str, ...] = ()) -> Cause:
    entry = last_request(trial, first)
    return Cause(
        text=error,
        title=_title(trial, entry, first),
        status=(entry.head.status or 0) if entry is not None and entry.failed else None,
        exchange=entry.number if entry is not None else None,
        request=entry.title if entry is not None else "",
        slices=names,
        of=len(trial.state.partitions) if names else 0,
        remedy=remedy_named_in(error, trial) or where_to_fix(trial, partition=first),
    )


def _title(trial: Trial, entry: ExchangeEntry | None, partition: Partition | None) -> str:
    """What happened, in two words: the refusal of the API, else the stage in which it happened."""
    if entry is not None and entry.failed:
        head = entry.head
        return clean(f"{head.status} {head.reason}").strip() if head.status is not None else "No answer"
    if trial.state.asynchronous and partition is not None:
        return f"{partition.stage} failed"
    return "Failed"
