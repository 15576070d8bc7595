"""`discover` describes every kind of stream as Airbyte's runtime does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sample_configs import Sample, sample, samples
from sample_configs.demo_api import DemoApi
from tests.protocols.support import BY_DAY, Asking, manifest, stream
from tests.support.oracle import Oracle
from tests.support.server import LoopbackServer, Reply

KNOWN = samples()[: samples().index(sample("orders_paginated")) + 1]
"""The samples that Airbyte takes; of these, it takes one for the pages of a format that it can't read."""
SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": ["null", "object"],
    "additionalProperties": True,
    "properties": {
        "id": {"type": ["null", "integer"]},
        "nothing": {"type": "string", "default": None, "enum": [None, "a"]},
        "list": {"type": "array", "items": {"type": "object", "properties": {}}},
        "either": {"oneOf": [{"type": "string"}, {"type": "number", "multipleOf": 0.01}]},
        "at": {"type": "string", "format": "date-time", "airbyte_type": "timestamp_with_timezone"},
    },
}
COUNTING = {"type": "IncrementingCountCursor", "cursor_field": "n", "start_value": 1}
BY_KIND = {"type": "ListPartitionRouter", "values": ["a", "b"], "cursor_field": "kind"}
DESCRIBED = {
    "type": "DynamicSchemaLoader",
    "retriever": {
        "type": "SimpleRetriever",
        "requester": {"type": "HttpRequester", "url_base": "URL", "path": "/schema"},
        "record_selector": {
            "type": "RecordSelector",
            "extractor": {"type": "DpathExtractor", "field_path": []},
        },
    },
    "schema_type_identifier": {
        "type": "SchemaTypeIdentifier",
        "schema_pointer": ["fields"],
        "key_pointer": ["name"],
        "type_pointer": ["kind"],
    },
}


def inline(schema: Any) -> dict[str, Any]:
    return {"type": "InlineSchemaLoader", "schema": schema}


STREAMS: dict[str, dict[str, Any]] = {
    "plain": {},
    "key": {"primary_key": "id"},
    "keys": {"primary_key": ["id", "day"]},
    "nested_keys": {"primary_key": [["id"], ["day"]]},
    "no_keys": {"primary_key": []},
    "whole_schema": {"schema_loader": inline(SCHEMA)},
    "empty_schema": {"schema_loader": inline({})},
    "two_schemas": {"schema_loader": [inline({"type": "object", "properties": {"a": {}}}), inline(SCHEMA)]},
    "described": {"schema_loader": DESCRIBED},
    "described_too": {"schema_loader": [inline(SCHEMA), DESCRIBED]},
    "daily": {"incremental_sync": BY_DAY, "primary_key": "id"},
    "daily_by_choice": {"incremental_sync": {**BY_DAY, "allow_catalog_defined_cursor_field": True}},
    "daily_by_order": {"incremental_sync": {**BY_DAY, "allow_catalog_defined_cursor_field": False}},
    "by_parameter": {
        "$parameters": {"at": "day"},
        "incremental_sync": {**BY_DAY, "cursor_field": "{{ parameters['at'] }}"},
    },
    "by_input": {"incremental_sync": {**BY_DAY, "cursor_field": "{{ config['field'] }}"}},
    "feed": {"incremental_sync": {**BY_DAY, "is_data_feed": True}},
    "client_side": {"incremental_sync": {**BY_DAY, "is_client_side_incremental": True}},
    "counted": {"incremental_sync": COUNTING},
    "counted_by_choice": {"incremental_sync": {**COUNTING, "allow_catalog_defined_cursor_field": True}},
}


def streams(url: str) -> Iterator[dict[str, Any]]:
    for name, more in STREAMS.items():
        yield stream(name, url, "/things", **more)
    for name, more in (("partitioned", {}), ("partitioned_daily", {"incremental_sync": BY_DAY})):
        made = stream(name, url, "/things", **more)
        made["retriever"]["partition_router"] = BY_KIND
        yield made
    without = stream("no_schema", url, "/things")
    del without["schema_loader"]
    yield without


def with_url(value: Any, url: str) -> Any:
    if isinstance(value, dict):
        return {key: with_url(one, url) for key, one in value.items()}
    if isinstance(value, list):
        return [with_url(one, url) for one in value]
    return url if value == "URL" else value


async def same(oracle: Oracle, asking: Asking, content: Any, config: dict[str, Any]) -> None:
    ours = await asyncio.to_thread(asking, "discover")
    theirs = await asyncio.to_thread(oracle.ask, "protocol", "catalog", content, config)
    pairs = list(zip(ours.messages[-1]["catalog"]["streams"], theirs["catalog"]["streams"], strict=True))
    assert [pair for pair in pairs if pair[0] != pair[1]] == []


async def test_every_kind_of_stream(server: LoopbackServer, oracle: Oracle, tmp_path: Path) -> None:
    fields = [{"name": "id", "kind": "integer"}, {"name": "at", "kind": "string"}, {"name": "flag", "kind": "boolean"}]
    server.on("/schema", Reply({"fields": fields}))
    content = with_url(manifest(*streams(server.url())), server.url())
    config = {"key": "a-key-of-mine", "field": "day"}
    await same(oracle, Asking(tmp_path, content, config), content, config)


async def test_an_empty_primary_key_is_none(server: LoopbackServer, oracle: Oracle, tmp_path: Path) -> None:
    """Airbyte names a field without a name, by which all records would be the same one."""
    content = manifest(stream("things", server.url(), "/things", primary_key=""))
    [ours] = (await asyncio.to_thread(Asking(tmp_path, content), "discover")).messages[-1]["catalog"]["streams"]
    theirs = await asyncio.to_thread(oracle.ask, "protocol", "catalog", content, {"key": "k"})
    assert "source_defined_primary_key" not in ours
    assert theirs["catalog"]["streams"][0]["source_defined_primary_key"] == [[""]]


@pytest.mark.parametrize(
    "each", [one for one in KNOWN if one.name != "salesforce_bulk_query"], ids=lambda one: one.name
)
async def test_the_samples(each: Sample, oracle: Oracle, tmp_path: Path) -> None:
    with DemoApi() as api:
        content = yaml.safe_load(each.path.read_text(encoding="utf-8"))
        config = api.inputs(each.name)
        await same(oracle, Asking(tmp_path, content, config), content, config)
