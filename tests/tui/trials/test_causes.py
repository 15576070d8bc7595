"""Errors that many slices share are one cause."""

from __future__ import annotations

from core.events import Event, Outcome, SliceFinished, SliceStarted, StreamFinished, StreamStarted
from core.http.exchange import Role
from tests.tui.trials.support import STREAM, asked, connector_of
from tui.trials.causes import Cause, causes
from tui.trials.state import TrialState
from tui.trials.trial import Trial

ORDERS = connector_of("orders_paginated").stream("orders").described
SHOPS = [{"shop": name} for name in "abcd"]
GONE = "GET https://api.example.com/orders answered 404 Not Found. Check the URL."
BROKEN = "GET https://api.example.com/orders answered 500. The API has a problem of its own."


def failed(slice_: dict[str, str], status: int, error: str, like: dict[str, str] | None = None) -> list[Event]:
    return [
        SliceStarted(stream=STREAM, slice=slice_),
        asked(Role.PAGE, status, slice_=slice_, page=1),
        SliceFinished(stream=STREAM, slice=slice_, outcome=Outcome.FAILED, records=0, error=error, like=like),
    ]


def found(*events: Event) -> list[Cause]:
    trial = Trial(TrialState(STREAM), ORDERS)
    for event in events:
        trial.take(event)
    return list(causes(trial))


def over(*errors: str) -> Event:
    return StreamFinished(
        stream=STREAM, outcome=Outcome.FAILED, records=0, slices=len(SHOPS), seconds=1.0, errors=errors
    )


def test_slices_that_failed_for_the_same_reason_are_one_cause_and_the_one_with_the_most_comes_first() -> None:
    one, *others = SHOPS
    events = [
        StreamStarted(stream=STREAM),
        *failed(one, 500, BROKEN),
        *failed(others[0], 404, GONE),
        *failed(others[1], 404, GONE, like=others[0]),
        *failed(others[2], 404, GONE, like=others[0]),
    ]
    told = f"{GONE} The same happened in 3 of 4 slices: shop=b, shop=c, shop=d."
    gone, broken = found(*events, over(BROKEN, told))
    assert (gone.title, gone.status, gone.hits, gone.exchange) == ("404 Not Found", 404, "3 of 4 partitions", 2)
    assert (gone.text, gone.slices) == (GONE, ("shop=b", "shop=c", "shop=d"))
    assert str(gone.remedy) == "Configuration, API Endpoint URL"
    assert (broken.status, broken.hits, broken.exchange) == (500, "shop=a", 1)
    assert str(broken.remedy) == "Configuration"


def test_slices_with_the_same_error_are_one_cause_although_the_engine_reported_each_of_them() -> None:
    events = [StreamStarted(stream=STREAM), *(one for slice_ in SHOPS[:3] for one in failed(slice_, 404, GONE))]
    (cause,) = found(*events, over(GONE))
    assert (cause.text, cause.hits) == (GONE, "3 of 3 partitions")


def test_a_cause_is_known_while_the_read_goes_on() -> None:
    (cause,) = found(
        StreamStarted(stream=STREAM), *failed(SHOPS[0], 404, GONE), SliceStarted(stream=STREAM, slice=SHOPS[1])
    )
    assert (cause.title, cause.hits) == ("404 Not Found", "shop=a")


def test_a_refused_login_is_the_request_to_look_at_for_every_slice() -> None:
    login = asked(Role.AUTH, 401, slice_=SHOPS[0])
    lost = "The login was refused."
    ends = [
        SliceFinished(stream=STREAM, slice=one, outcome=Outcome.FAILED, records=0, error=lost, like=like)
        for one, like in ((SHOPS[0], None), (SHOPS[1], SHOPS[0]))
    ]
    told = f"{lost} The same happened in 2 of 4 slices: shop=a, shop=b."
    (cause,) = found(StreamStarted(stream=STREAM), login, *ends, over(told))
    assert (cause.title, cause.request, cause.hits) == ("401 Unauthorized", "Refresh token", "2 of 2 partitions")
    assert str(cause.remedy) == "Configuration, Authenticator"


def test_an_error_of_the_read_as_a_whole_hits_no_slice() -> None:
    (cause,) = found(StreamStarted(stream=STREAM), over("The stream can't be read."))
    assert (cause.title, cause.hits, cause.exchange, cause.remedy) == ("Failed", "", None, None)
