"""Pages and intervals get smaller when the API finds them too large, as in Airbyte."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest
import yaml

from core.components.retriever_actions import PageSizeReduction
from core.connector import load_connector
from core.events import Outcome, SliceFinished
from core.manifest.document import Document
from core.manifest.problems import Problem
from core.runtime.context import Context
from core.runtime.pages import Pages, Paginator
from tests.components.test_pagination_reset import PARTITIONS
from tests.support.oracle import Oracle, OracleError
from tests.support.paging_api import manifest
from tests.support.reading import Told, read_all
from tests.support.reference import requests
from tests.support.server import Asked, LoopbackServer, Reply

OFFSET = """\
paginator:
  type: DefaultPaginator
  pagination_strategy: {type: OffsetIncrement, page_size: 16, inject_on_first_request: true}
  page_token_option: {type: RequestOption, inject_into: request_parameter, field_name: from}
  page_size_option: {type: RequestOption, inject_into: request_parameter, field_name: size}
"""
TOKENS = """\
paginator:
  type: DefaultPaginator
  pagination_strategy:
    type: CursorPagination
    page_size: 16
    cursor_value: "{{ last_record['n'] + 1 }}"
    stop_condition: "{{ last_page_size < page_size }}"
  page_token_option: {type: RequestOption, inject_into: request_parameter, field_name: from}
  page_size_option: {type: RequestOption, inject_into: request_parameter, field_name: size}
"""
TOO_LARGE = """\
error_handler:
  type: CompositeErrorHandler
  error_handlers:
    - type: DefaultErrorHandler
      response_filters:
        - {type: HttpResponseFilter, http_codes: [413], action: %s, error_message: "Too large: {{ response['error'] }}"}
"""
DAYS = """\
incremental_sync:
  type: DatetimeBasedCursor
  cursor_field: day
  datetime_format: "%Y-%m-%d"
  start_datetime: "2024-01-01"
  end_datetime: "2024-01-30"
  step: P20D
  cursor_granularity: P1D
  start_time_option: {type: RequestOption, inject_into: request_parameter, field_name: from}
  end_time_option: {type: RequestOption, inject_into: request_parameter, field_name: to}
