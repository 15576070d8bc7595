"""A read without records says so where the record path leads nowhere."""

from __future__ import annotations

import pytest

from core.events import Log, Outcome
from core.levels import Level
from tests.support.jobs_api import manifest, serve_job
from tests.support.reading import Told, read_all
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


async def test_an_error_that_the_error_handler_ignores_is_no_data(server: LoopbackServer) -> None:
    serve_job(server, "done")
    server.on("/result", Reply({"error": "No records found"}))
    ignoring = (
        "error_handler: {type: DefaultErrorHandler, response_filters: [{type: HttpResponseFilter, action: IGNORE, "
        "predicate: \"{{ response.get('error') == 'No records found' }}\"}]}"
    )
    download = 'download_requester: {type: HttpRequester, url: "{{ download_target }}"'
    text = manifest(server, retriever=PATH)
    assert download in text

    told = await read_all(text.replace(download, f"{download}, {ignoring}"))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert told.records == []


async def test_a_table_that_is_an_error_is_a_failure(server: LoopbackServer) -> None:
    serve_job(server, "done")
    server.on("/result", Reply({"error": {"code": 404, "message": "no such table"}}))
    table = "download_extractor: {type: TableExtractor, rows_path: [tables, '0', rows], columns_path: [columns]}"

    told = await read_all(manifest(server, retriever=table))

    assert told.outcome is Outcome.FAILED
    assert "no such table" in told.errors
