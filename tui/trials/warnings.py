"""What is worth a second look although the read itself said nothing: the warnings of the test screen."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.events import Outcome
from core.progress.plain import count
from tui.trials.state import PageState
from tui.trials.trial import Trial

_MISMATCHES_TOLD = 3


class Concern(StrEnum):
    """What a warning is about."""

    NO_STATUS = "no status"
    STALE = "stale"
    ANSWERS = "answers"
    NO_RECORDS = "no records"
    KEY_MISSING = "key missing"
    KEY_REPEATED = "key repeated"
    SCHEMA = "schema"


@dataclass(frozen=True, slots=True)
class Warned:
    """A warning: what it is about and the sentences for people."""

    concern: Concern
    text: str


def warnings(run: Trial, *, stale: bool = False) -> list[Warned]:
    """The warnings about a read that has ended; of a read that goes on only what can't change any more."""
    found = []
    if stale:
        text = "The stream was changed after this test. Test it again to see what it does now."
        found.append(Warned(Concern.STALE, text))
    found += [*_about_status(run), *_about_answers(run)]
    if not run.state.running:
        found += _about_absence(run)
    return found + _about_keys(run) + _about_schema(run)


def _about_status(run: Trial) -> list[Warned]:
    missing = run.state.missing
    if missing is None:
        return []
    goes_on = " The job counts as running." if run.state.running else ""
    text = f"There is no status at {missing.place} in the answer to polling: {missing.found}.{goes_on}"
    return [Warned(Concern.NO_STATUS, text)]


def _about_answers(run: Trial) -> list[Warned]:
    pages = [page for partition in run.state.partitions for page in partition.pages]
    bad = [page for page in pages if page.answered and not page.answered_well]
    if not bad or run.state.errors:  # the errors tell of them
        return []
    told = f"{len(bad)} of {count(len(pages), 'page')}" if len(pages) > 1 else "The request for the records"
    text = f"{told} got no good answer ({_answer(bad[0])}). The Response tab shows what the API said."
    return [Warned(Concern.ANSWERS, text)]


def _answer(page: PageState) -> str:
    return page.error or f"status {page.status}"


def _about_absence(run: Trial) -> list[Warned]:
    state = run.state
    pages = [page for partition in state.partitions for page in partition.pages]
    good = any(page.answered_well for page in pages)
    if state.records or not good or state.outcome not in (Outcome.COMPLETE, Outcome.LIMITED):
        return []
    text = (
        "The API answered, but no record was found in its answers. "
        "Compare the Response tab with the path and the filter of the Record Selector."
    )
    return [Warned(Concern.NO_RECORDS, text)]


def _about_keys(run: Trial) -> list[Warned]:
    inspector = run.inspector
    key = ", ".join(".".join(path) for path in inspector.primary_key)
    found = []
    if inspector.keys_missing:
        lack = "lacks" if inspector.keys_missing == 1 else "lack"
        text = f"{count(inspector.keys_missing, 'record')} {lack} the primary key `{key}`. Check its field names."
        found.append(Warned(Concern.KEY_MISSING, text))
    if inspector.keys_repeated:
        repeat = "repeats" if inspector.keys_repeated == 1 else "repeat"
        text = (
            f"The primary key `{key}` is not unique: {count(inspector.keys_repeated, 'record')} {repeat} a key "
            f"that came before, such as `{inspector.repeated_key}`."
        )
        found.append(Warned(Concern.KEY_REPEATED, text))
    return found


def _about_schema(run: Trial) -> list[Warned]:
    told = [f"{text} ({count(times, 'record')})" for text, times in run.inspector.mismatches]
    if not told:
        return []
    more = f"; and {len(told) - _MISMATCHES_TOLD} more" if len(told) > _MISMATCHES_TOLD else ""
    text = f"Records don't fit the declared schema: {'; '.join(told[:_MISMATCHES_TOLD])}{more}."
    return [Warned(Concern.SCHEMA, text)]
