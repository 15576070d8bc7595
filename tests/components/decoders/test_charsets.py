"""JSON and text in the charset that the Content-Type names, with byte order marks, and what is UTF-8 all the same."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from core.components.decoders import (
    CsvDecoder,
    DecodeError,
    GzipDecoder,
    IterableDecoder,
    JsonDecoder,
    JsonItemsDecoder,
    JsonlDecoder,
    XmlDecoder,
)
from core.http.charsets import charset_named, text_codec
from core.runtime.roles import Decoder
from tests.support.bodies import pieces

WORDS = {
    "iso-8859-1": "Müller",
    "ISO-8859-1": "Ã",
    "windows-1252": "Müller „€“",
    "iso-8859-15": "€",
    "utf-16": "Müller",
    "utf-16-le": "Müller",
    "utf-16-be": "联通",
    "utf-32": "Müller",
    "shift_jis": "テスト",
    "gbk": "联通",
    "iso-2022-jp": "テスト",
    "utf-7": "Müller + é",
    "koi8-r": "Мюллер",
    "cp037": "Müller",
}
READERS: dict[str, tuple[Decoder, str]] = {
    "an object": (JsonDecoder(), '{{"n": "{}"}}'),
    "an array": (JsonDecoder(), '[{{"n": "{}"}}]'),
    "lines": (JsonlDecoder(), '{{"n": "{}"}}\n'),
    "items": (JsonItemsDecoder(items_path="a"), '{{"a": [{{"n": "{}"}}]}}'),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("charset", WORDS)
def test_json_is_read_in_the_charset_that_is_named(reader: str, charset: str) -> None:
    decoder, written = READERS[reader]
    body = written.format(WORDS[charset]).encode(charset)
    codec = text_codec(charset)
    assert codec is not None
    assert decoder.decode_all(body, codec) == [{"n": WORDS[charset]}]
    assert list(decoder.decode(pieces(body, 1), codec)) == [{"n": WORDS[charset]}]
    assert GzipDecoder(decoder=decoder).decode_all(gzip.compress(body), codec) == [{"n": WORDS[charset]}]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("charset", [None, "utf-8", "iso8859-1"])
def test_a_byte_order_mark_says_more_than_a_charset(reader: str, encoding: str, charset: str | None) -> None:
    decoder, written = READERS[reader]
    assert decoder.decode_all(written.format("Müller").encode(encoding), charset) == [{"n": "Müller"}]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("charset", ["iso8859-1", "cp1252", "ascii", "utf-16", "utf-8"])
def test_utf_8_is_read_whatever_charset_is_named(reader: str, charset: str) -> None:
    decoder, written = READERS[reader]
    assert decoder.decode_all(written.format("Müller 联").encode(), charset) == [{"n": "Müller 联"}]


@pytest.mark.parametrize("far", [70_000, 300_000])
def test_the_first_character_beyond_ascii_decides_however_far_behind_it_is(far: int) -> None:
    rows = [{"n": "x" * 100, "i": number} for number in range(far // 100)] + [{"n": "Müller"}, {"n": "é"}]
    for encoding in ("latin-1", "utf-8"):
        lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode(encoding)
        array = json.dumps(rows, ensure_ascii=False).encode(encoding)
        for size in (1_000, 65_536, 10**9):
            assert list(JsonlDecoder().decode(pieces(lines, size), "iso8859-1")) == rows
            assert list(JsonDecoder().decode(pieces(array, size), "iso8859-1")) == rows


@pytest.mark.parametrize("reader", READERS)
def test_an_encoding_can_be_named_where_the_api_names_none(reader: str) -> None:
    decoder, written = READERS[reader]
    body = written.format("Müller").encode("latin-1")
    with pytest.raises(DecodeError, match=r"0xfc.*name it in `encoding` of the decoder"):
        decoder.decode_all(body)
    named = decoder.model_validate({**decoder.model_dump(exclude_unset=True), "encoding": "latin-1"})
    assert named.decode_all(body) == [{"n": "Müller"}]
    assert named.decode_all(body, "utf-16") == [{"n": "Müller"}]


def test_text_and_xml_are_read_in_their_charset() -> None:
    assert IterableDecoder().decode_all("Müller\nx".encode("latin-1"), "iso8859-1") == [
        {"record": "Müller"},
        {"record": "x"},
    ]
    assert XmlDecoder().decode_all("<r>Müller</r>".encode("latin-1"), "iso8859-1") == [{"r": "Müller"}]
    named = '<?xml version="1.0" encoding="iso-8859-15"?><r>€</r>'
    assert XmlDecoder().decode_all(named.encode("iso-8859-15"), "utf-8") == [{"r": "€"}]
    assert XmlDecoder().decode_all('<?xml version="1.0" encoding="utf-16"?><r>ü</r>'.encode(), None) == [{"r": "ü"}]
    assert GzipDecoder(decoder=XmlDecoder()).decode_all(gzip.compress(named.encode("iso-8859-15"))) == [{"r": "€"}]


def test_a_table_is_read_in_the_encoding_of_the_manifest_alone() -> None:
    assert CsvDecoder().decode_all("a\né\n".encode(), "iso8859-1") == [{"a": "é"}]
    with pytest.raises(DecodeError, match="The response names cp1252, and `encoding: from_response`"):
        CsvDecoder().decode_all("a\né\n".encode("cp1252"), "cp1252")


@pytest.mark.parametrize("charset", ["windows-1252", "shift_jis", "gbk", "utf-16", "utf-8", "koi8-r", "iso-8859-15"])
def test_a_table_is_read_in_the_charset_of_the_response_if_the_manifest_says_so(charset: str) -> None:
    decoder, body, codec = (
        CsvDecoder(encoding="from_response"),
        f"n\n{WORDS.get(charset, '')}\nx\n",
        text_codec(charset),
    )
    expected = [{"n": WORDS[charset]}, {"n": "x"}] if charset in WORDS else [{"n": "x"}]
    assert decoder.decode_all(body.encode(charset), codec) == expected
    assert list(decoder.decode(pieces(body.encode(charset), 1), codec)) == expected
    for marked in ("utf-8-sig", "utf-16"):
        assert decoder.decode_all(body.encode(marked), codec) == decoder.decode_all(body.encode(marked)) == expected


def test_the_charset_of_a_table_is_meant_as_browsers_read_it() -> None:
    decoder = CsvDecoder(encoding="from_response")
    assert decoder.decode_all(b"n\n5 \x80\n", "iso8859-1") == [{"n": "5 €"}]
    assert decoder.decode_all("n\n①\n".encode("cp932"), "shift_jis") == [{"n": "①"}]
    assert decoder.decode_all("n\né\n".encode(), "iso8859-1") == [{"n": "é"}]
    with pytest.raises(DecodeError, match="names no charset that is known"):
        decoder.decode_all(b"n\n1\n")
    assert decoder.decode_all(b"") == []


@pytest.mark.parametrize(
    ("content_type", "charset"),
    [
        ("application/json", None),
        ("application/json; charset=UTF-8", "utf-8"),
        ('text/csv; Charset="ISO-8859-1"; header=present', "iso8859-1"),
        ("text/plain; charset=binary", None),
        ("text/tab-separated-values; charset=Cp1252", "cp1252"),
        ("text/plain; charset = 'windows-31j'", "cp932"),
        ("text/plain;charset=MS932", "cp932"),
        ("text/plain; charset=csWindows31J", "cp932"),
        ("text/plain; charset=x-sjis", "shift_jis"),
        ("text/plain; charset=x-windows-949", "cp949"),
        ("text/plain; charset=windows-874", "cp874"),
        ("text/csv; charset=utf-8, text/csv", "utf-8"),
        ("text/csv; x-charset=utf-8", None),
        *[
            (f"text/plain; charset={name}", None)
            for name in ("base64", "zlib", "hex", "idna", "undefined", "rot13", "")
        ],
        ("text/plain; charset=" + "x" * 100_000, None),
        ("charset=\0", None),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_charset_is_one_that_python_reads_text_with(content_type: str, charset: str | None) -> None:
    assert charset_named(content_type) == charset


@pytest.mark.parametrize("encoding", ["base64", "hex", "idna", "undefined"])
def test_a_codec_that_gives_no_text_is_no_encoding(encoding: str) -> None:
    for decoder in (CsvDecoder, JsonDecoder, JsonlDecoder, IterableDecoder):
        with pytest.raises(ValueError, match="is not the name of a text encoding"):
            decoder.model_validate({"encoding": encoding})


DEEP: list[tuple[Decoder, bytes, bytes, bytes]] = [
    (JsonDecoder(), b"[", b"1", b"]"),
    (JsonDecoder(), b'{"a":', b"1", b"}"),
    (JsonlDecoder(), b'{"a":', b"1", b"}"),
    (JsonItemsDecoder(items_path="a"), b'{"a":', b"[1]", b"}"),
    (JsonItemsDecoder(items_path="a"), b'{"a":[', b"1", b"]}"),
    (XmlDecoder(), b"<a>", b"1", b"</a>"),
]


@pytest.mark.parametrize("case", DEEP, ids=range(6))
@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize("size", [1_000, 10**9])
def test_what_is_nested_too_deeply_is_reported(
    case: tuple[Decoder, bytes, bytes, bytes], closed: bool, size: int
) -> None:
    decoder, opening, middle, closing = case
    body = opening * 50_000 + middle + closing * (50_000 if closed else 0)
    with pytest.raises(DecodeError, match=r"nested too deeply|can't be read|is not JSON|Line 1"):
        list(decoder.decode(pieces(body, size)))


def test_brackets_in_texts_are_no_nesting() -> None:
    rows = [{"range": f"[{number}, 10)", "open": '{"[' * 50, "say": '\\"[\\'} for number in range(5_000)]
    body = json.dumps({"before": [row["range"] for row in rows], "a": rows, "one": [rows]}).encode()
    for size in (7_001, 10**9):
        assert list(JsonItemsDecoder(items_path="a").decode(pieces(body, size))) == rows
    assert JsonItemsDecoder(items_path="one").decode_all(body) == [rows]


def test_a_line_an_item_and_a_tag_end_somewhere() -> None:
    def endless(begin: bytes, more: bytes = b"x" * 1_000_000) -> Any:
        yield begin
        for _ in range(700):
            yield more
        raise AssertionError("the decoder reads on")

    cases: list[tuple[Decoder, bytes]] = [
        (JsonlDecoder(), b'{"a": "'),
        (IterableDecoder(), b""),
        (XmlDecoder(), b"<a b='"),
        (JsonItemsDecoder(items_path="a"), b'{"a": ["'),
    ]
    for decoder, begin in cases:
        with pytest.raises(DecodeError, match="not read any further"):
            list(decoder.decode(endless(begin)))


def test_a_number_of_thousands_of_digits_is_read_as_far_as_it_can_be() -> None:
    body = b'{"a": [' + b"9" * 5_000 + b"]}"
    assert JsonDecoder().decode_all(body) == [{"a": [float("inf")]}]
    with pytest.raises(DecodeError, match="can't be read"):
        JsonItemsDecoder(items_path="a").decode_all(body)
