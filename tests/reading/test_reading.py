"""Reading a synchronous stream: pages, partitions, parents, state, limits, secrets, and what failures say."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from core.components.simple_retriever import SimpleRetriever
from core.connector import load_connector
from core.errors import ManifestError
from core.events import ExchangeFinished, Outcome, Records, StateAdvanced
from core.manifest.document import Document
from core.outputs.encoders import JsonLines
from core.reading import Limits, open_reader
from tests.support.paging_api import INCREMENTAL, PAGES, PARENTS, manifest, page
from tests.support.reading import Told, connector, no_wait, read_all
from tests.support.server import Asked, LoopbackServer, Reply


async def test_all_pages_are_read(server: LoopbackServer) -> None:
    server.on("/items", page)

    told = await read_all(manifest(server, retriever=PAGES))

    assert told.records == [{"n": n} for n in range(5)]
    assert [asked.query["page"] for asked in server.asked] == [["1"], ["2"], ["3"]]


async def test_records_and_requests_name_their_page(server: LoopbackServer) -> None:
    server.on("/items", page)

    told = await read_all(manifest(server, retriever=PAGES))

    assert [(batch.page, len(batch.records)) for batch in told.of(Records)] == [(1, 2), (2, 2), (3, 1)]
    assert [one.page for one in told.of(ExchangeFinished)] == [1, 2, 3]


async def test_a_limit_on_pages_counts_within_a_slice_and_says_that_it_cut(server: LoopbackServer) -> None:
    server.on("/items", page)

    told = await read_all(manifest(server, retriever=PAGES), limits=Limits(pages=2))

    assert told.outcome is Outcome.LIMITED
    assert len(told.records) == 4


async def test_a_limit_on_pages_that_cuts_nothing_is_none(server: LoopbackServer) -> None:
    server.on("/items", page)

    told = await read_all(manifest(server, retriever=PAGES), limits=Limits(pages=3))

    assert told.outcome is Outcome.COMPLETE


async def test_a_limit_on_slices(server: LoopbackServer) -> None:
    server.on("/items", Reply({"items": [{"n": 1}]}))
    router = "partition_router: {type: ListPartitionRouter, values: [a, b, c], cursor_field: x}"

    told = await read_all(manifest(server, retriever=router), limits=Limits(slices=2))

    assert (told.outcome, len(told.slices)) == (Outcome.LIMITED, 2)


async def test_slices_are_read_side_by_side_as_the_concurrency_level_says(server: LoopbackServer) -> None:
    gate = asyncio.Event()
    waiting = 0

    def meet(_asked: Asked) -> Reply:
        nonlocal waiting
        waiting += 1
        if waiting == 3:
            gate.set()
        return Reply({"items": []}, gate=gate)

    server.on("/items", meet)
    router = "partition_router: {type: ListPartitionRouter, values: [a, b, c], cursor_field: x}"
    top = "concurrency_level: {type: ConcurrencyLevel, default_concurrency: 3}"

    told = await asyncio.wait_for(read_all(manifest(server, retriever=router, top=top)), 10)

    assert told.outcome is Outcome.COMPLETE


async def test_a_child_is_read_once_for_each_record_of_its_parent(server: LoopbackServer) -> None:
    server.on("/owners", Reply([{"id": 1}, {"id": 2}]))
    server.on("/items", lambda asked: Reply({"items": [{"of": asked.query["owner"][0]}]}))

    told = await read_all(manifest(server, retriever=PARENTS % server.url("/owners")))

    assert sorted(record["of"] for record in told.records) == ["1", "2"]
    assert [(one.parent, one.page) for one in told.of(ExchangeFinished)] == [("owners", None), (None, 1), (None, 1)]


async def test_a_parent_that_fails_is_named(server: LoopbackServer) -> None:
    server.on("/owners", Reply({"message": "closed on Sundays"}, 403))

    told = await read_all(manifest(server, retriever=PARENTS % server.url("/owners")))

    assert told.outcome is Outcome.FAILED
    assert "parent stream `owners`" in told.errors
    assert "closed on Sundays" in told.errors


async def test_state_advances_with_each_slice_and_the_next_read_goes_on_there(server: LoopbackServer) -> None:
    server.on("/items", lambda asked: Reply({"items": [{"day": asked.query["from"][0]}]}))
    one_by_one = "concurrency_level: {type: ConcurrencyLevel, default_concurrency: 1}"
    text = manifest(server, stream=INCREMENTAL, top=one_by_one)

    first = await read_all(text)
    server.asked.clear()
    second = await read_all(text, state={"day": "2024-01-03"})

    assert [record["day"] for record in first.records][:2] == ["2024-01-01", "2024-01-02"]
    assert first.of(StateAdvanced)[0].state == {"day": "2024-01-01"}
    assert first.state == {"day": first.records[-1]["day"]}
    assert server.asked[0].query["from"] == ["2024-01-03"]
    assert second.outcome is Outcome.COMPLETE


async def test_a_failed_slice_does_not_move_the_state_past_itself(server: LoopbackServer) -> None:
    def day(asked: Asked) -> Reply:
        if asked.query["from"] == ["2024-01-02"]:
            return Reply("broken", 400)
        return Reply({"items": [{"day": asked.query["from"][0]}]})

    server.on("/items", day)

    told = await read_all(manifest(server, stream=INCREMENTAL))

    assert told.outcome is Outcome.FAILED
    resumed = await _first_day_after(server, manifest(server, stream=INCREMENTAL), told)
    assert resumed == "2024-01-02"


async def _first_day_after(server: LoopbackServer, text: str, told: Told) -> str:
    """The first day that a second read asks for again, of those that were not read."""
    server.asked.clear()
    server.on("/items", lambda asked: Reply({"items": [{"day": asked.query["from"][0]}]}))
    await read_all(text, state=told.state)
    asked = [request.query["from"][0] for request in server.asked]
    return next(day for day in asked if day >= "2024-01-02")


async def test_secrets_are_masked_in_exchanges_logs_and_errors(server: LoopbackServer) -> None:
    server.on("/items", lambda asked: Reply({"error": f"no access with {asked.headers['authorization']}"}, 403))
    top = """\
