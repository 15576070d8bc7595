"""A download that breaks off anywhere goes on to its end: no record comes twice, and none is lost."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import zipfile
from collections.abc import Callable, Iterator
from functools import cache

import pytest

from core.events import Outcome, Records, StreamFinished
from core.reading import open_reader
from tests.support.jobs_api import manifest, serve_job
from tests.support.paging_api import PAGES
from tests.support.paging_api import manifest as stream_manifest
from tests.support.reading import connector, no_wait, read_all
from tests.support.server import Asked, LoopbackServer, Reply

RECORDS = 3_000


def records() -> Iterator[dict[str, str]]:
    chance = random.Random(1)
    for number in range(RECORDS):
        yield {"id": str(number), "text": f'{chance.random()} "{chance.randint(0, 9)}",\n{chance.random()}'}


def as_csv() -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, ["id", "text"])
    writer.writeheader()
    writer.writerows(records())
    return text.getvalue().encode()


def as_json() -> bytes:
    return json.dumps(list(records())).encode()


def as_lines() -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records()).encode()


def as_zip(body: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("part.csv", body)
    return archive.getvalue()


FORMATS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "CSV": ("{type: CsvDecoder}", as_csv),
    "JSON": ("{type: JsonDecoder}", as_json),
    "JSON Lines": ("{type: JsonlDecoder}", as_lines),
    "gzip CSV": ("{type: GzipDecoder, decoder: {type: CsvDecoder}}", lambda: gzip.compress(as_csv())),
    "gzip JSON": ("{type: GzipDecoder, decoder: {type: JsonDecoder}}", lambda: gzip.compress(as_json())),
    "gzip JSON Lines": ("{type: GzipDecoder, decoder: {type: JsonlDecoder}}", lambda: gzip.compress(as_lines())),
    "zip CSV": ("{type: ZipfileDecoder, decoder: {type: CsvDecoder}}", lambda: as_zip(as_csv())),
}


@cache
def body_of(name: str) -> bytes:
    return FORMATS[name][1]()


Serve = Callable[[bytes, list[int]], Callable[[Asked], Reply]]
"""Makes a server's way to answer out of a body and the places (in the whole body) where it breaks off."""


