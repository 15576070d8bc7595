from __future__ import annotations

from typing import Any

import pytest

from core.components.http_requester import HttpRequester
from core.errors import ReadError
from core.http.exchange import Role
from core.http.policy import RequestFailed
from core.http.request import RequestDraft
from core.manifest.problems import Severity
from core.runtime.context import Context
from core.runtime.roles import Authenticator
from tests.support.http_bench import Bench, build, build_with_problems
from tests.support.server import Asked, LoopbackServer, Reply


async def asked(bench: Bench, server: LoopbackServer, variables: dict[str, Any] | None = None, **fields: Any) -> Asked:
    """What arrives when a requester with these fields sends its request."""
    server.on("/x", Reply("fine"))
    await bench.send({"type": "HttpRequester", "url": server.url("/x"), **fields}, **(variables or {}))
    return server.asked[-1]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
async def test_every_verb_is_sent(bench: Bench, server: LoopbackServer, method: str) -> None:
    server.on("/x", Reply("fine"))
    raw = {"type": "HttpRequester", "url": server.url("/x"), "http_method": method}
    requester, problems = build_with_problems(raw, HttpRequester)
    assert requester is not None
    await requester.send(bench.context, Role.PAGE)
    assert server.asked[0].method == method
    assert problems == []
    assert [problem.severity for problem in requester.unportable()] == [Severity.WARNING] * (
        method not in ("GET", "POST")
    )


async def test_the_url_may_be_written_in_two_parts(bench: Bench, server: LoopbackServer) -> None:
    server.on("/v1/items", Reply("fine"))
    await bench.send({"type": "HttpRequester", "url_base": server.url("/v1"), "path": "/items"})
    assert server.asked[0].path == "/v1/items"


@pytest.mark.parametrize("base", [{"url_base": ""}, {"url": ""}, {}, {"url_base": "{{ config.get('base', '') }}"}])
async def test_a_path_may_be_the_whole_url(bench: Bench, server: LoopbackServer, base: dict[str, str]) -> None:
    server.on("/files/7", Reply("fine"))
    target = server.url("/files/7?signed=1")
    raw = {"type": "HttpRequester", **base, "path": "{{ creation_response['url'] }}"}
    bearer = {"type": "BearerAuthenticator", "api_token": "abcdef"}
    await bench.send({**raw, "authenticator": bearer}, creation_response={"url": target})
    assert server.asked[0].target == "/files/7?signed=1"
    assert server.asked[0].headers["authorization"] == "Bearer abcdef"


async def test_a_path_that_is_no_url_names_what_is_missing(bench: Bench) -> None:
    with pytest.raises(ReadError, match="URL"):
        await bench.send({"type": "HttpRequester", "url_base": "", "path": "{{ '/items' }}"})


async def test_templates_see_inputs_the_slice_and_more(bench: Bench, server: LoopbackServer) -> None:
    bench.config["region"] = "eu"
    server.on("/eu/7", Reply("fine"))
    url = server.url("/{{ config['region'] }}/{{ creation_response['id'] }}")
    await bench.send({"type": "HttpRequester", "url": url}, creation_response={"id": 7})
    assert server.asked[0].path == "/eu/7"


async def test_without_a_slice_or_a_page_their_variables_are_empty(bench: Bench, server: LoopbackServer) -> None:
    parameters = {"page": "{{ next_page_token['next_page_token'] }}", "from": "{{ stream_interval['start'] }}"}
    assert (await asked(bench, server, request_parameters=parameters)).query == {}


async def test_parameters_are_text_and_empty_ones_are_left_out(bench: Bench, server: LoopbackServer) -> None:
    bench.config |= {"ids": [1, 2], "empty": "", "flag": True}
    parameters = {
        "id": "{{ config['ids'] }}",
        "none": "{{ config['empty'] }}",
        "flag": "{{ config['flag'] }}",
        "n": 1,
        "{{ 'key' }}": "a b",
    }
    sent = await asked(bench, server, request_parameters=parameters)
    assert sent.query == {"id": ["1", "2"], "flag": ["True"], "n": ["1"], "key": ["a b"]}


async def test_parameters_may_come_from_one_template(bench: Bench, server: LoopbackServer) -> None:
    sent = await asked(bench, server, request_parameters="{{ {'a': 1, 'b': ['x', 'y']} }}")
    assert sent.query == {"a": ["1"], "b": ["x", "y"]}


