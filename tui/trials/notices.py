"""What the trial screen says above the results: errors, warnings and remarks, each with the field to fix."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from core.events import Outcome
from core.http.exchange import Role
from core.progress.sentences import budget_waits
from core.units import count
from core.wording import clean, keys_named
from tui.model.specs import in_labels, types_in_labels
from tui.trials.causes import Cause, causes
from tui.trials.offers import Look, list_offers, record_path, seen_in
from tui.trials.phases import cancel_report, limit_sentence
from tui.trials.records import rows
from tui.trials.remedies import Concern, Remedy, abort_remedy, next_to_describe, remedy_named_in, where_to_fix
from tui.trials.state import PageState
from tui.trials.trial import Trial

_MISMATCHES_SHOWN = 3


class Weight(StrEnum):
    """How serious a notice is; the value is its glyph."""

    ERROR = "✗"
    WARNING = "▲"
    REMARK = "•"


@dataclass(frozen=True, slots=True)
class Notice:
    """Sentences for people, and where to fix what they are about."""

    weight: Weight
    text: str
    remedy: Remedy | None = None
    cause: Cause | None = None
    """What an error is about."""


def notices(trial: Trial, *, stale: bool = False, missing: Remedy | None = None) -> Iterator[Notice]:
    """Everything worth saying about a trial, the most serious first. `missing` is what the next stage lacks."""
    state = trial.state
    for cause in causes(trial):
        yield Notice(Weight.ERROR, clean(_labelled(cause.text, trial)), cause.remedy, cause)
    if state.trouble is not None:
        text = state.trouble.text
        remedy = remedy_named_in(text, trial) or where_to_fix(trial)
        yield Notice(Weight.WARNING, clean(_labelled(text, trial)), remedy)
    if trial.listing is not None:
        listing = trial.listing
        remedy = Remedy(listing.tab, listing.title, listing.path, of_template=True)
        yield Notice(Weight.WARNING, listing.missing, remedy)
    for wait in budget_waits(state):
        yield Notice(Weight.REMARK, wait)
    for warning in warnings(trial, stale=stale):
        yield Notice(Weight.WARNING, clean(warning.text), where_to_fix(trial, warning.concern))
    if state.input_state is not None:
        yield Notice(Weight.REMARK, "The test began from an input state, not from the start. L shows and changes it.")
    yield from _about_lists(trial)
    cancelled = " ".join(cancel_report(state))
    if cancelled:
        yield Notice(Weight.REMARK, cancelled, abort_remedy(trial))
    elif limit := limit_sentence(state):
        yield Notice(Weight.REMARK, limit, next_to_describe(trial, missing))


def _about_lists(trial: Trial) -> Iterator[Notice]:
    """A single record that holds a list may well be what is around the records."""
    if trial.state.running or len(trial.records) != 1:
        return
    found = list_offers(list(rows(trial.records, 1)), record_path(trial))
    if found:
        place = f"{found[0].detail} at `{found[0].value}`"
        text = f"The only record holds {place}. If those are the records, choose that path."
        yield Notice(Weight.REMARK, clean(text), where_to_fix(trial, Concern.NO_RECORDS))


def _labelled(text: str, trial: Trial) -> str:
    """A sentence of the engine with fields called as in the forms."""
    declared = trial.declared
    owners = (type(declared.retriever), type(declared)) if declared is not None else ()
    return types_in_labels(in_labels(text, keys_named(text), *owners))


@dataclass(frozen=True, slots=True)
class TrialWarning:
    """A warning that does not come from the engine: what it is about and the sentences for people."""

    concern: Concern
    text: str


def warnings(trial: Trial, *, stale: bool = False) -> list[TrialWarning]:
    """What is worth a second look although the read reported nothing; while it goes on, only what can't change."""
    found = []
    if stale:
        text = "The stream was changed after this test. Test it again to see what it does now."
        found.append(TrialWarning(Concern.STALE, text))
    found += [*_about_status(trial), *_about_answers(trial)]
    if not trial.state.running:
        found += _about_absence(trial)
    return found + _about_keys(trial) + _about_schema(trial)


def _about_status(trial: Trial) -> list[TrialWarning]:
    missing = trial.state.missing
    if missing is None:
        return []
    goes_on = " The job counts as running." if trial.state.running else ""
    text = f"There is no status at {missing.place} in the answer to polling: {missing.found}.{goes_on}"
    polled = trial.exchanges.last_json(Role.POLL)
    likely = next((one for one in seen_in(polled) if one.look is Look.STATUS), None)
    if likely is not None:
        text += f" “{likely.detail}” at `{likely.field_path}` looks like one."
    return [TrialWarning(Concern.NO_STATUS, text)]


def _about_answers(trial: Trial) -> list[TrialWarning]:
    if trial.state.errors:  # they say so
        return []
    pages = _pages(trial)
    bad = [page for page in pages if page.answered and not page.succeeded]
    if not bad:
        return []
    which = f"{len(bad)} of {count(len(pages), 'page')}" if len(pages) > 1 else "The request for the records"
    advice = "Check the URL and the network." if bad[0].status is None else "The Response tab shows what the API said."
    text = f"{which} failed ({_answer(bad[0])}). {advice}"
    return [TrialWarning(Concern.ANSWERS, text)]


def _pages(trial: Trial) -> list[PageState]:
    return [page for partition in trial.state.slices.values() for page in partition.pages]


def _answer(page: PageState) -> str:
    return page.error or f"status {page.status}"


def _about_absence(trial: Trial) -> list[TrialWarning]:
    state = trial.state
    if state.records or state.outcome not in (Outcome.COMPLETE, Outcome.LIMITED):
        return []
    if not any(page.succeeded for page in _pages(trial)):
        return []
    text = (
        "The API answered, but no record was found in its answers. "
        "Compare the Response tab with the path and the filter of the Record Selector."
    )
    return [TrialWarning(Concern.NO_RECORDS, text)]


def _about_keys(trial: Trial) -> list[TrialWarning]:
    inspector = trial.inspector
    key = ", ".join(".".join(path) for path in inspector.primary_key)
    found = []
    if inspector.keys_missing:
        lack = "lacks" if inspector.keys_missing == 1 else "lack"
        text = f"{count(inspector.keys_missing, 'record')} {lack} the primary key `{key}`. Check its field names."
        found.append(TrialWarning(Concern.KEY_MISSING, text))
    if inspector.keys_repeated:
        repeat = "repeats" if inspector.keys_repeated == 1 else "repeat"
        text = (
            f"The primary key `{key}` is not unique: {count(inspector.keys_repeated, 'record')} {repeat} a key "
            f"that came before, such as `{inspector.repeated_key}`."
        )
        found.append(TrialWarning(Concern.KEY_REPEATED, text))
    return found


def _about_schema(trial: Trial) -> list[TrialWarning]:
    found = [f"{text} ({count(times, 'record')})" for text, times in trial.inspector.mismatches]
    if not found:
        return []
    more = f"; and {len(found) - _MISMATCHES_SHOWN} more" if len(found) > _MISMATCHES_SHOWN else ""
    text = f"Records don't fit the declared schema: {'; '.join(found[:_MISMATCHES_SHOWN])}{more}."
    return [TrialWarning(Concern.SCHEMA, text)]
