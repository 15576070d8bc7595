"""Scripts of trials: jobs that hang, fail, are refused, or come in partitions."""

from __future__ import annotations

from core.events import Event, JobPhase, Outcome, SliceFinished, SliceStarted, StreamFinished, StreamStarted
from core.http.exchange import Role
from tests.tui.trials.support import (
    READY,
    STREAM,
    Gate,
    Script,
    asked,
    contact,
    created,
    downloaded,
    ended,
    job,
    polled,
    started,
    wait,
)

NO_CONTACTS = [asked(Role.DOWNLOAD, 200, "CONTACT_ID,EMAIL\n", response_headers=(("Content-Type", "text/csv"),))]


def polling() -> tuple[Gate, Script]:
    """A job that has been polled once, with a record already."""
    gate = Gate()
    return gate, [*started(), *created(), *polled(1, "pending", JobPhase.RUNNING), wait(4.0, 1), gate]


def refused_creation() -> list[Event]:
    answer = asked(Role.CREATE, 401, '{"errors": [{"message": "authorization required"}]}')
    error = "POST https://api.example.com/v3/exports answered 401 Unauthorized. Check the credentials."
    return [
        *started(),
        job(JobPhase.CREATING, job_id=None),
        answer,
        job(JobPhase.FAILED, job_id=None),
        *ended(Outcome.FAILED, error=error),
    ]


def refused_download() -> list[Event]:
    answer = asked(
        Role.DOWNLOAD, 404, "<html>gone</html>", response_headers=(("Content-Type", "text/html"),), url="https://f/1"
    )
    return [
        *started(),
        *created(),
        *polled(1, "ready", JobPhase.COMPLETED, READY),
        job(JobPhase.DOWNLOADING, 1, "ready"),
        answer,
        *ended(Outcome.FAILED, error="GET https://f/1 answered 404 Not Found. Check the URL."),
    ]


def shops_refused() -> list[Event]:
    """One slice is refused, the three others ask for something that is not there."""
    shops = [{"shop": name} for name in "abcd"]
    said = {
        401: "GET https://api/orders answered 401 Unauthorized. Check the credentials.",
        404: "GET https://api/orders answered 404 Not Found. Check the URL.",
    }
    events: list[Event] = [StreamStarted(stream=STREAM)]
    for index, slice_ in enumerate(shops):
        status, like = (401, None) if not index else (404, shops[1] if index > 1 else None)
        end = SliceFinished(
            stream=STREAM, slice=slice_, outcome=Outcome.FAILED, records=0, error=said[status], like=like
        )
        events += [SliceStarted(stream=STREAM, slice=slice_), asked(Role.PAGE, status, slice_=slice_, page=1), end]
    told = f"{said[404]} The same happened in 3 of 4 slices: shop=b, shop=c, shop=d."
    over = StreamFinished(
        stream=STREAM, outcome=Outcome.FAILED, records=0, slices=4, seconds=1.0, errors=(said[401], told)
    )
    return [*events, over]


def failed_job() -> list[Event]:
    return [
        *started(),
        *created(),
        *polled(1, "pending", JobPhase.RUNNING),
        *polled(2, "failed", JobPhase.FAILED, '{"id": "7", "status": "failed", "reason": "too many rows"}'),
        *ended(Outcome.FAILED, error="Given up after 3 attempts. The API reports that the job failed."),
    ]


def two_partitions() -> list[Event]:
    one, two = {"list": "a"}, {"list": "b"}
    events: list[Event] = [StreamStarted(stream=STREAM), SliceStarted(stream=STREAM, slice=one)]
    for slice_, first in ((one, 0), (two, 10)):
        events += [*created(slice_), *polled(1, "ready", JobPhase.COMPLETED, READY, slice_)]
        events += downloaded(contact(first), contact(first + 1), slice_=slice_)
        events.append(SliceFinished(stream=STREAM, slice=slice_, outcome=Outcome.COMPLETE, records=2))
    return [*events, asked(Role.AUTH, slice_=None), ended(Outcome.COMPLETE, 4)[1]]
