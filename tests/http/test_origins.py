"""Credentials, and all that came from a secret, go to the site that the manifest names, wherever the API leads."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from core.events import Log
from core.levels import Level
from tests.support.reading import Told, read_all
from tests.support.server import Asked, LoopbackServer, Reply

KEY = "k-Zq7x9Rt5Tw8yN2v"
SPEC = {
    "type": "Spec",
    "connection_specification": {"type": "object", "properties": {"key": {"type": "string", "airbyte_secret": True}}},
}
BEARER = {"type": "BearerAuthenticator", "api_token": "{{ config['key'] }}"}
SECRET_PARTS = {
    "request_parameters": {"key": "{{ config['key'] }}", "mine": "yes"},
    "request_headers": {
        "X-Signature": "{{ 'something'|hmac(config['key']) }}",
        "User-Agent": "app/{{ config['key'] }}",
        "Referer": "https://example.com/?from={{ config['key']|base64encode }}",
        "Cookie": "session={{ config['key'] }}",
        "X-Plain": "plain",
    },
}
SELECTOR = {"type": "RecordSelector", "extractor": {"type": "DpathExtractor", "field_path": ["data"]}}
DONE = {"data": [{"id": 1}]}


def requester(url: str, **more: Any) -> dict[str, Any]:
    return {"type": "HttpRequester", "url": url, "authenticator": BEARER, **more}


def manifest(retriever: dict[str, Any]) -> str:
    stream = {"type": "DeclarativeStream", "name": "items", "retriever": {"record_selector": SELECTOR, **retriever}}
    check = {"type": "CheckStream", "stream_names": ["items"]}
    return yaml.safe_dump(
        {"version": "7.0.0", "type": "DeclarativeSource", "check": check, "spec": SPEC, "streams": [stream]}
    )


def simple(requester: dict[str, Any], **more: Any) -> str:
    return manifest({"type": "SimpleRetriever", "requester": requester, **more})


def job(**parts: Any) -> str:
    return manifest(
        {
            "type": "AsyncRetriever",
            "status_extractor": {"type": "DpathExtractor", "field_path": ["status"]},
            "status_mapping": {
                "type": "AsyncJobStatusMap",
                "running": [],
                "completed": ["done"],
                "failed": [],
                "timeout": [],
            },
            "download_target_extractor": {"type": "DpathExtractor", "field_path": ["target"]},
            **parts,
        }
    )


def cursor(option: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "DefaultPaginator",
        **({"page_token_option": option} if option else {}),
        "pagination_strategy": {"type": "CursorPagination", "cursor_value": "{{ response['next'] }}"},
    }


async def read(text: str) -> Told:
    return await read_all(text, {"key": KEY})


def warnings(result: Told) -> list[str]:
    return [log.message for log in result.of(Log) if log.level is Level.WARNING]


def has_credentials(asked: Asked) -> bool:
    return bool(asked.headers.get("authorization") == f"Bearer {KEY}")


def free_of_secrets(asked: Asked) -> bool:
    said = f"{asked.target} {asked.headers.multi_items()} {asked.body!r}"
    return not any(word in said for word in (KEY, "authorization", "x-signature", "session="))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_redirect_to_another_site_carries_nothing_that_came_from_a_secret(
    server: LoopbackServer, other_server: LoopbackServer, status: int, method: str
) -> None:
    server.on("/items", Reply("", status, {"Location": other_server.url("/items"), "Set-Cookie": "a=from-here"}))
    other_server.on("/items", Reply(DONE))
    await read(simple(requester(server.url("/items"), http_method=method, **SECRET_PARTS)))
    [there] = other_server.asked
    assert free_of_secrets(there)
    assert there.headers["x-plain"] == "plain"
    assert "cookie" not in there.headers
    assert "app/" not in there.headers["user-agent"]


@pytest.mark.parametrize("status", [302, 307, 308])
@pytest.mark.parametrize(
    "echo",
    [KEY, KEY.upper(), "ay1acTd4OVJ0NVR3OHlOMnY", "user:{key}@", "%6B%2D%5A%71%37%78%39%52%74%35%54%77%38%79%4E%32%76"],
)
async def test_a_redirect_that_holds_a_secret_is_not_followed_to_another_site(
    server: LoopbackServer, other_server: LoopbackServer, status: int, echo: str
) -> None:
    place = other_server.url(f"/items?given={echo}")
    if "{key}" in echo:
        place = other_server.url("/items").replace("://", f"://{echo.format(key=KEY)}")
    server.on("/items", Reply("", status, {"Location": place}))
    result = await read(simple(requester(server.url("/items"))))
    assert "is not followed: its address holds secrets" in result.errors
    assert KEY not in result.errors
    assert other_server.asked == []


async def test_a_body_with_a_secret_is_not_forwarded(server: LoopbackServer, other_server: LoopbackServer) -> None:
    server.on("/items", Reply("", 307, {"Location": other_server.url("/items")}))
    body = {"hash": "{{ config['key']|hash('sha256') }}"}
    result = await read(simple(requester(server.url("/items"), http_method="POST", request_body_json=body)))
    assert "is not followed: the body holds secrets" in result.errors
    assert other_server.asked == []


async def test_cookies_stay_on_their_origin(server: LoopbackServer, other_server: LoopbackServer) -> None:
    server.on("/items", Reply({**DONE, "next": "/more"}, headers={"Set-Cookie": "session=from-here; Path=/"}))
    server.on("/more", Reply("", 302, {"Location": other_server.url("/items")}))
    other_server.on("/items", Reply({**DONE, "next": ""}))
    await read(simple(requester(server.url("/items")), paginator=cursor({"type": "RequestPath"})))
    assert server.to("/more")[0].headers["cookie"] == "session=from-here"
    assert "cookie" not in other_server.asked[0].headers


@pytest.mark.parametrize("by_path", [True, False])
async def test_pages_on_another_site_are_requested_without_credentials(
    server: LoopbackServer, other_server: LoopbackServer, by_path: bool
) -> None:
    server.on("/items", Reply({**DONE, "next": server.url("/second")}))
    server.on("/second", Reply({**DONE, "next": other_server.url("/third")}))
    other_server.on("/third", Reply({**DONE, "next": other_server.url("/fourth")}))
    other_server.on("/fourth", Reply({**DONE, "next": ""}))
    url = server.url("/items")
    if by_path:
        text = simple(requester(url, **SECRET_PARTS), paginator=cursor({"type": "RequestPath"}))
    else:
        first = f"{{{{ next_page_token['next_page_token'] if next_page_token else '{url}' }}}}"
        text = simple(requester(first, **SECRET_PARTS), paginator=cursor())
    result = await read(text)
    assert len(result.records) == 4
    assert all(map(has_credentials, server.asked))
    assert all(map(free_of_secrets, other_server.asked))
    assert other_server.asked[0].query == {"mine": ["yes"]}
    [warning] = warnings(result)
    assert "The API leads to another site (127.0.0.1): it gets no credentials." in warning


async def test_a_next_page_whose_url_holds_a_secret_is_not_requested_elsewhere(
    server: LoopbackServer, other_server: LoopbackServer
) -> None:
    server.on("/items", Reply({**DONE, "next": other_server.url(f"/items?key={KEY}")}))
    result = await read(simple(requester(server.url("/items")), paginator=cursor({"type": "RequestPath"})))
    assert "the request holds secrets in its address: it is not sent there" in result.errors
    assert KEY not in result.errors
    assert other_server.asked == []


@pytest.mark.parametrize("elsewhere", [True, False])
async def test_a_poll_goes_where_the_response_says_but_credentials_only_to_the_site_of_the_job(
    server: LoopbackServer, other_server: LoopbackServer, elsewhere: bool
) -> None:
    polled = other_server if elsewhere else server
    server.on("/jobs", Reply({}, 202, {"Location": polled.url("/jobs/1")}))
    polled.on("/jobs/1", Reply({"status": "done", "target": server.url("/data")}))
    server.on("/data", Reply(DONE))
    result = await read(
        job(
            creation_requester=requester(server.url("/jobs"), http_method="POST"),
            polling_requester=requester("{{ creation_response['headers']['location'] }}"),
            download_requester=requester("{{ download_target }}"),
        )
    )
    assert len(result.records) == 1
    assert has_credentials(polled.to("/jobs/1")[0]) is not elsewhere
    assert len(warnings(result)) == elsewhere


async def test_a_site_that_the_manifest_names_gets_the_credentials(
    server: LoopbackServer, other_server: LoopbackServer
) -> None:
    server.on("/jobs", Reply({"id": 7}))
    other_server.on("/jobs/7", Reply({"status": "done", "target": "data"}))
    other_server.on("/data", Reply(DONE))
    result = await read(
        job(
            creation_requester=requester(server.url("/jobs"), http_method="POST"),
            polling_requester=requester(other_server.url("/jobs/{{ creation_response['id'] }}")),
            download_requester=requester(other_server.url("/{{ download_target }}")),
        )
    )
    assert len(result.records) == 1
    assert all(map(has_credentials, other_server.asked))
    assert warnings(result) == []


@pytest.mark.parametrize("whole", [True, False])
async def test_a_download_target_gets_credentials_if_it_is_the_whole_url(
    server: LoopbackServer, other_server: LoopbackServer, whole: bool
) -> None:
    """Airbyte: the authenticator of the download requester goes to any target."""
    server.on("/jobs", Reply({"status": "done", "target": other_server.url("/data")}))
    other_server.on("/data", Reply({**DONE, "next": server.url("/more")}))
    server.on("/more", Reply({**DONE, "next": ""}))
    address = requester("{{ download_target }}")
    if not whole:
        address = requester("", url_base=server.url("/"), path="{{ download_target }}")
    result = await read(
        job(
            creation_requester=requester(server.url("/jobs"), http_method="POST"),
            polling_requester=requester(server.url("/jobs")),
            download_requester=address,
            download_paginator=cursor({"type": "RequestPath"}),
        )
    )
    assert len(result.records) == 2
    assert has_credentials(other_server.asked[0]) is whole
    assert has_credentials(server.to("/more")[0]) is not whole
