from __future__ import annotations

import httpx
import pytest

from core.http.origins import same_origin
from core.http.policy import RequestFailed
from tests.support.http_bench import Bench
from tests.support.server import LoopbackServer, Reply

KEY = {"type": "ApiKeyAuthenticator", "api_token": "{{ config['key'] }}"}
IN_HEADER = {**KEY, "inject_into": {"type": "RequestOption", "inject_into": "header", "field_name": "X-Key-Of-Ours"}}
IN_BODY = {**KEY, "inject_into": {"type": "RequestOption", "inject_into": "body_json", "field_name": "key"}}
BEARER = {"type": "BearerAuthenticator", "api_token": "{{ config['key'] }}"}


def get(url: str, **fields: object) -> dict[str, object]:
    return {"type": "HttpRequester", "url": url, **fields}


@pytest.fixture(autouse=True)
def key(bench: Bench) -> None:
    bench.config["key"] = "k-123456"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://a.com/x", "https://a.com:443/y", True),
        ("http://a.com/x", "https://a.com/y", True),
        ("https://a.com/x", "http://a.com/y", False),
        ("http://a.com:8080/", "https://a.com/", False),
        ("https://a.com/", "https://b.com/", False),
        ("https://a.com/", "https://a.com:444/", False),
    ],
)
def test_an_origin_is_scheme_host_and_port(one: str, other: str, same: bool) -> None:
    assert same_origin(httpx.URL(one), httpx.URL(other)) is same


@pytest.mark.parametrize(("authenticator", "header"), [(BEARER, "authorization"), (IN_HEADER, "x-key-of-ours")])
async def test_credentials_are_kept_on_their_origin(
    bench: Bench, server: LoopbackServer, authenticator: dict[str, object], header: str
) -> None:
    server.on("/old", Reply("", 302, {"Location": "/new"}))
    server.on("/new", Reply("fine"))
    response = await bench.send(get(server.url("/old"), authenticator=authenticator))
    assert response is not None
    assert response.text == "fine"
    assert header in server.to("/new")[0].headers


@pytest.mark.parametrize(("authenticator", "header"), [(BEARER, "authorization"), (IN_HEADER, "x-key-of-ours")])
async def test_credentials_are_not_sent_to_another_origin(
    bench: Bench,
    server: LoopbackServer,
    other_server: LoopbackServer,
    authenticator: dict[str, object],
    header: str,
) -> None:
    server.on("/file", Reply("", 302, {"Location": other_server.url("/signed?part=1")}))
    other_server.on("/signed", Reply("", 307, {"Location": "/moved"}))
    other_server.on("/moved", Reply("data"))
    headers = {"Accept": "text/csv", "X-Also": "{{ config['key'] }}"}
    response = await bench.send(get(server.url("/file"), authenticator=authenticator, request_headers=headers))
    assert response is not None
    assert response.text == "data"
    assert header in server.asked[0].headers
    for asked in other_server.asked:
        assert header not in asked.headers
        assert "x-also" not in asked.headers
        assert asked.headers["accept"] == "text/csv"
        assert asked.headers["host"] in other_server.url()


async def test_each_hop_is_an_exchange(bench: Bench, server: LoopbackServer) -> None:
    server.on("/old", Reply("", 303, {"Location": "/new"}))
    server.on("/new", Reply("fine"))
    await bench.send(get(server.url("/old"), http_method="POST"))
    assert [(exchange.method, exchange.status) for exchange in bench.exchanges] == [("POST", 303), ("GET", 200)]


async def test_a_body_is_sent_along_with_307_but_its_credentials_are_not(
    bench: Bench, server: LoopbackServer, other_server: LoopbackServer
) -> None:
    server.on("/near", Reply("", 307, {"Location": "/here"}))
    server.on("/far", Reply("", 307, {"Location": other_server.url("/there")}))
    server.on("/here", Reply("fine"))
    other_server.on("/there", Reply("fine"))
    body = {"type": "RequestBodyJsonObject", "value": {"a": "b"}}
    for path in ("/near", "/far"):
        await bench.send(get(server.url(path), http_method="POST", authenticator=IN_BODY, request_body=body))
    assert server.to("/here")[0].json == {"a": "b", "key": "k-123456"}
    assert other_server.to("/there")[0].json == {"a": "b"}


async def test_a_body_with_secrets_is_not_sent_to_another_origin(
    bench: Bench, server: LoopbackServer, other_server: LoopbackServer
) -> None:
    bench.session.secrets.add("k-123456")
    server.on("/far", Reply("", 308, {"Location": other_server.url("/there")}))
    body = {"type": "RequestBodyJsonObject", "value": {"key": "{{ config['key'] }}"}}
    with pytest.raises(RequestFailed, match=r"redirect to another site .* is not followed: the body holds secrets"):
        await bench.send(get(server.url("/far"), http_method="POST", request_body=body))
    assert other_server.asked == []


async def test_endless_redirects_are_given_up(bench: Bench, server: LoopbackServer) -> None:
    server.on("/", Reply("", 302, {"Location": "/"}))
    with pytest.raises(RequestFailed, match="more than 20 redirects") as caught:
        await bench.send(get(server.url("/")))
    assert len(server.asked) == 21
    assert not caught.value.retryable


async def test_a_3xx_without_a_location_is_a_response(bench: Bench, server: LoopbackServer) -> None:
    server.on("/", Reply("as before", 304))
    response = await bench.send(get(server.url("/")))
    assert response is not None
    assert response.status_code == 304
