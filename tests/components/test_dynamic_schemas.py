"""The schema of a stream is asked from the API: once, before the records, and as Airbyte's runtime does it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import yaml

from core.connector import load_connector
from core.events import Outcome, SchemaLoaded
from core.http.exchange import Role
from core.manifest.document import Document
from tests.support.jobs_api import DELETE, serve_job
from tests.support.jobs_api import manifest as jobs_manifest
from tests.support.oracle import Oracle, OracleError
from tests.support.paging_api import manifest
from tests.support.reading import read_all
from tests.support.server import LoopbackServer, Reply

FIELDS = [
    {"name": "id", "kind": "integer"},
    {"name": "Full Name", "kind": "singleLineText"},
    {"name": "born", "kind": "date"},
    {"name": "tags", "kind": "multi", "of": "text"},
    {"name": "sizes", "kind": "multi", "of": "number"},
    {"name": "either", "kind": ["integer", "string"]},
    {"name": "secret", "kind": "string"},
    {"name": "untyped"},
]

LOADER = """\
type: DynamicSchemaLoader
$parameters: {where: fields}
retriever:
  type: SimpleRetriever
  requester: {type: HttpRequester, url: "%s"}
  record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: [tables]}}
  paginator:
    type: DefaultPaginator
    pagination_strategy: {type: PageIncrement, page_size: 1, start_from_page: 1}
    page_token_option: {type: RequestOption, inject_into: request_parameter, field_name: page}
schema_type_identifier:
  type: SchemaTypeIdentifier
  schema_pointer: ["{{ parameters['where'] }}"]
  key_pointer: [name]
  type_pointer: ["{{ config['kind'] }}"]
  types_mapping:
    - {current_type: singleLineText, target_type: string}
    - current_type: multi
      target_type: {type: ComplexFieldType, field_type: array, items: number}
      condition: "{{ raw_schema['of'] == 'number' }}"
    - current_type: multi
      target_type:
        field_type: array
        items: {field_type: array, items: string}
    - {current_type: [integer, string], target_type: [integer, timestamp_with_timezone]}
"""

SHAPING = """\
schema_filter: {type: RecordFilter, condition: "{{ 'secret' not in record }}"}
schema_transformations:
  - {type: KeysToSnakeCase}
  - type: AddFields
    fields: [{path: [extra], value: "{{ {'type': ['null', config['extra']]} }}"}]
  - {type: RemoveFields, field_pointers: [[untyped]]}
