from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any
from urllib.parse import parse_qsl

import pytest

from core.errors import ReadError
from core.events import Log
from core.http.exchange import Role
from core.http.policy import FailureType, RequestFailed
from core.levels import Level
from core.runtime.roles import Authenticator
from tests.support.http_bench import Bench, build, build_with_problems
from tests.support.oracle import Oracle
from tests.support.server import Asked, LoopbackServer, Reply


def oauth(server: LoopbackServer, **fields: Any) -> dict[str, Any]:
    return {
        "type": "OAuthAuthenticator",
        "token_refresh_endpoint": server.url("/token"),
        "client_id": "the-client",
        "client_secret": "{{ config['secret'] }}",
        "refresh_token": "{{ config['refresh'] }}",
        **fields,
    }


async def send(bench: Bench, server: LoopbackServer, **fields: Any) -> None:
    await bench.send({"type": "HttpRequester", "url": server.url("/data"), "authenticator": oauth(server, **fields)})


@pytest.fixture(autouse=True)
def api(bench: Bench, server: LoopbackServer) -> None:
    bench.config |= {"secret": "client-secret", "refresh": "refresh-0"}
    numbers = count(1)
    server.on("/token", lambda _: Reply({"access_token": f"access-{next(numbers)}", "expires_in": 3600}))
    server.on("/data", Reply("fine"))


def tokens(server: LoopbackServer) -> list[str]:
    return [asked.headers["authorization"] for asked in server.to("/data")]


async def test_a_refresh_token_gives_an_access_token(bench: Bench, server: LoopbackServer) -> None:
    await send(bench, server)
    (asked,) = server.to("/token")
    assert asked.method == "POST"
    assert asked.form == {
        "grant_type": ["refresh_token"],
        "client_id": ["the-client"],
        "client_secret": ["client-secret"],
        "refresh_token": ["refresh-0"],
    }
    assert tokens(server) == ["Bearer access-1"]


async def test_client_credentials_give_an_access_token(bench: Bench, server: LoopbackServer) -> None:
    fields = {"grant_type": "client_credentials", "refresh_token": None, "scopes": ["a", "b"]}
    await send(bench, server, **fields, refresh_request_body={"audience": "x", "client_id": "not this one"})
    assert server.to("/token")[0].form == {
        "grant_type": ["client_credentials"],
        "client_id": ["the-client"],
        "client_secret": ["client-secret"],
        "scopes": ["a", "b"],
        "audience": ["x"],
    }


async def test_credentials_in_a_header_are_not_sent_twice(bench: Bench, server: LoopbackServer) -> None:
    headers = {"Authorization": "Basic {{ (config['secret'] ~ ':') | base64encode }}"}
    await send(bench, server, refresh_request_headers=headers)
    (asked,) = server.to("/token")
    assert asked.headers["authorization"].startswith("Basic ")
    assert set(asked.form) == {"grant_type", "refresh_token"}


async def test_the_fields_can_go_into_the_url(bench: Bench, server: LoopbackServer) -> None:
    await send(bench, server, send_refresh_request_as_query_params=True)
    (asked,) = server.to("/token")
    assert asked.body == b""
    assert asked.query["refresh_token"] == ["refresh-0"]
    assert "refresh-0" not in bench.everything_seen()


async def test_all_fields_can_be_renamed(bench: Bench, server: LoopbackServer) -> None:
    server.on("/token", Reply({"data": {"tokens": [{"jeton": "other-token", "ttl": "60"}]}}))
    await send(
        bench,
        server,
        client_id_name="cid",
        client_secret_name="cs",
        refresh_token_name="rt",
        grant_type_name="gt",
        access_token_name="jeton",
        expires_in_name="ttl",
    )
    assert set(server.to("/token")[0].form) == {"cid", "cs", "rt", "gt"}
    assert tokens(server) == ["Bearer other-token"]


async def test_one_token_serves_all_requests_until_shortly_before_it_expires(
    bench: Bench, server: LoopbackServer
) -> None:
    await send(bench, server)
    bench.now += timedelta(seconds=3569)
    await send(bench, server)
    bench.now += timedelta(seconds=1)
    await send(bench, server)
    assert tokens(server) == ["Bearer access-1", "Bearer access-1", "Bearer access-2"]


async def test_a_short_lived_token_is_used_for_half_of_its_life(bench: Bench, server: LoopbackServer) -> None:
    server.on("/token", Reply({"access_token": "brief", "expires_in": 20}))
    await send(bench, server)
    bench.now += timedelta(seconds=9)
    await send(bench, server)
    assert len(server.to("/token")) == 1


async def test_many_requests_at_once_fetch_one_token(bench: Bench, server: LoopbackServer) -> None:
    await asyncio.gather(*[send(bench, server) for _ in range(50)])
    assert len(server.to("/token")) == 1
    assert set(tokens(server)) == {"Bearer access-1"}


