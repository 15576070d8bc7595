from __future__ import annotations

from collections.abc import Iterable

import pytest

from core.events import DownloadProgress, Event, JobPhase, Log, Outcome, SliceFinished, StateAdvanced
from core.http.exchange import Role
from core.levels import Level
from core.progress.gantt import folded
from core.progress.job_line import Look, job_line
from core.reading import Limits
from tests.tui.trials.support import (
    READY,
    STREAM,
    Clock,
    asked,
    batch,
    contact,
    created,
    ended,
    job,
    polled,
    started,
    success,
    unmapped,
    wait,
)
from tui.trials.notices import warnings
from tui.trials.phases import cancel_report, headline, limit_sentence
from tui.trials.state import LOGS_KEPT, TrialState
from tui.trials.trial import Trial


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def state(clock: Clock) -> TrialState:
    return TrialState(STREAM, asynchronous=True, limits=Limits(1000, 5, 5), clock=clock)


def take(state: TrialState, events: Iterable[Event]) -> TrialState:
    for event in events:
        state.fold(event)
    return state


def bar(state: TrialState) -> str:
    """The job line of the first partition, as text."""
    now = state.clock() if state.ended is None else state.ended
    lines = job_line(state.partitions[0], Look(now, unmapped=state.unmapped), 90)
    return "\n".join("".join(text for text, _ in line).rstrip() for line in lines)


def test_a_job_is_followed_from_its_creation_to_its_records(state: TrialState, clock: Clock) -> None:
    take(state, created()[:3])
    clock.now += 0.4
    assert "creating" in bar(state)
    take(state, [job(JobPhase.RUNNING), wait(5.0)])
    assert "next poll in 5 s" in bar(state)
    assert "0 polls · limit 30 min" in bar(state)
    clock.now += 5.0
    assert "polling now" in bar(state)
    take(state, [*polled(1, "pending", JobPhase.RUNNING), wait(7.0, 1)])
    assert "pending → running    next poll in 7 s" in bar(state)
    take(state, [*polled(2, "ready", JobPhase.COMPLETED, READY), job(JobPhase.DOWNLOADING, 2, "ready")])
    take(state, [DownloadProgress(stream=STREAM, slice={}, received=1500), batch(contact(1), contact(2))])
    assert "ready  download" in bar(state)
    assert "1.5 kB" in bar(state)
    take(state, [job(JobPhase.DONE, 2, "ready"), *ended(Outcome.COMPLETE, 2)])
    assert "2 records" in bar(state)
    assert headline(state) == "✓ 2 records in 5.4 s"
    assert not state.running


def test_the_start_of_a_job_belongs_to_its_creation(state: TrialState, clock: Clock) -> None:
    take(state, [*started(), *created()[:3], job(JobPhase.STARTING)])
    clock.now += 0.5
    assert "starting" in bar(state)
    take(state, [job(JobPhase.STARTING, detail="the API refused to start the job")])
    assert "waiting: the API refused to start the job" in bar(state)
    take(state, [asked(Role.START), job(JobPhase.RUNNING)])
    assert "running" in bar(state)


def test_records_that_come_with_the_polls_are_facts_of_polling(state: TrialState) -> None:
    take(state, [*started(), *created(), asked(Role.POLL, page=1), batch(contact(1), contact(2))])
    take(
        state,
        [job(JobPhase.RUNNING, 1, "pending"), job(JobPhase.COMPLETED, 2, "ready"), job(JobPhase.DONE, 2, "ready")],
    )
    take(state, ended(Outcome.COMPLETE, 2))
    assert "ready" in bar(state)
    assert "2 records" in bar(state)
    assert [page.status for page in state.partitions[0].pages] == [200]


def test_time_stands_still_once_polling_is_over(state: TrialState, clock: Clock) -> None:
    take(state, success())
    before = bar(state)
    clock.now += 60
    assert bar(state) == before
    assert headline(state) == "✓ 40 records in 0.0 s"


def test_a_job_that_the_api_calls_failed_is_failed_at_polling(state: TrialState) -> None:
    take(state, [*started(), *created(), *polled(1, "failed", JobPhase.FAILED), *ended(Outcome.FAILED, error="No.")])
    assert "✗" in bar(state)
    assert "failed" in bar(state)
    assert "1 poll" in bar(state)
    assert state.errors == ("No.",)
    assert headline(state) == "✗ failed after 0.0 s"


def test_a_further_attempt_starts_over(state: TrialState) -> None:
    take(state, [*started(), *created(), *polled(1, "failed", JobPhase.FAILED)])
    take(state, [job(JobPhase.CREATING, attempt=2, job_id=None)])
    assert "creating" in bar(state)
    assert "attempt 2" in bar(state)


def test_a_refused_creation_fails_at_creation(state: TrialState) -> None:
    take(state, [*started(), *created()[:2], asked(Role.CREATE, 401), job(JobPhase.FAILED, job_id=None)])
    take(state, ended(Outcome.FAILED, error="401"))
    assert "✗" in bar(state)
    assert "creation failed" in bar(state)


