"""Where the API gives only the beginning of a list inside a record, the whole list is fetched; as in Airbyte."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from textwrap import indent
from typing import Any

import pytest

from core.components.authenticators import BearerAuthenticator
from core.connector import load_connector
from core.events import ExchangeFinished, Outcome
from core.http.exchange import Role
from core.http.request import RequestDraft
from core.manifest.document import Document
from core.reading import Limits, open_reader
from core.runtime.context import Context
from tests.support.oracle import Oracle
from tests.support.paging_api import PAGES
from tests.support.reading import connector, read_all
from tests.support.reference import compare
from tests.support.server import Asked, LoopbackServer, Reply

ORDERS: list[dict[str, Any]] = [
    {"id": 1, "by": {"name": "Ann"}, "lines": {"data": [{"n": 0}], "more": True, "total_count": 5}},
    {"id": 2, "by": {"name": "Bob"}, "lines": {"data": [{"n": 0}, {"n": 1}], "more": False}},
    {"id": 3, "lines": {"data": [], "more": True}},
    {"id": 4, "lines": {"data": [{"n": 9}], "more": True}},
]
GIVEN = {"1": 5, "3": 2, "4": 0}
"""How many lines the API gives of each order that was cut."""


def lines(asked: Asked) -> Reply:
    """The lines of an order, two a page."""
    first = (int(asked.query.get("page", ["1"])[0]) - 1) * 2
    return Reply({"lines": [{"n": n} for n in range(first, min(first + 2, GIVEN[asked.query["order"][0]]))]})


def manifest(
    server: LoopbackServer, *, expander: str = "", pages: str = PAGES, stream: str = "", more: str = ""
) -> str:
    return f"""
