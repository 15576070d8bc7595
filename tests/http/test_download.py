from __future__ import annotations

import asyncio
import gzip
import io
import random
import threading
import zipfile
from collections.abc import Callable

import pytest

from core.components.http_requester import HttpRequester
from core.errors import ReadError
from core.http.exchange import BODY_LIMIT, Role
from core.http.policy import RequestFailed
from core.http.secrets import Secrets
from tests.support.http_bench import Bench, build
from tests.support.server import Asked, LoopbackServer, Reply

BODY = random.Random(7).randbytes(300_000)
RESUMABLE = {"Accept-Ranges": "bytes", "ETag": '"v1"'}


async def read_all(bench: Bench, url: str, **fields: object) -> bytes:
    requester = build({"type": "HttpRequester", "url": url, **fields}, HttpRequester)
    async with requester.open(bench.context, Role.DOWNLOAD) as download:
        assert download is not None
        body = b"".join([chunk async for chunk in download.chunks()])
        assert download.received == len(body)
    return body


def ranges(*cuts: int, tag: str = '"v1"', status: int = 206) -> Callable[[Asked], Reply]:
    """Serves BODY from where it is asked for, breaking off after so many bytes, one cut a request."""
    left = list(cuts)

    def reply(asked: Asked) -> Reply:
        cut = left.pop(0) if left else None
        headers = {**RESUMABLE, "ETag": tag}
        if "range" not in asked.headers:
            return Reply(BODY, 200, headers, cut)
        start = int(asked.headers["range"].removeprefix("bytes=").removesuffix("-"))
        headers["Content-Range"] = f"bytes {start}-{len(BODY) - 1}/{len(BODY)}"
        return Reply(BODY[start:], status, headers, cut)

    return reply


async def test_a_body_arrives_in_chunks_of_moderate_size(bench: Bench, server: LoopbackServer) -> None:
    server.on("/file", Reply(BODY))
    requester = build({"type": "HttpRequester", "url": server.url("/file")}, HttpRequester)
    async with requester.open(bench.context, Role.DOWNLOAD) as download:
        assert download is not None
        assert download.response.status_code == 200
        sizes = [len(chunk) async for chunk in download.chunks()]
    assert sum(sizes) == len(BODY)
    assert all(30_000 < size < 200_000 for size in sizes[:-1])


@pytest.mark.parametrize("chunked", [True, False])
async def test_content_encodings_are_removed(bench: Bench, server: LoopbackServer, chunked: bool) -> None:
    text = b"id,name\n1,a\n" * 1000
    server.on("/file", Reply(gzip.compress(text), 200, {"Content-Encoding": "gzip"}, chunked=chunked))
    assert await read_all(bench, server.url("/file")) == text
    (exchange,) = bench.exchanges
    assert exchange.response_body == text.decode()
    assert exchange.response_size == len(gzip.compress(text))


@pytest.mark.parametrize("role", [Role.DOWNLOAD, Role.PAGE])
async def test_the_event_loop_goes_on_while_a_large_body_is_masked(
    bench: Bench, server: LoopbackServer, monkeypatch: pytest.MonkeyPatch, role: Role
) -> None:
    server.on("/file", Reply("12,Zoë\n" * 100_000))
    masked: list[bool] = []
    mask, loop = Secrets.mask, asyncio.get_running_loop()

    def watched(self: Secrets, text: str, until: int | None = None) -> str:
        if len(text) > 100_000:
            went_on = threading.Event()
            loop.call_soon_threadsafe(went_on.set)
            masked.append(went_on.wait(0.0 if threading.current_thread() is threading.main_thread() else 5.0))
        return mask(self, text, until)

    monkeypatch.setattr(Secrets, "mask", watched)
    requester = build({"type": "HttpRequester", "url": server.url("/file")}, HttpRequester)
    if role is Role.DOWNLOAD:
        await read_all(bench, server.url("/file"))
    else:
        await requester.send(bench.context, role)
    (exchange,) = bench.exchanges
    assert exchange.response_body == "12,Zoë\n" * 100_000
    assert masked == [True]


async def test_the_exchange_is_recorded_when_the_body_ends(bench: Bench, server: LoopbackServer) -> None:
    server.on("/file", Reply(b"id\n1\n"))
    requester = build({"type": "HttpRequester", "url": server.url("/file")}, HttpRequester)
    async with requester.open(bench.context, Role.DOWNLOAD) as download:
        assert download is not None
        assert bench.exchanges == []
        assert [chunk async for chunk in download.chunks()] == [b"id\n1\n"]
        assert len(bench.exchanges) == 1
    assert len(bench.exchanges) == 1


async def test_only_the_beginning_of_a_long_body_is_recorded(bench: Bench, server: LoopbackServer) -> None:
    server.on("/file", Reply(b"x" * (BODY_LIMIT + 500_000)))
    await read_all(bench, server.url("/file"))
    assert bench.exchanges[0].response_body == "x" * BODY_LIMIT
    assert bench.exchanges[0].response_size == BODY_LIMIT + 500_000


