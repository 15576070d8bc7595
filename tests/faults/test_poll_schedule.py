"""The schedule of polls keeps its pace, whatever the server or the clock says."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import yaml

from core.events import Outcome, PollScheduled, StatusUnmapped
from core.http.exchange import Role
from core.reading import open_reader
from tests.faults.job_roles import WELL, job_manifest, serve
from tests.support.jobs_api import manifest, serve_job
from tests.support.reading import Told, connector, read_all
from tests.support.server import LoopbackServer, Reply


async def test_an_unmapped_status_for_ever_times_out_with_its_name(server: LoopbackServer) -> None:
    serve(server, "polling", Reply({"state": "meditating"}))
    source = yaml.safe_load(job_manifest(server, "polling"))
    source["streams"][0]["retriever"] |= {"polling_job_timeout": 0.003, "polling_interval": 0.03}
    told = Told()
    async with open_reader(connector(yaml.safe_dump(source)), {}) as reader, asyncio.timeout(20):
        async for event in reader.read("exports"):
            told.events.append(event)

    assert told.outcome is Outcome.FAILED
    assert "timed out" in told.errors
    assert "`meditating`" in told.errors
    assert len(told.of(StatusUnmapped)) == 1
    assert len(server.to("/jobs/j1/abort")) == 3
    polls = told.asked(Role.POLL)
    assert polls == len(told.of(PollScheduled)) <= 3 * (0.18 / 0.03 + 2)


@pytest.mark.parametrize("wish", ["0", "Thu, 01 Jan 1970 00:00:00 GMT"])
async def test_a_server_that_asks_for_no_wait_is_not_polled_in_a_tight_loop(server: LoopbackServer, wish: str) -> None:
    busy = Reply({"state": "busy"}, headers={"Retry-After": wish})
    serve(server, "polling", busy, busy, busy, WELL)

    told = await read_all(job_manifest(server, "polling"))

    assert all(event.wait >= 0.5 for event in told.of(PollScheduled))


@pytest.mark.parametrize("hours", [-5, 5])
async def test_a_date_to_wait_for_counts_from_the_server_s_clock(server: LoopbackServer, hours: int) -> None:
    now = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=hours)
    dates = {"Date": format_datetime(now), "Retry-After": format_datetime(now + timedelta(seconds=7))}
    serve_job(server)
    done = Reply({"state": "done", "url": server.url("/result")})
    server.on("/jobs/j1", Reply({"state": "busy"}, headers=dates), done)

    told = await read_all(manifest(server))

    assert told.outcome is Outcome.COMPLETE
    assert told.of(PollScheduled)[1].wait == 7


@pytest.mark.parametrize("jump", [-1e9, 1e9])
async def test_a_clock_that_jumps_changes_neither_schedule_nor_time_limit(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    serve(server, "polling", Reply({"state": "busy"}), Reply({"state": "busy"}), WELL)
    real = __import__("time").time
    monkeypatch.setattr("time.time", lambda: real() + jump)

    told = await read_all(job_manifest(server, "polling"))

    assert told.outcome is Outcome.COMPLETE, told.errors
    waits = [event.wait for event in told.of(PollScheduled)]
    assert waits == pytest.approx([0.5, 0.75, 1.125], rel=0.11)
