"""Pages start over: when the API asks for it, after so many records, from the latest record on; as in Airbyte."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from core.connector import load_connector
from core.events import Outcome, Records
from core.manifest.document import Document
from core.reading import Limits
from tests.support.oracle import Oracle
from tests.support.paging_api import PAGES, manifest
from tests.support.reading import read_all
from tests.support.reference import compare
from tests.support.server import Asked, LoopbackServer, Reply

DAYS = [f"2024-01-{day:02}" for day in range(1, 11)]
MOST = 4
"""Records that the API gives of one query, two a page; a page beyond is refused."""

TOO_DEEP = """\
error_handler:
  type: DefaultErrorHandler
  response_filters:
    - {type: HttpResponseFilter, http_codes: [400], error_message_contains: too deep, action: RESET_PAGINATION}
"""
CURSOR = """\
incremental_sync:
  type: DatetimeBasedCursor
  cursor_field: day
  datetime_format: "%Y-%m-%d"
  start_datetime: "2024-01-01"
  end_datetime: "2024-01-31"
  start_time_option: {type: RequestOption, inject_into: request_parameter, field_name: from}
  end_time_option: {type: RequestOption, inject_into: request_parameter, field_name: to}
"""
COUNTING = """\
incremental_sync:
  type: IncrementingCountCursor
  cursor_field: n
  start_value: 0
  start_value_option: {type: RequestOption, inject_into: request_parameter, field_name: from}
