"""What the test screen tells above the results: errors, warnings and remarks, each with the field to mend."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from core.wording import clean
from tui.model.specs import in_labels
from tui.trials.phases import cancel_report, held_in_words, limits_in_words
from tui.trials.remedies import Place, keys_in, spoken_of, where_to_mend, where_to_say_how_to_abort
from tui.trials.trial import Trial
from tui.trials.warnings import warnings


class Weight(StrEnum):
    """How much a notice weighs; the value is its glyph."""

    ERROR = "✗"
    WARNING = "▲"
    REMARK = "•"


@dataclass(frozen=True, slots=True)
class Notice:
    """Sentences for people, and where to mend what they tell."""

    weight: Weight
    text: str
    place: Place | None = None


def notices(run: Trial, *, stale: bool = False) -> Iterator[Notice]:
    """Everything worth telling about a read, the gravest first."""
    place = where_to_mend(run)
    for error in run.state.errors:
        yield Notice(Weight.ERROR, clean(_said(error, run)), spoken_of(run, error) or place)
    if run.state.trouble is not None:
        text = run.state.trouble.text
        yield Notice(Weight.WARNING, clean(_said(text, run)), spoken_of(run, text) or place)
    for held in held_in_words(run.state):
        yield Notice(Weight.REMARK, held)
    for warned in warnings(run, stale=stale):
        yield Notice(Weight.WARNING, clean(warned.text), where_to_mend(run, warned.concern))
    if run.state.input_state is not None:
        yield Notice(Weight.REMARK, "The test began from an input state, not from the start. L shows and changes it.")
    cancelled = " ".join(cancel_report(run.state))
    if cancelled:
        yield Notice(Weight.REMARK, cancelled, where_to_say_how_to_abort(run))
    elif limits_in_words(run.state):
        yield Notice(Weight.REMARK, limits_in_words(run.state))


def _said(text: str, run: Trial) -> str:
    """A sentence of the engine with fields called as in the forms."""
    declared = run.declared
    return in_labels(text, keys_in(text), *((type(declared.retriever), type(declared)) if declared is not None else ()))
