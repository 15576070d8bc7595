from __future__ import annotations

import asyncio
from contextlib import ExitStack

import httpx

from core.http.connections import MOST, SHARE, Clients
from tests.support.http_bench import Bench
from tests.support.server import LoopbackServer, Reply


def clients() -> Clients:
    return Clients(lambda limits, cookies: httpx.AsyncClient(limits=limits, cookies=cookies, verify=False))


def test_successive_requests_use_the_same_client() -> None:
    pool = clients()
    with pool.one() as first:
        pass
    with pool.one() as second, pool.one() as third:
        assert first is second is third


def test_a_client_is_added_when_the_others_are_busy() -> None:
    pool = clients()
    with ExitStack() as stack:
        used = [stack.enter_context(pool.one()) for _ in range(2 * SHARE)]
        assert len(set(used)) == 2
    with pool.one() as free:
        assert free is used[0]


def test_the_number_of_clients_is_bounded() -> None:
    pool = clients()
    with ExitStack() as stack:
        used = [stack.enter_context(pool.one()) for _ in range(MOST * SHARE + MOST)]
        assert {used.count(client) for client in used} == {SHARE + 1}


async def test_hundreds_of_requests_are_under_way_at_once(bench: Bench, server: LoopbackServer) -> None:
    gate = asyncio.Event()
    server.on("/", Reply("fine", gate=gate))
    requests = [asyncio.create_task(bench.send({"type": "HttpRequester", "url": server.url("/")})) for _ in range(200)]
    await server.was_asked(200)
    gate.set()
    answers = await asyncio.gather(*requests)
    assert {answer.text for answer in answers if answer is not None} == {"fine"}


async def test_the_clients_share_their_cookies(bench: Bench, server: LoopbackServer) -> None:
    gate = asyncio.Event()
    server.on("/login", Reply(headers={"Set-Cookie": "session=abc; Path=/"}))
    server.on("/slow", Reply(gate=gate))
    server.on("/data", Reply())
    await bench.send({"type": "HttpRequester", "url": server.url("/login")})
    slow = {"type": "HttpRequester", "url": server.url("/slow")}
    waiting = [asyncio.create_task(bench.send(slow)) for _ in range(SHARE)]
    await server.was_asked(1 + SHARE)
    await bench.send({"type": "HttpRequester", "url": server.url("/data")})
    assert server.to("/data")[0].headers["cookie"] == "session=abc"
    gate.set()
    await asyncio.gather(*waiting)