def test_a_timed_out_job_says_so(state: TrialState) -> None:
    take(
        state, [*started(), *created(), *polled(1, "pending", JobPhase.RUNNING), job(JobPhase.TIMED_OUT, 1, "pending")]
    )
    assert "✗" in bar(state)
    assert "timed out" in bar(state)


def test_a_completed_job_without_target_fails_at_polling(state: TrialState) -> None:
    take(state, [*started(), *created(), *polled(1, "ready", JobPhase.COMPLETED), *ended(Outcome.FAILED, error="No.")])
    assert "✗" in bar(state)
    assert "ready → completed" in bar(state)


def test_a_skipped_job_has_nothing_to_download(state: TrialState) -> None:
    take(state, [*started(), *created(), *polled(1, "empty", JobPhase.SKIPPED), *ended(Outcome.SKIPPED)])
    assert "–" in bar(state)
    assert "skipped" in bar(state)


def test_an_unmapped_status_waits_for_an_answer(state: TrialState) -> None:
    take(state, [*started(), *created(), asked(Role.POLL), unmapped("queued"), job(JobPhase.RUNNING, 1, "queued")])
    assert list(state.unmapped) == ["queued"]
    assert "queued → not mapped" in bar(state)
    state.answer_status("queued")
    assert not state.unmapped
    assert "queued → running" in bar(state)


def test_the_status_that_a_job_is_in_now_is_asked_about_first(state: TrialState) -> None:
    take(state, [*started(), *created(), unmapped("queued"), job(JobPhase.RUNNING, 1, "queued")])
    take(state, [unmapped("packing"), job(JobPhase.RUNNING, 2, "packing")])
    assert state.question == state.unmapped["packing"]
    state.answer_status("packing")
    assert state.question == state.unmapped["queued"]
    take(state, ended(Outcome.COMPLETE))
    assert state.question == state.unmapped["queued"]
    state.answer_status("queued")
    assert state.question is None


def test_partitions_are_counted_by_their_activity(state: TrialState) -> None:
    one, two = {"list": "a"}, {"list": "b"}
    take(state, [*started(one), *created(one), *polled(1, "ready", JobPhase.COMPLETED, READY, one)])
    take(state, [SliceFinished(stream=STREAM, slice=one, outcome=Outcome.COMPLETE, records=0)])
    take(state, [job(JobPhase.CREATING, slice_=two)])
    assert folded(state.partitions, 0, Look(0.0)) == [("✓ 1 done", "ready"), ("1 creating", "quiet")]
    assert [partition.name for partition in state.partitions] == ["list=a", "list=b"]


def test_bytes_of_several_downloads_add_up(state: TrialState) -> None:
    for received in (100, 300, 50, 80):
        state.fold(DownloadProgress(stream=STREAM, slice={}, received=received))
    assert state.partitions[0].received == 380


def test_retries_and_redirects_belong_to_the_page_they_serve(state: TrialState) -> None:
    url = "https://files.example.com/1.csv"
    take(
        state,
        [
            asked(Role.DOWNLOAD, 302, page=2),
            asked(Role.DOWNLOAD, 500, url=url, page=2),
            asked(Role.DOWNLOAD, 404, url=url, attempt=2, page=2),
            asked(Role.DOWNLOAD, 200, page=1),
        ],
    )
    pages = state.partitions[0].pages
    assert [(page.number, page.status) for page in pages] == [(1, 200), (2, 404)]


def test_records_belong_to_the_page_that_they_are_from_also_before_it_is_answered() -> None:
    trial = Trial(TrialState(STREAM))
    for event in (
        batch(contact(1), page=2),
        asked(Role.PAGE, page=1),
        batch(contact(2), page=1),
        batch(contact(3), page=2),
    ):
        trial.take(event)
    assert [len(trial.records.view(1, page)) for page in (1, 2)] == [1, 2]
    assert [page.answered for page in trial.state.partitions[0].pages] == [True, False]
    assert not warnings(trial)


def test_requests_of_a_parent_stream_are_no_pages_of_this_one() -> None:
    trial = Trial(TrialState(STREAM))
    trial.take(asked(Role.DOWNLOAD, slice_=None, parent="surveys"))
    assert trial.state.partitions == []
    assert trial.exchanges.finals(None) == []


def test_the_log_counts_what_it_no_longer_keeps(state: TrialState) -> None:
    for _ in range(LOGS_KEPT + 5):
        state.fold(Log(stream=STREAM, level=Level.INFO, message="again"))
    state.fold(Log(stream=STREAM, slice={}, level=Level.ERROR, message="bad"))
    assert len(state.logs) == LOGS_KEPT
    assert state.severities == {Level.INFO: LOGS_KEPT + 5, Level.ERROR: 1}


def test_the_state_of_a_partition_and_of_the_stream_are_kept(state: TrialState) -> None:
    state.fold(StateAdvanced(stream=STREAM, slice={"list": "a"}, state={"cursor": 1}))
    state.fold(StateAdvanced(stream=STREAM, state={"cursor": 2}))
    assert state.partitions[0].state == {"cursor": 1}
    assert state.state == {"cursor": 2}


