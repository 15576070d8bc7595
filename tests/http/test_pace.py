"""An answer that comes in too slowly is given up where a session has a slowest pace. The clock of the loop is moved."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import httpx
import pytest

from core.components.http_requester import HttpRequester
from core.errors import ReadError
from core.http.connections import Clients
from core.http.exchange import Role
from core.http.pace import Pace
from core.http.policy import RequestFailed
from core.http.secrets import Secrets
from core.http.session import HttpSession
from tests.http.test_download import read_all
from tests.support.http_bench import Bench, build

SLOWEST = Pace(rate=100, seconds=60.0)
URL = "http://api.invalid/things"
Parts = Sequence[tuple[float, bytes]]
"""Seconds that pass, and what comes then."""

DRIP: Parts = [(1.0, b" ")] * 1000
BURSTS: Parts = [(50.0, b" " * 6000)] * 30
FAST: Parts = [(2**-10, b" " * 250_000)] * 200
SMALL: Parts = [(40.0, b"["), (40.0, b""), (19.0, b"]")]
SUDDENLY_SLOW: Parts = [*FAST, *DRIP]


class Clock:
    """The time of the running loop, which only `move` lets pass."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    async def move(self, seconds: float) -> None:
        """Let time pass, and whoever waits for it act."""
        self.now += seconds
        for _ in range(4):
            await asyncio.sleep(0)


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(asyncio.get_running_loop(), "time", clock)
    return clock


class Body(httpx.AsyncByteStream):
    def __init__(self, clock: Clock, parts: Parts) -> None:
        self._clock = clock
        self._parts = parts
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for seconds, part in self._parts:
            await self._clock.move(seconds)
            yield part

    async def aclose(self) -> None:
        self.closed = True


class Server:
    """Answers each request, after some seconds, with the same parts."""

    def __init__(self, clock: Clock, parts: Parts, *, status: int = 200, after: float = 50.0) -> None:
        self.bodies: list[Body] = []

        async def answer(_: httpx.Request) -> httpx.Response:
            await clock.move(after)
            self.bodies.append(Body(clock, parts))
            return httpx.Response(status, stream=self.bodies[-1])

        self._transport = httpx.MockTransport(answer)

    def session(self, bench: Bench, slowest: Pace | None = SLOWEST) -> HttpSession:
        bench.session = HttpSession(
            Secrets(),
            sleep=bench.sleep,
            slowest=slowest,
            clients=lambda _: Clients(lambda *_: httpx.AsyncClient(transport=self._transport)),
        )
        return bench.session


async def sent(bench: Bench, **fields: object) -> bytes:
    response = await build({"type": "HttpRequester", "url": URL, **fields}, HttpRequester).send(
        bench.context, Role.PAGE
    )
    assert response is not None
    return bytes(response.content)


async def test_an_answer_that_drips_is_given_up_and_not_asked_for_again(bench: Bench, clock: Clock) -> None:
    server = Server(clock, DRIP)
    async with server.session(bench):
        with pytest.raises(RequestFailed) as caught:
            await sent(bench)
    assert str(caught.value) == (
        f"GET {URL} failed: only 60 bytes of the answer came in the last 60 seconds, and less than 100 bytes a second "
        "are not waited for here; where the API is merely slow, a read with a limit of one record may succeed."
    )
    assert [body.closed for body in server.bodies] == [True]
    assert clock.now == 1000 + 50 + 1 + 60
    assert [exchange.status for exchange in bench.exchanges] == [200]


async def test_a_download_that_drips_is_given_up_and_not_continued(bench: Bench, clock: Clock) -> None:
    server = Server(clock, DRIP)
    async with server.session(bench):
        with pytest.raises(ReadError, match=f"The download from {URL} is not read: only 60 bytes of the answer came"):
            await read_all(bench, URL)
    assert len(server.bodies) == 1
    assert not bench.waits


async def test_an_answer_that_begins_to_drip_is_given_up(bench: Bench, clock: Clock) -> None:
    async with Server(clock, SUDDENLY_SLOW).session(bench):
        with pytest.raises(RequestFailed, match="only 59 bytes of the answer came in the last 60 seconds"):
            await sent(bench)


@pytest.mark.parametrize("parts", [FAST, BURSTS, SMALL])
async def test_an_honest_answer_is_read_to_its_end(bench: Bench, clock: Clock, parts: Parts) -> None:
    async with Server(clock, parts, after=250.0).session(bench):
        assert await sent(bench) == b"".join(part for _, part in parts)
        assert await read_all(bench, URL) == b"".join(part for _, part in parts)


async def test_the_time_of_who_reads_does_not_count(bench: Bench, clock: Clock) -> None:
    parts: Parts = [(0.5, b" " * 1000)] * 200
    requester = build({"type": "HttpRequester", "url": URL}, HttpRequester)
    async with Server(clock, parts).session(bench), requester.open(bench.context, Role.DOWNLOAD) as download:
        assert download is not None
        async for _ in download.response.aiter_raw():
            await clock.move(300.0)
    assert clock.now > 1000 + 200 * 300


async def test_a_manifest_that_grants_longer_silence_grants_a_longer_time(bench: Bench, clock: Clock) -> None:
    seldom: Parts = [(200.0, b" " * 40_000)] * 5
    async with Server(clock, seldom).session(bench):
        with pytest.raises(RequestFailed, match="only 0 bytes of the answer came in the last 60 seconds"):
            await sent(bench)
        assert len(await sent(bench, read_timeout_in_seconds=300)) == 200_000


async def test_a_drip_is_given_up_however_long_a_silence_the_manifest_grants(bench: Bench, clock: Clock) -> None:
    async with Server(clock, DRIP).session(bench):
        with pytest.raises(RequestFailed, match="only 300 bytes of the answer came in the last 5 minutes"):
            await sent(bench, read_timeout_in_seconds=300)


async def test_an_error_that_drips_is_told_as_what_it_is(bench: Bench, clock: Clock) -> None:
    async with Server(clock, DRIP, status=404).session(bench):
        with pytest.raises(RequestFailed, match="answered 404 Not Found"):
            await sent(bench)
    assert clock.now == 1000 + 50 + 1 + 60


async def test_a_session_without_a_slowest_pace_waits(bench: Bench, clock: Clock) -> None:
    async with Server(clock, DRIP).session(bench, slowest=None):
        assert await sent(bench) == b" " * 1000
