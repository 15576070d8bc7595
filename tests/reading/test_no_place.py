"""A read without records says so where the record path leads nowhere."""

from __future__ import annotations

import pytest

from core.events import Log, Outcome
from core.levels import Level
from core.reading import open_reader
from tests.support.jobs_api import manifest, serve_job
from tests.support.reading import Told, connector, no_wait, read_all
from tests.support.server import LoopbackServer, Reply

PATH = "download_extractor: {type: DpathExtractor, field_path: [data, items]}"


def warnings(told: Told) -> list[str]:
    return [log.message for log in told.of(Log) if log.level is Level.WARNING]


async def read(server: LoopbackServer, body: object) -> Told:
    serve_job(server, "done")
    server.on("/result", Reply(body))
    told = await read_all(manifest(server, retriever=PATH))
    assert told.outcome is Outcome.COMPLETE, told.errors
    return told


async def test_a_path_that_leads_nowhere_is_told_when_nothing_was_read(server: LoopbackServer) -> None:
    (warning,) = warnings(await read(server, {"data": {"itemz": [{"id": 1}]}}))
    assert warning.startswith("No record was read, and the first answer has no place for them: ")
    assert "`items`" in warning


@pytest.mark.parametrize("items", [[], None, {}])
async def test_an_empty_place_is_no_data(server: LoopbackServer, items: object) -> None:
    assert warnings(await read(server, {"data": {"items": items}})) == []


async def test_records_in_a_later_answer_are_enough(server: LoopbackServer) -> None:
    told = await read(server, [{"data": {}}, {"data": {"items": [{"id": 1}]}}])
    assert (told.records, warnings(told)) == ([{"id": 1}], [])


ERRORS: list[tuple[object, str]] = [
    ({"error": "invalid_query"}, "invalid_query"),
    ({"Error": {"Code": "SlowDown", "Message": "Please reduce your rate"}}, "SlowDown"),
    ({"data": None, "errors": [{"message": "Throttled"}]}, "Throttled"),
    ({"data": {"items": None}, "errors": [{"message": "No right to see items."}]}, "No right to see items"),
    ({"error": True, "message": "quota exceeded"}, "quota exceeded"),
    ({"error": {"message": "OK", "code": 500}}, "an error: 500. "),
    ({"error": {"Code": "SlowDown", "Message": "Too many calls.", "id": 7}}, "an error: Too many calls, SlowDown. "),
    ({"errors": [None, {"reason": "quota"}, {"title": "Denied", "detail": ""}]}, "an error: quota, Denied. "),
    ({"error": True, "code": 0}, "an error: true. "),
    ({"error": -1}, "an error: -1. "),
    ({"error": "404"}, "an error: 404. "),
]


@pytest.mark.parametrize(("body", "said"), ERRORS)
async def test_an_error_in_the_place_of_records_is_a_failure(server: LoopbackServer, body: object, said: str) -> None:
    serve_job(server, "done")
    server.on("/result", Reply(body))

    told = await read_all(manifest(server, retriever=PATH))

    assert told.outcome is Outcome.FAILED
    assert "The answer has no place for records, but an error: " in told.errors
    assert said in told.errors
    assert "/result" in told.errors


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"items": []}, "errors": [{"message": "one of the shards did not answer"}]},
        {"data": {}, "error": None},
        {"data": {}, "errors": []},
        {"data": {}, "error": False, "Errors": "none"},
        {"error": {"code": "ok", "message": "", "log_id": "x"}},
        {"error": {"code": 0, "message": "success"}},
        {"error": {"message": None, "code": None, "type": "NO_ERROR"}},
        {"error": {"status": False}},
        {"errors": {"count": 3}},
        {"errors": [None]},
        {"errors": [{"message": "", "code": 0}]},
        {"error": 0.0},
        {"error": 200},
        {"error": "200 OK"},
        {"error": {"code": "00000", "message": "Success."}},
        {"error": "No error"},
        {"errors": "0 errors"},
        {"error": "OK."},
        {"error": "N/A"},
        {"error": "-"},
    ],
)
async def test_an_empty_place_beside_an_error_and_an_error_that_is_none_are_no_failures(
    server: LoopbackServer, body: object
) -> None:
    assert (await read(server, body)).records == []


EXPANDED = (
    "download_extractor: {type: DpathExtractor, field_path: [orders, '*'], record_expander: "
    "{type: RecordExpander, expand_records_from_field: [lines]}}"
)
BY_KEY = "download_extractor: {type: DpathExtractor, field_path: [orders], key_field: id}"


