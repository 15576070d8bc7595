"""Asking for properties: in portions, whose records are merged; named by the manifest, an endpoint, or the schema."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
import yaml

from core.events import ExchangeFinished, Outcome, Records
from core.http.exchange import Role
from core.reading import Limits
from tests.protocols.support import catalog
from tests.support.oracle import Oracle
from tests.support.paging_api import manifest
from tests.support.reading import Told, read_all
from tests.support.server import Asked, LoopbackServer, Reply

NAMES = ("a", "bb", "ccc", "d", "ee", "fff", "g")
PAGES = """\
paginator:
  type: DefaultPaginator
  pagination_strategy: {type: %s, page_size: 2}
  page_token_option: {type: RequestOption, inject_into: request_parameter, field_name: at}
"""
CURSOR_PAGES = """\
paginator:
  type: DefaultPaginator
  pagination_strategy:
    type: CursorPagination
    cursor_value: "{{ response.next or last_record['id'] }}-{{ last_page_size }}"
    stop_condition: "{{ not response.next }}"
  page_token_option: {type: RequestOption, inject_into: request_parameter, field_name: at}
"""
ONE_AT_A_TIME = "concurrency_level: {type: ConcurrencyLevel, default_concurrency: 1}"
IN_TWOS = {"type": "PropertyChunking", "property_limit_type": "property_count", "property_limit": 2}
WITHOUT_LIMIT = {"type": "PropertyChunking", "property_limit_type": "characters"}


def properties(**more: Any) -> dict[str, Any]:
    return {"type": "QueryProperties", "property_list": list(NAMES), **more}


def parameters(*queries: Mapping[str, Any], **more: str) -> str:
    """The YAML of a requester's parameters; the first query is called `properties`."""
    named = {f"properties{index or ''}": query for index, query in enumerate(queries)}
    return f"request_parameters: {json.dumps({**named, 'limit': '2', **more})}"


def item(number: int, names: list[str]) -> dict[str, Any]:
    """An item as the API gives it: some properties at the top, some nested, each with its name in its value."""
    values = {name: f"{name}{number}" for name in names}
    return {"id": f"i{number}", "day": f"2024-01-0{number + 1}", "asked": len(names), **values, "nested": values}


def items(asked: Asked) -> Reply:
    """Five items, two a page, with the properties that are asked for."""
    start = int(asked.query.get("at", ["0"])[0].partition("-")[0])
    start = start if start < 10 else start - 10
    names = [name for name in asked.query.get("properties", [""])[0].split(",") if name]
    found = [item(number, names) for number in range(start, min(start + 2, 5))]
    return Reply({"items": found, "next": str(start + 2) if start + 2 < 5 else None})


def numbered(asked: Asked) -> Reply:
    """The same by page number."""
    names = [name for name in asked.query.get("properties", [""])[0].split(",") if name]
    start = int(asked.query.get("at", ["0"])[0]) * 2
    return Reply({"items": [item(number, names) for number in range(start, min(start + 2, 5))]})


async def compare(server: LoopbackServer, oracle: Oracle, text: str, **more: Any) -> Told:
    """Read with both: the same requests in the same order, the same records in the same order, the same state."""
    told = await read_all(text, **more)
    assert told.outcome is Outcome.COMPLETE, told.errors
    ours, server.asked = server.asked, []
    theirs = await asyncio.to_thread(
        oracle.ask, "reading", "read", yaml.safe_load(text), {}, "items", more.get("state"), True
    )
    assert theirs["status"] == "COMPLETE"
    assert [asked.path + repr(sorted(asked.query.items())) for asked in ours] == [
        asked.path + repr(sorted(asked.query.items())) for asked in server.asked
    ]
    assert told.records == theirs["records"]
    assert told.state == theirs["state"]
    return told


# The same as in Airbyte


