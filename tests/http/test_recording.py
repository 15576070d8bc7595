from __future__ import annotations

import pytest

from core.http.exchange import BODY_LIMIT
from core.http.recording import body_text, human_size


def test_text_is_kept_as_text() -> None:
    assert body_text("Zoë".encode(), 4, "text/plain") == "Zoë"


def test_other_encodings_are_read_when_they_are_announced() -> None:
    assert body_text("Zoë".encode("latin-1"), 3, "text/plain; charset=ISO-8859-1") == "Zoë"


def test_bytes_that_are_no_text_are_described() -> None:
    assert body_text(b"\x1f\x8b\x08\x00abc", 12_345_678, "application/gzip") == "<binary, 12.3 MB, application/gzip>"
    assert body_text(b"\xff\xfe\x01", 3, "") == "<binary, 3 bytes>"


def test_long_text_is_cut_between_characters() -> None:
    body = ("a" + "ü" * BODY_LIMIT).encode()
    assert body_text(body[:BODY_LIMIT], len(body), "text/plain") == "a" + "ü" * ((BODY_LIMIT - 1) // 2)


@pytest.mark.parametrize(
    ("size", "shown"), [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (5_400_000_000, "5.4 GB")]
)
def test_sizes_are_said_as_people_say_them(size: int, shown: str) -> None:
    assert human_size(size) == shown
