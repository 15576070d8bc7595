from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from threading import Event, current_thread, main_thread

import httpx
import pytest

from core.http.exchange import BODY_LIMIT, Allowance, Exchange, Recording, Role, body_text
from core.http.secrets import Secrets


def test_text_is_recorded_as_text() -> None:
    assert body_text("Zoë".encode(), 4, "text/plain") == "Zoë"


def test_other_encodings_are_read_when_they_are_announced() -> None:
    assert body_text("Zoë".encode("latin-1"), 3, "text/plain; charset=ISO-8859-1") == "Zoë"


def test_bytes_that_are_no_text_are_described() -> None:
    assert body_text(b"\x1f\x8b\x08\x00abc", 12_345_678, "application/gzip") == "<binary, 12.3 MB, application/gzip>"
    assert body_text(b"\xff\xfe\x01", 3, "") == "<binary, 3 bytes>"


def test_long_text_is_cut_between_characters() -> None:
    body = ("a" + "ü" * BODY_LIMIT).encode()
    assert body_text(body[:BODY_LIMIT], len(body), "text/plain") == "a" + "ü" * ((BODY_LIMIT - 1) // 2)


def test_large_bodies_share_the_spare_allowance() -> None:
    kept: list[Exchange] = []
    allowance = Allowance(each=10, spare=15)
    for _ in range(3):
        request = httpx.Request("GET", "https://api.example.com")
        recording = Recording(
            request,
            role=Role.DOWNLOAD,
            attempt=1,
            started=datetime.now(UTC),
            secrets=Secrets(),
            record=kept.append,
            allowance=allowance,
        )
        recording.responded(httpx.Response(200, request=request))
        for _ in range(5):
            recording.received(b"four")
        recording.finish()
    assert [(len(one.response_body or ""), one.cut) for one in kept] == [(20, False), (15, True), (10, True)]


def test_utf_16_is_read_if_it_is_announced_or_has_a_byte_order_mark() -> None:
    assert body_text("Zoë".encode("utf-16-le"), 6, "text/plain; charset=utf-16-le") == "Zoë"
    assert body_text("Zoë".encode("utf-16"), 8, "application/json") == "Zoë"
    assert body_text("Zoë".encode("utf-8-sig"), 7, "") == "Zoë"


def test_a_text_with_single_invalid_bytes_is_shown() -> None:
    assert body_text(b"the customer M\xfcller is unknown", 30, "text/plain") == "the customer M\ufffdller is unknown"


@pytest.mark.parametrize(
    "charset", ["base64", "hex", "idna", "undefined", "unicode_escape", "utf-99", "\0", "x" * 9_000]
)
def test_an_unknown_charset_is_ignored(charset: str) -> None:
    assert body_text(b"plain", 5, f"text/plain; charset={charset}") == "plain"
    assert body_text(b"\x80\x81\x82", 3, f"text/plain; charset={charset}").startswith("<binary")


async def test_what_is_done_with_a_body_afterwards_is_not_part_of_the_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("core.http.exchange.time.perf_counter", lambda: now)

    class Slow(Secrets):
        def mask(self, text: str, cut: int | None = None) -> str:
            nonlocal now
            now += 5
            return super().mask(text, cut)

    kept: list[Exchange] = []
    request = httpx.Request("GET", "https://api.example.com")
    for size in (10, BODY_LIMIT):
        recording = Recording(
            request, role=Role.PAGE, attempt=1, started=datetime.now(UTC), secrets=Slow(), record=kept.append
        )
        recording.responded(httpx.Response(200, request=request))
        recording.received(b"x" * size)
        now += 1
        await recording.finish_aside()
    assert [one.seconds for one in kept] == [1, 1]


async def test_an_exchange_that_is_cancelled_while_its_body_becomes_text_is_recorded_once() -> None:
    begun, go_on = Event(), Event()

    class Held(Secrets):
        def mask(self, text: str, cut: int | None = None) -> str:
            if current_thread() is not main_thread():
                begun.set()
                go_on.wait(20)
            return super().mask(text, cut)

    kept: list[Exchange] = []
    request = httpx.Request("GET", "https://api.example.com/s3cr3t-value")
    recording = Recording(
        request,
        role=Role.PAGE,
        attempt=1,
        started=datetime.now(UTC),
        secrets=Held(["s3cr3t-value"]),
        record=kept.append,
    )
    recording.responded(httpx.Response(200, request=request))
    recording.received(b"s3cr3t-value " * 50_000)
    finishing = asyncio.create_task(recording.finish_aside())
    await asyncio.to_thread(begun.wait, 20)
    finishing.cancel()
    await asyncio.wait([finishing])
    recording.finish(error="cancelled")
    go_on.set()
    await asyncio.get_running_loop().shutdown_default_executor()
    assert [(one.url, one.error) for one in kept] == [("https://api.example.com/****", "cancelled")]
    assert "s3cr3t" not in repr(kept)
