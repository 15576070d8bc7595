"""Signing in as OpenAPI documents tell it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.server import Asked, LoopbackServer, Reply
from tests.tui.importing.openapi_documents import document, operation, query
from tests.tui.importing.support import imported, read, source_of
from tui.importing.drafts import StreamDraft

KEY = {"type": "apiKey", "in": "header", "name": "X-Key"}
OTHER_KEY = {"type": "apiKey", "in": "header", "name": "X-App"}
IN_QUERY = {"type": "apiKey", "in": "query", "name": "key"}
IN_COOKIE = {"type": "apiKey", "in": "cookie", "name": "sid"}
AS_BEARER = {"type": "apiKey", "in": "header", "name": "Authorization", "description": "Bearer TOKEN"}
BASIC = {"type": "http", "scheme": "Basic"}
BEARER = {"type": "http", "scheme": "bearer"}
DIGEST = {"type": "http", "scheme": "digest"}
LOGIN = {"type": "oauth2", "flows": {"authorizationCode": {"tokenUrl": "/token", "scopes": {}}}}
MACHINE = {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "/token", "scopes": {"r": ""}}}}
IMPLICIT = {"type": "oauth2", "flows": {"implicit": {"authorizationUrl": "/login", "scopes": {}}}}

CONFIG = {
    **{name: f"{name}-1" for name in ("api_key", "access_token", "client_id", "client_secret", "refresh_token")},
    **{"username": "me", "password": "pw"},
}


def shop(schemes: dict[str, Any], security: Any, server: str = "https://api.example.com") -> str:
    more = {} if security is None else {"security": security}
    return document({"/a": operation()}, server=server, components={"securitySchemes": schemes}, **more)


def draft(schemes: dict[str, Any], security: Any) -> StreamDraft:
    [found] = source_of(shop(schemes, security)).drafts(["GET /a"])
    return found


@pytest.mark.parametrize(
    ("schemes", "expected"),
    [
        ({"one": KEY}, {"x-key": "api_key-1"}),
        ({"one": IN_COOKIE}, {"cookie": "sid=api_key-1"}),
        ({"one": AS_BEARER}, {"authorization": "Bearer api_key-1"}),
        ({"one": BASIC}, {"authorization": "Basic bWU6cHc="}),
        ({"one": BEARER}, {"authorization": "Bearer api_key-1"}),
        ({"one": KEY, "two": OTHER_KEY}, {"x-key": "api_key-1", "x-app": "two_api_key-1"}),
        ({"one": KEY, "two": BEARER}, {"x-key": "api_key-1", "authorization": "Bearer two_api_key-1"}),
        ({"one": LOGIN}, {"authorization": "Bearer got-refresh_token"}),
        ({"one": MACHINE}, {"authorization": "Bearer got-client_credentials-r"}),
        ({"one": IMPLICIT}, {"authorization": "Bearer access_token-1"}),
    ],
)
async def test_requests_are_signed(server: LoopbackServer, schemes: dict[str, Any], expected: dict[str, str]) -> None:
    def token(asked: Asked) -> Reply:
        sent = asked.form
        got = "-".join([sent["grant_type"][0], *sent.get("scope", [])])
        return Reply({"access_token": f"got-{got}", "expires_in": 3600})

    server.on("/token", token)
    server.on("/a", Reply([{"id": 1}]))
    scopes = {name: ["r"] if one is MACHINE else [] for name, one in schemes.items()}
    session, _ = imported(shop(schemes, [scopes], server.url()), "GET /a")
    found = (await read(session, {**CONFIG, "two_api_key": "two_api_key-1"}))["a"]
    assert len(found.records) == 1, found.errors
    [asked] = server.to("/a")
    assert {name: asked.headers.get(name) for name in expected} == expected


async def test_a_key_may_be_a_query_parameter(server: LoopbackServer) -> None:
    server.on("/a", Reply([]))
    session, _ = imported(shop({"one": IN_QUERY}, [{"one": []}], server.url()), "GET /a")
    await read(session, CONFIG)
    assert server.asked[0].query == {"key": ["api_key-1"]}
    assert session.inputs.all()[0].secret


def test_of_several_ways_the_first_that_can_be_taken_over_is_and_the_others_are_told() -> None:
    schemes = {"digest": DIGEST, "key": KEY, "token": BEARER}
    found = draft(schemes, [{"digest": []}, {"key": []}, {"token": []}])
    assert found.definition["retriever"]["requester"]["authenticator"]["type"] == "ApiKeyAuthenticator"
    assert found.notes == ("Signing in by key was taken; there is also digest, token.",)


def test_signing_in_that_is_optional_is_told() -> None:
    assert draft({"key": KEY}, [{"key": []}, {}]).notes == (
        "Signing in by key was taken; there is also no authentication.",
    )
    found = draft({"key": KEY}, [{}, {"key": []}])
    assert "authenticator" not in found.definition["retriever"]["requester"]
    assert found.notes == ("Requests are not signed; there is also key.",)


def test_what_cannot_be_taken_over_is_told() -> None:
    [note] = draft({"d": DIGEST}, [{"d": []}]).notes
    assert note == "The way of signing in (d) can't be taken over; set the authentication."


def test_an_operation_may_need_no_signing() -> None:
    text = document(
        {"/a": operation(security=[]), "/b": operation()},
        components={"securitySchemes": {"key": KEY}},
        security=[{"key": []}],
    )
    open_one, signed = source_of(text).drafts(["GET /a", "GET /b"])
    assert not open_one.inputs
    assert [one.key for one in signed.inputs] == ["api_key"]


def test_schemes_that_are_demanded_nowhere_are_taken_all_the_same() -> None:
    found = draft({"key": KEY}, None)
    assert [one.key for one in found.inputs] == ["api_key"]
    assert "doesn't say which requests are signed" in found.notes[0]


@pytest.mark.parametrize("name", ["X-{{ 1 }}", "a\r\nb", ""])
def test_names_of_keys_that_no_header_can_have_are_refused(name: str) -> None:
    found = draft({"key": {**KEY, "name": name}}, [{"key": []}])
    assert "authenticator" not in found.definition["retriever"]["requester"]


def test_keys_of_names_with_braces_are_no_templates() -> None:
    found = draft({"key": {**IN_QUERY, "name": "{{ 7 }}"}}, [{"key": []}])
    option = found.definition["retriever"]["requester"]["authenticator"]["inject_into"]
    assert option["field_name"] == "{{ '{' }}{ 7 }}"


async def test_a_key_that_is_also_among_the_parameters_is_sent_once(server: LoopbackServer) -> None:
    server.on("/a", Reply([{"id": 1}]))
    text = document(
        {"/a": operation(None, query("key", required=True))},
        server=server.url(),
        components={"securitySchemes": {"key": IN_QUERY}},
        security=[{"key": []}],
    )
    session, _ = imported(text, "GET /a")
    found = (await read(session, CONFIG))["a"]
    assert len(found.records) == 1, found.errors
    assert server.asked[0].query == {"key": ["api_key-1"]}
