"""Custom components run wherever a stream is written: made from a template, under a condition, or one of two ways."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest
import yaml

from core.connector import load_connector
from core.events import Event, Records, StreamFinished
from core.manifest.document import Document
from core.reading import open_reader
from tests.custom.test_against_reference import CONFIG, custom, items
from tests.support.custom import allowed
from tests.support.dynamic import dynamic_manifest, from_api, from_list, made_connector, mapping
from tests.support.server import LoopbackServer, Reply

pytestmark = pytest.mark.slow

Tree = dict[str, Any]


def stream(server: LoopbackServer, name: str, path: str = "/items") -> Tree:
    requester = {"type": "HttpRequester", "url": server.url(path), "http_method": "GET"}
    selector = {"type": "RecordSelector", "extractor": {"type": "DpathExtractor", "field_path": ["items"]}}
    retriever = {"type": "SimpleRetriever", "requester": requester, "record_selector": selector}
    return {"type": "DeclarativeStream", "name": name, "retriever": retriever}


def columns(server: LoopbackServer, name: str) -> Tree:
    """A stream with an extractor that gets the decoder of its retriever."""
    tree = {**stream(server, name), "$parameters": {"name": name}}
    tree["retriever"]["record_selector"]["extractor"] = custom("RecordExtractor", "Columns")
    return tree


async def read(
    manifest: Mapping[str, Any], *names: str, state: Mapping[str, Any] | None = None
) -> list[list[Mapping[str, Any]]]:
    """The records of each stream."""
    found, config = load_connector(Document.parse(yaml.safe_dump(dict(manifest), sort_keys=False))), dict(CONFIG)
    told: list[list[Mapping[str, Any]]] = []
    async with open_reader(replace(found.for_inputs(config), custom=allowed()), config) as reader:
        await reader.make_streams()
        for name in names:
            events: list[Event] = []
            async with aclosing(reader.read(name, state)) as reading:
                events += [event async for event in reading]
            end = events[-1]
            assert isinstance(end, StreamFinished)
            assert end.outcome == "complete", end.errors
            told.append([record for event in events if isinstance(event, Records) for record in event.records])
    return told


async def test_in_streams_that_are_made(server: LoopbackServer) -> None:
    server.on("/items", items(2))
    server.on("/lines", Reply('{"items": [{"n": 7}]}\n{"items": [{"n": 8}]}\n', headers={"X-Answer": "yes"}))
    mappings = [
        mapping(["retriever", "requester", "url"], server.url("/{{ components_values['path'] }}")),
        mapping(["retriever", "decoder", "type"], "{{ components_values['decoder'] }}"),
        mapping(["$parameters", "name"], "{{ components_values['name'] }}"),
    ]
    tree = columns(server, "")
    tree["retriever"]["decoder"] = {"type": "JsonDecoder"}
    values = [
        {"name": "a", "path": "items", "decoder": "JsonDecoder"},
        {"name": "b", "path": "lines", "decoder": "JsonlDecoder"},
    ]
    manifest = dynamic_manifest(from_list(values, *mappings, stream_template=tree))
    a, b = await read(manifest, "a", "b")
    assert [(record["n"], record["stream"]) for record in a] == [(0, "a"), (1, "a")]
    assert [(record["n"], record["stream"]) for record in b] == [(7, "b"), (8, "b")]


async def test_in_parents_of_streams_that_are_made(server: LoopbackServer) -> None:
    for name in ("x", "y"):
        server.on(f"/{name}", Reply({"items": [{"n": name}]}, headers={"X-Answer": "yes"}))
        server.on(f"/child/{name}", Reply({"items": [{"of": name}]}))
    parent = columns(server, "parent")
    parent["retriever"]["decoder"] = {"type": "JsonDecoder"}
    tree = stream(server, "", "/child/{{ stream_partition.n }}")
    tree["retriever"]["partition_router"] = {
        "type": "SubstreamPartitionRouter",
        "parent_stream_configs": [
            {"type": "ParentStreamConfig", "parent_key": "n", "partition_field": "n", "stream": parent}
        ],
    }
    way = ["retriever", "partition_router", "parent_stream_configs", "0", "stream"]
    url = mapping([*way, "retriever", "requester", "url"], server.url("/{{ components_values['name'] }}"))
    inner = mapping([*way, "$parameters", "name"], "{{ components_values['name'] }}")
    label = mapping([*way, "retriever", "record_selector", "extractor", "names"], "['{{ components_values['name'] }}']")
    values = [{"name": "x"}, {"name": "y"}]
    x, y = await read(dynamic_manifest(from_list(values, url, inner, label, stream_template=tree)), "x", "y")
    assert ([record["of"] for record in x], [record["of"] for record in y]) == (["x"], ["y"])


async def test_in_what_streams_are_made_of(server: LoopbackServer) -> None:
    server.on("/tables", Reply({"items": [{"n": 1}, {"n": 2}]}, headers={"X-Answer": "yes"}))
    server.on("/items", items(3))
    selector = {"type": "RecordSelector", "extractor": custom("RecordExtractor", "Columns")}
    made = from_api(server.url(), retriever={"record_selector": selector}, stream_template=stream(server, ""))
    named = mapping(["name"], "table {{ components_values['n'] }}")
    made["components_resolver"]["components_mapping"] = [named]
    (records,) = await read(dynamic_manifest(made), "table 2")
    assert len(records) == 3


async def test_under_a_condition_and_in_both_ways(server: LoopbackServer) -> None:
    server.on("/items", items(1))
    ways = {"full_refresh_stream": columns(server, "both"), "incremental_stream": columns(server, "both")}
    ways["incremental_stream"]["retriever"]["record_selector"]["extractor"]["names"] = ["changes"]
    both = {"type": "StateDelegatingStream", "name": "both", **ways}
    conditional = {
        "type": "ConditionalStreams",
        "condition": "{{ config['kind'] == 'blue-kind' }}",
        "streams": [columns(server, "there"), both],
    }
    manifest = {
        "version": "7.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": ["both"]},
        "streams": [conditional],
    }
    there, full = await read(manifest, "there", "both")
    (changes,) = await read(manifest, "both", state={"day": "2024-01-01"})
    assert (there[0]["stream"], full[0]["names"], changes[0]["names"]) == ("there", None, ["changes"])


async def test_no_api_says_which_code_runs(server: LoopbackServer) -> None:
    server.on("/tables", Reply([{"name": "a", "code": "os.abort"}, {"name": "b", "code": "components.Columns"}]))
    tree = columns(server, "")
    tree["retriever"]["record_selector"]["extractor"]["class_name"] = "components.Columns"
    tree["schema_loader"] = {"type": "InlineSchemaLoader", "schema": {"type": ["null", "object"]}}
    code = mapping(["retriever", "record_selector", "extractor", "class_name"], "{{ components_values['code'] }}")
    found = await made_connector(dynamic_manifest(from_api(server.url(), code, name="Tables", stream_template=tree)))
    assert found.stream_names == ("Tables 1", "b")
    (problem,) = found.broken["Tables 1"]
    assert "the API may not say which Python class runs, and it says `os.abort`" in problem.message
    assert problem.position is not None
