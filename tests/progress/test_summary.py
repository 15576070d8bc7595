"""The closing text about a stream and a run."""

from __future__ import annotations

from core.events import Event, Outcome, Records, SliceFinished, StreamStarted
from core.levels import Level
from core.progress.picture import RunPicture
from core.progress.sentences import run_summary, stream_summary
from core.wording import clean
from tests.progress.stories import Clock, ended


def summary(*events: Event, remains: str = "") -> list[tuple[Level, str]]:
    run = RunPicture(["contacts"], Clock())
    for event in events:
        run.fold(event)
    return list(stream_summary(run.streams["contacts"], "out.jsonl", remains))


def test_a_stream_that_succeeded_says_how_many_records_went_where() -> None:
    assert summary(ended()) == [(Level.INFO, "contacts: 1,200 records, 1 slice, 4.2 s -> out.jsonl")]
    assert summary(ended(Outcome.LIMITED, records=1)) == [
        (Level.INFO, "contacts: 1 record, 1 slice, 4.2 s -> out.jsonl (ended at the limit)")
    ]


def test_a_failure_shows_its_errors_once_and_where_the_rest_is() -> None:
    failed = SliceFinished(stream="contacts", outcome=Outcome.FAILED, records=0, error="shown before")
    end = ended(Outcome.FAILED, ["shown before", "new", "new"], slices=3)
    assert summary(failed, end, remains="what was read is in out.jsonl.partial") == [
        (Level.ERROR, "contacts: new"),
        (
            Level.ERROR,
            "contacts: failed (1,200 records, 3 slices, 4.2 s, 1 of them failed); what was read is in "
            "out.jsonl.partial.",
        ),
    ]


def test_slices_that_failed_alike_are_counted_and_named_without_repeating_the_cause() -> None:
    slices = [{"q": name} for name in "bcd"]
    first = SliceFinished(stream="contacts", slice=slices[0], outcome=Outcome.FAILED, records=0, error="b is closed.")
    others = [
        SliceFinished(stream="contacts", slice=one, outcome=Outcome.FAILED, records=0, error="closed.", like=slices[0])
        for one in slices[1:]
    ]
    shared = "b is closed. The same happened in 3 of 4 slices: q=b, q=c, q=d."
    lines = summary(first, *others, ended(Outcome.FAILED, [shared, "of the stream"], slices=4, records=0))
    assert [text for _, text in lines] == [
        "contacts: of the stream",
        "contacts: 3 of 4 slices failed for the same reason: q=b, q=c, q=d.",
        "contacts: failed (0 records, 4 slices, 4.2 s, 3 of them failed).",
    ]


def test_many_errors_are_counted() -> None:
    lines = summary(ended(Outcome.FAILED, [f"error {number}" for number in range(15)]))
    assert lines[10] == (Level.ERROR, "contacts: and 5 more errors")


def test_a_cancelled_stream_without_records() -> None:
    (line,) = summary(ended(Outcome.CANCELLED, records=0), remains="standard output is incomplete")
    assert line == (Level.WARNING, "contacts: cancelled (0 records, 1 slice, 4.2 s).")


def test_an_error_that_names_its_stream_is_shown_as_it_is() -> None:
    lines = summary(ended(Outcome.FAILED, ["Stream `contacts`: given up."]))
    assert lines[0] == (Level.ERROR, "Stream `contacts`: given up.")


def test_a_run_is_summed_up() -> None:
    clock = Clock()
    run = RunPicture(["contacts", "users", "never"], clock)
    run.fold(StreamStarted(stream="contacts"))
    run.fold(Records(stream="contacts", count=1200))
    run.fold(ended())
    run.fold(ended(Outcome.FAILED, stream="users"))
    clock.now += 65
    assert run_summary(run) == (
        Level.INFO,
        "1 of 3 streams read, 1 failed: 1,200 records in 1 min 05 s",
    )


def test_foreign_texts_keep_no_control_characters_but_line_feeds() -> None:
    assert clean("a\tb\nc\x1b[0m\x9b1m") == "a b\nc\ufffd[0m\ufffd1m"