async def test_many_requests_at_once_share_a_failure(bench: Bench, server: LoopbackServer) -> None:
    server.on("/token", Reply({"error": "unauthorized_client"}, 401))
    outcomes = await asyncio.gather(*[send(bench, server) for _ in range(20)], return_exceptions=True)
    assert all(isinstance(outcome, RequestFailed) for outcome in outcomes)
    assert len(server.to("/token")) == 1


async def test_a_fetch_that_is_cancelled_is_taken_over_by_the_next(bench: Bench, server: LoopbackServer) -> None:
    gate = asyncio.Event()
    server.on("/token", Reply({}, gate=asyncio.Event()), Reply({"access_token": "second-1"}, gate=gate))
    first = asyncio.create_task(send(bench, server))
    await server.was_asked()
    second = asyncio.create_task(send(bench, server))
    await asyncio.sleep(0)
    first.cancel()
    gate.set()
    await second
    assert tokens(server) == ["Bearer second-1"]


async def test_a_refused_token_is_renewed_once(bench: Bench, server: LoopbackServer) -> None:
    server.on("/data", Reply("who?", 401), Reply("fine"))
    await send(bench, server)
    assert tokens(server) == ["Bearer access-1", "Bearer access-2"]
    assert bench.waits == []
    server.on("/data", Reply("who?", 401))
    with pytest.raises(RequestFailed, match="answered 401"):
        await send(bench, server)
    assert tokens(server)[2:] == ["Bearer access-2", "Bearer access-3"]


async def test_many_refusals_of_one_token_renew_it_once(bench: Bench, server: LoopbackServer) -> None:
    def judge(asked: Asked) -> Reply:
        return Reply("fine") if asked.headers["authorization"] != "Bearer access-1" else Reply("who?", 401)

    server.on("/data", judge)
    await asyncio.gather(*[send(bench, server) for _ in range(30)])
    assert len(server.to("/token")) == 2


async def test_a_filter_can_ask_for_a_new_token(bench: Bench, server: LoopbackServer) -> None:
    server.on("/data", Reply({"code": "stale"}, 403), Reply("fine"))
    rule = {"type": "HttpResponseFilter", "http_codes": [403], "action": "REFRESH_TOKEN_THEN_RETRY"}
    handler = {"type": "DefaultErrorHandler", "response_filters": [rule]}
    requester = {"type": "HttpRequester", "url": server.url("/data"), "error_handler": handler}
    await bench.send({**requester, "authenticator": oauth(server)})
    assert tokens(server) == ["Bearer access-1", "Bearer access-2"]
    server.on("/data", Reply({"code": "stale"}, 403), Reply("fine"))
    bearer = {"type": "BearerAuthenticator", "api_token": "fixed-token"}
    await bench.send({**requester, "authenticator": bearer})
    assert bench.waits == [1]
    assert "The manifest asks for a new token, but the authenticator has none to renew." in bench.log


async def test_tokens_are_secrets_before_anything_is_recorded(bench: Bench, server: LoopbackServer) -> None:
    server.on("/token", Reply({"access_token": "access-x", "refresh_token": "refresh-x", "id_token": "identity-x"}))
    await send(bench, server)
    assert [exchange.role for exchange in bench.exchanges] == [Role.AUTH, Role.PAGE]
    seen = bench.everything_seen()
    assert all(secret not in seen for secret in ("access-x", "refresh-x", "identity-x", "refresh-0", "client-secret"))


async def test_a_fixed_access_token_is_used_as_it_is(bench: Bench, server: LoopbackServer) -> None:
    bench.config["token"] = "fixed-token"
    fixed = {"type": "OAuthAuthenticator", "access_token_value": "{{ config['token'] }}"}
    await bench.send({"type": "HttpRequester", "url": server.url("/data"), "authenticator": fixed})
    assert tokens(server) == ["Bearer fixed-token"]
    assert server.to("/token") == []


@pytest.mark.parametrize(
    ("expiry", "used"), [("2024-05-17T13:00:00Z", True), ("1715947200", False), ("2024-05-17T12:00:00Z", False)]
)
async def test_an_access_token_of_the_inputs_is_used_while_it_is_valid(
    bench: Bench, server: LoopbackServer, expiry: str, used: bool
) -> None:
    await send(bench, server, access_token_value="from-inputs", token_expiry_date=expiry)
    assert tokens(server) == ["Bearer from-inputs" if used else "Bearer access-1"]