version: 7.0.0
type: DeclarativeSource
check: {{type: CheckStream, stream_names: [items]}}
{more}
streams:
  - type: DeclarativeStream
    name: items
    retriever:
      type: SimpleRetriever
      requester: {{type: HttpRequester, url: "{server.url("/items")}"}}
{indent(stream, "      ")}
      record_selector:
        type: RecordSelector
        extractor:
          type: DpathExtractor
          field_path: [items]
          record_expander:
            type: RecordExpander
            expand_records_from_field: [lines, data]
            truncation_indicator_path: [lines, more]
{indent(expander, "            ")}
            truncated_list_retriever:
              type: SimpleRetriever
              requester:
                type: HttpRequester
                url: "{server.url("/lines")}"
                request_parameters:
                  order: "{{{{ stream_slice['parent_record']['id'] }}}}"
                  of: "{{{{ stream_slice.parent_record.lines.data | length }}}}"
              record_selector: {{type: RecordSelector, extractor: {{type: DpathExtractor, field_path: [lines]}}}}
{indent(pages, "              ")}
"""


@pytest.mark.parametrize(
    "expander",
    [
        "",
        "merge_parent: true",
        "remain_original_record: true",
        "parent_fields: [{type: ParentFieldPath, parent_path: [by, name], record_path: [of, customer]}]",
        "on_no_records: emit_parent",
    ],
)
@pytest.mark.parametrize("pages", [PAGES, ""], ids=["pages", "one page"])
async def test_a_list_that_was_cut_is_fetched(
    server: LoopbackServer, oracle: Oracle, expander: str, pages: str
) -> None:
    server.on("/items", lambda _: Reply({"items": ORDERS}))
    server.on("/lines", lines)

    told = await compare(server, oracle, manifest(server, expander=expander, pages=pages))

    if pages:
        assert [record["n"] for record in told.records] == [0, 1, 2, 3, 4, 0, 1, 0, 1, 9]
        assert told.asked(Role.LIST) == 6
        assert not told.logs
    else:
        assert "gave 2 of 5 (`total_count`)" in told.logs
    assert {event.slice is not None for event in told.of(ExchangeFinished)} == {True}


async def test_an_order_without_lines_stays_when_nothing_is_fetched_either(
    server: LoopbackServer, oracle: Oracle
) -> None:
    server.on("/items", lambda _: Reply({"items": [{"id": 4, "lines": {"data": [], "more": True}}]}))
    server.on("/lines", lines)
    told = await compare(server, oracle, manifest(server, expander="on_no_records: emit_parent"))
    assert [record["id"] for record in told.records] == [4]


@pytest.mark.parametrize("action", ["FAIL", "RESET_PAGINATION"])
async def test_a_list_that_can_not_be_fetched_fails_its_slice(server: LoopbackServer, action: str) -> None:
    server.on("/items", lambda _: Reply({"items": ORDERS}))
    server.on("/lines", Reply({"error": "no lines today"}, 400))
    filters = f"{{type: HttpResponseFilter, http_codes: [400], action: {action}}}"
    handler = f"error_handler: {{type: DefaultErrorHandler, response_filters: [{filters}]}}\n"
    text = manifest(server)
    text = text.replace(f'url: "{server.url("/lines")}"\n', f'url: "{server.url("/lines")}"\n                {handler}')

    told = await read_all(text)

    assert told.outcome is Outcome.FAILED
    assert "A list that the API has cut couldn't be fetched." in told.errors
    assert "no lines today" in told.errors
    again = action == "RESET_PAGINATION"  # of the list, not of the page that it is from
    assert [asked.path for asked in server.asked] == ["/items", "/lines", *["/lines"] * again]


async def test_no_page_of_a_list_is_asked_for_that_nobody_wants(server: LoopbackServer) -> None:
    whole = {"lines": [{"n": n} for n in range(200)]}
    server.on("/items", lambda _: Reply({"items": ORDERS}))
    server.on("/lines", lambda _: Reply(whole))
    pages = PAGES.replace("page_size: 2", "page_size: 200")

    told = await read_all(manifest(server, pages=pages), limits=Limits(records=2))

    assert told.outcome is Outcome.LIMITED
    assert [record["n"] for record in told.records] == [0, 1]
    assert [asked.path for asked in server.asked] == ["/items", "/lines"]


async def test_many_slices_wait_for_their_lists_at_the_same_time(server: LoopbackServer) -> None:
    slices = 100
    server.on("/items", lambda _: Reply({"items": [ORDERS[0]]}))
    server.on("/lines", lines)
    values = ", ".join(str(n) for n in range(slices))
    stream = f"partition_router: {{type: ListPartitionRouter, values: [{values}], cursor_field: n}}"
    many = f"concurrency_level: {{type: ConcurrencyLevel, default_concurrency: {slices}}}"

    told = await read_all(manifest(server, stream=stream, more=many))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert len(told.records) == slices * 5


async def test_credentials_come_from_another_process_when_the_connection_breaks_in_a_list(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is asked for them must not wait for the thread that waits for the rest of the list."""
    usual = BearerAuthenticator.authenticate

    async def authenticate(self: BearerAuthenticator, draft: RequestDraft, context: Context) -> None:
        await context.apart(lambda: None)
        await usual(self, draft, context)

    monkeypatch.setattr(BearerAuthenticator, "authenticate", authenticate)
    whole = {"lines": [{"n": n} for n in range(9)]}
    server.on("/items", lambda _: Reply({"items": [ORDERS[3]]}))
    server.on("/lines", Reply(whole, cut=40), Reply(whole))
    text = manifest(server, pages="")
    where = f'url: "{server.url("/lines")}"\n'
    bearer = "authenticator: {type: BearerAuthenticator, api_token: abcdef}\n"

    async with asyncio.timeout(20):
        told = await read_all(text.replace(where, f"{where}                {bearer}"))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert [record["n"] for record in told.records] == [*range(9)]


async def test_a_list_ends_with_the_read_that_it_is_for(server: LoopbackServer) -> None:
    gate = asyncio.Event()
    server.on("/items", lambda _: Reply({"items": ORDERS}))
    server.on("/lines", Reply({"lines": [{"n": 1}, {"n": 2}]}, gate=gate))
    outcomes: list[Outcome] = []
    async with open_reader(connector(manifest(server)), {}) as reader:

        async def read() -> None:
            async with aclosing(reader.read("items")) as events:
                async for event in events:
                    outcomes.extend([event.outcome] if hasattr(event, "outcome") else [])

        reading = asyncio.create_task(read())
        await server.was_asked(2)
        reader.cancel()
        await asyncio.wait_for(reading, 0.9)  # a thread that nobody ends is given a second
        gate.set()

    assert outcomes == [Outcome.CANCELLED, Outcome.CANCELLED]
    assert [one.path for one in server.asked] == ["/items", "/lines"]


def test_a_list_has_no_partitions_and_needs_a_field_that_says_when(server: LoopbackServer) -> None:
    router = "partition_router: {type: ListPartitionRouter, values: [a], cursor_field: x}\n"
    text = manifest(server, pages=router + "pagination_reset: {type: PaginationReset, action: RESET}\n")
    text = text.replace("            truncation_indicator_path: [lines, more]\n", "")
    said = "\n".join(map(str, load_connector(Document.parse(text)).problems))
    assert "a `truncated_list_retriever` needs a `truncation_indicator_path`" in said
    assert "a list is fetched without partitions" in said
    assert "the pages of a list can't start over" in said
