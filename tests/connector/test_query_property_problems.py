"""What is wrong with the query properties of a manifest."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from core.connector import load_connector
from core.manifest.document import Document

ITEMS: dict[str, Any] = {
    "type": "SimpleRetriever",
    "requester": {"type": "HttpRequester", "url": "https://example.com/items"},
    "record_selector": {"type": "RecordSelector", "extractor": {"type": "DpathExtractor", "field_path": []}},
}
LISTING = {"type": "PropertiesFromEndpoint", "property_field_path": ["name"], "retriever": ITEMS}
IN_TWOS = {"type": "PropertyChunking", "property_limit_type": "property_count", "property_limit": 2}
PROPERTIES = {"type": "QueryProperties", "property_list": ["a", "b"]}


def problems(retriever: dict[str, Any]) -> list[str]:
    tree = {
        "version": "7.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": ["items"]},
        "streams": [{"type": "DeclarativeStream", "name": "items", "retriever": retriever}],
    }
    found = load_connector(Document.parse(yaml.safe_dump(tree, sort_keys=False))).problems
    return [f"{'.'.join(map(str, one.path[3:]))}: {one.severity}: {one.message}" for one in found]


def requester(**more: Any) -> dict[str, Any]:
    return {**ITEMS, "requester": {**ITEMS["requester"], **more}}


def test_every_form_is_accepted() -> None:
    whole = {
        **PROPERTIES,
        "property_list": LISTING,
        "always_include_properties": ["id"],
        "property_chunking": {
            **IN_TWOS,
            "record_merge_strategy": {"type": "GroupByKeyMergeStrategy", "key": ["id", "day"]},
        },
        "property_selector": {"type": "JsonSchemaPropertySelector", "transformations": [{"type": "KeysToLower"}]},
    }

    assert problems(requester(request_parameters={"p": whole, "type": "x", "many": ["a", "b"], "none": None})) == []
    assert problems(requester(query_properties=whole, request_headers={"X": "{{ query_properties }}"})) == []
    assert problems(requester(fetch_properties_from_endpoint=LISTING)) == []


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        (
            {"request_parameters": {"p": PROPERTIES, "q": PROPERTIES}},
            "request_parameters.q: error: the properties of `q` are not requested, as those of `p` are",
        ),
        (
            {"request_parameters": {"p": PROPERTIES}, "fetch_properties_from_endpoint": LISTING},
            "fetch_properties_from_endpoint: error: "
            "the properties of `fetch_properties_from_endpoint` are not requested, as those of `p` are",
        ),
        (
            {"request_parameters": {"p": PROPERTIES}, "query_properties": PROPERTIES},
            "query_properties: warning: the properties of `query_properties` are not requested, as those of `p` are",
        ),
        (
            {"query_properties": PROPERTIES, "fetch_properties_from_endpoint": LISTING},
            "query_properties: warning: the properties of `query_properties` are not requested, "
            "as those of `fetch_properties_from_endpoint` are",
        ),
        (
            {"request_parameters": {"p": {"type": "QueryProperties"}}},
            "request_parameters.p.property_list: error: `property_list` is required by QueryProperties",
        ),
        (
            {"request_parameters": {"p": {"a": "b"}}},
            "request_parameters.p.property_list: error: `property_list` is required by QueryProperties",
        ),
        (
            {"request_parameters": {"p": {"type": "QueryProperty"}}},
            "request_parameters.p.type: error: there is no component of type `QueryProperty` that could be used here",
        ),
        (
            {"query_properties": {**PROPERTIES, "property_chunking": {**IN_TWOS, "property_limit": 0}}},
            "query_properties.property_chunking.property_limit: error: "
            "`property_limit`: input should be greater than or equal to 1",
        ),
        (
            {"query_properties": {**PROPERTIES, "property_chunking": {"type": "PropertyChunking"}}},
            "query_properties.property_chunking.property_limit_type: error: "
            "`property_limit_type` is required by PropertyChunking",
        ),
        (
            {"query_properties": {**PROPERTIES, "property_chunking": {**IN_TWOS, "record_merge_strategy": {}}}},
            "query_properties.property_chunking.record_merge_strategy.key: error: "
            "`key` is required by GroupByKeyMergeStrategy",
        ),
        (
            {
                "query_properties": {
                    **PROPERTIES,
                    "property_chunking": {
                        **IN_TWOS,
                        "record_merge_strategy": {"type": "GroupByKeyMergeStrategy", "key": []},
                    },
                }
            },
            "query_properties.property_chunking.record_merge_strategy.key: error: "
            "`key` names no field, so that no records are merged",
        ),
        (
            {"request_parameters": {"p": "{{ query_properties }}"}},
            "request_parameters: error: the template uses `query_properties`, which doesn't exist here",
        ),
        (
            {
                "fetch_properties_from_endpoint": {
                    **LISTING,
                    "retriever": {
                        **ITEMS,
                        "partition_router": {"type": "ListPartitionRouter", "values": ["a"], "cursor_field": "x"},
                    },
                }
            },
            "fetch_properties_from_endpoint.retriever.partition_router: warning: "
            "`partition_router` has no effect here: the properties are asked for once",
        ),
    ],
)
def test_problems_are_reported(fields: dict[str, Any], wanted: str) -> None:
    assert f"requester.{wanted}" in problems(requester(**fields))


def test_a_retriever_that_can_not_be_run_is_met_by_a_read() -> None:
    listing = {**LISTING, "retriever": {"type": "CustomRetriever", "class_name": "a.B"}}

    (told,) = problems(requester(request_parameters={"p": {**PROPERTIES, "property_list": listing}}))

    assert "warning: `CustomRetriever` is Python code for Airbyte (`a.B`)" in told


def test_requests_of_a_job_ask_for_no_properties() -> None:
    """Airbyte ignores the fields there, and sends the parameter with the words of the manifest in it."""
    plain = ITEMS["requester"]
    retriever = {
        "type": "AsyncRetriever",
        "creation_requester": {**plain, "request_parameters": {"p": PROPERTIES, "q": "1"}},
        "polling_requester": {**plain, "query_properties": PROPERTIES},
        "download_requester": plain,
        "status_extractor": {"type": "DpathExtractor", "field_path": ["status"]},
        "status_mapping": {"running": ["a"], "completed": ["b"], "failed": ["c"], "timeout": ["d"]},
        "record_selector": ITEMS["record_selector"],
    }

    assert problems(json.loads(json.dumps(retriever))) == [
        "creation_requester.request_parameters.p: error: "
        "query properties work only in the request of a synchronous stream; they have no effect here",
        "polling_requester.query_properties: warning: "
        "query properties work only in the request of a synchronous stream; they have no effect here",
    ]
