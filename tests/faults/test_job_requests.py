"""Whatever goes wrong with the requests of a job: it is repeated where that may help, and else told in plain words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from core.events import JobChanged, JobPhase, Outcome
from core.http.exchange import Role
from core.jobs.cleanup import CANCELLED_LIMIT
from core.jobs.job_slice import FRESH_LINKS
from core.reading import open_reader
from tests.faults.job_roles import WELL, job_manifest, serve
from tests.support import broken_servers
from tests.support.broken_servers import serving, unused_port
from tests.support.jobs_api import serve_job
from tests.support.reading import Told, connector, no_wait, read_all
from tests.support.server import Asked, LoopbackServer, Reply

ROLES = ("creation", "polling", "abort", "delete")


@asynccontextmanager
async def broken(kind: str) -> AsyncIterator[str]:
    """The URL of something that can't be talked to."""
    if kind == "refused":
        yield f"http://127.0.0.1:{unused_port()}"
    else:
        async with serving(getattr(broken_servers, kind)) as url:
            yield url.replace("http:", "https:") if kind == "no_tls" else url


BROKEN = {
    "refused": "no connection (Connection refused)",
    "no_tls": "no connection (",
    "reset": "",
    "silence": "no data for 0.02 s",
    "half_a_header": "no data for 0.02 s",
    "nonsense": "the server broke off (",
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", BROKEN)
async def test_a_server_that_can_not_be_talked_to_is_told_with_the_reason(
    server: LoopbackServer, role: str, kind: str
) -> None:
    serve(server, role, WELL)
    async with broken(kind) as url, asyncio.timeout(20):
        told = await read_all(
            job_manifest(
                server, role, url=f"{url}/x?api_key=hidden-in-here", read_timeout_in_seconds=0.02, http_method="POST"
            )
        )

    if role in ("creation", "polling"):
        assert told.outcome is Outcome.FAILED
        said = told.errors
        assert "It was tried 6 times." in said
        assert "3 attempts" in said
    else:
        assert told.outcome is Outcome.COMPLETE, told.errors
        assert len(told.records) == 2
        said = told.logs
        assert f"couldn't be {'aborted' if role == 'abort' else 'deleted'}" in said
    assert BROKEN[kind] in said
    assert url.removesuffix("/") in said
    assert "hidden-in-here" not in repr(told.events)


async def test_a_host_that_nobody_knows_is_told(server: LoopbackServer) -> None:
    once = {"type": "DefaultErrorHandler", "max_retries": 0}

    told = await read_all(job_manifest(server, "creation", url="http://longhaul-test.invalid", error_handler=once))

    assert told.outcome is Outcome.FAILED
    assert "http://longhaul-test.invalid failed: no connection (" in told.errors


LASTING = {
    "500": Reply({"error": "out of order"}, 500),
    "502": Reply("<html><title>Bad Gateway</title></html>", 502, {"Content-Type": "text/html"}),
    "503": Reply("", 503),
    "429": Reply({"message": "slow down"}, 429),
    "404": Reply({"message": "never heard of it"}, 404),
    "cut": Reply({"id": "j1", "state": "done"}, cut=9),
    "hang-up": Reply(cut=-1),
    "redirect loop": Reply(b"", 302, {"Location": "/loop"}),
    "odd charset": Reply("oops", 400, {"Content-Type": "text/html; charset=hex"}),
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", LASTING)
async def test_a_fault_that_lasts_ends_the_job_or_is_a_warning(server: LoopbackServer, role: str, kind: str) -> None:
    server.on("/loop", Reply(b"", 302, {"Location": "/loop"}))
    serve(server, role, LASTING[kind])

    told = await asyncio.wait_for(read_all(job_manifest(server, role)), 20)

    if role in ("creation", "polling"):
        assert told.outcome is Outcome.FAILED
        assert "given up after" in told.errors
        assert (kind if kind.isdigit() else "") in told.errors
    else:
        assert told.outcome is Outcome.COMPLETE, told.errors
        assert "on the server: " in told.logs


def in_a_minute() -> Reply:
    now = datetime.now(UTC).replace(microsecond=0)
    headers = {"Date": format_datetime(now, usegmt=True), "Retry-After": format_datetime(now + timedelta(minutes=1))}
    return Reply("", 429, headers)


PASSING: dict[str, tuple[Reply, float]] = {
    "hang-up": (Reply(cut=-1), 1),
    "cut": (Reply({"id": "j1", "state": "done"}, cut=9), 1),
    "500": (Reply("", 500), 1),
    "502": (Reply("", 502), 1),
    "503": (Reply("", 503), 1),
    "503 with a wait": (Reply("", 503, {"Retry-After": "30"}), 30),
    "429": (Reply("", 429), 1),
    "429 with a wait": (Reply("", 429, {"Retry-After": "17"}), 17),
    "429 with a date": (in_a_minute(), 60),
    "429 with nonsense": (Reply("", 429, {"Retry-After": "soon"}), 1),
}


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", PASSING)
async def test_a_fault_that_passes_is_waited_for_and_repeated(server: LoopbackServer, role: str, kind: str) -> None:
    fault, wait = PASSING[kind]
    serve(server, role, fault, WELL)
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    told = Told()
    async with open_reader(connector(job_manifest(server, role)), {}, sleep=sleep) as reader, asyncio.timeout(20):
        async for event in reader.read("exports"):
            told.events.append(event)

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert len(told.records) == 2
    assert wait in waits
    assert "couldn't" not in told.logs


@pytest.mark.parametrize("role", [*ROLES, "download"])
async def test_a_refused_token_is_renewed_once_and_the_request_repeated(server: LoopbackServer, role: str) -> None:
    tokens = ["old", "new"]
    server.on("/login", lambda _: Reply({"token": tokens.pop(0)}))
    serve(server, "abort" if role == "abort" else "polling", WELL)
    text = job_manifest(
        server,
        role,
        authenticator={
            "type": "SessionTokenAuthenticator",
            "login_requester": {"type": "HttpRequester", "url": server.url("/login"), "http_method": "POST"},
            "session_token_path": ["token"],
            "request_authentication": {"type": "Bearer"},
        },
    )
    answered = server._reply

    def guarded(asked: Asked) -> Reply:
        refused = asked.headers.get("authorization") == "Bearer old"
        return Reply({"error": "token expired"}, 401) if refused else answered(asked)

    server._reply = guarded  # type: ignore[method-assign]  # a gate before all answers

    told = await read_all(text)

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert len(told.records) == 2
    assert "couldn't" not in told.logs
    assert len(server.to("/login")) == 2


@pytest.mark.parametrize("role", ["creation", "polling"])
async def test_credentials_that_stay_refused_end_the_stream(server: LoopbackServer, role: str) -> None:
    serve(server, role, Reply({"error": "who are you?"}, 401))

    told = await read_all(job_manifest(server, role))

    assert told.outcome is Outcome.FAILED
    assert "who are you?" in told.errors
    assert len(server.to("/jobs")) == 1


async def test_failed_polls_in_a_row_are_bounded_and_a_good_one_between_counts_anew(server: LoopbackServer) -> None:
    down, busy = [Reply("", 503)] * 6, [Reply({"state": "busy"})]
    done = Reply({"state": "done", "url": server.url("/result")})
    serve(server, "polling", *down, *down, *busy, *down, *down, *busy, done)

    told = await read_all(job_manifest(server, "polling"))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert told.logs.count("A poll failed") == 4
    assert len(server.to("/jobs")) == 1


async def test_polls_that_keep_failing_count_the_job_as_failed_with_the_reason(server: LoopbackServer) -> None:
    serve(server, "polling", Reply({"error": "database is down"}, 500))

    told = await read_all(job_manifest(server, "polling"))

    assert told.outcome is Outcome.FAILED
    assert "database is down" in told.errors
    assert told.asked(Role.POLL) == 3 * 3 * 6
    assert JobPhase.FAILED in [event.phase for event in told.of(JobChanged)]


async def test_a_poll_cut_short_cleanly_is_no_verdict(server: LoopbackServer) -> None:
    done = Reply({"state": "done", "url": server.url("/result")})
    serve(server, "polling", Reply('{"state": "do', headers={"Content-Type": "application/json"}), done)

    told = await read_all(job_manifest(server, "polling"))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert "not readable data" in told.logs


async def test_a_poll_that_is_suddenly_a_web_page_is_no_verdict(server: LoopbackServer) -> None:
    page = Reply("<html><title>Be right back</title></html>", headers={"Content-Type": "text/html"})
    serve(server, "polling", page, page, WELL)

    told = await read_all(job_manifest(server, "polling"))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert "Be right back" in told.logs


async def test_json_under_a_wrong_content_type_is_read(server: LoopbackServer) -> None:
    kind = {"Content-Type": "image/png"}
    serve(server, "creation", Reply('{"id": "j1"}', 201, kind))
    server.on("/result", Reply('[{"n": 1}]', headers=kind))

    told = await read_all(job_manifest(server, "creation"))

    assert told.records == [{"n": 1}]


async def test_a_creation_whose_answer_is_cut_short_cleanly_says_what_is_missing(server: LoopbackServer) -> None:
    serve(server, "creation", Reply('{"id": "j', headers={"Content-Type": "application/json"}))

    told = await read_all(job_manifest(server, "creation"))

    assert told.outcome is Outcome.FAILED
    assert 'JSON that begins with “{"id": "j”' in told.errors


# The life of a job that takes odd turns


async def test_a_job_that_vanishes_is_created_again(server: LoopbackServer) -> None:
    done = Reply({"state": "done", "url": server.url("/result")})
    serve(server, "polling", Reply({"state": "busy"}), Reply({"error": "no such job"}, 404), done)

    told = await read_all(job_manifest(server, "polling"))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert len(server.to("/jobs")) == 2
    assert "no such job" in told.logs


async def test_a_job_that_vanishes_for_good_is_given_up_with_its_id(server: LoopbackServer) -> None:
    serve(server, "polling", Reply({"error": "no such job"}, 404))

    told = await read_all(job_manifest(server, "polling"))

    assert told.outcome is Outcome.FAILED
    assert "job `j1`" in told.errors
    assert "no such job" in told.errors
    assert "3 attempts" in told.errors


async def test_a_job_that_fails_for_good_is_shown_with_its_last_answer_though_it_was_deleted(
    server: LoopbackServer,
) -> None:
    serve(server, "polling", Reply({"state": "broken", "why": "row 7 is odd"}))

    told = await read_all(job_manifest(server, "polling"))

    assert told.outcome is Outcome.FAILED
    for part in ("job `j1`", "`broken`", "row 7 is odd"):
        assert part in told.errors
    assert told.asked(Role.DELETE) == 3


async def test_a_completed_job_that_is_running_again_is_waited_for(server: LoopbackServer) -> None:
    done, busy = Reply({"state": "done", "url": server.url("/result")}), Reply({"state": "busy"})
    serve(server, "polling", done, busy, busy, done)
    server.on("/result", Reply("not yet", 404), Reply([{"n": 1}]))

    told = await read_all(job_manifest(server, "polling"))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert told.records == [{"n": 1}]
    assert (len(server.to("/jobs")), told.asked(Role.POLL)) == (1, 4)


async def test_a_completed_job_that_turns_out_failed_is_created_again(server: LoopbackServer) -> None:
    done, failed = Reply({"state": "done", "url": server.url("/result")}), Reply({"state": "broken"})
    serve(server, "polling", done, failed, done)
    server.on("/result", Reply("not yet", 404), Reply([{"n": 1}]))

    told = await read_all(job_manifest(server, "polling"))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert told.records == [{"n": 1}]
    assert len(server.to("/jobs")) == 2


async def test_one_expired_link_of_several_is_renewed_though_others_have_brought_records(
    server: LoopbackServer,
) -> None:
    def links(version: int) -> Reply:
        return Reply({"state": "done", "url": [server.url(f"/{part}/{version}") for part in "ab"]})

    serve(server, "polling", links(1), links(2))
    brought = asyncio.Event()
    server.on("/a/1", Reply([{"part": "a"}]))
    server.on("/b/1", Reply("expired", 403, gate=brought))
    server.on("/b/2", Reply([{"part": "b"}]))
    told = Told()
    async with open_reader(connector(job_manifest(server, "polling")), {}, sleep=no_wait) as reader:
        async for event in reader.read("exports"):
            told.events.append(event)
            if told.records:
                brought.set()

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert told.records == [{"part": "a"}, {"part": "b"}]
    assert len(server.to("/jobs")) == 1


async def test_links_that_stay_dead_are_given_up_after_the_attempts(server: LoopbackServer) -> None:
    serve(server, "polling", WELL)
    server.on("/result", Reply("gone", 410))

    told = await read_all(job_manifest(server, "polling"))

    assert told.outcome is Outcome.FAILED
    assert "410" in told.errors
    assert (len(server.to("/jobs")), told.asked(Role.DOWNLOAD), told.asked(Role.DELETE)) == (
        3,
        3 * (1 + FRESH_LINKS),
        3,
    )


@pytest.mark.parametrize("host", ["a..b.example", "x" * 70 + ".example", ".example", "127.0.0.1:99999", "[::1"])
async def test_a_host_that_can_not_be_one_is_told(server: LoopbackServer, host: str) -> None:
    serve(server, "creation", WELL)

    told = await read_all(job_manifest(server, "creation", url="http://{{ config['host'] }}/jobs"), {"host": host})

    assert told.outcome is Outcome.FAILED
    assert host in told.errors
    assert "went wrong" not in told.errors


@pytest.mark.parametrize(
    "location", ["http://127.0.0.1:99999/", "http://[::1", "ftp://x.example", "http:///", "http://a..b/"]
)
async def test_a_redirect_to_where_nobody_can_be_is_told(server: LoopbackServer, location: str) -> None:
    serve(server, "creation", Reply(b"", 302, {"Location": location}))

    told = await read_all(job_manifest(server, "creation"))

    assert told.outcome is Outcome.FAILED
    assert "couldn't be created" in told.errors
    assert "went wrong" not in told.errors


# Leaving


@pytest.mark.parametrize("slow", ["creation", "polling", "abort", "delete"])
async def test_a_cancelled_read_ends_in_time_whatever_the_server_does(
    server: LoopbackServer, slow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert CANCELLED_LIMIT < 5
    monkeypatch.setattr("core.jobs.cleanup.CANCELLED_LIMIT", 0.5)
    never = asyncio.Event()
    stalled = Reply({"id": "j1"}, gate=never)
    if slow == "abort":
        serve_job(server, "busy")
        server.on("/jobs/j1/abort", stalled)
    else:
        serve(server, slow, stalled)
        if slow == "delete":
            server.on("/jobs/j1", lambda asked: stalled if asked.method == "DELETE" else Reply({"state": "busy"}))
            server.on("/jobs/j1/abort", stalled)
    told = Told()
    loop = asyncio.get_running_loop()
    async with open_reader(connector(job_manifest(server, "polling")), {}) as reader, asyncio.timeout(20):
        reading = asyncio.create_task(_collect(reader.read("exports"), told))
        await server.was_asked(1 if slow == "creation" else 2)
        started = loop.time()
        reader.cancel()
        await reading

    assert loop.time() - started < 1.5
    assert told.outcome is Outcome.CANCELLED
    if slow in ("abort", "delete"):
        assert "couldn't be aborted on the server: it didn't answer within" in told.logs


async def _collect(events: AsyncIterator[Any], told: Told) -> None:
    async for event in events:
        told.events.append(event)


async def test_a_server_that_never_answers_an_abort_is_not_waited_for_long(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.jobs.cleanup.CLEANUP_LIMIT", 0.05)
    serve(server, "abort", Reply({}, gate=asyncio.Event()))

    told = await asyncio.wait_for(read_all(job_manifest(server, "abort")), 10)

    assert told.outcome is Outcome.COMPLETE
    assert "didn't answer within 0.05 seconds" in told.logs
