from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from core.errors import ReadError
from core.http.exchange import Role
from core.http.policy import RequestFailed
from core.runtime.roles import Authenticator
from tests.support.http_bench import Bench, build_with_problems
from tests.support.oracle import Oracle
from tests.support.server import LoopbackServer, Reply


def session_token(server: LoopbackServer, **fields: Any) -> dict[str, Any]:
    login = {
        "type": "HttpRequester",
        "url": server.url("/login"),
        "http_method": "POST",
        "request_body": {"type": "RequestBodyJsonObject", "value": {"password": "{{ config['password'] }}"}},
    }
    return {
        "type": "SessionTokenAuthenticator",
        "login_requester": login,
        "session_token_path": ["data", "0", "token"],
        "request_authentication": {"type": "Bearer"},
        **fields,
    }


def requester(server: LoopbackServer, **fields: Any) -> dict[str, Any]:
    return {"type": "HttpRequester", "url": server.url("/data"), "authenticator": session_token(server, **fields)}


@pytest.fixture(autouse=True)
def api(bench: Bench, server: LoopbackServer) -> None:
    bench.config["password"] = "open-sesame"
    numbers = count(1)
    server.on("/login", lambda _: Reply({"data": [{"token": f"session-{next(numbers)}"}]}))
    server.on("/data", Reply("fine"))


def tokens(server: LoopbackServer) -> list[str]:
    return [asked.headers["authorization"] for asked in server.to("/data")]


async def test_one_login_serves_all_requests(bench: Bench, server: LoopbackServer) -> None:
    for _ in range(3):
        await bench.send(requester(server))
    assert len(server.to("/login")) == 1
    assert server.to("/login")[0].json == {"password": "open-sesame"}
    assert tokens(server) == ["Bearer session-1"] * 3


async def test_many_requests_at_once_share_one_login(bench: Bench, server: LoopbackServer) -> None:
    await asyncio.gather(*[bench.send(requester(server)) for _ in range(20)])
    assert len(server.to("/login")) == 1


async def test_logins_with_another_user_have_their_own_session(bench: Bench, server: LoopbackServer) -> None:
    for user in ("me", "you", "me"):
        login = session_token(server)["login_requester"]
        login["authenticator"] = {"type": "BasicHttpAuthenticator", "username": user, "password": "open-sesame"}
        await bench.send(requester(server, login_requester=login))
    assert tokens(server) == ["Bearer session-1", "Bearer session-2", "Bearer session-1"]


async def test_logins_with_another_body_have_their_own_session(bench: Bench, server: LoopbackServer) -> None:
    for scope in ("read", "write", "read"):
        login = session_token(server)["login_requester"]
        login["request_body"] = {"type": "RequestBodyJsonObject", "value": {"scope": scope}}
        await bench.send(requester(server, login_requester=login))
    assert tokens(server) == ["Bearer session-1", "Bearer session-2", "Bearer session-1"]


async def test_an_expired_token_is_followed_by_a_new_login(bench: Bench, server: LoopbackServer) -> None:
    await bench.send(requester(server, expiration_duration="PT1H"))
    bench.now += timedelta(minutes=58)
    await bench.send(requester(server, expiration_duration="PT1H"))
    bench.now += timedelta(minutes=2)
    await bench.send(requester(server, expiration_duration="PT1H"))
    assert tokens(server) == ["Bearer session-1", "Bearer session-1", "Bearer session-2"]


async def test_a_token_that_is_refused_is_followed_by_a_new_login(bench: Bench, server: LoopbackServer) -> None:
    server.on("/data", Reply("who?", 401), Reply("fine"))
    response = await bench.send(requester(server))
    assert response is not None
    assert response.text == "fine"
    assert tokens(server) == ["Bearer session-1", "Bearer session-2"]
    assert bench.waits == []


async def test_the_login_is_an_exchange_and_keeps_its_secrets(bench: Bench, server: LoopbackServer) -> None:
    await bench.send(requester(server))
    assert [exchange.role for exchange in bench.exchanges] == [Role.AUTH, Role.PAGE]
    assert bench.exchanges[0].response_body == '{"data": [{"token": "****"}]}'
    assert "session-1" not in bench.everything_seen()


async def test_the_token_can_be_injected_anywhere(bench: Bench, server: LoopbackServer) -> None:
    option = {"type": "RequestOption", "inject_into": "header", "field_name": "X-Session"}
    written = {"type": "ApiKey", "inject_into": option, "api_token": "Session {{ session_token }}"}
    await bench.send(requester(server, request_authentication=written))
    assert server.to("/data")[0].headers["x-session"] == "Session session-1"


async def test_the_login_may_answer_in_xml(bench: Bench, server: LoopbackServer) -> None:
    server.on("/login", Reply("<login><token>xml-token</token></login>"))
    fields = {"decoder": {"type": "XmlDecoder"}, "session_token_path": ["login", "token"]}
    await bench.send(requester(server, **fields))
    assert tokens(server) == ["Bearer xml-token"]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"a": {"b": "t-1234"}}, ["a", "b"]),
        ({"a": [{"b": "x"}, {"b": "t-1234"}]}, ["a", "1", "b"]),
        ([{"b": "t-1234"}, {"b": "x"}], ["b"]),
        ({"b": 1234}, ["b"]),
        ({"b": None}, ["b"]),
        ({}, ["b"]),
    ],
)
async def test_the_token_is_found_where_the_reference_finds_it(
    bench: Bench, server: LoopbackServer, oracle: Oracle, body: Any, path: list[str]
) -> None:
    server.on("/login", Reply(body))
    raw = requester(server, session_token_path=path)
    answers = {"POST /login": [200, body], "GET /data": [200, {}]}
    theirs = oracle.ask("tokens", "conversation", raw, bench.config, answers)
    with suppress(ReadError):
        await bench.send(raw)
    sent = [one["headers"]["Authorization"] for one in theirs["sent"] if one["url"] == server.url("/data")]
    assert tokens(server) == sent


async def test_a_login_that_is_refused_says_so(bench: Bench, server: LoopbackServer) -> None:
    server.on("/login", Reply({"error": "wrong password"}, 403))
    with pytest.raises(RequestFailed, match="/login answered 403 Forbidden: wrong password"):
        await bench.send(requester(server))
    assert server.to("/data") == []


async def test_a_login_without_a_token_says_where_it_was_looked_for(bench: Bench, server: LoopbackServer) -> None:
    server.on("/login", Reply({"data": []}))
    with pytest.raises(ReadError, match=r"nothing at `data\.0\.token` in its answer"):
        await bench.send(requester(server))


def test_a_path_to_the_token_is_not_empty(server: LoopbackServer) -> None:
    _, problems = build_with_problems(session_token(server, session_token_path=[]), Authenticator)
    assert problems[0].message == "`session_token_path` must not be empty"


def test_an_invalid_duration_is_found_when_the_manifest_is_loaded(server: LoopbackServer) -> None:
    _, problems = build_with_problems(session_token(server, expiration_duration="1 hour"), Authenticator)
    assert problems[0].path == ("expiration_duration",)
