"""Streams from OpenAPI documents: what is offered, and what is read with what comes of it."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import yaml

from core.templates import Template
from tests.support.server import LoopbackServer, Reply
from tests.tui.importing.openapi_documents import document, listed, operation, query, thing
from tests.tui.importing.support import imported, read, source_of
from tui.importing.drafts import ImportRefused, StreamDraft

SHOP = {
    "/orders": operation(
        {"$ref": "#/components/schemas/Orders"},
        query("shopId", required=True),
        query("state", default="open"),
        query("since"),
    )
}
SCHEMAS = {
    "Orders": listed({"$ref": "#/components/schemas/Order"}),
    "Order": {
        "required": ["id"],
        "properties": {
            "id": {"type": "integer"},
            "note": {"type": "string", "nullable": True},
            "parent": {"$ref": "#/components/schemas/Order"},
        },
    },
}
KEY: dict[str, Any] = {
    "components": {"securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}}},
    "security": [{"key": []}],
}


def draft_of(text: str, key: str = "") -> StreamDraft:
    source = source_of(text)
    [draft] = source.drafts([key or source.offers()[0].key])
    return draft


def requester_of(draft: StreamDraft) -> dict[str, Any]:
    found: dict[str, Any] = draft.definition["retriever"]["requester"]
    return found


def as_swagger(server: str) -> str:
    """The same in version 2.0."""
    schemas = json.loads(
        json.dumps(SCHEMAS).replace("#/components/schemas/", "#/definitions/").replace("nullable", "x-nullable")
    )
    parameters = [
        {"name": "shopId", "in": "query", "required": True, "type": "string"},
        {"name": "state", "in": "query", "type": "string", "default": "open"},
        {"name": "since", "in": "query", "type": "string"},
    ]
    responses = {"200": {"description": "", "schema": {"$ref": "#/definitions/Orders"}}}
    return json.dumps(
        {
            "swagger": "2.0",
            "info": {"title": "Shop", "version": "1"},
            "schemes": ["http"],
            "host": server.removeprefix("http://").partition("/")[0],
            "basePath": "/v1",
            "paths": {"/orders": {"get": {"parameters": parameters, "responses": responses}}},
            "definitions": schemas,
            "securityDefinitions": KEY["components"]["securitySchemes"],
            "security": KEY["security"],
        }
    )


def in_version(version: str, server: str) -> str:
    if version == "2.0":
        return as_swagger(server)
    text = document(SHOP, server=f"{server}/v1", schemas=SCHEMAS, **KEY)
    if version == "3.1":
        text = text.replace('"type": "string", "nullable": true', '"type": ["string", "null"]').replace(
            "3.0.3", "3.1.0"
        )
    return text


@pytest.mark.parametrize("version", ["2.0", "3.0", "3.1"])
@pytest.mark.parametrize("form", ["json", "yaml"])
async def test_an_operation_is_read_with_what_the_document_tells(
    server: LoopbackServer, version: str, form: str
) -> None:
    server.on("/v1/orders", Reply({"data": [{"id": 1, "note": None}, {"id": 2}]}))
    text = in_version(version, server.url())
    session, placed = imported(text if form == "json" else yaml.safe_dump(json.loads(text)), "GET /orders")
    assert placed.missing == ("api_key", "shop_id"), "they have no value yet"
    assert placed.notes == ("GET /orders also takes since.",)
    schema = session.value(("streams", 0, "schema_loader", "schema"))
    assert schema["properties"]["note"] == {"type": ["string", "null"]}
    assert schema["properties"]["parent"]["type"] == ["object", "null"], "a cycle is cut"
    assert session.value(("streams", 0, "primary_key")) == "id"
    told = (await read(session, {"shop_id": "7", "api_key": "k-1"}))["orders"]
    assert [one["id"] for one in told.records] == [1, 2], told.errors
    [asked] = server.asked
    assert asked.query == {"shopId": ["7"], "state": ["open"]}
    assert asked.headers["x-key"] == "k-1"


def test_operations_are_offered_by_their_tags() -> None:
    text = document(
        {
            "/a": operation(tags=["One"], summary="List all a"),
            "/b": operation(tags=["Two"], deprecated=True, summary="Old"),
            "/c": operation(tags=["One"]),
            "/d": {"post": operation(tags=["One"]), "get": operation()},
        }
    )
    offers = source_of(text).offers()
    assert [(one.group, one.title, one.detail) for one in offers] == [
        ("One", "GET /a", "List all a"),
        ("One", "GET /c", ""),
        ("Two", "GET /b", "deprecated: Old"),
        ("Other", "GET /d", ""),
    ]
    assert source_of(text).title == "OpenAPI document Shop"


def test_streams_are_named_by_the_words_that_tell_them_apart() -> None:
    paths = ("/v1/orders", "/v1/orders/{id}", "/v1/posts/{id}/comments", "/v1/photos/{id}/comments")
    text = document({path: operation() for path in paths})
    drafts = source_of(text).drafts([f"GET {path}" for path in paths])
    assert [one.name for one in drafts] == ["orders", "order", "posts_comments", "photos_comments"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/reports/domain-performance", "domain-performance"),
        ("/reminders.list", "reminders"),
        ("/transfer/list", "transfer"),
        ("/v1/customers/search", "customers_search"),
        ("/vlans/{id}/", "vlan"),
        ("/news/{id}", "news_details"),
        ("/{id}", "stream"),
    ],
)
def test_names_are_those_of_what_is_read(path: str, name: str) -> None:
    assert draft_of(document({path: operation()})).name == name


# Texts of a document are never templates

EVIL = "{{ config['api_key'] }}"


async def test_nothing_in_a_document_becomes_a_template(server: LoopbackServer) -> None:
    server.on("/v1/{{ 1 }}/x", Reply({"{{ 2 }}": [{"id": 1}]}))
    evil = [
        query("{{ 3 }}", required=True, default="{% raw %}"),
        query("{%", required=True, enum=["{# 4"]),
        {"name": "X-{{ 5 }}", "in": "header", "required": True, "schema": {"type": "string", "default": "a"}},
    ]
    answer = {"type": "object", "properties": {"{{ 2 }}": {"type": "array", "items": thing(EVIL)}}}
    text = document({"/{{ 1 }}/x": operation(answer, *evil)}, server=server.url("/v1"))
    session, _ = imported(text, "GET /{{ 1 }}/x")
    await read(session)
    [asked] = server.asked
    assert asked.query == {"{{ 3 }}": ["{% raw %}"], "{%": ["{# 4"]}
    assert "x-" not in {name[:2] for name in asked.headers}, "a header can't have such a name"
    schema = session.value(("streams", 0, "schema_loader", "schema", "properties", "{{ 2 }}", "items"))
    assert EVIL in schema["properties"], "names of properties are never evaluated"


@pytest.mark.parametrize(
    "address", ["https://api.example.com/{{ 7*7 }}", "https://{% if 1 %}.test", "https://{{{{x}}}}"]
)
def test_addresses_of_servers_are_no_templates(address: str) -> None:
    draft = draft_of(document({"/{x}{": operation()}, server=address))
    keys = {one.key: "" for one in draft.inputs}
    filled = Template(requester_of(draft)["url"]).text({"config": keys})
    assert "49" not in filled
    assert filled.startswith("https://")


# Servers


@pytest.mark.parametrize("servers", [[], [{"url": "/v2"}]])
def test_the_address_is_asked_for_where_the_document_has_none(servers: list[dict[str, Any]]) -> None:
    draft = draft_of(document({"/a": operation()}).replace('[{"url": "https://api.example.com"}]', json.dumps(servers)))
    assert requester_of(draft)["url"] == "{{ config['api_url'] }}" + ("/v2" if servers else "") + "/a"
    assert [one.key for one in draft.inputs] == ["api_url"]


def test_of_several_servers_a_person_chooses() -> None:
    servers = [{"url": f"https://{region}.example.com/"} for region in ("eu", "us")]
    draft = draft_of(document({"/a": operation()}, servers=servers))
    assert requester_of(draft)["url"] == "{{ config['api_url'] }}/a"
    [server] = draft.inputs
    assert server.options == ("https://eu.example.com", "https://us.example.com")
    assert (server.default, server.required) == ("https://eu.example.com", False)


def test_variables_of_servers_are_inputs() -> None:
    variables = {
        "region": {"default": "eu", "enum": ["eu", "us"]},
        "port": {"default": "8443"},
        "tenant": {"default": "your-company"},
    }
    text = document(
        {"/a": operation()}, servers=[{"url": "https://{tenant}.{region}.test:{port}", "variables": variables}]
    )
    draft = draft_of(text)
    assert requester_of(draft)["url"] == "https://{{ config['tenant'] }}.{{ config['region'] }}.test:8443/a"
    inputs = {one.key: one for one in draft.inputs}
    assert (inputs["region"].options, inputs["region"].default, inputs["region"].required) == (
        ("eu", "us"),
        "eu",
        False,
    )
    assert inputs["tenant"].default is None, "it only shows where one belongs"


# Parameters


def test_parameters_are_sent_when_they_are_required_or_have_a_default() -> None:
    parameters = [
        query("type", required=True, enum=["a", "b"]),
        query("version", required=True, enum=["2"]),
        query("limit_to", default="x"),
        {**query("visibility", default="all"), "description": "Can't be used together with type."},
        {**query("old", default="1"), "deprecated": True},
        query("ids", "array", required=True, items={"type": "integer"}),
        query("token", required=True),
        {"name": "X-Version", "in": "header", "required": True, "schema": {"type": "integer", "default": 3}},
        {"name": "session", "in": "cookie", "required": True, "schema": {"type": "string"}},
    ]
    draft = draft_of(document({"/things": operation(None, *parameters)}))
    requester = requester_of(draft)
    assert requester["request_parameters"] == {
        "type": "{{ config['things_type'] }}",
        "version": "2",
        "limit_to": "x",
        "ids": "{{ config['things_ids'] }}",
        "token": "{{ config['token'] }}",
    }
    assert requester["request_headers"] == {"X-Version": "3", "Cookie": "session={{ config['session'] }}"}
    inputs = {one.key: one for one in draft.inputs}
    assert inputs["things_type"].options == ("a", "b")
    assert inputs["token"].secret
    assert draft.notes == ("GET /things also takes visibility.",)


def test_the_same_parameter_of_several_operations_is_one_input() -> None:
    account, kind = query("account", required=True), query("mode", required=True, enum=["a", "b"])
    other = query("mode", required=True, enum=["c", "d"])
    text = document({"/a": operation(None, account, kind), "/b": operation(None, account, other)})
    session, _ = imported(text, "GET /a", "GET /b")
    assert [one.key for one in session.inputs.all()] == ["account", "mode", "mode_2"]
    assert (
        session.value(("streams", 1, "retriever", "requester", "request_parameters", "mode"))
        == "{{ config['mode_2'] }}"
    )


YAML = """\
openapi: 3.0.0
info: {title: Shop, version: 1.0}
servers: [{url: "https://api.example.com"}]
paths:
  /orders:
    get:
      parameters:
        - {name: country, in: query, required: true, schema: {type: string, enum: [NO, SE, on, =]}}
        - {name: at, in: query, schema: {type: string, default: 10:30}}
        - {name: day, in: query, schema: {type: string, default: 2024-01-01}}
        - {name: code, in: query, schema: {type: string, default: 010}}
      responses: {200: {description: "", content: {application/json: {schema: {type: array, items: {type: object}}}}}}