@pytest.mark.parametrize("extractor", [EXPANDED, BY_KEY])
async def test_an_error_is_a_failure_whatever_is_made_of_the_place(server: LoopbackServer, extractor: str) -> None:
    serve_job(server, "done")
    server.on("/result", Reply({"error": "try later"}))

    told = await read_all(manifest(server, retriever=extractor))

    assert told.outcome is Outcome.FAILED
    assert "an error: try later. " in told.errors


@pytest.mark.parametrize(
    ("extractor", "orders", "records"),
    [
        (EXPANDED, [], []),
        (EXPANDED, [{"lines": []}], []),
        (EXPANDED, [{"lines": [{"n": 1}, {"n": 2}]}], [{"n": 1}, {"n": 2}]),
        (BY_KEY, {}, []),
        (BY_KEY, {"a": {"n": 1}}, [{"id": "a", "n": 1}]),
    ],
)
async def test_what_is_in_the_place_counts_beside_an_error(
    server: LoopbackServer, extractor: str, orders: object, records: list[object]
) -> None:
    serve_job(server, "done")
    server.on("/result", Reply({"orders": orders, "errors": ["a shard did not answer"]}))

    told = await read_all(manifest(server, retriever=extractor))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert told.records == records


NOTHING = "{{ response.get('error') == 'No records found' }}"
DOWNLOAD = 'download_requester: {type: HttpRequester, url: "{{ download_target }}"'


def handler(action: str, match: str = f'predicate: "{NOTHING}"') -> str:
    filters = f"[{{type: HttpResponseFilter, action: {action}, {match}}}]"
    return f"error_handler: {{type: DefaultErrorHandler, response_filters: {filters}}}"


@pytest.mark.parametrize("action", ["SUCCESS", "IGNORE"])
@pytest.mark.parametrize(
    "extractor", [PATH, "download_extractor: {type: TableExtractor, rows_path: [data, rows], columns_path: [columns]}"]
)
async def test_an_error_that_the_error_handler_accepts_is_no_data(
    server: LoopbackServer, action: str, extractor: str
) -> None:
    serve_job(server, "done")
    server.on("/result", Reply({"error": "No records found"}))
    text = manifest(server, retriever=extractor)
    assert DOWNLOAD in text

    told = await read_all(text.replace(DOWNLOAD, f"{DOWNLOAD}, {handler(action)}"))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert told.records == []
    assert len(warnings(told)) == (action == "IGNORE")
    assert not any("No record was read" in warning for warning in warnings(told))


async def test_a_filter_that_accepts_every_answer_keeps_the_warning_of_a_misspelt_path(server: LoopbackServer) -> None:
    serve_job(server, "done")
    server.on("/result", Reply({"data": {"itemz": [{"id": 1}]}}))
    accepting = handler("SUCCESS", "http_codes: [200]")

    told = await read_all(manifest(server, retriever=PATH).replace(DOWNLOAD, f"{DOWNLOAD}, {accepting}"))

    (warning,) = warnings(told)
    assert warning.startswith("No record was read")


async def test_what_is_accepted_of_one_answer_is_not_of_the_next(server: LoopbackServer) -> None:
    server.on("/items", Reply({"error": "No records found", "next": 2}), Reply({"error": "throttled"}))

    told = await read_all(stream(server.url("/items"), handler("SUCCESS"), PAGES))

    assert told.outcome is Outcome.FAILED
    assert "an error: throttled. " in told.errors


@pytest.mark.parametrize("role", ["creation", "polling"])
async def test_what_is_accepted_of_a_job_is_not_of_its_result(server: LoopbackServer, role: str) -> None:
    serve_job(server, "done")
    server.on("/result", Reply({"error": "link expired"}))
    accepting = handler("SUCCESS", "http_codes: [200, 201]")
    polling = "polling_requester: {type: HttpRequester, "
    text = manifest(server, retriever=PATH, creation=accepting if role == "creation" else "")
    assert polling in text

    told = await read_all(text.replace(polling, f"{polling}{accepting}, ") if role == "polling" else text)

    assert told.outcome is Outcome.FAILED
    assert "an error: link expired. " in told.errors


PAGES = (
    "paginator: {type: DefaultPaginator, page_token_option: {type: RequestOption, inject_into: request_parameter, "
    "field_name: page}, pagination_strategy: {type: CursorPagination, cursor_value: \"{{ response.get('next') }}\", "
    "stop_condition: \"{{ not response.get('next') }}\"}}"
)


def stream(
    url: str, requester: str = "", retriever: str = "", extractor: str = "{type: DpathExtractor, field_path: [data]}"
) -> str:
    return f"""
version: 7.0.0
type: DeclarativeSource
check: {{type: CheckStream, stream_names: [items]}}
streams:
  - type: DeclarativeStream
    name: items
    retriever:
      type: SimpleRetriever
      requester:
        type: HttpRequester
        url: "{url}"
        {requester}
      record_selector: {{type: RecordSelector, extractor: {extractor}}}
      {retriever}
"""