spec:
  type: Spec
  connection_specification:
    type: object
    properties: {key: {type: string, airbyte_secret: true}, user: {type: string}}
"""
    requester = """\
authenticator: {type: BasicHttpAuthenticator, username: "{{ config['user'] }}", password: "{{ config['key'] }}"}
request_parameters: {again: "{{ config['key'] }}"}
"""
    config = {"user": "ada", "key": "p@ss/word+1"}

    told = await read_all(manifest(server, top=top, requester=requester), config)

    assert told.outcome is Outcome.FAILED
    everything = repr(told.events)
    for form in ("p@ss/word+1", "p%40ss%2Fword%2B1", "YWRhOnBAc3Mvd29yZCsx"):
        assert form not in everything
    assert "****" in told.errors


async def test_a_web_page_instead_of_data_is_named_as_such(server: LoopbackServer) -> None:
    server.on("/items", Reply("<!DOCTYPE html><title>Log in</title>", headers={"Content-Type": "text/html"}))

    told = await read_all(manifest(server))

    assert told.outcome is Outcome.FAILED
    assert "HTML" in told.errors
    assert "Log in" in told.errors


async def test_a_record_that_is_no_object_is_explained(server: LoopbackServer) -> None:
    server.on("/items", Reply({"items": ["a", "b"]}))

    told = await read_all(manifest(server))

    assert told.outcome is Outcome.FAILED
    assert "field path" in told.errors


async def test_a_template_that_fails_at_run_time_fails_the_stream_in_plain_words(server: LoopbackServer) -> None:
    text = manifest(server).replace('/items"', "/{{ config['a']['b']['c'] }}\"")

    told = await read_all(text)

    assert told.outcome is Outcome.FAILED
    assert "config['a']['b']['c']" in told.errors


async def test_what_is_not_run_is_named_when_a_read_meets_it(server: LoopbackServer) -> None:
    custom = "paginator: {type: CustomPaginator, class_name: source.components.Mine}"

    told = await read_all(manifest(server, retriever=custom))

    assert told.outcome is Outcome.FAILED
    assert "CustomPaginator" in told.errors
    assert not server.asked


async def test_an_encoder_gets_small_batches_and_its_bytes_arrive_in_order(server: LoopbackServer) -> None:
    server.on("/items", Reply({"items": [{"n": n} for n in range(1000)]}))
    sizes: list[int] = []

    def encode(batch: Sequence[dict[str, Any]]) -> bytes:
        sizes.append(len(batch))
        return b"".join(b"%d " % record["n"] for record in batch)

    told = Told()
    async with open_reader(connector(manifest(server)), {}, sleep=no_wait) as reader:
        async for event in reader.read("items", encode=encode):
            told.events.append(event)

    batches = told.of(Records)
    assert b"".join(batch.data for batch in batches) == b"".join(b"%d " % n for n in range(1000))
    assert sum(batch.count for batch in batches) == 1000
    assert max(sizes) <= 100


async def test_a_large_array_is_read_while_it_arrives(server: LoopbackServer) -> None:
    server.on("/items", Reply([{"n": n, "text": "x" * 100} for n in range(20_000)], chunked=True))

    told = await read_all(manifest(server, field_path="[]"))

    assert len(told.records) == 20_000
    assert len(told.of(ExchangeFinished)) == 1


async def test_a_broken_manifest_is_not_opened(server: LoopbackServer) -> None:
    broken = load_connector(Document.parse(manifest(server).replace("url:", "link:")))
    with pytest.raises(ManifestError):
        async with open_reader(broken, {}):
            pass


async def test_the_paginator_sees_the_response_as_it_came(server: LoopbackServer) -> None:
    server.on("/items", lambda asked: Reply({"items": [] if asked.query else [{"id": 7, "n": 1}]}))
    paginator = """\