def in_ranges(body: bytes, cuts: list[int]) -> Callable[[Asked], Reply]:
    """Sends the rest when it is asked for."""

    def reply(asked: Asked) -> Reply:
        headers = {"Accept-Ranges": "bytes", "ETag": '"v1"'}
        start = int(asked.headers.get("range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        cut = max(0, cuts.pop(0) - start) if cuts else None
        if not start:
            return Reply(body, 200, headers, cut)
        assert asked.headers["if-range"] == '"v1"'
        headers["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
        return Reply(body[start:], 206, headers, cut)

    return reply


def all_again(body: bytes, cuts: list[int]) -> Callable[[Asked], Reply]:
    """Knows no ranges and no versions."""
    return lambda _: Reply(body, cut=cuts.pop(0) if cuts else None)


def in_pieces(body: bytes, cuts: list[int]) -> Callable[[Asked], Reply]:
    """The same, without a length beforehand."""
    return lambda _: Reply(body, cut=cuts.pop(0) if cuts else None, chunked=True)


def compressed_on_the_way(body: bytes, cuts: list[int]) -> Callable[[Asked], Reply]:
    """Compresses what it sends, differently each time."""

    def reply(_: Asked) -> Reply:
        packed = gzip.compress(body, compresslevel=1 + len(cuts) % 9)
        cut = cuts.pop(0) * len(packed) // len(body) if cuts else None
        return Reply(packed, 200, {"Content-Encoding": "gzip", "ETag": 'W/"v1"', "Accept-Ranges": "bytes"}, cut)

    return reply


@pytest.mark.parametrize("serve", [in_ranges, all_again, in_pieces, compressed_on_the_way])
@pytest.mark.parametrize("name", FORMATS)
async def test_records_come_once_wherever_the_connection_is_cut(
    server: LoopbackServer, name: str, serve: Serve
) -> None:
    chance = random.Random(f"{name} {serve.__name__}")
    body = body_of(name)
    serve_job(server, "done")
    text = manifest(server, retriever=f"download_decoder: {FORMATS[name][0]}")
    for _ in range(100):
        cuts = sorted(chance.randrange(len(body)) for _ in range(chance.randint(1, 3)))
        server.on("/result", serve(body, list(cuts)))

        told = await read_all(text)

        assert told.outcome is Outcome.COMPLETE, (cuts, told.errors)
        assert [record["id"] for record in told.records] == [str(number) for number in range(RECORDS)], cuts


LINKED = """\
paginator:
  type: DefaultPaginator
  pagination_strategy: {type: CursorPagination, cursor_value: "{{ response['next'] }}"}
  page_token_option: {type: RequestOption, inject_into: request_parameter, field_name: page}
"""


@pytest.mark.parametrize("paginator", [PAGES, LINKED])
async def test_pages_that_break_off_are_read_once(server: LoopbackServer, paginator: str) -> None:
    chance = random.Random(paginator)
    pages = [{"items": [{"n": n} for n in range(first, first + 2)], "next": first + 2} for first in range(0, 20, 2)]
    last = {"items": [{"n": 20}], "next": None}
    answers = []
    for body in [*pages, last]:
        answers += [Reply(body, cut=chance.randrange(-1, 20)), Reply(body)]
    server.on("/items", *answers)

    told = await read_all(stream_manifest(server, retriever=paginator))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert told.records == [{"n": n} for n in range(21)]


async def test_a_file_that_has_changed_fails_clearly_once_records_have_left(server: LoopbackServer) -> None:
    body = as_csv()
    serve_job(server, "done")
    server.on("/result", Reply(body, cut=len(body) - 10), Reply(body.replace(b"0", b"1")))

    told = await read_all(manifest(server, retriever="download_decoder: {type: CsvDecoder}"))

    assert told.outcome is Outcome.FAILED
    assert "changed" in told.errors
    assert len(server.to("/jobs")) == 1
    ids = [record["id"] for record in told.records]
    assert ids == [str(number) for number in range(len(ids))]
    assert len(ids) == told.end.records


async def test_what_was_counted_of_a_download_that_broke_for_good_was_delivered(server: LoopbackServer) -> None:
    body = as_csv()
    serve_job(server, "done")
    server.on("/result", Reply(body, cut=len(body) - 10), Reply("gone", 410))
    loaded, written = connector(manifest(server, retriever="download_decoder: {type: CsvDecoder}")), b""

    async with open_reader(loaded, {}, sleep=no_wait) as reader:
        async for event in reader.read("exports", encode=lambda records: b"x" * len(records)):
            if isinstance(event, Records):
                written += event.data

    assert isinstance(event, StreamFinished)
    assert event.outcome is Outcome.FAILED
    assert len(written) == event.records > 0


async def test_a_file_that_has_changed_is_taken_from_the_start_when_no_record_has_left(server: LoopbackServer) -> None:
    body = body_of("zip CSV")
    serve_job(server, "done")
    server.on("/result", Reply(body, cut=500), Reply(body[:400] + b"!!" + body[402:]), Reply(body))

    told = await read_all(
        manifest(server, retriever="download_decoder: {type: ZipfileDecoder, decoder: {type: CsvDecoder}}")
    )

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert len(told.records) == RECORDS


@pytest.mark.parametrize("name", ["gzip CSV", "zip CSV", "JSON"])
async def test_a_file_that_the_server_cut_short_cleanly_is_downloaded_again_when_no_record_has_left(
    server: LoopbackServer, name: str
) -> None:
    body = body_of(name)
    serve_job(server, "done")
    server.on("/result", Reply(body[:50]), Reply(body))

    told = await read_all(manifest(server, retriever=f"download_decoder: {FORMATS[name][0]}"))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert len(told.records) == RECORDS


@pytest.mark.parametrize("status", [403, 404, 410])
async def test_a_link_that_expires_in_the_middle_is_renewed_and_the_download_goes_on(
    server: LoopbackServer, status: int
) -> None:
    body = body_of("CSV")
    serve_job(server)
    links = [Reply({"state": "done", "url": server.url(f"/result?link={number}")}) for number in range(3)]
    server.on("/jobs/j1", *links)
    serve = in_ranges(body, [50_000, 100_000])

    def expiring(asked: Asked) -> Reply:
        served = len(server.to("/result"))
        current = int(asked.query["link"][0])
        return Reply("expired", status) if served in (2, 4) and current == served // 2 - 1 else serve(asked)

    server.on("/result", expiring)

    told = await read_all(manifest(server, retriever="download_decoder: {type: CsvDecoder}"))

    assert told.outcome is Outcome.COMPLETE, told.errors
    assert [record["id"] for record in told.records] == [str(number) for number in range(RECORDS)]
    assert [asked.query["link"] for asked in server.to("/result")] == [["0"], ["0"], ["1"], ["1"], ["2"]]
    assert len(server.to("/jobs")) == 1