"""

CONFIG = {"kind": "kind", "extra": "string"}


def dynamic(server: LoopbackServer, loader: str = LOADER + SHAPING, normalized: bool = True) -> str:
    """A manifest whose one stream asks for its schema at /tables and has its records at /items."""
    tree = yaml.safe_load(manifest(server))
    if normalized:
        tree["streams"][0]["retriever"]["record_selector"]["schema_normalization"] = "Default"
    tree["streams"][0]["schema_loader"] = yaml.safe_load(loader % server.url("/tables"))
    return yaml.safe_dump(tree)


def serve(server: LoopbackServer, fields: object = FIELDS) -> None:
    server.on("/tables", Reply({"tables": [{"fields": fields}]}))
    server.on("/items", Reply({"items": [{"id": "7", "sizes": ["1"], "full_name": 3, "extra": 1}]}))


@pytest.mark.parametrize("loader", [LOADER, LOADER + SHAPING], ids=["plain", "shaped"])
async def test_the_schema_is_that_of_airbyte(server: LoopbackServer, oracle: Oracle, loader: str) -> None:
    serve(server)
    text = dynamic(server, loader)

    told = await read_all(text, CONFIG)

    theirs = await asyncio.to_thread(oracle.ask, "schemas", "schema", yaml.safe_load(text), CONFIG, "items")
    assert [event.schema for event in told.of(SchemaLoaded)] == [theirs]
    assert list(told.of(SchemaLoaded)[0].schema["properties"]) == list(theirs["properties"])


async def test_records_are_normalized_by_it_and_it_is_asked_for_once(server: LoopbackServer, oracle: Oracle) -> None:
    serve(server)
    text = dynamic(server)

    told = await read_all(text, CONFIG)
    ours = [asked.target for asked in server.asked]
    theirs = await asyncio.to_thread(oracle.ask, "reading", "read", yaml.safe_load(text), CONFIG, "items")

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert told.records == theirs["records"] == [{"id": 7, "sizes": [1.0], "full_name": "3", "extra": "1"}]
    assert ours == ["/tables", "/items"]
    assert told.asked(Role.SCHEMA) == 1


async def test_streams_with_the_same_loader_ask_once_in_a_run(server: LoopbackServer) -> None:
    serve(server)
    tree = yaml.safe_load(dynamic(server))
    child = yaml.safe_load(dynamic(server))["streams"][0] | {"name": "parts"}
    child["retriever"]["partition_router"] = {
        "type": "SubstreamPartitionRouter",
        "parent_stream_configs": [{"stream": tree["streams"][0], "parent_key": "id", "partition_field": "item"}],
    }
    child["retriever"]["requester"]["request_parameters"] = {"of": "{{ stream_partition.item }}"}
    tree["streams"] = [child]
    tree["check"]["stream_names"] = ["parts"]

    told = await read_all(yaml.safe_dump(tree), CONFIG)

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert [asked.path for asked in server.asked] == ["/tables", "/items", "/items"]


WRONG: list[tuple[Any, str]] = [
    (None, "where `schema_pointer` leads there is no list of fields"),
    ("text", "where `schema_pointer` leads there is no list of fields"),
    ([{"kind": "string"}], "where `key_pointer` leads there is no name of a field"),
    ([{"name": 5, "kind": "string"}], "where `key_pointer` leads there is no name of a field"),
    ([{"name": "a", "kind": "odd"}], "the API says that a field is of type `odd`"),
    ([{"name": "a", "kind": ["string"]}], "the API says that a field is of type `['string']`"),
    ([{"name": "a", "kind": None}], "the API says that a field is of type `None`"),
]


@pytest.mark.parametrize(("fields", "words"), WRONG)
async def test_descriptions_that_make_no_schema_fail_the_stream(
    server: LoopbackServer, oracle: Oracle, fields: Any, words: str
) -> None:
    serve(server, fields)
    text = dynamic(server)

    told = await read_all(text, CONFIG)

    assert told.outcome is Outcome.FAILED
    assert words in told.errors
    assert server.to("/items") == []
    if fields != "text":  # Airbyte takes a text apart into letters
        with pytest.raises(OracleError):
            await asyncio.to_thread(oracle.ask, "schemas", "schema", yaml.safe_load(text), CONFIG, "items")


@pytest.mark.parametrize("tables", [[], [{}, {"fields": FIELDS}]])
async def test_only_the_first_record_counts(server: LoopbackServer, oracle: Oracle, tables: list[Any]) -> None:
    serve(server)
    server.on("/tables", Reply({"tables": tables}))
    text = dynamic(server, LOADER)

    told = await read_all(text, CONFIG)

    try:
        theirs = await asyncio.to_thread(oracle.ask, "schemas", "schema", yaml.safe_load(text), CONFIG, "items")
    except OracleError:
        assert told.outcome is Outcome.FAILED
    else:
        assert told.of(SchemaLoaded)[0].schema == theirs


async def test_a_first_record_on_a_later_page_is_found(server: LoopbackServer, oracle: Oracle) -> None:
    serve(server)
    server.on(
        "/tables", lambda asked: Reply({"tables": [{"fields": FIELDS, "page": asked.query.get("page", ["1"])[0]}]})
    )
    keep = "record_filter: {type: RecordFilter, condition: \"{{ record['page'] == '3' }}\"}"
    text = dynamic(server, LOADER.replace("field_path: [tables]}}", "field_path: [tables]}, " + keep + "}"))

    told = await read_all(text, CONFIG)
    ours = [asked.target for asked in server.to("/tables")]
    theirs = await asyncio.to_thread(oracle.ask, "schemas", "schema", yaml.safe_load(text), CONFIG, "items")

    assert told.of(SchemaLoaded)[0].schema == theirs
    assert (
        ours
        == [asked.target for asked in server.to("/tables")][len(ours) :]
        == ["/tables", "/tables?page=2", "/tables?page=3"]
    )


async def test_a_request_for_the_schema_that_fails_fails_the_stream(server: LoopbackServer) -> None:
    serve(server)
    server.on("/tables", Reply({"message": "no such table"}, 404))

    told = await read_all(dynamic(server), CONFIG)

    assert told.outcome is Outcome.FAILED
    assert "/tables" in told.errors
    assert "no such table" in told.errors
    assert server.to("/items") == []


async def test_an_asynchronous_job_can_give_the_schema(server: LoopbackServer) -> None:
    """Other than in Airbyte, the job is deleted when its first record is there."""
    tree = yaml.safe_load(dynamic(server))
    serve(server)
    serve_job(server, "busy", "done", records={"fields": FIELDS})
    job = yaml.safe_load(jobs_manifest(server, retriever=DELETE % server.url()))["streams"][0]["retriever"]
    tree["streams"][0]["schema_loader"]["retriever"] = job

    told = await read_all(yaml.safe_dump(tree), CONFIG)

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert "full_name" in told.of(SchemaLoaded)[0].schema["properties"]
    assert told.asked(Role.SCHEMA) == 5
    assert [asked.method for asked in server.asked] == ["POST", "GET", "GET", "GET", "DELETE", "GET"]


async def test_loaders_in_a_list_are_combined(server: LoopbackServer, oracle: Oracle) -> None:
    serve(server)
    tree = yaml.safe_load(dynamic(server))
    inline = {"type": "InlineSchemaLoader", "schema": {"type": "object", "properties": {"id": {"type": "string"}}}}
    tree["streams"][0]["schema_loader"] = [inline, tree["streams"][0]["schema_loader"]]

    told = await read_all(yaml.safe_dump(tree), CONFIG)

    theirs = await asyncio.to_thread(oracle.ask, "schemas", "schema", tree, CONFIG, "items")
    assert told.of(SchemaLoaded)[0].schema == theirs
    assert told.records[0]["id"] == "7"


async def test_a_schema_that_the_manifest_says_is_not_reported(server: LoopbackServer) -> None:
    serve(server)
    loader = "{type: InlineSchemaLoader, schema: {properties: {id: {type: integer}}}}  # %s"

    told = await read_all(dynamic(server, loader), CONFIG)

    assert told.of(SchemaLoaded) == []
    assert told.records[0]["id"] == 7


@pytest.mark.parametrize(
    ("kind", "severity"), [("SimpleRetriever", "warning"), ("AsyncRetriever", "error")], ids=["sync", "async"]
)
async def test_partitions_of_the_schema_s_retriever_are_a_problem(
    server: LoopbackServer, kind: str, severity: str
) -> None:
    tree = yaml.safe_load(dynamic(server))
    if kind == "AsyncRetriever":
        tree["streams"][0]["schema_loader"]["retriever"] = yaml.safe_load(jobs_manifest(server))["streams"][0][
            "retriever"
        ]
    tree["streams"][0]["schema_loader"]["retriever"]["partition_router"] = {
        "type": "ListPartitionRouter",
        "values": ["a"],
        "cursor_field": "x",
    }

    problems = load_connector(Document.parse(yaml.safe_dump(tree))).problems

    (problem,) = [one for one in problems if "partition_router" in one.message]
    assert problem.severity == severity


def test_types_that_do_not_exist_are_a_problem(server: LoopbackServer) -> None:
    tree = yaml.safe_load(dynamic(server))
    mapping = tree["streams"][0]["schema_loader"]["schema_type_identifier"]["types_mapping"]
    mapping[:] = [
        {"current_type": "a", "target_type": "text"},
        {"current_type": "b", "target_type": {"type": "ComplexFieldType", "field_type": "object", "items": "string"}},
        {"current_type": "c", "target_type": "string", "condition": "{{ record }}"},
    ]

    problems = "\n".join(map(str, load_connector(Document.parse(yaml.safe_dump(tree))).problems))

    assert "`target_type` must be 'string', 'boolean'" in problems
    assert "a field of type object has no `items`" in problems
    assert "uses `record`, which doesn't exist here" in problems


async def test_a_condition_of_a_type_whose_values_do_not_fit_together_is_told_of(server: LoopbackServer) -> None:
    server.on("/tables", Reply({"tables": [{"fields": [{"name": "tags", "kind": "multi"}]}]}))
    server.on("/items", Reply({"items": [{"tags": [1]}]}))
    loader = LOADER.replace("raw_schema['of'] == 'number'", "raw_schema.get('of') > 1")

    told = await read_all(dynamic(server, loader), CONFIG)

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert "As in Airbyte, the condition counts as true: a field of the type `multi` is taken for it." in told.logs
    [schema] = told.of(SchemaLoaded)
    assert schema.schema["properties"]["tags"]["items"] == {"type": ["null", "number"]}