paginator:
  type: DefaultPaginator
  pagination_strategy:
    type: CursorPagination
    cursor_value: "{{ response['items'][-1]['id'] }}"
    stop_condition: "{{ not response['items'] }}"
  page_token_option: {type: RequestOption, inject_into: request_parameter, field_name: after}
"""
    removed = "transformations: [{type: RemoveFields, field_pointers: [[id]]}]"

    told = await read_all(manifest(server, retriever=paginator, stream=removed))

    assert told.records == [{"n": 1}]
    assert server.asked[1].query == {"after": ["7"]}


@pytest.mark.parametrize("pages", ["", PAGES])
async def test_an_error_body_that_a_filter_lets_pass_holds_no_records(server: LoopbackServer, pages: str) -> None:
    server.on("/items", Reply({"items": [{"n": 1}]}, 404))
    handler = """\
error_handler:
  type: DefaultErrorHandler
  response_filters: [{type: HttpResponseFilter, http_codes: [404], action: SUCCESS}]
"""
    told = await read_all(manifest(server, requester=handler, retriever=pages))

    assert (told.outcome, told.records, len(server.asked)) == (Outcome.COMPLETE, [], 1)


async def test_a_mistake_of_our_own_fails_its_slice_only(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.on("/items", Reply({"items": [{"n": 1}]}))
    sound = SimpleRetriever.read
    calls = 0

    async def unsound(self: SimpleRetriever, *arguments: Any) -> Outcome:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise ZeroDivisionError("oops")
        return await sound(self, *arguments)

    monkeypatch.setattr(SimpleRetriever, "read", unsound)
    router = "partition_router: {type: ListPartitionRouter, values: [a, b, c], cursor_field: x}"

    told = await read_all(manifest(server, retriever=router))

    assert told.slices.count(Outcome.COMPLETE) == 2
    assert told.errors == "Longhaul itself went wrong here (ZeroDivisionError: oops). Please report it."


LINES = b'{"a": 1, "big": 123456789012345678901234567890}\n{"b":  [ ],\t"a": 2}\n{"a":3}'


@pytest.mark.parametrize(
    ("stream", "limit", "written"),
    [
        ("", None, LINES + b"\n"),
        ("", 1, LINES[: LINES.index(b"\n") + 1]),
        (
            "transformations: [{type: RemoveFields, field_pointers: [[big], [b]]}]",
            None,
            b'{"a":1}\n{"a":2}\n{"a":3}\n',
        ),
    ],
)
async def test_json_lines_that_nobody_changes_are_written_as_they_came(
    server: LoopbackServer, stream: str, limit: int | None, written: bytes
) -> None:
    server.on("/items", lambda _: Reply(body=LINES))
    loaded = connector(manifest(server, stream=stream, retriever="decoder: {type: JsonlDecoder}", field_path="[]"))
    data = b""
    async with open_reader(loaded, {}) as reader:
        async for event in reader.read("items", limits=Limits(records=limit), encode=JsonLines().encode):
            data += event.data if isinstance(event, Records) else b""
    assert data == written
