"""Tables in the results of jobs: their columns come with the status, the first chunk or the first page."""

from __future__ import annotations

import asyncio
from typing import Any

from core.events import Outcome
from core.http.exchange import Role
from tests.support.jobs_api import manifest, serve_job
from tests.support.reading import read_all
from tests.support.server import Asked, LoopbackServer, Reply

WHOLE = "record_selector: {type: RecordSelector, extractor: {type: DpathExtractor, field_path: []}}"


def table(server: LoopbackServer, fields: str, **more: Any) -> str:
    text = manifest(server, **more)
    assert WHOLE in text
    return text.replace(
        WHOLE, f"record_selector: {{type: RecordSelector, extractor: {{type: TableExtractor, {fields}}}}}"
    )


async def test_columns_of_the_answer_to_polling_hold_for_all_chunks(server: LoopbackServer) -> None:
    serve_job(server, "unused")
    chunks = [server.url(f"/chunk/{number}") for number in range(3)]
    schema = {"columns": [{"name": "id", "type": "INT"}, {"name": "code", "type": "STRING"}]}
    server.on("/jobs/j1", Reply({"state": "done", "url": chunks, "manifest": {"schema": schema}}))
    for number in range(3):
        server.on(f"/chunk/{number}", Reply([[str(number), "007"], [None, ""]]))

    told = await read_all(table(server, "columns_path: [manifest, schema, columns]"))

    assert told.outcome is Outcome.COMPLETE
    assert sorted(map(str, told.records)) == sorted(
        map(str, [{"id": str(n), "code": "007"} for n in range(3)] + [{"id": None, "code": ""}] * 3)
    )


async def test_the_first_chunk_is_read_before_the_others_that_need_its_columns(server: LoopbackServer) -> None:
    serve_job(server, "unused")
    gate, early = asyncio.Event(), []
    chunks = [server.url(f"/chunk/{number}") for number in range(3)]
    server.on("/jobs/j1", Reply({"state": "done", "url": chunks}))
    server.on("/chunk/0", Reply([["id", "who"], [0, "Ann"]], gate=gate))

    def later(asked: Asked) -> Reply:
        early.append(not gate.is_set())
        return Reply([[int(asked.path[-1]), "id"]])

    server.on("/chunk/1", later)
    server.on("/chunk/2", later)
    asyncio.get_running_loop().call_later(0.2, gate.set)
    told = await read_all(table(server, "first_row_is_header: true"))

    assert early == [False, False]
    assert sorted(told.records, key=str) == [{"id": 0, "who": "Ann"}, {"id": 1, "who": "id"}, {"id": 2, "who": "id"}]


async def test_pages_of_a_result_go_on_with_the_columns_of_the_first(server: LoopbackServer) -> None:
    serve_job(server, "done")
    fields = [{"name": "id"}, {"name": "who"}]
    server.on(
        "/result",
        Reply({"schema": {"fields": fields}, "rows": [{"f": [{"v": "1"}, {"v": None}]}], "pageToken": "p2"}),
        Reply({"rows": [{"f": [{"v": "2"}, {"v": "Ann"}]}]}),
    )
    paginator = """
download_paginator:
  type: DefaultPaginator
  page_token_option: {type: RequestOption, inject_into: request_parameter, field_name: pageToken}
  pagination_strategy:
    type: CursorPagination
    cursor_value: "{{ response.pageToken }}"
    stop_condition: "{{ not response.pageToken }}"
"""
    told = await read_all(
        table(
            server,
            "rows_path: [rows], columns_path: [schema, fields], row_path: [f], cell_path: [v]",
            retriever=paginator,
        )
    )

    assert told.asked(Role.DOWNLOAD) == 2
    assert told.records == [{"id": "1", "who": None}, {"id": "2", "who": "Ann"}]


async def test_rows_without_columns_fail_with_the_places_that_were_looked_at(server: LoopbackServer) -> None:
    serve_job(server, "done", records=([1],))

    told = await read_all(table(server, "columns_path: [manifest]"))

    assert told.outcome is Outcome.FAILED
    assert "nothing at `manifest` in `polling_response` or `creation_response`" in told.errors
    assert "(`polling_response` holds the keys state, url; there is no `manifest` in it)" in told.errors
