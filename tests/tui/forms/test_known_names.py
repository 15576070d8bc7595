"""Names that complete: of headers and query parameters, wherever they are typed."""

from __future__ import annotations

from typing import Any

import pytest

from core.manifest.problems import Path
from tests.tui.forms.support import at_desk, sample
from tui.model.known_names import Names, known_names, known_values, names_at
from tui.model.session import BuilderSession

RETRIEVER = ("streams", 0, "retriever")
CREATION = (*RETRIEVER, "creation_requester")
POLLING = (*RETRIEVER, "polling_requester")


async def test_query_parameters_complete_with_tab_those_of_other_requests_first() -> None:
    session = sample()
    session.set((*CREATION, "request_parameters"), {"formatVersion": "v7", "limit": "5"})
    path = (*POLLING, "request_parameters")
    async with at_desk(session) as desk:
        await desk.go(path)
        await desk.press("enter")
        await desk.type("fo")
        await desk.press("tab", "enter", "tab", "enter")
        await desk.type("up")
        await desk.press("tab", "enter")
        await desk.type("2024")
        await desk.press("enter", "escape")
        assert session.value(path) == {"formatVersion": "v7", "updated_since": "2024"}


def test_names_and_values_of_the_manifest_come_before_common_ones() -> None:
    session = sample()
    session.set((*POLLING, "request_headers"), {"accept": "application/vnd.acme+json", "X-Acme": "{{ config['x'] }}"})
    assert known_names(session, Names.HEADER)[:2] == ["accept", "X-Acme"]
    assert known_values(session, Names.HEADER, "Accept")[:2] == ["application/vnd.acme+json", "application/json"]
    assert known_values(session, Names.PARAMETER, "order") == ["asc", "desc"]
    assert known_values(session, Names.HEADER, "nobody's") == []


@pytest.mark.parametrize(
    ("component", "key", "names"),
    [
        ({"type": "ApiKeyAuthenticator"}, "header", Names.HEADER),
        ({"type": "WaitTimeFromHeader"}, "header", Names.ANSWER),
        ({"type": "HTTPAPIBudget"}, "ratelimit_reset_header", Names.ANSWER),
        ({"type": "OAuthAuthenticator"}, "refresh_request_headers", Names.HEADER),
        ({"type": "RequestOption", "inject_into": "header"}, "field_name", Names.HEADER),
        ({"type": "RequestOption", "inject_into": "request_parameter"}, "field_name", Names.PARAMETER),
        ({"type": "RequestOption", "inject_into": "body_json"}, "field_name", None),
        ({"type": "HttpRequester"}, "url", None),
    ],
)
def test_a_field_knows_what_its_names_are_names_of(component: dict[str, Any], key: str, names: Names | None) -> None:
    session = BuilderSession.new()
    place: Path = ("definitions", "one")
    session.set(place, component)
    assert names_at(session, (*place, key)) is names


async def test_the_header_of_an_api_key_completes() -> None:
    session = sample()
    session.set((*POLLING, "authenticator"), {"type": "ApiKeyAuthenticator", "api_token": "{{ config['api_key'] }}"})
    path = (*POLLING, "authenticator", "header")
    async with at_desk(session) as desk:
        await desk.go(path)
        await desk.type("x-api")
        await desk.press("tab")
        assert session.value(path) == "X-API-Key"


async def test_the_format_of_an_expiry_date_is_offered_with_an_example() -> None:
    session = sample()
    session.set((*POLLING, "authenticator"), {"type": "OAuthAuthenticator", "token_expiry_date_format": "%Y"})
    async with at_desk(session, size=(100, 40)) as desk:
        await desk.go((*POLLING, "authenticator", "token_expiry_date_format"))
        await desk.press("f9")
        assert "2026-03-31T14:05:09Z" in desk.text
