"""The same manifest, inputs and state lead to the same requests, records and state as in Airbyte's own runtime."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from tests.support.jobs_api import manifest as jobs_manifest
from tests.support.jobs_api import serve_job
from tests.support.oracle import Oracle, OracleError
from tests.support.paging_api import INCREMENTAL, PAGES, PARENTS, manifest, page
from tests.support.reading import read_all
from tests.support.reference import compare
from tests.support.server import Asked, LoopbackServer, Reply

FILTERED = """\
transformations:
  - type: AddFields
    fields: [{type: AddedFieldDefinition, path: [where, from], value: "{{ stream_interval['start_time'] }}"}]
  - type: RemoveFields
    field_pointers: [[noise]]
"""

CURSOR_PAGES = """\
paginator:
  type: DefaultPaginator
  pagination_strategy:
    type: CursorPagination
    cursor_value: "{{ response['next'] }}"
    stop_condition: "{{ not response['next'] }}"
  page_token_option: {type: RequestPath}
"""

BODY = """\
http_method: POST
request_headers: {X-Kind: "{{ config['kind'] }}"}
request_parameters: {a: "{{ config['kind'] }}", b: "{{ config['empty'] }}", c: "[1, 2]"}
request_body:
  type: RequestBodyJsonObject
  value: {kind: "{{ config['kind'] }}", n: "12", t: "{{ True }}", z: "{{ none }}"}
authenticator:
  type: ApiKeyAuthenticator
  api_token: "{{ config['kind'] }}-key"
  inject_into: {type: RequestOption, inject_into: request_parameter, field_name: key}