@pytest.mark.parametrize(
    "query",
    [
        properties(),
        properties(property_list=[]),
        properties(always_include_properties=["day", "id"]),
        properties(property_chunking=IN_TWOS),
        properties(property_chunking=IN_TWOS, always_include_properties=["id"]),
        properties(property_chunking=WITHOUT_LIMIT, always_include_properties=["id"]),
        properties(property_chunking={**IN_TWOS, "property_limit": 100}),
        properties(property_chunking={"property_limit_type": "characters", "property_limit": 5}),
        properties(property_chunking={"property_limit_type": "characters", "property_limit": 11}),
    ],
)
@pytest.mark.parametrize(
    ("paging", "answer"),
    [("", items), (PAGES % "OffsetIncrement", items), (PAGES % "PageIncrement", numbered), (CURSOR_PAGES, items)],
)
async def test_portions_of_every_page(
    server: LoopbackServer, oracle: Oracle, query: dict[str, Any], paging: str, answer: Any
) -> None:
    server.on("/items", answer)
    if "property_chunking" in query:
        query = {**query, "property_chunking": {"type": "PropertyChunking", **query["property_chunking"]}}

    told = await compare(server, oracle, manifest(server, requester=parameters(query), retriever=paging))

    assert told.records


@pytest.mark.parametrize("seed", range(8))
async def test_random_portions_and_holes(server: LoopbackServer, oracle: Oracle, seed: int) -> None:
    """Names of any length; records that are missing from some portions, have no key, or come twice."""
    random = Random(seed)
    names = ["n" * random.randint(1, 9) + str(number) for number in range(random.randint(1, 9))]

    def holey(asked: Asked) -> Reply:
        choice = Random(f"{seed}{sorted(asked.query.items())}")
        numbers = [choice.randrange(5) for _ in range(choice.randrange(6))]
        wanted = [name for name in asked.query["properties"][0].split(",") if name]
        found: list[dict[str, Any]] = [{**item(number, wanted), "n": choice.random()} for number in numbers]
        for record in found:
            if choice.random() < 0.3:
                record["id"] = choice.choice(["", None])
        return Reply({"items": found})

    server.on("/items", holey)
    kind = random.choice(["characters", "property_count"])
    strategy = {"type": "GroupByKeyMergeStrategy", "key": random.choice(["id", ["id", "day"], ["day"]])}
    chunking = {
        "type": "PropertyChunking",
        "property_limit_type": kind,
        "property_limit": random.randint(1, 20),
        "record_merge_strategy": strategy,
    }
    query = properties(property_list=names, property_chunking=chunking)

    await compare(server, oracle, manifest(server, requester=parameters(query)))


async def test_filters_and_transformations_see_the_records_of_a_portion(server: LoopbackServer, oracle: Oracle) -> None:
    server.on("/items", items)
    stream = """\
transformations:
  - {type: AddFields, fields: [{type: AddedFieldDefinition, path: [sum], value: "{{ record.a }}-{{ record.ccc }}"}]}
"""
    text = manifest(server, stream=stream, requester=parameters(properties(property_chunking=IN_TWOS)))
    text = text.replace(
        "record_selector: {type: RecordSelector,",
        "record_selector: {type: RecordSelector, record_filter: {type: RecordFilter, "
        "condition: \"{{ record.id != 'i1' or 'a' in record }}\"},",
    )

    told = await compare(server, oracle, text)

    assert [(record["id"], record["sum"]) for record in told.records] == [("i0", "-"), ("i1", "a1-")]


ENDPOINT: dict[str, Any] = {
    "type": "PropertiesFromEndpoint",
    "property_field_path": ["meta", "name"],
    "retriever": {
        "type": "SimpleRetriever",
        "requester": {"type": "HttpRequester", "url": "", "request_parameters": {"of": "items"}},
        "record_selector": {"type": "RecordSelector", "extractor": {"type": "DpathExtractor", "field_path": []}},
        "paginator": {
            "type": "DefaultPaginator",
            "pagination_strategy": {"type": "OffsetIncrement", "page_size": 3},
            "page_token_option": {"type": "RequestOption", "inject_into": "request_parameter", "field_name": "at"},
        },
    },
}


def endpoint(server: LoopbackServer) -> dict[str, Any]:
    """Lists the properties at /names, three a page."""

    def names(asked: Asked) -> Reply:
        start = int(asked.query.get("at", ["0"])[0])
        return Reply([{"meta": {"name": name}} for name in NAMES[start : start + 3]])

    server.on("/names", names)
    found: dict[str, Any] = json.loads(json.dumps(ENDPOINT))
    found["retriever"]["requester"]["url"] = server.url("/names")
    return found


async def test_an_endpoint_lists_the_properties_once(server: LoopbackServer, oracle: Oracle) -> None:
    server.on("/items", items)
    query = properties(property_list=endpoint(server), property_chunking=IN_TWOS)
    retriever = PAGES % "OffsetIncrement"

    told = await compare(server, oracle, manifest(server, requester=parameters(query), retriever=retriever))

    assert told.asked(Role.PROPERTIES) == 3
    assert told.asked(Role.PAGE) == 12


