"""Bodies that don't end, grow without bounds, or name what they are not."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import Iterator
from itertools import chain, repeat

import pytest

from core.components.http_requester import HttpRequester
from core.errors import ReadError
from core.http.bodies import LARGEST_ASIDE
from core.http.exchange import Role
from core.http.policy import RequestFailed
from tests.http.test_download import read_all
from tests.support.bodies import gzipped
from tests.support.broken_servers import Manners, serving
from tests.support.http_bench import Bench, build
from tests.support.server import LoopbackServer, Reply

TEXT = b"id,name\n1,a\n" * 1000
MEGABYTE = b" " * 1_000_000


def endless(head: bytes) -> Manners:
    """Answers with a head and a body that never ends."""

    async def manners(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 " + head + b"\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"%x\r\n%b\r\n" % (len(MEGABYTE), MEGABYTE))
            await writer.drain()

    return manners


def packed(times: int, body: Iterator[bytes]) -> bytes:
    for _ in range(times):
        body = gzipped(body)
    return b"".join(body)


async def failed(bench: Bench, url: str, **fields: object) -> str:
    requester = build({"type": "HttpRequester", "url": url, **fields}, HttpRequester)
    with pytest.raises(RequestFailed) as caught:
        await requester.send(bench.context, Role.POLL)
    return str(caught.value)


async def bench_send(bench: Bench, url: str) -> bytes:
    response = await build({"type": "HttpRequester", "url": url}, HttpRequester).send(bench.context, Role.POLL)
    assert response is not None
    return bytes(response.content)


async def test_an_endless_response_is_refused_and_not_requested_again(bench: Bench) -> None:
    async with serving(endless(b"200 OK")) as url:
        message = await failed(bench, f"{url}/jobs/1")
    assert message == f"GET {url}/jobs/1 failed: the answer is longer than 64 MB."
    assert [exchange.error for exchange in bench.exchanges] == ["the answer is longer than 64 MB"]


async def test_only_the_beginning_of_an_endless_error_is_read(bench: Bench) -> None:
    async with serving(endless(b"404 Not Found")) as url:
        message = await failed(bench, f"{url}/jobs/1")
    assert message == f"GET {url}/jobs/1 answered 404 Not Found. Check the URL."
    (exchange,) = bench.exchanges
    assert exchange.cut
    assert len(exchange.response_body or "") <= LARGEST_ASIDE


async def test_a_redirect_with_an_endless_body_is_followed(bench: Bench, server: LoopbackServer) -> None:
    server.on("/there", Reply("found"))
    async with serving(endless(b"302 Found\r\nLocation: " + server.url("/there").encode())) as url:
        response = await bench.send({"type": "HttpRequester", "url": url})
    assert response is not None
    assert response.text == "found"


async def test_endless_headers_are_reported(bench: Bench) -> None:
    async def manners(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X-More: " + b"a" * 1000 + b"\r\n")
            await writer.drain()

    async with serving(manners) as url:
        assert "the server broke off" in await failed(bench, url)


@pytest.mark.parametrize("times", [1, 3])
async def test_a_bomb_in_a_content_encoding_is_refused(bench: Bench, server: LoopbackServer, times: int) -> None:
    body = packed(times, repeat(MEGABYTE, 120))
    reply = Reply(body, headers={"Content-Encoding": ", ".join(["gzip"] * times)})
    server.on("/", reply)
    tracemalloc.start()
    try:
        with pytest.raises(ReadError, match="looks like a bomb") as caught:
            await read_all(bench, server.url("/"))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert str(caught.value).startswith(f"The download from {server.url('/')} is not read: its body")
    assert len(server.asked) == 1
    assert peak < 250_000_000  # what the test keeps of the body itself
    assert "longer than 64 MB" in await failed(bench, server.url("/"))


async def test_a_body_that_is_compressed_too_often_is_refused(bench: Bench, server: LoopbackServer) -> None:
    server.on("/", Reply(b"", headers={"Content-Encoding": ", ".join(["gzip"] * 4)}))
    assert "packed 4 times" in await failed(bench, server.url("/"))


async def test_an_unsupported_encoding_is_named(bench: Bench, server: LoopbackServer) -> None:
    server.on("/", Reply(b"\x1b\x00", headers={"Content-Encoding": "br"}))
    message = await failed(bench, server.url("/"), request_headers={"Accept-Encoding": "br"})
    assert "packed in `br`" in message
    assert "Accept-Encoding" in message


RAW = zlib.compressobj(wbits=-15)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(TEXT)),
        ("x-gzip", gzip.compress(TEXT)),
        ("gzip", gzip.compress(TEXT[:5000]) + gzip.compress(TEXT[5000:])),
        ("gzip", gzip.compress(TEXT) + b"\0" * 20),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", RAW.compress(TEXT) + RAW.flush()),
        ("gzip, gzip", gzip.compress(gzip.compress(TEXT))),
        ("deflate, gzip", gzip.compress(zlib.compress(TEXT))),
        ("identity", TEXT),
        ("utf-8", TEXT),
    ],
    ids=range(10),
)
async def test_content_encodings_are_decoded(bench: Bench, server: LoopbackServer, encoding: str, body: bytes) -> None:
    server.on("/", Reply(body, headers={"Content-Encoding": encoding}))
    response = await bench.send({"type": "HttpRequester", "url": server.url("/")})
    assert response is not None
    assert response.content == TEXT
    assert await read_all(bench, server.url("/")) == TEXT


@pytest.mark.parametrize("length", range(262_100, 262_460, 20))
async def test_output_that_remains_after_all_input_is_not_lost(
    bench: Bench, server: LoopbackServer, length: int
) -> None:
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = packer.compress(b"a" * length) + packer.flush()
    server.on("/raw", Reply(body, headers={"content-encoding": "deflate"}))

    response = await bench_send(bench, server.url("/raw"))

    assert len(response) == length


async def test_an_empty_body_decompresses_to_nothing(bench: Bench, server: LoopbackServer) -> None:
    server.on("/", Reply(b"", headers={"Content-Encoding": "gzip"}))
    assert await read_all(bench, server.url("/")) == b""


async def test_a_truncated_compressed_response_is_requested_again(bench: Bench, server: LoopbackServer) -> None:
    whole = gzip.compress(TEXT)
    headers = {"Content-Encoding": "gzip"}
    server.on("/", Reply(whole[:-9], headers=headers), Reply(whole, headers=headers))
    response = await bench.send({"type": "HttpRequester", "url": server.url("/")})
    assert response is not None
    assert response.content == TEXT
    assert "ends in the middle" in bench.log[0]


ODD_CHARSETS = [
    "base64",
    "zlib",
    "hex",
    "idna",
    "punycode",
    "undefined",
    "unicode_escape",
    "utf-99",
    "utf-16",
    "x" * 999,
]


@pytest.mark.parametrize("charset", ODD_CHARSETS, ids=lambda charset: charset[:20])
async def test_an_error_with_an_unusual_charset_is_shown(bench: Bench, server: LoopbackServer, charset: str) -> None:
    server.on("/", Reply("nö".encode(), 404, {"Content-Type": f"text/plain; charset={charset}"}))
    assert "answered 404 Not Found: nö." in await failed(bench, server.url("/"))


@pytest.mark.parametrize("charset", ["iso-8859-1", "windows-1252", "utf-16", "shift_jis", "gbk"])
async def test_an_error_in_its_charset_is_shown(bench: Bench, server: LoopbackServer, charset: str) -> None:
    word = {"shift_jis": "テスト", "gbk": "联通"}.get(charset, "nö")
    body = f'{{"message": "{word}"}}'.encode(charset)
    server.on("/", Reply(body, 404, {"Content-Type": f"application/json; charset={charset}"}))
    assert f"answered 404 Not Found: {word}." in await failed(bench, server.url("/"))


@pytest.mark.parametrize("depth", [300, 900, 5_000, 200_000])
async def test_a_deeply_nested_error_is_shown(bench: Bench, server: LoopbackServer, depth: int) -> None:
    body = b"".join(chain(repeat(b'{"message":', depth), (b'"no"',), repeat(b"}", depth)))
    server.on("/", Reply(body, 400, {"Content-Type": "application/json"}))
    assert "answered 400 Bad Request: " in await failed(bench, server.url("/"))


@pytest.mark.parametrize(
    ("encoding", "body"),
    [("gzip", b"plain"), ("gzip", gzip.compress(TEXT)[:-9]), ("br", b"\x0b"), (", ".join(["gzip"] * 9), b"")],
    ids=range(4),
)
async def test_an_error_whose_body_cannot_be_decompressed_stays_that_error(
    bench: Bench, server: LoopbackServer, encoding: str, body: bytes
) -> None:
    server.on("/", Reply(body, 404, {"Content-Encoding": encoding}))
    assert f"GET {server.url('/')} answered 404 Not Found" in await failed(bench, server.url("/"))
    assert len(server.asked) == 1
