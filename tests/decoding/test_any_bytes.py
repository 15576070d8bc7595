"""Any bytes in any chunks: every decoder gives records or a `DecodeError`, the same ones for every chunking."""

from __future__ import annotations

import gzip
import json
import tarfile
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.components.decoders import (
    CsvDecoder,
    DecodeError,
    GzipDecoder,
    IterableDecoder,
    JsonDecoder,
    JsonItemsDecoder,
    JsonlDecoder,
    TarDecoder,
    XmlDecoder,
    ZipfileDecoder,
)
from core.runtime.roles import Decoder
from tests.support.archives import tar
from tests.support.bodies import archive, pieces

DECODERS: dict[str, Decoder] = {
    "json": JsonDecoder(),
    "json in latin-1": JsonDecoder(encoding="latin-1"),
    "lines": JsonlDecoder(),
    "items": JsonItemsDecoder(items_path="a"),
    "items of items": JsonItemsDecoder(items_path="a.item.b"),
    "csv": CsvDecoder(),
    "csv without quotes": CsvDecoder(quote_character=""),
    "csv with apostrophes": CsvDecoder(quote_character="'", delimiter=";"),
    "csv in utf-16": CsvDecoder(encoding="utf-16"),
    "csv in utf-7": CsvDecoder(encoding="utf-7"),
    "csv in shift_jis": CsvDecoder(encoding="shift_jis"),
    "csv between other lines": CsvDecoder(skip_lines=1, ends_before=["a", "\n"], uneven_rows="drop"),
    "csv from a header on": CsvDecoder(header_begins_with="a", ends_before="1", encoding="from_response"),
    "csv without a header": CsvDecoder(columns=["a", "b"], uneven_rows="strict", encoding="from_response"),
    "xml": XmlDecoder(),
    "text": IterableDecoder(),
    "gzip": GzipDecoder(decoder=CsvDecoder()),
    "zip": ZipfileDecoder(decoder=JsonDecoder()),
    "tar": TarDecoder(decoder=JsonDecoder()),
    "files of tar by name": TarDecoder(decoder=JsonDecoder(), members="a*"),
    "gzip in zip": ZipfileDecoder(decoder=GzipDecoder(decoder=JsonlDecoder())),
}
CHARSETS = [
    None,
    "utf-8",
    "iso8859-1",
    "cp1252",
    "utf-16",
    "utf-32",
    "shift_jis",
    "gbk",
    "iso2022_jp",
    "utf-7",
    "cp037",
]

PLAIN = [
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b'"',
        b":",
        b",",
        b"\\",
        b"\n",
        b"\r",
        b"\r\n",
        b";",
        b"'",
        b" ",
        b"\0",
        b"a",
        b"1",
        b"-",
    ),
    *(b'"a"', b'{"a":', b'{"a":[', b'{"b":[', b"null", b"true", b"NaN", b"1e999", b"9" * 30, b"9" * 5_000, b"\\u00e9"),
    *(
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xfe\xff",
        b"\xe9",
        b"\xc3",
        b"\xc3\xa9",
        b"\xf0\x9f\x98\x80",
        b"\\ud83d",
        b"+AOk-",
    ),
    *(b"<", b">", b"<a>", b"</a>", b"<a/>", b"<?xml version='1.0' encoding='gbk'?>", b"<!DOCTYPE a [", b"&x;", b"&#1;"),
    *(b"<!ENTITY a 'b'>", b"<![CDATA[", b"]]>", b"<?xml version='1.0' encoding='hex'?>", b"{" * 40, b"[" * 1_100),
    *(b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06", b"BZh9", b"\x1b$B", b"<a>" * 1_100, b'{"a":' * 1_100),
    json.dumps([{"a": "ü", "b": [1, 2]}] * 3, ensure_ascii=False).encode(),
    json.dumps({"a": [{"b": ["é"]}]}, ensure_ascii=False).encode("utf-16"),
]
TEXTS = st.lists(st.sampled_from(PLAIN) | st.binary(max_size=6), max_size=14).map(b"".join)
PACKED = [
    gzip.compress(b'a,b\n1,"x\ny"\n', mtime=0),
    tar({"a.json": b'[{"a": 1}]', f"{'x' * 120}.json": b"1"}, kind=tarfile.GNU_FORMAT)[:5_000],
    gzip.compress(tar({"ä.json": b'[{"a": 1}]', "b": b""}, kind=tarfile.PAX_FORMAT), mtime=0),
    archive({"a.json": b'[{"a": 1}]', "b.json.gz": gzip.compress(b'{"a": 1}\n', mtime=0)}),
]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A packed body with a few bytes changed, cut off or added."""
    body = bytearray(draw(st.sampled_from(PACKED)))
    for _ in range(draw(st.integers(0, 3))):
        body[draw(st.integers(0, len(body) - 1))] = draw(st.integers(0, 255))
    return bytes(body[: draw(st.integers(0, len(body)))]) + draw(st.binary(max_size=3))


def outcome(decoder: Decoder, body: bytes, size: int, charset: str | None) -> tuple[str, str]:
    """The elements before an error, and the error."""
    elements: list[Any] = []
    try:
        elements += decoder.decode(pieces(body, size), charset)
    except DecodeError as error:
        return repr(elements), str(error)
    return repr(elements), ""


@pytest.mark.parametrize("name", DECODERS)
@settings(max_examples=120, deadline=None)
@given(body=TEXTS | damaged(), size=st.integers(1, 40), charset=st.sampled_from(CHARSETS))
@example(body=b"\xff\xfea", size=1, charset=None)
@example(body=b"<a>" * 5_000 + b"\0\xff", size=1, charset=None)
@example(body=b"\0\0\0\0", size=1, charset=None)
@example(body=b'{"a":[' + b"9" * 5_000 + b"]}", size=40, charset=None)
def test_any_bytes_are_records_or_an_error_however_they_are_cut(
    name: str, body: bytes, size: int, charset: str | None
) -> None:
    assert outcome(DECODERS[name], body, size, charset) == outcome(DECODERS[name], body, len(body) or 1, charset)