def test_nothing_changes_once_the_read_has_ended(state: TrialState) -> None:
    take(state, success())
    version = state.version
    take(state, [batch(contact(1)), job(JobPhase.RUNNING)])
    assert (state.version, state.records) == (version, 40)


@pytest.mark.parametrize(
    ("records", "cut", "limits", "limit"),
    [
        (1000, True, Limits(1000, 5, 5), "1,000 records"),
        (40, True, Limits(1000, 5, 5), "5 pages per partition"),
        (40, False, Limits(1000, 5, 1), "1 partition"),
    ],
)
def test_the_limit_that_cut_something_is_named(records: int, cut: bool, limits: Limits, limit: str) -> None:
    state = TrialState(STREAM, limits=limits)
    state.fold(batch(*(contact(number) for number in range(records))))
    outcome = Outcome.LIMITED if cut else Outcome.COMPLETE
    state.fold(SliceFinished(stream=STREAM, slice={}, outcome=outcome, records=records))
    state.fold(ended(Outcome.LIMITED, records)[1])
    assert limit_sentence(state) == f"The test ended at its limit of {limit}; there is more."


def test_no_limit_is_named_when_nothing_was_cut() -> None:
    state = TrialState(STREAM, limits=Limits(40, 5, 5))
    take(state, success(40))
    assert limit_sentence(state) == ""


def test_the_report_says_what_cancelling_did(state: TrialState) -> None:
    take(state, [*started(), *created(), *polled(1, "pending", JobPhase.RUNNING)])
    state.cancel()
    assert headline(state).startswith("■ cancelling…")
    take(state, [asked(Role.ABORT, 200), job(JobPhase.ABORTED, 1, "pending"), *ended(Outcome.CANCELLED)])
    assert list(cancel_report(state)) == [
        "Cancelled. 0 records and 3 requests are kept.",
        "1 job was aborted on the server.",
    ]
    assert "■" in bar(state)
    assert "cancelled" in bar(state)


def test_the_report_counts_jobs_that_go_on(state: TrialState) -> None:
    take(state, [*started(), *created()])
    state.cancel()
    take(state, ended(Outcome.CANCELLED))
    assert list(cancel_report(state))[1] == "1 job goes on running on the server; the log says why."
    state.can_abort = False
    assert list(cancel_report(state))[1] == "1 job goes on running on the server: the stream has no abort request."


def test_a_job_that_was_never_created_does_not_go_on(state: TrialState) -> None:
    take(state, [*started(), job(JobPhase.CREATING, job_id=None), asked(Role.CREATE, None)])
    state.cancel()
    take(state, ended(Outcome.CANCELLED))
    assert list(cancel_report(state)) == ["Cancelled. 0 records and 1 request are kept."]


def test_abandoning_a_cancelled_read_ends_it_at_once(state: TrialState) -> None:
    take(state, [*started(), *created()])
    state.cancel()
    state.abandon()
    assert not state.running
    assert state.partitions[0].outcome is Outcome.CANCELLED
    assert "without waiting" in " ".join(cancel_report(state))


def test_the_time_of_polling_stops_when_polling_ends(state: TrialState, clock: Clock) -> None:
    take(state, [*started(), *created(), *polled(1, "ready", JobPhase.COMPLETED)])
    before = state.partitions[0].elapsed_at(clock.now)
    clock.now += 60
    take(state, [job(JobPhase.DOWNLOADING, 1, "ready", elapsed=61.0)])
    clock.now += 60
    take(state, [job(JobPhase.DONE, 1, "ready", elapsed=121.0)])
    assert state.partitions[0].elapsed_at(clock.now) == before


def test_bytes_are_counted_in_synchronous_streams_too() -> None:
    state = TrialState(STREAM)
    take(state, [*started(), asked(Role.PAGE, 200, "[1234567]", page=1), asked(Role.PAGE, 200, "[12]", page=2)])
    assert state.partitions[0].transferred == 13
    take(state, [DownloadProgress(stream=STREAM, slice={}, received=500)])
    assert state.partitions[0].transferred == 500


def test_a_request_that_was_cancelled_is_not_taken_for_a_refused_one(state: TrialState) -> None:
    take(state, [*started(), asked(Role.DOWNLOAD, None, error="cancelled", response_size=None)])
    assert state.partitions[0].pages == []


def test_the_time_of_polling_goes_on_when_a_completed_job_is_polled_again(state: TrialState, clock: Clock) -> None:
    take(
        state, [*started(), *created(), *polled(1, "ready", JobPhase.COMPLETED), job(JobPhase.DOWNLOADING, 1, "ready")]
    )
    clock.now += 60
    take(state, [job(JobPhase.RUNNING, 1, "ready", elapsed=61.0)])
    clock.now += 5
    assert state.partitions[0].elapsed_at(clock.now) == 66.0
