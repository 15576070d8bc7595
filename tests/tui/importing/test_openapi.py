"""Streams from OpenAPI documents."""

from __future__ import annotations

import json

from tui.importing.material import Material
from tui.importing.openapi import read_openapi

DOCUMENT = {
    "openapi": "3.0.3",
    "info": {"title": "Shop"},
    "servers": [{"url": "https://{region}.example.com/v1", "variables": {"region": {"default": "eu"}}}],
    "security": [{"key": []}],
    "paths": {
        "/orders": {
            "get": {
                "parameters": [{"name": "shopId", "in": "query", "required": True, "schema": {"type": "string"}}],
                "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/L"}}}}},
            }
        }
    },
    "components": {
        "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
        "schemas": {
            "L": {"properties": {"data": {"type": "array", "items": {"$ref": "#/components/schemas/Order"}}}},
            "Order": {
                "required": ["id"],
                "properties": {
                    "id": {"type": "integer"},
                    "note": {"type": "string", "nullable": True},
                    "parent": {"$ref": "#/components/schemas/Order"},
                },
            },
        },
    },
}


def test_an_operation_becomes_a_stream_with_what_the_document_tells() -> None:
    source = read_openapi(Material(json.dumps(DOCUMENT)))
    assert source is not None
    [offer] = source.offers()
    [draft] = source.drafts([offer.key])
    requester = draft.definition["retriever"]["requester"]
    assert requester["url"] == "https://{{ config['region'] }}.example.com/v1/orders"
    assert requester["request_parameters"] == {"shopId": "{{ config['shop_id'] }}"}
    assert requester["authenticator"]["inject_into"]["field_name"] == "X-Key"
    assert draft.definition["retriever"]["record_selector"]["extractor"]["field_path"] == ["data"]
    assert draft.definition["primary_key"] == "id"
    properties = draft.definition["schema_loader"]["schema"]["properties"]
    assert properties["note"] == {"type": ["string", "null"]}
    assert properties["parent"]["type"] == ["object", "null"], "a cycle is cut"
    assert {one.key for one in draft.inputs} == {"region", "shop_id", "api_key"}


def test_another_text_is_not_recognised() -> None:
    assert read_openapi(Material("curl https://example.com")) is None