async def test_an_endpoint_that_gives_the_schema_too_is_asked_once(server: LoopbackServer, oracle: Oracle) -> None:
    server.on("/items", items)
    fields = [{"name": name, "kind": "string"} for name in NAMES]
    server.on("/names", Reply([{"name": name, "fields": fields} for name in NAMES]))
    selector = {"type": "RecordSelector", "extractor": {"type": "DpathExtractor", "field_path": []}}
    listing = {
        "type": "SimpleRetriever",
        "requester": {"type": "HttpRequester", "url": server.url("/names")},
        "record_selector": selector,
    }
    names = {"type": "PropertiesFromEndpoint", "property_field_path": ["name"], "retriever": listing}
    identifier = {
        "type": "SchemaTypeIdentifier",
        "schema_pointer": ["fields"],
        "key_pointer": ["name"],
        "type_pointer": ["kind"],
    }
    loader = {"type": "DynamicSchemaLoader", "retriever": listing, "schema_type_identifier": identifier}
    query = properties(property_list=names)

    text = manifest(server, stream=f"schema_loader: {json.dumps(loader)}", requester=parameters(query))
    told = await read_all(text)
    ours, server.asked = [asked.path for asked in server.asked], []
    tree = yaml.safe_load(text)
    await asyncio.to_thread(oracle.ask, "conformance", "read", tree, {}, catalog("items"), [])

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert ours == [asked.path for asked in server.asked] == ["/names", "/items"]


async def test_an_endpoint_is_asked_for_properties_itself(server: LoopbackServer, oracle: Oracle) -> None:
    server.on("/items", items)
    listing = endpoint(server)
    inner = properties(property_list=["name", "type"], property_chunking={**IN_TWOS, "property_limit": 1})
    listing["retriever"]["requester"]["request_parameters"] = {"fields": inner}
    listing["retriever"].pop("paginator")

    query = properties(property_list=listing, property_chunking=IN_TWOS)
    await compare(server, oracle, manifest(server, requester=parameters(query)))

    assert [asked.query["fields"] for asked in server.to("/names")] == [["name"], ["type"]]


@pytest.mark.parametrize("field", ["query_properties", "fetch_properties_from_endpoint"])
async def test_templates_have_the_properties(server: LoopbackServer, oracle: Oracle, field: str) -> None:
    server.on("/items", items)
    listing = endpoint(server)
    value = listing if field != "query_properties" else properties(property_list=listing, property_chunking=IN_TWOS)
    requester = f"""\
{field}: {json.dumps(value)}
request_headers: {{X-Kind: "{{{{ query_properties | length }}}}"}}
request_parameters: {{properties: "{{{{ stream_partition.extra_fields['query_properties'] | join(',') }}}}"}}
"""
    await compare(server, oracle, manifest(server, requester=requester))


SCHEMA = """\
schema_loader:
  type: InlineSchemaLoader
  schema: {type: object, properties: {A: {type: string}, CCC: {type: string}, g: {type: string}, other: {}}}
"""


@pytest.mark.parametrize("chunking", [None, IN_TWOS, WITHOUT_LIMIT])
async def test_the_schema_selects(server: LoopbackServer, oracle: Oracle, chunking: dict[str, Any] | None) -> None:
    server.on("/items", items)
    selector = {"type": "JsonSchemaPropertySelector", "transformations": [{"type": "KeysToLower"}]}
    query = properties(property_selector=selector, property_chunking=chunking, always_include_properties=["ee"])
    query = {key: value for key, value in query.items() if value is not None}

    await compare(server, oracle, manifest(server, stream=SCHEMA, requester=parameters(query)))


PARENTS = """\
partition_router:
  type: SubstreamPartitionRouter
  parent_stream_configs:
    - type: ParentStreamConfig
      parent_key: id
      partition_field: owner
      request_option: {type: RequestOption, inject_into: request_parameter, field_name: owner}
      stream:
        type: DeclarativeStream
        name: owners
        schema_loader: {type: InlineSchemaLoader, schema: {type: object, properties: {a: {}}}}
        retriever:
          type: SimpleRetriever
          requester: {type: HttpRequester, url: "%s", request_parameters: {properties: %s}}
          record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: [items]}}
"""


