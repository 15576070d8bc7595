"""Postman collections: folders, variables, inherited authentication and bodies, in versions 2.0 and 2.1."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest

from tests.support.server import LoopbackServer, Reply
from tests.tui.importing.support import imported, read, source_of
from tui.importing.drafts import ImportRefused


def pairs(**values: str) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in values.items()]


def collection(*items: dict[str, Any], **more: Any) -> str:
    schema = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
    return json.dumps({"info": {"name": "Billing", "schema": schema}, "item": items, **more})


def item(name: str, request: dict[str, Any] | str) -> dict[str, Any]:
    return {"name": name, "request": request}


async def test_a_request_in_a_folder_has_variables_and_inherits_its_authentication(server: LoopbackServer) -> None:
    server.on("/v1/accounts/acc-7/invoices", Reply([{"id": 1}]))
    request = {
        "method": "GET",
        "header": [{"key": "X-Team", "value": "{{team}}"}, {"key": "X-Off", "value": "1", "disabled": True}],
        "url": {
            "raw": "{{base_url}}/v1/accounts/:account/invoices?page=1&off=1",
            "query": [*pairs(page="1"), {"key": "off", "value": "1", "disabled": True}],
            "variable": pairs(account="acc-7"),
        },
    }
    folder = {"name": "Invoices", "item": [item("List invoices", request), item("Other", "https://api.test/x")]}
    text = collection(
        folder,
        auth={"type": "bearer", "bearer": pairs(token="{{api_token}}")},
        variable=[*pairs(base_url=server.url(), api_token="t-1"), *pairs(team="blue")],
    )
    offers = source_of(text).offers()
    assert [(offer.title, offer.group) for offer in offers] == [
        ("GET List invoices", "Invoices"),
        ("GET Other", "Invoices"),
    ]
    session, placed = imported(text, offers[0].key)
    assert placed.missing == ()
    assert "t-1" not in session.text
    told = (await read(session))["list_invoices"]
    assert [dict(one) for one in told.records] == [{"id": 1}], told.errors
    (asked,) = server.asked
    assert asked.headers["authorization"] == "Bearer t-1"
    assert asked.headers["x-team"] == "blue"
    assert "x-off" not in asked.headers
    assert asked.query == {"page": ["1"]}


@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        ({"type": "basic", "basic": {"username": "me", "password": "pw-1"}}, ("authorization", "Basic bWU6cHctMQ==")),
        ({"type": "basic", "basic": pairs(username="me", password="pw-1")}, ("authorization", "Basic bWU6cHctMQ==")),
        ({"type": "basic", "basic": pairs(username="sk-1", password="")}, ("authorization", "Basic c2stMTo=")),
        ({"type": "apikey", "apikey": pairs(key="X-Key", value="k-1")}, ("x-key", "k-1")),
        ({"type": "bearer", "bearer": {"token": "t-1"}}, ("authorization", "Bearer t-1")),
    ],
)
async def test_authentication_is_that_of_the_collection(
    server: LoopbackServer, auth: dict[str, Any], expected: tuple[str, str]
) -> None:
    server.on("/a", Reply([]))
    session, _ = imported(collection(item("a", {"url": server.url("/a"), "auth": auth})), "0")
    await read(session)
    assert server.asked[0].headers[expected[0]] == expected[1]
    assert "-1" not in session.text.replace("127.0.0.1", "")


def test_oauth_becomes_a_login_with_inputs() -> None:
    oauth = pairs(
        accessTokenUrl="https://api.test/token",
        clientId="c-1",
        clientSecret="s-1",
        grant_type="client_credentials",
        scope="a b",
    )
    session, _ = imported(collection(item("a", "https://api.test/a"), auth={"type": "oauth2", "oauth2": oauth}), "0")
    authenticator = session.value(("streams", 0, "retriever", "requester", "authenticator"))
    assert authenticator["type"] == "OAuthAuthenticator"
    assert authenticator["grant_type"] == "client_credentials"
    assert authenticator["scopes"] == ["a", "b"]
    assert session.values.config() == {"client_id": "c-1", "client_secret": "s-1"}


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        ({"mode": "raw", "raw": '{"a": "{{account}}"}', "options": {"raw": {"language": "json"}}}, b'{"a":"acc"}'),
        ({"mode": "urlencoded", "urlencoded": pairs(a="1 2", b="{{account}}")}, b"a=1+2&b=acc"),
        ({"mode": "raw", "raw": "<a/>", "options": {"raw": {"language": "xml"}}}, b"<a/>"),
    ],
)
async def test_bodies_are_sent(server: LoopbackServer, body: dict[str, Any], sent: bytes) -> None:
    server.on("/a", Reply([]))
    request = {"method": "POST", "url": server.url("/a"), "body": body}
    session, _ = imported(collection(item("a", request), variable=pairs(account="acc")), "0")
    await read(session)
    assert server.asked[0].body.replace(b'": "', b'":"').replace(b"%20", b"+") == sent


async def test_parameters_that_are_encoded_are_not_encoded_again(server: LoopbackServer) -> None:
    server.on("/x", Reply({"id": 1}))
    url = {"raw": server.url("/x?q=a%20b"), "query": pairs(q="a%20b", r="1+2")}
    session, _ = imported(collection(item("x", {"url": url})), "0")
    await read(session)
    assert server.asked[0].query == {"q": ["a b"], "r": ["1 2"]}


async def test_an_address_in_parts_is_put_together(server: LoopbackServer) -> None:
    host, _, port = server.url().partition("://")[2].partition(":")
    server.on("/a/b", Reply([]))
    url = {"protocol": "http", "host": [*host.split(".")[:-1], f"1:{port}"], "path": ["a", "b"], "query": pairs(c="d")}
    session, _ = imported(collection(item("a", {"url": url})), "0")
    await read(session)
    assert server.asked[0].target == "/a/b?c=d"


async def test_graphql_is_sent_with_its_variables(server: LoopbackServer) -> None:
    server.on("/graphql", Reply({}))
    body = {"mode": "graphql", "graphql": {"query": "query($n: Int) { me }", "variables": '{"n": 5}'}}
    session, _ = imported(collection(item("a", {"method": "POST", "url": server.url("/graphql"), "body": body})), "0")
    await read(session)
    assert server.asked[0].json["variables"] == {"n": 5}


def test_what_cannot_be_taken_over_is_said() -> None:
    request = {
        "method": "POST",
        "url": "https://api.test/a",
        "body": {"mode": "formdata", "formdata": pairs(a="1")},
        "auth": {"type": "hawk", "hawk": []},
    }
    _, placed = imported(collection(item("a", request)), "0")
    assert any("fields were left out: a" in note for note in placed.notes)
    assert any("hawk" in note for note in placed.notes)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (collection(), "no requests"),
        (json.dumps({"requests": [], "order": [], "folders": []}), "version 1"),
        (collection(*[{"name": "a", "item": [item("b", {"url": ""})]}]), "has no URL"),
    ],
)
def test_what_cannot_be_used_is_refused_in_words(text: str, said: str) -> None:
    with pytest.raises(ImportRefused, match=said):
        imported(text, "0")


BOMB = "\n".join(
    ["info: {name: x, schema: y}", "a0: &a0 [{name: a, request: 'https://api.test'}]"]
    + [f"a{n}: &a{n} [{', '.join([f'{{item: *a{n - 1}}}'] * 9)}]" for n in range(1, 12)]
    + ["item: *a11"]
)


def test_aliases_that_grow_without_end_are_refused() -> None:
    with pytest.raises(ImportRefused, match="too many parts"):
        source_of(BOMB)


@pytest.mark.parametrize("part", ["item", "variable", "auth", "info"])
@pytest.mark.parametrize("value", [5, "x", [1], {"a": 1}, [[]], [{"request": {"url": []}}], None])
def test_a_collection_that_is_damaged_is_refused_or_read_as_far_as_it_goes(part: str, value: Any) -> None:
    tree = {**json.loads(collection(item("a", "https://api.test/a"))), part: value}
    with suppress(ImportRefused):
        source_of(json.dumps(tree)).offers()
