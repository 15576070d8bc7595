"""A body that is not what its decoder expects: the error says what came, where, and what to do."""

from __future__ import annotations

import gzip
import io
import time
import zipfile
from collections.abc import Iterator
from itertools import chain, repeat

import pytest
from pydantic import ValidationError

from core.components.decoders import (
    CsvDecoder,
    DecodeError,
    GzipDecoder,
    IterableDecoder,
    JsonDecoder,
    JsonItemsDecoder,
    JsonlDecoder,
    XmlDecoder,
    ZipfileDecoder,
)
from core.runtime.roles import Decoder
from tests.support.bodies import archive, gzipped, long_csv, long_json_array

LOGIN = b"<!DOCTYPE html>\n<html><head><title>Log in &ndash; Acme</title></head><body>...</body></html>"
TEXT_DECODERS: list[Decoder] = [
    JsonDecoder(),
    JsonlDecoder(),
    JsonItemsDecoder(items_path="a"),
    CsvDecoder(),
    XmlDecoder(),
    GzipDecoder(decoder=CsvDecoder()),
]


def error_of(decoder: Decoder, body: bytes) -> DecodeError:
    with pytest.raises(DecodeError) as caught:
        decoder.decode_all(body)
    return caught.value


@pytest.mark.parametrize("decoder", [*TEXT_DECODERS, ZipfileDecoder(decoder=CsvDecoder())])
def test_a_login_page_is_named_with_its_title(decoder: Decoder) -> None:
    message = str(error_of(decoder, LOGIN))
    assert "an HTML page titled “Log in &ndash; Acme”" in message
    assert "check the URL and the authentication" in message


def test_a_page_that_is_made_to_take_long_does_not() -> None:
    began = time.process_time()
    error_of(JsonDecoder(), b"<html>" + b"<title>" * 28_571)
    assert time.process_time() - began < 3


@pytest.mark.parametrize("decoder", [JsonDecoder(), JsonlDecoder(), CsvDecoder(), IterableDecoder()])
def test_a_compressed_body_names_the_decoder_to_wrap_around(decoder: Decoder) -> None:
    assert "Wrap the decoder in a GzipDecoder" in str(error_of(decoder, gzip.compress(b"a,b\n")))
    assert "Wrap the decoder in a ZipfileDecoder" in str(error_of(decoder, archive({"a": b"b"})))


@pytest.mark.parametrize("decoder", [*TEXT_DECODERS, ZipfileDecoder(decoder=JsonDecoder()), IterableDecoder()])
def test_an_empty_body_gives_nothing(decoder: Decoder) -> None:
    assert decoder.decode_all(b"") == []
    assert list(decoder.decode(iter(()))) == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"a": 1', "breaks off"),
        (b'[{"a": 1}, {"b', "breaks off"),
        (b"[1, 2", "breaks off"),
        (b"[1,, 2]", "“, 2]” can't follow “[1,”"),
        (b"[1, 2,]", "can't follow"),
        (b"[1 2]", "“2]” can't follow “[1”"),
        (b"[1] x", "“x” can't follow"),
        (b'{"a": 1}\n{"a": 2}', "choose JsonlDecoder"),
        (b'{"a": x}', "line 1, column 7"),
        (b"Too many requests", "text that begins with “Too many requests”"),
        (b'["\xe9"]', "0xe9 at position 2"),
        (b"[" * 100_000, "too deeply"),
        (b'{"a":' * 100_000, "too deeply"),
    ],
)
def test_json_that_is_none_is_reported_with_the_place(body: bytes, words: str) -> None:
    assert words in str(error_of(JsonDecoder(), body))


def test_an_error_in_a_long_array_names_the_element_and_comes_at_once() -> None:
    def endless() -> Iterator[bytes]:
        yield from chain(long_json_array(3_000), (b"oops",))
        yield from repeat(b" " * 65_536, 1_000)
        raise AssertionError("the decoder reads on")

    with pytest.raises(DecodeError, match=r"after element 3,000 of the array, “] oops”"):
        list(JsonDecoder().decode(endless()))


def test_a_line_that_is_no_json_is_named() -> None:
    message = str(error_of(JsonlDecoder(), b'{"a": 1}\n\n{"a": \n{"a": 3}\n'))
    assert message == 'Line 3 of the response is not JSON: “{"a":”.'


def test_a_json_document_for_json_lines_names_the_right_decoder() -> None:
    assert "choose JsonDecoder" in str(error_of(JsonlDecoder(), b'[\n  {"a": 1}\n]'))


def test_a_json_error_in_place_of_a_table_is_no_empty_table() -> None:
    assert 'JSON that begins with “{"error":' in str(error_of(CsvDecoder(), b'{"error": "link expired", "code": 7}'))


