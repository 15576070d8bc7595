"""The older way to write a session token, compared with the reference."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from core.components.http_requester import HttpRequester
from core.errors import ReadError
from core.http.exchange import Role
from core.http.policy import RequestFailed
from core.runtime.roles import Authenticator
from tests.support.http_bench import Bench, build, build_with_problems
from tests.support.oracle import Oracle
from tests.support.server import LoopbackServer, Reply

FULL = {"session_token": "{{ config['token'] }}", "username": "ann", "password": "{{ config['password'] }}"}


def session_token(**fields: Any) -> dict[str, Any]:
    return {
        "type": "LegacySessionTokenAuthenticator",
        "header": "X-Session",
        "login_url": "session",
        "session_token_response_key": "id",
        "validate_session_url": "user/current",
        **FULL,
        **fields,
    }


def requester(base: str, **fields: Any) -> dict[str, Any]:
    return {"type": "HttpRequester", "url_base": base, "path": "items", "authenticator": session_token(**fields)}


@pytest.fixture(autouse=True)
def api(bench: Bench, server: LoopbackServer) -> None:
    bench.config |= {"token": "given-token", "password": "open-sesame"}
    numbers = count(1)
    server.on("/session", lambda _: Reply({"id": f"session-{next(numbers)}"}))
    server.on("/user/current", Reply({"name": "ann"}))
    server.on("/items", Reply("fine"))


def sessions(server: LoopbackServer) -> list[str]:
    return [asked.headers["x-session"] for asked in server.to("/items")]


async def test_a_token_from_the_inputs_is_validated_once(bench: Bench, server: LoopbackServer) -> None:
    for _ in range(2):
        await bench.send(requester(server.url("/")))
    assert [asked.target for asked in server.asked] == ["/user/current", "/items", "/items"]
    assert sessions(server) == ["given-token"] * 2


async def test_a_token_that_is_not_valid_is_replaced_by_a_login(bench: Bench, server: LoopbackServer) -> None:
    server.on("/user/current", Reply("who?", 401))
    component: HttpRequester = build(requester(server.url("/")), HttpRequester)
    await asyncio.gather(*[component.send(bench.context, Role.PAGE) for _ in range(20)])
    assert server.to("/session")[0].json == {"username": "ann", "password": "open-sesame"}
    assert len(server.to("/session")) == 1
    assert sessions(server) == ["session-1"] * 20


async def test_a_token_that_is_refused_later_is_replaced(bench: Bench, server: LoopbackServer) -> None:
    server.on("/user/current", Reply("fine"), Reply("who?", 401))
    server.on("/items", Reply("fine"), Reply("who?", 401), Reply("fine"))
    for _ in range(2):
        await bench.send(requester(server.url("/")))
    assert sessions(server) == ["given-token", "given-token", "session-1"]


async def test_a_login_is_repeated_after_a_day(bench: Bench, server: LoopbackServer) -> None:
    for _ in range(3):
        await bench.send(requester(server.url("/"), session_token=""))
        bench.now += timedelta(hours=12)
    assert sessions(server) == ["session-1", "session-1", "session-2"]


async def test_secrets_are_not_seen(bench: Bench, server: LoopbackServer) -> None:
    server.on("/user/current", Reply("who?", 401))
    await bench.send(requester(server.url("/")))
    assert [exchange.role for exchange in bench.exchanges] == [Role.AUTH, Role.AUTH, Role.PAGE]
    assert not any(secret in bench.everything_seen() for secret in ("given-token", "session-1", "open-sesame"))


async def test_without_anything_to_log_in_with_the_inputs_are_named(bench: Bench, server: LoopbackServer) -> None:
    bench.config |= {"token": "", "password": ""}
    with pytest.raises(ReadError, match="needs a session token, and there is no user name and password"):
        await bench.send(requester(server.url("/")))


async def test_a_login_without_a_token_says_what_was_looked_for(bench: Bench, server: LoopbackServer) -> None:
    server.on("/session", Reply({"token": "elsewhere"}))
    with pytest.raises(ReadError, match=r"/session gave no token: there is no `id` in its answer"):
        await bench.send(requester(server.url("/"), session_token=""))


async def test_a_validation_that_fails_is_a_failure(bench: Bench, server: LoopbackServer) -> None:
    server.on("/user/current", Reply("gone", 404))
    with pytest.raises(RequestFailed, match="/user/current answered 404"):
        await bench.send(requester(server.url("/")))


async def test_a_missing_slash_is_added(bench: Bench, server: LoopbackServer) -> None:
    await bench.send(requester(server.url()))
    assert server.to("/user/current")


@pytest.mark.parametrize("fields", [{}, {"session_token": ""}, {"password": ""}, {"header": "X-{{ config['kind'] }}"}])
@pytest.mark.parametrize("valid", [200, 401, 404])
async def test_the_requests_are_those_of_the_reference(
    bench: Bench, server: LoopbackServer, oracle: Oracle, fields: dict[str, Any], valid: int
) -> None:
    bench.config["kind"] = "Mine"
    server.on("/user/current", Reply({}, valid))
    raw = requester(server.url("/"), **fields)
    answers = {"GET /user/current": [valid, {}], "POST /session": [200, {"id": "session-1"}], "GET /items": [200, {}]}
    theirs = oracle.ask("tokens", "conversation", raw, bench.config, answers)
    failed = False
    try:
        await bench.send(raw)
    except ReadError:
        failed = True
    assert failed is theirs["failed"]
    assert [one["url"] for one in theirs["sent"]] == [server.url(asked.target) for asked in server.asked]
    for ours, their in zip(server.asked, theirs["sent"], strict=True):
        assert ours.method == their["method"]
        assert (ours.json if ours.body else None) == (json.loads(their["body"]) if their["body"] else None)
        for header in ("X-Session", "X-Mine"):
            assert ours.headers.get(header) == their["headers"].get(header)


@pytest.mark.parametrize("fields", [{"session_token": "", "password": ""}, {"session_token": "", "username": ""}])
def test_a_token_or_a_login_is_needed(fields: dict[str, Any]) -> None:
    _, (problem,) = build_with_problems(session_token(**fields), Authenticator)
    assert problem.message == "write a `session_token`, or a `username` and a `password`"


def test_what_is_required_is_named() -> None:
    _, problems = build_with_problems({"type": "LegacySessionTokenAuthenticator", "username": "ann"}, Authenticator)
    assert {problem.path for problem in problems} == {
        ("header",),
        ("login_url",),
        ("session_token_response_key",),
        ("validate_session_url",),
    }
