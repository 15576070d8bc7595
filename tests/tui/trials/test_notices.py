from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from core.components.stream import DeclarativeStream
from core.events import BudgetWait, Event, JobPhase, Outcome, StatusMissing
from core.http.budget import Wait
from core.http.exchange import Role
from tests.tui.trials.support import (
    READY,
    STREAM,
    asked,
    batch,
    connector_of,
    contact,
    created,
    downloaded,
    ended,
    job,
    polled,
    started,
    success,
    unmapped,
    warned,
)
from tui.trials.notices import Weight, notices
from tui.trials.state import TrialState
from tui.trials.trial import Trial

DECLARED = connector_of().stream(STREAM).described
SYNC = connector_of("orders_paginated").stream("orders").described


def shown(events: Iterable[Event], declared: DeclarativeStream = DECLARED, *, stale: bool = False) -> list[str]:
    """The notices about a read, each with the place that it leads to."""
    trial = Trial(TrialState(declared.name, asynchronous=declared is DECLARED), declared)
    for event in events:
        trial.take(event)
    return [
        f"{one.weight} {one.text}" + (f" -> {one.remedy}" if one.remedy else "") for one in notices(trial, stale=stale)
    ]


def failed_at(role: Role, status: int | None, *before: Event) -> list[Event]:
    return [*started(), *before, asked(role, status), *ended(Outcome.FAILED, error="It failed.")]


def test_a_successful_read_has_no_notices() -> None:
    assert shown(success()) == []


def test_a_budget_wait_is_shown_until_the_request_goes_out() -> None:
    few, fewer = "10 calls in 60 seconds", "100 calls in 24 hours"

    def held(terms: str, seconds: float) -> Event:
        return BudgetWait(stream=STREAM, wait=Wait(seconds, terms))

    waiting = [*started(), held(few, 42.3), held(fewer, 7200)]
    assert shown(waiting) == [
        "• The API budget is used up (10 calls in 60 seconds). The next request goes out in 42 seconds.",
        "• The API budget is used up (100 calls in 24 hours). The next request goes out in 2 hours.",
    ]
    assert shown([*waiting, held(few, 0)]) == shown([*started(), held(fewer, 7200)])
    assert shown([*waiting, *ended(Outcome.COMPLETE)]) == []


def test_a_read_that_began_from_a_state_says_so() -> None:
    trial = Trial(TrialState(STREAM, asynchronous=True, input_state={"date": "2024-01-14"}), DECLARED)
    for event in success():
        trial.take(event)
    (notice,) = notices(trial)
    assert (notice.weight, "from an input state" in notice.text) == (Weight.REMARK, True)


def test_a_result_of_an_older_stream_is_stale() -> None:
    assert shown(success(), stale=True)[0].startswith("▲ The stream was changed after this test.")


@pytest.mark.parametrize(
    ("role", "status", "place"),
    [
        (Role.CREATE, 401, "Creation, Authenticator"),
        (Role.CREATE, 404, "Creation, API Endpoint URL"),
        (Role.CREATE, 405, "Creation, HTTP Method"),
        (Role.CREATE, 500, "Creation"),
        (Role.CREATE, None, "Creation, API Endpoint URL"),
        (Role.POLL, 403, "Polling, Authenticator"),
        (Role.DOWNLOAD, 404, "Download, API Endpoint URL"),
    ],
)
def test_a_refused_request_leads_to_the_field_that_its_status_points_to(
    role: Role, status: int | None, place: str
) -> None:
    assert shown(failed_at(role, status)) == [f"✗ It failed. -> {place}"]


def test_a_refused_page_leads_to_the_form_of_a_synchronous_stream() -> None:
    assert shown(failed_at(Role.PAGE, 401), SYNC) == ["✗ It failed. -> Configuration, Authenticator"]


@pytest.mark.parametrize(
    ("answers", "place"),
    [
        (polled(1, "failed", JobPhase.FAILED), "Polling, Status Mapping"),
        (polled(1, "too late", JobPhase.TIMED_OUT), "Polling, Status Mapping"),
        (
            [*polled(1, "pending", JobPhase.RUNNING), job(JobPhase.TIMED_OUT, 1, "pending")],
            "Polling, Polling Job Timeout",
        ),
        (
            [unmapped("odd"), *polled(1, "odd", JobPhase.RUNNING), job(JobPhase.TIMED_OUT, 1, "odd")],
            "Polling, Status Mapping",
        ),
        ([asked(Role.POLL, 200), job(JobPhase.RUNNING, 1)], "Polling, Status Extractor"),
        (polled(1, "ready", JobPhase.COMPLETED), "Polling, Download Target Extractor"),
        (
            [
                *polled(1, "ready", JobPhase.COMPLETED, READY),
                job(JobPhase.DOWNLOADING, 1, "ready"),
                asked(Role.DOWNLOAD, 200),
            ],
            "Download, Download HTTP Response Format",
        ),
        (
            [
                *polled(1, "ready", JobPhase.COMPLETED, READY),
                job(JobPhase.DOWNLOADING, 1, "ready"),
                asked(Role.DOWNLOAD, 200, "<h1>Sign in</h1>", response_headers=(("content-type", "text/html"),)),
            ],
            "Download, API Endpoint URL",
        ),
    ],
)
def test_a_job_without_records_leads_to_the_step_that_failed(answers: list[Event], place: str) -> None:
    events = [*started(), *created(), *answers, *ended(Outcome.FAILED, error="It failed.")]
    assert shown(events) == [f"✗ It failed. -> {place}"]