async def test_headers_stay_text(bench: Bench, server: LoopbackServer) -> None:
    headers = {"X-Version": "1.10", "X-Empty": "", "X-Null": "{{ config.get('x') }}", "X-Name": "{{ 'Zoë' }}"}
    sent = await asked(bench, server, request_headers=headers)
    assert sent.headers["x-version"] == "1.10"
    assert sent.headers["x-name"] == "Zoë"
    assert "x-empty" not in sent.headers
    assert "x-null" not in sent.headers


async def test_a_json_body_has_typed_values(bench: Bench, server: LoopbackServer) -> None:
    bench.config["days"] = 7
    value = {"days": "{{ config['days'] }}", "id": "007", "gone": "{{ none }}", "deep": [{"x": "12"}], "on": True}
    sent = await asked(
        bench, server, http_method="POST", request_body={"type": "RequestBodyJsonObject", "value": value}
    )
    assert sent.json == {"days": 7, "id": "007", "deep": [{"x": 12}], "on": True}
    assert sent.headers["content-type"] == "application/json"


async def test_a_json_body_keeps_types_where_it_is_to(bench: Bench, server: LoopbackServer) -> None:
    bench.config |= {"id": "007", "days": 7}
    value = {
        "id": "{{ config['id'] }}",
        "days": "{{ config['days'] }}",
        "text": "1e5",
        "list": "{{ [1, '2'] }}",
        "both": "{{ config['id'] }}{{ config['days'] }}",
        "braces": "{% raw %}{{Contact.Id}}{% endraw %}",
        "gone": "{{ config.get('x') }}",
        "nothing": "{{ none }}",
        "deep": [{"12": "12", "on": True, "n": 12, "spaced": " 1 "}],
    }
    body = {"type": "RequestBodyJsonObject", "keep_types": True, "value": value}
    sent = await asked(bench, server, http_method="POST", request_body=body)
    assert sent.json == {
        "id": "007",
        "days": 7,
        "text": "1e5",
        "list": [1, "2"],
        "both": "0077",
        "braces": "{{Contact.Id}}",
        "deep": [{"12": "12", "on": True, "n": 12, "spaced": " 1 "}],
    }


async def test_a_template_for_a_whole_json_body_keeps_types_as_well(bench: Bench, server: LoopbackServer) -> None:
    body = {"type": "RequestBodyJsonObject", "keep_types": True, "value": "{{ {'id': '007', 'n': 7} }}"}
    sent = await asked(bench, server, http_method="POST", request_body=body)
    assert sent.json == {"id": "007", "n": 7}


async def test_a_form_body_is_url_encoded(bench: Bench, server: LoopbackServer) -> None:
    value = {"a": "x y", "list": "{{ ['1', '2'] }}", "empty": ""}
    sent = await asked(
        bench, server, http_method="POST", request_body={"type": "RequestBodyUrlEncodedForm", "value": value}
    )
    assert sent.body == b"a=x+y&list=1&list=2"
    assert sent.headers["content-type"] == "application/x-www-form-urlencoded"


@pytest.mark.parametrize("text", ['{"a": 1}', "12345", "<job>{{ 'x' }}</job>", "[1, 2]"])
async def test_a_plain_text_body_is_text_whatever_it_looks_like(
    bench: Bench, server: LoopbackServer, text: str
) -> None:
    sent = await asked(bench, server, http_method="POST", request_body={"type": "RequestBodyPlainText", "value": text})
    assert sent.body.decode() == text.replace("{{ 'x' }}", "x")
    assert sent.headers["content-type"] == "text/plain; charset=utf-8"


async def test_a_plain_text_body_has_the_content_type_of_the_manifest(bench: Bench, server: LoopbackServer) -> None:
    body = {"type": "RequestBodyPlainText", "value": "<a/>"}
    sent = await asked(
        bench, server, http_method="POST", request_body=body, request_headers={"Content-Type": "text/xml"}
    )
    assert sent.headers.get_list("content-type") == ["text/xml"]


async def test_a_graphql_body_is_json_with_a_query(bench: Bench, server: LoopbackServer) -> None:
    value = {"query": "query { shop { name } }", "variables": {"first": "10"}, "operationName": "{{ none }}"}
    sent = await asked(bench, server, http_method="POST", request_body={"type": "RequestBodyGraphQL", "value": value})
    assert sent.json == {"query": "query { shop { name } }", "variables": {"first": 10}}


async def test_a_get_request_can_have_a_body(bench: Bench, server: LoopbackServer) -> None:
    sent = await asked(bench, server, request_body={"type": "RequestBodyJsonObject", "value": {"a": "b"}})
    assert (sent.method, sent.json) == ("GET", {"a": "b"})