@pytest.mark.parametrize(
    ("expiry", "format_", "seconds"),
    [(60, None, 60), ("60.5", None, 60.5), (None, None, 3600), ("2024-05-17 12:01:00", "%Y-%m-%d %H:%M:%S", 60)],
)
async def test_expiries_are_understood(
    bench: Bench, server: LoopbackServer, expiry: Any, format_: str | None, seconds: float
) -> None:
    server.on("/token", Reply({"access_token": "first-1", "expires_in": expiry}))
    fields = {"token_expiry_date_format": format_} if format_ else {}
    await send(bench, server, **fields)
    bench.now += timedelta(seconds=seconds - 31)
    await send(bench, server, **fields)
    assert len(server.to("/token")) == 1
    bench.now += timedelta(seconds=1)
    await send(bench, server, **fields)
    assert len(server.to("/token")) == 2


async def test_an_invalid_expiry_is_named(bench: Bench, server: LoopbackServer) -> None:
    server.on("/token", Reply({"access_token": "first-1", "expires_in": "soon"}))
    with pytest.raises(ReadError, match="should be a number of seconds, but is “soon”"):
        await send(bench, server)


async def test_a_response_without_a_token_is_explained(bench: Bench, server: LoopbackServer) -> None:
    server.on("/token", Reply({"jeton": "x", "ttl": 5}))
    with pytest.raises(ReadError, match="holds no `access_token`, only: `jeton`, `ttl`"):
        await send(bench, server)


@pytest.mark.parametrize(
    "answer",
    [
        {"error": "invalid_grant", "error_description": "The sign-in was revoked."},
        {"error": {"code": 190, "message": "The sign-in was revoked."}},
        {"error": [{"code": 190, "message": "The sign-in was revoked."}], "error_description": {"code": 190}},
    ],
)
async def test_what_the_api_says_in_the_place_of_a_token_is_told(
    bench: Bench, server: LoopbackServer, answer: dict[str, Any]
) -> None:
    server.on("/token", Reply(answer))
    with pytest.raises(ReadError, match=r"only: `error`.*\. The API says: The sign-in was revoked\. Check"):
        await send(bench, server)


@pytest.mark.parametrize("error", ['{"code": 190}', "190", '{"error":' * 1_010 + '"deep"' + "}" * 1_010])
async def test_an_error_without_words_is_not_quoted(bench: Bench, server: LoopbackServer, error: str) -> None:
    server.on("/token", Reply(f'{{"error": {error}}}'))
    with pytest.raises(ReadError, match=r"only: `error`\. Check"):
        await send(bench, server)


async def test_a_refresh_token_that_is_no_longer_valid_is_explained(bench: Bench, server: LoopbackServer) -> None:
    server.on("/token", Reply({"error": "invalid_grant"}, 400))
    with pytest.raises(RequestFailed, match="sign in again") as caught:
        await send(bench, server)
    assert caught.value.failure_type is FailureType.CONFIG_ERROR
    assert "answered 400 Bad Request: invalid_grant" in str(caught.value)


async def test_a_token_endpoint_that_is_busy_is_asked_again(bench: Bench, server: LoopbackServer) -> None:
    server.on("/token", Reply("", 500), Reply("", 429), Reply({"access_token": "third-3"}))
    await send(bench, server)
    assert bench.waits == [1, 2]
    assert tokens(server) == ["Bearer third-3"]


def single_use(server: LoopbackServer, **fields: Any) -> dict[str, Any]:
    return oauth(server, refresh_token_updater={}, client_id="unused", **fields)


def rotating() -> Callable[[Asked], Reply]:
    numbers = count(1)

    def reply(_: Asked) -> Reply:
        number = next(numbers)
        return Reply({"access_token": f"access-{number}", "refresh_token": f"refresh-{number}", "expires_in": 60})

    return reply


async def test_a_refresh_token_that_is_replaced_is_kept(bench: Bench, server: LoopbackServer) -> None:
    server.on("/token", rotating())
    bench.config["credentials"] = {
        "client_id": "from-credentials",
        "client_secret": "secret-of-credentials",
        "refresh_token": "refresh-0",
    }
    requester = {"type": "HttpRequester", "url": server.url("/data"), "authenticator": single_use(server)}
    await bench.send(requester)
    bench.now += timedelta(seconds=60)
    await bench.send(requester)
    assert [asked.form["refresh_token"] for asked in server.to("/token")] == [["refresh-0"], ["refresh-1"]]
    assert server.to("/token")[0].form["client_id"] == ["from-credentials"]
    warnings = [event.message for event in bench.events if isinstance(event, Log) and event.level is Level.WARNING]
    assert len(warnings) == 2
    assert all("the new one can't be kept: there is no place for what outlives a run" in text for text in warnings)
    assert "refresh-2" not in bench.everything_seen()