"""


def smaller_pages(**more: Any) -> str:
    block = {"type": "PageSizeReduction", "backoff_seconds": 0, **more}
    return yaml.safe_dump({"page_size_reduction": block})


def shorter(**more: Any) -> str:
    return yaml.safe_dump({"request_window_splitting": {"type": "RequestWindowSplitting", **more}})


def at_most(most: int, heavy: int = 10) -> Any:
    """Serves 40 records by number; a page over the `heavy`-th record may hold only so many."""

    def serve(asked: Asked) -> Reply:
        start, size = int(asked.query.get("from", ["0"])[0]), int(asked.query["size"][0])
        page = range(start, min(start + size, 40))
        if heavy in page and size > most:
            return Reply({"error": f"at most {most}"}, 413)
        return Reply({"items": [{"n": n} for n in page]})

    return serve


def days_at_most(most: int) -> Any:
    """Serves one record a day; an interval may have only so many days."""

    def serve(asked: Asked) -> Reply:
        start, end = (date.fromisoformat(asked.query[name][0]) for name in ("from", "to"))
        count = (end - start).days + 1
        if count > most:
            return Reply({"error": f"at most {most}"}, 413)
        return Reply({"items": [{"day": str(start + timedelta(days=n))} for n in range(count)]})

    return serve


async def read_both(server: LoopbackServer, oracle: Oracle, text: str) -> tuple[Told, Any]:
    """Read with both; the requests are the same, and so is how it ends."""
    told = await read_all(text)
    ours, server.asked = server.asked, []
    theirs = await asyncio.to_thread(oracle.ask, "reading", "read", yaml.safe_load(text), {}, "items", None)
    assert requests(ours) == requests(server.asked)
    assert (told.outcome is Outcome.COMPLETE) is (theirs["status"] == "COMPLETE"), told.errors
    return told, theirs


@pytest.mark.parametrize("paginator", [OFFSET, TOKENS], ids=["offset", "tokens"])
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"reset_policy": "AFTER_SUCCESSFUL_PAGE"},
        {"reduction_factor": 3.5},
        {"minimum_page_size": 3, "max_attempts": 9},
    ],
    ids=["stays", "goes back", "by 3.5", "least"],
)
async def test_a_page_is_asked_for_again_with_fewer_records(
    server: LoopbackServer, oracle: Oracle, paginator: str, more: dict[str, Any]
) -> None:
    server.on("/items", at_most(4))
    text = manifest(server, retriever=paginator + smaller_pages(**more), requester=TOO_LARGE % "REDUCE_PAGE_SIZE")

    told, theirs = await read_both(server, oracle, text)

    assert told.records == theirs["records"] == [{"n": n} for n in range(40)]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"max_attempts": 2}, "after 2 reductions in a row"),
        ({"minimum_page_size": 8, "retries_at_minimum_page_size": 2}, "with 8 records, and can't get smaller"),
        ({"failure_message": "Select fewer fields."}, "Select fewer fields."),
    ],
)
async def test_a_page_that_is_never_small_enough_is_an_error(
    server: LoopbackServer, oracle: Oracle, more: dict[str, Any], words: str
) -> None:
    server.on("/items", at_most(0, heavy=0))
    text = manifest(server, retriever=OFFSET + smaller_pages(**more), requester=TOO_LARGE % "REDUCE_PAGE_SIZE")

    told, _ = await read_both(server, oracle, text)

    assert told.outcome is Outcome.FAILED
    assert any(words in (event.error or "") for event in told.of(SliceFinished))
    assert "Too large: at most 0" in told.errors


async def test_the_waits_grow_with_every_reduction(server: LoopbackServer) -> None:
    server.on("/items", at_most(2, heavy=0))
    text = manifest(
        server, retriever=OFFSET + smaller_pages(backoff_seconds=3), requester=TOO_LARGE % "REDUCE_PAGE_SIZE"
    )

    told = await read_all(text)

    assert told.outcome is Outcome.COMPLETE
    waits = [line for line in told.logs.splitlines() if "is requested again" in line]
    assert [line.split(" in ")[1].split(" with")[0] for line in waits] == ["3 s", "6 s", "9 s"]


@pytest.mark.parametrize("most", [15, 7, 1])
async def test_an_interval_is_read_in_halves(server: LoopbackServer, oracle: Oracle, most: int) -> None:
    server.on("/items", days_at_most(most))
    text = manifest(server, stream=DAYS, retriever=shorter(), requester=TOO_LARGE % "SPLIT_REQUEST_WINDOW")

    told, theirs = await read_both(server, oracle, text)

    assert sorted(record["day"] for record in told.records) == [f"2024-01-{day:02}" for day in range(1, 31)]
    assert told.state == theirs["state"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({}, "The interval 2024-01-01 can't be split any further"),
        ({"min_split_window": "P4D"}, "→ 2024-01-05 can't be split any further"),
        ({"failure_message": "Select fewer fields."}, "Select fewer fields."),
    ],
)
async def test_an_interval_that_is_never_short_enough_is_an_error(
    server: LoopbackServer, oracle: Oracle, more: dict[str, Any], words: str
) -> None:
    server.on("/items", days_at_most(0))
    text = manifest(server, stream=DAYS, retriever=shorter(**more), requester=TOO_LARGE % "SPLIT_REQUEST_WINDOW")

    told, theirs = await read_both(server, oracle, text)

    assert told.outcome is Outcome.FAILED
    assert any(words in (event.error or "") for event in told.of(SliceFinished))
    assert "Too large: at most 0" in told.errors
    assert theirs["records"] == told.records == []


async def test_intervals_of_partitions_are_split_too(server: LoopbackServer) -> None:
    """Airbyte refuses to do that."""
    server.on("/items", days_at_most(7))
    retriever = shorter() + PARTITIONS
    text = manifest(server, stream=DAYS, retriever=retriever, requester=TOO_LARGE % "SPLIT_REQUEST_WINDOW")

    told = await read_all(text)

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert len(told.records) == 60
    assert {entry["cursor"]["day"] for entry in told.state["states"]} == {"2024-01-30"}


async def test_an_interval_without_a_cursor_can_not_be_split(server: LoopbackServer) -> None:
    server.on("/items", Reply({"error": "no"}, 413))
    told = await read_all(manifest(server, retriever=shorter(), requester=TOO_LARGE % "SPLIT_REQUEST_WINDOW"))

    assert told.outcome is Outcome.FAILED
    assert "can't be split any further" in told.errors


NUMBERED = OFFSET.replace("OffsetIncrement", "PageIncrement")
PROBLEMS = [
    ("", "REDUCE_PAGE_SIZE", "needs a `page_size_reduction`"),
    ("", "SPLIT_REQUEST_WINDOW", "needs a `request_window_splitting`"),
    (smaller_pages(), "REDUCE_PAGE_SIZE", "needs a DefaultPaginator"),
    (smaller_pages() + NUMBERED, "REDUCE_PAGE_SIZE", "needs OffsetIncrement or CursorPagination"),
    (smaller_pages() + OFFSET.replace("page_size: 16, ", ""), "REDUCE_PAGE_SIZE", "needs a `page_size`"),
    (smaller_pages(minimum_page_size=16) + OFFSET, "REDUCE_PAGE_SIZE", "can't reduce a page size of 16"),
    (smaller_pages(reduction_factor=1) + OFFSET, "REDUCE_PAGE_SIZE", "`reduction_factor`"),
    (shorter(min_split_window="P1M"), "SPLIT_REQUEST_WINDOW", "`min_split_window` must be longer"),
    (shorter(min_split_window="soon"), "SPLIT_REQUEST_WINDOW", "is not a duration"),
]


@pytest.mark.parametrize(("retriever", "action", "words"), PROBLEMS)
def test_what_can_not_work_is_a_problem(
    server: LoopbackServer, oracle: Oracle, retriever: str, action: str, words: str
) -> None:
    text = manifest(server, stream=DAYS, retriever=retriever, requester=TOO_LARGE % action)

    loaded = load_connector(Document.parse(text))

    assert not loaded.usable
    assert any(words in one.message for one in loaded.problems), loaded.problems
    with pytest.raises(OracleError):
        oracle.ask("reading", "read", yaml.safe_load(text), {}, "items", None)


@pytest.mark.parametrize(
    ("retriever", "words"),
    [
        (smaller_pages() + OFFSET, "no response filter says REDUCE_PAGE_SIZE"),
        (shorter(), "no response filter says SPLIT_REQUEST_WINDOW"),
        (smaller_pages() + TOKENS.replace("< page_size", "< 16"), "compare `last_page_size` with `page_size`"),
    ],
)
def test_what_may_not_work_is_a_warning(server: LoopbackServer, retriever: str, words: str) -> None:
    loaded = load_connector(Document.parse(manifest(server, stream=DAYS, retriever=retriever)))

    assert loaded.usable
    assert any(words in one.message for one in loaded.problems), loaded.problems


def test_a_paginator_of_another_package_says_itself_whether_its_pages_can_be_smaller() -> None:
    class Resizable(Paginator, role=True):
        def start(self, context: Context) -> Pages:
            return Pages()

        def lint_smaller_pages(self) -> list[Problem]:
            return []

    assert list(PageSizeReduction().problems(Resizable())) == []