async def test_of_parents_and_of_their_children(server: LoopbackServer, oracle: Oracle) -> None:
    """A schema selects for the stream that is read, not for its parents, of which the child may need everything."""
    server.on("/owners", items)
    server.on("/items", items)
    selector = {"type": "JsonSchemaPropertySelector"}
    ours = properties(property_chunking=IN_TWOS)
    theirs = properties(property_chunking={**IN_TWOS, "property_limit": 4}, property_selector=selector)
    retriever = PARENTS % (server.url("/owners"), json.dumps(theirs))

    text = manifest(server, requester=parameters(ours), retriever=retriever, top=ONE_AT_A_TIME)
    told = await compare(server, oracle, text)

    assert len(server.to("/owners")) == 2
    assert [one.parent for one in told.of(ExchangeFinished)][:2] == ["owners", "owners"]


INCREMENTAL = """\
incremental_sync:
  type: DatetimeBasedCursor
  cursor_field: day
  datetime_format: "%%Y-%%m-%%d"
  start_datetime: "2024-01-01"
  end_datetime: "2024-01-04"
  step: P2D
  cursor_granularity: P1D
  start_time_option: {type: RequestOption, inject_into: request_parameter, field_name: from}
  %s
"""


@pytest.mark.parametrize("more", ["", "is_client_side_incremental: true", "is_data_feed: true"])
@pytest.mark.parametrize("state", [None, {"day": "2024-01-02"}])
async def test_slices_and_state(server: LoopbackServer, oracle: Oracle, more: str, state: Any) -> None:
    server.on("/items", items)
    requester = parameters(properties(property_chunking=IN_TWOS))
    text = manifest(server, stream=INCREMENTAL % more, requester=requester, top=ONE_AT_A_TIME)

    await compare(server, oracle, text, state=state)


async def test_the_last_portion_says_whether_there_are_more_pages(server: LoopbackServer, oracle: Oracle) -> None:
    """An answer that is ignored has no records; the page has those of the others."""

    def mostly(asked: Asked) -> Reply:
        names, at = asked.query["properties"][0], asked.query.get("at", ["0"])[0]
        return Reply({}, 404) if (at, names) in (("0", "ccc,d"), ("2", "g")) else items(asked)

    server.on("/items", mostly)
    handler = """
error_handler:
  type: DefaultErrorHandler
  response_filters: [{type: HttpResponseFilter, action: IGNORE, http_codes: [404]}]
"""
    requester = parameters(properties(property_chunking=IN_TWOS)) + handler

    told = await compare(server, oracle, manifest(server, requester=requester, retriever=PAGES % "OffsetIncrement"))

    assert len(told.records) == 4


# Better than in Airbyte


async def test_numbers_are_keys_too(server: LoopbackServer) -> None:
    """Airbyte fails at any number; here also 0 is a key."""

    def counted(asked: Asked) -> Reply:
        names = asked.query["properties"][0].split(",")
        return Reply({"items": [{"id": number, **dict.fromkeys(names, number)} for number in (0, 1)]})

    server.on("/items", counted)
    query = properties(property_list=["a", "b", "c"], property_chunking=IN_TWOS)

    told = await read_all(manifest(server, requester=parameters(query)))

    assert told.records == [{"id": 0, "a": 0, "b": 0, "c": 0}, {"id": 1, "a": 1, "b": 1, "c": 1}]


async def test_a_key_that_is_an_object_says_so(server: LoopbackServer) -> None:
    server.on("/items", Reply({"items": [{"id": {"x": 1}}]}))

    told = await read_all(manifest(server, requester=parameters(properties(property_chunking=IN_TWOS))))

    assert "can't be merged by `id`: it is a list or an object" in told.errors


async def test_a_stream_without_a_schema_asks_for_everything(server: LoopbackServer) -> None:
    """Airbyte asks for no property at all, as the schema has none."""
    server.on("/items", items)
    query = properties(property_selector={"type": "JsonSchemaPropertySelector"})

    await read_all(manifest(server, requester=parameters(query)))

    assert server.asked[0].query["properties"] == [",".join(NAMES)]