async def test_streams_with_other_parameters_use_the_replaced_refresh_token(
    bench: Bench, server: LoopbackServer
) -> None:
    server.on("/token", rotating())
    bench.config["credentials"] = {"refresh_token": "refresh-0"}
    for name in ("one", "two"):
        fields = single_use(server) | {"$parameters": {"stream": name}}
        await bench.send({"type": "HttpRequester", "url": server.url("/data"), "authenticator": fields})
    bench.now += timedelta(seconds=60)
    await bench.send({"type": "HttpRequester", "url": server.url("/data"), "authenticator": fields})
    assert tokens(server) == ["Bearer access-1", "Bearer access-1", "Bearer access-2"]
    assert [asked.form["refresh_token"] for asked in server.to("/token")] == [["refresh-0"], ["refresh-1"]]


async def test_a_stored_access_token_is_used_while_it_is_valid(bench: Bench, server: LoopbackServer) -> None:
    bench.config["credentials"] = {
        "access_token": "stored-token",
        "refresh_token": "refresh-0",
        "token_expiry_date": "2024-05-17T13:00:00+00:00",
    }
    requester = {"type": "HttpRequester", "url": server.url("/data"), "authenticator": single_use(server)}
    await bench.send(requester)
    assert tokens(server) == ["Bearer stored-token"]


async def test_a_signed_assertion_gives_an_access_token(bench: Bench, server: LoopbackServer) -> None:
    assertion = {"type": "JwtAuthenticator", "secret_key": "{{ config['secret'] }}", "algorithm": "HS256"}
    fields = {"use_profile_assertion": True, "profile_assertion": assertion}
    await send(bench, server, **fields, client_id=None, client_secret=None, refresh_token=None)
    form = server.to("/token")[0].form
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    assert form["assertion"][0].count(".") == 2
    assert set(form) == {"grant_type", "assertion"}
    assert form["assertion"][0] not in bench.everything_seen()


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"scopes": ["read", "write"]},
        {"grant_type": "client_credentials", "refresh_token": None},
        {"refresh_token": "{{ config['nothing'] }}"},
        {"refresh_token": None, "refresh_token_updater": {}},
        {"refresh_token": None, "grant_type": "client_credentials", "refresh_token_updater": {}},
        {"client_secret": "{{ config['nothing'] }}"},
        {"refresh_request_body": {"audience": "{{ config['audience'] }}", "client_id": "mine", "count": 3, "on": True}},
        {"refresh_request_body": {"none": None, "empty": "", "missing": "{{ config['nothing'] }}", "list": ["a", "b"]}},
        {"refresh_request_body": {"number": "0{{ 1 }}", "listed": "{{ ['a', 'b'] }}", "{{ 'na' ~ 'me' }}": "1.50"}},
        {"refresh_request_headers": {"Authorization": "Basic {{ config['secret'] | base64encode }}"}},
        {
            "refresh_request_headers": {"X-Kind": "{{ config['audience'] }}"},
            "send_refresh_request_as_query_params": True,
        },
        {"client_id_name": "id", "client_secret_name": "key", "refresh_token_name": "old", "grant_type_name": "kind"},
    ],
    ids=str,
)
async def test_the_request_for_a_token_is_that_of_the_reference(
    bench: Bench, server: LoopbackServer, oracle: Oracle, fields: dict[str, Any]
) -> None:
    bench.config["audience"] = "everybody"
    written = {key: value for key, value in oauth(server, **fields).items() if value is not None}
    raw = {"type": "HttpRequester", "url": server.url("/data"), "authenticator": written}
    answers = {"POST /token": [200, {"access_token": "access-1"}], "GET /data": [200, {}]}
    their, _ = oracle.ask("tokens", "conversation", raw, bench.config, answers)["sent"]
    await bench.send(raw)
    ours = server.to("/token")[0]
    assert server.url(ours.target) == their["url"]
    assert parse_qsl(ours.body.decode(), keep_blank_values=True) == parse_qsl(
        their["body"] or "", keep_blank_values=True
    )
    for name in ("Authorization", "X-Kind"):
        assert ours.headers.get(name) == their["headers"].get(name)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"client_id": None}, "needs a `client_id`"),
        ({"client_secret": None}, "needs a `client_secret`"),
        ({"refresh_token": None}, "needs a `refresh_token`"),
        ({"token_refresh_endpoint": None}, "write a `token_refresh_endpoint`"),
        ({"use_profile_assertion": True}, "needs a `profile_assertion`"),
    ],
)
def test_what_is_missing_is_found_when_the_manifest_is_loaded(
    server: LoopbackServer, fields: dict[str, Any], words: str
) -> None:
    _, problems = build_with_problems(oauth(server, **fields), Authenticator)
    assert words in problems[0].message


def test_equal_authenticators_share_their_token(server: LoopbackServer) -> None:
    one, same = build(oauth(server), Authenticator), build(oauth(server), Authenticator)
    other = build(oauth(server, scopes=["more"]), Authenticator)
    assert one.identity == same.identity
    assert one.identity != other.identity