def test_an_xml_error_in_place_of_a_table_is_no_empty_table() -> None:
    assert "XML" in str(error_of(CsvDecoder(), b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'))


def test_a_row_with_too_many_cells_is_named_unless_they_are_empty() -> None:
    message = str(error_of(CsvDecoder(), b"a,b\n1,2\n1,2,surplus\n"))
    assert "Line 3" in message
    assert "“surplus”" in message
    assert CsvDecoder().decode_all(b"a,b\n1,2,\n") == [{"a": "1", "b": "2"}]


def test_a_byte_order_mark_is_no_part_of_the_first_column() -> None:
    assert CsvDecoder().decode_all(b"\xef\xbb\xbfa,b\n1,2\n") == [{"a": "1", "b": "2"}]
    assert CsvDecoder().decode_all("a,b\n1,2\n".encode("utf-16")) == [{"a": "1", "b": "2"}]


def test_blank_lines_before_the_header_are_skipped() -> None:
    assert CsvDecoder().decode_all(b"\n\r\na,b\n1,2\n") == [{"a": "1", "b": "2"}]


def test_a_large_cell_is_read() -> None:
    assert CsvDecoder().decode_all(b"a\n" + b"x" * 300_000) == [{"a": "x" * 300_000}]


@pytest.mark.parametrize("decoder", [CsvDecoder(), IterableDecoder()])
@pytest.mark.parametrize("rows", [1, 30_000])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_another_encoding_is_named_with_the_line(decoder: Decoder, rows: int, end: str) -> None:
    lines = ["a", *map(str, range(rows)), "é", "z"]
    message = str(error_of(decoder, end.join(lines).encode("latin-1")))
    assert f"the byte 0xe9 in line {rows + 2:,} does not fit" in message


@pytest.mark.parametrize(
    "fields", [{"delimiter": "ab"}, {"delimiter": "\n"}, {"delimiter": "\\"}, {"encoding": "utf-99"}]
)
def test_a_bad_setting_is_found_when_the_manifest_is_loaded(fields: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        CsvDecoder.model_validate(fields)


@pytest.mark.parametrize("size", [3, 12, 20, -9, -4, -1])
def test_a_gzip_file_that_is_cut_short_is_worth_another_try(size: int) -> None:
    body = gzip.compress(b"a,b\n1,2\n" * 50)[:size]
    assert error_of(GzipDecoder(decoder=CsvDecoder()), body).retryable


def test_a_damaged_gzip_file_is_reported() -> None:
    body = bytearray(gzip.compress(b"a,b\n1,2\n"))
    body[-6] ^= 0xFF
    assert "damaged" in str(error_of(GzipDecoder(decoder=CsvDecoder()), bytes(body)))
    assert "damaged" in str(error_of(GzipDecoder(decoder=CsvDecoder()), gzip.compress(b"a\n") + b"rest"))


def test_a_gzip_bomb_is_refused() -> None:
    zeros = gzipped(repeat(b"\0" * 1_000_000, 300))
    with pytest.raises(DecodeError, match="1,000 times its size"):
        for _ in GzipDecoder(decoder=IterableDecoder()).decode(zeros):
            pass


def test_a_highly_compressible_file_is_no_bomb() -> None:
    assert sum(1 for _ in GzipDecoder(decoder=CsvDecoder()).decode(gzipped(long_csv(20_000)))) == 20_000


def test_files_of_a_zip_archive_are_read_in_order_without_folders_and_shadows() -> None:
    body = archive({"b.csv": b"x\n1\n", "folder/": b"", "folder/a.csv": b"x\n2\n", "__MACOSX/._b.csv": b"\0\5"})
    assert ZipfileDecoder(decoder=CsvDecoder()).decode_all(body) == [{"x": "1"}, {"x": "2"}]


def test_a_file_without_a_name_in_a_zip_archive_is_read() -> None:
    body = archive({"x": b"a\n1\n"}).replace(b"x", b"\0")
    assert ZipfileDecoder(decoder=CsvDecoder()).decode_all(body) == [{"a": "1"}]


def test_an_error_inside_a_zip_archive_names_the_file() -> None:
    message = str(error_of(ZipfileDecoder(decoder=JsonDecoder()), archive({"good.json": b"[1]", "bad.json": b"oops"})))
    assert message.startswith("In the file `bad.json` of the zip archive: Expected a JSON document")


def test_a_zip_archive_that_is_cut_short_is_worth_another_try() -> None:
    assert error_of(ZipfileDecoder(decoder=CsvDecoder()), archive({"a": b"x" * 500})[:-10]).retryable


def test_an_encrypted_zip_archive_is_reported() -> None:
    body = bytearray(archive({"a.csv": b"x\n1\n"}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        body[body.index(signature) + offset] |= 1
    assert "encrypted with a password" in str(error_of(ZipfileDecoder(decoder=CsvDecoder()), bytes(body)))


def test_a_zip_bomb_is_refused() -> None:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as packed, packed.open("zeros", "w") as file:
        for _ in range(150):
            file.write(b"\0" * 1_000_000)
    with pytest.raises(DecodeError, match="1,000 times its size"):
        ZipfileDecoder(decoder=IterableDecoder()).decode_all(body.getvalue())


def test_entity_definitions_in_xml_are_refused() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
    assert "can't be read" in str(error_of(XmlDecoder(), bomb))


def test_xml_that_is_none_is_reported_with_the_place() -> None:
    assert "Line 2, column 6: mismatched tag" in str(error_of(XmlDecoder(), b'<?xml version="1.0"?>\n<a></b>'))
    assert error_of(XmlDecoder(), b"<a><b>").retryable


def test_json_items_that_are_cut_short_are_worth_another_try() -> None:
    decoder = JsonItemsDecoder(items_path="a")
    assert error_of(decoder, b'{"a": [1, 2').retryable
    assert "can't be read as a JSON document" in str(error_of(decoder, b'{"a": [1 2]}'))


def test_only_json_and_xml_in_one_layer_of_gzip_are_documents() -> None:
    once = GzipDecoder(decoder=JsonDecoder())
    assert once.gives_document
    assert not GzipDecoder(decoder=once).gives_document
    assert not GzipDecoder(decoder=CsvDecoder()).gives_document