"""


def test_values_in_yaml_are_those_of_its_core_schema() -> None:
    draft = draft_of(YAML)
    assert draft.inputs[0].options == ("NO", "SE", "on", "=")
    sent = requester_of(draft)["request_parameters"]
    assert sent == {"country": "{{ config['country'] }}", "at": "10:30", "day": "2024-01-01", "code": "010"}


def test_half_characters_do_not_come_into_the_manifest() -> None:
    text = document({"/orders": operation(None, query("q", required=True))}).replace('"q"', '"q\\ud800"')
    session, _ = imported(text, "GET /orders")
    assert session.value(("streams", 0, "retriever", "requester", "request_parameters")) == {"q?": "{{ config['q'] }}"}


# Parents


async def test_places_in_paths_are_filled_from_the_operations_that_list_them(server: LoopbackServer) -> None:
    server.on("/shops", Reply([{"id": 1, "code": "a"}, {"id": 2, "code": "b"}]))
    for shop in (1, 2):
        server.on(f"/shops/{shop}/orders", Reply({"data": [{"orderNumber": f"n{shop}"}]}))
        server.on(f"/shops/{shop}/orders/n{shop}/lines", Reply([{"id": shop * 10}]))
    text = document(
        {
            "/shops": operation({"type": "array", "items": thing("code")}),
            "/shops/{shopId}/orders": operation(
                listed({"type": "object", "properties": {"orderNumber": {"type": "string"}}})
            ),
            "/shops/{shopId}/orders/{order_number}/lines": operation(),
        },
        server=server.url(),
        **KEY,
    )
    session, placed = imported(text, "GET /shops/{shopId}/orders", "GET /shops/{shopId}/orders/{order_number}/lines")
    assert placed.missing == ("api_key",)
    told = await read(session, {"api_key": "k"})
    assert {one["id"] for one in told["lines"].records} == {10, 20}, told["lines"].errors
    assert {one["orderNumber"] for one in told["orders"].records} == {"n1", "n2"}
    parent = ("streams", 1, "retriever", "partition_router", "parent_stream_configs", 0, "stream")
    assert session.document.get(parent) == {"$ref": "#/streams/0"}, "it is a stream of the manifest"
    assert session.text.count("ApiKeyAuthenticator") == 1, "all of them share it"


def test_an_operation_that_asks_for_the_ids_itself_is_no_parent() -> None:
    text = document({"/albums": operation(None, query("ids", required=True)), "/albums/{id}": operation(thing())})
    assert "partition_router" not in draft_of(text, "GET /albums/{id}").definition["retriever"]


def test_a_place_that_nothing_lists_is_an_input() -> None:
    draft = draft_of(document({"/reports/{id}/rows": operation()}))
    assert requester_of(draft)["url"] == "https://api.example.com/reports/{{ config['report_id'] }}/rows"
    assert "partition_router" not in draft.definition["retriever"]


# Where the records are


@pytest.mark.parametrize(
    ("path", "schema", "expected"),
    [
        ("/a", {"type": "array", "items": thing()}, []),
        ("/a", {"type": "object", "properties": {"response": listed(thing())}}, ["response", "data"]),
        ("/a", {"allOf": [{"properties": {"count": {"type": "integer"}}}, listed(thing())]}, ["data"]),
        ("/a", {"oneOf": [listed(thing()), {"properties": {"error": {"type": "string"}}}]}, ["data"]),
        (
            "/users",
            {
                "properties": {
                    "errors": {"type": "array", "items": thing()},
                    "users": {"type": "array", "items": thing()},
                }
            },
            ["users"],
        ),
        (
            "/a",
            {"properties": {"_embedded": {"properties": {"things": {"type": "array", "items": thing()}}}}},
            ["_embedded", "things"],
        ),
        ("/a/{id}", {"properties": {"data": thing()}}, ["data"]),
        ("/a/{id}", thing(content=thing()), []),
        ("/model", {"properties": {"main": thing(), "kinds": {"type": "array", "items": thing()}}}, []),
        ("/a/{id}", thing(tags={"type": "array", "items": thing()}), []),
    ],
)
def test_the_path_of_the_records_is_told_by_the_schema(path: str, schema: dict[str, Any], expected: list[str]) -> None:
    draft = draft_of(document({path: operation(schema)}))
    assert draft.definition["retriever"]["record_selector"]["extractor"]["field_path"] == expected


def test_answers_of_other_formats_are_decoded() -> None:
    content: dict[str, Any] = {"text/csv": {}, "application/pdf": {}}
    draft = draft_of(document({"/a": {"responses": {"200": {"content": content}}}}))
    assert draft.definition["retriever"]["decoder"] == {"type": "CsvDecoder"}


# What can't be used


def test_a_document_in_several_files_says_so() -> None:
    with pytest.raises(ImportRefused, match=r"1 reference to other files, such as a\.yml, .*bundle it"):
        source_of(document({"/a": {"get": {}}}).replace('{"get": {}}', '{"$ref": "a.yml"}'))
    draft = draft_of(document({"/a": operation({"$ref": "order.json"})}))
    assert "order.json" in draft.notes[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"openapi": "4.0.0", "info": {}, "paths": {}}', "4.0.0 is not supported"),
        ('{"openapi": "3.0.0", "info": {}, "paths": {}}', "no operation that reads"),
        ('{"openapi": "3.0.0", "info": 3, "paths": []}', "no operation that reads"),
    ],
)
def test_a_document_without_anything_to_read_is_refused(text: str, message: str) -> None:
    with pytest.raises(ImportRefused, match=message):
        source_of(text)


def test_references_in_circles_and_schemas_without_end_are_bounded() -> None:
    schemas = {
        "A": {"$ref": "#/components/schemas/B"},
        "B": {"$ref": "#/components/schemas/A"},
        "C": {
            "allOf": [{"$ref": "#/components/schemas/C"}] * 9,
            "properties": {"c": {"$ref": "#/components/schemas/C"}},
        },
        "D": {"properties": {f"p{n}": {"$ref": "#/components/schemas/D"} for n in range(30)}},
        "E": {
            "properties": {
                f"p{n}": {"type": "object", "properties": {"x": {"$ref": "#/components/schemas/F"}}} for n in range(99)
            }
        },
        "F": {
            "properties": {
                f"p{n}": {"type": "object", "properties": {"x": {"$ref": "#/components/schemas/E"}}} for n in range(99)
            }
        },
    }
    paths = {f"/{name}": operation(listed({"$ref": f"#/components/schemas/{name}"})) for name in schemas}
    drafts = source_of(document(paths, schemas=schemas)).drafts([f"GET {path}" for path in paths])
    assert [one.name for one in drafts] == list(schemas)
    assert len(json.dumps([one.definition for one in drafts])) < 1_000_000


def test_a_document_of_ten_megabytes_is_read_in_bounded_time() -> None:
    text = "An order is what somebody ordered. " * 90
    schemas = {
        f"Order{n}": thing(*(f"field{m}" for m in range(20)), note={"type": "string", "description": text})
        for n in range(3_000)
    }
    paths = {
        f"/orders{n}": operation(listed({"$ref": f"#/components/schemas/Order{n}"}), query("page", "integer"))
        for n in range(3_000)
    }
    whole = document(paths, schemas=schemas)
    assert len(whole) > 10_000_000
    began = time.process_time()
    source = source_of(whole)
    drafts = source.drafts([one.key for one in source.offers()[:100]])
    assert time.process_time() - began < 20, "it takes a second or two"
    assert len(drafts) == 100


def test_secrets_that_a_document_has_as_defaults_do_not_stand_in_the_manifest() -> None:
    key = query("api_key", required=True, default="s3cr3t-1")
    body = {"type": "object", "required": ["password"], "properties": {"password": {"enum": ["s3cr3t-2"]}}}
    search = operation(None, query("token", default="s3cr3t-3"), requestBody=json_body(body))
    server = {"url": "https://{api_token}.test", "variables": {"api_token": {"default": "s3cr3t-4"}}}
    text = document({"/things/search": {"post": search}, "/things": operation(None, key)}, servers=[server])
    session, placed = imported(text, "GET /things", "POST /things/search")
    assert "s3cr3t" not in session.text
    assert set(session.values.config()) == {"api_key", "password", "token", "api_token"}
    assert all(one.secret for one in session.inputs.all())
    assert not placed.missing


def json_body(schema: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}