async def test_a_cursor_judges_merged_records(server: LoopbackServer) -> None:
    """Airbyte gives the parts of old records that don't hold the cursor field."""

    def partly(asked: Asked) -> Reply:
        names = asked.query["properties"][0].split(",")
        found = [{"id": f"i{number}", **item(number, names)["nested"]} for number in range(4)]
        return Reply(
            {"items": [{**one, "day": f"2024-01-0{at + 1}"} if "a" in names else one for at, one in enumerate(found)]}
        )

    server.on("/items", partly)
    requester = parameters(properties(property_chunking=IN_TWOS))
    stream = INCREMENTAL.replace("  step: P2D\n  cursor_granularity: P1D\n", "") % "is_client_side_incremental: true"

    told = await read_all(manifest(server, stream=stream, requester=requester), state={"day": "2024-01-03"})

    assert [(record["id"], record["g"]) for record in told.records] == [("i2", "g2"), ("i3", "g3")]
    assert told.state == {"day": "2024-01-04"}


async def test_extra_fields_of_parents_stay(server: LoopbackServer) -> None:
    """Airbyte loses them where properties are asked for."""
    server.on("/owners", Reply({"items": [{"id": "x", "region": "eu"}]}))
    server.on("/items", items)
    retriever = PARENTS.replace("      stream:\n", "      extra_fields: [[region]]\n      stream:\n", 1)
    retriever = retriever.replace(", request_parameters: {properties: %s}", "") % server.url("/owners")
    requester = parameters(properties(), region="{{ stream_slice.extra_fields['region'] }}")

    await read_all(manifest(server, requester=requester, retriever=retriever))

    assert server.to("/items")[0].query["region"] == ["eu"]


async def test_an_endpoint_whose_records_have_no_name_at_the_path(server: LoopbackServer) -> None:
    """Airbyte asks for a property called `[]`."""
    server.on("/items", items)
    listing = endpoint(server)

    some = parameters(properties(property_list=listing))
    server.on("/names", Reply([{"meta": {"name": "a"}}, {"meta": {}}]))
    await read_all(manifest(server, requester=some))
    assert server.to("/items")[0].query["properties"] == ["a"]

    server.on("/names", Reply([{"name": "a"}, {"name": "b"}]))
    told = await read_all(manifest(server, requester=some))
    assert "None of the 2 records that should list the properties has a name at `meta.name`." in told.errors


async def test_an_endpoint_that_fails_fails_the_slice(server: LoopbackServer) -> None:
    listing = endpoint(server)
    server.on("/names", Reply({}, 403))

    told = await read_all(manifest(server, requester=parameters(properties(property_list=listing))))

    assert told.outcome is Outcome.FAILED
    assert "403" in told.errors
    assert server.to("/items") == []


# The run and the screen


async def test_slices_side_by_side_ask_an_endpoint_once(server: LoopbackServer) -> None:
    server.on("/items", items)
    query = properties(property_list=endpoint(server))
    router = "partition_router: {type: ListPartitionRouter, values: [a, b, c, d], cursor_field: x}"
    top = "concurrency_level: {type: ConcurrencyLevel, default_concurrency: 4}"

    told = await read_all(manifest(server, requester=parameters(query), retriever=router, top=top))

    assert (told.asked(Role.PROPERTIES), told.asked(Role.PAGE)) == (3, 4)
    assert {one.slice for one in told.of(ExchangeFinished) if one.exchange.role is Role.PROPERTIES} == {None}


async def test_portions_are_of_one_page(server: LoopbackServer) -> None:
    server.on("/items", items)
    requester = parameters(properties(property_chunking={**IN_TWOS, "property_limit": 4}))

    told = await read_all(manifest(server, requester=requester, retriever=PAGES % "OffsetIncrement"))

    numbers = [(one.page, one.portion) for one in told.of(ExchangeFinished)]
    assert numbers == [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 2)]
    assert [(batch.page, batch.count) for batch in told.of(Records)] == [(1, 2), (2, 2), (3, 1)]


@pytest.mark.parametrize(("limits", "requests", "records"), [(Limits(pages=2), 8, 4), (Limits(records=3), 8, 3)])
async def test_limits(server: LoopbackServer, limits: Limits, requests: int, records: int) -> None:
    server.on("/items", items)
    requester = parameters(properties(property_chunking=IN_TWOS))

    told = await read_all(manifest(server, requester=requester, retriever=PAGES % "OffsetIncrement"), limits=limits)

    assert (told.outcome, len(told.records), len(server.asked)) == (Outcome.LIMITED, records, requests)
