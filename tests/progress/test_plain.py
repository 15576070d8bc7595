"""Plain progress: one line for each phase of a job, none for a poll."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import datetime

import pytest

from core.events import Event, JobPhase, Log, Outcome, SliceFinished
from core.levels import Level
from core.progress.plain import PlainProgress
from tests.progress.stories import exchange, job, job_story


def lines_of(events: Iterable[Event], level: Level = Level.INFO) -> list[str]:
    target = io.StringIO()
    progress = PlainProgress(target, level, now=lambda: datetime(2024, 1, 1, 12, 30, 5))
    for event in events:
        progress.show(event)
    return target.getvalue().splitlines()


def test_a_job_makes_one_line_per_phase() -> None:
    assert lines_of(job_story()) == [
        "12:30:05 contacts: creating the job",
        "12:30:05 contacts: job exp_1 is running",
        "12:30:05 contacts: job exp_1 completed (ready) after 2 polls, 2.5 s",
        "12:30:05 contacts: The result is in 1 file.",
        "12:30:05 contacts: downloading the result of job exp_1",
        "12:30:05 contacts: job exp_1 done",
    ]


def test_a_further_attempt_is_a_new_line() -> None:
    lines = lines_of(
        [
            job(JobPhase.RUNNING, job_id="1"),
            job(JobPhase.FAILED, job_id="1", polls=1, elapsed=1.0, api_status="error"),
            job(JobPhase.RUNNING, job_id="2", attempt=2),
            job(JobPhase.TIMED_OUT, job_id="2", attempt=2, polls=9, elapsed=3600.0),
        ]
    )
    assert [line.removeprefix("12:30:05 ") for line in lines] == [
        "contacts: job 1 is running",
        "WARNING: contacts: job 1 failed (error) after 1 poll, 1.0 s",
        "contacts: job 2 is running (attempt 2)",
        "WARNING: contacts: job 2 timed out after 9 polls, 1 h 00 min (attempt 2)",
    ]


def test_a_refused_creation_is_told_by_its_cause_alone() -> None:
    refused = "Creating the job failed. POST /exports: HTTP 403."
    events = [
        job(JobPhase.CREATING),
        job(JobPhase.FAILED, detail=refused),
        SliceFinished(stream="contacts", outcome=Outcome.FAILED, records=0, error=f"Given up. {refused}"),
    ]
    assert lines_of(events) == [
        "12:30:05 contacts: creating the job",
        f"12:30:05 ERROR: contacts: Given up. {refused}",
    ]
    assert f"12:30:05 contacts: no job. {refused} (attempt 1)" in lines_of(events, Level.DEBUG)


def test_lines_name_their_slice() -> None:
    first, second = {"day": "1"}, {"day": "2"}
    lines = lines_of([job(JobPhase.CREATING, first), job(JobPhase.CREATING, second), job(JobPhase.CREATING, first)])
    assert [line.partition(": ")[0] for line in lines] == [
        "12:30:05 contacts [day=1]",
        "12:30:05 contacts [day=2]",
    ]


@pytest.mark.parametrize(
    ("level", "texts"),
    [
        (Level.DEBUG, ["waiting", "GET", "warn", "bad"]),
        (Level.INFO, ["warn", "bad"]),
        (Level.WARNING, ["warn", "bad"]),
        (Level.ERROR, ["bad"]),
    ],
)
def test_the_level_decides_what_is_shown(level: Level, texts: list[str]) -> None:
    lines = lines_of(
        [
            job(JobPhase.WAITING),
            exchange(),
            Log(stream="contacts", level=Level.WARNING, message="warn"),
            SliceFinished(stream="contacts", outcome=Outcome.FAILED, records=0, error="bad"),
        ],
        level,
    )
    assert len(lines) == len(texts)
    assert all(text in line for text, line in zip(texts, lines, strict=True))


def test_a_slice_that_failed_like_another_one_is_shown_for_debugging_only() -> None:
    failed = SliceFinished(stream="contacts", slice={"q": "b"}, outcome=Outcome.FAILED, records=0, error="closed")
    like = SliceFinished(
        stream="contacts", slice={"q": "c"}, outcome=Outcome.FAILED, records=0, error="closed, too", like={"q": "b"}
    )
    assert lines_of([failed, like]) == ["12:30:05 ERROR: contacts [q=b]: closed"]
    assert lines_of([like], Level.DEBUG) == ["12:30:05 contacts [q=c]: failed like [q=b]. closed, too"]


def test_a_job_that_the_api_postponed_is_shown_as_waiting() -> None:
    lines = lines_of([job(JobPhase.WAITING, detail="the API refused the job while another one runs")])
    assert lines == ["12:30:05 contacts: waiting: the API refused the job while another one runs"]


def test_an_exchange_is_one_line_for_debugging() -> None:
    lines = lines_of([exchange("https://api.example.com/?key=****")], Level.DEBUG)
    assert lines == ["12:30:05 contacts: poll: GET https://api.example.com/?key=**** -> 200 OK in 0.25 s"]


def test_texts_from_servers_can_not_control_the_terminal() -> None:
    (line,) = lines_of([job(JobPhase.RUNNING, job_id="\x1b[31mred\x07")])
    assert line == "12:30:05 contacts: job \ufffd[31mred\ufffd is running"


def test_lines_are_dropped_once_the_reader_has_gone() -> None:
    class Gone(io.StringIO):
        attempts = 0

        def write(self, text: str) -> int:
            self.attempts += 1
            raise BrokenPipeError

    target = Gone()
    progress = PlainProgress(target, Level.INFO)
    progress.log(Level.ERROR, "one")
    progress.log(Level.ERROR, "two")
    assert target.attempts == 1