async def read_again(text: str) -> list[Told]:
    """The read of a stream, twice in one run."""
    reads = [Told(), Told()]
    async with open_reader(connector(text), {}, sleep=no_wait) as reader:
        for told in reads:
            told.events += [event async for event in reader.read("items")]
    return reads


@pytest.mark.parametrize("pages", ["", PAGES])
async def test_an_answer_that_is_kept_stays_accepted(server: LoopbackServer, pages: str) -> None:
    server.on("/items", Reply({"error": "No records found"}))

    first, second = await read_again(
        stream(server.url("/items"), f"use_cache: true\n        {handler('SUCCESS')}", pages)
    )

    assert first.outcome is second.outcome is Outcome.COMPLETE, first.errors + second.errors
    assert len(server.to("/items")) == 1


@pytest.mark.parametrize("pages", ["", PAGES])
async def test_an_answer_that_was_refused_is_not_kept(server: LoopbackServer, pages: str) -> None:
    server.on("/items", Reply({"error": "throttled"}), Reply({"data": [{"id": 1}]}))

    first, second = await read_again(stream(server.url("/items"), "use_cache: true", pages))

    assert first.outcome is Outcome.FAILED
    assert second.records == [{"id": 1}]


async def test_portions_that_were_refused_are_not_kept(server: LoopbackServer) -> None:
    refused = Reply({"error": "throttled"})
    server.on("/items", refused, refused, Reply({"data": [{"id": 1, "a": 1}]}), Reply({"data": [{"id": 1, "b": 2}]}))
    merged = "record_merge_strategy: {type: GroupByKeyMergeStrategy, key: id}"
    chunks = f"{{type: PropertyChunking, property_limit_type: property_count, property_limit: 1, {merged}}}"
    properties = f"{{type: QueryProperties, property_list: [a, b], property_chunking: {chunks}}}"
    requester = f"use_cache: true\n        request_parameters: {{fields: {properties}}}"

    first, second = await read_again(stream(server.url("/items"), requester))

    assert first.outcome is Outcome.FAILED
    assert "an error: throttled. " in first.errors
    assert second.records == [{"id": 1, "a": 1, "b": 2}]


BOTH = (
    "{type: CombinedExtractor, extractors: [{type: JsonPathExtractor, json_path: '$.data[*]'}, "
    "{type: DpathExtractor, field_path: [more]}]}"
)
ACTIVE = "{type: JsonPathExtractor, json_path: '$.data[?(@.active==true)]'}"
TABLE = "{type: TableExtractor, rows_path: [rows], columns: [id]}"
WHOLE = (
    "{type: CombinedExtractor, extractors: [{type: DpathExtractor, field_path: [data]}, "
    "{type: TemplateExtractor, value: '{{ response.all }}'}]}"
)


@pytest.mark.parametrize(
    ("extractor", "body", "is_error"),
    [
        (BOTH, {}, True),
        (BOTH, {"data": None, "more": None}, True),
        (BOTH, {"data": []}, False),
        (BOTH, {"more": []}, False),
        (ACTIVE, {}, True),
        (ACTIVE, {"data": [{"active": False}]}, False),
        (TABLE, {}, True),
        (TABLE, {"rows": None}, True),
        (TABLE, {"rows": []}, False),
        (WHOLE, {"data": None}, False),
        ("{type: DpathExtractor, field_path: [data, '*', items]}", {"data": [{"id": 1}]}, False),
        ("{type: DpathExtractor, field_path: ['**', items]}", {"data": {"edges": []}}, False),
    ],
)
async def test_an_error_is_a_failure_where_the_place_of_records_is_known(
    server: LoopbackServer, extractor: str, body: dict[str, object], is_error: bool
) -> None:
    server.on("/items", Reply({**body, "errors": [{"message": "throttled"}]}))

    told = await read_all(stream(server.url("/items"), extractor=extractor))

    assert told.outcome is (Outcome.FAILED if is_error else Outcome.COMPLETE)
    assert ("an error: throttled. " in told.errors) is is_error


async def test_a_table_that_is_an_error_is_a_failure(server: LoopbackServer) -> None:
    serve_job(server, "done")
    server.on("/result", Reply({"error": {"code": 404, "message": "no such table"}}))
    table = "download_extractor: {type: TableExtractor, rows_path: [tables, '0', rows], columns_path: [columns]}"

    told = await read_all(manifest(server, retriever=table))

    assert told.outcome is Outcome.FAILED
    assert "no such table" in told.errors
