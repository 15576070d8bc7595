"""The same manifest, inputs and slice give the request that the reference sends."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from core.components.http_requester import HttpRequester
from core.http.exchange import Role
from core.http.request import RequestDraft
from core.runtime.slices import StreamSlice
from tests.support.http_bench import Bench, build
from tests.support.oracle import Oracle

CONFIG = {
    "key": "k-123",
    "n": 5,
    "list": [1, "two"],
    "empty": "",
    "flag": True,
    "zero": 0,
    "nothing": None,
    "map": {"a": 1},
    "date": "2024-01-31",
    "account": '{"id": 7}',
}
SLICE = {"region": "eu", "start": "2024-01-01"}

VALUES = {
    "text": "plain",
    "number": "5",
    "padded": "007",
    "integer": 12,
    "template": "{{ config['key'] }}",
    "n": "{{ config['n'] }}",
    "list": "{{ config['list'] }}",
    "empty": "{{ config['empty'] }}",
    "flag": "{{ config['flag'] }}",
    "zero": "{{ config['zero'] }}",
    "nothing": "{{ config['nothing'] }}",
    "missing": "{{ config['missing'] }}",
    "slice": "{{ stream_slice['region'] }}/{{ stream_partition.region }}",
    "mixed": "since {{ stream_interval['start'] }}",
    "{{ 'made' }}": "x",
    "special": "a b&c=d/é",
    "token": "{{ next_page_token['next_page_token'] }}",
}
STATIC = {"type": "HttpRequester", "url": "https://api.example.com/v1/items"}


def ours(bench: Bench, raw: dict[str, Any]) -> httpx.Request:
    bench.config |= CONFIG
    requester: HttpRequester = build(raw, HttpRequester)
    context = bench.context.for_slice(StreamSlice(SLICE))
    return requester.draft(context.with_variables(next_page_token={"next_page_token": "p2"})).build()


def theirs(oracle: Oracle, raw: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = oracle.ask("http_requests", "send", raw, CONFIG, SLICE, {"next_page_token": "p2"})
    return answer


@pytest.mark.parametrize(
    ("base", "path"),
    [
        ("https://a.com", "items"),
        ("https://a.com/", "/items"),
        ("https://a.com/v1", "items/{{ stream_slice.region }}"),
        ("https://a.com/v1/", ""),
        ("https://a.com/v1", ""),
        ("https://a.com/v1", "https://b.com/x?y=1"),
        ("https://a.com/v1", "../v2/items"),
        ("https://a.com/{{ config['n'] }}", "{{ config['date'] }}"),
        ("https://a.com/a b/é", "ü"),
    ],
)
def test_urls_are_joined_alike(bench: Bench, oracle: Oracle, base: str, path: str) -> None:
    raw = {"type": "HttpRequester", "url_base": base, "path": path}
    assert str(ours(bench, raw).url) == str(httpx.URL(theirs(oracle, raw)["url"]))


@pytest.mark.parametrize(
    "url",
    [
        "https://a.com/x?number=5&other=1",
        "https://a.com/x?number=6",
        "https://a.com/x?text=plain&text=more",
        "https://a.com",
    ],
)
def test_parameters_in_the_url_are_kept_alike(bench: Bench, oracle: Oracle, url: str) -> None:
    raw = {"type": "HttpRequester", "url": url, "request_parameters": {"number": "5", "text": "plain"}}
    assert _query(ours(bench, raw).url) == _query(theirs(oracle, raw)["url"])


@pytest.mark.parametrize("name", [name for name in VALUES if name != "integer"])
def test_query_parameters_are_evaluated_alike(bench: Bench, oracle: Oracle, name: str) -> None:
    raw = {**STATIC, "request_parameters": {name: VALUES[name]}}
    assert _query(ours(bench, raw).url) == _query(theirs(oracle, raw)["url"])


@pytest.mark.parametrize(
    "template", ["{{ {'a': 1, 'b': ['x', 'y'], 'c': none} }}", "{{ config['map'] }}", "{{ config['empty'] }}"]
)
def test_parameters_from_one_template_are_evaluated_alike(bench: Bench, oracle: Oracle, template: str) -> None:
    raw = {**STATIC, "request_parameters": template}
    assert _query(ours(bench, raw).url) == _query(theirs(oracle, raw)["url"])


@pytest.mark.parametrize(
    "name", [name for name in VALUES if name not in ("integer", "special", "list", "{{ 'made' }}")]
)
def test_headers_are_evaluated_alike(bench: Bench, oracle: Oracle, name: str) -> None:
    raw = {**STATIC, "request_headers": {f"X-{name}": VALUES[name]}}
    assert ours(bench, raw).headers.get(f"x-{name}") == theirs(oracle, raw)["headers"].get(f"x-{name}")


@pytest.mark.parametrize("name", [name for name in VALUES if name != "integer"])
def test_forms_are_evaluated_alike(bench: Bench, oracle: Oracle, name: str) -> None:
    body = {"type": "RequestBodyUrlEncodedForm", "value": {name: VALUES[name]}}
    for raw in (
        {**STATIC, "http_method": "POST", "request_body": body},
        {**STATIC, "http_method": "POST", "request_body_data": body["value"]},
    ):
        _compare_bodies(ours(bench, raw), theirs(oracle, raw))


@pytest.mark.parametrize("name", VALUES)
def test_json_bodies_are_evaluated_alike(bench: Bench, oracle: Oracle, name: str) -> None:
    value = {name: VALUES[name], "deep": {"list": [VALUES[name], {"x": VALUES[name]}]}}
    for raw in (
        {**STATIC, "http_method": "POST", "request_body": {"type": "RequestBodyJsonObject", "value": value}},
        {**STATIC, "http_method": "POST", "request_body_json": value},
        {**STATIC, "request_body_json": value},
    ):
        _compare_bodies(ours(bench, raw), theirs(oracle, raw))


def test_graphql_bodies_are_alike(bench: Bench, oracle: Oracle) -> None:
    value = {"query": "query {\n  items(region: \"{{ stream_slice['region'] }}\") { id }\n}", "variables": {"n": "5"}}
    raw = {**STATIC, "http_method": "POST", "request_body": {"type": "RequestBodyGraphQL", "value": value}}
    _compare_bodies(ours(bench, raw), theirs(oracle, raw))


@pytest.mark.parametrize("text", ["plain", "a=b&c=d", "<x>{{ config['n'] }}</x>", '{"a": true}', "007"])
def test_texts_that_look_like_nothing_else_are_sent_alike(bench: Bench, oracle: Oracle, text: str) -> None:
    raw = {**STATIC, "http_method": "POST", "request_body": {"type": "RequestBodyPlainText", "value": text}}
    assert ours(bench, raw).content.decode() == theirs(oracle, raw)["body"]


@pytest.mark.parametrize("template", ["{{ {'a': 1} }}", '{"a": "b"}', "{{ config['map'] }}", ""])
def test_bodies_of_the_older_kind_from_one_template_are_alike(bench: Bench, oracle: Oracle, template: str) -> None:
    for name in ("request_body_json", "request_body_data"):
        raw = {**STATIC, "http_method": "POST", name: template}
        _compare_bodies(ours(bench, raw), theirs(oracle, raw))


def option(place: str, **fields: Any) -> dict[str, Any]:
    return {"type": "RequestOption", "inject_into": place, **fields}


KEY = {"type": "ApiKeyAuthenticator", "api_token": "{{ config['key'] }}"}
AUTHENTICATORS: list[dict[str, Any]] = [
    {**KEY, "header": "X-Api-Key"},
    {**KEY, "inject_into": option("header", field_name="X-{{ config['n'] }}")},
    {**KEY, "inject_into": option("request_parameter", field_name="key")},
    {**KEY, "inject_into": option("body_data", field_name="key")},
    {**KEY, "inject_into": option("body_json", field_name="key")},
    {**KEY, "inject_into": option("body_json", field_path=["auth", "{{ config['n'] }}"])},
    {"type": "BearerAuthenticator", "api_token": "{{ config['key'] }}"},
    {"type": "BasicHttpAuthenticator", "username": "Zoë", "password": "{{ config['key'] }}"},
    {"type": "BasicHttpAuthenticator", "username": "{{ config['key'] }}"},
    {
        "type": "SelectiveAuthenticator",
        "authenticator_selection_path": ["date"],
        "authenticators": {"2024-01-31": {"type": "BearerAuthenticator", "api_token": "chosen"}},
    },
]


@pytest.mark.parametrize("authenticator", AUTHENTICATORS, ids=str)
async def test_credentials_are_sent_alike(bench: Bench, oracle: Oracle, authenticator: dict[str, Any]) -> None:
    raw = {**STATIC, "http_method": "POST", "authenticator": authenticator}
    bench.config |= CONFIG
    call = build(raw, HttpRequester).call(bench.context, Role.PAGE)
    draft: RequestDraft = call.draft
    await call.credentials.authenticate(draft)
    request, expected = draft.build(), theirs(oracle, raw)
    _compare_bodies(request, expected)
    assert _query(request.url) == _query(expected["url"])
    for name, value in expected["headers"].items():
        assert request.headers[name] == value


JWT: dict[str, Any] = {
    "type": "JwtAuthenticator",
    "secret_key": "0123456789abcdef0123456789abcdef",
    "algorithm": "HS256",
}


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"header_prefix": "Bearer", "token_duration": 60},
        {"jwt_headers": {"kid": "{{ config['key'] }}", "cty": "x"}, "additional_jwt_headers": {"a": "b"}},
        {"jwt_payload": {"iss": "{{ config['key'] }}", "sub": "me", "aud": "you"}},
        {"additional_jwt_payload": {"n": "{{ config['n'] }}", "id": "{{ json_loads(config['account'])['id'] }}"}},
    ],
    ids=str,
)
async def test_tokens_are_signed_alike(bench: Bench, oracle: Oracle, fields: dict[str, Any]) -> None:
    raw = {**JWT, **fields}
    bench.config |= CONFIG
    call = build({**STATIC, "authenticator": raw}, HttpRequester).call(bench.context, Role.PAGE)
    await call.credentials.authenticate(call.draft)
    prefix, _, token = call.draft.headers["Authorization"].rpartition(" ")
    headers, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in token.split(".")[:2])
    issued = claims["iat"]
    claims |= {name: claims[name] - issued for name in ("iat", "nbf", "exp")}
    expected = oracle.ask("http_requests", "jwt", raw, CONFIG)
    assert {"prefix": prefix, "headers": headers, "claims": claims} == expected


def _query(url: object) -> list[tuple[str, str]]:
    return sorted(parse_qsl(urlsplit(str(url)).query, keep_blank_values=True))


def _compare_bodies(request: httpx.Request, expected: dict[str, Any]) -> None:
    content, body = request.content.decode(), expected["body"] or ""
    content_type = request.headers.get("content-type", "")
    if content_type == "application/json":
        assert json.loads(content) == json.loads(body)
    else:
        assert content == body
    if content_type != "text/plain; charset=utf-8":
        assert content_type == expected["headers"].get("content-type", "")
