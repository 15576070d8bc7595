"""Answers and pages that are odd: in another charset, too deep, too long. They are never our own fault."""

from __future__ import annotations

import asyncio
import gzip
from itertools import chain, repeat

import pytest

from core.events import Outcome
from core.http.exchange import Role
from tests.support.broken_servers import serving
from tests.support.jobs_api import manifest as job_manifest
from tests.support.jobs_api import serve_job
from tests.support.reading import read_all
from tests.support.server import LoopbackServer, Reply

LATIN = {"Content-Type": "application/json; charset=ISO-8859-1"}


def deep(depth: int, middle: bytes = b"1") -> bytes:
    return b"".join(chain(repeat(b'{"a":', depth), (middle,), repeat(b"}", depth)))


def pages(server: LoopbackServer, decoder: str = "{type: JsonDecoder}", path: str = "[rows]") -> str:
    return f"""
version: 7.0.0
type: DeclarativeSource
check: {{type: CheckStream, stream_names: [rows]}}
streams:
  - type: DeclarativeStream
    name: rows
    retriever:
      type: SimpleRetriever
      requester: {{type: HttpRequester, url: "{server.url("/rows")}"}}
      decoder: {decoder}
      paginator:
        type: DefaultPaginator
        page_token_option: {{type: RequestOption, inject_into: request_parameter, field_name: after}}
        pagination_strategy:
          type: CursorPagination
          cursor_value: "{{{{ response.next }}}}"
          stop_condition: "{{{{ not response.next }}}}"
      record_selector: {{type: RecordSelector, extractor: {{type: DpathExtractor, field_path: {path}}}}}
"""


async def test_creation_and_polling_are_read_in_their_charset(server: LoopbackServer) -> None:
    serve_job(server)
    server.on("/jobs", Reply('{"id": "j1", "note": "Müller"}'.encode("latin-1"), 201, LATIN))
    body = f'{{"state": "fertig ü", "url": "{server.url("/result")}"}}'
    server.on("/jobs/j1", Reply(body.encode("latin-1"), headers=LATIN))
    told = await read_all(
        job_manifest(server, mapping="{running: [], completed: ['fertig ü'], failed: [], timeout: []}")
    )
    assert told.outcome is Outcome.COMPLETE, told.errors
    assert told.records == [{"n": 1}, {"n": 2}]


async def test_a_polling_answer_in_text_may_have_single_bad_bytes(server: LoopbackServer) -> None:
    serve_job(server)
    server.on("/jobs/j1", Reply(b"done (caf\xe9)", headers={"Content-Type": "text/plain"}))
    text = job_manifest(server, target="", mapping="{running: [], completed: [done], failed: [], timeout: []}")
    text = text.replace("field_path: [state]", "field_path: [text]").replace(
        "{{ download_target }}", server.url("/result")
    )
    text = text.replace("completed: [done]", 'completed: ["done (caf\\ufffd)"]')
    told = await read_all(text)
    assert told.outcome is Outcome.COMPLETE, told.errors


async def test_pages_in_their_charset_are_read_by_paginator_and_selector_alike(server: LoopbackServer) -> None:
    first = '{"rows": [{"n": "Müller"}], "next": "ü"}'.encode("latin-1")
    server.on("/rows", Reply(first, headers=LATIN), Reply('\ufeff{"rows": [{"n": "é"}]}'.encode()))
    told = await read_all(pages(server))
    assert told.outcome is Outcome.COMPLETE, told.errors
    assert told.records == [{"n": "Müller"}, {"n": "é"}]
    assert server.asked[1].query == {"after": ["ü"]}


async def test_a_record_with_bytes_that_are_no_text_is_an_error_with_the_place_and_the_option(
    server: LoopbackServer,
) -> None:
    server.on("/rows", Reply(b'{"rows": [{"n": "M\xfcller"}]}', headers={"Content-Type": "application/json"}))
    told = await read_all(pages(server))
    assert told.outcome is Outcome.FAILED
    assert "the byte 0xfc at position 18 does not fit" in told.errors
    assert "name it in `encoding` of the decoder" in told.errors
    told = await read_all(pages(server, "{type: JsonDecoder, encoding: latin-1}"))
    assert told.records == [{"n": "Müller"}]


@pytest.mark.parametrize("depth", [200, 500, 950, 3_000, 300_000])
async def test_what_is_nested_deeply_is_never_our_own_fault(server: LoopbackServer, depth: int) -> None:
    server.on("/rows", Reply(b'{"rows": [' + deep(depth) + b'], "next": ' + deep(depth) + b"}"), Reply({"rows": []}))
    told = await read_all(pages(server))
    assert "Longhaul itself" not in told.errors
    assert told.outcome is (Outcome.COMPLETE if depth == 200 else told.outcome)

    serve_job(server, "done")
    for path, status in (("/jobs", 201), ("/jobs/j1", 200)):
        server.on(
            path,
            Reply(
                b'{"id": "j1", "state": ' + deep(depth) + b', "url": ' + b"[" * 900 + b"1" + b"]" * 900 + b"}", status
            ),
        )
    told = await read_all(job_manifest(server, polling="/jobs/j1", retriever="polling_job_timeout: 0.001"))
    assert "Longhaul itself" not in told.errors


async def test_a_poll_without_end_ends_with_a_message() -> None:
    async def manners(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"POST"):
            writer.write(b'HTTP/1.1 201 Created\r\nContent-Length: 12\r\n\r\n{"id": "j1"}')
            head = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"186a0\r\n" + b'{"a": 1, ' + b" " * 99_991 + b"\r\n")
            await writer.drain()

    server = LoopbackServer()
    async with server, serving(manners) as url:
        told = await read_all(job_manifest(server).replace(server.url(), url))
    assert told.outcome is Outcome.FAILED
    assert "the answer is longer than 64 MB" in told.errors
    assert told.asked(Role.POLL) < 10


async def test_a_bomb_in_a_page_is_refused(server: LoopbackServer) -> None:
    body = gzip.compress(gzip.compress(b" " * 150_000_000, 1), 9)
    server.on("/rows", Reply(body, headers={"Content-Encoding": "gzip, gzip"}))
    told = await read_all(pages(server))
    assert "looks like a bomb" in told.errors
    assert len(server.asked) == 1
