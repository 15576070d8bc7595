from __future__ import annotations

from datetime import UTC, datetime

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