async def test_a_binary_body_is_described(bench: Bench, server: LoopbackServer) -> None:
    server.on("/file", Reply(gzip.compress(BODY), 200, {"Content-Type": "application/gzip"}))
    await read_all(bench, server.url("/file"))
    assert bench.exchanges[0].response_body == "<binary, 300.1 kB, application/gzip>"


def zipped(content: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data/contacts.csv", content)
    return held.getvalue()


@pytest.mark.parametrize("packed", [gzip.compress, zipped])
async def test_compressed_text_is_recorded_as_text(
    bench: Bench, server: LoopbackServer, packed: Callable[[bytes], bytes]
) -> None:
    server.on("/file", Reply(packed("id,name\n1,Zoë\n".encode()), 200, {"Content-Type": "application/octet-stream"}))
    await read_all(bench, server.url("/file"))
    assert bench.exchanges[0].response_body == "id,name\n1,Zoë\n"
    assert not bench.exchanges[0].cut


async def test_only_the_beginning_of_long_compressed_text_is_recorded(bench: Bench, server: LoopbackServer) -> None:
    server.on("/file", Reply(gzip.compress(b"x" * (BODY_LIMIT + 1)), 200, {"Content-Type": "application/gzip"}))
    await read_all(bench, server.url("/file"))
    assert bench.exchanges[0].response_body == "x" * BODY_LIMIT
    assert bench.exchanges[0].cut


async def test_a_download_that_is_stopped_early_is_recorded_as_far_as_it_was_read(
    bench: Bench, server: LoopbackServer
) -> None:
    server.on("/file", Reply(b"y" * 5_000_000))
    requester = build({"type": "HttpRequester", "url": server.url("/file")}, HttpRequester)
    async with requester.open(bench.context, Role.DOWNLOAD) as download:
        assert download is not None
        async for _ in download.chunks():
            break
    (exchange,) = bench.exchanges
    assert exchange.status == 200
    assert exchange.response_size == 5_000_000
    assert exchange.response_body is not None
    assert 0 < len(exchange.response_body) <= BODY_LIMIT


async def test_a_broken_download_is_resumed(bench: Bench, server: LoopbackServer) -> None:
    server.on("/file", ranges(100_000, 50_000))
    assert await read_all(bench, server.url("/file")) == BODY
    assert [asked.headers.get("range") for asked in server.asked] == [None, "bytes=100000-", "bytes=150000-"]
    assert {asked.headers.get("if-range") for asked in server.asked[1:]} == {'"v1"'}
    assert [exchange.status for exchange in bench.exchanges] == [200, 206, 206]
    assert "broke off" in str(bench.exchanges[0].error)
    assert bench.exchanges[-1].error is None
    assert bench.waits == [1, 2]


async def test_the_rest_is_requested_with_fresh_credentials(bench: Bench, server: LoopbackServer) -> None:
    server.on("/file", ranges(100_000))
    bearer = {"type": "BearerAuthenticator", "api_token": "token-1"}
    assert await read_all(bench, server.url("/file"), authenticator=bearer) == BODY
    assert [asked.headers["authorization"] for asked in server.asked] == ["Bearer token-1"] * 2


async def test_a_busy_server_is_asked_for_the_rest_again(bench: Bench, server: LoopbackServer) -> None:
    serve = ranges(100_000)
    server.on("/file", serve, Reply("busy", 503), Reply(cut=-1), serve)
    assert await read_all(bench, server.url("/file")) == BODY
    assert bench.waits == [1, 2, 4]


async def test_a_download_that_keeps_breaking_is_given_up(bench: Bench, server: LoopbackServer) -> None:
    server.on("/file", ranges(*[1_000] * 20))
    with pytest.raises(ReadError, match=r"broke off after 6\.0 kB of 300\.0 kB: .* in 5 tries") as caught:
        await read_all(bench, server.url("/file"))
    assert caught.value.retryable
    assert len(server.asked) == 6


NO_RANGES: list[dict[str, str]] = [
    {},
    {"Accept-Ranges": "bytes"},
    {"ETag": '"v1"'},
    {"Accept-Ranges": "none", "ETag": '"v1"'},
    {"Accept-Ranges": "bytes", "ETag": 'W/"v1"'},
]


@pytest.mark.parametrize("headers", NO_RANGES)
@pytest.mark.parametrize("chunked", [False, True])
async def test_without_ranges_and_a_validator_everything_is_sent_again_and_the_known_part_is_skipped(
    bench: Bench, server: LoopbackServer, headers: dict[str, str], chunked: bool
) -> None:
    cuts = [100_000, 50_000, 150_000]
    server.on("/file", *[Reply(BODY, 200, headers, cut, chunked) for cut in cuts], Reply(BODY, 200, headers))
    assert await read_all(bench, server.url("/file")) == BODY
    assert [asked.headers.get("range") for asked in server.asked] == [None] * 4
    assert "broke off" in str(bench.exchanges[0].error)


@pytest.mark.parametrize("other", [BODY[:99_999] + b"!" + BODY[100_000:], BODY[:99_999], b""])
async def test_a_changed_body_is_not_mixed_with_the_one_that_broke_off(
    bench: Bench, server: LoopbackServer, other: bytes
) -> None:
    server.on("/file", Reply(BODY, cut=100_000), Reply(other))
    with pytest.raises(ReadError, match=r"broke off after 100\.0 kB of 300\.0 kB: the file .* changed") as caught:
        await read_all(bench, server.url("/file"))
    assert caught.value.retryable
    assert len(server.asked) == 2


async def test_a_body_that_has_grown_is_resumed(bench: Bench, server: LoopbackServer) -> None:
    server.on("/file", Reply(BODY, cut=100_000), Reply(BODY + b"more"))
    assert await read_all(bench, server.url("/file")) == BODY + b"more"


async def test_a_server_that_sends_everything_instead_of_the_rest_is_understood(
    bench: Bench, server: LoopbackServer
) -> None:
    server.on("/file", Reply(BODY, 200, RESUMABLE, cut=100_000), Reply(BODY, 200, RESUMABLE))
    assert await read_all(bench, server.url("/file")) == BODY


async def test_a_compressed_transfer_that_breaks_is_sent_again(bench: Bench, server: LoopbackServer) -> None:
    headers = {**RESUMABLE, "Content-Encoding": "gzip"}
    server.on(
        "/file", Reply(gzip.compress(BODY), 200, headers, cut=200_000), Reply(gzip.compress(BODY, 1), 200, headers)
    )
    assert await read_all(bench, server.url("/file")) == BODY
    assert "range" not in server.asked[1].headers


async def test_a_token_that_expires_during_a_download_is_renewed(bench: Bench, server: LoopbackServer) -> None:
    serve = ranges(100_000)
    server.on("/login", Reply({"token": "first"}), Reply({"token": "second"}))
    server.on("/file", serve, Reply("expired", 401), serve)
    login = {
        "type": "SessionTokenAuthenticator",
        "login_requester": {"type": "HttpRequester", "url": server.url("/login"), "http_method": "POST"},
        "session_token_path": ["token"],
        "request_authentication": {"type": "Bearer"},
    }
    assert await read_all(bench, server.url("/file"), authenticator=login) == BODY
    tokens = [asked.headers["authorization"] for asked in server.to("/file")]
    assert tokens == ["Bearer first", "Bearer first", "Bearer second"]


async def test_the_last_modified_date_serves_as_validator(bench: Bench, server: LoopbackServer) -> None:
    date = "Wed, 01 May 2024 10:00:00 GMT"
    rest = {"Content-Range": f"bytes 100000-{len(BODY) - 1}/{len(BODY)}"}
    headers = {"Accept-Ranges": "bytes", "Last-Modified": date}
    server.on("/file", Reply(BODY, 200, headers, cut=100_000), Reply(BODY[100_000:], 206, rest))
    assert await read_all(bench, server.url("/file")) == BODY
    assert server.asked[1].headers["if-range"] == date


@pytest.mark.parametrize(
    "rest",
    [
        Reply(BODY, 200, {**RESUMABLE, "ETag": '"v2"'}),
        Reply(BODY + b"x", 200, RESUMABLE),
        Reply(BODY[100_001:], 206, {"Content-Range": f"bytes 100001-{len(BODY) - 1}/{len(BODY)}"}),
        Reply(BODY[100_000:], 206, {"Content-Range": f"bytes 100000-{len(BODY)}/{len(BODY) + 1}"}),
        Reply(BODY[100_000:], 206),
        Reply("expired", 403),
    ],
)
async def test_a_different_range_than_requested_is_not_accepted(
    bench: Bench, server: LoopbackServer, rest: Reply
) -> None:
    server.on("/file", Reply(BODY, 200, RESUMABLE, cut=100_000), rest)
    with pytest.raises(ReadError, match="could not be continued") as caught:
        await read_all(bench, server.url("/file"))
    assert caught.value.retryable
    assert len(server.asked) == 2


async def test_an_error_instead_of_a_download_is_a_failed_request(bench: Bench, server: LoopbackServer) -> None:
    server.on("/file", Reply({"message": "link expired"}, 410))
    with pytest.raises(RequestFailed, match="answered 410 Gone: link expired"):
        await read_all(bench, server.url("/file"))
    assert bench.exchanges[0].response_body == '{"message": "link expired"}'


async def test_an_ignored_error_is_no_download(bench: Bench, server: LoopbackServer) -> None:
    server.on("/file", Reply("nothing here", 404))
    rule = {"type": "HttpResponseFilter", "http_codes": [404], "action": "IGNORE"}
    handler = {"type": "DefaultErrorHandler", "response_filters": [rule]}
    requester = build({"type": "HttpRequester", "url": server.url("/file"), "error_handler": handler}, HttpRequester)
    async with requester.open(bench.context, Role.DOWNLOAD) as download:
        assert download is None
    assert bench.log == [f"GET {server.url('/file')} answered 404 Not Found; ignored, as the manifest says."]


async def test_cancelling_stops_a_download_at_once(bench: Bench, server: LoopbackServer) -> None:
    gate = asyncio.Event()
    server.on("/file", Reply("late", gate=gate))
    task = asyncio.create_task(read_all(bench, server.url("/file")))
    await server.was_asked()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(bench.exchanges) == 1