"""
PARTITIONS = """\
partition_router: {type: ListPartitionRouter, values: [a, b], cursor_field: shop}
"""


def reset(action: str, records: int | None = None) -> str:
    limits = f", limits: {{type: PaginationResetLimits, number_of_records: {records}}}" if records else ""
    return f"pagination_reset: {{type: PaginationReset, action: {action}{limits}}}\n"


def deep(asked: Asked) -> Reply:
    """Records by day in order, from the day that is asked for on; only the first two pages can be had."""
    start, page = asked.query.get("from", ["2024-01-01"])[0], int(asked.query.get("page", ["1"])[0])
    if page > MOST // 2:
        return Reply({"error": "too deep"}, 400)
    found = [day for day in DAYS if day >= start]
    return Reply({"items": [{"day": day} for day in found[(page - 1) * 2 : page * 2]]})


def numbers(asked: Asked) -> Reply:
    start, page = int(asked.query["from"][0]), int(asked.query["page"][0])
    if page > MOST // 2:
        return Reply({"error": "too deep"}, 400)
    return Reply({"items": [{"n": n} for n in range(start, 11)][(page - 1) * 2 : page * 2]})


@pytest.mark.parametrize("partitions", ["", PARTITIONS], ids=["one", "partitions"])
@pytest.mark.parametrize(
    ("when", "handler"), [(None, TOO_DEEP), (4, ""), (3, "")], ids=["refused", "limit", "odd limit"]
)
async def test_reading_goes_on_from_the_latest_record(
    server: LoopbackServer, oracle: Oracle, when: int | None, handler: str, partitions: str
) -> None:
    server.on("/items", deep)
    retriever = PAGES + partitions + reset("SPLIT_USING_CURSOR", when)
    text = manifest(server, stream=CURSOR, retriever=retriever, requester=handler)

    if partitions:
        told = await read_all(text)
        ours, server.asked = [asked.target for asked in server.asked], []
        theirs = await asyncio.to_thread(oracle.ask, "reading", "read", yaml.safe_load(text), {}, "items", None)
        assert sorted(ours) == sorted(asked.target for asked in server.asked)
        assert theirs["status"] == "COMPLETE"
        assert len(told.records) == len(theirs["records"])
    else:
        await compare(server, oracle, text)
        told = await read_all(text)

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert {record["day"] for record in told.records} == set(DAYS)


async def test_reading_goes_on_from_the_latest_number(server: LoopbackServer, oracle: Oracle) -> None:
    server.on("/items", numbers)
    text = manifest(server, stream=COUNTING, retriever=PAGES + reset("SPLIT_USING_CURSOR"), requester=TOO_DEEP)

    told = await read_all(text)
    ours = [asked.target for asked in server.asked]
    server.asked = []
    theirs = await asyncio.to_thread(oracle.ask, "reading", "read", yaml.safe_load(text), {}, "items", None)

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert ours == [asked.target for asked in server.asked]
    assert told.records == theirs["records"]


@pytest.mark.parametrize("action", ["RESET", "SPLIT_USING_CURSOR", None])
@pytest.mark.parametrize("passes", [True, False])
async def test_without_a_cursor_the_same_pages_are_read_once_more(
    server: LoopbackServer, oracle: Oracle, action: str | None, passes: bool
) -> None:
    first, refused = Reply({"items": [{"n": 1}, {"n": 2}]}), Reply({"error": "too deep"}, 400)
    answers = [first, refused, first, Reply({"items": [{"n": 3}]}) if passes else refused]
    text = manifest(server, retriever=PAGES + (reset(action) if action else ""), requester=TOO_DEEP)

    server.on("/items", *answers)
    told = await read_all(text)
    ours, server.asked = [asked.target for asked in server.asked], []
    server.on("/items", *answers)
    theirs = await asyncio.to_thread(oracle.ask, "reading", "read", yaml.safe_load(text), {}, "items", None)

    assert ours == [asked.target for asked in server.asked]
    assert told.records == theirs["records"]
    assert (told.outcome is Outcome.COMPLETE) is (theirs["status"] == "COMPLETE") is passes
    if not passes:
        assert "It did so before, so that starting over would not help" in told.errors
        assert "too deep" in told.errors


@pytest.mark.parametrize(
    ("action", "item", "words"),
    [
        ("SPLIT_USING_CURSOR", {"day": "2024-01-01"}, "that many have the same cursor value"),
        ("SPLIT_USING_CURSOR", {"no": "day"}, "that many have the same cursor value"),
        ("RESET", {"day": "2024-01-01"}, "has read the same pages again without getting any further"),
    ],
)
async def test_a_limit_that_leads_nowhere_is_an_error(
    server: LoopbackServer, oracle: Oracle, action: str, item: dict[str, Any], words: str
) -> None:
    server.on("/items", Reply({"items": [item] * 2}))
    text = manifest(server, stream=CURSOR, retriever=PAGES + reset(action, 2))

    told = await read_all(text)
    ours, server.asked = [asked.target for asked in server.asked], []
    theirs = await asyncio.to_thread(oracle.ask, "reading", "read", yaml.safe_load(text), {}, "items", None)

    assert (told.outcome, theirs["status"]) == (Outcome.FAILED, "INCOMPLETE")
    assert words in told.errors
    assert ours == [asked.target for asked in server.asked]


async def test_a_refusal_before_any_record_is_an_error(server: LoopbackServer) -> None:
    server.on("/items", Reply({"error": "too deep"}, 400))
    text = manifest(server, stream=CURSOR, retriever=PAGES + reset("SPLIT_USING_CURSOR"), requester=TOO_DEEP)

    told = await read_all(text)

    assert told.outcome is Outcome.FAILED
    assert "No record was read that would move the interval on" in told.errors
    assert len(server.asked) == 1


async def test_pages_that_start_over_go_on_in_numbers_and_count_for_limits(server: LoopbackServer) -> None:
    server.on("/items", deep)
    text = manifest(server, stream=CURSOR, retriever=PAGES + reset("SPLIT_USING_CURSOR", 4))

    told = await read_all(text, limits=Limits(pages=3))

    assert told.outcome is Outcome.LIMITED
    assert [batch.page for batch in told.of(Records)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"action": "AGAIN"}, "`action` must be 'SPLIT_USING_CURSOR' or 'RESET'"),
        ({}, "`action`"),
        ({"action": "RESET", "limits": {"number_of_records": 0}}, "`number_of_records` must be at least 1"),
    ],
)
def test_what_makes_no_sense_is_a_problem(server: LoopbackServer, written: Mapping[str, Any], words: str) -> None:
    tree = yaml.safe_load(manifest(server))
    tree["streams"][0]["retriever"]["pagination_reset"] = {"type": "PaginationReset", **written}

    problems = load_connector(Document.parse(yaml.safe_dump(tree))).problems

    assert any(words in one.message for one in problems), problems
