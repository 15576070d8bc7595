"""Manifests with dynamic streams, and the streams that are made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from core.connector import Connector, load_connector
from core.connector.templates import Made
from core.events import Event
from core.manifest.document import Document
from core.reading import open_reader
from core.reading.making import StreamMaker

Tree = dict[str, Any]


def template(url: str = "http://127.0.0.1", **changes: Any) -> Tree:
    """The template of a stream that reads a path, with one parameter."""
    return {
        "type": "DeclarativeStream",
        "name": "",
        "primary_key": [],
        "$parameters": {"entity": "none"},
        "retriever": {
            "type": "SimpleRetriever",
            "requester": {
                "type": "HttpRequester",
                "url_base": url,
                "path": "/{{ parameters['entity'] }}",
                "http_method": "GET",
                "request_parameters": {"kind": ""},
            },
            "record_selector": {"type": "RecordSelector", "extractor": {"type": "DpathExtractor", "field_path": []}},
        },
        "schema_loader": {"type": "InlineSchemaLoader", "schema": {"type": "object", "properties": {}}},
        **changes,
    }


def mapping(path: list[str], value: str, **more: Any) -> Tree:
    return {"type": "ComponentMappingDefinition", "field_path": path, "value": value, **more}


NAME = mapping(["name"], "{{ components_values['name'] }}")


def from_config(*mappings: Tree, places: Any = None, pointer: list[str] | None = None, **more: Any) -> Tree:
    """A dynamic stream of items in the inputs."""
    places = places or {"type": "StreamConfig", "configs_pointer": pointer or ["streams"]}
    resolver = {"type": "ConfigComponentsResolver", "stream_config": places, "components_mapping": [NAME, *mappings]}
    return {"stream_template": template(), "components_resolver": resolver, **more}


def from_list(values: list[Tree], *mappings: Tree, names: Sequence[Tree] = (NAME,), **more: Any) -> Tree:
    """A dynamic stream of mappings in the manifest."""
    parameters = {"type": "StreamParametersDefinition", "list_of_parameters_for_stream": values}
    resolver = {
        "type": "ParametrizedComponentsResolver",
        "stream_parameters": parameters,
        "components_mapping": [*names, *mappings],
    }
    return {"stream_template": template(), "components_resolver": resolver, **more}


def from_api(url: str, *mappings: Tree, retriever: Tree | None = None, **more: Any) -> Tree:
    """A dynamic stream of the records at `/tables`."""
    requester = {"type": "HttpRequester", "url_base": url, "path": "/tables", "http_method": "GET"}
    resolver = {
        "type": "HttpComponentsResolver",
        "retriever": {
            "type": "SimpleRetriever",
            "requester": requester,
            "record_selector": {"type": "RecordSelector", "extractor": {"type": "DpathExtractor", "field_path": []}},
            **(retriever or {}),
        },
        "components_mapping": [NAME, *mappings],
    }
    return {"stream_template": template(url), "components_resolver": resolver, **more}


def dynamic_manifest(*dynamic: Mapping[str, Any], **more: Any) -> Tree:
    """A manifest with dynamic streams."""
    return {
        "version": "7.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckDynamicStream", "stream_count": 1},
        "dynamic_streams": [{"type": "DynamicDeclarativeStream", **one} for one in dynamic],
        **more,
    }


def loaded(manifest: Mapping[str, Any]) -> Connector:
    return load_connector(Document.parse(yaml.safe_dump(dict(manifest), sort_keys=False), "manifest.yaml"))


async def made_connector(
    manifest: Mapping[str, Any], config: Mapping[str, Any] | None = None, events: list[Event] | None = None
) -> Connector:
    """The connector with the streams that are made of its templates."""
    async with open_reader(loaded(manifest), dict(config or {})) as reader:
        return await reader.make_streams((events if events is not None else []).append)


async def made_trees(manifest: Mapping[str, Any], config: Mapping[str, Any]) -> list[Tree]:
    """The trees of the streams that are made, as their components are built from them."""
    connector = loaded(manifest)
    assert not connector.broken, connector.problems
    async with open_reader(connector, dict(config)) as reader:
        made: Made = await StreamMaker(lambda name: reader.context(name, lambda _: None)).make(connector.templates)
    assert not made.unmade, made.unmade
    trees = []
    for stream in made.streams:
        assert stream.tree is not None, stream.problem
        trees.append(connector.templates[stream.template].completed(stream.tree, lambda *_, **__: None).tree)
    return trees
