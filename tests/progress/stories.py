"""Events as a read emits them, and a clock that stands still."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from core.events import (
    DownloadProgress,
    Event,
    ExchangeFinished,
    JobChanged,
    JobPhase,
    Log,
    Outcome,
    PollScheduled,
    Records,
    SliceFinished,
    SliceStarted,
    StreamFinished,
    StreamStarted,
)
from core.http.exchange import Exchange, Role
from core.levels import Level

Slice = Mapping[str, Any]


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def job(phase: JobPhase, slice_: Slice | None = None, *, attempt: int = 1, **more: Any) -> JobChanged:
    return JobChanged(stream="contacts", slice=slice_, phase=phase, attempt=attempt, **more)


def ended(outcome: Outcome = Outcome.COMPLETE, errors: Sequence[str] = (), **more: Any) -> StreamFinished:
    facts = {"stream": "contacts", "records": 1200, "slices": 1, "seconds": 4.2, **more}
    return StreamFinished(outcome=outcome, errors=tuple(errors), **facts)


def exchange(url: str = "https://api.example.com/jobs") -> ExchangeFinished:
    return ExchangeFinished(
        stream="contacts",
        exchange=Exchange(
            role=Role.POLL,
            method="GET",
            url=url,
            request_headers=(),
            request_body=None,
            started=datetime(2024, 1, 1, tzinfo=UTC),
            seconds=0.25,
            status=200,
            reason="OK",
        ),
    )


def job_story() -> list[Event]:
    """A job from its creation to its last record, with two polls."""
    return [
        StreamStarted(stream="contacts"),
        SliceStarted(stream="contacts"),
        job(JobPhase.WAITING),
        job(JobPhase.CREATING),
        job(JobPhase.RUNNING, job_id="exp_1", timeout=3600.0),
        PollScheduled(stream="contacts", attempt=1, polls=0, wait=1.0),
        exchange(),
        job(JobPhase.RUNNING, job_id="exp_1", polls=1, api_status="pending", elapsed=1.0),
        PollScheduled(stream="contacts", attempt=1, polls=1, wait=1.5),
        job(JobPhase.RUNNING, job_id="exp_1", polls=2, api_status="ready", elapsed=2.5),
        job(JobPhase.COMPLETED, job_id="exp_1", polls=2, api_status="ready", elapsed=2.5),
        Log(stream="contacts", level=Level.INFO, message="The result is in 1 file."),
        job(JobPhase.DOWNLOADING, job_id="exp_1", polls=2, api_status="ready", elapsed=2.5),
        DownloadProgress(stream="contacts", received=1_500_000),
        Records(stream="contacts", count=1200),
        job(JobPhase.DONE, job_id="exp_1", polls=2, api_status="ready", elapsed=3.5),
        SliceFinished(stream="contacts", outcome=Outcome.COMPLETE, records=1200),
        ended(),
    ]