"""


def days(asked: Asked) -> Reply:
    day = asked.query["from"][0]
    return Reply({"items": [{"day": day, "noise": 1, "n": n} for n in range(2)]})


def linked(server: LoopbackServer) -> None:
    server.on("/items", Reply({"items": [{"n": 1}], "next": server.url("/more")}))
    server.on("/more", Reply({"items": [{"n": 2}], "next": None}))


async def test_pages(server: LoopbackServer, oracle: Oracle) -> None:
    server.on("/items", page)
    await compare(server, oracle, manifest(server, retriever=PAGES))


async def test_links_to_the_next_page(server: LoopbackServer, oracle: Oracle) -> None:
    linked(server)
    await compare(server, oracle, manifest(server, retriever=CURSOR_PAGES))


async def test_a_request_option_knows_its_parameters(server: LoopbackServer, oracle: Oracle) -> None:
    server.on("/items", page)
    option = """{type: RequestOption, inject_into: request_parameter, field_name: "{{ parameters['n'] }}", """
    token = option + "$parameters: {n: page}}"
    sized = PAGES.replace("{type: RequestOption, inject_into: request_parameter, field_name: page}", token)
    text = manifest(server, retriever=sized + "  page_size_option: " + option + "$parameters: {n: size}}\n")

    told = await read_all(text)

    assert len(told.records) == 5
    assert server.asked[0].query == {"page": ["1"], "size": ["2"]}
    with pytest.raises(OracleError, match="duplicate keys detected at key path: \\."):
        await asyncio.to_thread(lambda: oracle.ask("reading", "read", yaml.safe_load(text), {}, "items"))


async def test_parents(server: LoopbackServer, oracle: Oracle) -> None:
    server.on("/owners", Reply([{"id": 1}, {"id": "b"}, {"no": "id"}]))
    server.on("/items", lambda asked: Reply({"items": [{"of": asked.query["owner"][0]}]}))
    await compare(server, oracle, manifest(server, retriever=PARENTS % server.url("/owners")))


@pytest.mark.parametrize("state", [None, {"day": "2024-01-02"}])
async def test_intervals_and_state(server: LoopbackServer, oracle: Oracle, state: Mapping[str, Any] | None) -> None:
    server.on("/items", days)
    await compare(server, oracle, manifest(server, stream=INCREMENTAL + FILTERED), state=state)


async def test_state_of_partitions(server: LoopbackServer, oracle: Oracle) -> None:
    server.on("/items", days)
    router = "partition_router: {type: ListPartitionRouter, values: [a, b], cursor_field: x}"
    await compare(server, oracle, manifest(server, stream=INCREMENTAL, retriever=router))


async def test_bodies_headers_and_parameters(server: LoopbackServer, oracle: Oracle) -> None:
    server.on("/items", Reply({"items": [{"n": 1}]}))
    await compare(server, oracle, manifest(server, requester=BODY), {"kind": "blue", "empty": ""})


async def test_references_and_parameters(server: LoopbackServer, oracle: Oracle) -> None:
    server.on("/v1/things", Reply({"items": [{"n": 1}]}))
    text = f"""
version: 7.0.0
type: DeclarativeSource
check: {{type: CheckStream, stream_names: [items]}}
definitions:
  base: &base
    type: HttpRequester
    url_base: "{server.url()}/v1"
    request_parameters: {{limit: "#/definitions/limit"}}
  limit: "7"
streams:
  - type: DeclarativeStream
    $parameters: {{name: items, path: things}}
    retriever:
      requester: {{$ref: "#/definitions/base", request_headers: {{X-Kind: "{{{{ parameters['name'] }}}}"}}}}
      record_selector: {{extractor: {{field_path: [items]}}}}
"""
    await compare(server, oracle, text)


@pytest.mark.parametrize("kind", ["csv", "gzip"])
async def test_an_asynchronous_job(server: LoopbackServer, oracle: Oracle, kind: str) -> None:

    body = b'id,text\n1,a\n2,"b\nc"\n'
    serve_job(server, "done")
    server.on("/result", Reply(gzip.compress(body) if kind == "gzip" else body))
    decoder = {"csv": "{type: CsvDecoder}", "gzip": "{type: GzipDecoder, decoder: {type: CsvDecoder}}"}[kind]
    text = jobs_manifest(server, retriever=f"download_decoder: {decoder}").replace("exports", "items")

    await compare(server, oracle, text)


async def test_conditions_whose_values_do_not_fit_together(server: LoopbackServer, oracle: Oracle) -> None:
    """They are true: the length of null ends the pages, and a null that is compared keeps its record."""
    server.on("/items", Reply({"items": [{"n": None}, {"n": 5}, {"n": 1}], "next": None}))
    keep = ", record_filter: {type: RecordFilter, condition: '{{ record.n > 3 }}'}"
    pages = """\
paginator:
  type: DefaultPaginator
  pagination_strategy:
    type: CursorPagination
    cursor_value: "more"
    stop_condition: "{{ response.next | length == 0 }}"
  page_token_option: {type: RequestOption, inject_into: request_parameter, field_name: page}
"""
    told = await compare(server, oracle, manifest(server, retriever=pages, selector=keep))

    assert told.records == [{"n": None}, {"n": 5}]
    assert "As in Airbyte, the condition counts as true: no further page is requested." in told.logs


@pytest.mark.parametrize(("action", "status"), [("IGNORE", 404), ("SUCCESS", 500), ("FAIL", 200), ("IGNORE", 200)])
async def test_a_failed_response_is_not_accepted_on_a_guess(server: LoopbackServer, action: str, status: int) -> None:
    server.on("/items", Reply({"items": [{"n": 1}], "error": None}, status=status))
    handler = f"""\
error_handler:
  type: DefaultErrorHandler
  max_retries: 0
  response_filters:
    - {{type: HttpResponseFilter, action: {action}, predicate: "{{{{ 'no such' in response.error }}}}"}}
"""
    told = await read_all(manifest(server, requester=handler))
    assert told.outcome == ("complete" if (action, status) == ("IGNORE", 200) else "failed")
    if status == 200:
        assert f"As in Airbyte, the condition counts as true: the response means {action}." in told.logs
    else:
        assert "'no such' in response.error" in told.errors


BY_LAST = """\
paginator:
  type: DefaultPaginator
  pagination_strategy: {type: CursorPagination, cursor_value: "%s", stop_condition: "%s"}
  page_token_option: {type: RequestOption, inject_into: request_parameter, field_name: page}
"""
NUMBERED = PAGES.replace("page_size: 2", "page_size: 1")
OFFSETS = """\
paginator:
  type: DefaultPaginator
  pagination_strategy: {type: OffsetIncrement, page_size: 1}
  page_token_option: {type: RequestOption, inject_into: request_parameter, field_name: offset}
"""
CLIENT_SIDE = """\
incremental_sync:
  type: DatetimeBasedCursor
  cursor_field: day
  datetime_format: "%Y-%m-%d"
  start_datetime: "2024-01-01"
  end_datetime: "2024-01-09"
  is_client_side_incremental: true
"""


def one_a_day(asked: Asked) -> Reply:
    """Four pages with a day each, by number or offset; the last one says that it is."""
    number = int(asked.query["page"][0]) if "page" in asked.query else int(asked.query.get("offset", ["0"])[0]) + 1
    items = [{"day": f"2024-01-0{number}", "id": number}] if number < 5 else []
    return Reply({"items": items, "next": number + 1 if number < 4 else None})


@pytest.mark.parametrize(
    "paginator",
    [
        NUMBERED,
        OFFSETS,
        BY_LAST % ("{{ response.next }}", "{{ not response.next }}"),
        BY_LAST % ("{{ response.next }}", "{{ last_page_size == 0 }}"),
        BY_LAST % ("{{ last_record.id + 1 if last_record }}", "{{ last_record.id == 4 }}"),
        NUMBERED.replace("page_size: 1, ", ""),
        BY_LAST % ("{{ last_record['id'] }}", "{{ not last_record }}"),
    ],
    ids=range(7),
)
@pytest.mark.parametrize("how", ["filter", "cursor"])
async def test_pages_of_which_nothing_is_kept(server: LoopbackServer, oracle: Oracle, paginator: str, how: str) -> None:
    server.on("/items", one_a_day)
    if how == "filter":
        keep = ", record_filter: {type: RecordFilter, condition: '{{ record.id > 2 }}'}"
        await compare(server, oracle, manifest(server, retriever=paginator, selector=keep))
    else:
        await compare(
            server, oracle, manifest(server, retriever=paginator, stream=CLIENT_SIDE), state={"day": "2024-01-03"}
        )


FEED = CLIENT_SIDE.replace("is_client_side_incremental", "is_data_feed")


def newest_first(asked: Asked) -> Reply:
    """Four pages with two days each, from the 9th on backwards."""
    number = int(asked.query.get("page", ["1"])[0])
    days = range(11 - 2 * number, 9 - 2 * number, -1) if number < 5 else []
    return Reply({"items": [{"day": f"2024-01-0{day}", "id": day} for day in days], "next": number + 1})


@pytest.mark.parametrize("state", [None, {"day": "2024-01-06"}, {"day": "2024-01-07"}, {"day": "2024-01-09"}])
@pytest.mark.parametrize(
    "paginator",
    [PAGES, BY_LAST % ("{{ response.next }}", "{{ last_page_size < 2 }}")],
    ids=["numbered", "by the last page"],
)
async def test_a_feed_ends_with_the_page_that_ends_with_what_is_known(
    server: LoopbackServer, oracle: Oracle, paginator: str, state: Mapping[str, Any] | None
) -> None:
    server.on("/items", newest_first)
    await compare(server, oracle, manifest(server, retriever=paginator, stream=FEED), state=state)


KIND = """\
transformations:
  - type: AddFields
    fields: [{type: AddedFieldDefinition, path: [kind], value: "{{ 'even' if record.id % 2 == 0 else 'odd' }}"}]
"""


@pytest.mark.parametrize("state", [None, {"day": "2024-01-06"}])
@pytest.mark.parametrize("first", [None, "true", "false"])
@pytest.mark.parametrize(
    "flags",
    [("is_data_feed", "is_client_side_incremental"), ("is_data_feed",), ("is_client_side_incremental",)],
    ids=" ".join,
)
async def test_whether_a_filter_sees_the_transformed_records(
    server: LoopbackServer, oracle: Oracle, flags: tuple[str, ...], first: str | None, state: Mapping[str, Any] | None
) -> None:
    server.on("/items", newest_first)
    cursor = CLIENT_SIDE.replace("  is_client_side_incremental: true\n", "".join(f"  {flag}: true\n" for flag in flags))
    keep = """, record_filter: {type: RecordFilter, condition: "{{ record.get('kind') == 'even' }}"}"""
    keep += f", transform_before_filtering: {first}" if first else ""
    text = manifest(server, retriever=PAGES, stream=cursor + KIND, selector=keep)
    await compare(server, oracle, text, state=state)


async def test_a_feed_of_lines(server: LoopbackServer) -> None:
    def lines(asked: Asked) -> Reply:
        number = int(asked.query.get("page", ["1"])[0])
        days = range(11 - 2 * number, 9 - 2 * number, -1) if number < 5 else []
        return Reply("".join(json.dumps({"day": f"2024-01-0{day}", "id": day}) + "\n" for day in days))

    server.on("/items", lines)
    text = manifest(server, retriever=PAGES + "decoder: {type: JsonlDecoder}\n", stream=FEED, field_path="[]")

    told = await read_all(text, state={"day": "2024-01-06"})

    assert len(server.asked) == 3
    assert [record["id"] for record in told.records] == [9, 8, 7, 6]


OPTIONS_OF_INPUTS = """\
partition_router:
  type: ListPartitionRouter
  values: "{{ config['kinds'] }}"
  cursor_field: "{{ config['field'] }}"
  request_option: {type: RequestOption, inject_into: request_parameter, field_name: "{{ config['field'] }}"}
paginator:
  type: DefaultPaginator
  pagination_strategy: {type: PageIncrement, page_size: "{{ config['size'] }}", inject_on_first_request: true}
  page_size_option: {type: RequestOption, inject_into: request_parameter, field_name: "{{ config['field'] }}_size"}
  page_token_option: {type: RequestOption, inject_into: request_parameter, field_name: "{{ config['field'] }}_page"}
"""


@pytest.mark.parametrize("kinds", [["a", "b"], [1, 2], ["z"], [], "", None])
async def test_options_that_inputs_name(server: LoopbackServer, oracle: Oracle, kinds: Any) -> None:
    """Values that are left out are none."""
    server.on("/items", lambda asked: Reply({"items": [{"day": "2024-01-02", "of": asked.query["kind"]}]}))
    cursor = INCREMENTAL.replace("field_name: from", "field_name: \"{{ config['field'] }}_from\"")
    config = {"field": "kind", "size": 2} | ({} if kinds is None else {"kinds": kinds})
    await compare(server, oracle, manifest(server, retriever=OPTIONS_OF_INPUTS), config)
    server.asked = []
    await compare(server, oracle, manifest(server, stream=cursor, retriever=OPTIONS_OF_INPUTS), config)
