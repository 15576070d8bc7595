"""The streams that are made of templates are those that Airbyte's own runtime makes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.support.dynamic import dynamic_manifest, from_api, from_config, from_list, made_trees, mapping, template
from tests.support.oracle import Oracle
from tests.support.server import LoopbackServer, Reply

Tree = dict[str, Any]


async def same(oracle: Oracle, manifest: Tree, config: Tree | None = None) -> list[Tree]:
    """The streams, which are the same for both."""
    ours = await made_trees(manifest, config or {})
    theirs = await asyncio.to_thread(oracle.ask, "dynamic_streams", "made", manifest, config or {})
    for tree in theirs:
        del tree["dynamic_stream_name"]
    assert ours == theirs
    return ours


ENTITY = mapping(["$parameters", "entity"], "{{ components_values.get('entity') }}")
KIND = ["retriever", "requester", "request_parameters", "kind"]
CONFIG = {"streams": [{"name": "a", "entity": "x"}, {"name": "b", "entity": "y"}], "flag": True}

MAPPINGS: dict[str, Tree] = {
    "a text": mapping(KIND, "{{ components_values['entity'] }}"),
    "a number as text": mapping(KIND, "12", value_type="string"),
    "a number": mapping(KIND, "12"),
    "a number with zeros": mapping(KIND, "007"),
    "yaml": mapping(KIND, "{a: [1, 2], b: yes}"),
    "yaml as text": mapping(KIND, "{a: [1, 2], b: yes}", value_type="string"),
    "a format": mapping(KIND, "%Y-%m-%d"),
    "no yaml": mapping(KIND, "{{ '{{ record[0] in [1] }}' }}"),
    "nothing": mapping(KIND, "{{ components_values.get('none') }}"),
    "an empty text": mapping(KIND, "{{ '' }}"),
    "a list": mapping(["primary_key"], "{{ ['id', components_values['entity']] }}"),
    "a star": mapping(["retriever", "*", "type"], "{{ stream_template_config['name'] }}x"),
    "two stars": mapping(["**", "kind"], "k"),
    "a place that is not there": mapping(["retriever", "requester", "request_headers", "a"], "b"),
    "a place that is made": mapping(["retriever", "requester", "request_headers", "a"], "b", create_or_update=True),
    "a list that is made": mapping(["transformations", "0", "type"], "KeysToLower", create_or_update=True),
    "an empty value is not made": mapping(["incremental_sync"], "{{ {} }}", create_or_update=True),
    "a pattern that is made": mapping(["retriever", "x*", "y"], "z", create_or_update=True),
    "a condition": mapping(KIND, "v", condition="{{ components_values['entity'] == 'x' }}"),
    "a condition that is text": mapping(KIND, "v", condition="false"),
    "a templated place": mapping(["retriever", "requester", "{{ 'request_parameters' }}", "kind"], "{{ config.flag }}"),
    "a pointer into a list": mapping(["retriever", "record_selector", "extractor", "field_path"], "[data, '{{ 1 }}']"),
    "a whole component": mapping(
        ["retriever", "paginator"],
        "{type: DefaultPaginator, pagination_strategy: {type: PageIncrement, page_size: 5}}",
        create_or_update=True,
    ),
}


@pytest.mark.parametrize("name", MAPPINGS)
async def test_values_of_the_inputs(name: str, oracle: Oracle) -> None:
    await same(oracle, dynamic_manifest(from_config(MAPPINGS[name])), CONFIG)


@pytest.mark.parametrize("name", [name for name in MAPPINGS if "condition" not in name and name != "a format"])
async def test_values_of_a_list(name: str, oracle: Oracle) -> None:
    await same(oracle, dynamic_manifest(from_list(CONFIG["streams"], MAPPINGS[name])), CONFIG)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [name for name in MAPPINGS if "condition" not in name])
async def test_values_of_an_api(name: str, oracle: Oracle, server: LoopbackServer) -> None:
    server.on("/tables", Reply(CONFIG["streams"]))
    await same(oracle, dynamic_manifest(from_api(server.url(), MAPPINGS[name])), CONFIG)


POINTERS: dict[str, tuple[Any, Tree]] = {
    "a list": ({"configs_pointer": ["streams"]}, CONFIG),
    "one mapping": ({"configs_pointer": ["one"]}, {"one": {"name": "a"}}),
    "nothing": ({"configs_pointer": ["none", "there"]}, {}),
    "a star": ({"configs_pointer": ["*", "tables"]}, {"x": {"tables": [{"name": "a"}]}, "y": {}}),
    "a template": ({"configs_pointer": ["{{ config['where'] }}"]}, {**CONFIG, "where": "streams"}),
    "a parameter": ({"configs_pointer": ["{{ parameters['p'] }}"], "$parameters": {"p": "streams"}}, CONFIG),
    "defaults": ({"configs_pointer": ["streams"], "default_values": [{"name": "c", "entity": "z"}]}, CONFIG),
    "only defaults": ({"configs_pointer": ["none"], "default_values": [{"name": "c"}]}, {}),
    "an index": ({"configs_pointer": ["streams", "1"]}, CONFIG),
    "all inputs": ({"configs_pointer": []}, {"name": "all"}),
}


@pytest.mark.parametrize("name", POINTERS)
async def test_places_in_the_inputs(name: str, oracle: Oracle) -> None:
    pointer, config = POINTERS[name]
    await same(oracle, dynamic_manifest(from_config(ENTITY, places={"type": "StreamConfig", **pointer})), config)


async def test_combinations_of_inputs(oracle: Oracle) -> None:
    places = [{"type": "StreamConfig", "configs_pointer": [key]} for key in ("streams", "regions")]
    name = mapping(["name"], "{{ components_values['name'] }}_{{ components_values['source_config_1'][1] }}")
    place = mapping(KIND, "{{ components_values['source_config_1'][0] }}")
    streams = await same(
        oracle, dynamic_manifest(from_config(name, place, places=places)), {**CONFIG, "regions": ["eu", "us"]}
    )
    assert [stream["name"] for stream in streams] == ["a_eu", "a_us", "b_eu", "b_us"]


@pytest.mark.parametrize("parent", [True, False, None])
async def test_parameters(parent: bool | None, oracle: Oracle) -> None:
    own = template()
    own["retriever"]["requester"]["$parameters"] = {"entity": "inner", "extra": "e"}
    more = {} if parent is None else {"use_parent_parameters": parent}
    dynamic = {**from_list([{"name": "a", "entity": "x"}], ENTITY), "stream_template": own, **more}
    await same(oracle, dynamic_manifest(dynamic))
    await same(oracle, dynamic_manifest({**dynamic, "$parameters": {"entity": "outer", "page_size": 3}}))


async def test_parameters_in_a_list(oracle: Oracle) -> None:
    values = [{"name": "a", "$parameters": {"entity": "x"}, "nested": {"$parameters": {"entity": "y"}}}]
    await same(oracle, dynamic_manifest(from_list(values, mapping(KIND, "{{ components_values }}"))))


async def test_slices_of_an_api(oracle: Oracle, server: LoopbackServer) -> None:
    server.on("/tables", lambda asked: Reply([{"name": f"{asked.query['of'][0]}_{n}"} for n in range(2)]))
    router = {
        "type": "ListPartitionRouter",
        "values": ["p", "q"],
        "cursor_field": "of",
        "request_option": {"type": "RequestOption", "inject_into": "request_parameter", "field_name": "of"},
    }
    name = mapping(["name"], "{{ components_values.name }}_{{ stream_slice.of }}_{{ stream_slice['of'] }}")
    kind = mapping(KIND, "{{ stream_partition['of'] }}")
    streams = await same(
        oracle, dynamic_manifest(from_api(server.url(), name, kind, retriever={"partition_router": router}))
    )
    assert [stream["name"] for stream in streams] == ["p_0_p_p", "p_1_p_p", "q_0_q_q", "q_1_q_q"]


async def test_pages_and_filters_of_an_api(oracle: Oracle, server: LoopbackServer) -> None:
    def page(asked: Any) -> Reply:
        number = int(asked.query.get("page", ["0"])[0])
        return Reply([{"name": f"t{number}{n}", "use": n == 0} for n in range(2 if number < 2 else 1)])

    server.on("/tables", page)
    paginator = {
        "type": "DefaultPaginator",
        "pagination_strategy": {"type": "PageIncrement", "page_size": 2},
        "page_token_option": {"type": "RequestOption", "inject_into": "request_parameter", "field_name": "page"},
    }
    selector = {
        "type": "RecordSelector",
        "extractor": {"type": "DpathExtractor", "field_path": []},
        "record_filter": {"type": "RecordFilter", "condition": "{{ record['use'] }}"},
    }
    dynamic = from_api(server.url(), retriever={"paginator": paginator, "record_selector": selector})
    assert len(await same(oracle, dynamic_manifest(dynamic))) == 3


async def test_several_templates(oracle: Oracle) -> None:
    second = from_list([{"name": "c", "entity": "z"}], ENTITY)
    streams = await same(oracle, dynamic_manifest(from_config(ENTITY), second), CONFIG)
    assert [stream["name"] for stream in streams] == ["a", "b", "c"]
