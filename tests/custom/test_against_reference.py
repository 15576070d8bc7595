"""Custom components lead to the same requests, records and states as in the runtime that they were written for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from core.http.exchange import Role
from tests.support.custom import allowed
from tests.support.jobs_api import manifest as jobs_manifest
from tests.support.jobs_api import serve_job
from tests.support.oracle import Oracle
from tests.support.paging_api import INCREMENTAL, PARENTS
from tests.support.reading import read_all
from tests.support.reference import compare
from tests.support.server import Asked, LoopbackServer, Reply

pytestmark = pytest.mark.slow  # custom components run where the reference is installed

CODE = "source_declarative_manifest.components"
CONFIG = {"kind": "blue-kind", "regions": ["eu", "us"]}
CURSOR = yaml.safe_load(INCREMENTAL)
DPATH = {"type": "DpathExtractor", "field_path": ["items"]}


def custom(kind: str, name: str, **fields: Any) -> dict[str, Any]:
    """A custom component."""
    return {"type": f"Custom{kind}", "class_name": f"{CODE}.{name}", **fields}


def manifest(
    server: LoopbackServer,
    *,
    stream: Mapping[str, Any] | None = None,
    retriever: Mapping[str, Any] | None = None,
    requester: Mapping[str, Any] | None = None,
    selector: Mapping[str, Any] | None = None,
) -> str:
    """A manifest with the stream `items` at /items, and what a test adds to it."""
    url = {"type": "HttpRequester", "url": server.url("/items"), "request_parameters": {"all": "1"}}
    selecting = {"type": "RecordSelector", "extractor": DPATH, **(selector or {})}
    retrieving = {
        "type": "SimpleRetriever",
        "requester": {**url, **(requester or {})},
        "record_selector": selecting,
        **(retriever or {}),
    }
    written = {
        "version": "7.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": ["items"]},
        "streams": [{"type": "DeclarativeStream", "name": "items", "retriever": retrieving, **(stream or {})}],
    }
    return yaml.safe_dump(written, sort_keys=False)


def items(count: int = 5) -> Reply:
    return Reply({"items": [{"n": n, "noise": "x"} for n in range(count)]}, headers={"X-Answer": "yes"})


def by_day(asked: Asked) -> Reply:
    day = asked.query.get("from", ["2024-01-02"])[0]
    return Reply({"items": [{"day": day, "n": n, "noise": 1} for n in range(2)]}, headers={"X-Answer": "yes"})


async def test_an_extractor_sees_the_response(server: LoopbackServer, oracle: Oracle) -> None:
    server.on("/items", items())
    extractor = custom("RecordExtractor", "Columns", names=["a", "b"])
    stream = {"$parameters": {"name": "items"}}
    told = await compare(
        server, oracle, manifest(server, selector={"extractor": extractor}, stream=stream), CONFIG, custom=allowed()
    )
    assert told.records[0]["header"] == "yes"
    assert told.records[0]["stream"] == "items"


async def test_an_extractor_gets_the_decoder_of_its_retriever(server: LoopbackServer, oracle: Oracle) -> None:
    server.on("/items", Reply('{"items": [{"n": 1}]}\n{"items": [{"n": 2}]}\n', headers={"X-Answer": "yes"}))
    extractor = custom("RecordExtractor", "Columns")
    text = manifest(server, selector={"extractor": extractor}, retriever={"decoder": {"type": "JsonlDecoder"}})
    told = await compare(server, oracle, text, CONFIG, custom=allowed())
    assert [record["n"] for record in told.records] == [1, 2]


async def test_an_extractor_built_on_one_of_airbyte_with_fields_of_its_own(
    server: LoopbackServer, oracle: Oracle
) -> None:
    server.on("/items", items())
    extractor = custom("RecordExtractor", "Inner", field_path=["{{ parameters['where'] }}"])
    text = manifest(server, selector={"extractor": extractor}, stream={"$parameters": {"where": "items"}})
    await compare(server, oracle, text, CONFIG, custom=allowed())


@pytest.mark.parametrize("before", [True, False])
async def test_transformations_and_a_filter_of_the_page(server: LoopbackServer, oracle: Oracle, before: bool) -> None:
    server.on("/items", items(2_501))
    added = {
        "type": "AddFields",
        "fields": [{"type": "AddedFieldDefinition", "path": ["m"], "value": "{{ record.label }}"}],
    }
    transformations = [custom("Transformation", "Marks", label="big"), added]
    selector = {"record_filter": custom("RecordFilter", "EveryOther"), "transform_before_filtering": before}
    text = manifest(server, selector=selector, stream={"transformations": transformations})
    told = await compare(server, oracle, text, CONFIG, custom=allowed())
    assert len(told.records) == 1_251


async def test_transformations_see_slice_and_state_advances(server: LoopbackServer, oracle: Oracle) -> None:
    server.on("/items", by_day)
    text = manifest(server, stream={**CURSOR, "transformations": [custom("Transformation", "Marks")]})
    told = await compare(server, oracle, text, CONFIG, state={"day": "2024-01-02"}, custom=allowed())
    assert {"start_time": "2024-01-02", "end_time": "2024-01-02"} in [record["slice"] for record in told.records]


@pytest.mark.parametrize(
    "authenticator",
    [
        custom("Authenticator", "Signed"),
        custom("Authenticator", "Header"),
        custom("Authenticator", "InQueryAndBody"),
        custom("Authenticator", "OnItsOwn"),
    ],
    ids=["params", "call", "query and body", "asks"],
)
async def test_authenticators(server: LoopbackServer, oracle: Oracle, authenticator: dict[str, Any]) -> None:
    server.on("/items", items())
    server.on("/login", Reply({"token": "token-of-the-login"}))
    text = manifest(server, requester={"authenticator": authenticator})
    told = await compare(server, oracle, text, {**CONFIG, "login": server.url("/login")}, custom=allowed())
    shown = repr(told.events)
    assert "signed-blue-kind" not in shown
    assert "called-blue-kind" not in shown
    assert "secret-blue-kind" not in shown
    assert "query-blue-kind" not in shown
    assert "body-blue-kind" not in shown
    assert "token-of-the-login" not in shown


async def test_a_requester(server: LoopbackServer, oracle: Oracle) -> None:
    server.on("/items", by_day)
    text = manifest(
        server,
        stream=CURSOR,
        retriever={"requester": custom("Requester", "Lower", url_base=server.url(), path="items", http_method="GET")},
    )
    told = await compare(server, oracle, text, CONFIG, custom=allowed())
    assert told.asked(Role.PAGE) == 3


@pytest.mark.parametrize("stream", [{}, CURSOR], ids=["whole", "incremental"])
async def test_a_partition_router(server: LoopbackServer, oracle: Oracle, stream: dict[str, Any]) -> None:
    server.on("/items", lambda asked: by_day(asked) if "from" in asked.query else items())
    text = manifest(server, stream=stream, retriever={"partition_router": custom("PartitionRouter", "Regions")})
    await compare(server, oracle, text, CONFIG, custom=allowed())


async def test_a_partition_router_with_parents(server: LoopbackServer, oracle: Oracle) -> None:
    server.on("/owners", Reply([{"id": 1}, {"id": 2}]))
    server.on("/items", items())
    router = yaml.safe_load(PARENTS % server.url("/owners"))["partition_router"]
    text = manifest(server, retriever={"partition_router": {**router, **custom("PartitionRouter", "Owners")}})
    await compare(server, oracle, text, CONFIG, custom=allowed())


async def test_a_group_of_custom_partitions(server: LoopbackServer, oracle: Oracle) -> None:
    server.on("/items", items())
    router = {
        "type": "GroupingPartitionRouter",
        "group_size": 2,
        "underlying_partition_router": custom("PartitionRouter", "Regions"),
    }
    requester = {"request_headers": {"X-Kind": "{{ stream_partition['region'] | join('+') }}"}}
    text = manifest(server, retriever={"partition_router": router}, requester=requester)
    await compare(server, oracle, text, {**CONFIG, "regions": ["eu", "us", "ap"]}, custom=allowed())


async def test_an_older_state_of_a_stream_with_a_partition_router(server: LoopbackServer, oracle: Oracle) -> None:
    server.on("/owners", Reply([{"id": 1}, {"id": 2}]))
    server.on("/items", by_day)
    router = yaml.safe_load(PARENTS % server.url("/owners"))["partition_router"]
    migrations = [{"type": "LegacyToPerPartitionStateMigration"}]
    text = manifest(
        server,
        stream={**CURSOR, "state_migrations": migrations},
        retriever={"partition_router": {**router, **custom("PartitionRouter", "Owners")}},
    )
    state = {"o1": {"day": "2024-01-03"}, "o2": {"day": "2024-01-02"}}
    await compare(server, oracle, text, CONFIG, state=state, custom=allowed())


def next_page(asked: Asked) -> Reply:
    number = len(asked.query["token"][0])
    count = 2 if number < 40 else 1
    return Reply({"items": [{"n": number + n} for n in range(count)], "token": f"t{number}"})


@pytest.mark.parametrize(
    "strategy",
    [custom("PaginationStrategy", "Next"), custom("PaginationStrategy", "Twice", page_size=2, start_from_page=1)],
)
async def test_a_pagination_strategy(server: LoopbackServer, oracle: Oracle, strategy: dict[str, Any]) -> None:
    if "Next" in strategy["class_name"]:
        server.on("/items", next_page)
    else:
        server.on("/items", items(2), items(2), items(1))
    paginator = {
        "type": "DefaultPaginator",
        "pagination_strategy": strategy,
        "page_token_option": {"type": "RequestOption", "inject_into": "request_parameter", "field_name": "token"},
    }
    if "Twice" in strategy["class_name"]:
        server.on("/items", lambda asked: items(1 if asked.query.get("token") == ["5"] else 2))
    await compare(server, oracle, manifest(server, retriever={"paginator": paginator}), CONFIG, custom=allowed())


def smaller_pages(strategy: Mapping[str, Any]) -> dict[str, Any]:
    """What a retriever needs to ask for smaller pages where the API answers 504."""
    reducing = {"type": "HttpResponseFilter", "http_codes": [504], "action": "REDUCE_PAGE_SIZE"}
    size = {"type": "RequestOption", "inject_into": "request_parameter", "field_name": "limit"}
    token = {"type": "RequestOption", "inject_into": "request_parameter", "field_name": "token"}
    return {
        "retriever": {
            "page_size_reduction": {"type": "PageSizeReduction", "backoff_seconds": 0},
            "paginator": {
                "type": "DefaultPaginator",
                "pagination_strategy": strategy,
                "page_size_option": size,
                "page_token_option": token,
            },
        },
        "requester": {"error_handler": {"type": "DefaultErrorHandler", "response_filters": [reducing]}},
    }


def large_pages_fail(asked: Asked) -> Reply:
    limit = int(asked.query["limit"][0])
    if limit > 2:
        return Reply({"error": "too much"}, status=504)
    start = int(asked.query["token"][0].split("-")[0].replace("first", "-1")) + 1
    return Reply({"items": [{"n": n} for n in range(start, min(start + limit, 5))]})


async def test_a_pagination_strategy_is_told_of_smaller_pages(server: LoopbackServer, oracle: Oracle) -> None:
    server.on("/items", large_pages_fail)
    text = manifest(server, **smaller_pages(custom("PaginationStrategy", "Resized", page_size=8)))
    told = await compare(server, oracle, text, CONFIG, custom=allowed())
    assert [record["n"] for record in told.records] == [0, 1, 2, 3, 4]


async def test_a_pagination_strategy_that_can_t_be_told_of_smaller_pages(server: LoopbackServer) -> None:
    server.on("/items", large_pages_fail)
    text = manifest(server, **smaller_pages(custom("PaginationStrategy", "Next", page_size=8)))
    told = await read_all(text, CONFIG, custom=allowed())
    assert "give it a parameter `page_size_override`" in told.errors


PATIENT = custom(
    "ErrorHandler",
    "Patient",
    backoff_strategies=[{"type": "ConstantBackoffStrategy", "backoff_time_in_seconds": 0.01}],
)


@pytest.mark.parametrize("handler", [PATIENT, custom("ErrorHandler", "Plain")], ids=["built on ours", "plain"])
async def test_an_error_handler_that_repeats(server: LoopbackServer, oracle: Oracle, handler: dict[str, Any]) -> None:
    server.on("/items", lambda asked: Reply({"again": True}, 400) if len(server.asked) < 3 else items(2))
    text = manifest(server, requester={"error_handler": handler})
    told = await compare(server, oracle, text, CONFIG, custom=allowed())
    assert "trying again in" in told.logs


async def test_an_error_handler_that_ignores(server: LoopbackServer, oracle: Oracle) -> None:
    server.on("/items", Reply({}, status=404))
    told = await compare(
        server, oracle, manifest(server, requester={"error_handler": PATIENT}), CONFIG, custom=allowed()
    )
    assert told.records == []


async def test_a_backoff_strategy(server: LoopbackServer, oracle: Oracle) -> None:
    handler = {"type": "DefaultErrorHandler", "backoff_strategies": [custom("BackoffStrategy", "FromBody")]}

    def answer(asked: Asked) -> Reply:
        return Reply({"wait": 0.02}, status=500) if len(server.to("/items")) < 3 else items(2)

    server.on("/items", answer)
    told = await compare(
        server, oracle, manifest(server, requester={"error_handler": handler}), CONFIG, custom=allowed()
    )
    assert "in 0.02 s" in told.logs
    assert "in 0.04 s" in told.logs


async def test_a_schema_loader_and_a_normalization(server: LoopbackServer, oracle: Oracle) -> None:
    server.on("/items", items())
    stream = {"schema_loader": custom("SchemaLoader", "Typed")}
    selector = {"schema_normalization": custom("SchemaNormalization", "Texts")}
    told = await compare(server, oracle, manifest(server, stream=stream, selector=selector), CONFIG, custom=allowed())
    assert told.records[0]["n"] == "<0>"


async def test_a_state_migration(server: LoopbackServer, oracle: Oracle) -> None:
    server.on("/items", by_day)
    text = manifest(server, stream={**CURSOR, "state_migrations": [custom("StateMigration", "Renamed")]})
    told = await compare(server, oracle, text, CONFIG, state={"date": "2024-01-03"}, custom=allowed())
    assert len(told.slices) == 1


async def test_a_decoder(server: LoopbackServer, oracle: Oracle) -> None:
    server.on("/items", Reply("1\n2\n3\n", headers={"X-Answer": "yes"}))
    text = manifest(server, retriever={"decoder": custom("Decoder", "Lines")})
    told = await compare(server, oracle, text, CONFIG, custom=allowed())
    assert [record["n"] for record in told.records] == [1, 2, 3]


async def test_a_whole_retriever(server: LoopbackServer, oracle: Oracle) -> None:
    server.on("/items", by_day)
    added = {
        "type": "AddFields",
        "fields": [{"type": "AddedFieldDefinition", "path": ["m"], "value": "{{ record.n }}"}],
    }
    stream = {**CURSOR, "transformations": [added]}
    text = manifest(server, stream=stream, retriever=custom("Retriever", "Whole"))
    told = await compare(server, oracle, text, CONFIG, custom=allowed())
    assert told.records[0]["whole"] is True
    assert told.records[0]["m"] == 0


async def test_a_whole_retriever_with_partitions(server: LoopbackServer, oracle: Oracle) -> None:
    server.on("/items", by_day)
    router = {
        "type": "ListPartitionRouter",
        "values": ["a", "b"],
        "cursor_field": "x",
        "request_option": {"type": "RequestOption", "inject_into": "request_parameter", "field_name": "x"},
    }
    text = manifest(server, stream=CURSOR, retriever={**custom("Retriever", "Whole"), "partition_router": router})
    await compare(server, oracle, text, CONFIG, custom=allowed())


@pytest.mark.slow
async def test_a_retriever_of_a_schema(server: LoopbackServer) -> None:
    server.on("/items", items())
    server.on("/fields", Reply({"items": [{"fields": [{"name": "n", "kind": "string"}]}]}))
    requester = {"type": "HttpRequester", "url": server.url("/fields")}
    retriever = {"requester": requester, "record_selector": {"type": "RecordSelector", "extractor": DPATH}}
    loader = {
        "type": "DynamicSchemaLoader",
        "retriever": {**custom("Retriever", "Whole"), **retriever},
        "schema_type_identifier": {
            "type": "SchemaTypeIdentifier",
            "schema_pointer": ["fields"],
            "key_pointer": ["name"],
            "type_pointer": ["kind"],
        },
    }
    selector = {"schema_normalization": "Default"}
    text = manifest(server, stream={"schema_loader": loader}, selector=selector)
    told = await read_all(text, CONFIG, custom=allowed())
    assert told.outcome == "complete", told.errors
    assert [record["n"] for record in told.records] == ["0", "1", "2", "3", "4"]
    assert len(server.to("/fields")) == 1


@pytest.mark.slow
async def test_an_extractor_of_the_result_of_a_job(server: LoopbackServer) -> None:
    serve_job(server, "done")
    server.on("/result", Reply('{"items": [{"n": 1}]}\n{"items": [{"n": 2}]}\n', headers={"X-Answer": "yes"}))
    written = yaml.safe_load(jobs_manifest(server, retriever="download_decoder: {type: JsonlDecoder}"))
    stream = written["streams"][0]
    stream["name"] = "items"
    stream["retriever"]["record_selector"] = {
        "type": "RecordSelector",
        "extractor": custom("RecordExtractor", "Columns"),
    }
    stream["retriever"].pop("download_extractor", None)
    written["check"]["stream_names"] = ["items"]
    told = await read_all(yaml.safe_dump(written), CONFIG, custom=allowed())
    assert told.outcome == "complete", told.errors
    assert [(record["n"], record["header"]) for record in told.records] == [(1, "yes"), (2, "yes")]


def job_manifest(server: LoopbackServer, status: Mapping[str, Any], target: Mapping[str, Any]) -> str:
    """A stream of jobs whose status and targets are found by these extractors."""
    serve_job(server, "done", records={"items": [{"n": 1}, {"n": 2}]})
    written = yaml.safe_load(jobs_manifest(server, retriever=f"download_extractor: {DPATH}"))
    (stream,) = written["streams"]
    stream["name"] = written["check"]["stream_names"][0] = "items"
    stream["retriever"] |= {"status_extractor": status, "download_target_extractor": target}
    return yaml.safe_dump(written)


COMBINED = {
    "type": "CombinedExtractor",
    "mode": "first_match",
    "extractors": [
        custom("RecordExtractor", "At", key="nowhere"),
        {"type": "DpathExtractor", "field_path": ["state"]},
        custom("RecordExtractor", "At", key="url"),
    ],
}


@pytest.mark.parametrize("status", [custom("RecordExtractor", "At", key="state"), COMBINED], ids=["alone", "combined"])
async def test_the_status_and_the_targets_of_a_job(
    server: LoopbackServer, oracle: Oracle, status: dict[str, Any]
) -> None:
    text = job_manifest(server, status, custom("RecordExtractor", "At", key="url"))
    told = await compare(server, oracle, text, CONFIG, custom=allowed())
    assert [record["n"] for record in told.records] == [1, 2]


@pytest.mark.slow
async def test_a_status_extractor_that_raises(server: LoopbackServer) -> None:
    text = job_manifest(server, custom("RecordExtractor", "At", key=3), custom("RecordExtractor", "At", key="url"))
    told = await read_all(text, CONFIG, custom=allowed())
    assert told.outcome == "failed"
    assert "components.At failed at" in told.errors
    assert "TypeError" in told.errors


@pytest.mark.parametrize("mode", ["union", "first_match"])
async def test_several_extractors_of_which_one_is_custom(server: LoopbackServer, oracle: Oracle, mode: str) -> None:
    body = {"items": [{"n": 1}, {}], "more": [{"n": 2}]}
    server.on("/items", Reply(body))
    extractors = [custom("RecordExtractor", "At", key="more"), DPATH, custom("RecordExtractor", "At", key="nowhere")]
    extractor = {"type": "CombinedExtractor", "extractors": extractors, "mode": mode, "skip_empty_records": True}
    told = await compare(server, oracle, manifest(server, selector={"extractor": extractor}), CONFIG, custom=allowed())
    assert [record["n"] for record in told.records] == ([2, 1] if mode == "union" else [2])