@pytest.mark.parametrize(
    ("written", "body"),
    [
        ({"a": "1"}, b'{"a":1}'),
        ("{{ {'a': 1} }}", b'{"a":1}'),
        ('{"a": true, "b": null}', b'{"a":true,"b":null}'),
        ("", b""),
    ],
)
async def test_a_json_body_of_the_older_kind(bench: Bench, server: LoopbackServer, written: Any, body: bytes) -> None:
    sent = await asked(bench, server, http_method="POST", request_body_json=written)
    assert sent.body == body


async def test_an_invalid_json_body_is_named(bench: Bench, server: LoopbackServer) -> None:
    with pytest.raises(ReadError, match="must give a mapping for the JSON body"):
        await asked(bench, server, request_body_json="plain words")


@pytest.mark.parametrize(
    ("written", "body"), [({"a": "1", "b": ""}, b"a=1"), ("{{ {'a': 1} }}", b"a=1"), ("12", b"12"), ("a&b", b"a&b")]
)
async def test_a_data_body_of_the_older_kind(bench: Bench, server: LoopbackServer, written: Any, body: bytes) -> None:
    sent = await asked(bench, server, http_method="POST", request_body_data=written)
    assert sent.body == body


async def test_what_a_paginator_or_slice_adds_is_sent(bench: Bench, server: LoopbackServer) -> None:
    server.on("/v1/next", Reply("fine"))
    raw = {"type": "HttpRequester", "url_base": server.url("/v1"), "path": "first", "request_parameters": {"a": "1"}}
    extra = RequestDraft()
    extra.set_path("next")
    extra.add_param("page", 2)
    extra.add_json(["from"], "2024")
    await build(raw, HttpRequester).send(bench.context, Role.PAGE, extra)
    assert server.asked[0].target == "/v1/next?a=1&page=2"
    assert server.asked[0].json == {"from": "2024"}


async def test_a_collision_names_the_key_and_both_parts(bench: Bench, server: LoopbackServer) -> None:
    raw = {"type": "HttpRequester", "url": server.url("/x"), "request_headers": {"authorization": "mine"}}
    bearer = {"type": "BearerAuthenticator", "api_token": "abcdef"}
    with pytest.raises(ReadError, match="header `authorization` is set by the requester and by the authenticator"):
        await bench.send({**raw, "authenticator": bearer})


async def test_a_template_that_fails_is_an_error_of_the_read(bench: Bench, server: LoopbackServer) -> None:
    with pytest.raises(ReadError, match="config"):
        await bench.send({"type": "HttpRequester", "url": server.url("/{{ config['a']['b'] + 1 }}")})


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "the requester has no `url`"),
        ({"path": "/v1/items"}, "the requester has no `url`"),
        ({"url": "https://a.com", "request_body_json": {}, "request_body_data": {}}, "write one of"),
        ({"url": "https://a.com", "http_method": "FETCH"}, "`http_method` must be"),
        ({"url": "https://a.com/{{ nobody }}"}, "`nobody`, which doesn't exist here"),
        (
            {
                "url": "https://a.com",
                "authenticator": {"type": "BearerAuthenticator", "api_token": "{{ stream_slice.token }}"},
            },
            "`stream_slice`, which doesn't exist here",
        ),
        (
            {"url": "https://a.com", "request_body": {"type": "RequestBodyGraphQL", "value": {"variables": {}}}},
            "a GraphQL body needs a `query`",
        ),
    ],
)
def test_mistakes_are_found_when_the_manifest_is_loaded(fields: dict[str, Any], words: str) -> None:
    _, problems = build_with_problems({"type": "HttpRequester", **fields}, HttpRequester)
    assert any(words in problem.message for problem in problems), problems


async def test_an_authenticator_needs_only_a_way_to_authenticate(bench: Bench, server: LoopbackServer) -> None:
    class Stamp(Authenticator):
        async def authenticate(self, draft: RequestDraft, context: Context) -> None:
            draft.add_header("X-Stamp", context.config["stamp"])

    bench.config["stamp"] = "A-17"
    server.on("/x", Reply("later", 429), Reply("no", 401))
    requester: HttpRequester = build({"type": "HttpRequester", "url": server.url("/x")}, HttpRequester)
    with pytest.raises(RequestFailed, match="401"):
        await requester.model_copy(update={"authenticator": Stamp()}).send(bench.context, Role.PAGE)
    assert [asked.headers["x-stamp"] for asked in server.asked] == ["A-17", "A-17"]
