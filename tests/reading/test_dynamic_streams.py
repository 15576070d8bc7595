"""Streams that are made from templates: what they read, and what is said of those that can't be made."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.errors import ReadError
from core.events import Event, ExchangeFinished, Log, Records, StreamFinished
from core.manifest.problems import Severity
from core.reading import making, open_reader
from core.reading.reader import Reader
from core.scaling.plan import fingerprint
from tests.protocols.support import BY_DAY
from tests.support.dynamic import (
    NAME,
    dynamic_manifest,
    from_api,
    from_config,
    from_list,
    loaded,
    made_connector,
    mapping,
    template,
)
from tests.support.jobs_api import manifest as jobs_manifest
from tests.support.jobs_api import serve_job
from tests.support.oracle import Oracle, OracleError
from tests.support.reference import counted, requests, without_duration
from tests.support.server import LoopbackServer, Reply

ENTITY = mapping(["$parameters", "entity"], "{{ components_values.get('entity') }}")
PATH = mapping(["retriever", "requester", "path"], "/of/{{ components_values['name'] }}")
STREAMS = [{"name": "a", "entity": "x"}, {"name": "b", "entity": "y"}]


async def read(reader: Reader, name: str, state: Mapping[str, Any] | None = None) -> tuple[list[Any], StreamFinished]:
    records: list[Any] = []
    async with aclosing(reader.read(name, state)) as events:
        async for event in events:
            if isinstance(event, Records):
                records += event.records
            last = event
    assert isinstance(last, StreamFinished)
    return records, last


async def problems_of(manifest: Mapping[str, Any], config: Mapping[str, Any] | None = None) -> dict[str, str]:
    """What is wrong with the streams that are made, by name."""
    connector = await made_connector(manifest, config)
    return {name: "\n".join(map(str, problems)) for name, problems in connector.broken.items()}


async def test_made_streams_are_read(server: LoopbackServer) -> None:
    server.on("/tables", Reply([{"name": "a"}, {"name": "b"}]))
    server.on("/of/a", Reply([{"id": 1}]))
    server.on("/of/b", Reply([{"id": 2}, {"id": 3}]))
    server.on("/own", Reply([{"id": 0}]))
    own = template(server.url(), name="own", **{"$parameters": {"entity": "own"}})
    manifest = dynamic_manifest(from_api(server.url(), PATH, name="Tables"), streams=[own])
    events: list[Event] = []
    async with open_reader(loaded(manifest), {}) as reader:
        connector = await reader.make_streams(events.append)
        assert connector.stream_names == ("own", "a", "b")
        assert connector.made_streams == {"Tables": ("a", "b")}
        assert [(await read(reader, name))[0] for name in connector.stream_names] == [
            [{"id": 0}],
            [{"id": 1}],
            [{"id": 2}, {"id": 3}],
        ]
        assert await reader.make_streams() is connector
    asked = [event for event in events if isinstance(event, ExchangeFinished)]
    assert [(event.stream, event.exchange.role) for event in asked] == [("Tables", "parent")]
    assert len(server.to("/tables")) == 1


@pytest.mark.slow
@pytest.mark.parametrize("state", [None, {"day": "2024-01-02"}])
async def test_requests_records_and_state_are_those_of_the_reference(
    server: LoopbackServer, oracle: Oracle, state: Mapping[str, Any] | None
) -> None:
    server.on("/tables", Reply([{"name": "items"}, {"name": "b"}]))
    server.on("/of/items", lambda asked: Reply([{"day": asked.query["from"][0], "n": n} for n in range(2)]))
    cursor = {
        "type": "DatetimeBasedCursor",
        "cursor_field": "day",
        "datetime_format": "%Y-%m-%d",
        "start_datetime": "2024-01-01",
        "end_datetime": "2024-01-04",
        "step": "P1D",
        "cursor_granularity": "P1D",
        "start_time_option": {"type": "RequestOption", "inject_into": "request_parameter", "field_name": "from"},
    }
    dynamic = {**from_api(server.url(), PATH), "stream_template": template(server.url(), incremental_sync=cursor)}
    manifest = dynamic_manifest(dynamic)
    async with open_reader(loaded(manifest), {}) as reader:
        await reader.make_streams()
        states: list[Mapping[str, Any]] = []
        records: list[Any] = []
        async for event in reader.read("items", state):
            records += event.records if isinstance(event, Records) else []
            states += [event.state] if hasattr(event, "state") else []
    ours, server.asked = server.asked, []
    theirs = await asyncio.to_thread(oracle.ask, "reading", "read", manifest, {}, "items", state)
    assert counted(records) == counted(theirs["records"])
    assert without_duration(states[-1]) == without_duration(theirs["state"])
    assert requests(ours) == requests(
        [asked for asked in server.asked if asked.path != "/tables"] + server.to("/tables")[:1]
    )


async def test_names_are_text_and_not_missing() -> None:
    values = [{"name": 12}, {"name": None}, {"name": "fine"}]
    found = await problems_of(dynamic_manifest(from_config()), {"streams": values})
    assert list(found) == ["dynamic_stream_0 1", "dynamic_stream_0 2"]
    assert (
        "the name of the stream is a number, but a name is text (add `value_type: string`"
        in found["dynamic_stream_0 1"]
    )
    assert "manifest.yaml:" in found["dynamic_stream_0 1"]
    assert "no mapping gives the stream a name" in found["dynamic_stream_0 2"]


async def test_a_name_that_several_streams_have_belongs_to_none() -> None:
    values = [{"name": "a"}, {"name": "b"}, {"name": "a"}]
    connector = await made_connector(dynamic_manifest(from_list(values, name="Tables")))
    assert connector.stream_names == ("a", "b")
    assert list(connector.broken) == ["a"]
    assert "2 streams that are made have the same name, `a`" in str(connector.broken["a"][0])
    assert connector.readable(["b"])


async def test_a_name_that_a_stream_of_the_manifest_has_stays_with_it() -> None:
    manifest = dynamic_manifest(from_list([{"name": "own"}, {"name": "b"}]), streams=[template(name="own")])
    connector = await made_connector(manifest)
    assert connector.stream_names == ("own", "dynamic_stream_0 1", "b")
    assert list(connector.broken) == ["dynamic_stream_0 1"]
    assert "has the name of one that the manifest has anyway, `own`" in str(connector.broken["dynamic_stream_0 1"][0])


async def test_a_stream_that_is_wrong_keeps_no_other_from_being_read() -> None:
    method = mapping(["retriever", "requester", "http_method"], "{{ components_values['method'] }}")
    values = [{"name": "a", "method": "GET"}, {"name": "b", "method": "STEAL"}]
    connector = await made_connector(dynamic_manifest(from_list(values, method)))
    assert connector.stream_names == ("a", "b")
    (problem,) = connector.broken["b"]
    assert problem.path == ("dynamic_streams", 0, "stream_template", "retriever", "requester", "http_method")
    assert problem.position is not None
    assert connector.readable(["a"])


async def test_a_template_that_can_not_be_evaluated_for_one_stream(server: LoopbackServer) -> None:
    server.on("/tables", Reply([{"name": "a", "of": {"x": 1}}, {"name": "b"}]))
    entity = mapping(["$parameters", "entity"], "{{ components_values['of']['x'] }}")
    connector = await made_connector(dynamic_manifest(from_api(server.url(), entity, name="Tables")))
    assert connector.stream_names == ("a", "Tables 2")
    assert "a stream can't be made" in str(connector.broken["Tables 2"][0])


async def test_what_they_are_made_of_can_not_be_asked_for(server: LoopbackServer) -> None:
    server.on("/tables", Reply({"error": "no such key"}, 401))
    manifest = dynamic_manifest(
        from_api(server.url(), name="Tables"), from_list([{"name": "b"}]), streams=[template(name="own")]
    )
    async with open_reader(loaded(manifest), {}) as reader:
        connector = await reader.make_streams()
        assert connector.stream_names == ("own", "b", "Tables")
        _, end = await read(reader, "Tables")
    assert end.outcome == "failed"
    assert "no stream can be made from the template: The dynamic stream `Tables` couldn't be read." in end.errors[0]
    assert "401" in end.errors[0]


async def test_what_longhaul_does_not_run() -> None:
    dynamic = {"name": "Tables", "stream_template": template(), "components_resolver": {"type": "MagicResolver"}}
    connector = await made_connector(dynamic_manifest(dynamic))
    assert "component types that Longhaul doesn't run: MagicResolver" in str(connector.broken["Tables"][0])


async def test_there_are_not_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "MAX_STREAMS", 3)
    found = await problems_of(dynamic_manifest(from_list([{"name": str(n) + "x"} for n in range(4)], name="Many")))
    assert list(found) == ["Many"]
    assert "There would be more than 3 streams." in found["Many"]
    monkeypatch.setattr(making, "MAX_STREAMS", 5_000)
    monkeypatch.setattr(making, "MAX_VALUES", 50)
    found = await problems_of(dynamic_manifest(from_list([{"name": str(n) + "x"} for n in range(4)], name="Many")))
    assert "The streams would hold more than 50 values." in found["Many"]


async def test_thousands_of_streams() -> None:
    values = [{"name": f"t{number}", "entity": f"e{number}"} for number in range(3_000)]
    connector = await made_connector(dynamic_manifest(from_list(values, ENTITY)))
    assert len(connector.stream_names) == len(connector.streams) == 3_000
    assert connector.stream("t2999").parameters == {"entity": "e2999"}


@pytest.mark.parametrize("text", ["[1", "2024-01-31", "2024-13-01", "{{ record[0] in [1] }}"])
async def test_texts_that_are_no_yaml_are_kept(text: str) -> None:
    connector = await made_connector(dynamic_manifest(from_list([{"name": "a", "entity": text}], ENTITY)))
    assert connector.stream("a").parameters == {"entity": text}


async def test_secrets_are_not_in_problems_nor_in_names() -> None:
    spec = {
        "type": "Spec",
        "connection_specification": {
            "type": "object",
            "properties": {
                "tables": {
                    "type": "array",
                    "items": {"type": "object", "properties": {"key": {"type": "string", "airbyte_secret": True}}},
                }
            },
        },
    }
    config = {"tables": [{"name": "fine", "key": "hunter2-hunter2"}, {"key": "swordfish-swordfish"}]}
    name = mapping(["name"], "{{ components_values.get('name', components_values['key']) }}")
    method = mapping(["retriever", "requester", "http_method"], "{{ components_values['key'] }}")
    kind = mapping(["retriever", "type"], "{{ components_values['key'] }}")
    for wrong in (method, kind):
        manifest = dynamic_manifest(from_config(name, wrong, pointer=["tables"]), spec=spec)
        connector = await made_connector(manifest, config)
        said = repr(connector.broken) + repr(connector.stream_names) + repr(connector.problems) + repr(connector.made)
        assert "hunter2" not in said
        assert "swordfish" not in said
        assert set(connector.stream_names) == {"fine", "dynamic_stream_0 2"}


async def test_it_is_cancelled_while_streams_are_made(server: LoopbackServer) -> None:
    async with open_reader(loaded(dynamic_manifest(from_api(server.url()))), {}) as reader:
        server.on("/tables", lambda _asked: reader.cancel() or Reply([{"name": "a"}]))  # type: ignore[func-returns-value]
        with pytest.raises(ReadError, match="cancelled while streams were made"):
            await reader.make_streams()


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a condition for values of an API": (
        from_api("http://x", mapping(["primary_key"], "id", condition="{{ true }}")),
        "a HttpComponentsResolver takes no conditions",
    ),
    "a condition for values of a list": (
        from_list([{"name": "a"}], mapping(["primary_key"], "id", condition="{{ true }}")),
        "a ParametrizedComponentsResolver takes no conditions",
    ),
    "a variable that does not exist": (
        from_list([{"name": "a"}], mapping(["primary_key"], "{{ component_value['x'] }}")),
        "the template uses `component_value`, which doesn't exist here (did you mean `components_values`?)",
    ),
    "a template that is wrong": (
        {**from_list([{"name": "a"}]), "stream_template": {**template(), "retriever": {"type": "SimpleRetriever"}}},
        "`requester` is required by SimpleRetriever",
    ),
    "a template without a name": (
        {
            **from_list([{"name": "a"}]),
            "components_resolver": {**from_list([])["components_resolver"], "components_mapping": []},
        },
        "no mapping gives the stream a name",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_known_without_inputs(name: str) -> None:
    dynamic, said = WRONG[name]
    connector = loaded(dynamic_manifest({**dynamic, "name": "Tables"}, streams=[template(name="own")]))
    assert list(connector.broken) == ["Tables"]
    assert connector.stream_names == ("own", "Tables")
    assert not connector.templates
    assert said in "\n".join(map(str, connector.broken["Tables"]))


def test_a_check_of_a_template_that_is_not_there() -> None:
    wanted = {"type": "DynamicStreamCheckConfig", "dynamic_stream_name": "Table"}
    check = {"type": "CheckStream", "stream_names": ["a"], "dynamic_streams_check_configs": [wanted]}
    connector = loaded(dynamic_manifest(from_list([{"name": "a"}], name="Tables"), check=check))
    (problem,) = connector.problems
    assert "the check names `Table`, but no dynamic stream has that name (did you mean `Tables`?)" in str(problem)
    assert problem.path[:2] == ("check", "dynamic_streams_check_configs")


def test_what_a_mapping_puts_in_its_place_is_no_problem() -> None:
    dynamic = from_list([{"name": "a"}], mapping(["retriever", "requester", "http_method"], "GET"))
    dynamic["stream_template"]["retriever"]["requester"]["http_method"] = "to be chosen"
    connector = loaded(dynamic_manifest(dynamic))
    assert not connector.broken
    assert [problem for problem in connector.problems if problem.severity == "error"] == []


async def test_the_templates_may_delegate_by_their_state(server: LoopbackServer) -> None:
    server.on("/all", Reply([{"id": 1}]))
    server.on("/changes", Reply([{"id": 2, "day": "2024-01-02"}]))
    cursor = {
        "type": "DatetimeBasedCursor",
        "cursor_field": "day",
        "datetime_format": "%Y-%m-%d",
        "start_datetime": "2024-01-01",
        "end_datetime": "2024-01-04",
    }
    ways = [
        template(server.url(), **{"$parameters": {"entity": "all"}}),
        template(server.url(), incremental_sync=cursor, **{"$parameters": {"entity": "changes"}}),
    ]
    delegating = {
        "type": "StateDelegatingStream",
        "name": "",
        "full_refresh_stream": ways[0],
        "incremental_stream": ways[1],
    }
    names = [mapping(["*", "name"], "{{ components_values['name'] }}"), NAME]
    dynamic = {**from_list([{"name": "a"}, {"name": "b"}], names=names), "stream_template": delegating}
    async with open_reader(loaded(dynamic_manifest(dynamic)), {}) as reader:
        connector = await reader.make_streams()
        assert not connector.broken, connector.broken
        assert (await read(reader, "a"))[0] == [{"id": 1}]
        assert (await read(reader, "a", {"day": "2024-01-01"}))[0] == [{"id": 2, "day": "2024-01-02"}]


async def test_what_they_are_made_of_may_come_from_a_job(server: LoopbackServer) -> None:
    serve_job(server, "done", records=({"name": "goods"}, {"name": "orders"}))
    dynamic = from_api(server.url(), name="Tables")
    dynamic["components_resolver"]["retriever"] = yaml.safe_load(jobs_manifest(server))["streams"][0]["retriever"]
    connector = await made_connector(dynamic_manifest(dynamic))
    assert connector.stream_names == ("goods", "orders"), connector.broken


async def test_no_secret_can_be_guessed_from_the_fingerprint_of_a_plan() -> None:
    spec = {
        "type": "Spec",
        "connection_specification": {
            "type": "object",
            "properties": {"key": {"type": "string", "airbyte_secret": True}},
        },
    }
    entity = mapping(["$parameters", "entity"], "{{ config['key'] }}")
    manifest = dynamic_manifest(from_list([{"name": "a"}], entity), spec=spec)
    marks = set()
    for key in ("hunter2-hunter2", "swordfish-swordfish"):
        marks.add(fingerprint(await made_connector(manifest, {"key": key}), "a", {"key": key}))
    assert len(marks) == 1


async def test_a_condition_of_a_mapping_whose_values_do_not_fit_together_is_told_of_once() -> None:
    where = {"condition": "{{ components_values.get('least') > 3 }}"}
    manifest = dynamic_manifest(from_config(mapping(["retriever", "requester", "path"], "/there", **where)))
    told: list[Event] = []
    config = {"streams": [{"name": "a"}, {"name": "b"}, {"name": "c", "least": 9}]}
    async with open_reader(loaded(manifest), config) as reader:
        await reader.make_streams(told.append)

    [log] = [event for event in told if isinstance(event, Log)]
    assert log.message.endswith(
        "As in Airbyte, the condition counts as true: the value is put at `retriever.requester.path`."
    )


@pytest.mark.parametrize("lasting", [True, False])
async def test_a_made_stream_in_a_group_with_its_parent_is_refused_as_in_airbyte(
    oracle: Oracle, tmp_path: Path, lasting: bool
) -> None:
    parent = template(name="a")
    dynamic = from_list([{"name": "kids"}])
    made = dynamic["stream_template"]
    made["retriever"]["partition_router"] = {
        "type": "SubstreamPartitionRouter",
        "parent_stream_configs": [
            {"type": "ParentStreamConfig", "parent_key": "id", "partition_field": "of", "stream": parent}
        ],
    }
    if lasting:
        made["incremental_sync"] = BY_DAY
    action = {"type": "BlockSimultaneousSyncsAction"}
    group = {"type": "StreamGroup", "action": action, "streams": [parent, {**parent, "name": "kids"}]}
    manifest = dynamic_manifest(dynamic, streams=[parent], stream_groups={"shared": group})

    connector = await made_connector(manifest)

    file = tmp_path / "m.yaml"
    file.write_text(yaml.safe_dump(manifest))
    said = [one for one in connector.problems if "can't be in a group with its parent stream `a`" in one.message]
    assert [one.severity for one in said] == [Severity.ERROR if lasting else Severity.WARNING]
    assert ("kids" in connector.broken) is lasting
    if lasting:
        with pytest.raises(OracleError, match="both in group 'shared'"):
            oracle.ask("samples", "streams", str(file), {})
    else:
        assert oracle.ask("samples", "streams", str(file), {}) == ["a", "kids"]
