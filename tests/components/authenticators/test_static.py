"""Authenticators that send what the inputs hold: keys, passwords, tokens."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from core.errors import ReadError
from core.runtime.roles import Authenticator
from tests.support.http_bench import Bench, build_with_problems
from tests.support.server import Asked, LoopbackServer, Reply


async def asked(bench: Bench, server: LoopbackServer, authenticator: dict[str, Any], **fields: Any) -> Asked:
    server.on("/", Reply("fine"))
    await bench.send({"type": "HttpRequester", "url": server.url("/"), "authenticator": authenticator, **fields})
    return server.asked[-1]


def api_key(**fields: Any) -> dict[str, Any]:
    return {"type": "ApiKeyAuthenticator", "api_token": "{{ config['key'] }}", **fields}


def into(place: str, **fields: Any) -> dict[str, Any]:
    return {"type": "RequestOption", "inject_into": place, **fields}


@pytest.fixture(autouse=True)
def key(bench: Bench) -> None:
    bench.config["key"] = "k-123456"


async def test_an_open_api_gets_no_credentials(bench: Bench, server: LoopbackServer) -> None:
    assert "authorization" not in (await asked(bench, server, {"type": "NoAuth"})).headers


async def test_an_api_key_in_a_header(bench: Bench, server: LoopbackServer) -> None:
    sent = await asked(bench, server, api_key(inject_into=into("header", field_name="X-Key")))
    assert sent.headers["x-key"] == "k-123456"
    assert "k-123456" not in bench.everything_seen()


async def test_an_api_key_in_a_header_written_the_older_way(bench: Bench, server: LoopbackServer) -> None:
    assert (await asked(bench, server, api_key(header="X-Key"))).headers["x-key"] == "k-123456"


async def test_an_api_key_as_a_parameter(bench: Bench, server: LoopbackServer) -> None:
    sent = await asked(bench, server, api_key(inject_into=into("request_parameter", field_name="key")))
    assert sent.query == {"key": ["k-123456"]}
    assert bench.exchanges[0].url == server.url("/?key=****")


async def test_an_api_key_in_a_form(bench: Bench, server: LoopbackServer) -> None:
    sent = await asked(bench, server, api_key(inject_into=into("body_data", field_name="key")), http_method="POST")
    assert sent.form == {"key": ["k-123456"]}
    assert bench.exchanges[0].request_body == "key=****"


async def test_an_api_key_in_a_json_body_joins_what_is_there(bench: Bench, server: LoopbackServer) -> None:
    body = {"type": "RequestBodyJsonObject", "value": {"auth": {"user": "me"}}}
    authenticator = api_key(inject_into=into("body_json", field_path=["auth", "key"]))
    sent = await asked(bench, server, authenticator, http_method="POST", request_body=body)
    assert sent.json == {"auth": {"user": "me", "key": "k-123456"}}


@pytest.mark.parametrize("fields", [{}, {"header": "A", "inject_into": into("header", field_name="B")}])
def test_an_api_key_goes_to_exactly_one_place(fields: dict[str, Any]) -> None:
    _, problems = build_with_problems(api_key(**fields), Authenticator)
    assert "one of `inject_into` and `header`" in problems[0].message


async def test_a_bearer_token(bench: Bench, server: LoopbackServer) -> None:
    sent = await asked(bench, server, {"type": "BearerAuthenticator", "api_token": "{{ config['key'] }}\n"})
    assert sent.headers["authorization"] == "Bearer k-123456"
    assert "k-123456" not in bench.everything_seen()


async def test_a_user_and_a_password(bench: Bench, server: LoopbackServer) -> None:
    basic = {"type": "BasicHttpAuthenticator", "username": "Zoë", "password": "{{ config['key'] }}"}
    sent = await asked(bench, server, basic)
    assert sent.headers["authorization"] == "Basic " + b64encode("Zoë:k-123456".encode()).decode()


async def test_a_user_without_a_password_is_a_secret(bench: Bench, server: LoopbackServer) -> None:
    server.on("/", Reply("fine"))
    basic = {"type": "BasicHttpAuthenticator", "username": "{{ config['key'] }}"}
    sent = await asked(bench, server, basic)
    assert sent.headers["authorization"] == "Basic " + b64encode(b"k-123456:").decode()
    assert bench.session.secrets.mask("k-123456") == "****"


async def test_an_input_chooses_the_authenticator(bench: Bench, server: LoopbackServer) -> None:
    bench.config["auth"] = {"kind": "token"}
    selective = {
        "type": "SelectiveAuthenticator",
        "authenticator_selection_path": ["auth", "kind"],
        "authenticators": {
            "none": {"type": "NoAuth"},
            "token": {"type": "BearerAuthenticator", "api_token": "{{ config['key'] }}"},
        },
    }
    assert (await asked(bench, server, selective)).headers["authorization"] == "Bearer k-123456"


@pytest.mark.parametrize(
    ("auth", "words"), [({}, "`auth.kind` .* it is missing"), ({"kind": "magic"}, "it is “magic”; possible are “none”")]
)
async def test_a_choice_that_does_not_exist_is_named(
    bench: Bench, server: LoopbackServer, auth: dict[str, str], words: str
) -> None:
    bench.config["auth"] = auth
    selective = {
        "type": "SelectiveAuthenticator",
        "authenticator_selection_path": ["auth", "kind"],
        "authenticators": {"none": {"type": "NoAuth"}},
    }
    with pytest.raises(ReadError, match=words):
        await asked(bench, server, selective)


async def test_credentials_are_added_again_to_every_attempt(bench: Bench, server: LoopbackServer) -> None:
    server.on("/", Reply("busy", 503), Reply("fine"))
    bearer = {"type": "BearerAuthenticator", "api_token": "{{ config['key'] }}"}
    await bench.send({"type": "HttpRequester", "url": server.url("/"), "authenticator": bearer})
    assert [one.headers.get_list("authorization") for one in server.asked] == [["Bearer k-123456"]] * 2