def test_a_refused_token_leads_to_the_authenticator_of_the_request_that_needed_it() -> None:
    assert shown(failed_at(Role.AUTH, 400)) == ["✗ It failed. -> Creation, Authenticator"]
    polling = [*created(), asked(Role.AUTH, 400), *ended(Outcome.FAILED, error="It failed.")]
    assert shown([*started(), *polling]) == ["✗ It failed. -> Polling, Authenticator"]


def test_a_refused_parent_stream_leads_to_the_partition_router() -> None:
    refused = asked(Role.PARENT, 403, slice_=None, parent="surveys")
    (notice,) = shown([*started(), refused, *ended(Outcome.FAILED, error="It failed.")])
    assert notice.endswith("-> Creation, Partition Router")


def test_trouble_is_shown_while_the_read_goes_on_until_it_has_passed() -> None:
    refused = [
        *started(),
        job(JobPhase.CREATING),
        asked(Role.CREATE, None),
        warned("Refused; again in 1 s."),
    ]
    assert shown(refused) == ["▲ Refused; again in 1 s. -> Creation, API Endpoint URL"]
    assert shown([*refused, asked(Role.CREATE, 201)]) == []
    again = [*started(), *created(), *polled(1, "failed", JobPhase.FAILED), warned("The job failed; once more.")]
    assert shown(again) == ["▲ The job failed; once more. -> Polling, Status Mapping"]
    assert shown([*again, job(JobPhase.CREATING, attempt=2), asked(Role.CREATE)]) == shown(again)
    assert shown([*again, *created(), *downloaded(contact(1))]) == []


def test_a_missing_status_is_shown_at_once() -> None:
    missing = StatusMissing(stream=STREAM, slice={}, place="`state`", found="the response holds the keys id")
    events = [*started(), *created(), asked(Role.POLL), missing, job(JobPhase.RUNNING, 1)]
    assert shown(events) == [
        "▲ There is no status at `state` in the answer to polling: the response holds the keys id. "
        "The job counts as running. -> Polling, Status Extractor"
    ]
    assert shown([*events, job(JobPhase.RUNNING, 2, "pending")]) == []


def test_an_answer_without_records_leads_to_the_record_selector() -> None:
    ready = polled(1, "ready", JobPhase.COMPLETED, READY)
    (notice,) = shown([*started(), *created(), *ready, *downloaded()[:2], *ended(Outcome.COMPLETE)])
    assert notice.startswith("▲ The API answered, but no record was found in its answers.")
    assert notice.endswith("-> Download, Record Selector")


def test_missing_records_are_not_shown_while_a_read_goes_on() -> None:
    assert shown([*started(), asked(Role.PAGE, 200)], SYNC) == []


def test_an_error_that_the_manifest_ignores_is_still_shown() -> None:
    (notice,) = shown([*started(), asked(Role.PAGE, 404), *ended(Outcome.COMPLETE)], SYNC)
    assert notice.startswith("▲ The request for the records failed (status 404).")


@pytest.mark.parametrize(
    ("records", "text"),
    [
        ([{"EMAIL": "a"}], "1 record lacks the primary key `CONTACT_ID`."),
        ([contact(1), contact(1)], "The primary key `CONTACT_ID` is not unique: 1 record repeats a key"),
    ],
)
def test_a_wrong_primary_key_is_shown(records: list[Mapping[str, Any]], text: str) -> None:
    (notice,) = shown([*started(), batch(*records)])
    assert notice.startswith(f"▲ {text}")
    assert notice.endswith("-> Download, Primary Key")


def test_records_that_do_not_fit_the_schema_are_shown() -> None:
    (notice,) = shown([*started(), batch({"CONTACT_ID": "1", "CITY": 5}, {"CONTACT_ID": "2", "CITY": 6})])
    assert notice == (
        "▲ Records don't fit the declared schema: `CITY` must be text or null, but it is a number (2 records). "
        "-> Schema"
    )


def test_errors_come_before_warnings_and_control_codes_go() -> None:
    trial = Trial(TrialState(STREAM))
    trial.state.end(Outcome.FAILED, "Bad \x1b[31mnews")
    first, second = notices(trial, stale=True)
    assert (first.weight, first.text) == (Weight.ERROR, "Bad \N{REPLACEMENT CHARACTER}[31mnews")
    assert second.weight is Weight.WARNING


def test_components_are_called_as_in_the_forms() -> None:
    error = "This is no JSON document. If each line is a JSON value, choose JsonlDecoder (JSON Lines)."
    (said,) = shown([*started(), *ended(Outcome.FAILED, error=error)])
    assert "choose “JSON Lines”." in said
